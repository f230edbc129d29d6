"""Events as columns: Arrow batches that take little memory, and pandas frames made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.recording.cutting import cut
from ast_notebook.recording.headers import (
    IDS,
    NUMBERS,
    PROMOTED,
    Places,
    by_dialplan,
    first_only,
    named,
    numbers_only,
)
from ast_notebook.warned import warn

MISSING = ("", "<unknown>")  # texts that Asterisk sends for a missing value
WIDEST = 500  # columns of headers at most in a frame, since anybody may send new headers

_OWN_COLUMNS = frozenset(("event", "timestamp", *PROMOTED))

_TEXTS = pa.dictionary(pa.int16(), pa.string())
#: Events as they came, before their headers are cut.
TEXTS = pa.schema([("received", pa.int64()), ("text", pa.string())])
MOST_WORDS = 1 << 15  # of a column of `_TEXTS`


def batch_of(
    texts: Sequence[str] | pa.StringArray, received: Sequence[int] | Places
) -> pa.RecordBatch:
    """Turn the texts of events into a batch of columns, in their order.

    Arrow does the work without Python's lock, so that the reader's thread is not held up. Times are
    microseconds since 1970 UTC; ``time`` is null where Asterisk sent no ``Timestamp``. A batch has
    the `PROMOTED` columns that its events have, and ``extra`` for all other headers. If an event
    has a header repeatedly, the values are joined by line feeds.

    Values that do not belong into the column of their name are in a column ``header_NAME``:
    headers that a dialplan sends with a UserEvent although Asterisk sends one of that name; texts
    in a column of `NUMBERS`; a second ``Event`` or ``Timestamp``; headers named like one of `OWN`.
    """
    lines = cut(pa.array(texts, pa.string()))
    count = len(received)
    rows, words, values = lines.rows, lines.words, lines.values
    names, codes = named(lines.names, lines.codes)
    names, codes = by_dialplan(names, codes, rows)
    names, codes = first_only(names, codes, rows)
    words, values, codes, rows, order = _once(words, values, codes, rows)
    names, other = numbers_only(names, codes, order, words, values)
    if other is not codes:
        words, values, codes, rows, order = _once(words, values, other, rows)

    often = np.bincount(codes, minlength=len(names))
    ends = np.cumsum(often)
    arrays: dict[str, pa.Array] = {"received": pa.array(received, pa.int64())}
    found: dict[str, pa.Array] = {}
    for code, name in enumerate(names):
        if name in _OWN_COLUMNS and often[code]:
            where = order[ends[code] - often[code] : ends[code]]
            found[name] = _column_of(words, values[where], rows[where], count)
    time = found.pop("timestamp", None)
    arrays["time"] = pa.nulls(count, pa.int64()) if time is None else _microseconds(time)
    for name in ("event", *PROMOTED):
        if name in found:
            arrays[name] = found[name]
    if "event" not in arrays:
        arrays["event"] = pa.array([""] * count, pa.string()).dictionary_encode().cast(_TEXTS)
    is_pair = np.array([name not in _OWN_COLUMNS for name in names], bool)
    pairs = np.flatnonzero(is_pair[codes]) if len(names) else np.zeros(0, np.int64)
    if len(pairs):
        offsets = np.zeros(count + 1, np.int32)
        np.cumsum(np.bincount(rows[pairs], minlength=count), out=offsets[1:])
        keys = pa.array(names, pa.string()).take(pa.array(codes[pairs]))
        arrays["extra"] = pa.MapArray.from_arrays(
            pa.array(offsets), keys, words.take(pa.array(values[pairs]))
        )
    return pa.RecordBatch.from_pydict(arrays)


def in_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return events in columns, also if they come as `TEXTS`."""
    if batch.schema.equals(TEXTS):
        return batch_of(batch["text"], batch["received"].to_numpy())
    return batch


def with_names(batch: pa.RecordBatch, events: Collection[str]) -> pa.RecordBatch:
    """Return the events of these names, or all events if none is given; a text is one name."""
    names = pa.array([events] if isinstance(events, str) else list(events), pa.string())
    return batch.filter(pc.is_in(batch["event"].cast(pa.string()), names)) if len(names) else batch


def release() -> None:
    """Release the memory that making columns took in this thread; each thread has its own."""
    pa.default_memory_pool().release_unused()


def _by_code(codes: Places) -> Places:
    """Return the order that sorts the lines by name, and keeps their order within a name."""
    narrow = codes.astype(np.uint16) if codes.max(initial=0) < 1 << 16 else codes
    return np.argsort(narrow, kind="stable")  # radix sort, for narrow ones


def _once(
    words: pa.StringArray, values: Places, codes: Places, rows: Places
) -> tuple[pa.StringArray, Places, Places, Places, Places]:
    """Join repeated headers of an event, and return all values in the order of their names."""
    order = _by_code(codes)
    again = (np.diff(rows[order]) == 0) & (np.diff(codes[order]) == 0)
    if again.any():
        words, values, codes, rows = _joined(words, values, codes, rows, order, again)
        order = _by_code(codes)
    return words, values, codes, rows, order


def _joined(
    words: pa.StringArray,
    values: Places,
    codes: Places,
    rows: Places,
    order: Places,
    again: Places,
) -> tuple[pa.StringArray, Places, Places, Places]:
    """Join the values of lines that have the same event and the same name."""
    firsts = np.flatnonzero(np.append(True, ~again))
    bounds = np.append(firsts, len(order))
    several = np.flatnonzero(np.diff(bounds) > 1)
    parts = np.concatenate([order[bounds[n] : bounds[n + 1]] for n in several])
    offsets = np.append(0, np.cumsum(np.diff(bounds)[several])).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(values[parts])))
    both = pa.concat_arrays([words, pc.binary_join(lists, "\n")]).dictionary_encode()
    moved = both.indices.to_numpy()
    values = moved[values]
    values[order[firsts[several]]] = moved[len(words) :]
    lines = np.sort(order[firsts])
    return both.dictionary, values[lines], codes[lines], rows[lines]


def _column_of(
    words: pa.StringArray, values: Places, rows: Places, count: int
) -> pa.DictionaryArray:
    """Return a header's value for each row, null where it was not sent."""
    used = np.zeros(len(words), bool)
    used[values] = True
    own = np.flatnonzero(used)
    if len(own) > MOST_WORDS:
        raise pa.ArrowInvalid(f"{len(own)} different values of one header in a block")
    code_of = np.zeros(len(words), np.int16)
    code_of[own] = np.arange(len(own))
    places = np.zeros(count, np.int16)
    places[rows] = code_of[values]
    absent = None
    if len(rows) < count:
        absent = np.ones(count, bool)
        absent[rows] = False
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=absent), words.take(pa.array(own)))


def _microseconds(times: pa.DictionaryArray) -> pa.Array:
    """Read Asterisk's ``1700000000.123456``; a double holds the microseconds of today exactly."""
    texts = times.dictionary
    try:
        seconds = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        seconds = pa.array([_seconds(text) for text in texts.to_pylist()], pa.float64())
    likely = pc.and_(pc.greater_equal(seconds, 0), pc.less(seconds, 1e10))  # a number, up to 2286
    seconds = pc.if_else(likely, seconds, pa.scalar(None, pa.float64()))
    return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64()).take(times.indices)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def frame(batches: Sequence[pa.RecordBatch], server: str) -> pd.DataFrame:
    """Make one frame of batches, with a row for each event; see `Record.frame` for its columns."""
    tables = [pa.Table.from_batches([_wide(batch)]) for batch in batches]
    if not tables:
        tables = [pa.Table.from_batches([_wide(batch_of([], []))])]
    table = pa.concat_tables(tables, promote_options="permissive")
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
    heard = {name for name in table.column_names if table[name].null_count < len(table)}
    names = [name for name in PROMOTED if name in heard or name in IDS[:3]]
    for name in names:
        known = table[name] if name in heard else pa.nulls(len(received), pa.string())
        columns[name] = _column(name, known)
    if "extra" in table.column_names:
        columns |= _apart(table["extra"].combine_chunks())
    return pd.DataFrame(columns)


def _wide(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Widen a batch's int16 codes, which are too small for the values of many batches."""
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
    """Return one header's values: numbers if all are, text for ids, categories otherwise."""
    if isinstance(values, pa.ChunkedArray):
        values = values.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    words = values.dictionary
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used = np.zeros(len(words) + 1, bool)
    used[codes] = True  # the last one stands for rows without a value, whose code is -1
    missing = pc.is_in(words, pa.array(MISSING)).to_numpy(zero_copy_only=False)
    missing = missing | ~used[:-1]
    if missing.any():
        # The codes of words that are missing or in no row become -1; later codes move up.
        moved = np.append(np.where(missing, -1, np.cumsum(~missing) - 1), -1)
        codes = moved[codes]
        words = words.filter(pa.array(~missing))
    if name in NUMBERS:
        try:
            numbers = words.cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            pass  # a UserEvent may have text in place of a number: then all values are text
        else:
            absent = codes < 0
            values = np.append(numbers, 0)[codes]
            return pd.arrays.IntegerArray(values.astype(np.int64), absent)
    if name in IDS:
        taken = words.take(pa.array(codes, mask=codes < 0))
        return pd.array(taken.to_pandas(), dtype="str")
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(words.to_pandas()))


def narrow(values: pa.DictionaryArray) -> pa.DictionaryArray:
    """Give up to 32,000 values small codes, and turn Asterisk's missing values into nulls.

    Unused values are removed from the dictionary; reading a file puts many of them into it.
    """
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used = np.zeros(len(values.dictionary) + 1, bool)
    used[codes] = True
    used[:-1] &= ~pc.is_in(values.dictionary, pa.array(MISSING)).to_numpy(zero_copy_only=False)
    used[-1] = False
    moved = np.where(used, np.cumsum(used) - 1, -1)[codes].astype(np.int16)
    words = values.dictionary.filter(pa.array(used[:-1]))
    return pa.DictionaryArray.from_arrays(pa.array(moved, mask=moved < 0), words)


def _apart(pairs: pa.MapArray) -> dict[str, Any]:
    """Make a column for each header in the column of pairs.

    If there are too many headers, only the most frequent ones get a column. The others stay in
    ``extra``, a dictionary in each row, and a warning says so.
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
        warn(
            f"{len(chosen)} different headers were heard: the {WIDEST} most frequent are columns, "
            "the rest is in the column `extra`, a dictionary a row"
        )
        rest: list[dict[str, str] | None] = [None] * count
        for code in chosen[WIDEST:].tolist():
            for where in order[ends[code] - often[code] : ends[code]].tolist():
                row = int(rows[where])
                held = rest[row] = rest[row] or {}
                held[known[code]] = values[where].as_py()
        columns["extra"] = pd.Series(rest, dtype=object)
    return columns
