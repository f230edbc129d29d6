"""A SQLite database is read while its PBX goes on writing into it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ast_notebook.calls.history import history, sqlite_copy
from ast_notebook.calls.history.table import DatabaseTable
from ast_notebook.errors import ConfError
from tests.support.logs import NAMES, database, row

COLUMNS = ", ".join(NAMES)
JOURNALS = ["delete", "wal"]


def live(folder: Path, journal: str, columns: str = COLUMNS, rows: int = 50) -> Path:
    path = database(folder, cdr=(columns, [row(n) for n in range(rows)]))
    with closing(sqlite3.connect(path)) as base:
        assert base.execute(f"pragma journal_mode = {journal}").fetchone() == (journal,)
    return path


@pytest.fixture
def pbx() -> Iterator[Callable[[Path], sqlite3.Connection]]:
    """Opens databases to write to, as Asterisk does, but without a second's patience."""
    opened: list[sqlite3.Connection] = []

    def write_to(path: Path) -> sqlite3.Connection:
        opened.append(sqlite3.connect(path, timeout=0, isolation_level=None))
        return opened[-1]

    yield write_to
    for one in opened:
        one.close()


Write = Callable[[Path], sqlite3.Connection]


def insert(base: sqlite3.Connection, number: int) -> None:
    base.execute(f"insert into cdr values ({','.join('?' * len(NAMES))})", row(number))


@pytest.mark.parametrize("journal", JOURNALS)
def test_records_are_written_while_calls_are_made_of_former_ones(
    tmp_path: Path, journal: str, pbx: Write
) -> None:
    path = live(tmp_path, journal)
    writer = pbx(path)
    source = DatabaseTable(path)
    insert(writer, 100)
    rows = source.rows()
    next(rows)
    insert(writer, 101)  # sqlite3 raises "database is locked" if it may not
    assert len(list(rows)) == 50  # the first one was taken; the last one came later
    source.close()
    assert len(history(path, tz="UTC").calls) == 52


@pytest.mark.parametrize("journal", JOURNALS)
def test_no_record_is_refused_between_the_steps_of_a_copy(
    tmp_path: Path, journal: str, pbx: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "_ROWS", 7)
    path = live(tmp_path, journal)
    writer, numbers = pbx(path), iter(range(1000, 2000))
    with closing(
        sqlite_copy.copied(path.as_uri() + "?mode=ro", "cdr", lambda: insert(writer, next(numbers)))
    ) as copy:
        # 50 rows are 8 steps of 7; what came after the first one is not in the copy.
        assert next(numbers) == 1008
        assert copy.execute("select count(*), max(_rowid_) from cdr").fetchone() == (50, 50)
        same = "select _rowid_, * from cdr where _rowid_ <= 50 order by _rowid_"
        assert copy.execute(same).fetchall() == writer.execute(same).fetchall()


def test_rows_keep_their_numbers_kinds_and_bytes_in_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("create table 'a \"b' (rowid text, _rowid_, n integer, twice as (n * 2))")
        base.execute(
            "insert into 'a \"b' (oid, rowid, _rowid_, n) values "
            "(-9223372036854775808, 'x', cast(x'fc' as text), 1), (9, 2, x'00ff', 3.5)"
        )
    with closing(sqlite_copy.copied(path.as_uri(), 'a "b')) as copy:
        found = copy.execute(
            "select oid, rowid, hex(_rowid_), typeof(_rowid_), n, twice from 'a \"b' order by oid"
        )
        assert found.fetchall() == [
            (-9223372036854775808, "x", "FC", "text", 1, 2),
            (9, "2", "00FF", "blob", 3.5, 7),
        ]


def test_rows_that_are_numbered_anew_meanwhile_are_copied_anew(
    tmp_path: Path, pbx: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "_ROWS", 10)
    path = live(tmp_path, "delete")
    writer, done = pbx(path), list[int]()

    def rotate() -> None:
        done.append(1)
        if len(done) == 3:
            writer.execute("delete from cdr where _rowid_ <= 15")
            writer.execute("vacuum")

    with closing(sqlite_copy.copied(path.as_uri(), "cdr", rotate)) as copy:
        assert copy.execute("select count(*) from cdr").fetchone() == (35,)
        assert len({*copy.execute("select uniqueid from cdr")}) == 35
    with pytest.raises(ConfError, match="changed whenever it was read"):
        sqlite_copy.copied(path.as_uri(), "cdr", lambda: writer.execute("vacuum"))


@pytest.mark.parametrize("journal", JOURNALS)
def test_a_view_of_a_live_database_is_copied_or_refused(
    tmp_path: Path, journal: str, pbx: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "_PAGES", 2)
    path = live(tmp_path, journal, rows=200)
    writer, written = pbx(path), list[int]()
    writer.execute("create view calls as select * from cdr")

    def write() -> None:
        written.append(1)
        if len(written) <= most:
            insert(writer, 1000 + len(written))

    most = 3
    with closing(sqlite_copy.copied(path.as_uri(), "calls", write)) as copy:
        assert copy.execute("select count(*) from calls").fetchone() == (203,)
    written.clear()
    most = 100
    with pytest.raises(ConfError, match="written to so often that its view calls"):
        sqlite_copy.copied(path.as_uri(), "calls", write)
    source = DatabaseTable(path, "calls", "cdr")
    rows = source.rows()
    next(rows)
    insert(writer, 2000)
    assert len([*rows]) + 1 == writer.execute("select count(*) - 1 from cdr").fetchone()[0]
    source.close()


def test_a_table_without_numbers_and_one_in_utf_16_are_read(tmp_path: Path, pbx: Write) -> None:
    path = tmp_path / "cdr.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("pragma encoding = 'UTF-16le'")
        base.execute(f"create table cdr ({COLUMNS}, primary key (uniqueid)) without rowid")
        insert(base, 1)
        base.execute(f"create table other ({COLUMNS})")
        base.execute("insert into other select * from cdr")
    for name in ("cdr", "other"):
        (call,) = history(path, tz="UTC", table=name).calls.to_dict("records")
        assert call["caller"] == "6101"
    pbx(path).execute("drop table other")


def test_a_history_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, folder = live(tmp_path, "delete"), tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    before = path.stat()
    source = DatabaseTable(path)
    next(source.rows())
    assert not [*folder.iterdir()]  # its files have no names
    source.close()
    after = path.stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
    assert {one.name for one in tmp_path.iterdir()} == {path.name, "temporary"}


def test_a_file_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    path = live(tmp_path, "delete")
    path.chmod(0o400)
    assert len(history(path, tz="UTC").calls) == 50


def test_a_file_that_was_left_in_the_middle_of_a_write_is_not_written_to(tmp_path: Path) -> None:
    path = live(tmp_path, "delete", rows=500)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("pragma cache_size = 1")
        writer.execute("begin")
        writer.execute("update cdr set clid = 'x'")
        left = tmp_path / "left.db"
        shutil.copy(path, left)  # as a crash leaves them
        shutil.copy(f"{path}-journal", f"{left}-journal")
    before = left.read_bytes()
    with pytest.raises(ConfError, match="ended while it was writing into it"):
        history(left, tz="UTC")
    assert left.read_bytes() == before


@pytest.mark.parametrize("table", [None, "cdr.2023"])
def test_a_dot_in_the_name_of_a_table_is_no_schema(tmp_path: Path, table: str | None) -> None:
    path = database(tmp_path, **{"cdr.2023": (COLUMNS, [row(n) for n in range(3)])})
    assert len(history(path, tz="UTC", table=table).calls) == 3


def test_a_table_with_a_dot_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        cdr=(COLUMNS, [row(n) for n in range(5)]),
        **{"cdr.2023": (COLUMNS, [row(n) for n in range(3)])},
    )
    past = history(path, tz="UTC", table="main.cdr")
    assert len(past.calls) == 5
    with pytest.warns(UserWarning, match="cdr was read, and not cdr.2023"):
        assert len(history(path, tz="UTC").calls) == 5
