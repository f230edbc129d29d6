"""`history`: whatever a PBX has written of its calls, as one calls frame."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Literal

from ast_notebook.calls import frames, memory, queues
from ast_notebook.calls.calls import log_of
from ast_notebook.calls.history.archived import archive_events, in_memory
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.reading import Wanted, of_file, of_table
from ast_notebook.calls.history.result import History, pandas_of
from ast_notebook.calls.history.table import Database, database
from ast_notebook.errors import ConfError
from ast_notebook.recording.reading import scan

Kind = Literal["cdr", "cel", "queue_log", "events"]


def history(
    place: str | os.PathLike[str],
    *,
    tz: str | tzinfo | None = None,
    kind: Kind | None = None,
    server: str | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    table: str | None = None,
    dates: str | None = None,
    trunks: Collection[str] | None = None,
    members: Mapping[str, str] | None = None,
) -> History:
    """Read what PBXs have written of their calls already.

    Parameters
    ----------
    place : str or path
        A ``Master.csv`` of cdr_csv, cdr_custom or cel_custom, a ``queue_log``, what databases,
        reports and spreadsheets export of these as CSV or as lines of JSON (all perhaps packed by
        gzip, bzip2 or xz), a SQLite file, the SQLAlchemy URL of a database, a capture of the
        manager's stream, or an archive's folder or URL.
    tz : str or tzinfo, optional
        The zone of times that tell none: ``UTC`` where cdr.conf says ``usegmtime=yes``, else the
        PBX's own. Not needed where the uniqueids, which begin with the second in UTC, show that
        the times are UTC; nor by queue_log and by times that are numbers.
    kind : str, optional
        ``cdr``, ``cel``, ``queue_log`` or ``events``; told by what is there otherwise.
    server : str, optional
        The PBX's name, for the column ``server``.
    columns : sequence or mapping of str, optional
        Asterisk's names of the columns of a file or a table, where they have names of their own
        or none: all of them in their order, or those that are not known by the names that they
        have, such as ``{"Nummer": "src", "Beginn": "start"}``.
    table : str, optional
        The table of a database; found by its columns otherwise.
    dates : str, optional
        ``dmy`` or ``mdy`` where dates such as 5/7/2024 do not tell which of the two is the day;
        ``ymd`` for years of two digits that stand first.
    trunks : collection of str, optional
        Devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
    members : mapping, optional
        The names of agents by their interfaces, such as ``{"PJSIP/200": "Office"}``. By default a
        queue_log has the interface where an agent comes to a queue and leaves it, and the name in
        all else; with ``log_membername_as_agent = yes`` in queues.conf it has the name there, too.

    Returns
    -------
    History
        Its ``calls`` is the calls frame. What a source cannot know is missing: a CDR knows who
        answered and ``billsec``, not how long people talked, waited or held, and ``answered`` is
        when a menu or queue answered, where one did; a queue_log knows nothing of what was before
        and after the queue.

    Raises
    ------
    ConfError
        If there is no such thing, nobody can tell what it is, or its times tell no zone.

    Warns
    -----
    UserWarning
        If something is to be known of the reading, as `History.notes` has it: such as that the
        uniqueids tell another time zone than `tz`.

    Examples
    --------
    >>> past = history("/var/log/asterisk/cdr-csv/Master.csv", tz="Europe/Berlin")
    >>> past.bad
    >>> past.calls.groupby("disposition").size()
    >>> history("report.csv", columns={"Quien": "src", "Cuando": "start"}, dates="dmy")
    """
    found_at = _located(place)
    del place  # a URL may hold a password, and a traceback shows what is in sight
    names = [] if columns is None else [*columns]
    if isinstance(columns, Mapping):
        names += columns.values()
    if isinstance(columns, str) or not all(isinstance(name, str) for name in names):
        raise ConfError("columns= is a list of names, or a mapping of their names to Asterisk's")
    told = columns if columns is None or isinstance(columns, Mapping) else list(columns)
    wanted = Wanted(tz, kind, server, told, table, dates, trunks, members)
    found = _read(found_at, wanted)
    for note in found.notes:
        warnings.warn(note, stacklevel=2)
    return found


def _located(place: str | os.PathLike[str]) -> str | Database:
    text = os.fspath(place)
    return database(text) or text


def _read(place: str | Database, wanted: Wanted) -> History:
    if isinstance(place, Database):
        return of_table(*place, wanted)
    if "://" in place and not place.startswith("file://"):
        return _of_archive(place, wanted.server, wanted.trunks)
    path = Path(place.removeprefix("file://")).expanduser()
    if path.is_dir():
        return _of_folder(path, wanted.server, wanted.trunks)
    if not path.is_file():
        raise ConfError(f"there is no {path}")
    if _is_sqlite(path):
        return of_table(path, str(path), wanted)
    return of_file(path, wanted)


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None


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
            calls=pandas_of(log.calls, frames.TIMES, frames.WHOLE),
            visits=pandas_of(log.visits, queues.TIMES, queues.WHOLE),
        )
    else:
        with archive_events(place, servers=servers, connection=memory.connect()) as chosen:
            log = log_of(chosen, trunks=trunks)
    return History(log, "events", place, events, Bad(), 0)
