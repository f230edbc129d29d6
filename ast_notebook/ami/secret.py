"""A password, kept from every place that shows things."""

from __future__ import annotations

import functools
import hashlib
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)


class Secret:
    """A password that no repr, log or traceback shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str | bytes | bytearray | Secret) -> None:
        if isinstance(text, bytes | bytearray):
            # Text that is not UTF-8 is refused later, when it is sent: the traceback of an error
            # here would show the text.
            text = text.decode(errors="surrogateescape")
        self._text: str = text._text if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return self._text

    def hidden_in(self, text: str) -> str:
        """Return somebody else's text with this secret taken out."""
        return text.replace(self._text, "…") if self._text else text

    def answer(self, challenge: str) -> str:
        """Return the answer to a manager's challenge; it proves the password without showing it."""
        return hashlib.md5((challenge + self._text).encode(), usedforsecurity=False).hexdigest()

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled: pickle the settings without it")


def with_hidden_password(cls: _Class) -> _Class:
    """Make a class hide its keyword ``password`` before anything can raise an error.

    Otherwise, a traceback through the dataclass's own constructor would show the text.
    """
    made = cls.__init__  # type: ignore[misc]

    @functools.wraps(made)
    def __init__(self: object, **given: Any) -> None:  # noqa: N807 - it becomes a class's own
        password = given.get("password")
        if isinstance(password, str):
            given["password"] = password = Secret(password)
        elif "password" in given and not isinstance(password, Secret):
            given["password"] = password = None  # the class refuses None
        made(self, **given)

    cls.__init__ = __init__  # type: ignore[misc]
    return cls
