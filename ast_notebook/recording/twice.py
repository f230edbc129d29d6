"""What two recorders of one PBX have both heard: counted once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from ast_notebook.recording.layout import Name
from ast_notebook.recording.selection import FORMAT, Selection, dataset
from ast_notebook.recording.shelf import Found, Shelf

Spans = list[tuple[int, int]]

SAMPLE = 10_000  # events by which two recorders are compared
FEW = 2  # of them that only one may have heard, at the edges
SLACK = 2_000_000  # microseconds that they may be apart where Asterisk tells no time
_IDENTITY = ["time_us", "event", "uniqueid"]
_OURS = pa.array(["SessionLost", "SessionRestored", "RecordingLost"])


def heard_twice(chosen: Selection, names: list[Name]) -> dict[str, Spans]:
    """Return, for the recorders of one server, from when to when others have heard the same.

    An event is known again by Asterisk's own time; a recorder without a connection hears nothing.
    Where two recorders heard different things, as with other masks, or of two PBXs of one name, the
    one that heard all of the other's is left, or both.
    """
    days: dict[str, set[Any]] = {}
    for name in names:
        days.setdefault(name.recorder, set()).add(name.day)
    own: dict[str, list[Name]] = {}
    heard: dict[str, Spans] = {}
    for recorder in sorted(days):
        if any(days[recorder] & days[other] for other in days if other != recorder):
            own[recorder] = [name for name in names if name.recorder == recorder]
            heard[recorder] = _heard(chosen, own[recorder])
    twice: dict[str, Spans] = {}
    for first, second in itertools.combinations(heard, 2):
        for span in _both(heard[first], heard[second]):
            for less, more in ((second, first), (first, second)):
                if _has_all_of(chosen, own[more], own[less], span):
                    twice.setdefault(less, []).append(span)
                    heard[less] = _without(heard[less], span)
                    break
    return twice


def _both(some: Spans, others: Spans) -> Spans:
    pairs = itertools.product(some, others)
    spans = [(max(one[0], two[0]), min(one[1], two[1])) for one, two in pairs]
    return [(start, end) for start, end in spans if start <= end]


def _without(spans: Spans, gone: tuple[int, int]) -> Spans:
    start, end = gone
    parts = [part for a, b in spans for part in ((a, min(b, start - 1)), (max(a, end + 1), b))]
    return [(a, b) for a, b in parts if a <= b]


def _has_all_of(
    chosen: Selection, names: list[Name], others: list[Name], span: tuple[int, int]
) -> bool:
    """Tell whether what others heard first at a time was heard by these, too, but for a few."""
    start, end = span
    time, uniqueid = pc.field("time_us"), pc.field("uniqueid")
    wanted = _rows(chosen, others, (time >= start) & (time <= end), SAMPLE)
    if not wanted:
        return True
    until = max(row[0] for row in wanted)
    known = pa.array({row[2] for row in wanted if row[2] is not None}, pa.string())
    near = (time >= start - SLACK) & (time <= until + SLACK)
    there = _rows(chosen, names, near & (uniqueid.is_null() | uniqueid.isin(known)))
    missing = Counter(row[1:] for row in wanted) - Counter(row[1:] for row in there)
    return missing.total() <= max(FEW, len(wanted) // 20)


def _rows(
    chosen: Selection, names: list[Name], condition: pc.Expression, most: int | None = None
) -> list[tuple[int, str, str | None]]:
    """Return time, event and uniqueid of what was heard, our own events left out."""
    parts = [dataset(chosen.shelf, [file]) for file in chosen.sealed if file.name in names]
    parts += [
        ds.dataset(pa.Table.from_batches([block.select(_IDENTITY) for block in some]))
        for name, some in chosen.still_open
        if name in names and some
    ]
    rows: list[tuple[int, str, str | None]] = []
    told = condition & ~pc.field("event").isin(_OURS)
    for part in parts:
        for batch in _readable(part, _IDENTITY, told):
            rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
            if most is not None and len(rows) >= most:
                return rows[:most]
    return rows


def _readable(
    part: ds.Dataset, columns: list[str], told: pc.Expression
) -> Iterator[pa.RecordBatch]:
    """Yield what can be read of one file; who reads its events tells of the damage."""
    try:
        for batch in part.to_batches(columns=columns, filter=told):
            batch.validate(full=True)
            yield batch
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None and not isinstance(error, FileNotFoundError):
            raise


def outside(spans: Spans) -> pc.Expression:
    """Return the condition that an event was at none of these times."""
    time = pc.field("time_us")
    condition = pc.scalar(True)
    for start, end in spans:
        condition = condition & ((time < start) | (time > end))
    return condition


def _heard(chosen: Selection, names: list[Name]) -> Spans:
    """Return from when to when a recorder was connected, in microseconds since 1970 UTC."""
    tables = [
        pa.Table.from_batches([block.select(["time_us", "event"]) for block in some])
        for name, some in chosen.still_open
        if name in names and some
    ]
    edges = [(table["time_us"][0].as_py(), "") for table in tables]
    edges += [(table["time_us"][-1].as_py(), "") for table in tables]
    told = pc.is_in(pc.field("event"), pa.array(["SessionLost", "SessionRestored"]))
    for file in chosen.sealed:
        if file.name in names:
            part = dataset(chosen.shelf, [file])
            batches = _readable(part, ["time_us", "event"], told)
            tables += [pa.Table.from_batches([batch]) for batch in batches]
            edges += [(moment, "") for moment in _range(chosen.shelf, file)]
    rows = [row for table in tables for row in table.filter(told).to_pylist()]
    edges += [(row["time_us"], row["event"]) for row in rows]
    if not edges:
        return []
    edges.sort()
    spans: Spans = []
    start: int | None = edges[0][0]
    for moment, event in edges:
        if event == "SessionLost" and start is not None:
            spans.append((start, moment))
            start = None
        elif event == "SessionRestored":
            start = moment if start is None else start
    if start is not None:
        spans.append((start, edges[-1][0]))
    return spans


def _range(shelf: Shelf, file: Found) -> list[int]:
    """Return when the first and the last event of a sealed file happened; nothing if it has none.

    Its footer tells that, unless another program has rewritten it.
    """
    metadata = FORMAT.make_fragment(file.path, shelf.filesystem).metadata
    column = metadata.schema.names.index("time_us")
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    known = [group.column(column).statistics for group in groups if group.num_rows]
    if all(one is not None and one.has_min_max for one in known):
        return [moment for one in known for moment in (one.min, one.max)]
    rows = _readable(dataset(shelf, [file]), ["time_us"], pc.field("time_us").is_valid())
    times = [batch["time_us"].to_numpy() for batch in rows if len(batch)]
    return [int(moment) for some in times for moment in (some.min(), some.max())]
