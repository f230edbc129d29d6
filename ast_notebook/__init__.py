"""Asterisk from a notebook: `%ast` magics, a live panel, and every event in a pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ast_notebook.errors import (
    ActionRefused,
    AnswerTimeout,
    AstError,
    ChannelGone,
    ConfError,
    ConnectionLost,
    KeyMissing,
    LoginRefused,
    PermissionMissing,
    TechnologyMissing,
    UnsafeText,
)
from ast_notebook.home import SmartHome, connect

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ast_notebook.panel import Panel

__all__ = [
    "ActionRefused",
    "AnswerTimeout",
    "AstError",
    "ChannelGone",
    "ConfError",
    "ConnectionLost",
    "KeyMissing",
    "LoginRefused",
    "Panel",
    "PermissionMissing",
    "SmartHome",
    "TechnologyMissing",
    "UnsafeText",
    "connect",
]


def __getattr__(name: str) -> Any:
    """Import the panel when it is asked for: a script without a screen needs no widgets."""
    if name == "Panel":
        from ast_notebook.panel import Panel

        return Panel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a notebook the `%ast` magics; called by ``%load_ext ast_notebook``."""
    from ast_notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take all of it back; called by ``%unload_ext ast_notebook``."""
    from ast_notebook.magics import unload

    unload(shell)
