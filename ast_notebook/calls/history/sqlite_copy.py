"""Copies a table of a live SQLite database in short steps, so that its writer never waits long.

A program that reads a SQLite file locks it against writing, and Asterisk drops a record that it
cannot write within a second. So nothing is computed while the file is locked.
"""

# Names cannot be parameters of a query, and are quoted.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ast_notebook.errors import ConfError

_ROWS = 5_000  # rows that are copied at a time, in some milliseconds
_PAGES = 2_000  # pages that are copied at a time, mostly of 4,096 bytes
#: How often a copy may begin again because somebody wrote meanwhile.
_AGAIN = 5
#: Seconds to wait until a writer is done, and how often.
_WAIT, _WAITS = 1.0, 20
#: SQLite's names of the number that each row has; a column may have one of these names.
_NUMBERS = ("_rowid_", "rowid", "oid")
#: SQLite's errors for a file that has to be written to before it can be read.
UNFINISHED = ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY", "SQLITE_READONLY_CANTINIT")


def file_of(engine: Any) -> tuple[str, str] | None:
    """Return the file of SQLAlchemy's engine for SQLite, and the URI for reading it only.

    A database in memory has none.
    """
    given, options = engine.dialect.create_connect_args(engine.url)
    name = given[0] if given else ""
    if options.get("uri") and name.startswith("file:"):
        parts = urlsplit(name)
        path = unquote(parts.path)
        if "memory" in parse_qs(parts.query).get("mode", ()) or path in ("", ":memory:"):
            return None
        # The last one of two modes counts.
        return path, f"{name}{'&' if parts.query else '?'}mode=ro"
    if name in ("", ":memory:"):
        return None
    return name, f"{Path(name).absolute().as_uri()}?mode=ro"


def opened(uri: str) -> sqlite3.Connection:
    """Open a database of SQLite; an empty text opens a new private one.

    A private database is a file without a name, which is gone when it is closed.
    """
    return sqlite3.connect(
        uri, timeout=_WAIT * _WAITS, isolation_level=None, check_same_thread=False, uri=True
    )


def copied(
    uri: str, table: str, between: Callable[[], object] = lambda: None
) -> sqlite3.Connection:
    """Return a private database that has a table or view as it is at the beginning.

    Rows that come meanwhile are not in it, and rows that are deleted meanwhile may be missing.

    Parameters
    ----------
    uri : str
        The database, as `file_of` returns it.
    table : str
        The name of the table or view.
    between : callable, optional
        It is called whenever the database is not locked.

    Raises
    ------
    ConfError
        If somebody writes so often that a view, of which only the whole database can be copied,
        was never copied to its end.
    sqlite3.Error
        If the database cannot be read.
    """
    copy = opened("")
    try:
        with closing(opened(uri)) as live:
            number = _number(live, table)
            (encoding,) = live.execute("PRAGMA encoding").fetchone()
            if number is None:
                _by_pages(live, copy, table, between)
                return copy
        copy.execute(f"PRAGMA encoding = '{encoding}'")
        copy.execute("PRAGMA journal_mode = OFF")  # nobody needs half of a copy
        copy.execute("ATTACH ? AS live", (uri,))
        for _ in range(_AGAIN):
            if _by_rows(copy, _quoted(table), number, between):
                copy.execute("DETACH live")
                return copy
        raise ConfError(
            f"the table {table} was changed whenever it was read: give a copy of the file"
        )
    except BaseException:
        copy.close()
        raise


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _number(live: sqlite3.Connection, table: str) -> str | None:
    """Return the name of the column that numbers the rows; None for a view, or if there is none."""
    query = "SELECT type, sql FROM sqlite_master WHERE lower(name) = lower(?)"
    kind, made = live.execute(query, (table,)).fetchone() or ("", "")
    if kind != "table" or made.upper().startswith("CREATE VIRTUAL"):
        return None
    columns = live.execute(f"SELECT * FROM {_quoted(table)} LIMIT 0").description
    taken = {column[0].lower() for column in columns}
    number = next((one for one in _NUMBERS if one not in taken), None)
    try:
        live.execute(f"SELECT {number} FROM {_quoted(table)} LIMIT 0")
    except sqlite3.OperationalError:  # a table WITHOUT ROWID
        return None
    return number


def _by_rows(
    copy: sqlite3.Connection, table: str, number: str, between: Callable[[], object]
) -> bool:
    """Copy a table by the numbers of its rows; return False if they were changed meanwhile."""
    copy.execute(f"DROP TABLE IF EXISTS main.{table}")
    copy.execute(f"CREATE TABLE main.{table} AS SELECT * FROM live.{table} LIMIT 0")
    columns = copy.execute(f"SELECT * FROM main.{table}").description
    names = ", ".join([number, *(_quoted(column[0]) for column in columns)])
    (version,) = copy.execute("PRAGMA live.schema_version").fetchone()
    # Both in one query would read the whole table.
    (first,) = copy.execute(f"SELECT min({number}) FROM live.{table}").fetchone()
    (last,) = copy.execute(f"SELECT max({number}) FROM live.{table}").fetchone()
    while None not in (first, last) and first <= last:
        between()
        copy.execute("BEGIN")
        # VACUUM may give other numbers to rows, and changes the version.
        (now,) = copy.execute("PRAGMA live.schema_version").fetchone()
        found = copy.execute(
            f"INSERT INTO main.{table} ({names}) SELECT {names} FROM live.{table} "
            f"WHERE {number} BETWEEN ? AND ? ORDER BY {number} LIMIT ?",
            (first, last, _ROWS),
        )
        copy.execute("COMMIT")
        if now != version:
            return False
        (reached,) = copy.execute(f"SELECT max({number}) FROM main.{table}").fetchone()
        if not found.rowcount or reached == last:
            break
        first = reached + 1
    return True


def _by_pages(
    live: sqlite3.Connection, copy: sqlite3.Connection, table: str, between: Callable[[], object]
) -> None:
    """Copy the whole database, which SQLite begins again whenever somebody has written."""
    before = begun = waits = 0

    def watch(state: int, remaining: int, _: int) -> None:
        nonlocal before, begun, waits
        if state in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            waits += 1
        else:
            begun += remaining >= before
            before = remaining
        if begun > _AGAIN or waits > _WAITS:
            raise ConfError(
                f"the database is written to so often that its view {table} cannot be read: "
                "give table=… to read a table, or give a copy of the file"
            )
        between()

    live.execute(f"PRAGMA busy_timeout = {_WAIT * 1000:.0f}")
    live.backup(copy, pages=_PAGES, progress=watch, sleep=0.01)
