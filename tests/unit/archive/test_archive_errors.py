"""What the system raises while it is asked how things stand ends no thread of an archive."""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ast_notebook.recording import Record, archive, read, sealer, writer
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.sealing import seal_leftovers
from ast_notebook.recording.troubles import Troubles
from tests.support.archives import NOON, files, leave, numbered, numbers
from tests.support.waiting import eventually

ERRORS = [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FLUSH", 0.1)
    monkeypatch.setattr(sealer, "RESEAL", 0.1)


def refusing(asked: Callable[..., Any], below: Path, number: int) -> Callable[..., Any]:
    """Return a function of the system that fails for all that is below a folder."""

    def ask(path: Any, *more: Any, **named: Any) -> Any:
        if isinstance(path, str | os.PathLike) and str(path).startswith(str(below)):
            raise OSError(number, os.strerror(number), str(path))
        return asked(path, *more, **named)

    return ask


@pytest.mark.parametrize("below", ["", "server=ast"])
@pytest.mark.parametrize("number", ERRORS)
def test_a_disk_that_does_not_answer_for_a_while_costs_nothing(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, below: str
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    with monkeypatch.context() as broken:
        for name in ("stat", "open"):
            broken.setattr(os, name, refusing(getattr(os, name), tmp_path / below, number))
        record.add(numbered(100, 200), NOON)
        eventually(lambda: os.strerror(number) in kept.error)
        assert kept.waiting == 100
    assert kept.flush(10)
    assert (kept.written, kept.lost) == (200, 0)
    record.close()
    assert numbers(read(tmp_path)) == list(range(200))


def test_a_file_in_the_place_of_a_servers_folder_is_told_and_what_it_cost_counted(
    record: Record, tmp_path: Path
) -> None:
    folder, away = tmp_path / "server=ast", tmp_path / "away"
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    folder.rename(away)
    folder.write_text("")
    record.add(numbered(100, 200), NOON)
    eventually(lambda: bool(kept.error))
    folder.unlink()
    assert kept.flush(10)
    record.close()
    assert numbers(read(tmp_path)) == list(range(100, 200))
    assert (kept.written, kept.lost) == (100, 100)


def test_what_nobody_foresaw_is_told_and_tried_again(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()

    def fails(*_: object) -> None:
        raise RuntimeError("cannot start")

    with monkeypatch.context() as broken:
        broken.setattr(kept, "_keep", fails)
        record.add(numbered(100, 200), NOON)
        eventually(lambda: "cannot start" in kept.error)
    assert kept.flush(10)
    record.close()
    assert numbers(read(tmp_path)) == list(range(200))


def test_an_error_without_words_is_told_by_its_kind(tmp_path: Path) -> None:
    troubles = Troubles(ArchivePlace(tmp_path))
    troubles.begin("disk", "not on disk", MemoryError())
    assert str(troubles).endswith(": MemoryError")


def test_what_was_not_written_at_the_end_is_counted_whatever_kept_it(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(os, "stat", refusing(os.stat, tmp_path, errno.EIO))
        broken.setattr(kept._writer, "abandon", lambda: 1 / 0)
        record.add(numbered(0, 100), NOON)
        record.close()
    assert (kept.written, kept.lost) == (0, 100)


# --- sealing -------------------------------------------------------------------------------------


def keep_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".arrows":
            raise OSError(errno.EACCES, "Permission denied")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)


def test_files_are_sealed_even_if_one_cannot_be_removed_afterwards(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FULL", 100)
    kept = record.to(tmp_path)
    with monkeypatch.context() as strict:
        keep_open_files(strict)
        for first in (0, 100):
            record.add(numbered(first, first + 100), NOON)
            assert kept.flush()
        eventually(lambda: len(files(tmp_path, ".parquet")) == 2)
        eventually(lambda: "Permission denied" in kept.error)
    record.add(numbered(200, 300), NOON)
    assert kept.flush()
    eventually(lambda: len(files(tmp_path, ".parquet")) == 3)
    eventually(lambda: kept.error == "")
    assert numbers(read(tmp_path)) == list(range(300))
    record.close()
    seal_leftovers(ArchiveFiles(tmp_path))
    assert files(tmp_path, ".arrows") == []
    assert numbers(read(tmp_path)) == list(range(300))


def test_a_full_file_whose_disk_does_not_answer_is_sealed_later(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    with monkeypatch.context() as broken:
        broken.setattr(os, "stat", refusing(os.stat, tmp_path, errno.EIO))
        broken.setattr(writer, "FULL", 100)
        eventually(lambda: kept.unsealed == 1)
        eventually(lambda: "sealing not done" in kept.error)
    eventually(lambda: len(files(tmp_path, ".parquet")) == 1)
    eventually(lambda: kept.error == "")
    record.close()
    assert numbers(read(tmp_path)) == list(range(100))


def torn_once(monkeypatch: pytest.MonkeyPatch, cuts: float) -> None:
    """Have one write fail halfway, and after it so many attempts to cut off what it wrote."""
    write, truncate = os.write, os.ftruncate
    failed: list[int] = []

    def half(handle: int, data: bytes) -> int:
        if failed or len(data) < 300:
            return write(handle, data)
        failed.append(handle)
        write(handle, data[:200])
        raise OSError(errno.EIO, "Input/output error")

    def cut(handle: int, length: int) -> None:
        if handle == failed[0] and len(failed) <= cuts:
            failed.append(handle)
            raise OSError(errno.EIO, "Input/output error")
        truncate(handle, length)

    monkeypatch.setattr(os, "write", half)
    monkeypatch.setattr(os, "ftruncate", cut)


@pytest.mark.parametrize("cuts", [0, 1, 3])
def test_a_block_that_a_device_tore_is_cut_off_as_soon_as_that_can_be_done(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: int
) -> None:
    kept = record.to(tmp_path)
    record.add(numbered(0, 100), NOON)
    assert kept.flush()
    with monkeypatch.context() as broken:
        torn_once(broken, cuts)
        record.add(numbered(100, 200), NOON)
        assert kept.flush(10)
        eventually(lambda: kept.unsealed == 0)
    eventually(lambda: kept.error == "")
    record.close()
    assert files(tmp_path, ".arrows") == []
    frame = read(tmp_path)
    assert numbers(frame) == list(range(200))
    assert set(frame["event"]) == {"Test"}
    assert (kept.written, kept.lost) == (200, 0)


def test_a_file_that_a_device_does_not_let_be_sealed_holds_up_no_other_and_no_retention(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FULL", 50)
    monkeypatch.setattr(sealer, "TIDY", 0.1)
    kept = record.to(tmp_path, retention_days=1)
    now = time.time_ns() // 1000
    record.add(numbered(0, 10), now)
    assert kept.flush()
    torn_once(monkeypatch, math.inf)
    for first in range(10, 210, 50):
        record.add(numbered(first, first + 50), now)
        assert kept.flush(10)
    leave(tmp_path, numbered(300, 310))
    eventually(lambda: kept.unsealed == 1)
    eventually(lambda: "sealing not done" in kept.error)
    eventually(lambda: not list(tmp_path.rglob("day=2026-03-01/*")))
    record.close()
    assert len(files(tmp_path, ".arrows")) == 1
    assert numbers(read(tmp_path)) == list(range(210))


def test_one_file_that_cannot_be_removed_keeps_no_other_from_being_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (0, 10):
        leave(tmp_path, numbered(first, first + 10))
    with monkeypatch.context() as strict:
        keep_open_files(strict)
        with pytest.raises(OSError, match="Permission denied"):
            seal_leftovers(ArchiveFiles(tmp_path))
    assert len(files(tmp_path, ".parquet")) == 2
    assert numbers(read(tmp_path)) == list(range(20))
