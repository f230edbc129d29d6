"""Events of a kind have the same headers again and again: one match takes them apart."""

from __future__ import annotations

import re

OFTEN = 50  # events in a row with the same headers, after which these are learned
MOST = 500  # kinds that are remembered: they come from the wire
LONGEST = 10_000  # letters of an event by which headers are learned

Kind = tuple[str, int]


class Shapes:
    """What the headers of each kind of event are called, in their order.

    A kind is an event's first line and its number of lines. What a shape takes apart is what the
    lines say one by one, or nothing at all.
    """

    def __init__(self) -> None:
        self._known: dict[Kind, tuple[tuple[str, ...], re.Pattern[str]]] = {}
        self._seen: dict[Kind, tuple[tuple[str, ...], int]] = {}

    def apart(self, text: str) -> dict[str, str] | None:
        """Return the headers of an event; None if it has not those that were learned."""
        known = self._known.get((text[: text.find("\r\n")], text.count("\r\n")))
        if known is None:
            return None
        names, pattern = known
        found = pattern.fullmatch(text)
        return None if found is None else dict(zip(names, found.groups(), strict=True))

    def learn(self, text: str, headers: dict[str, str]) -> None:
        """Take note of an event's headers, one a line, as they were taken apart otherwise."""
        kind = text[: text.find("\r\n")], text.count("\r\n")
        if kind in self._known or len(text) > LONGEST:
            return
        names = tuple(headers)
        before, count = self._seen.get(kind, (names, 0))
        if before != names:
            count = 0
        if count + 1 < OFTEN:
            if kind in self._seen or len(self._seen) < MOST:
                self._seen[kind] = names, count + 1
            return
        lines = [f"{re.escape(name)}: ([^\r]*+)" for name in names]
        self._known[kind] = names, re.compile("\r\n".join(lines))
