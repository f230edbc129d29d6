"""Reads single words of conf files: yes and no, ``ast_dev@berlin``, lists of names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

TRUE = ("1", "true", "yes", "on")
FALSE = ("0", "false", "no", "off", "")
#: Words that SmartHomeNG accepts for a logic's `enabled`, but not for an item's value.
_LETTERS = {"y": "yes", "t": "true", "n": "no", "f": "false"}
FIRST_VALUES = ("value", "initial_value")  # of an item; the second name is SmartHomeNG's
LONGEST = 400


def clean(text: str) -> str:
    """Return a message as one line of printable letters that is not too long."""
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def truth(text: object) -> bool:
    """Read yes or no as SmartHome.py does.

    Raises
    ------
    ValueError
        If it is neither.
    """
    word = str(text).strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"{text!r} is neither yes nor no: write True or False")


def switched_on(value: object) -> bool:
    """Read whether a logic is enabled, as SmartHomeNG does; a number or a first letter suffices.

    Raises
    ------
    ValueError
        If the value means neither yes nor no.
    """
    if isinstance(value, int | float):
        return bool(value)
    word = str(value).strip().lower()
    return truth(_LETTERS.get(word, word))


def split_instance(attribute: str) -> tuple[str, str | None]:
    """Split ``ast_dev@berlin`` into the attribute and the PBX that it means."""
    name, _, pbx = attribute.partition("@")
    return name, pbx or None


def names_of(value: object) -> tuple[str, ...]:
    """Read one name, or a list of names; None and empty text are no name at all.

    Raises
    ------
    ValueError
        If it is anything else, or a list with anything else in it.
    """
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        names = tuple(value)
        if names and all(isinstance(name, str) and name for name in names):
            return names
    raise ValueError(f"{value!r} is neither a name nor a list of names: write A, or A | B")


def unknown(attributes: Iterable[str], known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield attributes that look like ours but are unknown; those of other plugins are left out.

    Yields
    ------
    tuple of str
        The attribute, and what to write instead.
    """
    for attribute in attributes:
        name, _ = split_instance(attribute)
        if name.startswith("ast_") and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}?" if near else f"{', '.join(known)} are there"
            yield attribute, f"there is no {name}; {meant}"
