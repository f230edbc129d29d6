"""A file that is followed while it grows, and of which bytes are damaged."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ast_notebook
from ast_notebook.recording import Record
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
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
