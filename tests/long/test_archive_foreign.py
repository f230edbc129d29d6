"""What lies in an archive and is no file of it costs nothing else, and is named."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, read, scan, verify
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.framing import end, packed
from ast_notebook.recording.layout import DAY
from ast_notebook.recording.sealing import remove_old, seal_leftovers
from ast_notebook.recording.segment import Blocks
from tests.support.archives import (
    NOON,
    files,
    leave,
    numbered,
    numbers,
    rows_by_read,
    rows_by_relation,
    rows_by_scan,
)
from tests.support.paths import ROOT


def rows_by_history(place: Path) -> int:
    return history(place).records


WAYS = (rows_by_read, rows_by_scan, rows_by_relation, rows_by_history)
EVERY_WAY = pytest.mark.parametrize("rows", WAYS)


def archived(folder: Path) -> Path:
    """Make an archive of one sealed file with 51 rows."""
    leave(folder, numbered(0, 50))
    seal_leftovers(ArchiveFiles(folder))
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
    "no time of receipt": column("received_us", lambda count: pa.array([None] * count, pa.int64())),
    "one without a time": column(
        "time_us", lambda count: pa.array([None] + [1] * (count - 1), pa.int64())
    ),
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
    seal_leftovers(ArchiveFiles(tmp_path))
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
    remove_old(ArchiveFiles(tmp_path), "ast", 1, datetime.now().date())
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
    seal_leftovers(ArchiveFiles(tmp_path))
    first, second = files(tmp_path, ".parquet")
    other = first.with_name("0123456789abcdef-000001.parquet")
    second.rename(other)
    told = pq.read_metadata(other).metadata | {b"recorder": b"0123456789abcdef", b"number": b"1"}
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
    seal_leftovers(ArchiveFiles(tmp_path))
    (path,) = files(tmp_path, ".parquet")
    before = pq.read_metadata(path).metadata
    page = (ROOT / "docs/security.md").read_text()
    recipe = page[page.index("To erase the events of a number") :].split("```")[1]
    exec(recipe.removeprefix("python"), {"folder": tmp_path, "number": "6101"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers(read(tmp_path)) == [call for call in range(0, 50, 2) for _ in range(2)]
        assert history(tmp_path).records == 51
    assert pq.read_metadata(path).metadata == before
    assert [one for one in files(tmp_path, "") if one.is_file()] == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_recipe_erases_what_has_the_number_in_other_places_and_other_files(
    tmp_path: Path,
) -> None:
    def call(caller: str, serial: int, number: int) -> list[list[str]]:
        one = f"Uniqueid: {serial}.1\r\nLinkedid: {serial}.1\r\nNumber: {number}"
        two = f"Uniqueid: {serial}.2\r\nLinkedid: {serial}.1\r\nNumber: {number}"
        return [
            [
                f"Event: Newchannel\r\nCallerIDNum: {caller}\r\nExten: 200\r\n{one}",
                f"Event: Newchannel\r\nCallerIDNum: 200\r\n{two}",
                f"Event: DeviceStateChange\r\nDevice: PJSIP/{caller}\r\nNumber: {number}",
                f"Event: QueueMemberStatus\r\nInterface: Local/{caller}@q/n\r\nNumber: {number}",
            ],
            [
                f"Event: Hangup\r\nCallerIDNum: 200\r\n{two}",
                f"Event: Cdr\r\nSource: {caller}\r\nDestination: 200\r\nUniqueID: {serial}.1"
                f"\r\nNumber: {number}",
                f"Event: Cdr\r\nSource: 5\r\nUniqueID: {serial}.2\r\nNumber: {number}",
            ],
        ]

    for first, second in (call("6101", 7, 1), call("61012", 8, 2)):
        leave(tmp_path, first)
        leave(tmp_path, second, NOON + DAY)
    leave(tmp_path, call("5", 7, 3)[0], server="another")
    seal_leftovers(ArchiveFiles(tmp_path))
    page = (ROOT / "docs/security.md").read_text()
    recipe = page[page.index("To erase the events of a number") :].split("```")[1]
    exec(recipe.removeprefix("python"), {"folder": tmp_path, "number": "6101"})
    assert sorted(numbers(read(tmp_path))) == [2] * 7 + [3] * 4


@EVERY_WAY
def test_a_server_whose_folder_was_renamed_is_read_by_its_name(
    tmp_path: Path, rows: Callable[[Path], int]
) -> None:
    archived(tmp_path)
    (tmp_path / "server=ast").rename(tmp_path / "server=a b")
    assert rows(tmp_path) == 51
    assert set(read(tmp_path)["server"]) == {"a b"}
    assert set(scan(tmp_path).to_table(columns=["server"])["server"].to_pylist()) == {"a b"}


def test_a_file_of_somebody_elses_named_nearly_like_ours_is_named(tmp_path: Path) -> None:
    good = archived(tmp_path)
    good.with_name("2024-05.parquet").write_text("mine")
    with pytest.warns(UserWarning, match=r"2024-05\.parquet"):
        frame = read(tmp_path)
    assert numbers(frame) == list(range(50))
    assert frame.attrs["archive"]["vanished"] == []


def test_a_place_of_two_lines_is_shown_in_one(tmp_path: Path) -> None:
    record = Record("ast")
    kept = record.to(tmp_path / "with\nnewline")
    assert "\n" not in repr(kept)
    record.close()


COPIES: dict[str, Callable[[Path], Path]] = {
    "number": lambda path: path.with_name(path.name.replace("-000001", "-000007")),
    "recorder": lambda path: path.with_name(path.name.replace("00c0ffee", "deadbeef")),
    "day": lambda path: path.parent.with_name("day=2020-01-01") / path.name,
}


@EVERY_WAY
@pytest.mark.parametrize("what", COPIES)
@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_copy_under_another_name_counts_nothing_twice_and_is_named(
    tmp_path: Path, what: str, is_sealed: bool, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path) if is_sealed else leave(tmp_path, numbered(0, 50))
    copy = COPIES[what](good)
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(good, copy)
    with pytest.warns(UserWarning, match=f"{copy.name} .*its {what} is "):
        assert rows(tmp_path) == 51


def test_the_archives_own_folder_may_have_any_name(tmp_path: Path) -> None:
    archived(tmp_path / "100%ff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows_by_read(tmp_path / "100%ff") == 51


def test_a_file_of_before_that_tells_no_number_is_read(tmp_path: Path) -> None:
    good = archived(tmp_path)
    told = {key: value for key, value in pq.read_metadata(good).metadata.items() if key[:1] != b"A"}
    assert told.pop(b"number") == b"1"
    table = pq.read_table(good, partitioning=None)
    pq.write_table(table.replace_schema_metadata(told), good)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows_by_read(tmp_path) == 51


@EVERY_WAY
@pytest.mark.parametrize("without", ["received_us", "time_us"])
def test_events_without_a_time_cost_their_file_where_nothing_counts_them(
    tmp_path: Path, without: str, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    foreign = good.with_name("0123456789abcdef-000001.parquet")
    table = pq.read_table(good, partitioning=None)
    at = table.schema.get_field_index(without)
    table = table.set_column(at, without, pa.array([None] * len(table), pa.int64()))
    told = pq.read_metadata(good).metadata | {b"recorder": b"0123456789abcdef"}
    with pq.ParquetWriter(foreign, table.schema, write_statistics=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(told)
    with pytest.warns(UserWarning, match=f"{foreign.name} .it has events without the time"):
        assert rows(tmp_path) == 51


@EVERY_WAY
@pytest.mark.parametrize("ending", [".parquet", ".arrows"])
@pytest.mark.parametrize("server", [b"server=\xff\xfe", b"server=%ff%fe"])
def test_a_server_whose_name_is_no_text_is_passed_over_and_named(
    tmp_path: Path, server: bytes, ending: str, rows: Callable[[Path], int]
) -> None:
    good = archived(tmp_path)
    day = tmp_path / os.fsdecode(server) / good.parent.name
    try:
        day.mkdir(parents=True)
    except OSError:
        pytest.skip("this file system has no such names")
    hidden = "" if ending == ".parquet" else "_"
    shutil.copy(good, day / f"{hidden}{good.stem}{ending}")
    with pytest.warns(UserWarning, match="no UTF-8") as warned:
        assert rows(tmp_path) == 51
    assert all(str(one.message).encode() for one in warned)


def without(name: str) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    return lambda block: block.drop_columns([name])


def instead(name: str, value: object) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    def change(block: pa.RecordBatch) -> pa.RecordBatch:
        given = pa.array([value] * len(block), None if value is not None else pa.int64())
        return block.set_column(block.schema.get_field_index(name), name, given)

    return change


BLOCKS: dict[str, Callable[[pa.RecordBatch], pa.RecordBatch]] = {
    "no proper column received ": lambda block: block.select(["received_us"]),
    "no proper column time_us": without("time_us"),
    "no proper column membername": without("membername"),
    "no proper column event": instead("event", 1),
    "no proper column extra": instead("extra", "x"),
    "no proper column received_us": lambda block: block.append_column(
        "received_us", block["received_us"]
    ),
    "no proper column time_us again": instead("time_us", "x"),
    "without the time": instead("time_us", None),
    "without the time of receipt": instead("received_us", None),
    "not written by ast_notebook": lambda block: block.replace_schema_metadata({}),
}


def made_up(path: Path, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
    """Write the blocks of an open file anew, each of them changed, with right checksums."""
    frames = []
    for block in Blocks(path):
        told = block.schema.metadata
        changed = change(block)
        if changed.schema.metadata is None:
            changed = changed.replace_schema_metadata(told)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, changed.schema) as stream:
            stream.write_batch(changed)
        frames.append(packed(sink.getvalue().to_pybytes()))
    path.write_bytes(b"".join(frames) + end())


@EVERY_WAY
@pytest.mark.parametrize("why", BLOCKS)
def test_an_open_file_with_other_columns_costs_itself_and_is_named(
    tmp_path: Path, why: str, rows: Callable[[Path], int]
) -> None:
    archived(tmp_path)
    foreign = leave(tmp_path, numbered(50, 60))
    made_up(foreign, BLOCKS[why])
    data = foreign.read_bytes()
    said = why.removesuffix(" again").removesuffix(" of receipt").strip()
    with pytest.warns(UserWarning, match=f"{foreign.name} .it .*{said}"):
        assert rows(tmp_path) == 51
    (note,) = verify(tmp_path)
    assert foreign.name in note
    with pytest.raises(ConfError, match=f"{foreign.name} was not sealed: it .*{said}"):
        seal_leftovers(ArchiveFiles(tmp_path))
    assert foreign.read_bytes() == data
    assert len(files(tmp_path, ".parquet")) == 1


def test_an_open_file_with_a_column_more_is_read(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 50))
    made_up(path, lambda block: block.append_column("more", block["event"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [way(tmp_path) for way in WAYS] == [50] * len(WAYS)
        seal_leftovers(ArchiveFiles(tmp_path))
        assert [way(tmp_path) for way in WAYS] == [50] * len(WAYS)


def test_a_copy_of_an_open_file_is_not_sealed_as_another_file(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 50))
    copy = path.with_name(path.name.replace("-000001", "-000007"))
    copy.write_bytes(path.read_bytes())
    with pytest.raises(ConfError, match="it is a copy"):
        seal_leftovers(ArchiveFiles(tmp_path))
    assert copy.exists()
    assert not path.exists()
    with pytest.warns(UserWarning, match="it is a copy"):
        assert numbers(read(tmp_path)) == [*range(50)]
