"""Asterisk from a notebook: `%ast` magics, a live panel, and every event in a pandas frame."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ast_notebook.ami import Settings
from ast_notebook.errors import (
    ActionRefused,
    AnswerTimeout,
    AstError,
    BadAnswer,
    BadValue,
    ChannelGone,
    ConfError,
    ConnectionLost,
    KeyMissing,
    LoginRefused,
    NotRecorded,
    PermissionMissing,
    TechnologyMissing,
    UnsafeText,
)
from ast_notebook.home import SmartHome, connect
from ast_notebook.replay import replay, watch
from ast_notebook.zone import use_zone

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ast_notebook import calls, demo
    from ast_notebook.calls import measures
    from ast_notebook.calls.history.history import history
    from ast_notebook.numbering import PhoneBook
    from ast_notebook.panel import Panel

__all__ = [
    "ActionRefused",
    "AnswerTimeout",
    "AstError",
    "BadAnswer",
    "BadValue",
    "ChannelGone",
    "ConfError",
    "ConnectionLost",
    "KeyMissing",
    "LoginRefused",
    "NotRecorded",
    "Panel",
    "PermissionMissing",
    "PhoneBook",
    "Settings",
    "SmartHome",
    "TechnologyMissing",
    "UnsafeText",
    "__version__",
    "calls",
    "connect",
    "demo",
    "history",
    "measures",
    "replay",
    "use_zone",
    "watch",
]

__version__ = "0.1.0"

#: Names that are imported at their first use, by module: a script without a screen needs no
#: widgets.
_LATER = {
    "Panel": "ast_notebook.panel:Panel",
    "PhoneBook": "ast_notebook.numbering:PhoneBook",
    "calls": "ast_notebook.calls:",
    "demo": "ast_notebook.demo:",
    "history": "ast_notebook.calls.history:history",
    "measures": "ast_notebook.calls.measures:",
}


def __getattr__(name: str) -> Any:
    """Import a name at its first use, and return it."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _LATER[name].partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    """Return the public names; others exist, too, but are not listed."""
    return [*__all__, "__doc__", "__name__", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a notebook the `%ast` magics; called by ``%load_ext ast_notebook``."""
    from ast_notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magics and close everything; called by ``%unload_ext ast_notebook``."""
    from ast_notebook.magics import unload

    unload(shell)
