"""Reads the tables of databases into which PBXs write their records."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ast_notebook.ami.framer import decode
from ast_notebook.calls.history.columns import Shape, kind_of, lacking, plain
from ast_notebook.calls.history.records import GivenColumns
from ast_notebook.calls.history.sqlite_copy import UNFINISHED, copied, file_of, opened
from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError
from ast_notebook.recording.archive_place import ArchivePlace

_ROWS = 10_000  # rows that are fetched at a time
#: The most steps of SQLite for a view, some millions of rows; it may be an endless recursion.
_STEPS = 100_000_000
#: The most steps of SQLite while a live database is locked, some milliseconds.
_FEW_STEPS = 500_000
#: Columns that number the rows in the order in which they were written.
_SERIALS = ("id", "acctid", "cdr_id", "recid")
#: Our name of that column.
_NUMBER = "number of the row"
_WHEN = ("time", "eventtime", "start")
#: The usual names of tables.
_USUAL = {"cdr": ("cdr", "cdrs"), "cel": ("cel",), "queue_log": ("queue_log", "queuelog")}


def is_database(place: ArchivePlace) -> bool:
    """Tell whether SQLAlchemy knows the kind of database of this URL."""
    if not place.is_remote:
        return False
    kind = place.name.partition(":")[0].partition("+")[0]
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        known = ("sqlite", "mysql", "mariadb", "postgresql", "oracle", "mssql")
        return kind in known
    try:
        make_url(place.reveal()).get_dialect()
    except (SQLAlchemyError, ImportError, ValueError):
        # If only the driver of a known database is missing, the error when it is opened says so.
        return kind in ("mysql", "mariadb", "postgresql")
    return True


class DatabaseTable:
    """A table of call detail records, channel events or queue log entries.

    Parameters
    ----------
    at : ArchivePlace or Path
        A file of SQLite, or SQLAlchemy's URL, such as ``mysql+pymysql://user@host/asteriskcdrdb``.
    name : str, optional
        The table, perhaps with its schema; by default it is found by its columns.
    kind : str, optional
        ``cdr``, ``cel`` or ``queue_log``; by default the columns tell it.
    given : sequence or mapping of str, optional
        The columns as the user names them: our names in order, or a mapping of their names to ours.

    Attributes
    ----------
    name : str
        The table.
    kind : str
        The kind of its records.
    columns : list of str
        The names of its columns.
    notes : list of str
        The notes that the user gets: which other tables have records.

    Raises
    ------
    ConfError
        If the database cannot be reached, there is no such file or table, several tables are
        possible, or it is unknown what the columns mean.
    """

    def __init__(
        self,
        at: ArchivePlace | Path,
        name: str | None = None,
        kind: str | None = None,
        given: GivenColumns = None,
    ) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise ConfError(
                "databases are read by the library sqlalchemy, which is not installed: pip "
                "install sqlalchemy"
            ) from None
        self._sql = sqlalchemy
        self._at = ArchivePlace(at)
        self._given = given
        self.notes: list[str] = []
        self._listed: list[str] = []
        # No error is raised while one of the driver's is handled, whose frames hold the password.
        failed = ""
        try:
            self._engine = sqlalchemy.create_engine(
                sqlalchemy.URL.create("sqlite", database=str(at.absolute()))
                if isinstance(at, Path)
                else at.reveal()
            )
        except ImportError as error:
            failed = f"the database's driver is missing: {error}"
        except Exception as error:  # a driver has errors of its own
            failed = f"the database cannot be read: {self._plain(error)}"
        if failed:
            raise ConfError(failed)
        self._file = None
        if self._engine.dialect.driver == "pysqlite":
            self._file = self._only_read()
        try:
            self.name, self.kind = self._find(name, kind)
            self._table = self._reflected()
        except ConfError:
            self.close()
            raise
        except Exception as error:
            failed = f"the database cannot be read: {self._plain(error)}"
        if failed:
            self.close()
            raise ConfError(failed)
        self.columns = [column.name for column in self._table.columns]

    def _only_read(self) -> str | None:
        """Have SQLite open a file for reading only, and return its URI; None if it has no file."""
        there = file_of(self._engine)
        if there is None:
            self._sql.event.listen(self._engine, "connect", _as_any_text)
            return None
        self.close()
        name, uri = there
        if not Path(name).exists():  # SQLite would make an empty one
            raise ConfError(f"there is no file {name}")
        self._engine = self._engine_of(lambda: opened(uri), self._sql.NullPool)
        return uri

    def _engine_of(self, opening: Callable[[], sqlite3.Connection], pool: Any) -> Any:
        engine = self._sql.create_engine("sqlite://", creator=opening, poolclass=pool)
        self._sql.event.listen(engine, "connect", _as_any_text)
        return engine

    def _find(self, name: str | None, kind: str | None) -> tuple[str, str]:
        """Return the wanted table, and the kind of its records."""
        there = dict(self._tables(name))
        found = {
            table: known
            for table, columns in there.items()
            if (known := self._kind(columns, kind)) is not None
        }
        chosen = self._choose(found, there, name)
        return chosen, found[chosen]

    def _reflected(self) -> Any:
        schema, table = self._parted(self.name)
        with self._engine.connect() as connection:
            return self._sql.Table(
                table, self._sql.MetaData(), schema=schema, autoload_with=connection
            )

    def _parted(self, name: str) -> tuple[str | None, str]:
        """Return the schema that a name has, and the table; a table's own name may have a dot."""
        if name in self._listed:
            return None, name
        schema, _, table = name.rpartition(".")
        return schema or None, table

    def _tables(self, name: str | None) -> Iterator[tuple[str, list[str]]]:
        """Yield the tables and views, or the one that is named, and their columns."""
        inspector = self._sql.inspect(self._engine)
        self._listed = [*inspector.get_table_names(), *inspector.get_view_names()]
        names = self._listed
        if name is not None:
            schema, table = self._parted(name)
            names = [name] if inspector.has_table(table, schema=schema) else []
        for each in names:
            schema, table = self._parted(each)
            columns = inspector.get_columns(table, schema=schema)
            yield each, [column["name"] for column in columns]

    def _kind(self, columns: list[str], kind: str | None) -> str | None:
        """Tell the kind of a table's records; None if it is unknown, or not the wanted one."""
        if isinstance(self._given, Mapping):
            if not {*map(plain, self._given)} <= {*map(plain, columns)}:
                return None
        elif self._given is not None and len(self._given) != len(columns):
            return None
        known = kind_of(columns) if self._given is None else None
        for one in ("cel", "queue_log", "cdr") if known is None else (known,):
            shape = Shape(one, columns, self._given)
            if kind in (None, one) and not lacking(one, shape.names):
                return one if self._given is not None or known or kind else None
        return None

    def _choose(
        self, found: Mapping[str, str], there: Mapping[str, list[str]], name: str | None
    ) -> str:
        if not found:
            raise ConfError(self._why_none(there, name))
        if len(found) == 1:
            return next(iter(found))
        filled = [table for table in found if self._has_rows(table)]
        usual = [
            table
            for table in filled
            if table.rpartition(".")[2].lower() in _USUAL.get(found[table], ())
        ]
        chosen = filled if len(filled) == 1 else usual
        if len({found[table] for table in filled}) > 1:
            chosen = []
        if not filled:
            chosen = [table for table in found if table.lower() in _USUAL[found[table]]]
        if len(chosen) != 1:
            names = ", ".join(sorted(filled or found))
            raise ConfError(
                f"the database has several tables of calls, {names}: give table=… or kind=…, and "
                "columns=… if the columns have other names than Asterisk's"
            )
        others = sorted(set(filled) - set(chosen))
        if others:
            self.notes.append(
                f"the table {chosen[0]} was read, and not {', '.join(others)}: table=… names "
                "another one"
            )
        return chosen[0]

    def _why_none(self, there: Mapping[str, list[str]], name: str | None) -> str:
        if name is None or not there:
            names = f": it has {', '.join(sorted(there)[:20])}" if there else ""
            return f"the database has no table {name or 'of calls'}{names}" + (
                ": give table=… and columns=…" if there else ""
            )
        columns = there[name]
        if self._given is not None and not isinstance(self._given, Mapping):
            if len(self._given) != len(columns):
                return (
                    f"columns= has {len(self._given)} names, and the table {name} has "
                    f"{len(columns)} columns: {', '.join(columns)}"
                )
        elif self._given is not None:
            wrong = [one for one in self._given if plain(one) not in {*map(plain, columns)}]
            if wrong:
                return (
                    f"the table {name} has no column {', '.join(wrong)}: it has "
                    f"{', '.join(columns)}"
                )
        missing = [lacking(one, Shape(one, columns, self._given).names) for one in _USUAL]
        needed = ", ".join(sorted(missing, key=len)[0])
        return (
            f"it is unknown which of the columns {', '.join(columns)} of the table {name} is "
            f"{needed}: map them to Asterisk's names by columns={{'NAME': 'start', …}}"
        )

    def _has_rows(self, name: str) -> bool:
        schema, table = self._parted(name)
        query: Any = self._sql.select(self._sql.literal_column("1")).select_from(
            self._sql.table(table, schema=schema)
        )
        with self._engine.connect() as connection:
            try:
                with _bounded(connection, name, _FEW_STEPS):
                    return connection.execute(query.limit(1)).first() is not None
            except ConfError:
                return True

    def rows(self) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
        """Yield the rows in the order of time; only some of them are in memory at once.

        Each row comes with the number that the table gave it when it was written, or None.

        Raises
        ------
        ConfError
            If the database refuses.
        """
        shape = Shape(self.kind, self.columns, self._given)
        there = list(self._table.columns)
        by = [
            *(column for column, name in zip(there, shape.names, strict=True) if name in _WHEN),
            *(column for column in there if column.name.lower() in _SERIALS),
        ]
        columns = [self._readable(column) for column in there]
        number = self._number(there)
        if number is not None:
            columns.append(number.label(_NUMBER))
        query = self._sql.select(*columns).order_by(*by)
        failed = ""
        try:
            self._copy_file()
            with (
                self._engine.connect().execution_options(yield_per=_ROWS) as connection,
                _bounded(connection, self.name, _STEPS) if self._is_view() else nullcontext(),
            ):
                for found in connection.execute(query).mappings():
                    row = dict(found)
                    number = str(row.pop(_NUMBER, None))
                    yield int(number) if is_count(number) else None, row
        except (self._sql.exc.SQLAlchemyError, sqlite3.Error) as error:
            failed = f"the table {self.name} cannot be read: {self._plain(error)}"
        if failed:
            raise ConfError(failed)

    def _copy_file(self) -> None:
        """Read a private copy from now on, since nobody can write to a table while it is read."""
        if self._file is not None:
            copy = copied(self._file, self._table.name)
            self.close()
            self._file = None
            self._engine = self._engine_of(lambda: copy, self._sql.StaticPool)

    def _number(self, there: list[Any]) -> Any:
        """Return the column that numbers the rows as they were written; None if there is none."""
        named = [column for column in there if column.name.lower() in _SERIALS]
        key = [*self._table.primary_key.columns]
        if len(key) == 1 and isinstance(key[0].type, self._sql.types.Integer):
            named += key
        if named or self._engine.dialect.name != "sqlite" or self._is_view():
            return named[0] if named else None
        number: Any = self._sql.literal_column("_rowid_")
        try:
            with self._engine.connect() as connection:
                connection.execute(self._sql.select(number).select_from(self._table).limit(1))
        except self._sql.exc.SQLAlchemyError:  # a table WITHOUT ROWID
            return None
        return number

    def _plain(self, error: Exception) -> str:
        own = _own(error)
        if getattr(own, "sqlite_errorname", "") in UNFINISHED:
            return (
                "a program ended while it was writing into it; open it once with sqlite3 as a "
                "user who may write into it, or start Asterisk, which completes or undoes that "
                "write"
            )
        return self._at.plain(own)

    def _is_view(self) -> bool:
        return self.name in self._sql.inspect(self._engine).get_view_names()

    def _readable(self, column: Any) -> Any:
        """Return a column with moments as text, so that an impossible one is only a bad row."""
        types = self._sql.types
        if self._engine.dialect.name == "sqlite":
            return self._sql.type_coerce(column, self._sql.String).label(column.name)
        if isinstance(column.type, types.DateTime | types.Date | types.Time | types.Interval):
            return self._sql.cast(column, self._sql.String).label(column.name)
        return column

    def close(self) -> None:
        """Close the connections with the database."""
        self._engine.dispose()


def _as_any_text(connection: Any, _: Any) -> None:
    """Have SQLite return texts that are not UTF-8, which Asterisk writes as they come."""
    connection.text_factory = decode


@contextmanager
def _bounded(connection: Any, name: str, steps: int) -> Iterator[None]:
    """Stop SQLite when a query takes too many steps.

    Raises
    ------
    ConfError
        If a query was stopped.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    own = connection.connection.dbapi_connection
    own.set_progress_handler(lambda: 1, steps)
    too_much = False
    try:
        yield
    except Exception as error:
        if str(_own(error)) != "interrupted":
            raise
        too_much = True
    finally:
        own.set_progress_handler(None, 0)
    if too_much:
        raise ConfError(
            f"the view {name} has no end or takes too long: write the wanted rows into a table, "
            "and read that"
        )


def _own(error: Exception) -> Exception:
    """Return a database's own error, without SQLAlchemy's around it."""
    own: Exception = getattr(error, "orig", None) or error
    return own
