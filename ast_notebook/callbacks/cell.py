"""The notebook cell that bound a callback, so that the callback's output lands under it."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from ast_notebook.callbacks.shortened import frames, shortened
from ast_notebook.errors import AstError

_PACKAGE = f"{__name__.partition('.')[0]}."
_here = threading.local()


class Cell:
    """A cell of a notebook; outside of a notebook, its methods do nothing.

    `Cell.current` returns it when a function is bound; the thread that runs the function calls
    `enter`.

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
        """Return the cell that runs now; on a callback's thread, the one that it entered."""
        entered: Cell | None = getattr(_here, "cell", None)
        if entered is not None:
            return entered
        ipython = sys.modules.get("IPython")  # plain Python does not import IPython
        shell = ipython.get_ipython() if ipython is not None else None
        get_parent = getattr(shell, "get_parent", None)
        return cls(shell, get_parent() if get_parent is not None else None)

    @property
    def run(self) -> tuple[str, str]:
        """The ids of the cell and of this run; empty if the front end does not send them."""
        parent = self._parent or {}
        cell = parent.get("metadata", {}).get("cellId", "")
        return str(cell), str(parent.get("header", {}).get("msg_id", ""))

    def enter(self) -> None:
        """Send the output and errors of this thread to the cell from now on."""
        _here.cell = self
        if self._parent is None:
            return
        if self._pins_threads:
            self._shell.set_thread_parent(self._parent)
            return
        # Before ipykernel had set_thread_parent, set_parent redirected other threads' output, too.
        header = self._parent.get("header", self._parent)
        for stream in (sys.stdout, sys.stderr):
            own = getattr(stream, "_parent_header", None)
            if own is not None:
                own.set(header)

        def address(message: dict[str, Any]) -> dict[str, Any]:
            message["parent_header"] = header
            return message

        self._shell.display_pub.register_hook(address)  # hooks belong to a thread

    def show_error(self, error: BaseException, name: str) -> None:
        """Show an error of the callback `name` under the cell, or log it if there is no cell."""
        error = shortened(error)
        place = frames(users_frames(error.__traceback__))
        if self._shell is None:
            logging.getLogger("ast_notebook").error(
                "%s raised", name, exc_info=(type(error), error, place)
            )
        elif self._parent is None or self._pins_threads:
            self._shell.showtraceback((type(error), error, place), tb_offset=0)
        else:  # an older kernel sends tracebacks to the newest cell, but text to the right one
            if isinstance(error, AstError):
                text = f"{type(error).__name__}: {error}\n"
            else:
                text = "".join(traceback.format_exception(type(error), error, place))
            sys.stderr.write(text)

    def tell(self, text: str) -> None:
        """Print a line under the cell, from a thread that entered it, or log it."""
        if self._shell is None:
            logging.getLogger("ast_notebook").error(text)
        else:
            sys.stderr.write(f"{text}\n")

    @property
    def is_in_notebook(self) -> bool:
        """Whether IPython runs."""
        return self._shell is not None

    @property
    def is_of_kernel(self) -> bool:
        """Whether it is a cell of a kernel, so that its outputs can be replaced."""
        return self._parent is not None

    @property
    def _pins_threads(self) -> bool:
        return hasattr(self._shell, "set_thread_parent")


def users_frames(place: TracebackType | None) -> TracebackType | None:
    """Return a traceback without this package's frames, which only led to the user's code."""
    inner = place
    while inner is not None:
        if not inner.tb_frame.f_globals.get("__name__", "").startswith(_PACKAGE):
            return inner
        inner = inner.tb_next
    return place
