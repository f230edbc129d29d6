"""Adds to narwhals what it lacks: keeps results for later use, and makes frames on any engine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Self

import narwhals as nw
import numpy as np
import pyarrow as pa

from ast_notebook.calls import memory
from ast_notebook.counted import counted
from ast_notebook.errors import ConfError
from ast_notebook.warned import warn


def lazy(native: Any) -> nw.LazyFrame[Any]:
    """Return a frame of any engine as a lazy frame of narwhals.

    Raises
    ------
    ConfError
        If it is no frame, or one of Dask, which cannot keep missing whole numbers.
    """
    try:
        taken: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    except TypeError:
        raise ConfError(
            f"a {type(native).__module__}.{type(native).__qualname__} is not a frame of events: "
            "give one of pandas, Polars, PyArrow, DuckDB or Spark; for a folder or a file, take "
            "history(path)"
        ) from None
    if taken.implementation.is_dask():
        raise ConfError(
            "calls are not computed on Dask: give frame.compute() if that fits into memory, read "
            "the Parquet files by DuckDB or Spark, or have each task call calls_of_day "
            "(ast_notebook.calls.history) for one day of an archive"
        )
    return taken


def microseconds(rows: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Turn the existing columns of times into microseconds since 1970 UTC.

    If narwhals cannot do it (DuckDB, Spark), the engine itself does.
    """
    schema = rows.collect_schema()
    times = [name for name in names if name in schema and schema[name] == nw.Datetime]
    if not times:
        return rows
    if rows.implementation.is_duckdb():
        made = ", ".join(f'epoch_us("{name}") AS "{name}"' for name in times)
        return lazy(rows.to_native().project(f"* REPLACE ({made})"))
    if is_spark(rows):
        kept = [
            f"unix_micros(`{name}`) AS `{name}`" if name in times else f"`{name}`"
            for name in schema
        ]
        return lazy(rows.to_native().selectExpr(*kept))
    return rows.with_columns(nw.col(name).dt.timestamp("us") for name in times)


def is_spark(frame: nw.LazyFrame[Any]) -> bool:
    """Tell whether a frame is Spark's, of a session in this process or of Spark Connect."""
    kind = frame.implementation
    return bool(kind.is_pyspark() or kind.is_pyspark_connect())


def is_in_sql(frame: nw.LazyFrame[Any]) -> bool:
    """Tell whether a frame is on an engine that computes by SQL: DuckDB or Spark."""
    return bool(frame.implementation.is_duckdb()) or is_spark(frame)


def at_once(frame: nw.LazyFrame[Any]) -> bool:
    """Tell whether an engine computes each step at once, without a plan of all steps."""
    kind = frame.implementation
    return bool(kind.is_pyarrow() or kind.is_pandas())


def distinct(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return each row once; for `unique` of narwhals, DuckDB would have to number all rows."""
    names = rows.collect_schema().names()
    return rows.group_by(*names).agg(nw.len().alias("times")).select(*names)


def collected(frame: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """Compute a frame, and return it in Arrow; DuckDB gets more memory for it, if it needs more.

    Raises
    ------
    ConfError
        If there is no more memory.
    """
    if not frame.implementation.is_duckdb():
        return frame.collect("pyarrow")
    return memory.with_room(lambda: frame.collect("pyarrow"), frame.to_native())


class Work:
    """A computation; the results that it keeps on its engine are released at its end.

    It is passed to all functions that keep results, and is used as a context.

    Parameters
    ----------
    events : nw.LazyFrame
        The events from which everything is made.

    Attributes
    ----------
    events : nw.LazyFrame
        As given.
    copies : int
        How many events were left out as copies of others; a warning at the end says so.

    Examples
    --------
    >>> with Work(events) as work:
    ...     kept = work.keep(events.filter(...))
    """

    def __init__(self, events: nw.LazyFrame[Any]) -> None:
        self.events = events
        self._undo: list[Callable[[], object]] = []
        self.copies = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, raised: object, *_: object) -> None:
        for give_back in reversed(self._undo):
            give_back()
        self._undo.clear()
        if self.copies and raised is None:
            warn(
                counted(
                    self.copies,
                    "event is a copy of another, as in frames that overlap: it does not count",
                    "events are copies of others, as in frames that overlap: they do not count",
                )
            )

    def materialise(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame now, and keep the result after the end of this computation, too."""
        before = len(self._undo)
        kept = self.keep(frame)
        del self._undo[before:]
        return kept

    def keep(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Compute a frame now, so that frames that are built on it do not compute it again.

        DuckDB keeps it in a temporary table, which goes to the disk if memory is short. Spark keeps
        it as a local checkpoint, since a plan with all former steps would be too large for its
        optimizer.
        """
        kind = frame.implementation
        if kind.is_duckdb():
            return self._table(frame.to_native(), "SELECT * FROM {source}")
        if is_spark(frame):
            return lazy(frame.to_native().localCheckpoint())
        rows = frame.collect()
        if not kind.is_pyarrow():
            return rows.lazy()
        # The result of an Arrow join has memory for 32,768 rows, however few they are; a copy has
        # not. Each block is copied by itself, since all words together may be too many for one
        # dictionary.
        table = rows.to_native()
        blocks = [block.take(pa.array(np.arange(len(block)))) for block in table.to_batches()]
        return lazy(pa.Table.from_batches(blocks, table.schema))

    def shallow(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Give Spark Connect a name for a frame of many steps; other engines need none.

        A client of Spark Connect sends all steps as one message, whose parts may be nested a
        hundred deep. The server knows the steps of a view already, and is sent only its name.
        """
        if not frame.implementation.is_pyspark_connect():
            return frame
        native, name = frame.to_native(), f"calls_{uuid.uuid4().hex}"
        native.createOrReplaceTempView(name)
        session = native.sparkSession
        self._undo.append(lambda: session.catalog.dropTempView(name))
        return lazy(session.table(name))

    def small(
        self, data: dict[str, list[Any]], schema: dict[str, Any], like: nw.LazyFrame[Any]
    ) -> nw.LazyFrame[Any]:
        """Make a small frame on the engine of another one, and in its session."""
        kind = like.implementation
        if kind.is_polars():
            return nw.from_dict(data, schema, backend="polars").lazy()
        if not is_spark(like):
            rows = nw.from_dict(data, schema, backend="pyarrow")
            if not kind.is_duckdb():
                return rows.lazy()
            return self._table(self._nothing, "SELECT * FROM rows", rows=rows.to_native())
        kinds = {
            nw.String: "string",
            nw.Int64: "bigint",
            nw.Float64: "double",
            nw.Boolean: "boolean",
        }
        columns = ", ".join(f"`{column}` {kinds[kind]}" for column, kind in schema.items())
        session = like.to_native().sparkSession
        return lazy(session.createDataFrame(list(zip(*data.values(), strict=True)), columns))

    def _table(self, native: Any, query: str, rows: Any = None) -> nw.LazyFrame[Any]:
        """Make a temporary table on a relation's connection.

        DuckDB finds `rows` by its name among the variables of the function that asks it.
        """
        name = f"calls_{uuid.uuid4().hex}"
        source = f"{name}_source"
        created = f"CREATE TEMP TABLE {name} AS {query.format(source=source)}"

        def create(rows: Any = rows) -> None:
            native.query(source, created)

        nothing = self._nothing
        memory.with_room(create, nothing)
        self._undo.append(lambda: nothing.query(source, f"DROP TABLE {name}"))
        return lazy(nothing.query(source, f"SELECT * FROM {name}"))  # noqa: S608, a name of ours

    @cached_property
    def _nothing(self) -> Any:
        """A relation on the connection of the events that carries none of them.

        A relation carries everything that it was made from, and DuckDB plans that anew at each use.
        """
        return self.events.to_native().query(f"calls_{uuid.uuid4().hex}", "PRAGMA version")
