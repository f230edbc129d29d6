"""Calls of an archive, in memory, on DuckDB or on Spark."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, tzinfo
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls import frames, memory
from ast_notebook.calls.engines import lazy
from ast_notebook.calls.flow import KINDS as LADDER_KINDS
from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.source import COLUMNS, KINDS, OF_CALLS, needed, needed_in_arrow
from ast_notebook.moments import Moment, moment
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.by_duckdb import relation
from ast_notebook.recording.by_spark import on_spark
from ast_notebook.recording.reading import read, table

if TYPE_CHECKING:
    import duckdb

#: Events are read from this long before a day, since agents may wait on the line since then, and
#: up to one of these times after the day, until all of its calls have ended.
_BEFORE = pd.Timedelta(hours=12)
_LATER = tuple(pd.Timedelta(hours=hours) for hours in (1, 6, 24))


def archive_calls(
    place: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    trunks: Collection[str] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    session: Any = None,
) -> Any:
    """Make calls of an archive on DuckDB or Spark, and leave them there, however many they are.

    Parameters
    ----------
    place : str or path
        The folder or URL that ``Record.to`` was given.
    since, until : datetime or str, optional
        Only events received at `since` or later, and before the end of `until`:
        a moment without a zone is in local time, and a day or a month counts as a whole.
    servers : collection of str, optional
        Only these PBXs.
    trunks : collection of str, optional
        The devices that lead to the public network; see `from_events`.
    connection : duckdb.DuckDBPyConnection, optional
        The connection that keeps the calls in a temporary table; by default a new DuckDB, which
        takes at most 1 GB of memory, and the disk for more.
    session : pyspark.sql.SparkSession, optional
        Make the calls on Spark, whose executors read the files as `on_spark` of
        ``ast_notebook.recording`` says.

    Returns
    -------
    duckdb.DuckDBPyRelation or pyspark.sql.DataFrame
        The calls frame; ``start``, ``answered`` and ``end`` are microseconds since 1970 UTC.

    Raises
    ------
    ConfError
        If there is no such folder, a file is of a later version, or DuckDB is not installed.

    Examples
    --------
    >>> calls = archive_calls("/var/lib/calls")
    >>> calls.aggregate("disposition, count(*), sum(talk)", "disposition").df()
    """
    at = ArchivePlace(place)
    del place  # a URL may hold a password, and a traceback shows what is in sight
    if session is not None:
        on_it = events_on_spark(at, session, since=since, until=until, servers=servers)
        return from_events(on_it, trunks=trunks)
    there = connection or memory.connect()
    with archive_events(at, since=since, until=until, servers=servers, connection=there) as events:
        return from_events(events, trunks=trunks)


def calls_of_day(
    place: str | os.PathLike[str],
    day: date | str,
    *,
    tz: str | tzinfo = "UTC",
    servers: Collection[str] | str = (),
    trunks: Collection[str] | None = None,
) -> pd.DataFrame:
    """Make the calls of an archive that began on one day, so that each day can be computed alone.

    Each day may be computed in its own process or on its own machine; together, the days have all
    calls of the archive. A call counts on the day on which it began, and is followed beyond
    midnight.

    Parameters
    ----------
    place : str or path
        The folder or URL that ``Record.to`` was given.
    day : date or str
        The day, such as ``2026-03-01``.
    tz : str or tzinfo, optional
        The zone in which the day begins and ends.
    servers, trunks
        The same as for `archive_calls`.

    Returns
    -------
    pandas.DataFrame
        The calls frame. Calls are followed until a day after midnight, and agents who wait on the
        line (``AgentLogin``) are known if they have done so for half a day at most.

    Raises
    ------
    ConfError
        If there is no such folder, a file is of a later version, or `day` is no day.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> dd.from_map(lambda day: calls_of_day(folder, day), pd.date_range("2026-03-01", periods=31))
    """
    at = ArchivePlace(place)
    del place  # a URL may hold a password, and a traceback shows what is in sight
    begin = moment(day if isinstance(day, str) else day.isoformat()).tz_localize(None).normalize()
    first, last = (
        one.tz_localize(tz, ambiguous=True, nonexistent="shift_forward")
        for one in (begin, begin + pd.Timedelta(days=1))
    )
    for later in _LATER:
        events = in_memory(at, since=first - _BEFORE, until=last + later, servers=servers)
        found = frames.pandas(
            from_events(events, trunks=trunks).to_pandas(), frames.TIMES, frames.WHOLE
        )
        found = found[(found["start"] >= first) & (found["start"] < last)]
        if not found["end"].isna().any():
            break
    return found.reset_index(drop=True)


@contextmanager
def archive_events(
    place: ArchivePlace, *, connection: duckdb.DuckDBPyConnection, **chosen: Any
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Return the events from which calls are made, in a form that can be read repeatedly."""
    events = relation(place, columns=OF_CALLS, connection=connection, **chosen)
    if not place.is_remote:
        yield events
        return
    # DuckDB reads files itself, and only the parts that a query needs; but it cannot read URLs.
    name = f"events_{uuid.uuid4().hex}"
    few = needed(lazy(events)).to_native()
    source = f"{name}_source"
    place.ask(lambda: few.query(source, f"CREATE TEMP TABLE {name} AS FROM {source}"))
    try:
        yield connection.table(name)
    finally:
        # The table is kept, since the result is a relation that refers to it.
        connection.execute(f"DELETE FROM {name}")  # noqa: S608, a name of ours


def in_memory(place: ArchivePlace, **chosen: Any) -> pa.Table:
    """Read the events from which calls are made, with as few columns as possible."""
    return table(place, OF_CALLS, where=needed_in_arrow(), **chosen)


def events_on_spark(place: ArchivePlace, session: Any, **chosen: Any) -> Any:
    """Return the events from which calls are made as a frame of Spark, with few columns."""
    return on_spark(session, place, columns=OF_CALLS, where=needed_in_arrow(), **chosen)


def events_around(place: ArchivePlace, call: Mapping[str, Any]) -> pd.DataFrame:
    """Read the events around one call again, with all headers that its ladder needs.

    Parameters
    ----------
    place : ArchivePlace
    call : mapping
        The row of the call in a calls frame.
    """
    begin, end = call["start"], call["end"]
    return read(
        place,
        since=None if pd.isna(begin) else begin - _BEFORE,
        until=None if pd.isna(end) else end + _LATER[0],
        servers=() if pd.isna(call["server"]) else [str(call["server"])],
        columns=COLUMNS,
        where=pc.field("event").isin([*KINDS, *LADDER_KINDS]),
    )
