"""Events of a record as messages again: of columns, such as an archive has, `Event` objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import Event
from ast_notebook.recording.headers import NUMBERS
from ast_notebook.replay.spelling import spelled
from ast_notebook.units import SECOND

_OWN = frozenset(("received", "time", "event", "extra"))
_BESIDE = pa.array([f"header_{name}" for name in sorted(NUMBERS)], pa.string())
#: Events that have the ActionID of an action, and are no entry of its list.
_NEWS = frozenset(("OriginateResponse", "AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd"))


def events_of(
    batch: pa.RecordBatch, is_wanted: Callable[[str], bool]
) -> tuple[list[int], list[Event]]:
    """Return the wanted events of a batch, and before them the row of each.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Columns as those of `recording.columns.seal`.
    is_wanted : callable
        It tells whether events of a name are wanted.
    """
    names = batch["event"]
    wanted = np.array([is_wanted(word) for word in names.dictionary.to_pylist()], bool)
    codes = names.indices.to_numpy()
    if not wanted.any():
        return [], []
    if wanted.all():
        rows = np.arange(len(batch))
    else:
        rows = np.flatnonzero(wanted[codes])
        batch = batch.take(pa.array(rows))
    return rows.tolist(), _made(batch)


def _made(batch: pa.RecordBatch) -> list[Event]:
    names = batch["event"].to_pylist()
    headers: list[dict[str, str]] = [{"Event": name} for name in names]
    repeats: list[tuple[int, str]] = []
    if "privilege" in batch.schema.names:
        _put(headers, repeats, "privilege", batch["privilege"])
    for row, time in enumerate(batch["time"].to_pylist()):
        if time is not None:
            headers[row]["Timestamp"] = f"{time // SECOND}.{time % SECOND:06d}"
    for name in batch.schema.names:
        if name not in _OWN and name != "privilege":
            _put(headers, repeats, name, batch[name])
    if "extra" in batch.schema.names:
        _put_pairs(headers, repeats, batch["extra"])
        _rename_texts(headers, batch["extra"])
    several: dict[int, dict[str, list[str]]] = {}
    for row, name in repeats:
        several.setdefault(row, {})[name] = headers[row][name].split("\n")
    events = []
    received = batch["received"].to_pylist()
    for row, (name, mine, moment) in enumerate(zip(names, headers, received, strict=True)):
        event = Event(mine, name, moment, "", several.get(row))
        event.answer = "ActionID" in mine and name not in _NEWS
        events.append(event)
    return events


def _put(
    headers: list[dict[str, str]], repeats: list[tuple[int, str]], name: str, column: Any
) -> None:
    """Put the values of one column into the headers of each row."""
    header = spelled(name)
    words = column.dictionary.to_pylist()
    codes = column.indices
    if column.null_count:
        rows = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
        values = codes.drop_null().to_numpy()
    else:
        rows, values = np.arange(len(column)), codes.to_numpy()
    for row, code in zip(rows.tolist(), values.tolist(), strict=True):
        headers[row][header] = words[code]
    if any("\n" in word for word in words):
        repeats += [
            (row, header)
            for row, code in zip(rows.tolist(), values.tolist(), strict=True)
            if "\n" in words[code]
        ]


def _rename_texts(headers: list[dict[str, str]], pairs: pa.MapArray) -> None:
    """Give texts their header back that stood beside a column of numbers, such as ``Duration``."""
    offsets = pairs.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = pairs.keys.slice(first, last - first)
    beside = pc.is_in(keys, _BESIDE).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(beside).tolist():
        mine = headers[int(np.searchsorted(offsets, place + first, "right")) - 1]
        name = spelled(keys[place].as_py())
        plain = name.removeprefix("header_")
        if plain not in mine:  # else a dialplan has sent it with its UserEvent, besides Asterisk
            mine[plain] = mine.pop(name)


def _put_pairs(
    headers: list[dict[str, str]], repeats: list[tuple[int, str]], pairs: pa.MapArray
) -> None:
    """Put the pairs of the column of rare headers into the headers of each row."""
    offsets = pairs.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    keys = [spelled(key) for key in pairs.keys.slice(first, last - first).to_pylist()]
    column = pairs.items.slice(first, last - first)
    items = column.to_pylist()
    at = offsets[0]
    for row, end in enumerate(offsets[1:]):
        if end > at:
            headers[row].update(
                zip(keys[at - first : end - first], items[at - first : end - first], strict=True)
            )
        at = end
    if len(column) and pc.any(pc.match_substring(column, "\n")).as_py():
        rows = np.repeat(np.arange(len(pairs)), np.diff(offsets)).tolist()
        repeats += [
            (row, key)
            for row, key, item in zip(rows, keys, items, strict=True)
            if item is not None and "\n" in item
        ]
