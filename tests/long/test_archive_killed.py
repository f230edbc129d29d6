"""A recorder that is killed again and again loses a block at most."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from ast_notebook.recording import archive, read
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.sealing import seal_leftovers
from tests.support.archives import files, numbers
from tests.support.paths import ROOT
from tests.support.waiting import eventually

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

        seal_leftovers(ArchiveFiles(folder))
        assert not any(path.stat().st_size for path in files(folder, ".arrows"))
        again = read(folder)
        assert numbers(again) == found
        assert (again["event"] == "RecordingLost").sum() == len(lost)
    assert heard_of_losses >= 10
