"""A notebook without what it shows of calls: `ast-notebook strip`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ast_notebook.errors import ConfError
from ast_notebook.unrelated import unrelated

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


def strip(path: str | os.PathLike[str], *, guess: bool = False) -> list[Stripped]:
    """Take every output out of a notebook, and of its checkpoint, too.

    The state of widgets, which has all that they show, goes, too. Every source stays as it is, and
    the file is replaced at once, or not at all.

    Parameters
    ----------
    path : str or path
        An ``.ipynb``.
    guess : bool
        Whether to leave what cells show that seem to have nothing to do with ast_notebook. It
        is a guess: numbers and names may be left in the file.

    Raises
    ------
    ConfError
        If it is no notebook, or cannot be written.
    """
    place = Path(path).expanduser()
    checkpoint = place.parent / _CHECKPOINTS / f"{place.stem}-checkpoint{place.suffix}"
    return [_strip(one, guess) for one in (place, checkpoint) if one == place or one.is_file()]


def _strip(path: Path, guess: bool) -> Stripped:
    notebook = _read(path)
    cells = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    stays = unrelated([_source(cell) for cell in cells]) if guess else [False] * len(cells)
    outputs = several = 0
    for cell, does_stay in zip(cells, stays, strict=True):
        shown = cell.get("outputs") or []
        left = [one for one in shown if does_stay and _is_its_own(one)]
        if len(left) < len(shown):
            outputs += len(shown) - len(left)
            several += 1
            cell["outputs"] = left
    widgets = 0
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict) and metadata.get("widgets"):
        widgets = _count(metadata.pop("widgets"))
    if outputs or widgets:
        _write(path, notebook)
    return Stripped(path, outputs, several, widgets)


def _is_its_own(output: object) -> bool:
    """Tell whether an output is what a cell shows, and no error or warning that quotes others."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    return kind in ("execute_result", "display_data") or (
        kind == "stream" and isinstance(output, dict) and output.get("name") == "stdout"
    )


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
