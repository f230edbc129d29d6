"""A file that is followed while it grows, and of which bytes are damaged."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ast_notebook
from ast_notebook.recording import Record
from ast_notebook.recording import tail as tail_module
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.segment import Blocks
from ast_notebook.recording.tail import ArchiveTail
from ast_notebook.replay import watcher
from tests.support.archives import NOON, files, frame_starts, numbered, spoil
from tests.support.waiting import eventually


def test_a_damaged_block_is_told_to_who_follows_the_file(record: Record, tmp_path: Path) -> None:
    kept = record.to(tmp_path)
    for first in (0, 10, 20, 30):
        record.add(numbered(first, first + 10), NOON + first)
        assert kept.flush()
    (path,) = files(tmp_path, ".arrows")
    spoil(path, frame_starts(path)[2] + 40)
    tail = ArchiveTail(ArchiveFiles(ArchivePlace(tmp_path), None), "ast")
    found = [
        row for block in tail.poll() for row in block.select(["event", "received"]).to_pylist()
    ]
    assert [row["event"] for row in found].count("Test") == 30
    assert [row["event"] for row in found].count("RecordingLost") == 1
    assert tail.poll() == []
    record.add(numbered(40, 50), NOON + 40)
    assert kept.flush()
    assert [len(block) for block in tail.poll()] == [10]


def test_a_damaged_block_makes_the_state_of_a_watch_unknown(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)

    def hear(*texts: str) -> None:
        record.add([*texts], time.time_ns() // 1000)
        assert kept.flush(30)

    def names(sh: ast_notebook.SmartHome) -> list[str]:
        return [*sh.ast.events["event"].astype(str)]

    at = time.time_ns() // 1000
    whole = '{"tables": {}, "inner": {}, "silent": {}, "left_out": {}, "stale": false}'
    kept.note(f"Event: LiveState\r\nAfter: {at}\r\nAt: {at}\r\nSnapshot: {whole}", at)
    hear("Event: First")
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: not sh.ast.live.stale and "First" in names(sh))
        with monkeypatch.context() as held:
            held.setattr(watcher.Watcher, "_look", lambda _: None)
            time.sleep(2 * watcher.LOOK)  # a look that had begun is over
            hear("Event: Second")
            (path,) = files(tmp_path, ".arrows")
            spoil(path, frame_starts(path)[-1] + 40)
            hear("Event: Third")
        eventually(lambda: "Third" in names(sh))
        assert "RecordingLost" in names(sh)
        eventually(lambda: sh.ast.live.stale)


def tail_of(folder: Path) -> ArchiveTail:
    return ArchiveTail(ArchiveFiles(ArchivePlace(folder), None), "ast")


def rows(blocks: list[pa.RecordBatch], name: str) -> list[str]:
    """The numbers of events, or what is said of lost ones."""
    header = {"Test": "number", "RecordingLost": "reason"}[name]
    told = [row for block in blocks for row in block.select(["event", "extra"]).to_pylist()]
    return [dict(row["extra"])[header] for row in told if row["event"] == name]


def sealed_amid(record: Record, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ArchiveTail:
    """A tail that has ten events of a file, which was sealed with ten more."""
    kept = record.to(folder)
    record.add(numbered(0, 10), NOON)
    assert kept.flush()
    tail = tail_of(folder)
    assert rows(tail.poll(), "Test") == [str(number) for number in range(10)]
    record.add(numbered(10, 20), NOON + 10)
    assert kept.flush()
    monkeypatch.setattr("ast_notebook.recording.writer.FULL", 1)
    eventually(lambda: files(folder, ".parquet") and len(files(folder, ".arrows")) == 1)
    monkeypatch.setattr("ast_notebook.recording.writer.FULL", 1000)
    record.add(numbered(20, 30), NOON + 20)
    assert kept.flush()
    return tail


def test_a_sealed_file_that_cannot_be_read_now_is_read_later(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = sealed_amid(record, tmp_path, monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(pq, "read_table", Mock(side_effect=OSError(errno.EIO, "no answer")))
        with pytest.raises(OSError, match="no answer"):
            tail.poll()
    assert rows(tail.poll(), "Test") == [str(number) for number in range(10, 30)]


def test_a_sealed_file_that_is_damaged_is_told_and_passed_over(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = sealed_amid(record, tmp_path, monkeypatch)
    (path,) = files(tmp_path, ".parquet")
    spoil(path, path.stat().st_size // 3)
    found = tail.poll()
    assert len(rows(found, "RecordingLost")) == 1
    assert rows(found, "Test") == [str(number) for number in range(20, 30)]


def test_what_was_read_is_not_lost_with_an_error_of_the_next_file(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = sealed_amid(record, tmp_path, monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(tail_module, "Blocks", refusing(files(tmp_path, ".arrows")))
        found = tail.poll()
        with pytest.raises(OSError, match="no answer"):
            tail.poll()
    found += tail.poll()
    assert rows(found, "Test") == [str(number) for number in range(10, 30)]


def refusing(paths: list[Path]) -> Callable[..., Blocks]:
    """Return `Blocks`, but for some files."""

    def blocks(path: Path, place: int = 0) -> Blocks:
        if path in paths:
            raise OSError(errno.EIO, "no answer")
        return Blocks(path, place)

    return blocks


def test_a_watch_hears_a_sealed_file_and_the_next_one_at_once(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)

    def hear(first: int) -> None:
        record.add(numbered(first, first + 10), time.time_ns() // 1000)
        assert kept.flush()

    hear(0)
    with ast_notebook.watch(tmp_path) as sh:
        eventually(lambda: len(sh.ast.events) == 10)
        with monkeypatch.context() as held:
            held.setattr(watcher.Watcher, "_look", lambda _: None)
            time.sleep(2 * watcher.LOOK)  # a look that had begun is over
            hear(10)
            held.setattr("ast_notebook.recording.writer.FULL", 1)
            eventually(lambda: files(tmp_path, ".parquet") and len(files(tmp_path, ".arrows")) == 1)
            held.setattr("ast_notebook.recording.writer.FULL", 1000)
            hear(20)
        eventually(lambda: len(sh.ast.events) == 30)
        assert [*sh.ast.events["number"].astype(int)] == list(range(30))
