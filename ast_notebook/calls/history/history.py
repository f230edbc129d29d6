"""`history`: reads the logs of a PBX into one calls frame."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from ast_notebook.calls import frames, memory, queues
from ast_notebook.calls.calls import log_of
from ast_notebook.calls.history.archived import (
    archive_events,
    events_around,
    events_on_spark,
    in_memory,
)
from ast_notebook.calls.history.clock import zone_of
from ast_notebook.calls.history.ids import ids_of
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.reading import HistoryOptions, Progress, of_file, of_table
from ast_notebook.calls.history.result import History, pandas_of
from ast_notebook.calls.history.several import is_sqlite, of_folder, of_places
from ast_notebook.calls.history.table import is_database
from ast_notebook.calls.trunks import guess_in_words, guess_trunks, is_guess
from ast_notebook.errors import ConfError
from ast_notebook.moments import PERIODS
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.reading import scan
from ast_notebook.show import plain
from ast_notebook.warned import warn

Kind = Literal["cdr", "cel", "queue_log", "events"]

#: Where calls of an archive can be made.
ENGINES = ("pandas", "duckdb", "spark")


def history(
    *places: str | os.PathLike[str],
    tz: str | tzinfo | None = None,
    kind: Kind | None = None,
    server: str | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    table: str | None = None,
    dates: str | None = None,
    trunks: Collection[str] | None = None,
    members: Mapping[str, str] | None = None,
    engine: str | None = None,
    session: Any = None,
    progress: Progress = None,
) -> History:
    """Read the calls that PBXs have written to their logs.

    A call that several sources have is in the history once, since the sources share uniqueids and
    linkedids. Its row is that of the source that knows most (events, then a CEL, a CDR, a
    queue_log). Notes say what could not be joined.

    Parameters
    ----------
    *places : str or path
        Each is a ``Master.csv`` of cdr_csv, cdr_custom or cel_custom; a ``queue_log``; an export of
        these from a database, a report or a spreadsheet, as CSV or as lines of JSON; a SQLite file;
        the SQLAlchemy URL of a database; a capture of the manager's stream; or an archive's folder
        or URL. Files of text may be packed by gzip, bzip2 or xz. If it is any other folder, all
        such files in it are read, and ``unread`` names those that could not be read.
    tz : str or tzinfo, optional
        The zone of times without one: ``UTC`` if cdr.conf has ``usegmtime=yes``, else the PBX's
        own. It is not needed if the uniqueids, which begin with the second in UTC, show that the
        times are UTC, nor for a queue_log or for times that are numbers. Whatever the source, it is
        the zone of the history's report, too.
    kind : str, optional
        ``cdr``, ``cel``, ``queue_log`` or ``events``; by default it is recognised.
    server : str, optional
        The PBX's name, for the column ``server``.
    columns : sequence or mapping of str, optional
        Asterisk's names of columns, if a file or a table has other names or none: all names in
        order, or a mapping of unknown names, such as ``{"Nummer": "src", "Beginn": "start"}``.
    table : str, optional
        The table of a database; by default it is found by its columns.
    dates : str, optional
        ``dmy`` or ``mdy`` if dates such as 5/7/2024 do not tell the day from the month; ``ymd`` if
        years of two digits come first.
    trunks : collection of str, optional
        Devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
        ``guess`` stands for those that look like it (`ast_notebook.calls.trunks.guess_trunks`); a
        note names them. This reads everything twice.
    members : mapping, optional
        The names of agents by their interfaces, such as ``{"PJSIP/200": "Office"}``. By default, a
        queue_log has the agent's interface where he joins and leaves a queue, and his name
        everywhere else; with ``log_membername_as_agent = yes`` in queues.conf, it has the name
        there, too.
    engine : str, optional
        Where calls of an archive are made: in memory (``pandas``); on DuckDB (``duckdb``), which
        takes 1 GB of memory at most, and the disk for more; or on Spark (``spark``), from which
        calls and queue calls come to pandas. By default, DuckDB does it if the events do not fit
        into half of the memory that is free.
    session : pyspark.sql.SparkSession, optional
        The session for ``spark``.
    progress : callable, optional
        It is called with what is read, and which part of it was read so far, from 0 to 1, or None
        if the whole is unknown.

    Returns
    -------
    History
        Its ``calls`` is the calls frame. Values that a source cannot know are missing. A CDR knows
        who answered and ``billsec``, but not how long people talked, waited or were on hold, and
        its ``answered`` may be the answer of a menu or a queue. A queue_log knows nothing of the
        time before and after the queue.

    Raises
    ------
    ConfError
        If there is no such source, its kind cannot be told, its times have no zone, or there is no
        such engine.

    Warns
    -----
    UserWarning
        If there are notes on the reading, as in `History.notes`: for example, that the uniqueids
        show another time zone than `tz`.

    Examples
    --------
    >>> past = history("/var/log/asterisk/cdr-csv/Master.csv", tz="Europe/Berlin")
    >>> past.bad
    >>> past.calls.groupby("disposition").size()
    >>> history("Master.csv", "queue_log", tz="Europe/Berlin").report(month="last-month")
    >>> history("report.csv", columns={"Quien": "src", "Cuando": "start"}, dates="dmy")
    """
    found_at = [ArchivePlace(one) for one in places]
    del places  # a URL may hold a password, and a traceback shows what is in sight
    if not found_at:
        raise ConfError(
            "nothing to read was named: give a file, a folder, a database or an archive"
        )
    names = [] if columns is None else [*columns]
    if isinstance(columns, Mapping):
        names += columns.values()
    if isinstance(columns, str) or not all(isinstance(name, str) for name in names):
        raise ConfError(
            "columns= has to be a list of names, or a mapping of the file's names to Asterisk's"
        )
    given = columns if columns is None or isinstance(columns, Mapping) else list(columns)
    named = None if is_guess(trunks) else trunks
    wanted = HistoryOptions(
        tz,
        kind,
        server,
        given,
        table,
        dates,
        named,
        members,
        engine,
        session,
        progress,
        len(found_at) > 1,
    )
    if kind not in (None, *get_args(Kind)):
        raise ConfError(f"there is no kind of log {kind!r}: take {', '.join(get_args(Kind))}")
    if engine not in (None, *ENGINES):
        raise ConfError(
            f"history has no engine {engine!r}: take {', '.join(ENGINES)}, or give the events "
            "to calls (docs/archive.md says how for Dask and others)"
        )
    if engine == "spark" and session is None:
        raise ConfError(
            "engine='spark' needs your session: history(folder, engine='spark', session=…)"
        )
    found = _whole(found_at, wanted)
    if is_guess(trunks):
        guess = guess_trunks(found.frame)
        if len(guess):
            found = _whole(found_at, wanted._replace(trunks=guess["device"].tolist()))
        found.notes.append(guess_in_words(guess))
    for note in found.notes:
        warn(note)
    return found


def _whole(places: Sequence[ArchivePlace], wanted: HistoryOptions) -> History:
    return _read(places[0], wanted) if len(places) == 1 else _several(places, wanted)


def _several(places: Sequence[ArchivePlace], wanted: HistoryOptions) -> History:
    for place in places:  # before the first of them is read, which may take long
        if not place.is_remote and not Path(place.name).expanduser().exists():
            raise _missing(Path(place.name))
    files = [place for place in places if _is_file(place)]
    if files and wanted.engine is not None:
        raise ConfError(f"engine= is only for archives, and {files[0].name} is not one")
    read = [_read(place, wanted) for place in places if place not in files]
    parts = [part for one in read for part in one.parts or (one,)]  # of folders, too
    paths = [Path(place.name).expanduser() for place in files]
    made = of_places(dict.fromkeys(paths), parts, wanted, lambda path: _of_path(path, wanted))
    made.unread = pd.concat([made.unread, *(one.unread for one in read)], ignore_index=True)
    return made


def _missing(path: Path) -> ConfError:
    """Return the error for a path that is not there, with a hint at what may be meant."""
    hint = ""
    if str(path) in PERIODS:
        hint = f": a time is told by --since {path} (since={str(path)!r} in Python)"
    else:
        with contextlib.suppress(OSError):
            beside = [one.name for one in path.parent.iterdir()]
            near = difflib.get_close_matches(path.name, beside, 1)
            hint = f": did you mean {plain(str(path.with_name(near[0])))}?" if near else ""
    return ConfError(f"there is no {path}{hint}")


def _is_file(place: ArchivePlace) -> bool:
    return not place.is_remote and Path(place.name).expanduser().is_file()


def _read(place: ArchivePlace, wanted: HistoryOptions) -> History:
    is_table, path = is_database(place), Path(place.name).expanduser()
    if place.is_remote and not is_table:
        return _of_archive(place, wanted)
    if not place.is_remote and path.is_dir():
        return _of_folder(path, wanted)
    if wanted.engine is not None:
        raise ConfError(f"engine= is only for archives, and {place.name} is not one")
    if is_table:
        return of_table(place, wanted)
    if not path.is_file():
        raise _missing(path)
    return _of_path(path, wanted)


def _of_path(path: Path, wanted: HistoryOptions) -> History:
    return of_table(path, wanted) if is_sqlite(path) else of_file(path, wanted)


# --- archives of ours ----------------------------------------------------------------------------


def _of_folder(path: Path, wanted: HistoryOptions) -> History:
    if any(path.glob("server=*")):
        return _of_archive(ArchivePlace(path), wanted)
    if wanted.engine is not None:
        raise ConfError(
            f"engine= is only for archives, and {path} is not one: it has no folder server=…"
        )
    wanted = wanted._replace(ids=True)
    return of_folder(path, wanted, lambda one: _of_path(one, wanted))


def _of_archive(place: ArchivePlace, wanted: HistoryOptions) -> History:
    zone = zone_of(wanted.tz)  # a wrong name is told before all events are read
    servers = () if wanted.server is None else (wanted.server,)
    trunks = wanted.trunks
    notes: list[str] = []
    events = place.ask(scan(place, servers=servers, notes=[]).count_rows)
    if wanted.progress is not None:
        wanted.progress(f"{events:,} events of {place.name}", None)
    fits = wanted.engine is None and memory.fits(events)
    if fits or wanted.engine in ("pandas", "spark"):
        stored = (
            events_on_spark(place, wanted.session, servers=servers, notes=notes)
            if wanted.engine == "spark"
            else in_memory(place, servers=servers, notes=notes)
        )
        log = log_of(stored, trunks=trunks)
        ids = ids_of(stored) if wanted.ids else {}
        log = log._replace(
            calls=pandas_of(log.calls, frames.TIMES, frames.WHOLE),
            visits=pandas_of(log.visits, queues.TIMES, queues.WHOLE),
        )
    else:
        with archive_events(
            place, servers=servers, connection=memory.connect(), notes=notes
        ) as chosen:
            log = log_of(chosen, trunks=trunks)
            ids = ids_of(chosen) if wanted.ids else {}
    made = History(log, "events", place.name, events, Bad(), 0, notes, zone)
    made.ids = ids
    made.events_of = partial(events_around, place)
    return made
