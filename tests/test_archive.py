"""What is kept on disk: written as it comes, sealed, read back the same, whatever dies."""

from __future__ import annotations

import errno
import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, archive, read, reading, relation, scan, shelf
from ast_notebook.recording.columns import seal
from ast_notebook.recording.framing import packed
from ast_notebook.recording.layout import DAY, Name, by_day, named
from ast_notebook.recording.lock import is_held
from ast_notebook.recording.segment import Blocks, Segment
from tests.bench.sender import events
from tests.waiting import eventually

TEXTS = events(4000).decode().split("\r\n\r\n")[:4000]
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000
ROOT = Path(__file__).parents[1]


def numbered(first: int, last: int, start: float = 1_795_000_000.0) -> list[str]:
    """Return texts of events, a hundredth of a second apart, each with its number."""
    return [
        f"Event: Test\r\nTimestamp: {start + number / 100:.6f}\r\nChannel: Local/{number % 7}\r\n"
        f"Number: {number}"
        for number in range(first, last)
    ]


def numbers(frame: pd.DataFrame) -> list[int]:
    """Return the numbers of the events that a frame has."""
    return [] if "number" not in frame else frame["number"].dropna().astype(int).tolist()


def files(folder: Path, ending: str) -> list[Path]:
    """Return an archive's files, oldest first."""
    return sorted(folder.rglob(f"*{ending}"))


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record("ast")
    yield record
    record.close()


def leave(
    folder: Path,
    texts: list[str],
    received: int = NOON,
    *,
    server: str = "ast",
    at_once: int = 1000,
) -> Path:
    """Write an open file as a recorder does that is then killed."""
    moment = received // DAY * DAY
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).date()
    folder.mkdir(exist_ok=True)
    segment = Segment(folder, Name("00c0ffee", len(files(folder, "")) + 1, server, day))
    for first in range(0, len(texts), at_once):
        block = texts[first : first + at_once]
        segment.write(seal(block, [received] * len(block)))
    os.close(segment._handle)
    return segment.path


# --- what is read is what was heard --------------------------------------------------------------


def test_an_archive_gives_the_frame_that_was_live(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FULL", 1500)
    kept = record.to(tmp_path)
    for first in range(0, 4000, 250):
        record.add(TEXTS[first : first + 250], NOON + first)
        kept.flush()
    record.add(["Event: Odd\r\nRecorder: me\r\nReceived: then\r\nday: 1\r\nextra: 2"], NOON)
    assert kept.flush()
    live = record.frame()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    record.close()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    assert live["header_received"].dropna().tolist() == ["then"]
    assert kept.written == 4001
    assert kept.lost == kept.waiting == 0


def test_only_what_comes_after_the_command_is_kept(record: Record, tmp_path: Path) -> None:
    record.add(numbered(0, 10), NOON)
    kept = record.to(tmp_path)
    record.add(numbered(10, 30), NOON)
    assert kept.flush()
    assert numbers(read(tmp_path)) == list(range(10, 30))


def test_an_event_is_on_disk_after_a_second(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 3), NOON)
    eventually(lambda: numbers(read(tmp_path)) == [0, 1, 2], 3)


def test_columns_moments_and_servers_are_chosen(tmp_path: Path) -> None:
    for server in ("berlin", "a/b ü"):
        record = Record(server)
        record.to(tmp_path)
        for minute in range(3):
            record.add(numbered(minute, minute + 1), NOON + minute * 60_000_000)
        record.close()
    middle = pd.Timestamp(NOON + 60_000_000, unit="us", tz="UTC")
    assert numbers(read(tmp_path, since=middle, servers="berlin")) == [1, 2]
    assert numbers(read(tmp_path, until=middle, servers=["a/b ü"])) == [0]
    both = read(tmp_path, columns=["number", "server", "never"])
    assert both.columns.tolist() == ["number", "server", "never"]
    assert sorted(both["server"].unique()) == ["a/b ü", "berlin"]
    assert both["never"].isna().all()
    assert read(tmp_path, servers="nobody").empty
    assert read(tmp_path, since="2030-01-01").columns[:4].tolist() == [
        "received", "time", "server", "event",
    ]  # fmt: skip


def test_a_moment_without_a_zone_is_local_time(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 1), NOON)
    record.close()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert numbers(read(tmp_path, since="2026-03-01 21:00")) == [0]
        assert numbers(read(tmp_path, since="2026-03-01 21:01")) == []
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_lazy_archive_is_counted_by_pyarrow_duckdb_and_polars(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FULL", 1500)
    kept = record.to(tmp_path)
    for first in range(0, 4000, 500):
        record.add(numbered(first, first + 500), NOON + first * 1_000_000)
        kept.flush()
    eventually(lambda: bool(files(tmp_path, ".parquet")) and not kept.unsealed)
    assert files(tmp_path, ".arrows")  # so there is both
    since = pd.Timestamp(NOON + 1_000_000_000, unit="us", tz="UTC")
    assert scan(tmp_path).count_rows() == 4000
    assert scan(tmp_path, since=since).count_rows() == 3000
    query = "server, sum(extra['number']::int) s, count(distinct channel) c"
    found = relation(tmp_path, connection=duckdb.connect()).aggregate(query, "server").fetchall()
    assert found == [("ast", 4000 * 3999 // 2, 7)]
    lazy = pl.scan_pyarrow_dataset(scan(tmp_path)).select(pl.len()).collect()
    assert lazy.item() == 4000


def test_duckdb_reads_what_is_sealed_and_what_is_open(tmp_path: Path) -> None:
    record = Record("west/1 %")  # a name that a folder's cannot be
    record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    record.close()
    record = Record("west/1 %")
    record.to(tmp_path)
    record.add(["Event: Test\r\nNumber: 100\r\nChannel: <unknown>"], NOON + 500)
    eventually(lambda: len(read(tmp_path)) == 101)
    found = relation(tmp_path, columns=["server", "number", "channel"], since="2026-03-01")
    query = "server, count(*), max(number::int), count(channel)"
    assert found.aggregate(query, "server").fetchall() == [("west/1 %", 101, 100, 100)]
    late = pd.Timestamp(NOON + 200, unit="us", tz="UTC")
    assert len(relation(tmp_path, since=late)) == 1
    assert len(relation(tmp_path, until=late)) == 100
    record.close()


def test_a_table_has_only_the_events_and_columns_wanted(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    record.add(["Event: Other\r\nNumber: <unknown>"], NOON)
    record.close()
    columns = ("server", "event", "channel", "number", "unheard")
    others = reading.table(tmp_path, columns, where=pc.field("event") == "Other")
    assert others.to_pylist() == [
        {"server": "ast", "event": "Other", "channel": None, "number": None, "unheard": None}
    ]
    assert len(read(tmp_path, columns=columns, where=pc.field("event") == "Test")) == 100
    whole = reading.table(tmp_path, columns).to_pandas()
    assert sorted(whole["number"].dropna().astype(int)) == list(range(100))
    assert whole["channel"].nunique() == 7


def test_sealed_files_are_a_dataset_for_everybody(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(TEXTS, NOON)
    record.close()
    record.to(tmp_path)
    leave(tmp_path, numbered(0, 5))  # which they pass over
    frame = pd.read_parquet(tmp_path)
    assert len(frame) == 4000
    assert set(frame["server"]) == {"ast"}
    assert set(frame["day"].astype(str)) == {"2026-03-01"}
    assert str(frame["received"].dtype) == "datetime64[us, UTC]"
    assert frame["received_us"].tolist() == list(range(NOON, NOON + 4000))
    lazily = pl.scan_parquet(f"{tmp_path}/**/*.parquet", hive_partitioning=True)
    assert lazily.select("event").collect()["event"].n_unique() == 8
    found = duckdb.connect().sql(
        f"select day, count(*), max(extra['dialstring']), min(cause) "
        f"from read_parquet('{tmp_path}/**/*.parquet', hive_partitioning=true) group by day"
    )
    assert found.fetchall() == [(date(2026, 3, 1), 4000, "240", "16")]


def test_the_day_of_a_file_is_the_utc_day_of_receiving(record: Record, tmp_path: Path) -> None:
    midnight = NOON // DAY * DAY + DAY
    kept = record.to(tmp_path)
    for moment in (midnight - 1, midnight, midnight - 5, midnight + 9):  # a clock put back, too
        record.add(numbered(0, 2), moment)
    assert kept.flush()
    live = record.frame()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    record.close()
    pd.testing.assert_frame_equal(read(tmp_path), live)
    days = {path.parent.name for path in files(tmp_path, ".parquet")}
    assert days == {"day=2026-03-01", "day=2026-03-02"}


@given(st.lists(st.integers(0, 5 * DAY), max_size=30))
@settings(deadline=None)
def test_parting_by_day_keeps_every_event_in_its_order(moments: list[int]) -> None:
    parts = list(by_day(seal(["Event: E"] * len(moments), moments)))
    assert [m for _, part in parts for m in part["received"].to_pylist()] == moments
    for day, part in parts:
        assert {(datetime(1970, 1, 1) + timedelta(microseconds=m)).date()
                for m in part["received"].to_pylist()} == {day}  # fmt: skip


@given(st.text(min_size=1), st.integers(0, 10**7), st.dates())
def test_a_file_is_known_by_its_name(server: str, number: int, day: date) -> None:
    name = Name("00ab", number, server.encode("utf-8", "ignore").decode() or "x", day)
    for ending in (".arrows", ".parquet"):
        assert named("/some/where/" + name.path(ending)) == (name, ending)


# --- whatever dies -------------------------------------------------------------------------------

WRITER = """
import mmap, struct, sys, time
from ast_notebook.recording import Record

folder, progress = sys.argv[1:]
with open(progress, "r+b") as file:
    told = mmap.mmap(file.fileno(), 16)
record = Record()
archive = record.to(folder)
number = 0
while True:
    start = time.perf_counter()
    record.add(
        [f"Event: Flood\\r\\nTimestamp: {time.time():.6f}\\r\\nChannel: Local/s@flood\\r\\n"
         f"Number: {number + more}" for more in range(50)],
        time.time_ns() // 1000,
    )
    number += 50
    struct.pack_into("qq", told, 0, number, archive.written)
    time.sleep(max(0.0, start + 0.01 - time.perf_counter()))
"""


def told(progress: Path) -> int:
    """Return how many events the writer has added."""
    return _counts(progress)[0]


def kept(progress: Path) -> int:
    """Return how many of them are on disk."""
    return _counts(progress)[1]


def _counts(progress: Path) -> tuple[int, int]:
    added, written = struct.unpack("qq", progress.read_bytes())
    return added, written


def test_kill_9_loses_one_open_block_at_most(tmp_path: Path) -> None:
    heard_of_losses = 0
    for attempt in range(20):
        folder, progress = tmp_path / f"{attempt}", tmp_path / "progress"
        progress.write_bytes(bytes(16))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(progress)], cwd=ROOT
        ) as writer:
            eventually(partial(kept if attempt % 2 else told, progress), 60)
            time.sleep(random.uniform(0.0, 1.5))
            writer.kill()
        added, written = _counts(progress)
        left = read(folder)
        found = numbers(left)
        assert found == list(range(len(found)))
        assert len(found) >= written
        assert added - len(found) <= archive.BLOCK
        lost = left[left["event"] == "RecordingLost"]
        assert len(lost) == 1 or not found
        heard_of_losses += len(lost)

        archive.compact_leftovers(archive.Shelf(folder))
        assert not any(path.stat().st_size for path in files(folder, ".arrows"))
        again = read(folder)
        assert numbers(again) == found
        assert (again["event"] == "RecordingLost").sum() == len(lost)
    assert heard_of_losses >= 10


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
    archive.compact_leftovers(archive.Shelf(tmp_path))
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
    frame = read(tmp_path)
    assert numbers(frame) in (list(range(1000)), list(range(2000)))
    assert frame["event"].iloc[-1] == "RecordingLost"


def test_an_empty_file_of_a_dead_recorder_is_cleared_away(tmp_path: Path) -> None:
    path = leave(tmp_path, [])
    assert read(tmp_path).empty
    os.utime(path, (time.time() - 61, time.time() - 61))
    archive.compact_leftovers(archive.Shelf(tmp_path))
    assert not files(tmp_path, "s")


def test_a_file_that_was_made_just_now_is_left_to_its_recorder(tmp_path: Path) -> None:
    path = leave(tmp_path, [])  # as between its making and its locking
    archive.compact_leftovers(archive.Shelf(tmp_path))
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
        "import sys; from ast_notebook.recording import archive\n"
        "print(archive.compact_leftovers(archive.Shelf(sys.argv[1])))"
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
    archive.compact_leftovers(archive.Shelf(tmp_path))
    path.write_bytes(before)  # as if killed between sealing and removing
    assert numbers(read(tmp_path)) == list(range(50))
    assert scan(tmp_path).count_rows() == 51  # with the row that tells of the end
    archive.compact_leftovers(archive.Shelf(tmp_path))
    assert not path.exists()
    assert numbers(read(tmp_path)) == list(range(50))


# --- two recorders -------------------------------------------------------------------------------


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


# --- a disk that refuses -------------------------------------------------------------------------


def test_a_full_disk_is_told_and_retried_and_loses_nothing(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FLUSH", 0.1)
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    write = os.write
    (path,) = files(tmp_path, ".arrows")

    def half(handle: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[: len(data) // 2])

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        record.add(numbered(100, 200), NOON)
        eventually(lambda: "No space left" in kept.error)
        assert "No space left" in repr(record)
        assert kept.waiting == 100
        assert len(record.frame()) == 200
        assert not Blocks(path).torn
    eventually(lambda: not kept.error, 10)
    assert kept.lost == 0
    record.close()
    assert numbers(read(tmp_path)) == list(range(200))
    assert "RecordingLost" not in read(tmp_path)["event"].tolist()


def test_a_folder_that_vanishes_is_told_and_what_went_with_it_counted(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FLUSH", 0.1)
    folder, away = tmp_path / "archive", tmp_path / "away"
    kept = record.to(folder)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    folder.rename(away)
    record.add(numbered(100, 200), NOON)
    eventually(lambda: bool(kept.error))
    assert not folder.exists()  # no new folder in place of a disk that was taken out
    folder.mkdir()
    eventually(lambda: not kept.error and kept.waiting == 0, 10)
    record.close()
    assert numbers(read(folder)) == list(range(100, 200))
    assert kept.lost == 100
    assert kept.written == 100


def test_what_the_budget_does_not_reach_is_counted_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record(budget=20_000_000)
    monkeypatch.setattr(archive, "FLUSH", 3600.0)
    monkeypatch.setattr(archive, "ENOUGH", 10**9)
    kept = record.to(tmp_path)
    for first in range(0, 60_000, 1000):
        record.add([text + "x" * 5000 for text in numbered(first, first + 1000)], NOON)
    assert record.dropped > 0
    kept.flush(30)
    assert kept.lost > 0
    assert kept.lost + kept.written == 60_000
    record.close()


def test_what_is_cleared_from_memory_is_on_disk(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    record.clear()
    record.add(numbered(100, 200), NOON)
    record.close()
    assert numbers(read(tmp_path)) == list(range(200))


def test_nothing_is_cleared_that_the_disk_has_not_taken(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse)
        full.setattr(kept, "flush", partial(kept.flush, 0.3))
        record.add(numbered(0, 100), NOON)
        with pytest.raises(ConfError, match=r"100 events are not on disk yet .*: nothing was forg"):
            record.clear()
        assert len(record.frame()) == 100
    eventually(lambda: kept.written == 100, 10)
    assert record.clear() == 100
    assert kept.lost == 0


def refuse(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_not_on_disk_at_the_end_is_lost_and_told(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 10), NOON)
    assert kept.flush()
    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse)
        record.add(numbered(10, 100), NOON)
        record.close()
    assert (kept.written, kept.lost) == (10, 90)
    assert "closed before 90 events were on disk" in caplog.text


def test_a_file_that_cannot_be_read_now_is_sealed_later(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RESEAL", 0.1)
    kept = record.to(tmp_path)
    for first in range(0, 300, 100):
        record.add(numbered(first, first + 100), NOON)
        assert kept.flush()
    read_on = pa.ipc.RecordBatchStreamReader.read_next_batch
    broken = [OSError(errno.EIO, "Input/output error")]

    class Failing:
        def __init__(self, file: object) -> None:
            self._reader = open_stream(file)
            self.schema = self._reader.schema
            self._count = 0

        def read_next_batch(self) -> pa.RecordBatch:
            self._count += 1
            if self._count == 2 and broken:
                raise broken[0]
            return read_on(self._reader)

    open_stream = pa.ipc.open_stream
    with monkeypatch.context() as disk:
        disk.setattr(pa.ipc, "open_stream", Failing)
        kept._pass_on()
        eventually(lambda: "sealing not done" in kept.error, 10)
        assert not files(tmp_path, ".parquet")
    eventually(lambda: bool(files(tmp_path, ".parquet")), 10)
    assert numbers(read(tmp_path)) == list(range(300))


def test_one_file_that_cannot_be_sealed_keeps_no_other_from_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = leave(tmp_path, numbered(0, 10), server="a")
    leave(tmp_path, numbered(10, 20), server="b")
    stranger = pa.schema([("x", pa.int32())], {"ast_notebook.archive": "99"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, stranger):
        pass
    first.write_bytes(packed(bytes(sink.getvalue())))
    with pytest.raises(ConfError):
        archive.compact_leftovers(archive.Shelf(tmp_path))
    assert files(tmp_path, ".arrows") == [first]
    assert len(files(tmp_path, ".parquet")) == 1


@pytest.mark.parametrize("place", ["", "  ", "nosuch://bucket/x"])
def test_a_place_that_cannot_be_is_refused_at_once(record: Record, place: str) -> None:
    with pytest.raises(ConfError):
        record.to(place)
    assert record.archive is None


def test_a_file_in_place_of_the_folder_is_refused(record: Record, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfError, match="cannot be recorded to"):
        record.to(tmp_path / "file")


@pytest.mark.parametrize("days", [0, -1])
def test_no_days_cannot_be_retained(record: Record, tmp_path: Path, days: int) -> None:
    with pytest.raises(ConfError, match="1 or more"):
        record.to(tmp_path, retention_days=days)


def test_reading_where_nothing_is_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfError, match="no folder"):
        read(tmp_path / "nowhere")
    assert read(tmp_path).empty


# --- time passes ---------------------------------------------------------------------------------


def test_old_days_of_this_pbx_are_removed_and_nothing_else(record: Record, tmp_path: Path) -> None:
    now = time.time_ns() // 1000
    for server in ("ast", "other"):
        for ago in (0, 1, 2, 3):
            leave(tmp_path, numbered(ago, ago + 1), now - ago * DAY, server=server)
    (tmp_path / "server=ast" / "notes.txt").write_text("mine")
    record.to(tmp_path, retention_days=1)
    eventually(lambda: sorted(numbers(read(tmp_path, servers="ast"))) == [0, 1])
    assert sorted(numbers(read(tmp_path, servers="other"))) == [0, 1, 2, 3]
    assert (tmp_path / "server=ast" / "notes.txt").exists()
    assert len(list((tmp_path / "server=ast").glob("day=*"))) == 2


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = leave(tmp_path, numbered(0, 5))
    archive.compact_leftovers(archive.Shelf(tmp_path))
    (path,) = files(tmp_path, ".parquet")
    table = pq.read_table(path, partitioning=None)
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"ast_notebook.archive": "99"})
    with pytest.raises(ConfError, match="version 99"):
        read(tmp_path)


def test_closing_takes_two_seconds_at_most(record: Record, tmp_path: Path) -> None:
    record.to(tmp_path)
    for first in range(0, 100_000, 4000):
        record.add(TEXTS, NOON + first)
    start = time.monotonic()
    record.close()
    assert time.monotonic() - start < 2.5


# --- somewhere else ------------------------------------------------------------------------------


def test_sealed_files_go_to_a_url_and_open_ones_stay_here(tmp_path: Path) -> None:
    url = f"memory://archive-{tmp_path.name}"
    spool = tmp_path / "spool"
    record = Record("ast")
    kept = record.to(url, spool=spool)
    record.add(numbered(0, 500), NOON)
    assert kept.flush()
    assert files(spool, ".arrows")
    live = record.frame()
    pd.testing.assert_frame_equal(read(url, spool=spool), live)
    record.close()
    eventually(lambda: not files(spool, ".arrows"))
    pd.testing.assert_frame_equal(read(url, spool=spool), live)
    assert scan(url, spool=spool).count_rows() == 500
    leave(spool, numbered(500, 505), NOON - 40 * DAY)
    again = Record("ast")
    again.to(url, retention_days=20, spool=spool)
    eventually(lambda: not files(spool, ".arrows"))
    again.close()
    assert files(spool, "s") == []


def test_a_url_has_a_spool_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    one, two = archive.Shelf("memory://bucket/a"), archive.Shelf("memory://bucket/b")
    assert one.spool != two.spool
    if sys.platform == "linux":
        assert one.spool.is_relative_to(tmp_path)


def test_a_password_in_a_url_is_nowhere_to_be_seen(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = record.to(f"memory://bob:hunter2@host/{tmp_path.name}?sig=hunter2")
    record.add(numbered(0, 10), NOON)
    assert kept.flush()
    kept._tell("disk", "refused")
    with pytest.raises(ConfError, match="://host") as refused:
        record.to("nosuch://bob:hunter2@host/x?sig=hunter2")
    shown = [
        repr(kept),
        repr(record),
        caplog.text,
        str(refused.value),
        *map(str, tmp_path.rglob("*")),
    ]
    assert "hunter2" not in "".join(shown)
    assert kept.place == f"memory://host/{tmp_path.name}"
    assert shelf._shown("zip://a.zip::ftp://bob:hunter2@h/x") == "zip://a.zip::ftp://h/x"


def test_the_same_folder_of_another_host_is_another_place(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    url = f"memory://one/{tmp_path.name}"
    first = record.to(url)
    monkeypatch.setattr(archive, "Shelf", None)  # nobody goes there to see
    assert record.to(f"{url}/") is first
    assert not first.is_at(f"memory://two/{tmp_path.name}")
    assert not first.is_at(tmp_path)


# --- what it costs -------------------------------------------------------------------------------


def test_the_reader_pays_three_microseconds_an_event_at_most(
    record: Record, tmp_path: Path
) -> None:
    record.to(tmp_path)
    spent = 0.0
    for _ in range(25):
        start = time.thread_time()
        for first in range(0, 4000, 100):
            record.add(TEXTS[first : first + 100], NOON)
        spent += time.thread_time() - start
        time.sleep(0.05)
    assert spent / 100_000 < 3e-6


def test_a_block_is_small_on_disk(record: Record, tmp_path: Path) -> None:
    kept = record.to(tmp_path)
    record.add(TEXTS, NOON)
    assert kept.flush()
    (path,) = files(tmp_path, ".arrows")
    assert path.stat().st_size / 4000 < 40
    assert sum(map(len, Blocks(path))) == 4000
