"""Events that never come to the disk: the archive tells where they are missing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ast_notebook.recording import Record, archive, read, waiting_notes
from ast_notebook.recording.layout import DAY
from tests.support.archives import NOON, numbered, numbers
from tests.support.waiting import eventually

SMALL, LONG = 20_000_000, "x" * 5000  # bytes of a budget, and a header


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A disk that is full as long as this holds True."""
    is_full, write = [False], os.write

    def refusing(handle: int, data: bytes) -> int:
        if is_full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data)

    monkeypatch.setattr(os, "write", refusing)
    monkeypatch.setattr(archive, "FLUSH", 0.1)
    return is_full


@pytest.mark.parametrize("later", [0, DAY])
def test_what_the_budget_drops_while_the_disk_is_full_is_a_gap_in_the_archive(
    tmp_path: Path, full: list[bool], later: int
) -> None:
    record = Record(budget=SMALL)
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    full[0] = True
    for first in range(100, 60_100, 1000):
        record.add(
            [f"{text}\r\nX: {LONG}" for text in numbered(first, first + 1000)], NOON + 1 + first
        )
    eventually(lambda: bool(kept.error))
    assert record.dropped > 0
    record.add(numbered(60_100, 60_200), NOON + DAY // 4 + later)
    full[0] = False
    eventually(lambda: not kept.error and not kept.waiting)
    record.close()
    found = read(tmp_path)
    there, lost = numbers(found), found[found["event"] == "RecordingLost"]
    assert there == sorted({*range(100), *there})
    assert len(there) + kept.lost == 60_200
    assert sum(map(int, lost["missing"])) == kept.lost
    place = found["event"].tolist().index("RecordingLost")
    assert numbers(found[:place]) == list(range(100))
    assert found["received"].is_monotonic_increasing


def test_an_event_that_cannot_be_written_is_a_gap_in_the_archive(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    write = kept._writer.write

    def written(day, block):
        if any("Number: 50" in text for text in block["text"].to_pylist()):
            raise ValueError("this event")
        write(day, block)

    monkeypatch.setattr(kept._writer, "write", written)
    record.add(numbered(0, 60), NOON)
    assert kept.flush(20)
    record.close()
    found = read(tmp_path)
    assert numbers(found) == [number for number in range(60) if number != 50]
    place = found["event"].tolist().index("RecordingLost")
    assert (numbers(found[:place])[-1], numbers(found[place:])[0]) == (49, 51)


def test_marks_that_wait_for_a_disk_take_no_more_memory_than_so_much(
    record: Record, tmp_path: Path, full: list[bool]
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    full[0] = True
    record.add(numbered(100, 200), NOON + 1000)
    eventually(lambda: bool(kept.error))
    for number in range(100):
        kind = "LiveChange" if number % 10 else "LiveState"
        kept.note(f"Event: {kind}\r\nNumber: {number}\r\nSnapshot: {'x' * 1_000_000}", NOON + 2000)
    assert 0 < kept._notes.letters <= waiting_notes.MOST
    full[0] = False
    eventually(lambda: not kept.error and not kept.waiting and not kept._notes)
    record.close()
    found = read(tmp_path)
    marks = found[found["event"].isin(["LiveState", "LiveChange"])]
    assert marks["event"].tolist()[0] == "LiveState"
    assert marks["number"].tolist()[-1] == "99"
    events = found["event"].tolist()
    assert events.index("RecordingLost") < events.index("LiveState")
    assert numbers(found[found["event"] == "Test"]) == list(range(200))
