"""Recognises repeated records, as in files that were joined from overlapping ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ast_notebook.counted import counted
from ast_notebook.units import SECOND

_MANY = 100_000  # marks that are Python objects at a time
_MUCH = SECOND  # Asterisk itself writes no record out of order by more


class Repeats:
    """Recognises records by marks of eight bytes each.

    A log is written in the order of its times. So a record that comes after later ones, and equals
    an earlier one, was copied. But two equal records within one second may both be real.

    Attributes
    ----------
    count : int
        How many records were copies of earlier ones.
    disordered : bool
        Whether other records come after newer ones.
    """

    def __init__(self) -> None:
        self.count = 0
        self.disordered = False
        self._newest: int | None = None
        self._within = False  # whether the last record was a copy
        self._recent: set[int] = set()
        self._older: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    def has(self, record: Mapping[str, Any], moment: int) -> bool:
        """Tell whether a record is a copy of an earlier one; if it is not, remember it."""
        mark = _mark(record)
        newest = moment if self._newest is None else self._newest
        # Two records do not have the same microsecond by chance.
        late = moment < newest or (moment == newest and (self._within or moment % SECOND > 0))
        self._within = late and self._knows(mark)
        if self._within:
            self.count += 1
            return True
        self.disordered = self.disordered or moment < newest - _MUCH
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
        """Return the notes that the user gets."""
        if not self.count:
            return []
        return [
            counted(
                self.count,
                "record repeats an earlier one: it was left out",
                "records repeat earlier ones: they were left out",
            )
        ]


def _mark(record: Mapping[str, Any]) -> int:
    try:
        return hash(tuple(record.values()))
    except TypeError:  # a database has lists and objects, too
        return hash(repr(record))
