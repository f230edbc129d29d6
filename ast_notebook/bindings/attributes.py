"""The attributes that bind an item to a PBX (`ast_dev`, `ast_box`, `ast_db`), read and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from ast_notebook.conf import split_instance
from ast_notebook.errors import ConfError

Kind = Literal["ast_dev", "ast_box", "ast_db"]

DEFAULT_CONTEXT = "default"  # of mailboxes, as in voicemail.conf
VALUES = "ast_db_values"
DELETE = "delete"  # the word for deleting the entry
# The types of item that fit, and an example of what to write.
FITTING: dict[str, tuple[tuple[str, ...], str]] = {
    "ast_dev": (("bool",), "ast_dev = 2222"),
    "ast_box": (("num",), "ast_box = 22"),
    "ast_db": (("bool", "num", "str", "foo"), "ast_db = active/office"),
}


@dataclasses.dataclass(frozen=True)
class BindingAttribute:
    """One attribute that binds an item to a PBX.

    Attributes
    ----------
    kind : {"ast_dev", "ast_box", "ast_db"}
    target : str
        The device, mailbox (its context included) or database key.
    written : str
        The same as the user wrote it.
    pbx : str or None
        The PBX named by ``ast_dev@NAME``; None for the first.
    values : tuple of str or None
        The texts in the database for True and for False; None means that there is no entry.
    """

    kind: Kind
    target: str
    written: str
    pbx: str | None
    values: tuple[str | None, str | None] = ("1", "0")

    def text_of(self, value: Any) -> str | None:
        """Return the text in the database for a value; None means that there is no entry."""
        return self.values[not value] if isinstance(value, bool) else str(value)


def binding_attributes(
    path: str,
    type_name: str | None,
    conf: Mapping[str, Any],
    mistake: Callable[[str, str], None],
) -> tuple[BindingAttribute, ...]:
    """Return the attributes that bind an item to PBXs.

    Parameters
    ----------
    path : str
        The item's path, for messages.
    type_name : str or None
        The item's type.
    conf : mapping
        The item's attributes.
    mistake : callable
        It is called with each attribute that is wrong or does not fit the type, and why; the other
        attributes bind the item all the same.
    """
    found: dict[str, BindingAttribute] = {}
    values = None
    try:
        values = _values(path, type_name, conf.get(VALUES))
    except ConfError as error:
        mistake(VALUES, str(error))
    for attribute, value in conf.items():
        kind, pbx = split_instance(attribute)
        if kind not in FITTING or value is None:
            continue
        try:
            binding = _binding_attribute(path, type_name, cast(Kind, kind), value, pbx)
            _check_alone(path, kind, [one.kind for one in found.values()])
        except ConfError as error:
            mistake(attribute, str(error))
        else:
            found[attribute] = dataclasses.replace(binding, values=values) if values else binding
    return tuple(found.values())


def _check_alone(path: str, kind: str, others: list[Kind]) -> None:
    """Refuse attributes that would give an item two values at a time."""
    if kind in others and kind != "ast_db":
        raise ConfError(f"{path} has {kind} twice: give each PBX an item of its own")
    if {kind, *others} >= {"ast_dev", "ast_box"}:
        raise ConfError(f"{path} has both ast_dev and ast_box: give each an item of its own")


def _values(path: str, type_name: str | None, value: Any) -> tuple[str | None, str | None] | None:
    """Read ``ast_db_values = YES,delete``: what is written for True and for False."""
    if value is None:
        return None
    words = value if isinstance(value, list | tuple) else str(value).split(",")
    texts = [str(word).strip() for word in words]
    if type_name != "bool" or len(texts) != 2 or not all(texts) or texts[0] == texts[1]:
        raise ConfError(
            f"{path}: {VALUES} gives the texts for True and for False of an item of type bool: "
            f"write {VALUES} = YES,{DELETE}, where {DELETE} means no entry"
        )
    on, off = (None if text == DELETE else text for text in texts)
    return on, off


def _binding_attribute(
    path: str, type_name: str | None, kind: Kind, value: Any, pbx: str | None
) -> BindingAttribute:
    types, example = FITTING[kind]
    if isinstance(value, list | tuple | Mapping):
        raise ConfError(f"{path}: {kind} takes one value: write {example}")
    written = str(value).strip()
    if not written or any(letter in written for letter in "\r\n\0"):
        raise ConfError(f"{path}: {kind} needs a value: write {example}")
    if type_name not in types:
        has = f"type = {type_name}" if type_name else "no type"
        raise ConfError(
            f"{path} has {kind} and {has}: it needs type = {' or '.join(types)}. "
            f"Write type = {types[0]}"
        )
    target = written
    if kind == "ast_box":
        box, _, context = written.partition("@")
        target = f"{box}@{context or DEFAULT_CONTEXT}"
        if not box:
            raise ConfError(f"{path}: ast_box = {written} names no mailbox: write {example}")
    elif kind == "ast_db":
        family, _, key = written.strip("/").partition("/")
        target = f"{family}/{key}"
        if not family or not key:
            raise ConfError(
                f"{path}: ast_db = {written} is no entry of the Asterisk database: write "
                f"FAMILY/KEY, as in {example}"
            )
    return BindingAttribute(kind, target, written, pbx)
