"""Finds the events that several recorders of one PBX have recorded, so that each counts once."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, groupby
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.recording import intact
from ast_notebook.recording.archive_files import ArchiveFile
from ast_notebook.recording.layout import SCHEMA, Name, pseudonyms_of
from ast_notebook.recording.sealing import ROWS
from ast_notebook.recording.selection import FORMAT, Selection

Rows = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]
_Times = npt.NDArray[np.int64]

#: Microseconds by which the times of one event may differ, tried in this order; the last one is for
#: events without a time of Asterisk's.
SLACKS = (20_000, 200_000, 2_000_000)
FEW = 10  # unique events by which the clocks of two recorders are compared, at least
#: Events of the recorders themselves, which are never duplicates.
OURS = pa.array(["SessionLost", "SessionRestored", "RecordingLost", "LiveState", "LiveChange"])
_MOMENTS = ("time_us", "received_us")
_OWN = (*_MOMENTS, "received", "time", "recorder")
_COMPARED = [field.name for field in SCHEMA if field.name not in _OWN[2:]]
_DAY = timedelta(days=1)
# The hash is random, since events come from the wire: nobody may forge two that count as one.
_KEY = secrets.token_hex(8)
_NAME, _VALUE, _TIME, _AGAIN = (np.uint64(secrets.randbits(64) | 1) for _ in range(4))


class _Heard(NamedTuple):
    """Arrays of events: hashes of their contents, their times, and their receive times.

    The time is Asterisk's or, without one, the receive time.
    """

    content: _Words
    time: _Times
    received: _Times

    def chosen(self, rows: Rows | npt.NDArray[np.intp]) -> _Heard:
        return _Heard(self.content[rows], self.time[rows], self.received[rows])

    def identity(self) -> _Words:
        return _numbered(_mixed(self.content + self.time.astype(np.uint64) * _TIME))


class Duplicates(NamedTuple):
    """The duplicate rows by file, and how many of them are known only by their time of arrival."""

    rows: dict[Name, Rows]
    by_arrival: int
    mixed: str  # how recorders differ in pseudonyms, in which duplicates are not recognised


def heard_by_several(chosen: Selection, names: list[Name]) -> Duplicates:
    """Return the duplicate rows in the files of one server, which are to be left out.

    Each duplicate has the same headers and the same time of Asterisk's as a row that stays. If a
    proxy has set the times anew, many events have another time at each recorder; only then, the
    times may differ by a fifth of a second. Events without a time of Asterisk's are duplicates if
    they have the same content and arrived within two seconds. The rows of the recorder with more
    events on that day stay. If two recorders have equally many, the rows of the older one stay.
    Events of the recorders themselves always stay.
    """
    rows: dict[Name, Rows] = {}
    by_arrival = 0
    before: list[_Heard] = []
    shared = sorted(_overlapping(chosen, names), key=lambda name: (name.day, name))
    for _, some in groupby(shared, key=lambda name: name.day):
        parts: dict[str, list[tuple[Name, Rows, _Heard]]] = defaultdict(list)
        for name in some:
            parts[name.recorder].append((name, *_read(chosen, name)))
        more = {recorder: -sum(len(part[2].time) for part in parts[recorder]) for recorder in parts}
        kept: list[_Heard] = []
        for recorder in sorted(parts, key=lambda recorder: (more[recorder], recorder)):
            own = _joined([heard for _, _, heard in parts[recorder]])
            others = _joined([*before, *kept])
            again = np.isin(own.identity(), others.identity(), kind="sort")
            timed, untimed = _nearly(own, others, again)
            by_arrival += int(untimed.sum())
            again |= timed | untimed
            kept.append(own.chosen(~again))
            for name, places, heard in parts[recorder]:
                mine, again = again[: len(heard.time)], again[len(heard.time) :]
                if mine.any():
                    rows[name] = np.zeros(len(places), bool)
                    rows[name][places] = mine
        before = kept
    return Duplicates(rows, by_arrival, _mixture(chosen, set(shared)))


def _joined(parts: list[_Heard]) -> _Heard:
    if not parts:
        return _Heard(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    return _Heard(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _nearly(own: _Heard, others: _Heard, again: Rows) -> tuple[Rows, Rows]:
    """Tell which of the remaining events equal other recorders' events at nearly the same time.

    Events with a time of Asterisk's are compared by it only if a proxy has set the times anew on
    each connection. Then the times of many events differ between the recorders by about the same
    amount. Without such a proxy, events with different times are different events, however close
    the times are. Events without a time of Asterisk's are compared by their arrival.
    """
    # Hashes fill 64 bits, from which NumPy 2.0 would make no table.
    left, there = ~again, ~np.isin(others.identity(), own.identity(), kind="sort")
    found = []
    for timed in (True, False):
        mine = np.flatnonzero(left & ((own.time != own.received) == timed))
        theirs = others.chosen(there & ((others.time != others.received) == timed))
        mine = mine[np.isin(own.content[mine], theirs.content, kind="sort")]
        some = own.chosen(mine)
        slacks = SLACKS[:2] if timed else SLACKS
        apart = _apart(some, theirs, slacks[-1])
        found.append(np.zeros(len(again), bool))
        if apart is not None or not timed:
            found[-1][mine] = _nearest(some, theirs, apart or 0, slacks)
    return found[0], found[1]


def _nearest(own: _Heard, others: _Heard, apart: int, slacks: tuple[int, ...]) -> Rows:
    """Pair events with equal ones of `others` at nearly the same time; return which have a pair.

    The times are compared after `apart`, by which the clock of `own` is ahead, is taken off. The
    first of `slacks` is how much they may differ at first, and each further one holds for the
    events that have no pair yet. Each event is in one pair at most.
    """
    found = np.zeros(len(own.time), bool)
    taken = np.zeros(len(others.time), bool)
    mine = np.argsort(own.time, kind="stable").tolist()
    theirs = np.argsort(-others.time, kind="stable").tolist()  # `pop` takes the earliest
    for slack in slacks:
        waiting: dict[int, list[int]] = defaultdict(list)
        for row in theirs:
            if not taken[row]:
                waiting[int(others.content[row])].append(row)
        for row in mine:
            moment = int(own.time[row]) - apart
            those = waiting.get(int(own.content[row]), []) if not found[row] else []
            while those and others.time[those[-1]] < moment - slack:
                those.pop()
            if those and others.time[those[-1]] <= moment + slack:
                found[row] = taken[those.pop()] = True
    return found


def _apart(own: _Heard, others: _Heard, slack: int) -> int | None:
    """Return by how many microseconds a recorder's clock is ahead of the others' clocks.

    It is computed from events that each recorder has exactly once. It is None if there are few, or
    if most of them do not agree within `slack` microseconds.
    """
    (one, mine), (other, theirs) = _only_once(own.content), _only_once(others.content)
    _, here, there = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    ahead = own.time[mine[here]] - others.time[theirs[there]]
    if len(ahead) < FEW:
        return None
    usual = int(np.median(ahead))
    return usual if np.mean(np.abs(ahead - usual) <= slack) > 0.5 else None


def _only_once(contents: _Words) -> tuple[_Words, npt.NDArray[np.intp]]:
    values, places, often = np.unique(contents, return_index=True, return_counts=True)
    return values[often == 1], places[often == 1]


def _numbered(words: _Words) -> _Words:
    """Make equal words different by numbering them."""
    order = np.argsort(words, kind="stable")
    ordered = words[order]
    begins = np.ones(len(words), bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    place = np.arange(len(words))
    number = np.empty(len(words), np.uint64)
    number[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return words + number * _AGAIN


def _mixed(words: _Words) -> _Words:
    """Mix words so that each bit depends on all bits (the finalizer of splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _read(chosen: Selection, name: Name) -> tuple[Rows, _Heard]:
    """Return which rows of a file are Asterisk's events, and these events."""
    heard: list[_Heard] = []
    places: list[Rows] = []
    for place, block in _blocks(chosen, name):
        of_asterisk = ~pc.is_in(block["event"], OURS).to_numpy(zero_copy_only=False)
        at = np.zeros(place + len(block) - sum(map(len, places)), bool)
        at[len(at) - len(block) :] = of_asterisk
        places.append(at)
        times = (block[column].to_numpy() for column in _MOMENTS)
        heard.append(_Heard(_contents(block), *times).chosen(of_asterisk))
    return np.concatenate([np.zeros(0, bool), *places]), _joined(heard)


def _blocks(chosen: Selection, name: Name) -> Iterator[tuple[int, pa.RecordBatch]]:
    file = chosen.by_name[name]
    if not isinstance(file, ArchiveFile):
        place = 0
        for block in file:
            yield place, block
            place += len(block)
        return
    try:
        damaged = chosen.faults.get(file.path, {})
        yield from intact.blocks(chosen.archive_files, file, _COMPARED, damaged, ROWS)
    except FileNotFoundError:
        return  # this is reported when its events are read


def _contents(block: pa.RecordBatch) -> _Words:
    """Return a hash of each event's content without its times, whichever columns hold it."""
    found = np.zeros(len(block), np.uint64)
    for name in block.schema.names:
        column = block[name]
        if name in _OWN or column.null_count == len(column):
            continue
        if name != "extra":
            found += _pairs(_words(pa.array([name])), _words(column), column.is_valid())
            continue
        offsets = column.offsets.to_numpy()
        first, last = int(offsets[0]), int(offsets[-1])
        keys, values = (one.slice(first, last - first) for one in (column.keys, column.items))
        pairs = _pairs(_words(keys), _words(values), values.is_valid())
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(pairs)])
        found += sums[offsets[1:] - first] - sums[offsets[:-1] - first]
    return found


def _pairs(names: _Words, values: _Words, valid: pa.BooleanArray) -> _Words:
    pairs = _mixed(names * _NAME + values * _VALUE)
    return np.where(valid.to_numpy(zero_copy_only=False), pairs, np.uint64(0))


def _words(texts: pa.Array) -> _Words:
    coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    known = coded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    words = pd.util.hash_array(known, hash_key=_KEY, categorize=False)
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    found: _Words = np.append(words, np.uint64(0))[codes]
    return found


def _overlapping(chosen: Selection, names: list[Name]) -> list[Name]:
    """Return the files that may share events with a file of another recorder."""
    recorders: dict[date, set[str]] = defaultdict(set)
    for name in names:
        for day in (
            name.day - _DAY,
            name.day,
            name.day + _DAY,
        ):  # clocks may differ at midnight
            recorders[day].add(name.recorder)
    near = {name for name in names if len(recorders[name.day]) > 1}
    ranges = list(_ranges(chosen, near))
    found: set[Name] = set()
    times = [(time, name, 0) for name, time, _ in ranges]
    arrivals = [(received, name, SLACKS[-1]) for name, _, received in ranges]
    for kind in (times, arrivals):
        active: list[tuple[int, Name]] = []
        for (start, end), name, slack in sorted(kind):
            active = [one for one in active if one[0] >= start]
            others = {one for _, one in active if one.recorder != name.recorder}
            found |= others | ({name} if others else set())
            active.append((end + slack, name))
    return list(found)


_Range = tuple[int, int]


def _ranges(chosen: Selection, names: set[Name]) -> Iterator[tuple[Name, _Range, _Range]]:
    """Yield the ranges of the times of files' events: when they happened and were received."""
    for name, some in chosen.still_open:
        if name in names and some:
            table = pa.Table.from_batches([block.select(list(_MOMENTS)) for block in some])
            time, received = (_range(table[column]) for column in _MOMENTS)
            yield name, time, received
    for file in chosen.sealed:
        if file.name in names:
            try:
                found = [_range_of(chosen, file, column) for column in _MOMENTS]
            except FileNotFoundError:
                continue  # this is reported when its events are read
            if found[0] is not None and found[1] is not None:
                yield file.name, found[0], found[1]


def _range(column: pa.ChunkedArray) -> _Range:
    ends = pc.min_max(column)
    return ends["min"].as_py(), ends["max"].as_py()


def _mixture(chosen: Selection, names: set[Name]) -> str:
    """Tell how recorders differed at one time in their pseudonyms; empty if they did not."""
    spans: dict[str, list[_Range]] = defaultdict(list)
    for name, _, received in _ranges(chosen, names):
        spans[_pseudonyms(chosen, name)].append(received)
    for one, other in combinations(sorted(spans), 2):  # none at all comes first
        if any(a[0] <= b[1] and b[0] <= a[1] for a in spans[one] for b in spans[other]):
            return "with different pseudonyms" if one else "with pseudonyms and without"
    return ""


def _pseudonyms(chosen: Selection, name: Name) -> str:
    file = chosen.by_name[name]
    if not isinstance(file, ArchiveFile):
        return pseudonyms_of(file[0].schema.metadata)
    fragment = FORMAT.make_fragment(file.path, chosen.archive_files.filesystem)
    return pseudonyms_of(fragment.metadata.metadata)


def _range_of(chosen: Selection, file: ArchiveFile, column: str) -> _Range | None:
    """Return the range of a column of a sealed file; None if it has no events.

    The range is read from the footer or, if another program has rewritten the file without it,
    from the column.
    """
    metadata = FORMAT.make_fragment(file.path, chosen.archive_files.filesystem).metadata
    at = metadata.schema.names.index(column)
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    known = [group.column(at).statistics for group in groups if group.num_rows]
    if not known:
        return None
    if all(one is not None and one.has_min_max for one in known):
        return min(one.min for one in known), max(one.max for one in known)
    damaged = chosen.faults.get(file.path, {})
    blocks = [block for _, block in intact.blocks(chosen.archive_files, file, [column], damaged)]
    return _range(pa.Table.from_batches(blocks)[column]) if blocks else None
