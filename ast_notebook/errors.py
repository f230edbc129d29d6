"""The errors of ast_notebook: one line each that says what happened and what to do next."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ast_notebook.show import plain

__all__ = [
    "ActionRefused",
    "AnswerTimeout",
    "AstError",
    "ChannelGone",
    "ConfError",
    "ConnectionLost",
    "KeyMissing",
    "LoginRefused",
    "PermissionMissing",
    "TechnologyMissing",
    "UnsafeText",
]


def _pyst2() -> tuple[type[Exception], type[Exception], type[Exception]]:
    """Take pyst2's exceptions, or say clearly whose `asterisk` module is in the way."""
    names = ("ManagerException", "ManagerSocketException", "ManagerAuthException")
    try:
        manager = importlib.import_module("asterisk.manager")
        found = tuple(getattr(manager, name) for name in names)
    except (ImportError, SyntaxError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "asterisk":
            raise ImportError("ast_notebook is built on pyst2: pip install pyst2") from None
        raise ImportError(
            "ast_notebook is built on pyst2, and the module `asterisk` that Python finds here is "
            "not pyst2's (pyst and python-ami use the same name). Do this: "
            "pip uninstall -y pyst asterisk-ami; pip install --force-reinstall pyst2"
        ) from error
    return found[0], found[1], found[2]


if TYPE_CHECKING:

    class _ManagerError(Exception):
        """pyst2's `ManagerException`, which is untyped."""

    class _SocketError(_ManagerError):
        """pyst2's `ManagerSocketException`."""

    class _AuthError(_ManagerError):
        """pyst2's `ManagerAuthException`."""
else:
    _ManagerError, _SocketError, _AuthError = _pyst2()


class AstError(Exception):
    """What every error of ast_notebook is; a notebook shows its one line, no traceback."""

    def __str__(self) -> str:
        """Return the message alone, whatever the other bases would make of it."""
        return plain(" ".join(str(part) for part in self.args))

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class ConnectionLost(AstError, _SocketError):
    """There is no connection to Asterisk now: never made, broken, or closed."""


class LoginRefused(AstError, _AuthError):
    """Asterisk's manager did not accept the username and password.

    Attributes
    ----------
    is_in_use : bool
        Whether only another session with that username is in the way.
    """

    def __init__(self, message: str, *, is_in_use: bool = False) -> None:
        super().__init__(message)
        self.is_in_use = is_in_use


class AnswerTimeout(AstError, _ManagerError, TimeoutError):
    """Asterisk did not answer an action in the time allowed."""


class ActionRefused(AstError, _ManagerError):
    """Asterisk answered an action with an error.

    Attributes
    ----------
    action : str
        The name of the action that was refused.
    reason : str
        Asterisk's own words.
    """

    def __init__(self, message: str, *, action: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.action = action
        self.reason = reason


class PermissionMissing(ActionRefused):
    """The login lacks a class of permission that `manager.conf` can give."""


class UnsafeText(AstError, ValueError):
    """A text that Asterisk would take apart: a line break, say, would make headers of it."""


class KeyMissing(AstError, LookupError):
    """The Asterisk database has no such entry."""


class ChannelGone(AstError, LookupError):
    """The channel that something was to be done to is not there any more."""


class TechnologyMissing(AstError, LookupError):
    """The PBX has no channel driver for the technology of a device."""


class ConfError(AstError, ValueError):
    """A definition of items, logics or settings cannot be used as it stands."""
