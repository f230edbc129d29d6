"""What two recorders of one PBX have both heard: counted once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.recording.layout import (
    Name,
)
from ast_notebook.recording.selection import FORMAT, Selection, dataset
from ast_notebook.recording.shelf import Found, Shelf

Spans = list[tuple[int, int]]


def heard_twice(chosen: Selection, names: list[Name]) -> dict[str, Spans]:
    """Return, for the recorders of one server, from when to when earlier ones have heard the same.

    An event is known again by Asterisk's own time; a recorder without a connection hears nothing.
    """
    days: dict[str, set[Any]] = {}
    for name in names:
        days.setdefault(name.recorder, set()).add(name.day)
    recorders = sorted(days)
    covered: Spans = []
    twice: dict[str, Spans] = {}
    for number, recorder in enumerate(recorders):
        others = recorders[:number] + recorders[number + 1 :]
        if not any(days[recorder] & days[other] for other in others):
            continue
        heard = _heard(chosen, [name for name in names if name.recorder == recorder])
        if not heard:
            continue  # what it heard is not of the time that is asked for
        first, last = heard[0][0], heard[-1][1]
        both = [(start, end) for start, end in covered if start <= last and first <= end]
        if both:
            twice[recorder] = both
        covered += heard
    return twice


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
    files = [file for file in chosen.sealed if file.name in names]
    edges = [(table["time_us"][0].as_py(), "") for table in tables]
    edges += [(table["time_us"][-1].as_py(), "") for table in tables]
    told = pc.is_in(pc.field("event"), pa.array(["SessionLost", "SessionRestored"]))
    if files:
        tables.append(dataset(chosen.shelf, files).to_table(["time_us", "event"], filter=told))
        for file in files:
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


def _range(shelf: Shelf, file: Found) -> tuple[int, int]:
    """Return when the first and the last event of a sealed file happened, by its footer."""
    metadata = FORMAT.make_fragment(file.path, shelf.filesystem).metadata
    column = metadata.schema.names.index("time_us")
    known = [
        metadata.row_group(n).column(column).statistics for n in range(metadata.num_row_groups)
    ]
    return min(one.min for one in known), max(one.max for one in known)
