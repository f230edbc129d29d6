"""Casts values to the types of items."""

from __future__ import annotations

import ast
import copy
import decimal
import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.conf import truth
from ast_notebook.errors import BadValue

DEFAULTS: dict[str, Any] = {"bool": False, "num": 0, "str": "", "list": [], "dict": {}, "foo": None}
FOREIGN = ("scene",)  # types of SmartHome.py that do nothing here
_BY_LOGIC = "write a logic with watch_item that sets the item"
_BY_SCRIPT = "set the item from a cell or a script"
#: Attributes of items by which SmartHome.py and SmartHomeNG set values, and that do nothing here,
#: each with what to do instead.
IDLE = {
    **dict.fromkeys(("eval", "eval_trigger"), _BY_LOGIC),
    **dict.fromkeys(("crontab", "cycle", "autotimer"), _BY_SCRIPT),
    **dict.fromkeys(("on_update", "on_change", "threshold"), _BY_LOGIC),
}
LONGEST_SHOWN = 200
LONGEST_LITERAL = 10_000


def cast(path: str, type_name: str | None, value: Any) -> Any:
    """Cast a value to the type of an item; an item of a foreign type holds any value.

    Raises
    ------
    BadValue
        If the value does not fit the type; the message calls the item `path`.
    """
    if type_name is None:
        raise BadValue(f"{path} has no type and holds no value: define it with type = bool, say")
    try:
        return _CASTS.get(type_name, _as_it_is)(value)
    except Exception:  # comparing or copying a user's own value may raise anything
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
        str(int(value))  # raises an error if Python does not write so many digits
        return int(value)
    elif isinstance(value, numbers.Real | decimal.Decimal):
        number = float(value)
    else:
        raise TypeError
    if not math.isfinite(number):  # NaN differs from itself, so that each setting would be a change
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
    """Read a Python literal such as ``[1, 2]`` or ``{'a': 1}``; other text stays text."""
    if len(text) > LONGEST_LITERAL:
        return text
    try:
        found = ast.literal_eval(text)
        repr(found)  # Python reads longer hexadecimal numbers than it writes
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return found


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal; if they cannot be compared, they are not."""
    try:
        return bool(one == other)
    except Exception:
        return False


def shown(value: Any) -> str:
    """Return a value's repr, cut short if it is long."""
    text = said(value, repr)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def said(value: Any, write: Callable[[Any], str] = str) -> str:
    """Return a value as text, or a text that says that it cannot be shown.

    `write` may raise an error for an object of a user's own class, and for a number with more
    digits than Python converts.

    Parameters
    ----------
    value : object
    write : callable
        ``str`` or ``repr``.
    """
    try:
        return write(value)
    except Exception:
        return f"<a {type(value).__name__} that cannot be shown>"
