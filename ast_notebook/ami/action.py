"""Writes actions as bytes, so that no text in a value ever becomes a further header."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ast_notebook.ami.secret import Secret
from ast_notebook.errors import ConfError, UnsafeText

Field = str | int | float | Secret | Iterable[str]
_NO_LIST = (str, bytes, bytearray, Mapping)
_ONE = (str, Secret, numbers.Real)


def encode(action: Mapping[str, Field]) -> bytes:
    """Write an action as bytes; a list is written as one header for each of its values.

    Raises
    ------
    ConfError
        If a value is neither text nor number, nor a list of them.
    UnsafeText
        If a header or a value holds a carriage return, a line feed or a NUL. The error comes before
        anything is sent.
    """
    # No variable may hold a password while an error is raised, since tracebacks show variables.
    fields: list[tuple[str, Any]] = []
    for key, value in action.items():
        is_list = not isinstance(value, _NO_LIST) and isinstance(value, Iterable)
        fields += [(key, one) for one in cast("Iterable[Any]", value if is_list else (value,))]
    for key, one in fields:
        if not isinstance(one, _ONE):
            kind = "None" if one is None else type(one).__name__
            raise ConfError(
                f"{key} of the action {action.get('Action', '')} is {kind}: write text, a number, "
                "or a list of them"
            )
        if problem := _problem(key) or _problem(one):
            raise UnsafeText(f"{key!r} of the action {action.get('Action', '')!r} holds {problem}")
    return ("\r\n".join([f"{key}: {_text(one)}" for key, one in fields]) + "\r\n\r\n").encode()


def is_sendable(text: str) -> bool:
    """Tell whether a text can be a value in an action at all."""
    return not _problem(text)


def _text(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _problem(value: object) -> str:
    """Say why a text cannot be sent; empty if it can."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return ""
    if any(map(_text(value).__contains__, "\r\n\0")):
        return "a line break or a NUL, which Asterisk would read as further headers: take it out"
    if not _text(value).isascii() and any("\ud800" <= one <= "\udfff" for one in _text(value)):
        return "half a character, or bytes that are not UTF-8: take it out"
    return ""
