"""What narwhals leaves to the engines: to keep a result that is used again, and to make a frame."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from ast_notebook.errors import ConfError


@dataclass
class _Work:
    """What belongs to one reckoning: the events given, and what is to be given back at its end."""

    events: Any
    undo: list[Callable[[], object]] = field(default_factory=list)


_work: ContextVar[_Work] = ContextVar("work")


@contextmanager
def tidy(events: nw.LazyFrame[Any]) -> Iterator[None]:
    """Give back at the end what `keep` and `small` took inside; only there they may be used."""
    work = _Work(events.to_native())
    token = _work.set(work)
    try:
        yield
    finally:
        _work.reset(token)
        for give_back in reversed(work.undo):
            give_back()


def lazy(native: Any) -> nw.LazyFrame[Any]:
    """Take a frame of any engine.

    Raises
    ------
    ConfError
        If it is Dask's, which loses the whole numbers that are missing on the way.
    """
    taken: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    if taken.implementation.is_dask():
        raise ConfError(
            "calls are not reckoned on Dask: give frame.compute() where that fits into memory, or "
            "the Parquet files to DuckDB or Spark"
        )
    return taken


def microseconds(rows: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Make microseconds since 1970 UTC of columns, those of them that are times and there.

    Where narwhals cannot (DuckDB, Spark), the engine itself does.
    """
    schema = rows.collect_schema()
    times = [name for name in names if name in schema and schema[name] == nw.Datetime]
    if not times:
        return rows
    if rows.implementation.is_duckdb():
        made = ", ".join(f'epoch_us("{name}") AS "{name}"' for name in times)
        return lazy(rows.to_native().project(f"* REPLACE ({made})"))
    if rows.implementation.is_pyspark():
        native = rows.to_native()
        for name in times:
            native = native.selectExpr("*", f"unix_micros({name}) AS {name}_us").drop(name)
            native = native.withColumnRenamed(f"{name}_us", name)
        return lazy(native)
    return rows.with_columns(nw.col(name).dt.timestamp("us") for name in times)


def at_once(frame: nw.LazyFrame[Any]) -> bool:
    """Tell whether each step is done as it is written down, with no plan of them all."""
    kind = frame.implementation
    return bool(kind.is_pyarrow() or kind.is_pandas())


def materialise(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Reckon a frame now, and keep it beyond the end of `tidy`."""
    work = _work.get()
    before = len(work.undo)
    kept = keep(frame)
    del work.undo[before:]
    return kept


def keep(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Reckon a frame now, that what is built on it need not reckon it each time.

    DuckDB keeps it in a temporary table, which it puts on disk if memory is short, and Spark as a
    local checkpoint, for a plan that has all the steps before in it grows beyond its optimizer.
    """
    kind = frame.implementation
    if kind.is_duckdb():
        return _table(frame.to_native(), "SELECT * FROM {source}")
    if kind.is_pyspark():
        return lazy(frame.to_native().localCheckpoint())
    rows = frame.collect()
    if not kind.is_pyarrow():
        return rows.lazy()
    # What Arrow has joined has room for 32,768 rows, however few they are; a copy has not. Each
    # block for itself: words of all of them may be too many for the codes of one dictionary.
    table = rows.to_native()
    blocks = [block.take(pa.array(np.arange(len(block)))) for block in table.to_batches()]
    return lazy(pa.Table.from_batches(blocks, table.schema))


def small(
    data: dict[str, list[Any]], schema: dict[str, Any], like: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Make a small frame on the engine of another one, and in its session."""
    kind = like.implementation
    if kind.is_polars():
        return nw.from_dict(data, schema, backend="polars").lazy()
    if not kind.is_pyspark():
        rows = nw.from_dict(data, schema, backend="pyarrow")
        if not kind.is_duckdb():
            return rows.lazy()
        return _table(_work.get().events, "SELECT * FROM rows", rows=rows.to_native())
    kinds = {nw.String: "string", nw.Int64: "bigint", nw.Float64: "double", nw.Boolean: "boolean"}
    columns = ", ".join(f"`{column}` {kinds[kind]}" for column, kind in schema.items())
    session = like.to_native().sparkSession
    return lazy(session.createDataFrame(list(zip(*data.values(), strict=True)), columns))


def _table(native: Any, query: str, rows: Any = None) -> nw.LazyFrame[Any]:
    """Make a temporary table on the connection of a relation, which finds `rows` by its name."""
    name = f"calls_{uuid.uuid4().hex}"
    source = f"{name}_source"
    native.query(source, f"CREATE TEMP TABLE {name} AS {query.format(source=source)}")
    # A relation brings along all that it was made of, whenever it is used. The events given are
    # made of the least, and are on the same connection.
    work = _work.get()
    work.undo.append(lambda: work.events.query(source, f"DROP TABLE {name}"))
    table = work.events.query(source, f"SELECT * FROM {name}")  # noqa: S608, a name of ours
    return lazy(table)
