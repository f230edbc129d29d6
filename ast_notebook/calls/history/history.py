"""`history`: whatever a PBX has written of its calls, as one calls frame."""

from __future__ import annotations

import functools
import html
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa

from ast_notebook.calls import agents, frames, memory, queues
from ast_notebook.calls.calls import Log, log_of
from ast_notebook.calls.history import cdr, cel, queue_log
from ast_notebook.calls.history.archived import archive_events, in_memory
from ast_notebook.calls.history.clock import Clock
from ast_notebook.calls.history.growing import Growing
from ast_notebook.calls.history.lines import Bad, fields, lines
from ast_notebook.calls.history.table import Table, is_database
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.recording.reading import scan

if TYPE_CHECKING:
    import duckdb

Kind = Literal["cdr", "cel", "queue_log", "events"]
Numbered = tuple[int, str | Mapping[str, Any]]


class _Maker(Protocol):
    """Makes calls of records."""

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record; `ValueError` if it cannot be one."""

    def finish(self) -> None:
        """Take it that no further record comes."""


_MAKERS: dict[str, Callable[[Clock, Growing], _Maker]] = {
    "cdr": cdr.Cdr,
    "cel": cel.Cel,
    "queue_log": queue_log.QueueLog,
}


class History:
    """Calls of the past, and what could not be made calls of.

    Attributes
    ----------
    frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The calls frame; it is on DuckDB if the events of an archive are too many for memory, and
        its times are microseconds since 1970 UTC there.
    visits_frame : pandas.DataFrame or duckdb.DuckDBPyRelation
        The stays of callers in queues, as `ast_notebook.calls.visits` has them, where the calls
        are; a CDR and a CEL know of none.
    sessions, pauses : pandas.DataFrame
        What agents did, as `ast_notebook.calls.agent_sessions` and `agent_pauses` have it; neither
        do these know of any.
    kind : str
        What they were read from: ``cdr``, ``cel``, ``queue_log`` or ``events``.
    origin : str
        The file, folder or table.
    records : int
        How many lines, rows or events there were, bad ones included.
    bad : pandas.DataFrame
        What could not be read: ``line``, ``reason`` and ``text``; 10,000 at most.
    bad_count : int
        How many such there were.
    doubtful : int
        Records with a time in the hour that a clock change repeats: it may be an hour off.
    """

    def __init__(
        self,
        log: Log,
        kind: str,
        origin: str,
        records: int,
        bad: Bad,
        doubtful: int,
    ) -> None:
        self.frame: pd.DataFrame | duckdb.DuckDBPyRelation = log.calls
        self.visits_frame: pd.DataFrame | duckdb.DuckDBPyRelation = log.visits
        self.sessions = _pandas(log.sessions, agents.SESSION_TIMES, ("pauses",))
        self.pauses = _pandas(log.pauses, agents.PAUSE_TIMES, ())
        self.kind = kind
        self.origin = origin
        self.records = records
        self.bad = bad.frame()
        self.bad_count = bad.count
        self.doubtful = doubtful

    @cached_property
    def calls(self) -> pd.DataFrame:
        """The calls frame in pandas, brought there at first use if it is on DuckDB."""
        calls = _pandas(self.frame, frames.TIMES, frames.WHOLE)
        calls.attrs["history"] = {
            "bad": self.bad_count,
            "doubtful": self.doubtful,
            "records": self.records,
        }
        return calls

    @cached_property
    def visits(self) -> pd.DataFrame:
        """The visits frame in pandas, brought there at first use if it is on DuckDB."""
        return _pandas(self.visits_frame, queues.TIMES, queues.WHOLE)

    def __len__(self) -> int:
        if isinstance(self.frame, pd.DataFrame):
            return len(self.frame)
        return int(self.frame.aggregate("count(*)").fetchall()[0][0])

    def report(
        self, *, since: datetime | None = None, tz: str | tzinfo | None = None, within: float = 20.0
    ) -> Report:
        """Return what matters of these calls on one page; reckoned where they are."""
        return Report(
            self.frame,
            self.visits_frame,
            sessions=self.sessions,
            pauses=self.pauses,
            since=since,
            tz=tz,
            within=within,
            title=f"Calls of {self.origin}",
        )

    def __repr__(self) -> str:
        return (
            f"<History of {self.origin} ({self.kind}): {len(self):,} calls of "
            f"{self.records:,} records, {self.bad_count:,} bad, {self.doubtful:,} doubtful>"
        )

    def _repr_html_(self) -> str:
        text = f"<p>{html.escape(repr(self)[1:-1])}</p>"
        if self.bad_count:
            text += self.bad.head(5).to_html(index=False, escape=True)
        return text


def _pandas(frame: Any, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    """Bring a frame of Arrow or DuckDB to pandas, if it is not there yet."""
    if isinstance(frame, pd.DataFrame):
        return frame
    made = frame.to_pandas() if isinstance(frame, pa.Table) else frame.df()
    return frames.pandas(made, times, whole)


def history(
    place: str | os.PathLike[str],
    *,
    tz: str | tzinfo | None = None,
    kind: Kind | None = None,
    server: str | None = None,
    columns: Sequence[str] | None = None,
    table: str | None = None,
    trunks: Collection[str] | None = None,
    members: Mapping[str, str] | None = None,
) -> History:
    """Read what PBXs have written of their calls already.

    Parameters
    ----------
    place : str or path
        A ``Master.csv`` of cdr_csv, cdr_custom or cel_custom, a ``queue_log`` (all perhaps packed
        by gzip), a SQLite file, the SQLAlchemy URL of a database, or an archive's folder or URL.
    tz : str or tzinfo, optional
        The zone of times that tell none: ``UTC`` where cdr.conf says ``usegmtime=yes``, else the
        PBX's own. Not needed where the uniqueids, which begin with the second in UTC, show that
        the times are UTC; nor by queue_log and by times that are numbers.
    kind : str, optional
        ``cdr``, ``cel``, ``queue_log`` or ``events``; told by what is there otherwise.
    server : str, optional
        The PBX's name, for the column ``server``.
    columns : sequence of str, optional
        The names of a file's columns, where a cdr_custom.conf or cel_custom.conf has its own.
    table : str, optional
        The table of a database; found by its columns otherwise.
    trunks : collection of str, optional
        Devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
    members : mapping, optional
        The names of agents by their interfaces, such as ``{"PJSIP/200": "Office"}``. By default a
        queue_log has the interface where an agent comes to a queue and leaves it, and the name in
        all else; with ``log_membername_as_agent = yes`` in queues.conf it has the name there, too.

    Returns
    -------
    History
        Its ``calls`` is the calls frame. What a source cannot know is missing: a CDR knows when
        a call was answered and ``billsec``, not how long people talked, waited or held; a
        queue_log knows nothing of what was before and after the queue.

    Raises
    ------
    ConfError
        If there is no such thing, nobody can tell what it is, or its times tell no zone.

    Examples
    --------
    >>> past = history("/var/log/asterisk/cdr-csv/Master.csv", tz="Europe/Berlin")
    >>> past.bad
    >>> past.calls.groupby("disposition").size()
    """
    text = os.fspath(place)
    clock = Clock(tz)
    growing = functools.partial(Growing, server=server, trunks=trunks, members=members)
    if is_database(text):
        return _of_table(text, _without_password(text), clock, kind, table, growing)
    if "://" in text and not text.startswith("file://"):
        return _of_archive(text, server, trunks)
    path = Path(text.removeprefix("file://")).expanduser()
    if path.is_dir():
        return _of_folder(path, server, trunks)
    if not path.is_file():
        raise ConfError(f"there is no {path}")
    with path.open("rb") as file:
        if file.read(16) == b"SQLite format 3\0":
            url = f"sqlite:///{path.absolute()}"
            return _of_table(url, str(path), clock, kind, table, growing)
    return _of_file(path, clock, kind, columns, growing)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


# --- archives of ours ----------------------------------------------------------------------------


def _of_folder(path: Path, server: str | None, trunks: Collection[str] | None) -> History:
    if any(path.glob("server=*")):
        return _of_archive(str(path), server, trunks)
    inside = ("cdr-csv/Master.csv", "cel-custom/Master.csv", "queue_log")
    found = [name for name in inside if (path / name).is_file()]
    if found:
        raise ConfError(f"{path} is a folder: give one of {', '.join(found)} in it")
    raise ConfError(f"{path} is no archive: there is no server=… in it")


def _of_archive(place: str, server: str | None, trunks: Collection[str] | None) -> History:
    servers = () if server is None else (server,)
    events = scan(place, servers=servers).count_rows()
    if memory.fits(events):
        log = log_of(in_memory(place, servers=servers), trunks=trunks)
        log = log._replace(
            calls=_pandas(log.calls, frames.TIMES, frames.WHOLE),
            visits=_pandas(log.visits, queues.TIMES, queues.WHOLE),
        )
    else:
        with archive_events(place, servers=servers, connection=memory.connect()) as chosen:
            log = log_of(chosen, trunks=trunks)
    return History(log, "events", place, events, Bad(), 0)


# --- lines and rows ------------------------------------------------------------------------------


def _of_table(
    url: str,
    name: str,
    clock: Clock,
    kind: Kind | None,
    table: str | None,
    growing: Callable[[str], Growing],
) -> History:
    source = Table(url, table, kind)
    rename = {"cdr": cdr.rename, "cel": cel.rename, "queue_log": queue_log.rename}[source.kind]
    names = rename(source.columns)

    def rows() -> Iterator[Numbered]:
        for number, row in enumerate(source.rows(), 1):
            yield number, dict(zip(names, row.values(), strict=True))

    try:
        origin = f"{name} {source.name}"
        return _read(rows(), origin, clock, Bad(), growing(source.kind), _as_it_is)
    finally:
        source.close()


def _as_it_is(record: Any) -> Mapping[str, Any]:
    return dict(record)


def _of_file(
    path: Path,
    clock: Clock,
    kind: Kind | None,
    columns: Sequence[str] | None,
    growing: Callable[[str], Growing],
) -> History:
    bad = Bad()
    texts = lines(path, bad)
    known = kind or _kind(path, columns)
    if known == "events":
        raise ConfError(f"{path} is a file: give the archive's folder")
    parse = queue_log.record_of if known == "queue_log" else _Parser(known, columns)
    return _read(texts, str(path), clock, bad, growing(known), parse)


def _kind(path: Path, columns: Sequence[str] | None) -> str:
    """Tell what a file is by its first lines.

    Raises
    ------
    ConfError
        If none of them is anything that we know.
    """
    if columns is not None:
        return "cel" if cel.is_header(columns) else "cdr"
    looked = 0
    for _, line in lines(path, Bad()):
        head = line.split("|", 5)
        if len(head) >= 5 and head[0].replace(".", "", 1).isdigit():
            return "queue_log"
        try:
            record = fields(line)
        except ValueError:
            record = []
        for name, module in (("cdr", cdr), ("cel", cel)):
            if module.is_header(record):
                return name
            try:
                module.layout(record)
            except ValueError:
                continue
            return name
        looked += 1
        if looked >= 1000:
            break
    if not looked:
        raise ConfError(f"{path} is empty: nobody can tell what it is; give kind='cdr' or another")
    raise ConfError(
        f"{path} is neither a CDR, a CEL nor a queue_log as Asterisk writes them: "
        "if it has columns of its own, name them by columns=[…]"
    )


class _Parser:
    """Makes records of lines of comma-separated values."""

    def __init__(self, kind: str, columns: Sequence[str] | None) -> None:
        self._module = cdr if kind == "cdr" else cel
        self._names = None if columns is None else self._module.rename(columns)
        self._told = columns is not None

    def __call__(self, line: Any) -> Mapping[str, Any] | None:
        """Return the record; None for a line of names.

        Raises
        ------
        ValueError
            If it is none.
        """
        record = fields(line)
        if self._module.MARK in line.lower() and self._module.is_header(record):
            self._names = self._names if self._told else self._module.rename(record)
            return None
        names = self._names
        if names is None:
            names = self._module.layout(record)
        elif len(record) != len(names):
            raise ValueError(f"{len(record)} fields for {len(names)} columns")
        return dict(zip(names, record, strict=True))


def _read(
    records: Iterator[Any],
    origin: str,
    clock: Clock,
    bad: Bad,
    calls: Growing,
    parse: Callable[[Any], Mapping[str, Any] | None],
) -> History:
    maker = _MAKERS[calls.source](clock, calls)
    count = doubtful = 0
    for number, raw in records:
        count += 1
        clock.forget()
        try:
            record = parse(raw)
            if record is None:
                count -= 1
                continue
            maker.add(record)
        except ConfError:
            raise
        except ValueError as error:
            bad.add(number, error, raw)
        else:
            doubtful += clock.unsure
    maker.finish()
    clock.settle(origin)
    return History(calls.log(), calls.source, origin, count, bad, doubtful)
