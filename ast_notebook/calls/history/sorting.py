"""Sorts the records of a file that is not in order of time, such as an export by channel.

An ascending part of a file is a run. Runs in a wrong order are read one after the other, and
overlapping runs are merged. If the times are whole seconds, the run tells the order of one
channel's records, and the kinds of the records tell the rest.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from ast_notebook.calls.history.clock import Clock, born
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.order import oldest_first
from ast_notebook.calls.history.repeated_hour import Found
from ast_notebook.calls.history.spill import Spill, spilling
from ast_notebook.units import SECOND

#: Asterisk itself writes some records out of order, by less than this.
_ASTRAY = SECOND
#: A part of another file may begin with a record that is this much newer than those before it.
_APART = 60 * SECOND
#: The most records of one moment that are put in order by their kinds.
_MOST = 10_000
#: If the records of channels stand together, each channel begins at most this often, on average.
_TOGETHER = 1.5
_FIRST, _EARLY, _MIDDLE, _JOINED, _PARTED, _LATE, _LAST = range(7)
#: The order of kinds of records within a second.
_RANKS = {
    "CHAN_START": _FIRST,
    "1": _FIRST,
    "ENTERQUEUE": _FIRST,
    "APP_START": _EARLY,
    "5": _EARLY,
    "RINGNOANSWER": _EARLY,
    "ANSWER": _MIDDLE,
    "4": _MIDDLE,
    "CONNECT": _JOINED,
    "BRIDGE_ENTER": _JOINED,
    "BRIDGE_EXIT": _PARTED,
    "HANGUP": _LATE,
    "3": _LATE,
    "CHAN_END": _LATE,
    "2": _LATE,
    "ABANDON": _LATE,
    "COMPLETEAGENT": _LATE,
    "COMPLETECALLER": _LATE,
    "LINKEDID_END": _LAST,
}


class _Runs:
    """The records of a file: their times, places, channels and runs.

    Attributes
    ----------
    moments, places : array of int
        The moment of each record in microseconds, and its place in the temporary file.
    begins : array of int
        The numbers of the first records of runs.
    channels : array of int
        A number for the channel of each record.
    falls : int
        How many runs begin with a record that is older than the one before it.
    """

    def __init__(self) -> None:
        self.channels = array("q")
        self.falls = 0
        self._numbers: dict[str | None, int] = {}
        self._changes = 0
        self.moments, self.places, self.begins = array("q"), array("q"), array("q")
        self._newest = 0

    def add(self, moment: int | None, place: int, channel: str | None) -> None:
        """Add a record; a record without a time stays behind the one before it."""
        last = self.moments[-1] if self.moments else 0
        now = last if moment is None else moment
        falls = now < self._newest - _ASTRAY
        if not self.moments or falls or now > self._newest + _APART:
            self.falls += falls
            self.begins.append(len(self.moments))
            self._newest = now
        self._newest = max(self._newest, now)
        number = self._numbers.setdefault(channel, len(self._numbers))
        self._changes += not self.channels or self.channels[-1] != number
        self.channels.append(number)
        self.moments.append(now)
        self.places.append(place)

    @property
    def by_channel(self) -> bool:
        """Whether the records of each channel stand together, or nearly so.

        This is so if the file is sorted by channel or by linkedid, and not by time.
        """
        return self._changes < _TOGETHER * len(self._numbers)

    def order(self, notes: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the numbers of the records in the order in which they are to be read.

        If runs overlap, the run of each record is returned, too; otherwise None.
        """
        moments = np.frombuffer(self.moments, np.int64)
        edges = [*self.begins, len(moments)]
        spans = [
            (int(moments[since:to].min()), int(moments[since:to].max()))
            for since, to in pairwise(edges)
        ]
        written: Sequence[int] = range(len(spans))
        ordered = sorted(written, key=spans.__getitem__)
        back = _steps_back(spans, ordered)
        if back and self.falls > 1:
            notes.append(
                "the records are not in the order of time: they were sorted by their times"
            )
            run = np.repeat(np.arange(len(self.begins)), np.diff(edges))
            return np.argsort(moments, kind="stable"), run
        # If the clock of a PBX was set back, there is no better order.
        if back >= _steps_back(spans, written):
            return np.arange(len(moments)), None
        notes.append(
            "some parts of the log come after newer ones: the parts were read in the order of "
            "their times"
        )
        numbers = [np.arange(edges[one], edges[one + 1]) for one in ordered]
        return np.concatenate(numbers), None


def by_times(found: Iterable[Found], kind: str, clock: Clock, notes: list[str]) -> Iterator[Found]:
    """Yield the records in the order of time; parameters are those of `order.oldest_first`.

    This takes a temporary file, and 24 bytes of memory for each record.
    """
    runs = _Runs()
    # If the newest records stand first, that also holds within a second.
    source = oldest_first(found, kind, Clock(clock.zone, clock.order), [])
    with spilling() as spill:
        for one in source:
            runs.add(_moment(one, kind, clock), spill.put(one), _channel(one, kind))
        if not runs.moments:
            return
        numbers, run = runs.order(notes)
        if run is None:
            yield from (spill.get(runs.places[number]) for number in numbers)
            return
        yield from _merged(spill, runs, numbers, run)


def _merged(spill: Spill, runs: _Runs, numbers: np.ndarray, run: np.ndarray) -> Iterator[Found]:
    """Yield the records of all runs by their times, and copies after all others."""
    copies: list[int] = []
    line = np.frombuffer(runs.channels, np.int64) if runs.by_channel else run
    for _, group in groupby(numbers.tolist(), key=lambda number: runs.moments[number]):
        some = [(number, spill.get(runs.places[number])) for number in group]
        first: dict[str, int] = {}
        kept: list[tuple[int, Found]] = []
        for number, one in some:
            if first.setdefault(repr(one[2]), int(run[number])) == run[number]:
                kept.append((number, one))
            else:
                copies.append(number)
        yield from _by_kind(kept, line) if len(kept) <= _MOST else (one for _, one in kept)
    yield from (spill.get(runs.places[number]) for number in copies)


def _by_kind(some: list[tuple[int, Found]], line: np.ndarray) -> Iterator[Found]:
    """Yield the records of one moment, merged by their kinds; each line keeps its own order."""
    lines: dict[int, list[Found]] = {}
    for number, one in some:
        lines.setdefault(int(line[number]), []).append(one)
    heads = [(_rank(ones[0]), name, 0) for name, ones in lines.items()]
    heapq.heapify(heads)
    while heads:
        _, name, place = heapq.heappop(heads)
        ones = lines[name]
        yield ones[place]
        if place + 1 < len(ones):
            heapq.heappush(heads, (_rank(ones[place + 1]), name, place + 1))


def _rank(one: Found) -> int:
    record = one[2]
    if record is None or isinstance(record, ValueError):
        return _MIDDLE
    kind = text_of(record, "eventtype") or text_of(record, "event") or ""
    return _RANKS.get(kind, _MIDDLE)


def _channel(one: Found, kind: str) -> str | None:
    record = one[2]
    if record is None or isinstance(record, ValueError):
        return None
    return text_of(record, "uniqueid" if kind == "cel" else "callid")


def _moment(one: Found, kind: str, clock: Clock) -> int | None:
    """Return the moment of a record; in a repeated hour, the one nearer to its channel's begin."""
    record = one[2]
    if record is None or isinstance(record, ValueError):
        return None
    clock.forget()
    try:
        near = born(_channel(one, kind))
        return clock.read(record.get("eventtime" if kind == "cel" else "time"), near)
    except (ValueError, OverflowError):
        return None


def _steps_back(spans: Sequence[tuple[int, int]], order: Sequence[int]) -> int:
    """Return the sum of the times by which runs begin before the end of the one before."""
    steps = (spans[one][1] - spans[other][0] for one, other in pairwise(order))
    return sum(step for step in steps if step > _ASTRAY)
