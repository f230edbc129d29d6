"""Recognises records that came before, and records whose calls are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ast_notebook.calls.history.cdr_grouping import has_own_name
from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.spoiled import is_spoiled


class Seen:
    """Remembers records and the ids of calls, by hashes alone: a log may have millions.

    Attributes
    ----------
    twice : int
        How many records were copies of earlier ones.
    late : bool
        Whether a record came after its call was over.
    """

    def __init__(self) -> None:
        self.twice = 0
        self.late = False
        self._records: set[int] = set()
        self._over: dict[int, int] = {}

    def take(self, record: Mapping[str, Any], line: CdrRecord) -> bool:
        """Tell whether a record is new; one without a channel always counts as new."""
        known = _uniqueid(line)
        if has_own_name(line.channel) or (known is not None and not is_spoiled(known)):
            key = hash(tuple(map(str, record.items())))
            if key in self._records:
                self.twice += 1
                return False
            self._records.add(key)
        return True

    def late_for(self, line: CdrRecord) -> int | None:
        """Return the number of a record's call; None unless that call is over."""
        ids = (_uniqueid(line), None if line.of_agent else line.linkedid)
        keys = (hash((line.server, one)) for one in ids if one is not None)
        return next((self._over[key] for key in keys if key in self._over), None)

    def over(self, number: int, call: str | None, lines: Iterable[CdrRecord]) -> None:
        """Remember a call that is over, by its number and its ids."""
        for line in lines:
            own = None if line.at_desk else line.uniqueid
            ids = (one for one in (own, call) if born(one) is not None)
            self._over |= {hash((line.server, one)): number for one in ids}

    @property
    def notes(self) -> list[str]:
        """The notes for the user."""
        if not self.twice:
            return []
        return [f"{self.twice:,} records were there before, every field the same: they count once"]


def _uniqueid(line: CdrRecord) -> str | None:
    return line.uniqueid or (line.either if born(line.either) is not None else None)
