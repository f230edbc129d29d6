"""Records that are there more than once, as where old files that overlap were put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ast_notebook.calls.history.clock import SECOND

_MANY = 100_000  # marks that are plain Python at a time


class Repeats:
    """Knows records again by marks of eight bytes each.

    A log is written in the order of its times: what stands behind later records, and is the same
    as an earlier one, was copied there. Of two records within one second, both may be real.

    Attributes
    ----------
    count : int
        How many records were there before.
    """

    def __init__(self) -> None:
        self.count = 0
        self._newest: int | None = None
        self._within = False  # a part that is there again
        self._recent: set[int] = set()
        self._older: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    def has(self, record: Mapping[str, Any], moment: int) -> bool:
        """Tell whether a record of this moment was there before; if not, remember it."""
        mark = _mark(record)
        newest = moment if self._newest is None else self._newest
        # Microseconds are never the same by chance.
        late = moment < newest or (moment == newest and (self._within or moment % SECOND > 0))
        self._within = late and self._knows(mark)
        if self._within:
            self.count += 1
            return True
        self._newest = max(newest, moment)
        self._recent.add(mark)
        if len(self._recent) >= _MANY:
            self._older.append(np.sort(np.fromiter(self._recent, np.int64)))
            self._recent.clear()
        return False

    def _knows(self, mark: int) -> bool:
        if mark in self._recent:
            return True
        places = ((part, int(np.searchsorted(part, mark))) for part in self._older)
        return any(place < len(part) and part[place] == mark for part, place in places)

    def notes(self) -> list[str]:
        """Return what should be known of it."""
        if not self.count:
            return []
        return [f"of records that are there more than once, {self.count:,} were left out"]


def _mark(record: Mapping[str, Any]) -> int:
    try:
        return hash(tuple(record.values()))
    except TypeError:  # a database has lists and objects, too
        return hash(repr(record))
