"""A notebook without what it shows of calls: `ast-notebook strip`."""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from IPython.core.inputtransformer2 import TransformerManager

from ast_notebook.errors import ConfError

#: What is ours in every notebook that uses ast_notebook; ``_`` and ``Out`` show what was shown.
_OURS = frozenset(("sh", "ast_notebook", "_", "__", "___", "Out"))
_MAGIC = re.compile(r"%%?ast\b|\bast_notebook\b|magic\(\s*['\"]ast['\"]")
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBERED_OUTPUT = re.compile(r"_\d+")
_CHECKPOINTS = ".ipynb_checkpoints"


class Stripped(NamedTuple):
    """What was taken out of a file.

    Attributes
    ----------
    path : Path
        The notebook, or its checkpoint.
    outputs, cells : int
        How many outputs of how many cells.
    widgets : int
        Of how many widgets the state.
    """

    path: Path
    outputs: int
    cells: int
    widgets: int

    def __str__(self) -> str:
        if not self.outputs and not self.widgets:
            return f"{self.path}: there was nothing to remove"
        state = f" and the state of {self.widgets} widgets" if self.widgets else ""
        return f"{self.path}: {self.outputs} outputs of {self.cells} cells{state} removed"


def strip(path: str | os.PathLike[str], *, everything: bool = False) -> list[Stripped]:
    """Take out of a notebook what it shows of calls, and of its checkpoint, too.

    These are the outputs of cells that use ast_notebook, or anything that comes of it: the names
    that such cells have in common with others. If in doubt an output goes. The state of widgets,
    which has all that they show, goes, too. Every source stays as it is, and the file is replaced
    at once, or not at all.

    Parameters
    ----------
    path : str or path
        An ``.ipynb``.
    everything : bool
        Whether to take out every output, whatever it is of.

    Raises
    ------
    ConfError
        If it is no notebook, or cannot be written.
    """
    place = Path(path).expanduser()
    checkpoint = place.parent / _CHECKPOINTS / f"{place.stem}-checkpoint{place.suffix}"
    return [_strip(one, everything) for one in (place, checkpoint) if one == place or one.is_file()]


def _strip(path: Path, everything: bool) -> Stripped:
    notebook = _read(path)
    cells = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    sources = [_source(cell) for cell in cells]
    ours = [True] * len(cells) if everything else _which(sources)
    outputs = several = 0
    for cell, is_ours in zip(cells, ours, strict=True):
        if is_ours and cell.get("outputs"):
            outputs += len(cell["outputs"])
            several += 1
            cell["outputs"] = []
    widgets = 0
    metadata = notebook.get("metadata")
    if any(ours) and isinstance(metadata, dict) and metadata.get("widgets"):
        widgets = _count(metadata.pop("widgets"))
    if outputs or widgets:
        _write(path, notebook)
    return Stripped(path, outputs, several, widgets)


def _read(path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ConfError(f"{path} is no notebook: it is no JSON") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        old = ": open and save it with Jupyter, and try again" if "worksheets" in notebook else ""
        raise ConfError(f"{path} is no notebook as Jupyter writes them today{old}")
    return dict(notebook)


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _count(widgets: object) -> int:
    """Return of how many widgets there is a state, at least one."""
    kinds = widgets.values() if isinstance(widgets, dict) else ()
    states = [kind.get("state") for kind in kinds if isinstance(kind, dict)]
    return max(1, sum(len(state) for state in states if isinstance(state, dict)))


def _write(path: Path, notebook: dict[str, Any]) -> None:
    """Replace a notebook, as Jupyter writes one, with the same owner and mode."""
    place = path.resolve()  # a link stays one
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                json.dump(notebook, file, ensure_ascii=False, indent=1)
                file.write("\n")
                file.flush()
                os.fsync(handle)
            there = place.stat()
            Path(name).chmod(there.st_mode & 0o7777)
            if hasattr(os, "chown") and os.geteuid() == 0:
                os.chown(name, there.st_uid, there.st_gid)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeEncodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfError(f"{path} cannot be written, and is as it was: {why}") from None


# --- which cells are ours -------------------------------------------------------------------------


def _which(sources: list[str]) -> list[bool]:
    """Tell which cells use ast_notebook, or a name that one of those has."""
    if not any(map(_MAGIC.search, sources)):
        return [False] * len(sources)
    trees = [_tree(source) for source in sources]
    free = {name for tree in trees for name in _imported(tree)} | set(dir(builtins))
    words = [set(_WORD.findall(source)) for source in sources]
    ours = [_MAGIC.search(source) is not None for source in sources]
    known = set(_OURS)
    grows = True
    while grows:
        grows = False
        for place, tree in enumerate(trees):
            if not ours[place] and (known & words[place] or _shows_again(words[place])):
                ours[place] = grows = True
            if ours[place]:
                found = _names(tree, words[place]) - free - known
                known |= found
                grows = grows or bool(found)
    return ours


def _shows_again(words: set[str]) -> bool:
    return any(map(_NUMBERED_OUTPUT.fullmatch, words))


def _tree(source: str) -> ast.AST | None:
    """Return a cell as Python, its magics as calls; None if it is none."""
    try:
        transformer: Any = TransformerManager()  # type: ignore[no-untyped-call]
        tree: ast.AST = ast.parse(transformer.transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def _imported(tree: ast.AST | None) -> Iterator[str]:
    """Yield the names that are of other packages than ours."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            for one in node.names:
                module = getattr(node, "module", None) or one.name
                if module.partition(".")[0] != "ast_notebook":
                    yield one.asname or one.name.partition(".")[0]


def _names(tree: ast.AST | None, words: set[str]) -> set[str]:
    """Return the names in a cell, all of which may hold what is ours when it is over."""
    if tree is None:
        return words
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
    return found - {"get_ipython"}
