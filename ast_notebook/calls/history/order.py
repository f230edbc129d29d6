"""Puts records that are in another order back into the order in which they were written.

Many reports have the newest record first, and joined old files may have the newer file first.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import TypeVar

from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.records import Record
from ast_notebook.calls.history.spill import spilling
from ast_notebook.units import SECOND

_Found = TypeVar("_Found", bound=tuple[int, object, Record | ValueError | None])
_LOOKED_AT = 2000  # the first records, which tell the order of all
_MANY = 10_000  # records that are reversed at a time
#: If the newest records stand first, times fall at least this many times as often as they rise.
_MOSTLY = 4
_ONE = 1  # a single fall tells nothing
#: Another part of a file may begin with a record that is more than this many seconds from the one
#: before it. A record of a CDR may be written long after its end.
_APART = {"cdr": 6 * 3600, "cel": 60, "queue_log": 60}


def oldest_first(
    found: Iterable[_Found], kind: str, clock: Clock, notes: list[str]
) -> Iterator[_Found]:
    """Yield the records, the oldest first; add a note if their order had to be reversed.

    They are reversed in a temporary file, so more records take no more memory.

    Parameters
    ----------
    found : iterable of tuple
        A number, the text and the record, which may be none.
    kind : str
        ``cdr``, ``cel`` or ``queue_log``.
    clock : Clock
        It reads the times; nothing else can use it afterwards.
    notes : list of str
        Remarks for the user are added to it.
    """
    source = iter(found)
    head = list(islice(source, _LOOKED_AT))
    if not _falls([_moments(record, kind, clock) for _, _, record in head]):
        yield from head
        yield from source
        return
    notes.append("the newest records come first: the records were read from the last to the first")
    yield from _reversed(chain(head, source))


def begun(found: Iterable[_Found], kind: str, clock: Clock) -> float:
    """Return the moment of the oldest of these records; infinite if no record tells one."""
    moments = (_moments(record, kind, clock) for _, _, record in found)
    return min((one for few in moments for one in few if one is not None), default=math.inf)


class _AscendingParts:
    """The parts of a file; within a part, the records are in the order of their times.

    Attributes
    ----------
    oldest, newest : array of int
        The earliest and latest moment of each part, in seconds; 0 if no record has a moment.
    places : array of int
        Where each part begins in the file.
    """

    def __init__(self) -> None:
        self.oldest, self.newest, self.places = array("q"), array("q"), array("q")

    def begins(self, moment: int | None, apart: int) -> bool:
        """Tell whether another part begins with a record of this moment."""
        if not self.places:
            return True
        newest = self.newest[-1]
        return moment is not None and newest > 0 and abs(moment - newest) > apart

    def add(self, place: int) -> None:
        """Begin another part."""
        self.places.append(place)
        self.oldest.append(0)
        self.newest.append(0)

    def take(self, moment: int | None) -> None:
        """Add the moment of a record to the last part."""
        if moment is not None:
            self.oldest[-1] = min(self.oldest[-1] or moment, moment)
            self.newest[-1] = max(self.newest[-1], moment)

    def steps_back(self, order: Sequence[int]) -> int:
        """Return the sum of the seconds by which parts begin before the end of the one before."""
        pairs = ((self.newest[one] - self.oldest[other]) for one, other in pairwise(order))
        return sum(max(0, apart) for apart in pairs)


def by_parts(
    found: Iterable[_Found], kind: str, clock: Clock, notes: list[str]
) -> Iterator[_Found]:
    """Yield the records part by part, the oldest part first; the order within a part stays.

    Parameters are those of `oldest_first`.
    """
    parts = _AscendingParts()
    some: list[_Found] = []
    with spilling() as spill:

        def put() -> None:
            if some:
                spill.put(some)
                some.clear()

        for one in found:
            known = [each for each in _moments(one[2], kind, clock) if each is not None]
            moment = known[-1] if known else None
            if parts.begins(moment, _APART[kind]):
                put()
                parts.add(spill.end)
            parts.take(moment)
            some.append(one)
            if len(some) >= _MANY:
                put()
        put()
        order: Sequence[int] = range(len(parts.places))
        ordered = sorted(order, key=parts.oldest.__getitem__)
        # If the clock of a PBX was set back, there is no better order.
        if parts.steps_back(ordered) < parts.steps_back(order):
            notes.append(
                "some parts of the log come after newer ones: the parts were read in the order of "
                "their times"
            )
            order = ordered
        parts.places.append(spill.end)
        for one_part in order:
            for together in spill.between(parts.places[one_part], parts.places[one_part + 1]):
                yield from together


def _falls(moments: list[tuple[int | None, ...]]) -> bool:
    """Tell whether the newest records stand first: start or end mostly falls, and neither rises.

    Records may be ordered by their start or by their end, and the other one varies.
    """
    mostly = False
    for column in zip(*(some for some in moments if some), strict=True):
        known = [moment for moment in column if moment is not None]
        rising = sum(one < other for one, other in pairwise(known))
        falling = sum(one > other for one, other in pairwise(known))
        if rising > falling:
            return False
        mostly = mostly or falling > _ONE + _MOSTLY * rising
    return mostly


def _moments(record: Record | ValueError | None, kind: str, clock: Clock) -> tuple[int | None, ...]:
    """Return the seconds by which a record may be put in order; none if they are uncertain."""
    if record is None or isinstance(record, ValueError):
        return ()
    clock.forget()
    try:
        if kind == "cdr":
            near = born(text_of(record, "uniqueid"))
            start = clock.read(record.get("start"), near)
            length = whole_of(record, "duration")
            end = clock.read(record.get("end"), near)
            if end is None and start is not None and length is not None:
                end = start + length * SECOND
            found: tuple[int | None, ...] = (start, end)
        else:
            name = "eventtime" if kind == "cel" else "time"
            found = (clock.read(record.get(name)),)
    except (ValueError, OverflowError):
        return ()
    # Within a second, Asterisk itself writes some records out of order.
    return () if clock.unsure else tuple(None if one is None else one // SECOND for one in found)


def _reversed(found: Iterator[_Found]) -> Iterator[_Found]:
    with spilling() as spill:
        parts = iter(lambda: list(islice(found, _MANY)), [])
        places = [spill.put(part) for part in parts]
        for place in reversed(places):
            yield from reversed(spill.get(place))
