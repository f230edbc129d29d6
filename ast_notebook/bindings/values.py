"""The values that items hold, by their type, and how other values are cast to them."""

from __future__ import annotations

import ast
import copy
import decimal
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.bindings.conf import truth
from ast_notebook.errors import AstError

DEFAULTS: dict[str, Any] = {"bool": False, "num": 0, "str": "", "list": [], "dict": {}, "foo": None}
FOREIGN = ("scene",)  # types of SmartHome.py that do nothing here
LONGEST_SHOWN = 200
LONGEST_LITERAL = 10_000


class BadValue(AstError, ValueError):
    """An item cannot hold this value."""


def cast(path: str, type_name: str | None, value: Any) -> Any:
    """Return the value as an item of that type holds it; one of no type of ours holds anything.

    Raises
    ------
    BadValue
        If the type does not take it; `path` is what the message calls the item.
    """
    if type_name is None:
        raise BadValue(f"{path} has no type and holds no value: define it with type = bool, say")
    try:
        return _CASTS.get(type_name, _as_it_is)(value)
    except Exception:  # a user's own value may fail at being compared or copied in any way
        raise BadValue(f"{path} is of type {type_name} and does not take {shown(value)}") from None


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        return truth(value)
    if value in (0, 1):
        return bool(value)
    raise ValueError


def _to_num(value: Any) -> int | float:
    number: int | float
    if isinstance(value, str):
        text = value.strip() or "0"
        try:
            return int(text)
        except ValueError:
            number = float(text)
    elif isinstance(value, numbers.Integral):
        return int(value)
    elif isinstance(value, numbers.Real | decimal.Decimal):
        number = float(value)
    else:
        raise TypeError
    if number != number:  # NaN would differ from itself: each setting a change
        raise ValueError
    return number


def _to_str(value: Any) -> str:
    if isinstance(value, str | numbers.Real):
        return str(value)
    raise TypeError


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return copy.deepcopy(list(value))
    raise TypeError


def _to_dict(value: Any) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return copy.deepcopy(dict(value))
    raise TypeError


def _as_it_is(value: Any) -> Any:
    return value


_CASTS: dict[str, Callable[[Any], Any]] = {
    "bool": _to_bool,
    "num": _to_num,
    "str": _to_str,
    "list": _to_list,
    "dict": _to_dict,
    "foo": _as_it_is,
}


def literal(text: str) -> Any:
    """Read a Python literal such as ``[1, 2]`` or ``{'a': 1}``; other text is itself."""
    if len(text) > LONGEST_LITERAL:
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; those that cannot tell, as two DataFrames, are not."""
    try:
        return bool(one == other)
    except Exception:
        return False


def shown(value: Any) -> str:
    """Return a value's repr, cut short if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
