"""What a disk did to an archive is told, costs only itself, and never reaches Arrow unchecked."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.recording import Record, archive, read, relation, scan
from ast_notebook.recording.framing import HEADER, Frames, end, packed
from ast_notebook.recording.layout import DAMAGED, Name, named
from ast_notebook.recording.segment import Blocks
from tests.test_archive import NOON, files, leave, numbered, numbers


def spoil(path: Path, place: int) -> None:
    """Turn a byte of a file into another one."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def frame_starts(path: Path) -> list[int]:
    data = path.read_bytes()
    return [n for n in range(len(data)) if data[n : n + 4] == b"ASTB"]


@pytest.mark.parametrize("inside", [4, HEADER - 1, HEADER + 50])
def test_a_damaged_block_costs_itself_alone(tmp_path: Path, inside: int) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    spoil(path, frame_starts(path)[1] + inside)
    frame = read(tmp_path)
    assert numbers(frame) == [*range(1000), *range(2000, 3000)]
    assert frame["event"].iloc[-1] == "RecordingLost"
    assert frame.attrs["archive"]["damaged"] == {str(path): int(frame["bytes"].iloc[-1])}


def test_a_damaged_file_is_sealed_as_far_as_it_is_read_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    spoil(path, frame_starts(path)[1] + HEADER + 50)
    before = path.read_bytes()
    archive.compact_leftovers(archive.Shelf(tmp_path))
    (aside,) = files(tmp_path, ".damaged")
    assert aside.read_bytes() == before
    assert str(aside) in caplog.text
    sealed = read(tmp_path)
    assert numbers(sealed) == [*range(1000), *range(2000, 3000)]
    assert (sealed["event"] == "RecordingLost").sum() == 1


def test_a_file_damaged_while_its_recorder_lives_is_kept_aside_too(tmp_path: Path) -> None:
    with_record = Record("ast")
    kept = with_record.to(tmp_path)
    for first in (0, 100, 200):
        with_record.add(numbered(first, first + 100), NOON)
        assert kept.flush()
    (path,) = files(tmp_path, ".arrows")
    spoil(path, frame_starts(path)[1] + HEADER + 50)
    with_record.close()
    archive.compact_leftovers(archive.Shelf(tmp_path))
    assert len(files(tmp_path, ".damaged")) == 1
    assert numbers(read(tmp_path)) == [*range(100), *range(200, 300)]


def test_a_damaged_file_goes_when_its_day_does(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 2000))
    spoil(path, frame_starts(path)[0] + HEADER + 50)
    shelf = archive.Shelf(tmp_path)
    archive.compact_leftovers(shelf)
    archive.remove_old(shelf, "other", 0, datetime.now(UTC).date())
    assert len(files(tmp_path, ".damaged")) == 1
    archive.remove_old(shelf, "ast", 0, datetime.now(UTC).date())
    assert not files(tmp_path, ".damaged")


def test_whatever_was_damaged_no_event_is_made_up(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    good = path.read_bytes()
    chance = random.Random(5)
    for _ in range(60):
        data = bytearray(good)
        place = chance.randrange(len(data))
        length = chance.choice([1, 1, 30, 3000])
        data[place : place + length] = chance.randbytes(min(length, len(data) - place))
        path.write_bytes(data)
        frame = read(tmp_path)
        found = numbers(frame)
        assert found == sorted(set(found))
        assert set(found) <= set(range(3000))
        assert len(found) >= 1000
        if len(found) < 3000:
            assert frame["event"].iloc[-1] == "RecordingLost"


def test_frames_between_other_bytes_are_found(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"ASTBASTB" + packed(b"one") + b"\0" * 500 + packed(b"two") + end())
    frames = Frames(path)
    assert list(frames) == [b"one", b"two"]
    assert (frames.damaged, frames.torn, frames.complete) == (508, 0, True)


def test_a_frame_cut_anywhere_is_torn_and_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = packed(b"one") + packed(b"two")
    first = len(packed(b"one"))
    for cut in range(first + 1, len(whole)):
        path.write_bytes(whole[:cut])
        frames = Frames(path)
        assert list(frames) == [b"one"]
        assert (frames.damaged, frames.torn) == (0, cut - first)


def test_frames_of_another_content_are_no_blocks(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 1000))
    data = path.read_bytes()
    path.write_bytes(data.replace(data[4:8], b"\xff\xff\xff\x7f", 1))
    blocks = Blocks(path)
    assert list(blocks) == []
    assert blocks.damaged == len(data)


def rows_by_read(place: Path) -> int:
    return len(read(place))


def rows_by_scan(place: Path) -> int:
    return scan(place).count_rows()


def rows_by_relation(place: Path) -> int:
    return int(relation(place).count("*").fetchall()[0][0])


FOREIGN: dict[str, Callable[[Path], object]] = {
    "of another program": lambda path: pq.write_table(pa.table({"a": [1]}), path),
    "empty": lambda path: path.write_bytes(b""),
    "torn": lambda path: path.write_bytes(b"PAR1 torn"),
    "text": lambda path: path.write_text("a,b\n1,2\n" * 50),
}


@pytest.mark.parametrize("rows", [rows_by_read, rows_by_scan, rows_by_relation])
@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_file_is_passed_over_and_named(
    tmp_path: Path, what: str, rows: Callable[[Path], int]
) -> None:
    leave(tmp_path, numbered(0, 50))
    archive.compact_leftovers(archive.Shelf(tmp_path))
    (good,) = files(tmp_path, ".parquet")
    foreign = good.with_name("0123456789abcdef-000001.parquet")
    FOREIGN[what](foreign)
    with pytest.warns(UserWarning, match=foreign.name):
        assert rows(tmp_path) == 51


def test_a_sealed_file_damaged_inside_costs_itself_and_is_named(tmp_path: Path) -> None:
    leave(tmp_path, numbered(0, 50), server="a")
    leave(tmp_path, numbered(50, 100), server="b")
    archive.compact_leftovers(archive.Shelf(tmp_path))
    path = next(file for file in files(tmp_path, ".parquet") if "server=a" in str(file))
    footer = pq.read_metadata(path).row_group(0)
    event = footer.column(footer_names(path).index("event"))
    spoil(path, event.data_page_offset + event.total_compressed_size // 2)
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path)
    assert numbers(frame) == list(range(50, 100))
    assert list(frame.attrs["archive"]["foreign"]) == [str(path)]


def footer_names(path: Path) -> list[str]:
    schema = pq.read_metadata(path).schema
    return [schema.column(n).path for n in range(len(schema))]


def modes(folder: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"folders": set(), "files": set()}
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode) & 0o777
        found["folders" if path.is_dir() else "files"].add(mode)
    return found


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def write_and_seal(folder: Path) -> None:
    record = Record("ast")
    kept = record.to(folder)
    record.add(numbered(0, 50), NOON)
    assert kept.flush()
    record.close()
    leave(folder, numbered(50, 60))


def test_only_the_owner_may_read_what_was_recorded(tmp_path: Path, usual_umask: None) -> None:
    write_and_seal(tmp_path / "deep" / "calls")
    assert modes(tmp_path / "deep") == {"folders": {0o700}, "files": {0o600}}


def test_a_folder_that_a_group_shares_is_readable_for_the_group(
    tmp_path: Path, usual_umask: None
) -> None:
    shared = tmp_path / "calls"
    shared.mkdir()
    shared.chmod(0o2750)
    write_and_seal(shared)
    assert modes(shared) == {"folders": {0o750}, "files": {0o640}}


def test_sealed_files_go_to_another_local_folder(tmp_path: Path) -> None:
    record = Record("ast")
    kept = record.to(tmp_path / "calls", spool=tmp_path / "spool")
    record.add(numbered(0, 50), NOON)
    assert kept.flush()
    record.close()
    assert len(files(tmp_path / "calls", ".parquet")) == 1
    pd.testing.assert_series_equal(
        read(tmp_path / "calls", spool=tmp_path / "spool")["number"],
        pd.Series([str(n) for n in range(50)], name="number", dtype="str"),
        check_categorical=False, check_dtype=False,
    )  # fmt: skip


def test_a_name_of_a_damaged_file_is_known() -> None:
    name = Name("00c0ffee", 1, "ast", date(2026, 3, 1))
    assert named(name.path(DAMAGED)) == (name, DAMAGED)
