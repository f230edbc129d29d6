"""What recorders leave that die, and what two of them leave."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ast_notebook.recording import Record, read, relation, scan
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.lock import is_held
from ast_notebook.recording.sealing import seal_leftovers
from tests.support.archives import NOON, files, leave, numbered, numbers
from tests.support.paths import ROOT
from tests.support.waiting import eventually


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_torn_block_is_left_out_and_its_loss_is_told(tmp_path: Path, cut: int) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    os.truncate(path, path.stat().st_size - cut)
    frame = read(tmp_path)
    assert numbers(frame) == list(range(2000))
    assert frame["event"].iloc[-1] == "RecordingLost"
    torn = int(frame["bytes"].iloc[-1])
    assert torn > 0
    assert frame.attrs["archive"]["torn"] == {str(path): torn}
    seal_leftovers(ArchiveFiles(tmp_path))
    sealed = read(tmp_path)
    assert numbers(sealed) == list(range(2000))
    assert int(sealed["bytes"].iloc[-1]) == torn
    metadata = pq.read_metadata(files(tmp_path, ".parquet")[0]).metadata
    assert metadata[b"torn_bytes"] == str(torn).encode()


def test_garbage_in_a_file_costs_what_follows_it_only(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 3000))
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3 + 2000 :] = random.Random(1).randbytes(len(data))
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=path.name):
        frame = read(tmp_path)
    assert numbers(frame) in (list(range(1000)), list(range(2000)))
    assert frame["event"].iloc[-1] == "RecordingLost"


def test_an_empty_file_of_a_dead_recorder_is_cleared_away(tmp_path: Path) -> None:
    path = leave(tmp_path, [])
    assert read(tmp_path).empty
    os.utime(path, (time.time() - 61, time.time() - 61))
    seal_leftovers(ArchiveFiles(tmp_path))
    assert not files(tmp_path, "s")


def test_a_file_that_was_made_just_now_is_left_to_its_recorder(tmp_path: Path) -> None:
    path = leave(tmp_path, [])  # as between its making and its locking
    seal_leftovers(ArchiveFiles(tmp_path))
    assert path.exists()


def test_a_day_that_another_recorder_clears_away_is_made_again(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    made, cleared = Path.mkdir, []

    def clear_at_once(path: Path, *rest: Any, **options: Any) -> None:
        made(path, *rest, **options)
        if path.name.startswith("day=") and path.exists() and len(cleared) < 3:
            path.rmdir()
            cleared.append(path)

    monkeypatch.setattr(Path, "mkdir", clear_at_once)
    record.add(numbered(0, 50), NOON)
    assert kept.flush(timeout=0.5)
    assert len(cleared) == 3
    assert not kept.error


def test_the_next_recorder_seals_what_a_dead_one_left(record: Record, tmp_path: Path) -> None:
    leave(tmp_path, numbered(0, 50), server="other")
    record.to(tmp_path)
    eventually(lambda: not files(tmp_path, ".arrows"))
    assert numbers(read(tmp_path)) == list(range(50))


def test_a_living_recorders_file_is_nobody_elses(record: Record, tmp_path: Path) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 50), NOON)
    assert kept.flush()
    (path,) = files(tmp_path, ".arrows")
    assert is_held(path)
    code = (
        "import sys\n"
        "from ast_notebook.recording.archive_files import ArchiveFiles\n"
        "from ast_notebook.recording.sealing import seal_leftovers\n"
        "print(seal_leftovers(ArchiveFiles(sys.argv[1])))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert said.stdout.strip() == "0"
    assert files(tmp_path, ".arrows") == [path]
    assert "RecordingLost" not in read(tmp_path)["event"].tolist()


def test_a_file_that_is_sealed_already_is_not_read_again(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 50))
    before = path.read_bytes()
    seal_leftovers(ArchiveFiles(tmp_path))
    path.write_bytes(before)  # as if killed between sealing and removing
    assert numbers(read(tmp_path)) == list(range(50))
    assert scan(tmp_path).count_rows() == 51  # with the row that tells of the end
    seal_leftovers(ArchiveFiles(tmp_path))
    assert not path.exists()
    assert numbers(read(tmp_path)) == list(range(50))


@pytest.mark.parametrize("closed", [False, True])
def test_two_recorders_of_one_pbx_do_not_count_twice(tmp_path: Path, closed: bool) -> None:
    first, second = Record("ast"), Record("ast")
    now = time.time_ns() // 1000
    first.to(tmp_path).recorder = "00000001aa"
    second.to(tmp_path).recorder = "00000002bb"
    first.add(numbered(0, 300), now)
    first.add(["Event: SessionLost\r\nTimestamp: 1795000002.995"], now)
    second.add(numbered(100, 600), now)
    first.add(["Event: SessionRestored\r\nTimestamp: 1795000004.995"], now)
    first.add(numbered(500, 700), now)
    second.add(numbered(600, 900), now)
    for record in (first, second):
        assert record.archive is not None
        assert record.archive.flush()
        if closed:
            record.close()
    assert sorted(numbers(read(tmp_path))) == list(range(900))
    assert scan(tmp_path).count_rows() == 902
    (count,) = relation(tmp_path, connection=duckdb.connect()).aggregate("count(*)").fetchall()
    assert count == (902,)
    first.close()
    second.close()


@pytest.mark.parametrize("closed", [False, True])
def test_two_pbxs_of_one_name_lose_nothing(tmp_path: Path, closed: bool) -> None:
    now = time.time_ns() // 1000
    records = [Record("ast"), Record("ast")]
    for record, pbx in zip(records, ("berlin", "rome"), strict=True):
        record.to(tmp_path).recorder = f"0000000{len(pbx)}aa"
        texts = enumerate(numbered(0, 300))
        record.add([f"{text}\r\nUniqueid: {pbx}.{number}" for number, text in texts], now)
        assert record.archive is not None
        assert record.archive.flush()
        if closed:
            record.close()
    found = read(tmp_path)["uniqueid"].astype("str").str.split(".").str[0]
    assert found.value_counts().to_dict() == {"berlin": 300, "rome": 300}
    assert scan(tmp_path).count_rows() == 600
    for record in records:
        record.close()


@pytest.mark.parametrize("first", ["all", "some"])
def test_of_two_recorders_the_one_that_heard_more_is_left(tmp_path: Path, first: str) -> None:
    now = time.time_ns() // 1000
    every = numbered(0, 300)
    for number, what in enumerate((first, "some" if first == "all" else "all", "all")):
        record = Record("ast")
        record.to(tmp_path).recorder = f"0000000{number}aa"
        record.add(every if what == "all" else every[::3], now)
        record.close()
    assert numbers(read(tmp_path)) == list(range(300))
    assert scan(tmp_path).count_rows() == 300


def test_recorders_of_different_pbxs_share_a_folder(tmp_path: Path) -> None:
    records = [Record(name) for name in ("one", "two")]
    for record in records:
        record.to(tmp_path)
        record.add(numbered(0, 100), NOON)
    for record in records:
        record.close()
    assert read(tmp_path)["server"].value_counts().to_dict() == {"one": 100, "two": 100}


def test_the_same_command_again_goes_on_with_the_same_archive(
    record: Record, tmp_path: Path
) -> None:
    first = record.to(tmp_path)
    assert record.to(f"{tmp_path}/", retention_days=3) is first
    assert record.to(tmp_path).retention_days == 3
    other = record.to(tmp_path / "other")
    assert other is not first
    assert "closed" in repr(first)
    record.add(numbered(0, 10), NOON)
    assert other.flush()
    assert first.written == 0
