"""What lies in an archive and is no file of it costs nothing else, and is named."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from ast_notebook.recording import archive, read, relation, scan
from tests.test_archive import NOON, files, leave, numbered, numbers


def rows_by_read(place: Path) -> int:
    return len(read(place))


def rows_by_scan(place: Path) -> int:
    return scan(place).count_rows()


def rows_by_relation(place: Path) -> int:
    return int(relation(place).count("*").fetchall()[0][0])


def rows_by_history(place: Path) -> int:
    return history(place).records


EVERY_WAY = pytest.mark.parametrize(
    "rows", [rows_by_read, rows_by_scan, rows_by_relation, rows_by_history]
)


def archived(folder: Path) -> Path:
    """Make an archive of one sealed file with 51 rows."""
    leave(folder, numbered(0, 50))
    archive.compact_leftovers(archive.Shelf(folder))
    (path,) = files(folder, ".parquet")
    return path


def rewritten(path: Path, target: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write a changed copy of a sealed file that tells the same about itself."""
    told = {
        key: value
        for key, value in pq.read_metadata(path).metadata.items()
        if key != b"ARROW:schema"
    }
    table = change(pq.read_table(path, partitioning=None))
    pq.write_table(table.replace_schema_metadata(told), target)


def column(name: str, make: Callable[[int], pa.Array]) -> Callable[[Path, Path], None]:
    def change(table: pa.Table) -> pa.Table:
        return table.set_column(table.schema.get_field_index(name), name, make(len(table)))

    return lambda good, path: rewritten(good, path, change)


PARQUET: dict[str, Callable[[Path, Path], object]] = {
    "a dead link": lambda _, path: path.symlink_to("/nowhere/at/all.parquet"),
    "a link to itself": lambda _, path: path.symlink_to(path.name),
    "a pipe": lambda _, path: os.mkfifo(path),
    "a folder": lambda _, path: path.mkdir(),
    "a device": lambda _, path: path.symlink_to("/dev/zero"),
    "other columns": lambda good, path: rewritten(good, path, lambda _: pa.table({"a": [1]})),
    "a column less": lambda good, path: rewritten(
        good, path, lambda table: table.drop_columns(["time_us"])
    ),
    "a column twice": lambda good, path: rewritten(
        good, path, lambda table: table.append_column("time_us", table["time_us"])
    ),
    "texts for times": column("received_us", lambda count: pa.array(["x"] * count)),
    "bytes for texts": column("event", lambda count: pa.array([b"\xff\xfe"] * count)),
}


@EVERY_WAY
@pytest.mark.parametrize("what", PARQUET)
def test_what_is_named_like_a_sealed_file_is_passed_over_and_named(
    tmp_path: Path, what: str, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    foreign = good.with_name("0123456789abcdef-000001.parquet")
    PARQUET[what](good, foreign)
    with pytest.warns(UserWarning, match=foreign.name):
        assert rows(tmp_path) == 51


@EVERY_WAY
@pytest.mark.parametrize("what", [name for name in PARQUET if name.startswith("a ")][:5])
def test_what_is_named_like_an_open_file_is_passed_over_and_named(
    tmp_path: Path, what: str, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    foreign = good.with_name("_0123456789abcdef-000001.arrows")
    PARQUET[what](good, foreign)
    archive.compact_leftovers(archive.Shelf(tmp_path))
    assert foreign.is_symlink() or foreign.exists()
    with pytest.warns(UserWarning, match=foreign.name):
        assert rows(tmp_path) == 51


@EVERY_WAY
@pytest.mark.parametrize("folder", ["server=other", "server=ast/day=2026-04-01"])
@pytest.mark.parametrize("what", ["a dead link", "a link to itself"])
def test_a_folder_that_leads_nowhere_is_named(
    tmp_path: Path, what: str, folder: str, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    PARQUET[what](good, tmp_path / folder)
    with pytest.warns(UserWarning, match=folder):
        assert rows(tmp_path) == 51


@EVERY_WAY
def test_where_nothing_is_left_to_read_that_is_an_error(
    tmp_path: Path, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    good.unlink()
    good.symlink_to("/nowhere/at/all.parquet")
    with pytest.raises(ConfError, match=f"{good.name}.*leads nowhere"):
        rows(tmp_path)


def test_a_folder_named_like_an_old_file_keeps_no_file_from_being_removed(tmp_path: Path) -> None:
    good = archived(tmp_path)
    good.with_name("00000001-000001.parquet").mkdir()
    archive.remove_old(archive.Shelf(tmp_path), "ast", 1, archive.datetime.now().date())
    assert not good.exists()


def test_texts_that_are_none_cost_their_file_and_are_named(tmp_path: Path) -> None:
    good = archived(tmp_path)
    foreign = good.with_name("0123456789abcdef-000001.parquet")
    broken = pa.array([b"\xff\xfe"] * 51).cast(pa.string(), safe=False)
    rewritten(
        good,
        foreign,
        lambda table: table.set_column(
            table.schema.get_field_index("uniqueid"), "uniqueid", broken
        ),
    )
    with pytest.warns(UserWarning, match=foreign.name):
        assert numbers(read(tmp_path)) == list(range(50))


@EVERY_WAY
@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("left", [0, 20])
def test_files_may_have_no_rows_and_no_statistics(
    tmp_path: Path, left: int, statistics: bool, rows: Callable[[Path], int]
) -> None:
    leave(tmp_path, numbered(0, 50))
    leave(tmp_path, numbered(0, 50), NOON + 1)
    archive.compact_leftovers(archive.Shelf(tmp_path))
    first, second = files(tmp_path, ".parquet")
    other = first.with_name("0123456789abcdef-000001.parquet")
    second.rename(other)
    told = pq.read_metadata(other).metadata
    table = pq.read_table(other, partitioning=None).slice(0, left)
    recorder = pa.array(["0123456789abcdef"] * left, pa.string())
    table = table.set_column(table.schema.get_field_index("recorder"), "recorder", recorder)
    with pq.ParquetWriter(other, table.schema, write_statistics=statistics) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(told)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows(tmp_path) == 51
    assert numbers(read(tmp_path)) == list(range(50))


def test_the_recipe_erases_all_calls_of_a_number_and_nothing_else(tmp_path: Path) -> None:
    texts = [
        f"Event: {event}\r\nUniqueid: 1.{call}\r\nLinkedid: 1.{call}\r\nNumber: {call}\r\n"
        f"CallerIDNum: {caller}"
        for call in range(50)
        for event, caller in (("Newchannel", 6100 + call % 2), ("Hangup", "<unknown>"))
    ]
    leave(tmp_path, texts)
    archive.compact_leftovers(archive.Shelf(tmp_path))
    (path,) = files(tmp_path, ".parquet")
    before = pq.read_metadata(path).metadata
    page = (Path(__file__).parents[1] / "docs/security.md").read_text()
    recipe = page[page.index("To erase the events of a number") :].split("```")[1]
    exec(recipe.removeprefix("python"), {"folder": tmp_path, "number": "6101"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers(read(tmp_path)) == [call for call in range(0, 50, 2) for _ in range(2)]
        assert history(tmp_path).records == 51
    assert pq.read_metadata(path).metadata == before
    assert [one for one in files(tmp_path, "") if one.is_file()] == [path]
    assert path.stat().st_mode & 0o777 == 0o600
