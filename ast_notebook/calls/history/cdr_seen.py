"""Which records, and which calls of others, have been there before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ast_notebook.calls.history.cdr_line import Line
from ast_notebook.calls.history.cdr_spoiled import is_spoiled
from ast_notebook.calls.history.cdr_ties import has_own_name
from ast_notebook.calls.history.clock import born


class Seen:
    """Remembers records and the ids of calls, by hashes alone: a log may have millions.

    Attributes
    ----------
    twice : int
        How many records were there before.
    """

    def __init__(self) -> None:
        self.twice = 0
        self._records: set[int] = set()
        self._over: set[int] = set()

    def take(self, record: Mapping[str, Any], line: Line) -> bool:
        """Tell whether a record is new; of one that names no channel nobody knows it.

        Raises
        ------
        ValueError
            If its call was over.
        """
        known = line.uniqueid or (line.either if born(line.either) is not None else None)
        if has_own_name(line.channel) or (known is not None and not is_spoiled(known)):
            key = hash(tuple(map(str, record.items())))
            if key in self._records:
                self.twice += 1
                return False
            self._records.add(key)
        ids = [known, None if line.of_agent else line.linkedid]
        if any(hash((line.server, one)) in self._over for one in ids if one is not None):
            raise ValueError("the other lines of its call stand more than six hours before it")
        return True

    def over(self, call: str | None, lines: Iterable[Line]) -> None:
        """Take it that a call is over."""
        for line in lines:
            own = None if line.at_desk else line.uniqueid
            self._over |= {hash((line.server, one)) for one in (own, call) if born(one) is not None}

    @property
    def notes(self) -> list[str]:
        """What is to be said of it."""
        if not self.twice:
            return []
        return [f"{self.twice:,} records were there before, every field the same: they count once"]
