"""The notebook cell that bound a callback, so that the callback's output lands under it."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from ast_notebook.errors import AstError

_PACKAGE = __name__.rpartition(".")[0]
_here = threading.local()


class Cell:
    """A cell of a notebook, or nothing at all outside of one.

    Get it by `Cell.current` where something is bound, and `enter` it in the thread that runs it.

    Parameters
    ----------
    shell : object, optional
        IPython's shell; without one, errors are logged.
    parent : dict, optional
        The message that asked the kernel to run the cell; a shell in a terminal has none.
    """

    __slots__ = ("_parent", "_shell")

    def __init__(self, shell: Any = None, parent: dict[str, Any] | None = None) -> None:
        self._shell = shell
        self._parent = parent or None

    @classmethod
    def current(cls) -> Cell:
        """Return the cell that is being run now; in a callback's thread, the one it entered."""
        entered: Cell | None = getattr(_here, "cell", None)
        if entered is not None:
            return entered
        ipython = sys.modules.get("IPython")  # plain Python does not pay for its import
        shell = ipython.get_ipython() if ipython is not None else None
        get_parent = getattr(shell, "get_parent", None)
        return cls(shell, get_parent() if get_parent is not None else None)

    def enter(self) -> None:
        """Send what this thread prints, displays and raises from here on to the cell."""
        _here.cell = self
        if self._parent is None:
            return
        if self._pins_threads:
            self._shell.set_thread_parent(self._parent)
            return
        # Before ipykernel had set_thread_parent, set_parent moved other threads' output as well.
        header = self._parent.get("header", self._parent)
        for stream in (sys.stdout, sys.stderr):
            own = getattr(stream, "_parent_header", None)
            if own is not None:
                own.set(header)

        def address(message: dict[str, Any]) -> dict[str, Any]:
            message["parent_header"] = header
            return message

        self._shell.display_pub.register_hook(address)  # hooks are a thread's own

    def show_error(self, error: BaseException, name: str) -> None:
        """Show an error of the callback `name` under the cell, or log it where there is none."""
        place = _users(error.__traceback__)
        if self._shell is None:
            logging.getLogger("ast_notebook").error(
                "%s raised", name, exc_info=(type(error), error, place)
            )
        elif self._parent is None or self._pins_threads:
            self._shell.showtraceback((type(error), error, place), tb_offset=0)
        else:  # an older kernel sends a traceback to the newest cell, but text where it belongs
            if isinstance(error, AstError):
                text = f"{type(error).__name__}: {error}\n"
            else:
                text = "".join(traceback.format_exception(type(error), error, place))
            sys.stderr.write(text)

    @property
    def is_in_notebook(self) -> bool:
        """Whether there is an IPython around."""
        return self._shell is not None

    @property
    def _pins_threads(self) -> bool:
        return hasattr(self._shell, "set_thread_parent")


def _users(place: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of this package that led to the user's code."""
    inner = place
    while inner is not None:
        if not inner.tb_frame.f_globals.get("__name__", "").startswith(_PACKAGE):
            return inner
        inner = inner.tb_next
    return place
