"""Recognises copies of earlier records, and records that come after their calls are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ast_notebook.calls.history.cdr_grouping import has_own_name
from ast_notebook.calls.history.cdr_record import CdrRecord
from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.spoiled import is_spoiled
from ast_notebook.counted import counted


class Seen:
    """Remembers records and the ids of calls. It keeps only hashes, since a log may have millions.

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
        """Tell whether a record is new; a record without a channel always counts as new."""
        known = _uniqueid(line)
        if has_own_name(line.channel) or (known is not None and not is_spoiled(known)):
            key = hash(tuple(map(str, record.items())))
            if key in self._records:
                self.twice += 1
                return False
            self._records.add(key)
        return True

    def late_for(self, line: CdrRecord) -> int | None:
        """Return the number of the call to which a record belongs, if it is over, or else None."""
        ids = (_uniqueid(line), None if line.of_agent else line.linkedid)
        keys = (hash((line.server, one)) for one in ids if one is not None)
        return next((self._over[key] for key in keys if key in self._over), None)

    def over(self, number: int, call: str | None, lines: Iterable[CdrRecord]) -> None:
        """Remember the number and the ids of a call that is over."""
        for line in lines:
            own = None if line.is_login else line.uniqueid
            ids = (one for one in (own, call) if born(one) is not None)
            self._over |= {hash((line.server, one)): number for one in ids}

    @property
    def notes(self) -> list[str]:
        """The notes that the user gets."""
        if not self.twice:
            return []
        return [
            counted(
                self.twice,
                "record repeats an earlier record in every field: it was left out",
                "records repeat an earlier record in every field: they were left out",
            )
        ]


def _uniqueid(line: CdrRecord) -> str | None:
    return line.uniqueid or (line.either if born(line.either) is not None else None)
