"""Reads a capture of the manager interface's stream into the columns of an archive."""

from __future__ import annotations

import warnings
from pathlib import Path

import pyarrow as pa

from ast_notebook.calls.history.capture import batches_of
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.lines import Bad
from ast_notebook.counted import counted
from ast_notebook.errors import ConfError


def capture_batches(path: Path) -> list[pa.RecordBatch]:
    """Return the events of a text file that holds messages of the manager interface.

    Raises
    ------
    ConfError
        If it has no events, or its events have no times.

    Warns
    -----
    UserWarning
        If messages cannot be read, or if that version of Asterisk leaves something unknown.
    """
    bad, notes = Bad(), list[str]()
    batches, count = batches_of(lines(path, bad), str(path), bad, notes)
    if not count:
        raise ConfError(f"{path} has no events of the manager's interface: nothing to replay")
    if bad.count:
        first = bad.frame().iloc[0]
        notes.append(
            f"{counted(bad.count, 'message is', 'messages are')} left out, as in line "
            f"{first.line}: {first.reason}"
        )
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=4)
    return batches
