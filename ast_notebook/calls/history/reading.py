"""Makes calls of the records of files and tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from ast_notebook.calls import frames, queues
from ast_notebook.calls.calls import log_of
from ast_notebook.calls.history import cdr, cel, queue_log
from ast_notebook.calls.history.capture import events_of
from ast_notebook.calls.history.clock import Clock, born, zone_of
from ast_notebook.calls.history.columns import TIMES, Shape
from ast_notebook.calls.history.dates import Evidence, OrderUnknown
from ast_notebook.calls.history.file_places import FilePlaces
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.guess import guess
from ast_notebook.calls.history.ids import ids_of
from ast_notebook.calls.history.lines import Bad, text_of
from ast_notebook.calls.history.log_builder import LogBuilder
from ast_notebook.calls.history.order import by_parts, oldest_first
from ast_notebook.calls.history.records import GivenColumns, RecordParser, Separated, records
from ast_notebook.calls.history.repeated_hour import Found, Numbered, in_order
from ast_notebook.calls.history.result import History, pandas_of
from ast_notebook.calls.history.seconds import Signs, SignUnknown
from ast_notebook.calls.history.sorting import by_times
from ast_notebook.calls.history.table import DatabaseTable
from ast_notebook.errors import ConfError
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.units import SECOND

_Arrange = Callable[[Iterator[Found], str, Clock, list[str]], Iterator[Found]]


#: It is called with what is read and which part of it was read so far, from 0 to 1; None if the
#: whole is unknown.
Progress = Callable[[str, float | None], None] | None
_REPORTED = 5_000  # rows of a table between two calls of `Progress`


class HistoryOptions(NamedTuple):
    """The options of `history`, by the names of its parameters, and whether ids are wanted."""

    tz: str | tzinfo | None = None
    kind: str | None = None
    server: str | None = None
    columns: GivenColumns = None
    table: str | None = None
    dates: str | None = None
    trunks: Collection[str] | None = None
    members: Mapping[str, str] | None = None
    engine: str | None = None
    session: Any = None
    progress: Progress = None
    ids: bool = False


class _DisorderError(Exception):
    """Some records come after newer ones."""


class _Maker(Protocol):
    """Makes calls of records."""

    @property
    def disordered(self) -> bool:
        """Whether the records are so much out of order that calls fall apart."""

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record; raise `ValueError` if it is not valid."""

    def finish(self) -> None:
        """Make the calls that are not made yet; no further records come."""


_MAKERS: dict[str, Callable[[Clock, LogBuilder], _Maker]] = {
    "cdr": cdr.Cdr,
    "cel": cel.Cel,
    "queue_log": queue_log.QueueLog,
}


def of_table(at: ArchivePlace | Path, wanted: HistoryOptions) -> History:
    """Read a table of a database, given by a URL or as a SQLite file.

    Raises
    ------
    ConfError
        If there is no such table, it cannot be read, or its kind is unknown.
    """
    name = str(at) if isinstance(at, Path) else at.name
    if wanted.kind == "events":
        raise ConfError(
            f"{name} is a database, but kind='events' is only for archives and captures"
        )
    source = DatabaseTable(at, wanted.table, wanted.kind, wanted.columns)
    try:
        shape = Shape(source.kind, source.columns, wanted.columns)

        def found(_: Bad) -> Iterator[Found]:
            rows = (
                Numbered(place, row, shape.record(list(row.values())), number)
                for place, (number, row) in enumerate(source.rows(), 1)
                if _with_progress(place, source.name, wanted.progress)
            )
            if source.kind == "cdr":  # its records may come in any order
                return (row[:3] for row in rows)
            return in_order(rows, source.kind, Clock(wanted.tz, wanted.dates), source.notes)

        return _read(found, f"{name} {source.name}", source.kind, wanted, source.notes)
    finally:
        source.close()


def _with_progress(place: int, table: str, progress: Progress) -> bool:
    """Call `progress` now and then with the number of rows that were read; always return True."""
    if progress is not None and place % _REPORTED == 0:
        progress(f"{table}, {place:,} rows", None)
    return True


def of_file(path: Path, wanted: HistoryOptions) -> History:
    """Read a file.

    Raises
    ------
    ConfError
        If its kind is unknown, or it cannot be read.
    """
    parser = parser_of(path, wanted)
    return _of_capture(path, wanted) if parser is None else of_files({path: parser}, wanted)


def parser_of(path: Path, wanted: HistoryOptions) -> RecordParser | None:
    """Return the parser for a file's lines; None for a stream of the manager's events.

    Raises
    ------
    ConfError
        If its kind is unknown, or it cannot be read.
    """
    if wanted.table is not None:
        raise ConfError(f"{path} is no database: it has no table {wanted.table}")
    return guess(path, wanted.kind, wanted.columns)


def separator_of(parser: RecordParser) -> str:
    """Return the separator of fields; empty if there is none."""
    return parser.form.separator if isinstance(parser, Separated) else ""


def of_files(parsers: Mapping[Path, RecordParser], wanted: HistoryOptions) -> History:
    """Read files of one kind as one log, such as a queue_log and the older ones of it."""
    sizes = [path.stat().st_size for path in parsers]
    total = max(1, sum(sizes))
    places = FilePlaces([str(path) for path in parsers])

    def found(bad: Bad) -> Iterator[Found]:
        places.begin()
        for number, (path, parser) in enumerate(parsers.items()):
            before = sum(sizes[:number])

            def heard(count: int, path: Path = path, before: int = before) -> None:
                if wanted.progress is not None:
                    wanted.progress(path.name, (before + count) / total)

            for line, text, record in records(lines(path, places.bad_of(bad), heard), parser):
                yield places.number(line), text, record
            places.over()

    first = next(iter(parsers.values()))
    kind, separator = first.kind, separator_of(first)
    origin = " and ".join(map(str, parsers))
    made = _read(found, origin, kind, wanted, separator=separator)
    made.bad = places.named(made.bad)
    return made


def _of_capture(path: Path, wanted: HistoryOptions) -> History:
    bad, notes = Bad(), list[str]()
    events, count = events_of(lines(path, bad), str(path), bad, notes)
    if not count:
        first = bad.frame().head(1)
        why = "".join(
            f": line {at}: {why}" for at, why in zip(first["line"], first["reason"], strict=True)
        )
        raise ConfError(f"{path} has no events of the manager's interface{why}")
    if wanted.server is not None:
        events = events.assign(server=wanted.server)
    log = log_of(events, trunks=wanted.trunks)
    log = log._replace(
        calls=pandas_of(log.calls, frames.TIMES, frames.WHOLE),
        visits=pandas_of(log.visits, queues.TIMES, queues.WHOLE),
    )
    zone = zone_of(wanted.tz)
    made = History(log, "events", str(path), count + bad.count, bad, 0, notes, zone)
    made.ids = ids_of(events) if wanted.ids else {}
    made.events_of = partial(_captured, path, wanted.server)
    return made


def _captured(path: Path, server: str | None, call: Mapping[str, Any]) -> pd.DataFrame:
    """Read the events of a capture again, to draw one of its calls."""
    del call  # all of them fit in memory
    events, _ = events_of(lines(path, Bad()), str(path), Bad(), [])
    return events if server is None else events.assign(server=server)


def _read(
    source: Callable[[Bad], Iterator[Found]],
    origin: str,
    kind: str,
    wanted: HistoryOptions,
    notes: Sequence[str] = (),
    separator: str = "",
) -> History:
    order, signs = wanted.dates, Signs(separator)
    arranged: _Arrange = oldest_first

    def plain(bad: Bad) -> Iterator[Found]:
        return signs.plain(source(bad)) if kind == "cdr" else source(bad)

    while True:
        try:
            return _made(plain, origin, kind, wanted._replace(dates=order), notes, arranged)
        except OrderUnknown:
            order = _order(source, origin, kind)
        except SignUnknown:
            signs.learn(source(Bad()))
        except _DisorderError:
            arranged = by_parts if kind == "cdr" else by_times


def _made(
    source: Callable[[Bad], Iterator[Found]],
    origin: str,
    kind: str,
    wanted: HistoryOptions,
    notes: Sequence[str],
    arranged: _Arrange,
) -> History:
    clock, bad = Clock(wanted.tz, wanted.dates), Bad()
    calls = LogBuilder(kind, wanted.server, wanted.trunks, wanted.members)
    calls.ids = {} if wanted.ids else None
    maker = _MAKERS[kind](clock, calls)
    good = doubtful = 0
    looking = Clock(wanted.tz, wanted.dates)
    for number, text, record in arranged(source(bad), kind, looking, clock.notes):
        if record is None:
            continue
        clock.forget()
        try:
            if isinstance(record, ValueError):
                raise record
            maker.add(record)
        except ConfError:
            raise
        except (ValueError, OverflowError) as error:
            bad.add(number, error, text)
        else:
            good += 1
            doubtful += clock.unsure
        if maker.disordered and arranged is oldest_first:
            raise _DisorderError
    maker.finish()
    clock.settle(origin)
    log = calls.log()
    all_notes = [*notes, *clock.notes]
    made = History(log, kind, origin, good + bad.count, bad, doubtful, all_notes, clock.zone)
    made.ids = calls.ids or {}
    return made


def _order(source: Callable[[Bad], Iterator[Found]], origin: str, kind: str) -> str:
    """Find the order of day and month from all dates of a file or table."""
    evidence = Evidence()
    first, *others = TIMES[kind]
    for _, _, record in source(Bad()):
        if record is None or isinstance(record, ValueError):
            continue
        made = born(text_of(record, "uniqueid"))
        evidence.take(text_of(record, first) or "", None if made is None else made // SECOND)
        for name in others:
            evidence.take(text_of(record, name) or "")
    return evidence.order(origin)
