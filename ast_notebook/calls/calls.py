"""Calls and legs of any events, on the engine that one likes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow as pa

from ast_notebook.calls import channels, frames, queues
from ast_notebook.calls.agents import give_pauses, give_sessions, sessions_of
from ast_notebook.calls.engines import keep, tidy
from ast_notebook.calls.from_events import calls_of, from_events
from ast_notebook.calls.parts import in_parts, parted
from ast_notebook.calls.queues import visits_of
from ast_notebook.calls.source import COLUMNS, Source, read, servers
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
    """Make calls of events; `from_events` says what they are.

    Parameters
    ----------
    events : frame
        Events in pandas, Polars, PyArrow, DuckDB or Spark; not in Dask, which cannot do all of it.
    trunks : collection of str, optional
        The devices that lead to the public network.
    engine : str, optional
        ``pandas``, ``polars``, ``duckdb`` or ``spark`` to reckon there whatever a pandas frame of
        events is given; a pandas frame comes back. Without it, events are reckoned on the engine
        that they come with.
    session : pyspark.sql.SparkSession, optional
        For ``spark``: where that is.

    Raises
    ------
    ConfError
        If there is no such engine, or the events are not on it and cannot be brought there.
    """
    if engine is not None and engine not in ENGINES:
        raise ConfError(f"there is no engine {engine!r}: take one of {', '.join(ENGINES)}")
    if not isinstance(events, pd.DataFrame):
        at_hand = "spark" if _is_spark(events) else None
        if engine is not None and not (at_hand == engine or _is(events, engine)):
            raise ConfError(
                f"these events are not {engine}'s: leave the engine out, or give pandas"
            )
        return from_events(events, trunks=trunks)
    if engine is None or engine == "pandas":
        return from_events(events, trunks=trunks)
    if engine == "spark" and session is None:
        raise ConfError("spark wants a session of yours: calls(events, engine='spark', session=…)")
    known = events[[name for name in COLUMNS if name in events]]
    # Categories are Arrow's dictionaries, which Spark does not take.
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
    """All that events tell of calls, queues and agents: four frames, as their functions say."""

    calls: Any
    visits: Any
    sessions: Any
    pauses: Any


def log_of(events: Any, *, trunks: Collection[str] | None = None) -> Log:
    """Return what `from_events`, `visits`, `agent_sessions` and `agent_pauses` do, at one go.

    Parameters and errors are those of `from_events`.
    """
    with tidy(whole := read(events)):
        found, stays, sessions = [], [], []
        for name, source in servers(whole):
            sessions += sessions_of(source, name)
            for part in in_parts(source):
                legs = channels.build(part)
                found.append(keep(calls_of(part, legs, name, trunks)))
                stays.append(keep(visits_of(part, legs, name)))
        return Log(
            frames.give(found, like=events),
            frames.give(stays, like=events, times=queues.TIMES, whole=queues.WHOLE),
            give_sessions(sessions, like=events),
            give_pauses(sessions, like=events),
        )


def _is(events: Any, engine: str) -> bool:
    return str(nw.from_native(events).implementation.name).lower() == engine


def _is_spark(events: Any) -> bool:
    return bool(nw.from_native(events).implementation.is_pyspark())


def legs(events: Any) -> Any:
    """Return a row a channel, halves of Local channels and all.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them.

    Returns
    -------
    frame
        ``call leg server channel device local start answered end ring wait billsec pdd number
        name exten dialled_by status cause queue conference recording``: ``leg`` is the channel's
        uniqueid, ``answered`` is when the channel came up, ``ring`` from the beginning of its dial
        to the end of that, ``wait`` its time in queues, ``billsec`` from its answer to its end
        and ``pdd`` from the beginning of its dial to when it rang, all in seconds; ``number`` and
        ``name`` are its own, ``exten`` is what it dialled, ``dialled_by`` the leg that dialled it
        and ``status`` how that ended. Those who met in a conference have its name in
        ``conference``, and calls of their own.
    """
    with tidy(given := read(events)):
        parts = [keep(_legs(source, name)) for name, source in parted(given)]
        return frames.give(
            parts, like=events, order=("start", "leg"), times=_TIMES, whole=("cause",)
        )


def _legs(source: Source, server: str | None) -> nw.LazyFrame[Any]:
    rows = channels.build(source).with_columns(
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
    )
