"""Events as columns: sealed into compact Arrow batches, and those made into one pandas frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import Event

MISSING = ("", "<unknown>")  # Asterisk's ways to say that there is nothing to say
WIDEST = 500  # headers come from the wire: a frame has so many columns of them, and no more

IDS = (
    "channel",
    "uniqueid",
    "linkedid",
    "destchannel",
    "destuniqueid",
    "destlinkedid",
    "bridgeuniqueid",
)
# The headers that most events of a telephone system carry, each with a column of its own;
# all others share one column of pairs, and come apart again in a frame.
PROMOTED = (
    *IDS,
    "privilege",
    "channelstate",
    "channelstatedesc",
    "calleridnum",
    "calleridname",
    "connectedlinenum",
    "connectedlinename",
    "language",
    "accountcode",
    "context",
    "exten",
    "priority",
    "application",
    "appdata",
    "cause",
    "cause-txt",
    "dialstatus",
    "destcalleridnum",
    "destcalleridname",
    "destexten",
    "destcontext",
    "bridgetype",
    "bridgetechnology",
    "bridgenumchannels",
    "variable",
    "value",
    "device",
    "state",
    "mailbox",
    "queue",
    "interface",
    "membername",
    "position",
    "userevent",
    "source",
    "destination",
)
NUMBERS = frozenset(
    (
        "billableseconds",
        "bridgenumchannels",
        "callstaken",
        "cause",
        "channelstate",
        "count",
        "duration",
        "holdtime",
        "new",
        "old",
        "originalposition",
        "pid",
        "position",
        "priority",
        "ringtime",
        "talktime",
        "urgent",
        "wait",
    )
)
OWN = frozenset(("received", "time", "server", "event", "extra"))

_PROMOTED = frozenset(PROMOTED)
_INDEX = pa.int16()
_TEXTS = pa.dictionary(_INDEX, pa.string())
_PAIRS = pa.map_(pa.string(), pa.string())

Plan = tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...], int]
_plans: dict[tuple[str, ...], Plan] = {}


def _plan(keys: tuple[str, ...]) -> Plan:
    """Where each header of events with these headers goes: a column, a pair, or the time."""
    plan = _plans.get(keys)
    if plan is None:
        columns: list[tuple[int, str]] = []
        pairs: list[tuple[int, str]] = []
        time = -1
        for number, key in enumerate(keys):
            name = key.lower()
            if name == "event":
                continue
            if name == "timestamp":
                time = number
            elif name in _PROMOTED:
                columns.append((number, name))
            else:
                pairs.append((number, f"header_{name}" if name in OWN else name))
        plan = tuple(columns), tuple(pairs), time
        if len(_plans) < 5000:
            _plans[keys] = plan
    return plan


def seal(events: Sequence[Event]) -> pa.RecordBatch:
    """Turn events into a batch of columns, in their order.

    Times are microseconds since 1970 UTC; ``time`` is null where Asterisk sent no ``Timestamp``.
    A batch has those of the `PROMOTED` columns that its events have.
    """
    groups: dict[tuple[str, ...], tuple[list[int], list[tuple[str, ...]]]] = {}
    for number, event in enumerate(events):
        headers = event.headers
        keys = tuple(headers)
        group = groups.get(keys)
        if group is None:
            group = groups[keys] = ([], [])
        group[0].append(number)
        group[1].append(tuple(headers.values()))
    # Events with the same headers are a table as they stand; Arrow, which works outside of
    # Python's lock, then brings the rows of all of them into their order.
    tables = [_table(keys, rows) for keys, (_, rows) in groups.items()]
    places = np.concatenate([numbers for numbers, _ in groups.values()] or [[]]).astype(np.int64)
    known = pa.concat_tables(tables or [_table((), [])], promote_options="default")
    known = known.combine_chunks().take(pa.array(np.argsort(places)))
    arrays: dict[str, pa.Array] = {
        "received": pa.array([event.received for event in events], pa.int64()),
        "time": _first(known["time"]),
        "event": _encode(pa.array([event.name for event in events], pa.string())),
    }
    arrays |= {n: _encode(_first(known[n])) for n in PROMOTED if n in known.column_names}
    if "extra" in known.column_names:
        arrays["extra"] = _first(known["extra"])
    return pa.RecordBatch.from_pydict(arrays)


def _table(keys: tuple[str, ...], rows: list[tuple[str, ...]]) -> pa.Table:
    """Make a table of the values of events that all have these headers."""
    columns, pairs, time = _plan(keys)
    values = list(zip(*rows, strict=True))
    count = len(rows)
    arrays = {"time": _microseconds(values[time]) if time >= 0 else pa.nulls(count, pa.int64())}
    for position, name in columns:
        arrays[name] = pa.array(values[position], pa.string())
    if pairs:
        wide = len(pairs)
        arrays["extra"] = pa.MapArray.from_arrays(
            pa.array(np.arange(0, wide * count + 1, wide, dtype=np.int32)),
            pa.array([name for _, name in pairs] * count, pa.string()),
            pa.array(
                list(chain.from_iterable(zip(*(values[at] for at, _ in pairs), strict=True))),
                pa.string(),
            ),
        )
    return pa.table(arrays)


def _first(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _encode(values: pa.Array) -> pa.Array:
    return values.dictionary_encode().cast(_TEXTS)


def _microseconds(texts: Sequence[str]) -> pa.Array:
    """Read Asterisk's ``1700000000.123456``: a double holds today's microseconds exactly."""
    try:
        seconds = pa.array(texts, pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        seconds = pa.array([_seconds(text) for text in texts], pa.float64())
    return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64(), safe=False)


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def frame(batches: Sequence[pa.RecordBatch], server: str) -> pd.DataFrame:
    """Make one frame of batches, a row an event; its shape is told by `Record.frame`."""
    tables = [pa.Table.from_batches([_wide(batch)]) for batch in batches]
    if not tables:
        tables = [pa.Table.from_batches([_wide(seal([]))])]
    table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    received = table["received"].to_numpy()
    time = table["time"]
    columns: dict[str, Any] = {
        "received": _utc(received),
        "time": _utc(pc.coalesce(time, table["received"]).to_numpy()),
        "server": pd.Categorical.from_codes(
            np.zeros(len(received), np.int8), dtype=pd.CategoricalDtype([server])
        ),
        "event": _column("event", table["event"]),
    }
    names = [name for name in PROMOTED if name in table.column_names or name in IDS[:3]]
    for name in names:
        known = table[name] if name in table.column_names else pa.nulls(len(received), pa.string())
        columns[name] = _column(name, known)
    if "extra" in table.column_names:
        columns |= _apart(table["extra"].combine_chunks())
    return pd.DataFrame(columns)


def _wide(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Widen a batch's int16 codes, which would not hold the values of many batches together."""
    fields = [
        pa.field(field.name, pa.dictionary(pa.int32(), pa.string()))
        if pa.types.is_dictionary(field.type)
        else field
        for field in batch.schema
    ]
    return batch.cast(pa.schema(fields))


def _utc(microseconds: Any) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(microseconds.astype("datetime64[us]")).tz_localize("UTC")


def _column(name: str, values: Any) -> Any:
    """Return one header's values: numbers where all are, text for ids, categories for the rest."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    words = values.dictionary
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    missing = pc.is_in(words, pa.array(MISSING)).to_numpy(zero_copy_only=False)
    if missing.any():
        # The codes of missing words become -1, and those of the words behind them move up.
        moved = np.append(np.where(missing, -1, np.cumsum(~missing) - 1), -1)
        codes = moved[codes]
        words = words.filter(pa.array(~missing))
    if name in NUMBERS:
        try:
            numbers = words.cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            pass  # a user event may put text where Asterisk puts a number: then all is text
        else:
            absent = codes < 0
            values = np.append(numbers, 0)[codes]
            return pd.arrays.IntegerArray(values.astype(np.int64), absent)
    if name in IDS:
        taken = words.take(pa.array(codes, mask=codes < 0))
        return pd.array(taken.to_pandas(), dtype="str")
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(words.to_pandas()))


def _apart(pairs: pa.MapArray) -> dict[str, Any]:
    """Make columns of the column of pairs, the most frequent headers first if there are too many.

    What has no column stays together as ``extra``, a dictionary a row, and a warning says so.
    """
    offsets = pairs.offsets.to_numpy()
    count = len(pairs)
    first, last = int(offsets[0]), int(offsets[-1])
    names = pairs.keys.slice(first, last - first).dictionary_encode()
    values = pairs.items.slice(first, last - first)
    rows = np.repeat(np.arange(count), np.diff(offsets))
    codes = names.indices.to_numpy()
    often = np.bincount(codes, minlength=len(names.dictionary))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(often)
    known = names.dictionary.to_pylist()
    chosen = np.argsort(-often, kind="stable")
    columns: dict[str, Any] = {}
    for code in sorted(chosen[:WIDEST].tolist()):
        where = order[ends[code] - often[code] : ends[code]]
        part = values.take(pa.array(where)).dictionary_encode()
        spread = np.full(count, -1, np.int32)
        spread[rows[where]] = part.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        whole = pa.DictionaryArray.from_arrays(pa.array(spread, mask=spread < 0), part.dictionary)
        columns[known[code]] = _column(known[code], whole)
    if len(chosen) > WIDEST:
        warnings.warn(
            f"{len(chosen)} different headers were heard: the {WIDEST} most frequent are columns, "
            "the rest is in the column `extra`, a dictionary a row",
            stacklevel=2,
        )
        rest: list[dict[str, str] | None] = [None] * count
        for code in chosen[WIDEST:].tolist():
            for where in order[ends[code] - often[code] : ends[code]].tolist():
                row = int(rows[where])
                held = rest[row] = rest[row] or {}
                held[known[code]] = values[where].as_py()
        columns["extra"] = pd.Series(rest, dtype=object)
    return columns
