"""Rows of the hour that a clock change repeats, in the order in which they came.

A table with local times without a zone is read in the order of these times, so that both hours are
mixed. The numbers of the rows separate them again: in the order of the numbers, the times step back
once, and there the second hour begins. Without such numbers, the second in UTC with which a
uniqueid begins tells the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from itertools import pairwise
from typing import NamedTuple

from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.dates import OrderUnknown
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.records import Record
from ast_notebook.counted import counted
from ast_notebook.units import SECOND

Found = tuple[int, object, Record | ValueError | None]

_UNKNOWN = (
    "it is in the hour that a clock change repeats, and nothing shows whether it was the first or "
    "second"
)
#: Asterisk itself writes some rows out of order, by less than this.
_ASTRAY = 60 * SECOND
#: A channel's first event may have a time a little before the second in its uniqueid.
_EARLY = 5 * SECOND
#: If a channel was made more than this before a row, the row may be of either hour.
_LATE = 1800 * SECOND


class Numbered(NamedTuple):
    """A row of a table: its place, its text, its record, and the number that the table gives it."""

    place: int
    text: object
    record: Record
    number: int | None


class _RepeatedRow(NamedTuple):
    """A row of that hour, with its two possible moments, and the index of the likely one."""

    row: Numbered
    moments: tuple[int, int]
    hour: int | None


def in_order(
    rows: Iterable[Numbered], kind: str, clock: Clock, notes: list[str]
) -> Iterator[Found]:
    """Yield the rows in order; rows of a repeated hour get certain moments.

    Parameters
    ----------
    rows : iterable of Numbered
        In the order of their times, as the table has them.
    kind : str
        ``cel`` or ``queue_log``.
    clock : Clock
        It reads the times; nothing else can use it afterwards.
    notes : list of str
        Remarks for the user are added to it.
    """
    if clock.zone in (None, UTC):
        yield from (row[:3] for row in rows)
        return
    time, known_by = ("eventtime", "uniqueid") if kind == "cel" else ("time", "callid")
    hour: list[_RepeatedRow] = []
    for row in rows:
        moments = _both(row.record, time, clock)
        if moments is None:
            yield from _parted(hour, time, notes)
            hour = []
            yield row[:3]
        else:
            made = born(text_of(row.record, known_by))
            hour.append(_RepeatedRow(row, moments, _likely(made, moments)))
    yield from _parted(hour, time, notes)


def _both(record: Record, time: str, clock: Clock) -> tuple[int, int] | None:
    """Return the two possible moments of a row; None if there are not two."""
    clock.forget()
    try:
        first = clock.read(record.get(time))
        if first is None or not clock.unsure:
            return None
        second = clock.read(record.get(time), first + 24 * 3600 * SECOND)
    except (ValueError, OverflowError, OrderUnknown):
        return None
    return None if second is None else (first, second)


def _likely(made: int | None, moments: tuple[int, int]) -> int | None:
    """Return the hour of a row by its channel's age; None if the channel is too old for that."""
    if made is None:
        return None
    if moments[0] < made - _EARLY:
        return 1
    return 0 if moments[0] < made + _LATE else None


def _parted(rows: Sequence[_RepeatedRow], time: str, notes: list[str]) -> Iterator[Found]:
    """Yield the rows of one repeated hour, each with its moment or with an error."""
    came = sorted(rows, key=lambda row: row.row.number or 0)
    numbered = all(row.row.number is not None for row in rows)
    hours = _by_arrival(came) if numbered else None
    if hours is not None:
        for row, hour in zip(came, hours, strict=True):
            place, text, record, _ = row.row
            if hour is None:
                yield place, text, ValueError(_UNKNOWN)
                continue
            moment = row.moments[hour]
            yield place, text, {**record, time: f"{moment // SECOND}.{moment % SECOND:06d}"}
        return
    lost = sum(row.hour is None for row in rows)
    notes.append(
        f"{counted(len(rows), 'row has', 'rows have')} no numbers that show their order in the "
        "hour that a clock change repeats: a time in that hour may be wrong by an hour, and "
        f"{counted(lost, 'row without a uniqueid is', 'rows without a uniqueid are')} among the "
        "bad records"
    )
    for row in sorted(rows, key=lambda row: row.moments[row.hour or 0]):
        yield (*row.row[:2], row.row.record if row.hour is not None else ValueError(_UNKNOWN))


def _by_arrival(came: Sequence[_RepeatedRow]) -> Sequence[int | None] | None:
    """Return the hours of rows in the order of arrival; None if that is not their order."""
    falls = [
        place
        for place, (one, other) in enumerate(pairwise(came), 1)
        if other.moments[0] < one.moments[0] - _ASTRAY
    ]
    # Times need not fall where the second hour begins, if nothing came for a while.
    first = max((place for place, row in enumerate(came) if row.hour == 0), default=-1)
    second = min((place for place, row in enumerate(came) if row.hour == 1), default=len(came))
    if len(falls) == 1 and falls[0] <= second:
        first, second = falls[0] - 1, falls[0]
    elif falls or first > second:
        return None
    return [0 if place <= first else 1 if place >= second else None for place in range(len(came))]
