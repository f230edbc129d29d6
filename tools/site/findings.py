"""The page of findings: what libraries and Asterisk do that nobody would guess."""

from __future__ import annotations

import re
from pathlib import Path

from tools.site.markdown import escaped

ROOT = Path(__file__).parents[2]
_FRONT = """# What surprised us

Each of these is shown by a script in the folder `findings` of a checkout, which needs nothing of
ast_notebook: it prints the versions and what it saw, and fails once that is no longer so.

"""


def page() -> str:
    """Return the page."""
    paths = sorted((ROOT / "findings").glob("*.sh"))
    about = {path: _about(path.read_text(encoding="utf-8")) for path in paths}
    is_asterisk = [path for path in paths if path.name.startswith("asterisk")]
    parts = [_FRONT]
    for title, some in (
        ("Asterisk", is_asterisk),
        ("Libraries", [path for path in paths if path not in is_asterisk]),
    ):
        parts.append(f"## {title}\n\n")
        for path in some:
            heading = re.sub(r"^asterisk-", "", path.stem).replace("-", " ")
            parts.append(f"### {heading[0].upper()}{heading[1:]}\n\n{escaped(about[path])}\n\n")
            parts.append(f"`bash findings/{path.name}`\n\n")
    return "".join(parts)


def _about(text: str) -> str:
    """Return the comment at the head of a script, below its first line."""
    lines: list[str] = []
    for line in text.splitlines()[1:]:
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return "\n\n".join(" ".join(part.split()) for part in "\n".join(lines).split("\n\n"))
