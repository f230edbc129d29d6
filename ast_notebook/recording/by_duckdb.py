"""An archive as a DuckDB relation, which reads from the files only what a query needs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment
from ast_notebook.recording.archive_files import ArchiveFile
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.duplicates import Rows
from ast_notebook.recording.layout import TEXTS, Name
from ast_notebook.recording.reading import duplicates, in_memory, intact_parts, sound, whole
from ast_notebook.recording.selection import ALL, Selection, select

if TYPE_CHECKING:
    import duckdb

#: Letters that DuckDB takes for a pattern in the path of a file.
_PATTERN = "*?["
#: The column for a file's path, with a name that no column of a file has.
_FILE = f"path {secrets.token_hex(8)}"


def relation(
    place: str | os.PathLike[str] | ArchivePlace,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    columns: Sequence[str] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    check: bool | None = None,
    notes: list[str] | None = None,
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return an archive as a DuckDB relation, without reading it into memory.

    DuckDB would take damaged bytes for values, so damaged parts are left out, as in `scan`. The
    other parameters and the errors are those of `scan`.

    Parameters
    ----------
    columns : sequence of str, optional
        Only these columns: rare headers are taken out of ``extra``, and ``<unknown>`` and empty
        texts become missing values. By default, the relation has the unchanged columns of `scan`,
        in which a rare header is ``extra['talktime']`` in SQL.
    connection : duckdb.DuckDBPyConnection, optional
        The connection for the relation; by default DuckDB's own one in memory.
    """
    try:
        import duckdb
    except ImportError:
        raise ConfError("for this, DuckDB is needed: pip install duckdb") from None
    connection = connection or duckdb.default_connection()
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    chosen = select(at, since, until, servers, open_folder, notes=notes, check=check)
    repeated = duplicates(chosen, notes)
    found = None if at.is_remote else _relation(chosen, repeated, connection)
    if found is None:
        found = connection.from_arrow(at.ask(lambda: whole(chosen, repeated)))
    if columns is None:
        return found
    columns = [columns] if isinstance(columns, str) else columns
    return found.project(", ".join(_sql(name) for name in dict.fromkeys(columns)))


def _relation(
    chosen: Selection, repeated: dict[Name, Rows], connection: duckdb.DuckDBPyConnection
) -> duckdb.DuckDBPyRelation | None:
    """Let DuckDB read the sealed files itself, since it reads only what a query needs.

    None if there are no such files. Such a relation can be queried again and again; a scan by
    Arrow, which decodes whole columns, would be too slow for that.
    """
    import duckdb

    files = sound(chosen, repeated)
    if not files:
        return None
    if not all(_is_found(connection, file.path) for file in files):
        return None
    names = ", ".join(_quoted(name) for name in ALL.names)
    parts = [connection.sql(_of_files(files))]
    rest = in_memory(chosen, repeated)
    held = ([rest] if len(rest) else []) + intact_parts(chosen, repeated)
    parts += [connection.from_arrow(part).project(names) for part in held]
    found = parts[0]
    for other in parts[1:]:
        found = found.union(other)
    received = duckdb.ColumnExpression("received_us")
    if chosen.first is not None:
        found = found.filter(received >= chosen.first)
    if chosen.last is not None:
        found = found.filter(received < chosen.last)
    return found


def _of_files(files: list[ArchiveFile]) -> str:
    """Return the query for sealed files.

    DuckDB may not take values from the paths by itself: it would make a column of each folder
    NAME=VALUE, also above the archive, and replace the file's own column of that name.
    """
    folders = {file.path.rsplit("/", 3)[1]: file.name.server for file in files}
    cases = " ".join(f"WHEN {_text(one)} THEN {_text(name)}" for one, name in folders.items())
    values = {"server": f"CASE {_folder(3)} {cases} END", "day": f"{_folder(2)}[5:]::DATE"}
    names = [f"{values[name]} AS {name}" if name in values else _quoted(name) for name in ALL.names]
    return (
        f"SELECT {', '.join(names)} "  # noqa: S608
        f"FROM read_parquet([{', '.join(_literal(file.path) for file in files)}], "
        f"hive_partitioning = false, filename = {_text(_FILE)})"
    )


def _folder(place: int) -> str:
    """Return in SQL a part of a file's path, counted from its end."""
    return f"split_part({_quoted(_FILE)}, '/', -{place})"


def _is_pattern(path: str) -> bool:
    return any(letter in path for letter in _PATTERN)


def _is_found(connection: duckdb.DuckDBPyConnection, path: str) -> bool:
    """Tell whether DuckDB finds a file, and no other one in its place.

    It does not find a file whose path has a backslash and letters of a pattern, or one of whose
    folders may not be listed.
    """
    if not _is_pattern(path):
        return True
    found = connection.sql(f"SELECT file FROM glob({_literal(path)})").fetchall()  # noqa: S608
    return found == [(path,)]


def _literal(path: str) -> str:
    """Return a path in SQL so that DuckDB takes it for a path and not for a pattern."""
    if _is_pattern(path):
        path = "".join(f"[{letter}]" if letter in _PATTERN else letter for letter in path)
    return _text(path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sql(name: str) -> str:
    """Return a column of a frame in SQL."""
    quoted = _quoted(name)
    # An event's name stays unchanged, so that a condition on it spares DuckDB most of a file.
    if name == "event" or (name in ALL.names and name not in (*TEXTS, "extra")):
        return quoted
    value = quoted if name in TEXTS and name != "recorder" else f"extra[{_text(name)}]"
    return f"CASE WHEN {value} NOT IN ('', '<unknown>') THEN {value} END AS {quoted}"
