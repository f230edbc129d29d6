"""Writes ``docs/rooms.md``: each file of the package, with what it is for.

Run it by ``python -m tools.rooms``. What it writes are the first sentences of the files themselves;
a test tells when the page is no longer current.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "rooms.md"
FRONT = """# The rooms, file by file

`python -m tools.rooms` writes this page from the first sentence of each file. `architecture.md`
says what the folders are for, and which may use which.
"""
_COMMENT = re.compile(r"/\*+(.*?)\*/", re.DOTALL)


def page() -> str:
    """Return the page as it should be."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "ast_notebook").rglob("*")):
        purpose = _purpose(path)
        if purpose:
            folder = path.parent.relative_to(ROOT).as_posix()
            found.setdefault(folder, []).append(f"| `{path.name}` | {purpose} |")
    parts = [FRONT]
    for folder, rows in found.items():
        head = [f"## {folder}", "", "| file | what it is for |", "| --- | --- |"]
        parts.append("\n".join([*head, *rows, ""]))
    return "\n".join(parts)


def _purpose(path: Path) -> str:
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(path.read_text())) or ""
    elif path.suffix in (".js", ".css") and path.parent.name != "static":
        first = _COMMENT.match(path.read_text())
        said = re.sub(r"^ \* ?", "", first[1], flags=re.MULTILINE) if first else ""
    else:
        return ""
    words = " ".join(said.partition("\n\n")[0].split())
    return words.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
