"""The errors of ast_notebook: one line each that says what happened and what to do next."""

from __future__ import annotations

from ast_notebook.pyst2 import ManagerAuthException, ManagerException, ManagerSocketException
from ast_notebook.show import plain

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
    "PermissionMissing",
    "TechnologyMissing",
    "UnsafeText",
]


class AstError(Exception):
    """The base of every error of ast_notebook; a notebook shows one line and no traceback."""

    def __str__(self) -> str:
        """Return the message alone, whatever the other base classes would return."""
        return plain(" ".join(str(part) for part in self.args))

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class ConnectionLost(AstError, ManagerSocketException):
    """There is no connection to Asterisk now: it was never made, it broke, or it was closed."""


class LoginRefused(AstError, ManagerAuthException):
    """Asterisk's manager did not accept the username and password.

    Attributes
    ----------
    is_in_use : bool
        Whether the only reason is another session with that username.
    """

    def __init__(self, message: str, *, is_in_use: bool = False) -> None:
        super().__init__(message)
        self.is_in_use = is_in_use


class AnswerTimeout(AstError, ManagerException, TimeoutError):
    """Asterisk did not answer an action in the time allowed."""


class ActionRefused(AstError, ManagerException):
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


class NotRecorded(ActionRefused):
    """A replay was asked for something that is not in its record."""


class BadAnswer(AstError, ManagerException, KeyError, ValueError):
    """A message of Asterisk lacks a necessary header, or the header's value cannot be read."""


class UnsafeText(AstError, ValueError):
    """A text cannot be sent, since Asterisk would split it: a line break begins a new header."""


class KeyMissing(AstError, LookupError):
    """The Asterisk database has no such entry."""


class ChannelGone(AstError, LookupError):
    """The channel for an action has ended."""


class TechnologyMissing(AstError, LookupError):
    """The PBX has no channel driver for the technology of a device."""


class ConfError(AstError, ValueError):
    """A definition of items, logics or settings cannot be used."""


class BadValue(AstError, ValueError):
    """An item cannot hold this value."""
