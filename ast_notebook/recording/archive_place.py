"""The place of an archive, as a user gave it, with the password of a URL hidden."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import unquote

from ast_notebook.ami.secret import Secret
from ast_notebook.errors import AstError, ConfError

_Made = TypeVar("_Made")
#: The user's part of a URL; fsspec allows several URLs in a chain: ``zip://…::ftp://…``.
_USER = re.compile(r"((?:^|::)[\w+.-]+://)((?:(?!::[\w+.-]+://).)*)@", re.DOTALL)
_QUERY = re.compile(r"[?](.*)", re.DOTALL)
#: Words in the names of options that hold secrets.
_SECRET = ("pass", "secret", "key", "token", "auth", "cred")


class ArchivePlace:
    """A folder, or a URL for fsspec, with options for fsspec.

    A traceback shows the variables of its frames. So a function that gets a place from the user
    first makes an `ArchivePlace` of it, and deletes the variable.

    Parameters
    ----------
    given : str, path or ArchivePlace
        The folder or URL.
    options : dict, optional
        Options for fsspec besides the URL, such as credentials.

    Attributes
    ----------
    name : str
        The place as it was given, but without the parts of a URL that may be secret: the text
        before the last ``@``, since a password may have any letters, and the query.
    is_remote : bool
        Whether it is a URL.
    """

    __slots__ = ("_options", "_text", "is_remote", "name")

    def __init__(
        self, given: str | os.PathLike[str] | ArchivePlace, options: dict[str, Any] | None = None
    ) -> None:
        self._text: Secret
        self._options: Callable[[], dict[str, Any]]
        if isinstance(given, ArchivePlace):
            self._text, self._options = given._text, given._options
        else:
            self._text = Secret(os.fspath(given).removeprefix("file://"))
            # A function does not show the values that it holds.
            self._options = lambda: options or {}
        self.is_remote = "://" in self._text.reveal()
        self.name = self._text.reveal()
        if self.is_remote:
            self.name = _QUERY.sub("", _USER.sub(r"\1", self.name))

    def reveal(self) -> str:
        """Return the place with its secrets, to access it."""
        return self._text.reveal()

    def options(self) -> dict[str, Any]:
        """Return the options for fsspec."""
        return self._options()

    def plain(self, error: Exception) -> str:
        """Return an error's own words, without secrets of this place."""
        text = str(error).split("\n")[0].replace(self._text.reveal(), self.name)
        for one in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(one, "…")
        return text

    def ask(self, work: Callable[[], _Made]) -> _Made:
        """Call a function that accesses the place, and return its result.

        Raises
        ------
        ConfError
            If the access to a URL fails. The frames of the store's error hold the password, so the
            ConfError is raised only after that error was handled, and does not refer to it.
        """
        if not self.is_remote:
            return work()
        try:
            return work()
        except AstError:
            raise
        except Exception as error:  # each store has errors of its own
            why = self.plain(error) or type(error).__name__
        raise ConfError(f"{self.name} cannot be read: {why}")

    def each(self, found: Iterator[_Made]) -> Iterator[_Made]:
        """Yield the results of an iterator that accesses the place; errors are as in `ask`."""
        while some := self.ask(lambda: list(itertools.islice(found, 1))):
            yield from some

    def _secrets(self) -> Iterator[str]:
        if not self.is_remote:
            return
        users = [found[2] for found in _USER.finditer(self.reveal())]
        query = self.reveal().partition("?")[2]
        values = [value for pair in query.split("&") if len(value := pair.partition("=")[2]) > 3]
        for one in (*users, *(user.partition(":")[2] for user in users), query, *values):
            yield from {one, unquote(one)} - {""}
        for name, value in self._options().items():
            if isinstance(value, str) and value and any(word in name.lower() for word in _SECRET):
                yield value

    def __repr__(self) -> str:
        return f"<ArchivePlace {self.name}>"
