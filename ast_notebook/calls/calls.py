"""Makes calls and legs of events, on an engine of choice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow as pa

from ast_notebook.calls import channels, frames, queues
from ast_notebook.calls.agents import give_pauses, give_sessions, sessions_of
from ast_notebook.calls.batches import in_batches, in_batches_by_server
from ast_notebook.calls.engines import Work, is_spark
from ast_notebook.calls.events import read
from ast_notebook.calls.from_events import calls_of, from_events
from ast_notebook.calls.quality.worst import legs_with_worst
from ast_notebook.calls.queues import queue_calls_of
from ast_notebook.calls.source import COLUMNS, Source, servers
from ast_notebook.errors import ConfError

ENGINES = ("pandas", "polars", "duckdb", "spark")

_TIMES = ("start", "answered", "end")
_SECONDS = ("ring", "wait", "billsec", "pdd")
_TEXT = (
    "server",
    "channel",
    "device",
    "number",
    "name",
    "exten",
    "dialled_by",
    "status",
    "queue",
    "conference",
    "recording",
)


def calls(
    events: Any,
    *,
    trunks: Collection[str] | None = None,
    engine: str | None = None,
    session: Any = None,
) -> Any:
    """Make calls of events; see `from_events` for their columns.

    Parameters
    ----------
    events : frame
        Events in pandas, Polars, PyArrow, DuckDB or Spark, but not in Dask.
    trunks : collection of str, optional
        The devices that lead to the public network.
    engine : str, optional
        ``pandas``, ``polars``, ``duckdb`` or ``spark``: the engine that computes the calls of a
        pandas frame of events; the result is a pandas frame, too. By default, events are processed
        on the engine that holds them.
    session : pyspark.sql.SparkSession, optional
        The session for ``spark``.

    Raises
    ------
    ConfError
        If there is no such engine, or the events cannot be brought to it.
    """
    if engine is not None and engine not in ENGINES:
        raise ConfError(f"there is no engine {engine!r}: take one of {', '.join(ENGINES)}")
    if not isinstance(events, pd.DataFrame):
        if engine is not None and engine != _engine_of(events):
            raise ConfError(
                f"these events are not a frame of {engine}: leave engine= out, or give a pandas "
                "frame"
            )
        return from_events(events, trunks=trunks)
    if engine is None or engine == "pandas":
        return from_events(events, trunks=trunks)
    if engine == "spark" and session is None:
        raise ConfError(
            "engine='spark' needs your session: calls(events, engine='spark', session=…)"
        )
    whole = read(events).collect().to_pandas() if "extra" in events else events
    known = whole[[name for name in COLUMNS if name in whole]]
    # Categories are Arrow's dictionaries, which Spark does not accept.
    known = known.astype(
        {n: "str" for n in known if isinstance(known[n].dtype, pd.CategoricalDtype)}
    )
    if engine == "polars":
        import polars as pl

        found = from_events(pl.from_pandas(known), trunks=trunks).to_pandas()
    elif engine == "spark":
        there = session.createDataFrame(pa.Table.from_pandas(known, preserve_index=False))
        found = from_events(there, trunks=trunks).toArrow().to_pandas()
    else:
        import duckdb

        with duckdb.connect() as connection:
            table = connection.from_arrow(pa.Table.from_pandas(known, preserve_index=False))
            found = from_events(table, trunks=trunks).to_arrow_table().to_pandas()
    return frames.pandas(found, frames.TIMES, frames.WHOLE)


class Log(NamedTuple):
    """The whole call log: the frames of calls, queue calls, sessions and pauses."""

    calls: Any
    visits: Any
    sessions: Any
    pauses: Any


def log_of(events: Any, *, trunks: Collection[str] | None = None) -> Log:
    """Return the frames of `from_events`, `visits`, `agent_sessions` and `agent_pauses` together.

    Parameters and errors are those of `from_events`.
    """
    with Work(whole := read(events)) as work:
        found, queue_calls, sessions = [], [], []
        for name, source in servers(whole, work):
            sessions += sessions_of(source, name)
            for part in in_batches(source):
                legs = channels.build(part)
                found.append(work.keep(calls_of(part, legs, name, trunks)))
                queue_calls.append(work.keep(queue_calls_of(part, legs, name)))
        return Log(
            frames.give(found, work, like=events),
            frames.give(queue_calls, work, like=events, times=queues.TIMES, whole=queues.WHOLE),
            give_sessions(sessions, work, like=events),
            give_pauses(sessions, work, like=events),
        )


def _engine_of(events: Any) -> str | None:
    frame: Any = nw.from_native(events, pass_through=True)
    kind = getattr(frame, "implementation", None)
    return None if kind is None else "spark" if is_spark(frame) else str(kind.value)


def legs(events: Any) -> Any:
    """Return a row for each channel, including halves of Local channels.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them.

    Returns
    -------
    frame
        A row for each leg. Its columns, and their types in pandas:

        - str: ``call leg server channel device number name exten dialled_by status queue
          conference recording``
        - datetime64[us, UTC]: ``start answered end``
        - float64, in seconds: ``ring wait billsec pdd``
        - float64: ``mos loss jitter rtt``, of which ``loss`` is in percent, and ``jitter`` and
          ``rtt`` are in milliseconds
        - Int64: ``cause``
        - bool: ``local``

        ``leg`` is the channel's uniqueid, and ``local`` says that it is a half of a Local channel.
        ``answered`` is when the channel came up, ``ring`` the time from the beginning to the end of
        its dial, ``wait`` its time in queues, ``billsec`` the time from its answer to its end, and
        ``pdd`` the time from the beginning of its dial until it rang. ``number`` and ``name`` are
        its own, ``exten`` is the extension that it dialled, ``dialled_by`` the leg that dialled it,
        and ``status`` the result of that dial. Channels that met in a conference have its name in
        ``conference``, and belong to calls of their own. ``mos``, ``loss``, ``jitter`` and ``rtt``
        are those of the worse direction; `streams` has both.
    """
    with Work(given := read(events)) as work:
        parts = [
            work.keep(_legs(source, name)) for name, source in in_batches_by_server(given, work)
        ]
        return frames.give(
            parts, work, like=events, order=("start", "leg"), times=_TIMES, whole=("cause",)
        )


def _legs(source: Source, server: str | None) -> nw.LazyFrame[Any]:
    rows = legs_with_worst(channels.build(source), source.voice).with_columns(
        nw.lit(server, dtype=nw.String).alias("server"),
        nw.col("uniqueid").alias("leg"),
        nw.col("up").alias("answered"),
        nw.col("rung").alias("ring"),
        nw.col("waited").alias("wait"),
        (nw.col("end") - nw.col("up")).alias("billsec"),
        (nw.col("ringing") - nw.col("begun")).alias("pdd"),
    )
    return frames.seconds(rows, _SECONDS).select(
        "call",
        "leg",
        *(nw.col(name).cast(nw.String) for name in _TEXT[:3]),
        "local",
        *(nw.col(name).cast(nw.Int64) for name in _TIMES),
        *_SECONDS,
        *(nw.col(name).cast(nw.String) for name in _TEXT[3:8]),
        nw.col("cause").cast(nw.Int64),
        *(nw.col(name).cast(nw.String) for name in _TEXT[8:]),
        *frames.VOICE,
    )
