"""Parses events faster: those of one kind have the same headers, so one match checks them all."""

from __future__ import annotations

import functools
import re

OFTEN = 50  # events in a row with the same headers, after which these are learned
MOST = 500  # learned kinds, and as many that are not learned yet; names come from the wire
LONGEST = 10_000  # letters of an event from which headers are learned, at most

Kind = tuple[str, int]

_OF_CHANNEL = re.compile(r"(\w*chanvariable)\(.*\)", re.DOTALL)
_SHORT = 64  # letters of a header's name that are remembered, so that memory is bounded


class EventShape:
    """The headers of one kind of event, by their names.

    Attributes
    ----------
    names : tuple of str
        The names of the headers, in their order.
    match : callable
        It matches an event that has these headers, in this order, and nothing else. Each value is
        a group, which costs next to nothing until somebody asks for it.
    """

    __slots__ = ("_any_case", "_places", "match", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        pattern = "\r\n".join(f"{re.escape(name)}: ([^\r]*+)" for name in names)
        self.match = re.compile(pattern).fullmatch
        self._places = {name: place for place, name in enumerate(names, 1)}
        # If two names differ only in case, the first is Asterisk's own.
        self._any_case = {plain_name(name): self._places[name] for name in reversed(names)}

    def headers(self, text: str) -> dict[str, str] | None:
        """Return the headers of an event; None if it does not fit."""
        found = self.match(text)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))

    def place(self, header: str) -> int | None:
        """Return the group of `match` that is a header's value; the case of letters is the same."""
        return self._places.get(header) or self._any_case.get(header.lower())


class Shapes:
    """The names of the headers of each kind of event, in their order.

    A kind is an event's name and its number of lines. A shape returns the same headers as parsing
    line by line would, or None. Any thread may ask and learn.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[int, EventShape]] = {}
        self._seen: dict[Kind, tuple[tuple[str, ...], int]] = {}

    def of(self, text: str, name: str) -> EventShape | None:
        """Return the shape that an event of that name may fit; None if none is learned."""
        shapes = self._known.get(name)
        if shapes is None:
            return None
        if len(shapes) == 1:
            (shape,) = shapes.values()
            return shape
        return shapes.get(text.count("\r\n"))

    def learn(self, text: str, headers: dict[str, str]) -> None:
        """Learn from the headers of an event, one in each line, that was parsed line by line."""
        name, lines = headers["Event"], text.count("\r\n")
        kind = name, lines
        if len(text) > LONGEST or lines in self._known.get(name, ()):
            return
        names = tuple(headers)
        before, count = self._seen.get(kind, (names, 0))
        if before != names:
            count = 0
        if count + 1 < OFTEN:
            if kind not in self._seen and len(self._seen) >= MOST:
                # Otherwise, kinds that come once each would keep all others from being learned.
                self._seen.clear()
            self._seen[kind] = names, count + 1
            return
        self._seen.pop(kind, None)
        if sum(map(len, self._known.values())) >= MOST:
            self._known = {}
        # This makes a new dictionary, since other threads may be reading the old one.
        self._known[name] = {**self._known.get(name, {}), lines: EventShape(names)}


def plain_name(header: str) -> str:
    """Return a header's name in lower case, without the channel that some names have in them.

    >>> plain_name("ChanVariable(PJSIP/200-00000001)")
    'chanvariable'
    """
    return _short_name(header) if len(header) <= _SHORT else _plain_name(header)


def _plain_name(header: str) -> str:
    name = header.lower()
    found = _OF_CHANNEL.fullmatch(name) if name.endswith(")") else None
    return found[1] if found else name


_short_name = functools.lru_cache(4096)(_plain_name)
