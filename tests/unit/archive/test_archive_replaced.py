"""Files of an archive that somebody replaced, spoiled or made read-only while it was written."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ast_notebook import recording
from ast_notebook.anonymize import Anonymizer
from ast_notebook.recording import Record
from ast_notebook.recording.lock import is_held
from tests.support.waiting import eventually

KEY = "a key of more than sixteen letters"
COUNT = 100


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record("ast")
    yield record
    record.close()


def hear(record: Record, first: int = 0, count: int = COUNT) -> None:
    texts = [
        f"Event: Newchannel\r\nTimestamp: {time.time():.6f}\r\nChannel: PJSIP/1-{number:08x}\r\n"
        f"Uniqueid: 1.{number}"
        for number in range(first, first + count)
    ]
    record.add(texts, time.time_ns() // 1000)


def the_open_file(folder: Path) -> Path:
    (found,) = folder.glob("server=*/day=*/_*.arrows")
    return found


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_open_file_that_an_older_copy_replaces_is_told_and_counted(
    record: Record, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "calls", tmp_path / "copy"
    archive = record.to(folder)
    hear(record)
    assert archive.flush()
    shutil.copy2(the_open_file(folder), copy)
    hear(record, COUNT)
    assert archive.flush()
    copy.replace(the_open_file(folder))
    hear(record, 2 * COUNT)
    assert archive.flush(30)
    record.close()
    assert (archive.written, archive.lost) == (2 * COUNT, COUNT)
    events = recording.read(folder)["event"].value_counts().to_dict()
    assert events.pop("RecordingLost") >= 1
    assert events == {"Newchannel": 2 * COUNT}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("has_copy", [True, False])
def test_rows_of_our_own_are_no_lost_events(
    record: Record, tmp_path: Path, *, has_copy: bool
) -> None:
    folder, copy = tmp_path / "calls", tmp_path / "copy"
    archive = record.to(folder)
    for number in range(3):
        archive.note(f"Event: LiveChange\r\nSnapshot: {number}", time.time_ns() // 1000)
        hear(record, number * COUNT)
        assert archive.flush()
        if number == 0:
            eventually(lambda: not archive._notes._notes)
            shutil.copy2(the_open_file(folder), copy)
    eventually(lambda: not archive._notes._notes)
    if has_copy:
        copy.replace(the_open_file(folder))
    else:
        the_open_file(folder).unlink()
    hear(record, 3 * COUNT)
    assert archive.flush(30)
    record.close()
    expected = (2 * COUNT, 2 * COUNT) if has_copy else (COUNT, 3 * COUNT)
    assert (archive.written, archive.lost) == expected


def test_a_full_file_that_is_replaced_before_it_is_sealed_is_left_alone(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copy = tmp_path / "calls", tmp_path / "copy"
    monkeypatch.setattr(recording.writer, "FULL", COUNT)
    archive = record.to(folder)
    sealing = threading.Event()
    seal = archive._sealer._seal
    monkeypatch.setattr(archive._sealer, "_seal", lambda segment: sealing.wait() and seal(segment))
    hear(record, count=COUNT // 2)
    assert archive.flush()
    shutil.copy2(the_open_file(folder), copy)
    hear(record, COUNT, 2 * COUNT)  # the file is full; the next goes to another one
    assert archive.flush()
    hear(record, 5 * COUNT, 10)
    assert archive.flush()
    first = min(folder.glob("server=*/day=*/_*.arrows"))
    monkeypatch.setattr(archive._sealer, "_seal", seal)
    copy.replace(first)
    sealing.set()
    assert eventually(lambda: archive.unsealed == 0 or None)
    record.close()
    assert archive.written + archive.lost == COUNT // 2 + 2 * COUNT + 10


def spoil_empty(sealed: Path) -> None:
    sealed.write_bytes(b"")


def spoil_cut(sealed: Path) -> None:
    os.truncate(sealed, sealed.stat().st_size // 2)


def spoil_folder(sealed: Path) -> None:
    sealed.unlink()
    sealed.mkdir()


@pytest.mark.parametrize("spoil", [spoil_empty, spoil_cut, spoil_folder])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_open_file_is_kept_whose_sealed_twin_cannot_be_read(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    folder, copy = tmp_path / "calls", tmp_path / "copy"
    first = Record("ast")
    archive = first.to(folder)
    hear(first)
    assert archive.flush()
    still_open = the_open_file(folder)
    shutil.copy2(still_open, copy)
    first.close()
    (sealed,) = folder.glob("server=*/day=*/*.parquet")
    shutil.copy2(copy, still_open)
    spoil(sealed)

    def heard() -> int:
        return int((recording.read(folder)["event"] == "Newchannel").sum())

    assert heard() == COUNT
    second = Record("ast")
    archive = second.to(folder)
    second.close()
    assert heard() == COUNT
    assert sealed.is_dir() == still_open.exists()  # sealed anew where that can be


def test_an_open_file_whose_sealed_twin_has_fewer_events_is_sealed_again(tmp_path: Path) -> None:
    folder, copies = tmp_path / "calls", tmp_path / "copies"
    first = Record("ast")
    archive = first.to(folder)
    hear(first)
    assert archive.flush()
    shutil.copytree(folder, copies)
    half = the_open_file(copies)
    hear(first, COUNT)
    assert archive.flush()
    whole = the_open_file(folder)
    shutil.copy2(whole, tmp_path / "whole")
    first.close()
    (sealed,) = folder.glob("server=*/day=*/*.parquet")
    Record("ast").to(copies).close()  # of the older copy: it has half of the events
    (smaller,) = copies.glob("server=*/day=*/*.parquet")
    assert not half.exists()
    smaller.replace(sealed)
    shutil.copy2(tmp_path / "whole", whole)
    Record("ast").to(folder).close()
    assert not whole.exists()
    assert (recording.read(folder)["event"] == "Newchannel").sum() == 2 * COUNT


def test_each_event_is_in_the_archive_once_when_it_changes_to_pseudonyms(
    record: Record, tmp_path: Path
) -> None:
    done = threading.Event()
    heard = 0

    def go_on() -> None:
        nonlocal heard
        while not done.is_set():
            hear(record, heard, 50)
            heard += 50
            time.sleep(0.002)

    thread = threading.Thread(target=go_on)
    first = record.to(tmp_path)
    thread.start()
    try:
        eventually(lambda: first.written > 1000 or None)
        second = record.to(tmp_path, anonymizer=Anonymizer(KEY))
        eventually(lambda: second.written > 1000 or None)
    finally:
        done.set()
        thread.join()
    assert second.flush(30)
    record.close()
    assert (first.lost, second.lost) == (0, 0)
    assert first.written + second.written == heard
    assert recording.read(tmp_path)["uniqueid"].nunique() == heard == len(recording.read(tmp_path))


def test_a_lock_can_be_asked_for_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "open"
    file.write_bytes(b"")
    opened = os.open

    def read_only(path: Path, flags: int, *rest: int) -> int:
        if flags & os.O_RDWR:
            raise OSError(30, "Read-only file system", str(path))
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    assert is_held(file) is False
