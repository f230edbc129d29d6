"""An archive read back: as a frame like the record's own, or lazily where it outgrows memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import frame, narrow
from ast_notebook.recording.headers import PROMOTED
from ast_notebook.recording.layout import (
    TEXTS,
    Name,
    flattened,
    narrowed,
)

if TYPE_CHECKING:
    import duckdb

from ast_notebook.recording.selection import (
    ALL,
    CODED,
    Moment,
    Selection,
    by_server,
    dataset,
    select,
)
from ast_notebook.recording.twice import Spans, heard_twice, outside

_AT_ONCE = 30_000  # rows of a sealed file
_OWN = ("received", "time", "server", "event")


def read(
    place: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    spool: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read an archive's events as one frame, also while it is being written.

    Parameters
    ----------
    place : str or path
        The folder or URL that `Record.to` was given.
    since, until : datetime or str, optional
        Only events received at `since` or later, and before `until`; a moment without a zone is
        in local time.
    servers : collection of str, optional
        Only these PBXs.
    columns : sequence of str, optional
        Only these columns, in this order; a header that no event has is a column of missing
        values.
    where : pyarrow.compute.Expression, optional
        Only the events of which this is true; it may speak of ``event`` and, of `columns`, those
        that `scan` has.
    spool : str or path, optional
        The one that `Record.to` was given.
    options : dict, optional
        What fsspec is to be given besides a URL.

    Returns
    -------
    pandas.DataFrame
        Of the shape of `Record.frame`, in order of arrival. An event that two recorders of one
        PBX have heard is in it once, from the one that began earlier. Where a recorder was killed
        there is a row of the event ``RecordingLost``. ``attrs["archive"]`` tells the number of
        ``files``, the bytes ``torn`` off at the end of which of them, the bytes that are
        ``damaged`` in which, the ``foreign`` ones that were passed over and why, and those that
        were removed while this read, as ``vanished``.

    Raises
    ------
    ConfError
        If there is no such folder, or a file is of a later version.

    Notes
    -----
    With just the columns that calls are made of, a million events take 220 MB, and 600 MB on the
    way. Who wants calls, takes ``%ast history FOLDER``, which reads no more than these need.
    """
    chosen = select(place, since, until, servers, spool, options)
    wanted = None if columns is None else list(dict.fromkeys(columns))
    blocks: list[pa.RecordBatch] = []
    rows: list[tuple[str, int]] = []
    recorders: dict[str, int] = {}
    for server, names in groupby(sorted(chosen.names, key=by_server), lambda name: name.server):
        own = list(names)
        recorders[server] = len({name.recorder for name in own})
        without = heard_twice(chosen, own)
        for block in _blocks(chosen, own, without, wanted, where):
            blocks.append(narrowed(block))
            rows.append((server, len(block)))
    result = frame(blocks, "")
    result["server"] = _servers(rows, list(recorders) or [""])
    if len(recorders) > 1 or any(count > 1 for count in recorders.values()):
        order = np.argsort(result["received"].to_numpy(), kind="stable")
        result = result.iloc[order].reset_index(drop=True)
    if wanted is not None:
        for name in set(wanted).difference(result.columns):
            result[name] = pd.array([None] * len(result), dtype="str")
        result = result[wanted].copy()
    result.attrs["archive"] = {
        "files": len(chosen.sealed) + len(chosen.still_open) - len(chosen.vanished),
        "torn": chosen.torn,
        "damaged": chosen.damaged,
        "foreign": chosen.foreign,
        "vanished": chosen.vanished,
    }
    return result


def table(
    place: str | os.PathLike[str],
    columns: Sequence[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    where: pc.Expression | None = None,
    spool: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> pa.Table:
    """Read some columns of an archive into the least memory that holds them.

    Parameters and errors are those of `read`.

    Returns
    -------
    pyarrow.Table
        ``received`` and ``time`` in microseconds since 1970 UTC, all else as texts in dictionaries;
        file by file.
    """
    chosen = select(place, since, until, servers, spool, options)
    wanted = list(dict.fromkeys(columns))
    schema = pa.schema(
        (name, pa.int64() if name in ("received", "time") else _WORDS) for name in wanted
    )
    twice = _heard_twice(chosen)
    parts: list[pa.Table] = []
    for name in sorted(chosen.names, key=by_server):
        for block in _blocks(chosen, [name], twice, wanted, where):
            if len(block):
                arrays = _columns(block, name.server, wanted)
                parts.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(parts) if parts else schema.empty_table()


_WORDS = pa.dictionary(pa.int16(), pa.string())


def _columns(block: pa.RecordBatch, server: str, wanted: list[str]) -> list[pa.Array]:
    count = len(block)
    known = {name for name in block.schema.names if block[name].null_count < count}
    nothing = pa.nulls(count, _WORDS)  # one for all columns that are
    arrays = []
    for name in wanted:
        if name in ("received", "time"):
            arrays.append(block[f"{name}_us"])
        elif name == "server":
            codes = pa.array(np.zeros(count, np.int16))
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array([server])))
        elif name in known:
            arrays.append(narrow(block[name]))
        elif "extra" in known:
            header = _header(block["extra"], name)
            arrays.append(nothing if header.null_count == count else narrow(header))
        else:
            arrays.append(nothing)
    return arrays


def _header(pairs: pa.MapArray, name: str) -> pa.DictionaryArray:
    """Return the values of one header of a column of pairs."""
    offsets = pairs.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    where = np.flatnonzero(
        pc.equal(pairs.keys.slice(first, last - first), name).to_numpy(zero_copy_only=False)
    )
    rows = np.searchsorted(offsets, where + first, side="right") - 1
    found = pairs.items.take(pa.array(where + first)).dictionary_encode()
    codes = np.full(len(pairs), -1, np.int32)
    codes[rows] = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), found.dictionary)


def scan(
    place: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    spool: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> ds.Dataset:
    """Return an archive as a `pyarrow.dataset.Dataset`, of which nothing is read yet.

    For archives larger than memory: DuckDB, Polars (``scan_pyarrow_dataset``) and narwhals take it
    as it is. Parameters and errors are those of `read`.

    Returns
    -------
    pyarrow.dataset.Dataset
        With the columns of the files: ``received`` and ``time``, the same in microseconds since
        1970 UTC as ``received_us`` and ``time_us``, ``recorder``, ``event``, the frequent headers,
        ``extra`` with all others, ``server`` and ``day``. What is still open is held in memory.
    """
    return _dataset(select(place, since, until, servers, spool, options))


def _dataset(chosen: Selection) -> ds.Dataset:
    parts = [ds.dataset(_still_open(chosen))]
    if chosen.sealed:
        parts.append(dataset(chosen.shelf, chosen.sealed))
    whole = ds.dataset(parts)
    conditions = [chosen.within()]
    for recorder, spans in _heard_twice(chosen).items():
        conditions.append((pc.field("recorder") != recorder) | outside(spans))
    for condition in conditions:
        if condition is not None:
            whole = whole.filter(condition)
    return whole


def _still_open(chosen: Selection) -> pa.Table:
    tables = [
        _with_folders(pa.Table.from_batches([flattened(b, name.recorder) for b in some]), name)
        for name, some in chosen.still_open
        if some
    ]
    return pa.concat_tables(tables) if tables else ALL.empty_table()


def _heard_twice(chosen: Selection) -> dict[str, Spans]:
    twice: dict[str, Spans] = {}
    for _, names in groupby(sorted(chosen.names, key=by_server), lambda name: name.server):
        twice |= heard_twice(chosen, list(names))
    return twice


def relation(
    place: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    columns: Sequence[str] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    spool: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return an archive as a DuckDB relation, of which nothing is read yet.

    The other parameters and the errors are those of `read`.

    Parameters
    ----------
    columns : sequence of str, optional
        Only these, a rare header taken out of ``extra``, and Asterisk's ``<unknown>`` and empty
        texts made missing values; by default the columns of `scan` as they are, in which a rare
        header is ``extra['talktime']`` in SQL.
    connection : duckdb.DuckDBPyConnection, optional
        Where it is to be known; DuckDB's own one in memory by default.
    """
    try:
        import duckdb
    except ImportError:
        raise ConfError("for this, DuckDB is needed: pip install duckdb") from None
    connection = connection or duckdb.default_connection()
    chosen = select(place, since, until, servers, spool, options)
    found = _relation(chosen, connection) if chosen.shelf.is_local else None
    if found is None:
        found = connection.from_arrow(_dataset(chosen))
    if columns is None:
        return found
    return found.project(", ".join(_sql(name) for name in dict.fromkeys(columns)))


def _relation(
    chosen: Selection, connection: duckdb.DuckDBPyConnection
) -> duckdb.DuckDBPyRelation | None:
    """Let DuckDB read the sealed files itself: it takes from them only what a question needs.

    None if there are no such files. It may be asked again and again, which Arrow's scan, that
    decodes all of a column, is too slow for.
    """
    import duckdb

    if not chosen.sealed:
        return None
    names = ", ".join(_quoted(name) for name in ALL.names)
    found = connection.read_parquet(
        [file.path for file in chosen.sealed],
        hive_partitioning=True,
        union_by_name=False,
    ).project(names)
    if chosen.still_open:
        found = found.union(connection.from_arrow(_still_open(chosen)).project(names))
    received = duckdb.ColumnExpression("received_us")
    if chosen.first is not None:
        found = found.filter(received >= chosen.first)
    if chosen.last is not None:
        found = found.filter(received < chosen.last)
    time = duckdb.ColumnExpression("time_us")
    for recorder, spans in _heard_twice(chosen).items():
        own = duckdb.ColumnExpression("recorder") == duckdb.ConstantExpression(recorder)
        for start, end in spans:
            found = found.filter(~(own & (time >= start) & (time <= end)))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sql(name: str) -> str:
    """Return a column of a frame in SQL."""
    quoted = _quoted(name)
    # An event's name is as it is: a condition on it then spares DuckDB most of a file.
    if name == "event" or (name in ALL.names and name not in (*TEXTS, "extra")):
        return quoted
    text = "'" + name.replace("'", "''") + "'"
    value = quoted if name in TEXTS and name != "recorder" else f"extra[{text}]"
    return f"CASE WHEN {value} NOT IN ('', '<unknown>') THEN {value} END AS {quoted}"


def _with_folders(table: pa.Table, name: Name) -> pa.Table:
    count = len(table)
    table = table.append_column("server", pa.array([name.server] * count, pa.string()))
    return table.append_column("day", pa.array([name.day] * count, pa.date32()))


def _blocks(
    chosen: Selection,
    names: list[Name],
    without: dict[str, Spans],
    columns: list[str] | None,
    where: pc.Expression | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the blocks of one server's files, oldest file first."""
    sealed = {file.name: file for file in chosen.sealed}
    still_open = dict(chosen.still_open)
    needed = _needed(columns)
    for name in names:
        limit = pc.scalar(True) if where is None else where
        if name.recorder in without:
            limit = limit & outside(without[name.recorder])
        if name in still_open:
            for block in still_open[name]:
                yield _limited(block.filter(limit).select(needed), columns)
            continue
        within = chosen.within()
        if within is not None:
            limit = limit & within
        path = sealed[name].path
        try:
            with chosen.shelf.filesystem.open_input_file(path) as opened:
                file = pq.ParquetFile(
                    opened, read_dictionary=TEXTS, page_checksum_verification=True
                )
                # Some rows at a time: the column of pairs is large until it is narrowed.
                for block in file.iter_batches(_AT_ONCE, columns=needed, use_threads=False):
                    block.validate(full=True)  # Arrow takes any bytes for text
                    yield _limited(block.filter(limit), columns)
        except FileNotFoundError:
            chosen.vanished.append(path)
        except (pa.ArrowException, OSError) as error:
            if getattr(error, "errno", None) is not None:
                raise
            why = str(error).splitlines()[0][:100]
            chosen.foreign[path] = why
            warnings.warn(f"{path} is damaged, and read only in part: {why}", stacklevel=4)


def _needed(columns: list[str] | None) -> list[str]:
    """Return the columns of the files that those of the frame are made of."""
    if columns is None:
        return [name for name in CODED.names if name not in ("received", "time", "recorder")]
    promoted = [name for name in PROMOTED if name in columns]
    rare = set(columns).difference(PROMOTED, _OWN)
    return ["received_us", "time_us", "event", *promoted, *(["extra"] if rare else [])]


def _limited(block: pa.RecordBatch, columns: list[str] | None) -> pa.RecordBatch:
    """Leave out the pairs of headers that no column is wanted of."""
    if columns is None or "extra" not in block.schema.names:
        return block
    pairs = block["extra"]
    offsets = pairs.offsets.to_numpy()
    wanted = pc.is_in(pairs.keys, pa.array(columns, pa.string())).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(wanted)]).astype(np.int32)
    where = pa.array(np.flatnonzero(wanted[: offsets[-1]]))
    fewer = pa.MapArray.from_arrays(
        pa.array(before[offsets]), pairs.keys.take(where), pairs.items.take(where)
    )
    return block.set_column(block.schema.get_field_index("extra"), "extra", fewer)


def _servers(rows: list[tuple[str, int]], servers: list[str]) -> pd.Categorical[Any]:
    code = {server: number for number, server in enumerate(servers)}
    codes = np.repeat([code[server] for server, _ in rows], [count for _, count in rows])
    return pd.Categorical.from_codes(
        codes.astype(np.int8 if len(servers) < 128 else np.int32),
        dtype=pd.CategoricalDtype(pd.Index(servers, dtype="str")),
    )
