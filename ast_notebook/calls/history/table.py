"""The tables that PBXs write their records into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ast_notebook.ami import Secret
from ast_notebook.ami.message import decode
from ast_notebook.calls.history.columns import Shape, kind_of, lacking, plain
from ast_notebook.calls.history.records import Told
from ast_notebook.errors import ConfError

_ROWS = 10_000  # fetched at a time
#: Steps of SQLite, some millions of rows, that a view may take: it may be an endless recursion.
_STEPS = 100_000_000
#: Columns that number the rows in the order in which they were written.
_SERIALS = ("id", "acctid", "cdr_id", "recid")
_WHEN = ("time", "eventtime", "start")
#: What a table is usually called.
_USUAL = {"cdr": ("cdr", "cdrs"), "cel": ("cel",), "queue_log": ("queue_log", "queuelog")}


def is_database(url: str) -> bool:
    """Tell whether SQLAlchemy knows what this URL leads to."""
    if "://" not in url:
        return False
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        known = ("sqlite", "mysql", "mariadb", "postgresql", "oracle", "mssql")
        return url.partition(":")[0].partition("+")[0] in known
    try:
        make_url(url).get_dialect()
    except (SQLAlchemyError, ImportError):
        # A database that we know, whose driver is not installed, is told so when it is opened.
        return url.partition(":")[0].partition("+")[0] in ("mysql", "mariadb", "postgresql")
    return True


class Database(NamedTuple):
    """A database's URL, and what it is called where its password may not be."""

    url: Secret
    name: str


def database(url: str) -> Database | None:
    """Return the database that this URL leads to, its password out of sight; None if it is none."""
    if not is_database(url):
        return None
    parts = urlsplit(url)
    return Database(Secret(url), f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


class Table:
    """A table of call detail records, channel events or queue log entries.

    Parameters
    ----------
    url : Secret or Path
        A file of SQLite, or SQLAlchemy's URL, such as ``mysql+pymysql://user@host/asteriskcdrdb``.
    name : str, optional
        The table, perhaps with its schema; found by its columns otherwise.
    kind : str, optional
        ``cdr``, ``cel`` or ``queue_log``; by its columns otherwise.
    told : sequence or mapping of str, optional
        What somebody says of the columns: our names in their order, or by the names they have.

    Attributes
    ----------
    name : str
        The table.
    kind : str
        What it has.
    columns : list of str
        The names of its columns.
    notes : list of str
        What other tables there are.

    Raises
    ------
    ConfError
        If it cannot be reached, there is no such table, there are several, or nobody can tell
        what its columns are.
    """

    def __init__(
        self,
        url: Secret | Path,
        name: str | None = None,
        kind: str | None = None,
        told: Told = None,
    ) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise ConfError("to read a database: pip install sqlalchemy") from None
        self._sql = sqlalchemy
        self._told = told
        self.notes: list[str] = []
        # No error is raised while another one is handled: the frames of that hold the password.
        failed = ""
        try:
            self._engine = sqlalchemy.create_engine(
                sqlalchemy.URL.create("sqlite", database=str(url.absolute()))
                if isinstance(url, Path)
                else url.reveal()
            )
        except ImportError as error:
            failed = f"the database's driver is missing: {error}"
        except Exception as error:  # a driver has errors of its own
            failed = f"the database cannot be read: {_plain(error)}"
        if failed:
            raise ConfError(failed)
        if self._engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(self._engine, "connect", _as_any_text)
        try:
            self.name, self.kind = self._find(name, kind)
            self._table = self._reflected()
        except ConfError:
            self.close()
            raise
        except Exception as error:
            failed = f"the database cannot be read: {_plain(error)}"
        if failed:
            self.close()
            raise ConfError(failed)
        self.columns = [column.name for column in self._table.columns]

    def _find(self, name: str | None, kind: str | None) -> tuple[str, str]:
        """Return the table that is wanted, and what it has."""
        there = dict(self._tables(name))
        found = {
            table: known
            for table, columns in there.items()
            if (known := self._kind(columns, kind)) is not None
        }
        chosen = self._choose(found, there, name)
        return chosen, found[chosen]

    def _reflected(self) -> Any:
        schema, _, table = self.name.rpartition(".")
        with self._engine.connect() as connection:
            return self._sql.Table(
                table, self._sql.MetaData(), schema=schema or None, autoload_with=connection
            )

    def _tables(self, name: str | None) -> Iterator[tuple[str, list[str]]]:
        """Yield the tables and views, or the one that is named, and their columns."""
        inspector = self._sql.inspect(self._engine)
        if name is not None:
            schema, _, table = name.rpartition(".")
            names = [name] if inspector.has_table(table, schema=schema or None) else []
        else:
            names = [*inspector.get_table_names(), *inspector.get_view_names()]
        for each in names:
            schema, _, table = each.rpartition(".")
            columns = inspector.get_columns(table, schema=schema or None)
            yield each, [column["name"] for column in columns]

    def _kind(self, columns: list[str], kind: str | None) -> str | None:
        """Tell what a table has; None if nothing that we know, or not what is wanted."""
        if isinstance(self._told, Mapping):
            if not {*map(plain, self._told)} <= {*map(plain, columns)}:
                return None
        elif self._told is not None and len(self._told) != len(columns):
            return None
        known = kind_of(columns) if self._told is None else None
        for one in ("cel", "queue_log", "cdr") if known is None else (known,):
            shape = Shape(one, columns, self._told)
            if kind in (None, one) and not lacking(one, shape.names):
                return one if self._told is not None or known or kind else None
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
                f"the database has several such tables, {names}: give table=… or kind=…, and "
                "columns=… if its columns have names of their own"
            )
        others = sorted(set(filled) - set(chosen))
        if others:
            self.notes.append(f"{chosen[0]} was read, and not {', '.join(others)}")
        return chosen[0]

    def _why_none(self, there: Mapping[str, list[str]], name: str | None) -> str:
        if name is None or not there:
            names = f": it has {', '.join(sorted(there)[:20])}" if there else ""
            return f"the database has no table {name or 'of calls'}{names}" + (
                ": give table=… and columns=…" if there else ""
            )
        columns = there[name]
        if self._told is not None and not isinstance(self._told, Mapping):
            if len(self._told) != len(columns):
                return (
                    f"columns= has {len(self._told)} names, and the table {name} has "
                    f"{len(columns)} columns: {', '.join(columns)}"
                )
        elif self._told is not None:
            wrong = [one for one in self._told if plain(one) not in {*map(plain, columns)}]
            if wrong:
                return f"the table {name} has no {', '.join(wrong)}: it has {', '.join(columns)}"
        missing = [lacking(one, Shape(one, columns, self._told).names) for one in _USUAL]
        needed = ", ".join(sorted(missing, key=len)[0])
        return (
            f"nobody knows which of the columns {', '.join(columns)} of the table {name} is "
            f"{needed}: say so by columns={{its name: 'start', …}}"
        )

    def _has_rows(self, name: str) -> bool:
        schema, _, table = name.rpartition(".")
        query: Any = self._sql.select(self._sql.literal_column("1")).select_from(
            self._sql.table(table, schema=schema or None)
        )
        with self._engine.connect() as connection, _bounded(connection, name):
            return connection.execute(query.limit(1)).first() is not None

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield the rows by time, as much at once as fits well into memory.

        Raises
        ------
        ConfError
            If the database refuses.
        """
        shape = Shape(self.kind, self.columns, self._told)
        there = list(self._table.columns)
        by = [
            *(column for column, name in zip(there, shape.names, strict=True) if name in _WHEN),
            *(column for column in there if column.name.lower() in _SERIALS),
        ]
        columns = [self._readable(column) for column in there]
        query = self._sql.select(*columns).order_by(*by)
        failed = ""
        try:
            with (
                self._engine.connect().execution_options(yield_per=_ROWS) as connection,
                _bounded(connection, self.name) if self._is_view() else nullcontext(),
            ):
                for row in connection.execute(query).mappings():
                    yield dict(row)
        except self._sql.exc.SQLAlchemyError as error:
            failed = f"the table {self.name} cannot be read: {_plain(error)}"
        if failed:
            raise ConfError(failed)

    def _is_view(self) -> bool:
        return self.name in self._sql.inspect(self._engine).get_view_names()

    def _readable(self, column: Any) -> Any:
        """Have a moment as text, so that one that Python cannot hold is one bad row."""
        types = self._sql.types
        if self._engine.dialect.name == "sqlite":
            return self._sql.type_coerce(column, self._sql.String).label(column.name)
        if isinstance(column.type, types.DateTime | types.Date | types.Time | types.Interval):
            return self._sql.cast(column, self._sql.String).label(column.name)
        return column

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _as_any_text(connection: Any, _: Any) -> None:
    """Let SQLite give texts that are not UTF-8, which Asterisk writes as they come."""
    connection.text_factory = decode


@contextmanager
def _bounded(connection: Any, name: str) -> Iterator[None]:
    """Have SQLite give up what takes it too many steps.

    Raises
    ------
    ConfError
        If it did.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    own = connection.connection.dbapi_connection
    own.set_progress_handler(lambda: 1, _STEPS)
    too_much = False
    try:
        yield
    except Exception as error:
        if _plain(error) != "interrupted":
            raise
        too_much = True
    finally:
        own.set_progress_handler(None, 0)
    if too_much:
        raise ConfError(
            f"the view {name} has no end, or takes too long: make a table of what is wanted of it"
        )


def _plain(error: Exception) -> str:
    """Return a database's own words, without SQLAlchemy's around them."""
    return str(getattr(error, "orig", None) or error).split("\n")[0]
