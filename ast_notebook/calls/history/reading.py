"""Files and tables into calls, by way of their records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ast_notebook.ami import Secret
from ast_notebook.calls import frames, queues
from ast_notebook.calls.calls import log_of
from ast_notebook.calls.history import cdr, cel, queue_log
from ast_notebook.calls.history.capture import events_of
from ast_notebook.calls.history.clock import SECOND, Clock, born
from ast_notebook.calls.history.columns import TIMES, Shape
from ast_notebook.calls.history.dates import Evidence, OrderUnknown
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.growing import Growing
from ast_notebook.calls.history.guess import guess
from ast_notebook.calls.history.lines import Bad, text_of
from ast_notebook.calls.history.order import oldest_first
from ast_notebook.calls.history.records import Record, Told, records
from ast_notebook.calls.history.result import History, pandas_of
from ast_notebook.calls.history.table import Table
from ast_notebook.errors import ConfError


class Wanted(NamedTuple):
    """What was said of a place: as the parameters of `history` are called."""

    tz: str | tzinfo | None = None
    kind: str | None = None
    server: str | None = None
    columns: Told = None
    table: str | None = None
    dates: str | None = None
    trunks: Collection[str] | None = None
    members: Mapping[str, str] | None = None


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
#: A record's first line or its number, the text, and the record, why there is none, or None for
#: a line of names.
Found = tuple[int, object, Record | ValueError | None]


def of_table(url: Secret | Path, name: str, wanted: Wanted) -> History:
    """Read a table of a database; `name` is what the database is called.

    Raises
    ------
    ConfError
        If there is none, it cannot be read, or nobody can tell what it is.
    """
    if wanted.kind == "events":
        raise ConfError(f"{name} is a database: events are in archives and captures")
    source = Table(url, wanted.table, wanted.kind, wanted.columns)
    try:
        shape = Shape(source.kind, source.columns, wanted.columns)

        def found(_: Bad) -> Iterator[Found]:
            for number, row in enumerate(source.rows(), 1):
                yield number, row, shape.record(list(row.values()))

        return _read(found, f"{name} {source.name}", source.kind, wanted, source.notes)
    finally:
        source.close()


def of_file(path: Path, wanted: Wanted) -> History:
    """Read a file.

    Raises
    ------
    ConfError
        If nobody can tell what it is, or it cannot be read.
    """
    if wanted.table is not None:
        raise ConfError(f"{path} is no database: it has no table {wanted.table}")
    parser = guess(path, wanted.kind, wanted.columns)
    if parser is None:
        return _of_capture(path, wanted)

    def found(bad: Bad) -> Iterator[Found]:
        assert parser is not None
        return records(lines(path, bad), parser)

    return _read(found, str(path), parser.kind, wanted)


def _of_capture(path: Path, wanted: Wanted) -> History:
    bad = Bad()
    events, count = events_of(lines(path, bad), str(path), bad)
    if not count:
        raise ConfError(f"{path} has no events of the manager's interface")
    if wanted.server is not None:
        events = events.assign(server=wanted.server)
    log = log_of(events, trunks=wanted.trunks)
    log = log._replace(
        calls=pandas_of(log.calls, frames.TIMES, frames.WHOLE),
        visits=pandas_of(log.visits, queues.TIMES, queues.WHOLE),
    )
    return History(log, "events", str(path), count + bad.count, bad, 0)


def _read(
    source: Callable[[Bad], Iterator[Found]],
    origin: str,
    kind: str,
    wanted: Wanted,
    notes: list[str] | None = None,
) -> History:
    try:
        return _made(source, origin, kind, wanted, wanted.dates, notes or [])
    except OrderUnknown:
        order = _order(source, origin, kind)
        return _made(source, origin, kind, wanted, order, notes or [])


def _made(
    source: Callable[[Bad], Iterator[Found]],
    origin: str,
    kind: str,
    wanted: Wanted,
    order: str | None,
    notes: list[str],
) -> History:
    clock, bad = Clock(wanted.tz, order), Bad()
    calls = Growing(kind, wanted.server, wanted.trunks, wanted.members)
    maker = _MAKERS[kind](clock, calls)
    good = doubtful = 0
    looking = Clock(wanted.tz, order)
    for number, text, record in oldest_first(source(bad), kind, looking, clock.notes):
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
    maker.finish()
    clock.settle(origin)
    log = calls.log()
    return History(log, kind, origin, good + bad.count, bad, doubtful, [*notes, *clock.notes])


def _order(source: Callable[[Bad], Iterator[Found]], origin: str, kind: str) -> str:
    """Tell by all dates of a file or table in which order day and month stand."""
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
