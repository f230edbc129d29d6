"""Shows what a cell waits for, in one line, if that takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from ast_notebook.callbacks.cell import Cell

DELAY = 2.0
#: The line that a terminal shows now, if any: text that is written meanwhile makes room for itself.
_shown: _Written | None = None
_ECHO = len("^C")  # what a terminal writes behind the line when it is interrupted
#: An output without height: in JupyterLab, an empty output would be as high as a line.
_GONE = (
    '<span class="ast-gone"></span>'
    "<style>.jp-OutputArea-child:has(.ast-gone) { display: none }</style>"
)


class Progress:
    """Shows under the cell what it waits for and how far that is, in one line that is updated.

    The line is shown only after two seconds, and is removed at the end. Either the work calls
    `tell`, or `look` is called before the line is shown, and returns the parameters of `tell`.

    Examples
    --------
    >>> with Progress("reading") as shown:
    ...     history("Master.csv", progress=shown.tell)
    reading Master.csv … 40 %, 4 s
    """

    def __init__(
        self, what: str, look: Callable[[], tuple[str, float | None]] | None = None
    ) -> None:
        self._what = what
        self._look = look
        self._far = ""
        self._done = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(Cell.current(),), name="ast-progress", daemon=True
        )

    def tell(self, what: str, part: float | None) -> None:
        """Set what is being done now, and which part of it is done, if that is known."""
        done = "" if part is None else f" {100 * min(1.0, max(0.0, part)):.0f} %,"
        self._far = f" {what} …{done}"

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
        line: _Line = _Displayed() if cell.is_of_kernel else _Written()
        while True:
            if self._look is not None:
                self.tell(*self._look())
            line.show(f"{self._what}{self._far or ' …'} {time.monotonic() - began:.0f} s")
            if self._done.wait(1.0):
                break
        line.clear()


def make_room() -> None:
    """Remove the line that a terminal shows, so that other text begins at the margin."""
    if _shown is not None:
        _shown.clear()


class _Line(Protocol):
    """A line of text that can be replaced and removed."""

    def show(self, text: str) -> None: ...

    def clear(self) -> None: ...


class _Written:
    """A line of a terminal."""

    def __init__(self) -> None:
        self._length = 0

    def show(self, text: str) -> None:
        global _shown
        _shown = self
        sys.stdout.write(f"\r{text.ljust(self._length)}")
        sys.stdout.flush()
        self._length = max(self._length, len(text))

    def clear(self) -> None:
        global _shown
        _shown = None
        sys.stdout.write(f"\r{' ' * (self._length + _ECHO)}\r")
        sys.stdout.flush()


class _Displayed:
    """An output of a notebook, since the text of a stream cannot be removed."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, text: str) -> None:
        self._send({"text/plain": text})

    def clear(self) -> None:
        self._send({"text/plain": "", "text/html": _GONE})

    def _send(self, data: dict[str, str]) -> None:
        from IPython.display import display

        show: Any = display
        if self._handle is None:
            self._handle = show(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
