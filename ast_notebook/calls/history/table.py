"""The tables that PBXs write their records into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ast_notebook.errors import ConfError

_ROWS = 10_000  # fetched at a time
#: By which columns a table is known.
_KINDS = {
    "cel": {"eventtype", "eventtime", "linkedid"},
    "queue_log": {"callid", "event", "data1"},
    "cdr": {"dst", "disposition"},
}
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


class Table:
    """A table of call detail records, channel events or queue log entries.

    Parameters
    ----------
    url : str
        SQLAlchemy's, such as ``mysql+pymysql://user@host/asteriskcdrdb``.
    name : str, optional
        The table, perhaps with its schema; found by its columns otherwise.
    kind : str, optional
        ``cdr``, ``cel`` or ``queue_log``; by its columns otherwise.

    Attributes
    ----------
    name : str
        The table.
    kind : str
        What it has.
    columns : list of str
        The names of its columns.

    Raises
    ------
    ConfError
        If it cannot be reached, there is no such table, or there are several.
    """

    def __init__(self, url: str, name: str | None = None, kind: str | None = None) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise ConfError("to read a database: pip install sqlalchemy") from None
        self._sql = sqlalchemy
        try:
            self._engine = sqlalchemy.create_engine(url)
            found = dict(self._candidates(name))
        except ImportError as error:
            raise ConfError(f"the database's driver is missing: {error}") from None
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise ConfError(f"the database cannot be read: {_plain(error)}") from None
        chosen = {table: known for table, known in found.items() if kind in (None, known) or name}
        usual = {
            table: known
            for table, known in chosen.items()
            if table.rpartition(".")[2].lower() in _USUAL.get(known, ())
        }
        if len(set(chosen.values())) == 1 and len(usual) == 1:
            chosen = usual
        if len(chosen) > 1:
            names = ", ".join(sorted(chosen))
            raise ConfError(
                f"the database has several such tables, {names}: give table=… or kind=…"
            )
        if not chosen:
            raise ConfError(f"the database has no table {name or 'of calls'}")
        self.name, known = chosen.popitem()
        self.kind = kind or known
        if not self.kind:
            raise ConfError(f"the table {self.name} is neither a CDR, a CEL nor a queue_log")
        schema, _, table = self.name.rpartition(".")
        with self._engine.connect() as connection:
            self._table = sqlalchemy.Table(
                table, sqlalchemy.MetaData(), schema=schema or None, autoload_with=connection
            )
        self.columns = [column.name for column in self._table.columns]

    def _candidates(self, name: str | None) -> Iterator[tuple[str, str]]:
        inspector = self._sql.inspect(self._engine)
        if name is not None:
            schema, _, table = name.rpartition(".")
            if not inspector.has_table(table, schema=schema or None):
                return
            names = [name]
        else:
            names = [*inspector.get_table_names(), *inspector.get_view_names()]
        for each in names:
            schema, _, table = each.rpartition(".")
            columns = {
                column["name"].lower()
                for column in inspector.get_columns(table, schema=schema or None)
            }
            kinds = [kind for kind, needed in _KINDS.items() if needed <= columns]
            if kinds or name is not None:
                yield each, kinds[0] if kinds else ""

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield the rows by time, as much at once as fits well into memory.

        Raises
        ------
        ConfError
            If the database refuses.
        """
        lower = {column.name.lower(): column for column in self._table.columns}
        by = [lower[n] for n in ("time", "eventtime", "calldate", "start", "id") if n in lower]
        # Texts of times are read by us, who tell which of them are none.
        columns = [
            self._sql.type_coerce(column, self._sql.String).label(column.name)
            if self._engine.dialect.name == "sqlite"
            else column
            for column in self._table.columns
        ]
        query = self._sql.select(*columns).order_by(*by)
        try:
            with self._engine.connect().execution_options(yield_per=_ROWS) as connection:
                for row in connection.execute(query).mappings():
                    yield dict(row)
        except self._sql.exc.SQLAlchemyError as error:
            raise ConfError(f"the table {self.name} cannot be read: {_plain(error)}") from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _plain(error: Exception) -> str:
    """Return a database's own words, without SQLAlchemy's around them."""
    return str(getattr(error, "orig", None) or error).split("\n")[0]
