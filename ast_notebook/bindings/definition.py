"""Reads an item's attributes: its type, its first value, and its bindings to PBXs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.bindings.attributes import FITTING, VALUES, BindingAttribute, binding_attributes
from ast_notebook.bindings.values import DEFAULTS, FOREIGN, cast, literal
from ast_notebook.conf import FIRST_VALUES, truth, unknown
from ast_notebook.errors import BadValue

Tell = Callable[[str, str], None]  # called with an attribute, and what is wrong with it


@dataclasses.dataclass(frozen=True)
class Definition:
    """The definition of an item, read from its attributes; it is replaced as a whole."""

    type_name: str | None = None
    conf: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    initial: Any = None
    enforce: bool = False
    binding_attributes: tuple[BindingAttribute, ...] = ()


def attributes(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a section: entries that are no items and are not empty."""
    return {
        key: value
        for key, value in section.items()
        if isinstance(key, str) and value is not None and not is_section(section, key)
    }


def is_section(section: Mapping[str, Any], key: str) -> bool:
    """Tell whether an entry is an item below, and not an attribute."""
    if key in FIRST_VALUES and isinstance(section.get("type"), str):
        return False
    return isinstance(section[key], Mapping)


def define(path: str, conf: Mapping[str, Any], mistake: Tell, note: Tell) -> Definition:
    """Read an item's own attributes; one that cannot be used is reported and ignored.

    Parameters
    ----------
    path : str
        The item's path, for messages.
    conf : mapping
        Its attributes.
    mistake, note : callable
        They are called with an attribute that is wrong, or that has no effect here, and why.
    """
    type_name = _type_name(path, conf.get("type"), mistake)
    for attribute, what in unknown(conf, (*FITTING, VALUES)):
        note(attribute, f"{path}: {what}")
    enforce = False
    try:
        enforce = truth(conf.get("enforce_updates", False))
    except ValueError as error:
        mistake("enforce_updates", f"enforce_updates = {error}")
    initial = None if type_name is None else _initial(path, type_name, conf, mistake)
    return Definition(
        type_name, conf, initial, enforce, binding_attributes(path, type_name, conf, mistake)
    )


def _type_name(path: str, written: object, mistake: Tell) -> str | None:
    known = ", ".join(DEFAULTS)
    if written is None or written == "":
        return None
    if not isinstance(written, str):
        mistake(
            "type", f"{path} has a type of several words and holds no value: write one of {known}"
        )
        return None
    if written not in DEFAULTS and written not in FOREIGN:
        mistake("type", f"type = {written} is unknown: write one of {known}")
    return written


def _initial(path: str, type_name: str, conf: Mapping[str, Any], mistake: Tell) -> Any:
    attribute = next((key for key in FIRST_VALUES if key in conf), None)
    default = cast(path, type_name, DEFAULTS.get(type_name))
    if attribute is None:
        return default
    value = conf[attribute]
    if type_name in ("list", "dict") and isinstance(value, str):
        value = literal(value) if value[:1] in "[{(" else value
        value = default if value == "" else value
    if type_name == "list" and isinstance(value, str) and value[0] not in "[(":
        value = [value]
    try:
        return cast(path, type_name, value)
    except BadValue as error:
        mistake(attribute, str(error))
        return default
