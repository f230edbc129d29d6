"""Tells whether a record of a name covers a time, fast for any number of records."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from ast_notebook.calls.history.cdr_record import CdrRecord

_NEVER = -(1 << 62)


class _Latest(NamedTuple):
    """The latest end among some records, its owner, and the latest end among all other owners."""

    owner: str
    end: int
    of_others: int


class Times:
    """When there were records of each name, such as the name of a conference.

    Parameters
    ----------
    pairs : iterable of tuple
        The names, and their records.
    """

    def __init__(self, pairs: Iterable[tuple[Hashable, CdrRecord]]) -> None:
        found: dict[Hashable, list[CdrRecord]] = {}
        for name, line in pairs:
            found.setdefault(name, []).append(line)
        self._starts: dict[Hashable, list[int]] = {}
        self._latest: dict[Hashable, list[_Latest]] = {}
        for name, lines in found.items():
            lines.sort(key=lambda line: line.start)
            self._starts[name] = [line.start for line in lines]
            self._latest[name] = latest = [_Latest("", _NEVER, _NEVER)]
            for line in lines:
                latest.append(_with(latest[-1], line))

    def has(self, name: Hashable, since: int, until: int, besides: str | None = None) -> bool:
        """Tell whether a record of a name overlaps the time from `since` to `until`.

        Records of the channel `besides` do not count.
        """
        begun = bisect_right(self._starts.get(name, ()), until)
        if not begun:
            return False
        owner, end, of_others = self._latest[name][begun]
        return (of_others if owner == besides else end) >= since


def _with(before: _Latest, line: CdrRecord) -> _Latest:
    if line.owner == before.owner:
        return before._replace(end=max(before.end, line.end))
    if line.end > before.end:
        return _Latest(line.owner, line.end, before.end)
    return before._replace(of_others=max(before.of_others, line.end))
