"""Removes outputs from notebooks: `ast-notebook strip`."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ast_notebook.cell_analysis import unrelated_cells
from ast_notebook.errors import ConfError

_HALF = re.compile("[\ud800-\udfff]")
_CHECKPOINTS = ".ipynb_checkpoints"


class Stripped(NamedTuple):
    """The outputs that were removed from a file.

    Attributes
    ----------
    path : Path
        The notebook, or its checkpoint.
    outputs, cells : int
        How many outputs were removed, and from how many cells.
    widgets : int
        From how many widgets the state was removed.
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


def strip(path: str | os.PathLike[str], *, guess: bool = False) -> list[Stripped]:
    """Remove every output from a notebook, and from its checkpoint, too.

    The state of widgets is removed, too, since it holds everything that they show. The sources stay
    unchanged, and the file is replaced as a whole, or not at all.

    Parameters
    ----------
    path : str or path
        An ``.ipynb``.
    guess : bool
        Whether to keep the outputs of cells that seem to have nothing to do with ast_notebook. This
        is a guess: numbers and names may stay in the file.

    Raises
    ------
    ConfError
        If the file is not a notebook, or cannot be written.
    """
    place = Path(path).expanduser()
    checkpoint = place.parent / _CHECKPOINTS / f"{place.stem}-checkpoint{place.suffix}"
    return [_strip(one, guess) for one in (place, checkpoint) if one == place or one.is_file()]


def _strip(path: Path, guess: bool) -> Stripped:
    notebook = _read(path)
    code = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    stays = unrelated_cells([_source(cell) for cell in code]) if guess else [False] * len(code)
    does_stay = {id(cell) for cell, stays_here in zip(code, stays, strict=True) if stays_here}
    outputs = several = 0
    for cell in notebook["cells"]:
        found = cell.get("outputs") or []
        shown = found if isinstance(found, list) else [found]
        left = [one for one in shown if id(cell) in does_stay and _is_its_own(one)]
        if len(left) < len(shown):
            outputs += len(shown) - len(left)
            several += 1
            cell["outputs"] = left
            if cell.get("cell_type") != "code":  # other kinds of cells have no outputs
                del cell["outputs"]
    widgets = 0
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict) and metadata.get("widgets"):
        widgets = _count(metadata.pop("widgets"))
    if outputs or widgets:
        _write(path, notebook)
    return Stripped(path, outputs, several, widgets)


def _is_its_own(output: object) -> bool:
    """Tell whether an output is a cell's own result, not an error that may quote others."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    return kind in ("execute_result", "display_data") or (
        kind == "stream" and isinstance(output, dict) and output.get("name") == "stdout"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(path.read_bytes(), object_pairs_hook=_named_once)
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None
    except _NamedTwice:
        raise ConfError(
            f"{path} is no notebook as Jupyter writes them: it has a name twice"
        ) from None
    except (ValueError, RecursionError):
        raise ConfError(f"{path} is not a notebook, since it is not JSON") from None
    whole = notebook if isinstance(notebook, dict) else {}
    cells, is_old = whole.get("cells"), "worksheets" in whole
    if is_old or not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        old = ": open and save it with Jupyter, and try again" if is_old else ""
        raise ConfError(f"{path} is no notebook as Jupyter writes them today{old}")
    return whole


class _NamedTwice(Exception):
    """An object in the JSON has a name twice, so that one of them would be lost."""


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NamedTwice
    return found


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _count(widgets: object) -> int:
    """Return the number of widgets with a state, at least one."""
    kinds = widgets.values() if isinstance(widgets, dict) else ()
    states = [kind.get("state") for kind in kinds if isinstance(kind, dict)]
    return max(1, sum(len(state) for state in states if isinstance(state, dict)))


def _write(path: Path, notebook: dict[str, Any]) -> None:
    """Replace a notebook in Jupyter's format, with the same owner and mode."""
    place = path.resolve()  # a link stays a link
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(_HALF.sub(_escaped, json.dumps(notebook, ensure_ascii=False, indent=1)))
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
    except OSError as error:
        raise ConfError(f"{path} cannot be written, and is as it was: {error.strerror}") from None


def _escaped(half: re.Match[str]) -> str:
    """Escape a lone surrogate as JSON can, since UTF-8 cannot have one."""
    return f"\\u{ord(half[0]):04x}"
