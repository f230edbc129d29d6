"""The user's events: a frame of any engine, also one of an archive's own files.

In these files, and in what `relation` and `scan` return, only frequent headers have columns; all
others are pairs of a name and a value in the column ``extra``, out of which they are taken here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from ast_notebook.calls.engines import is_in_sql, is_spark, lazy, microseconds
from ast_notebook.calls.source import COLUMNS, needed, needed_in_arrow
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import narrow
from ast_notebook.recording.headers import PROMOTED
from ast_notebook.units import SECOND

_BY_ARROW = (
    "read the files with partitioning=pyarrow.dataset.partitioning(pyarrow.schema([('server', "
    "pyarrow.string()), ('day', pyarrow.date32())]), flavor='hive')"
)
#: How to let each engine read a PBX's name as text, since it may be 007 or 2026-01-01.
_AS_TEXT = {
    "duckdb": "read the files by SQL with hive_types = {'server': VARCHAR, 'day': DATE}",
    "pandas": _BY_ARROW,
    "polars": "read the files with hive_schema={'server': polars.String, 'day': polars.Date}",
    "pyarrow": _BY_ARROW,
    "pyspark": "set spark.sql.sources.partitionColumnTypeInference.enabled to false",
}
_OURS = "or use read, relation or scan of ast_notebook.recording"
#: Events that a PBX sends once for a channel, or once at a moment for a member of a queue.
_ONCE = (
    "AgentLogin",
    "AgentLogoff",
    "Hangup",
    "QueueMemberAdded",
    "QueueMemberPause",
    "QueueMemberRemoved",
)
_ROWS = 30_000  # a block has no more different words, so that codes of 16 bits suffice
_WORDS = pa.dictionary(pa.int16(), pa.string())
_PAIRS = pa.map_(pa.string(), pa.string())
_OWN = ("server", "time", "event")
_RARE = frozenset(COLUMNS).difference(PROMOTED, _OWN)
_APART = 10 * SECOND  # two recorders receive the same event within this time

#: The type of a function that returns some columns of the events, in one frame or several.
_Parts = Callable[[Sequence[str]], Iterable[nw.LazyFrame[Any]]]


def read(events: Any) -> nw.LazyFrame[Any]:
    """Return the user's events with their ``time`` in microseconds, and a column for each header.

    If the events have a column ``extra``, only the headers from which calls are made are returned,
    and ``<unknown>`` and empty texts are missing values, as in an archive's frame.

    Parameters
    ----------
    events : frame or pyarrow.dataset.Dataset
        Events as `from_events` takes them.

    Raises
    ------
    ConfError
        If calls are not computed on this engine, or the events have no column ``event``, no
        moments as ``time``, or two columns of one name. For events of an archive's files, also if
        ``extra`` is missing or is no map of texts, if a PBX's name is missing or is no text, or if
        an event that two recorders have both heard is there twice.
    """
    if isinstance(events, ds.Dataset):
        return microseconds(lazy(_of_dataset(events)), ("time",))
    if isinstance(events, pd.DataFrame) and not events.columns.is_unique:
        twice = events.columns[events.columns.duplicated()][0]
        raise ConfError(f"the events have the column {twice!r} twice: leave one out")
    frame = lazy(events)
    schema = frame.collect_schema()
    _check_moments(schema)
    _check_rare(schema.names())
    if "extra" in schema:
        engine = "pyspark" if is_spark(frame) else frame.implementation.value
        _check(schema, engine, lambda names: [frame.select(*names)])
        frame = _in_sql(frame) if is_in_sql(frame) else _in_memory(frame)
    return microseconds(frame, ("time",))


def _check_moments(schema: nw.Schema) -> None:
    for name in ("event", "time"):
        if name not in schema:
            raise ConfError(
                f"the events have no column {name!r}: give a frame like sh.ast.events, or "
                "history(path) for a file"
            )
    if isinstance(schema["time"], nw.String | nw.Object | nw.Categorical):
        raise ConfError(
            "the events' column 'time' is text: make it by pd.to_datetime(frame['time'], utc=True)"
        )


# --- frames on an engine, which stay there -------------------------------------------------------


def _in_sql(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    schema = frame.collect_schema()
    native = frame.to_native()
    is_duckdb = frame.implementation.is_duckdb()
    kinds = (
        dict(zip(native.columns, map(str, native.types), strict=True))
        if is_duckdb
        else dict(native.dtypes)
    )
    if not kinds["extra"].upper().startswith("MAP"):
        raise _no_map(kinds["extra"])
    quote = '"' if is_duckdb else "`"
    made = []
    for name in COLUMNS:
        quoted = f"{quote}{name}{quote}"
        value = quoted if name in schema else f"extra['{name}']"
        # An event's name stays unchanged, so that a condition on it spares most of a file.
        if name not in schema or (schema[name] == nw.String and name not in _OWN):
            value = f"CASE WHEN {value} NOT IN ('', '<unknown>') THEN {value} END"
        made.append(f"{value} AS {quoted}")
    return lazy(native.project(", ".join(made)) if is_duckdb else native.selectExpr(*made))


# --- frames in memory, by way of Arrow -----------------------------------------------------------


def _in_memory(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    names = frame.collect_schema().names()
    few = needed(frame.select(*(name for name in (*COLUMNS, "extra") if name in names)))
    if few.implementation.is_pandas():
        rows = few.collect().to_native()
        table = nw.from_native(rows.drop(columns="extra")).lazy().collect("pyarrow").to_native()
        table = table.append_column("extra", _pairs(rows["extra"]))
    else:
        table = few.collect("pyarrow").to_native()
    made = _apart(table.schema, table.to_batches(_ROWS))
    if not frame.implementation.is_polars():
        return lazy(made)
    import polars as pl

    texts = [
        pa.field(field.name, pa.string()) if field.type == _WORDS else field
        for field in made.schema
    ]
    return lazy(pl.from_arrow(made.cast(pa.schema(texts))))


def _of_dataset(events: ds.Dataset) -> pa.Table:
    names = events.schema.names
    wanted = [name for name in (*COLUMNS, "extra") if name in names]
    _check_rare(names)
    if "extra" in names:
        schema = lazy(events.schema.empty_table()).collect_schema()
        _check(schema, "pyarrow", lambda some: _tables(events, some))
    blocks = events.to_batches(columns=wanted, filter=needed_in_arrow())
    schema = pa.schema(events.schema.field(name) for name in wanted)
    if "extra" not in names:
        return pa.Table.from_batches(blocks, schema)
    return _apart(schema, (part for block in blocks for part in _slices(block)))


def _tables(events: ds.Dataset, names: Sequence[str]) -> Iterator[nw.LazyFrame[Any]]:
    for block in events.to_batches(columns=list(names)):
        yield lazy(pa.Table.from_batches([block]))


def _slices(block: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(block), _ROWS):
        yield block.slice(first, _ROWS)


def _apart(schema: pa.Schema, blocks: Iterable[pa.RecordBatch]) -> pa.Table:
    """Give blocks of at most `_ROWS` events a column for each header that is needed."""
    kinds = [
        schema.field(name).type if name in schema.names and not _is_text(schema, name) else _WORDS
        for name in COLUMNS
    ]
    whole = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    return pa.Table.from_batches([_block(block, whole) for block in blocks if len(block)], whole)


def _is_text(schema: pa.Schema, name: str) -> bool:
    kind = schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )


def _block(block: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    rows, keys, values = _flat(block["extra"])
    nothing = pa.nulls(len(block), _WORDS)  # shared by all such columns
    arrays = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name in block.schema.names:
            array = block[name] if kind != _WORDS else block[name].cast(pa.string())
        else:
            where = np.flatnonzero(pc.equal(keys, name).to_numpy(zero_copy_only=False))
            places = np.full(len(block), -1)
            places[rows[where]] = where
            array = values.take(pa.array(places, mask=places < 0)) if len(where) else nothing
        if kind == _WORDS:
            is_empty = array.null_count == len(array)
            array = nothing if is_empty else narrow(array.dictionary_encode())
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _flat(extra: pa.Array) -> tuple[np.ndarray[Any, Any], pa.Array, pa.Array]:
    """Return the row, the name and the value of each wanted pair of a map, or a list of structs."""
    if pa.types.is_null(extra.type):
        extra = extra.cast(_PAIRS)
    try:
        offsets = extra.offsets.to_numpy()
        first, last = int(offsets[0]), int(offsets[-1])
        if pa.types.is_map(extra.type):
            keys, values = extra.keys, extra.items
        else:
            keys, values = extra.values.field("key"), extra.values.field("value")
        keys, values = (
            some.slice(first, last - first).cast(pa.string()) for some in (keys, values)
        )
    except (AttributeError, KeyError, pa.ArrowException):
        raise _no_map(extra.type) from None
    rows = np.repeat(np.arange(len(extra)), np.diff(offsets))
    wanted = pc.is_in(keys, pa.array(COLUMNS))
    return rows[wanted.to_numpy(zero_copy_only=False)], keys.filter(wanted), values.filter(wanted)


def _pairs(column: pd.Series[Any]) -> pa.ChunkedArray:
    """Return the pairs of pandas in Arrow; a frame of `Record` has dictionaries."""
    if isinstance(column.dtype, pd.ArrowDtype):
        whole = pa.array(column)
        return whole if isinstance(whole, pa.ChunkedArray) else pa.chunked_array([whole])
    try:
        return pa.chunked_array([pa.array(map(_pair, column), _PAIRS)])
    except (TypeError, ValueError, pa.ArrowException):
        raise _no_map(column.dtype) from None


def _pair(some: Any) -> Any:
    if isinstance(some, dict):
        return list(some.items())
    if isinstance(some, list | np.ndarray):
        return [(one["key"], one["value"]) if isinstance(one, dict) else one for one in some]
    return None if pd.isna(some) else some


# --- checks of events that would give wrong calls ------------------------------------------------


def _no_map(kind: object) -> ConfError:
    return ConfError(
        f"the column extra is {kind}, but it has to be a map of texts, since it holds the rare "
        f"headers of an archive's events: leave it as it is in the files, {_OURS}"
    )


def _check_rare(names: Collection[str]) -> None:
    """Check that the rare headers were not left out of events that have the columns of files."""
    has_files_columns = "received_us" in names or "time_us" in names
    if has_files_columns and "extra" not in names and not _RARE.intersection(names):
        raise ConfError(
            "the column extra is missing, which holds the rare headers of an archive's events: "
            f"read it, too, {_OURS}"
        )


def _check(schema: nw.Schema, engine: str, parts: _Parts) -> None:
    """Check that the events name their PBXs, and that no event is there twice."""
    if "server" not in schema:
        raise ConfError(
            "the column server is missing: have the names of the archive's folders read, too "
            f"(hive_partitioning=True), {_OURS}"
        )
    kind: object = schema["server"]
    is_text = kind in (nw.String, nw.Categorical, nw.Enum)
    if is_text and kind != nw.String:
        for part in parts(["server"]):
            words = part.head(1).collect("pyarrow").to_native().schema
            kind = words.field("server").type
            is_text = _is_text(words, "server")
            break
    if not is_text:
        raise ConfError(
            f"the column server is {kind}, but the name of a PBX is text, such as 007: "
            f"{_AS_TEXT.get(engine, 'have it read as text')}, {_OURS}"
        )
    if "recorder" in schema and "received_us" in schema:
        first, last = _shared(parts)
        if first <= last and _is_repeated(schema, parts, first, last):
            raise ConfError(
                "two recorders wrote these events of one PBX, so an event that both received is "
                "there twice: use read, relation or scan of ast_notebook.recording, which return "
                "it once"
            )


def _shared(parts: _Parts) -> tuple[int, int]:
    """Return the first and the last moment at which several recorders of one PBX may have written.

    If there is no such moment, the first is later than the last.
    """
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    received = nw.col("received_us")
    for part in parts(["server", "recorder", "received_us"]):
        found = part.filter(~received.is_null()).with_columns(
            nw.col("server", "recorder").cast(nw.String)
        )
        ends = (received.min().alias("first"), received.max().alias("last"))
        for *recorder, first, last in (
            found.group_by("server", "recorder").agg(*ends).collect().rows()
        ):
            before = spans.get(key := tuple(recorder), (first, last))
            spans[key] = min(before[0], first), max(before[1], last)
    begin, end = 0, -1
    open_until: dict[str, int] = {}
    for (server, _), (first, last) in sorted(spans.items(), key=lambda item: item[1]):
        until = open_until.get(server)
        if until is not None and first <= until + _APART:
            begin = first - _APART if end < 0 else begin
            end = max(end, min(until, last) + _APART)
        open_until[server] = last if until is None else max(until, last)
    return begin, end


def _is_repeated(schema: nw.Schema, parts: _Parts, first: int, last: int) -> bool:
    """Tell whether two recorders have the same event, of those that a PBX sends only once."""
    compared = ("server", "event", "time_us", "uniqueid", "interface", "queue")
    key = [name for name in compared if name in schema]
    received = nw.col("received_us")
    # Without Asterisk's time, each recorder has its own; a channel is hung up only once.
    moment = nw.when(nw.col("event") == "Hangup").then(nw.lit(0)).otherwise(nw.col("time_us"))
    some = [
        part.filter(nw.col("event").is_in(_ONCE) & (received >= first) & (received <= last))
        .with_columns(moment.alias("time_us"))
        .select(*key, "recorder")
        .unique()
        for part in parts([*key, "recorder", "received_us"])
    ]
    whole = some[0] if len(some) == 1 else nw.concat([one.collect() for one in some]).lazy()
    often = whole.group_by(*key).agg(nw.len().alias("recorders"))
    return len(often.filter(nw.col("recorders") > 1).head(1).collect()) > 0
