"""An archive on a disk that refuses, and as time passes."""

from __future__ import annotations

import errno
import os
import threading
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ast_notebook import recording
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record, archive, read, sealer
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.framing import packed
from ast_notebook.recording.layout import DAY
from ast_notebook.recording.sealing import seal_leftovers
from ast_notebook.recording.segment import Blocks
from tests.support.archives import NOON, TEXTS, files, leave, numbered, numbers
from tests.support.waiting import eventually

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
    eventually(lambda: not kept.error)
    assert kept.lost == 0
    record.close()
    assert numbers(read(tmp_path)) == list(range(200))
    assert "RecordingLost" not in read(tmp_path)["event"].tolist()


def test_a_folder_that_vanishes_is_told_and_what_went_with_it_counted(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FLUSH", 0.1)
    monkeypatch.setattr(sealer, "RESEAL", 0.1)
    folder, away = tmp_path / "archive", tmp_path / "away"
    kept = record.to(folder)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    folder.rename(away)
    record.add(numbered(100, 200), NOON)
    eventually(lambda: bool(kept.error))
    assert not folder.exists()  # no new folder in place of a disk that was taken out
    folder.mkdir()
    eventually(lambda: not kept.error and kept.waiting == 0)
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


@pytest.mark.parametrize("block", [10, 10_000])
def test_what_comes_while_memory_is_cleared_is_on_disk(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(recording.record, "BLOCK", block)
    kept = record.to(tmp_path)
    record.add(numbered(0, 95), NOON)
    flush = kept.flush

    def flushed() -> bool:
        done = flush()
        record.add(numbered(95, 205), NOON)
        return done

    monkeypatch.setattr(kept, "flush", flushed)
    record.clear()
    assert 110 <= len(record) < 110 + block
    assert len(record.frame()) == len(record)
    assert (record.nbytes > 0, record.end) == (True, 205)
    record.close()
    assert (kept.written, kept.lost) == (205, 0)
    assert numbers(read(tmp_path)) == list(range(205))


def test_memory_is_cleared_behind_an_archive_that_was_closed(
    record: Record, tmp_path: Path
) -> None:
    record.to(tmp_path).close()
    record.add(numbered(0, 100), NOON)
    assert record.clear() == 100


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
    eventually(lambda: kept.written == 100)
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
    monkeypatch.setattr(sealer, "RESEAL", 0.1)
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
        kept._writer.pass_on()
        eventually(lambda: "sealing not done" in kept.error)
        assert not files(tmp_path, ".parquet")
    eventually(lambda: bool(files(tmp_path, ".parquet")))
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
        seal_leftovers(ArchiveFiles(tmp_path))
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
    seal_leftovers(ArchiveFiles(tmp_path))
    (path,) = files(tmp_path, ".parquet")
    table = pq.read_table(path, partitioning=None)
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"ast_notebook.archive": "99"})
    with pytest.raises(ConfError, match="version 99"):
        read(tmp_path)


def test_closing_waits_no_longer_for_the_sealing_than_it_says(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "STOP", 0.8)
    may_seal = threading.Event()
    monkeypatch.setattr(sealer.Sealer, "_seal", lambda *_: may_seal.wait(60))
    record.to(tmp_path)
    for first in range(0, 100_000, 4000):
        record.add(TEXTS, NOON + first)
    start = time.monotonic()
    record.close()
    assert time.monotonic() - start < 30
    may_seal.set()
