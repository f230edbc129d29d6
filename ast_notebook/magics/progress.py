"""Shows a line that says what a cell waits for, if that takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from ast_notebook.callbacks.cell import Cell

DELAY = 2.0


class Progress:
    """Says under the cell what it waits for, in one line that is updated.

    Nothing is shown if it takes less than two seconds.

    Examples
    --------
    >>> with Progress("connecting to pbx.example:5038"):
    ...     session.connect()
    connecting to pbx.example:5038 … 4 s
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._done = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(Cell.current(),), name="ast-progress", daemon=True
        )

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _run(self, cell: Cell) -> None:
        began = time.monotonic()
        if self._done.wait(DELAY):
            return
        cell.enter()
        while True:
            sys.stdout.write(f"\r{self._what} … {time.monotonic() - began:.0f} s")
            sys.stdout.flush()
            if self._done.wait(1.0):
                break
        sys.stdout.write("\n")
