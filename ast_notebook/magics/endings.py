"""How a subcommand may end: an interruption and a warning are one line each."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from ast_notebook.magics.progress import make_room
from ast_notebook.show import plain


class Interrupted(KeyboardInterrupt):
    """The user has interrupted a subcommand; a notebook shows one line and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


@contextlib.contextmanager
def interrupted_in_one_line() -> Iterator[None]:
    """Raise an interruption as one that a notebook shows in one line."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted("interrupted; the PBX may still do what it was asked before") from None


@contextlib.contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Show only the text of warnings, since their place is a file of this package or of IPython.

    Filters and recorders of warnings work as before.
    """
    before = warnings.formatwarning
    warnings.formatwarning = _one_line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _one_line(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> str:
    make_room()
    name = "Warning" if category is UserWarning else category.__name__
    return f"{name}: {plain(' '.join(str(message).split()))}\n"
