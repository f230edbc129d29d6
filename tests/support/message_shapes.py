"""Holds messages between kernel and page to the types that `panel.messages` gives them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union

from ast_notebook.panel import messages
from tests.support.page_types import fields

BY_KIND = {
    "snapshot": messages.Snapshot,
    "delta": messages.Delta,
    "done": messages.Done,
    "still": messages.Still,
    "closed": messages.Closed,
    "hello": messages.Hello,
    "visible": messages.Visible,
    "do": messages.Do,
}
ROWS = {name: typing.get_args(hint)[1] for name, (hint, _) in fields(messages.LiveRows).items()}


def misfits(message: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a message."""
    found = list(_misfits(message, BY_KIND[message["t"]], message["t"]))
    for name, rows in message.get("set", {}).items():
        found += [
            one for row in rows.values() for one in _misfits(row, ROWS[name], name, partial=True)
        ]
    connection = message.get("connection", {})
    return found + list(_misfits(connection, messages.ConnectionRow, "connection", partial=True))


def _misfits(value: Any, hint: Any, where: str, *, partial: bool = False) -> Iterator[str]:
    if typing.is_typeddict(hint):
        yield from _of_shape(value, hint, where, partial)
        return
    kind, inner = typing.get_origin(hint), typing.get_args(hint)
    if kind in (Union, types.UnionType):
        if all(list(_misfits(value, one, where)) for one in inner):
            yield f"{where}: {value!r} is none of {hint}"
    elif kind is Literal:
        if value not in inner:
            yield f"{where}: {value!r} is none of {inner}"
    elif kind is dict and isinstance(value, dict):
        for key, one in value.items():
            yield from _misfits(one, inner[1], f"{where}[{key!r}]")
    elif kind is list and isinstance(value, list):
        for one in value:
            yield from _misfits(one, inner[0], where)
    elif kind is tuple and isinstance(value, list) and len(value) == len(inner):
        for one, its in zip(value, inner, strict=True):
            yield from _misfits(one, its, where)
    elif not _is_plain(value, hint):
        yield f"{where}: {value!r} is no {hint}"


def _of_shape(value: Any, shape: Any, where: str, partial: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no {shape.__name__}"
        return
    known = fields(shape)
    yield from (f"{where}: nobody knows {name}" for name in value.keys() - known.keys())
    for name, (hint, needed) in known.items():
        if name in value:
            yield from _misfits(value[name], hint, f"{where}.{name}")
        elif needed and not partial:
            yield f"{where}: {name} is missing"


def _is_plain(value: Any, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)
