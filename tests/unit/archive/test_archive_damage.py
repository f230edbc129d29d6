"""What a disk did to an archive is told, costs only itself, and never reaches Arrow unchecked."""

from __future__ import annotations

import os
import random
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook.recording import Record, read, scan
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.framing import HEADER, Frames, end, packed
from ast_notebook.recording.layout import DAMAGED, Name, named
from ast_notebook.recording.sealing import remove_old, seal_leftovers
from ast_notebook.recording.segment import Blocks
from tests.support.archives import (
    NOON,
    files,
    footer_names,
    frame_starts,
    is_named_each_time,
    leave,
    numbered,
    numbers,
    rows_by_read,
    rows_by_relation,
    rows_by_scan,
    spoil,
)


@pytest.mark.parametrize("inside", [4, HEADER - 1, HEADER + 50])
def test_a_damaged_block_costs_itself_alone(tmp_path: Path, inside: int) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    spoil(path, frame_starts(path)[1] + inside)
    with pytest.warns(UserWarning, match=path.name):
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
    seal_leftovers(ArchiveFiles(tmp_path))
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
    seal_leftovers(ArchiveFiles(tmp_path))
    assert len(files(tmp_path, ".damaged")) == 1
    assert numbers(read(tmp_path)) == [*range(100), *range(200, 300)]


def test_a_damaged_file_goes_when_its_day_does(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 2000))
    spoil(path, frame_starts(path)[0] + HEADER + 50)
    there = ArchiveFiles(tmp_path)
    seal_leftovers(there)
    remove_old(there, "other", 0, datetime.now(UTC).date())
    assert len(files(tmp_path, ".damaged")) == 1
    remove_old(there, "ast", 0, datetime.now(UTC).date())
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
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            frame = read(tmp_path)
        found = numbers(frame)
        assert found == sorted(set(found))
        assert set(found) <= set(range(3000))
        assert len(found) >= 1000
        if len(found) < 3000:
            assert frame["event"].iloc[-1] == "RecordingLost"
        assert bool(told) == bool(frame.attrs["archive"]["damaged"])


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
    seal_leftovers(ArchiveFiles(tmp_path))
    (good,) = files(tmp_path, ".parquet")
    foreign = good.with_name("0123456789abcdef-000001.parquet")
    FOREIGN[what](foreign)
    with pytest.warns(UserWarning, match=foreign.name):
        assert rows(tmp_path) == 51


def test_a_sealed_file_damaged_inside_costs_itself_and_is_named(tmp_path: Path) -> None:
    leave(tmp_path, numbered(0, 50), server="a")
    leave(tmp_path, numbered(50, 100), server="b")
    seal_leftovers(ArchiveFiles(tmp_path))
    path = next(file for file in files(tmp_path, ".parquet") if "server=a" in str(file))
    footer = pq.read_metadata(path).row_group(0)
    event = footer.column(footer_names(path).index("event"))
    spoil(path, event.data_page_offset + event.total_compressed_size // 2)
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path)
    assert numbers(frame) == list(range(50, 100))
    assert list(frame.attrs["archive"]["damaged"]) == [str(path)]


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


def shared_or_not(folder: Path, is_shared: bool) -> Path:
    folder.mkdir()
    if is_shared:
        if os.geteuid() == 0:
            os.chown(folder, -1, os.getegid() + 4242)
        folder.chmod(0o2750)
    return folder


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("of_spool", [False, True])
@pytest.mark.parametrize("of_calls", [False, True])
def test_a_sealed_file_is_as_its_own_folder_says_wherever_the_open_one_was(
    tmp_path: Path, usual_umask: None, of_calls: bool, of_spool: bool, far: bool
) -> None:
    elsewhere = Path("/dev/shm") if far else tmp_path
    if far and (not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev):
        pytest.skip("there is no other file system")
    with tempfile.TemporaryDirectory(dir=elsewhere) as other:
        calls = shared_or_not(tmp_path / "calls", of_calls)
        spool = shared_or_not(Path(other) / "spool", of_spool)
        record = Record("ast")
        kept = record.to(calls, open_folder=spool)
        record.add(numbered(0, 50), NOON)
        assert kept.flush()
        (still_open,) = files(spool, ".arrows")
        assert still_open.stat().st_mode & 0o777 == (0o640 if of_spool else 0o600)
        record.close()
    assert modes(calls)["files"] == {0o640 if of_calls else 0o600}
    (sealed,) = files(calls, ".parquet")
    assert sealed.stat().st_gid == (calls.stat().st_gid if of_calls else os.getegid())
    assert numbers(read(calls)) == list(range(50))


def test_sealed_files_go_to_another_local_folder(tmp_path: Path) -> None:
    record = Record("ast")
    kept = record.to(tmp_path / "calls", open_folder=tmp_path / "spool")
    record.add(numbered(0, 50), NOON)
    assert kept.flush()
    record.close()
    assert len(files(tmp_path / "calls", ".parquet")) == 1
    pd.testing.assert_series_equal(
        read(tmp_path / "calls", open_folder=tmp_path / "spool")["number"],
        pd.Series([str(n) for n in range(50)], name="number", dtype="str"),
        check_categorical=False, check_dtype=False,
    )  # fmt: skip


def test_a_name_of_a_damaged_file_is_known() -> None:
    name = Name("00c0ffee", 1, "ast", date(2026, 3, 1))
    assert named(name.path(DAMAGED)) == (name, DAMAGED)


# --- what other engines would not tell ------------------------------------------------------------


@pytest.mark.parametrize("way", [rows_by_scan, rows_by_relation])
@pytest.mark.parametrize("column", ["event", "time_us", "value"])
def test_every_other_way_to_read_names_a_damaged_file_each_time(
    tmp_path: Path, column: str, way: Callable[[Path], int]
) -> None:
    is_named_each_time(tmp_path, column, way)


def test_what_is_sound_is_gone_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(tmp_path, numbered(0, 50))
    seal_leftovers(ArchiveFiles(tmp_path))
    read_again = []
    whole = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile,
        "iter_batches",
        lambda *given, **more: read_again.append(given) or whole(*given, **more),
    )
    scan(tmp_path, check=False)
    assert len(read_again) == 0
    for _ in range(3):
        assert rows_by_relation(tmp_path) == rows_by_scan(tmp_path) == 51
    assert len(read_again) == 1


def without_times(block: pa.RecordBatch) -> pa.RecordBatch:
    return block.drop_columns(["received_us"])


def at_no_time(block: pa.RecordBatch) -> pa.RecordBatch:
    place = block.schema.get_field_index("received_us")
    return block.set_column(place, block.schema.field(place), pa.nulls(len(block), pa.int64()))


def no_text(block: pa.RecordBatch) -> pa.RecordBatch:
    """Put bytes that are no text in the place of one."""
    bytes_ = pa.array([b"\xff\xfe"] * len(block))
    texts = pa.StringArray.from_buffers(len(block), *bytes_.buffers()[1:])
    place = block.schema.get_field_index("event")
    kind = block.schema.field(place)
    codes = pa.array([0] * len(block), kind.type.index_type)
    return block.set_column(place, kind, pa.DictionaryArray.from_arrays(codes, texts[:1]))


@pytest.mark.parametrize("change", [without_times, at_no_time, no_text])
def test_a_block_that_somebody_made_up_costs_itself(
    tmp_path: Path, change: Callable[[pa.RecordBatch], pa.RecordBatch]
) -> None:
    path = leave(tmp_path, numbered(0, 1000))
    (block,) = Blocks(path)
    made_up = change(block)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made_up.schema.with_metadata(block.schema.metadata)) as stream:
        stream.write_batch(made_up)
    with path.open("ab") as file:
        file.write(packed(sink.getvalue().to_pybytes()))
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path)
    assert numbers(frame) == [*range(1000)]
    seal_leftovers(ArchiveFiles(tmp_path))
    assert files(tmp_path, ".damaged")
    assert numbers(read(tmp_path)) == [*range(1000)]
