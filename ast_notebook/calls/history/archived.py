"""Calls of an archive, in memory or on DuckDB."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls import memory
from ast_notebook.calls.engines import lazy
from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.source import KINDS, NEEDED, OF_CALLS, needed
from ast_notebook.recording.reading import relation, table
from ast_notebook.recording.selection import Moment

if TYPE_CHECKING:
    import duckdb


def archive_calls(
    place: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    trunks: Collection[str] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> duckdb.DuckDBPyRelation:
    """Make calls of an archive on DuckDB, and leave them there, however many they are.

    Parameters
    ----------
    place : str or path
        The folder or URL that ``Record.to`` was given.
    since, until : datetime or str, optional
        Only events received at `since` or later, and before `until`; a moment without a zone is
        in local time.
    servers : collection of str, optional
        Only these PBXs.
    trunks : collection of str, optional
        The devices that lead to the public network; see `from_events`.
    connection : duckdb.DuckDBPyConnection, optional
        Where the calls are to be kept, as a temporary table; a DuckDB of their own by default,
        which takes 1 GB at most and goes to the disk for more.

    Returns
    -------
    duckdb.DuckDBPyRelation
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
    there = connection or memory.connect()
    with archive_events(
        place, since=since, until=until, servers=servers, connection=there
    ) as events:
        found: duckdb.DuckDBPyRelation = from_events(events, trunks=trunks)
    return found


@contextmanager
def archive_events(
    place: str | os.PathLike[str], *, connection: duckdb.DuckDBPyConnection, **chosen: Any
) -> Iterator[duckdb.DuckDBPyRelation]:
    """Give those events of an archive that calls are made of, to be gone through repeatedly."""
    events = relation(place, columns=OF_CALLS, connection=connection, **chosen)
    if "://" not in os.fspath(place).removeprefix("file://"):
        yield events
        return
    # DuckDB reads files itself, and of them what a question needs; but no URL.
    name = f"events_{uuid.uuid4().hex}"
    few = needed(lazy(events)).to_native()
    few.query(f"{name}_source", f"CREATE TEMP TABLE {name} AS FROM {name}_source")
    try:
        yield connection.table(name)
    finally:
        # Not dropped: what was made of it is a relation that goes back to it.
        connection.execute(f"DELETE FROM {name}")  # noqa: S608, a name of ours


def in_memory(place: str | os.PathLike[str], **chosen: Any) -> pa.Table:
    """Read those events of an archive that calls are made of, as narrow as can be."""
    event = pc.field("event")
    wanted = event.isin([kind for kind in KINDS if kind not in NEEDED])
    for kind, (header, values) in NEEDED.items():
        wanted = wanted | ((event == kind) & pc.field(header).isin(list(values)))
    return table(place, OF_CALLS, where=wanted, **chosen)
