"""Events as columns: sealed into compact Arrow batches, and those made into one pandas frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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

_OWN_COLUMNS = frozenset(("event", "timestamp", *PROMOTED))
Places = np.ndarray[Any, Any]

_INDEX = pa.int16()
_TEXTS = pa.dictionary(_INDEX, pa.string())


def seal(texts: Sequence[str], received: Sequence[int] | Places) -> pa.RecordBatch:
    """Turn the texts of events into a batch of columns, in their order.

    Arrow does the work, outside of Python's lock: the reader's thread is not held up. Times are
    microseconds since 1970 UTC; ``time`` is null where Asterisk sent no ``Timestamp``. A batch has
    those of the `PROMOTED` columns that its events have, and ``extra`` for all other headers.
    """
    count = len(texts)
    lines = pc.split_pattern(pa.array(texts, pa.string()), "\r\n")
    rows = pc.list_parent_indices(lines).to_numpy()
    parts = pc.split_pattern(pc.list_flatten(lines), ": ", max_splits=1)
    names, codes, rows, parts = _named(parts, rows)
    values = pc.list_element(parts, 1)

    order = np.argsort(codes.astype(np.int16), kind="stable")  # by radix, so narrow is fast
    often = np.bincount(codes, minlength=len(names))
    ends = np.cumsum(often)
    sorted_rows = rows[order]
    again = np.flatnonzero(
        (sorted_rows[1:] == sorted_rows[:-1]) & (codes[order[1:]] == codes[order[:-1]])
    )
    repeated = set(codes[order[again]].tolist())
    arrays: dict[str, pa.Array] = {"received": pa.array(received, pa.int64())}
    found: dict[str, pa.Array] = {}
    for code, name in enumerate(names):
        if name in _OWN_COLUMNS:
            part = slice(ends[code] - often[code], ends[code])
            column = _joined if code in repeated else _column_of
            found[name] = column(values, order[part], sorted_rows[part], count)
    time = found.pop("timestamp", None)
    arrays["time"] = pa.nulls(count, pa.int64()) if time is None else _microseconds(time)
    for name in ("event", *PROMOTED):
        if name in found:
            arrays[name] = found[name].dictionary_encode().cast(_TEXTS)
    if "event" not in arrays:
        arrays["event"] = pa.array([""] * count, pa.string()).dictionary_encode().cast(_TEXTS)
    is_pair = np.array([name not in _OWN_COLUMNS for name in names], bool)
    pairs = np.flatnonzero(is_pair[codes]) if names else np.zeros(0, np.int64)
    if len(pairs):
        free = pa.array([f"header_{name}" if name in OWN else name for name in names], pa.string())
        keys, held = free.take(pa.array(codes[pairs])), values.take(pa.array(pairs))
        places = rows[pairs]
        if is_pair[list(repeated)].any():
            keys, held, places = _joined_pairs(keys, held, places)
        offsets = np.zeros(count + 1, np.int32)
        np.cumsum(np.bincount(places, minlength=count), out=offsets[1:])
        arrays["extra"] = pa.MapArray.from_arrays(pa.array(offsets), keys, held)
    return pa.RecordBatch.from_pydict(arrays)


def _named(parts: pa.ListArray, rows: Places) -> tuple[list[str], Places, Places, pa.ListArray]:
    """Return the names of the headers in lower case, and the code of each line's name.

    Lines that are no header (what a command printed) are left out.
    """
    lengths = pc.list_value_length(parts).to_numpy()
    if (lengths != 2).any():
        parts, rows = _odd(parts, lengths, rows)
    keys = pc.list_element(parts, 0).dictionary_encode()
    lower = [name.lower() for name in keys.dictionary.to_pylist()]
    names = list(dict.fromkeys(lower))
    code_of = {name: code for code, name in enumerate(names)}
    same = np.array([code_of[name] for name in lower], np.int32)
    codes = same[keys.indices.to_numpy()] if lower else np.zeros(0, np.int32)
    return names, codes, rows, parts


def _odd(parts: pa.ListArray, lengths: Places, rows: Places) -> tuple[pa.ListArray, Places]:
    """Split the few lines that have no space behind their colon, and leave out those without."""
    fixed = parts.to_pylist()
    for number in np.flatnonzero(lengths != 2).tolist():
        fixed[number] = fixed[number][0].split(":", 1) if fixed[number] else []
    kept = [number for number, part in enumerate(fixed) if len(part) == 2]
    return pa.array([fixed[number] for number in kept], pa.list_(pa.string())), rows[kept]


def _column_of(values: pa.Array, where: Places, rows: Places, count: int) -> pa.Array:
    """Return a header's value for each row, null where it was not sent."""
    if len(where) == count:
        return values.take(pa.array(where))
    places = np.full(count, -1, np.int64)
    places[rows] = where
    return values.take(pa.array(places, mask=places < 0))


def _joined(values: pa.Array, where: Places, rows: Places, count: int) -> pa.Array:
    """Return the same for a header that some events have repeatedly: joined by line feeds."""
    texts: list[list[str]] = [[] for _ in range(count)]
    for row, value in zip(rows.tolist(), values.take(pa.array(where)).to_pylist(), strict=True):
        texts[row].append(value)
    return pa.array(["\n".join(some) if some else None for some in texts], pa.string())


def _joined_pairs(
    keys: pa.Array, values: pa.Array, rows: Places
) -> tuple[pa.Array, pa.Array, Places]:
    """Return pairs in which each row has each name but once."""
    joined: dict[tuple[int, str], str] = {}
    for row, key, value in zip(rows.tolist(), keys.to_pylist(), values.to_pylist(), strict=True):
        place = row, key
        joined[place] = f"{joined[place]}\n{value}" if place in joined else value
    return (
        pa.array([key for _, key in joined], pa.string()),
        pa.array(list(joined.values()), pa.string()),
        np.array([row for row, _ in joined], np.int64),
    )


def _microseconds(texts: pa.Array) -> pa.Array:
    """Read Asterisk's ``1700000000.123456``: a double holds today's microseconds exactly."""
    try:
        seconds = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        seconds = pa.array([_seconds(text) for text in texts.to_pylist()], pa.float64())
    return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64(), safe=False)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def frame(batches: Sequence[pa.RecordBatch], server: str) -> pd.DataFrame:
    """Make one frame of batches, a row an event; its shape is told by `Record.frame`."""
    tables = [pa.Table.from_batches([_wide(batch)]) for batch in batches]
    if not tables:
        tables = [pa.Table.from_batches([_wide(seal([], []))])]
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
