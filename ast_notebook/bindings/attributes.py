"""Reads and checks the attributes that bind an item to a PBX, such as `ast_dev` and `ast_db`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from ast_notebook.conf import split_instance
from ast_notebook.errors import ConfError

Kind = Literal["ast_dev", "ast_box", "ast_db", "ast_state", "ast_queue", "ast_trunk", "ast_missed"]

DEFAULT_CONTEXT = "default"  # of mailboxes, as in voicemail.conf
VALUES = "ast_db_values"
DELETE = "delete"  # the word for deleting the entry
# The types of items that each attribute fits, and an example.
FITTING: dict[str, tuple[tuple[str, ...], str]] = {
    "ast_dev": (("bool",), "ast_dev = 2222"),
    "ast_box": (("num",), "ast_box = 22"),
    "ast_db": (("bool", "num", "str", "foo"), "ast_db = active/office"),
    "ast_state": (("str",), "ast_state = 2222"),
    "ast_queue": (("num",), "ast_queue = support"),
    "ast_trunk": (("bool",), "ast_trunk = provider"),
    "ast_missed": (("num",), "ast_missed = 03012345"),
}
#: The attributes by which an item gets its value from the PBX; `ast_db` writes to the PBX instead.
READ: tuple[Kind, ...] = (
    "ast_dev",
    "ast_box",
    "ast_state",
    "ast_queue",
    "ast_trunk",
    "ast_missed",
)
#: The values of a queue: how many callers wait, the longest wait, and how many agents are free.
OF_QUEUES = ("waiting", "longest", "agents")


@dataclasses.dataclass(frozen=True)
class BindingAttribute:
    """One attribute that binds an item to a PBX.

    Attributes
    ----------
    kind : {"ast_dev", "ast_box", "ast_db", "ast_state", "ast_queue", "ast_trunk", "ast_missed"}
    target : str
        The device, mailbox with its context, database key, queue with one of `OF_QUEUES`, trunk or
        number.
    written : str
        The target as the user wrote it.
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
    """Raise an error if two attributes would give an item two values."""
    if kind == "ast_db":
        return
    if kind in others:
        raise ConfError(f"{path} has {kind} twice: give each PBX an item of its own")
    for other in others:
        if other != "ast_db":
            first, second = sorted((kind, other), key=list(FITTING).index)
            raise ConfError(f"{path} has both {first} and {second}: give each an item of its own")


def queue_and_word(written: str) -> tuple[str, str]:
    """Split ``support longest`` into the queue and one of `OF_QUEUES`, by default ``waiting``."""
    queue, _, word = written.rpartition(" ")
    return (queue.strip(), word) if queue.strip() and word in OF_QUEUES else (written, "waiting")


def _values(path: str, type_name: str | None, value: Any) -> tuple[str | None, str | None] | None:
    """Read ``ast_db_values = YES,delete``: the texts that are written for True and for False."""
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
    elif kind == "ast_queue":
        queue, word = queue_and_word(written)
        target = f"{queue} {word}"
        if " " in queue:
            raise ConfError(
                f"{path}: ast_queue = {written} is no queue with one of {', '.join(OF_QUEUES)}: "
                "write, for example, ast_queue = support longest"
            )
    elif kind == "ast_db":
        family, _, key = written.strip("/").partition("/")
        target = f"{family}/{key}"
        if not family or not key:
            raise ConfError(
                f"{path}: ast_db = {written} is no entry of the Asterisk database: write "
                f"FAMILY/KEY, as in {example}"
            )
    return BindingAttribute(kind, target, written, pbx)
