"""A record changes from one archive to another, whatever comes in between."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ast_notebook.anonymize import Anonymizer
from ast_notebook.magics.status import _archive
from ast_notebook.recording import Record, archive, read
from tests.support.archives import NOON, numbered, numbers
from tests.support.waiting import eventually


class SlowDisk:
    """A disk on which writing to one folder takes until it is told to go on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = str(folder)
        self.goes_on = threading.Event()
        self.waits = threading.Event()
        self._plain = os.write
        monkeypatch.setattr(os, "write", self._write)

    def _write(self, handle: int, data: bytes) -> int:
        if len(data) > 100 and self.folder in str(Path(f"/proc/self/fd/{handle}").readlink()):
            self.waits.set()
            self.goes_on.wait(60)
        return self._plain(handle, data)


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SlowDisk]]:
    monkeypatch.setattr(archive, "STOP", 0.8)  # what users wait for a slow disk
    disks: list[SlowDisk] = []

    def made(name: str) -> SlowDisk:
        disks.append(SlowDisk(tmp_path / name, monkeypatch))
        return disks[-1]

    yield made
    for disk in disks:
        disk.goes_on.set()


def test_who_waits_for_a_slow_disk_is_woken_when_the_former_archive_wrote_all(
    record: Record, tmp_path: Path, slow: Callable[[str], SlowDisk]
) -> None:
    record.to(tmp_path)
    disk = slow("")
    record.add(numbered(0, 3000), NOON)
    assert disk.waits.wait(60)
    second = record.to(tmp_path, anonymizer=Anonymizer("a key of more than sixteen letters"))
    woken: list[bool] = []
    waits = threading.Thread(target=lambda: woken.append(second.flush(600)), daemon=True)
    waits.start()
    eventually(lambda: second._wanted == 3000 or None)
    disk.goes_on.set()
    waits.join(60)
    assert woken == [True]


def test_who_is_interrupted_at_a_change_goes_on_recording(
    record: Record, tmp_path: Path, slow: Callable[[str], SlowDisk]
) -> None:
    first = record.to(tmp_path / "first")
    record.add(numbered(0, 100), NOON)
    assert first.flush()
    disk = slow("first")
    record.add(numbered(100, 3100), NOON)
    assert disk.waits.wait(60)
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        record.to(tmp_path / "second")
        eventually(lambda: None)
    timer.join()
    disk.goes_on.set()
    record.add(numbered(3100, 3200), NOON)
    assert record.archive is not None
    assert not record.archive.is_closed
    assert record.archive.flush(60)
    record.close()
    kept = [numbers(read(place)) for place in (tmp_path / "first", tmp_path / "second")]
    assert set(kept[0]) | set(kept[1]) == set(range(3200))


def test_without_a_thread_for_the_new_archive_the_former_one_goes_on(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = record.to(tmp_path / "first")
    start = threading.Thread.start

    def refused(self: threading.Thread) -> None:
        if self.name.startswith("ast-archive"):
            raise RuntimeError("can't start new thread")
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            record.to(tmp_path / "second")
    assert record.archive is first
    assert not first.is_closed
    assert "first" in caplog.text
    record.add(numbered(0, 10), NOON)
    assert first.flush()
    assert numbers(read(tmp_path / "first")) == list(range(10))
    assert record.to(tmp_path / "second") is record.archive
    assert first.is_closed


def test_no_event_is_there_twice_after_a_change_to_pseudonyms_on_a_slow_disk(
    record: Record, tmp_path: Path, slow: Callable[[str], SlowDisk]
) -> None:
    first = record.to(tmp_path / "a")
    disk = slow("a")
    record.add(numbered(0, 3000), NOON)
    assert disk.waits.wait(60)
    second = record.to(tmp_path / "a", anonymizer=Anonymizer("a key of more than sixteen letters"))
    assert record.archive is second
    assert first.is_closed
    record.add(numbered(3000, 3100), NOON)
    assert second.waiting > 0
    disk.goes_on.set()
    assert second.flush(60)
    record.close()
    assert len(read(tmp_path / "a")) == 3100
    assert first.written + second.written == 3100


def test_another_folder_does_not_wait_for_a_slow_one(
    record: Record, tmp_path: Path, slow: Callable[[str], SlowDisk]
) -> None:
    record.to(tmp_path / "first")
    disk = slow("first")
    record.add(numbered(0, 3000), NOON)
    assert disk.waits.wait(60)
    second = record.to(tmp_path / "second")
    assert second.flush(60)
    assert numbers(read(tmp_path / "second")) == list(range(3000))
    disk.goes_on.set()


def test_a_closed_archive_says_that_nothing_more_is_kept(record: Record, tmp_path: Path) -> None:
    class Pbx:
        pass

    pbx = Pbx()
    pbx.record = record  # type: ignore[attr-defined]
    kept = record.to(tmp_path)
    assert archive.CLOSED not in repr(kept) + _archive(pbx)  # type: ignore[arg-type]
    kept.close()
    assert archive.CLOSED == "closed: nothing more is kept on disk"
    assert archive.CLOSED in repr(kept)
    assert archive.CLOSED in repr(record)
    assert archive.CLOSED in _archive(pbx)  # type: ignore[arg-type]
