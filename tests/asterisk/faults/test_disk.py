"""The disk is full, the recorder's folder vanishes: what is told, what stays, what is lost."""

import errno
import os
import time
from pathlib import Path

from ast_notebook.recording import Record, archive, sealer
from tests.asterisk.faults.situation import PATIENCE, situation
from tests.support.waiting import eventually


def test_a_full_disk_is_told_and_loses_nothing(faulty22, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(archive, "AGAIN", 0.2)
    with situation(faulty22, tmp_path) as one:
        before = one.say()
        one.keeps(before)
        write = os.write

        def full(handle, data):
            if Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(tmp_path):
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(handle, data)

        with monkeypatch.context() as disk:
            disk.setattr(os, "write", full)
            meanwhile = one.say()
            eventually(lambda: "No space left on device: make room there" in one.line("on disk"))
            assert "events wait in memory" in one.line("on disk")
            assert set(meanwhile) <= set(one.recorded())
            assert one.state().startswith("connected")
        eventually(lambda: not one.archive.error, PATIENCE)
        after = one.hears_again()
        one.keeps(before, meanwhile, after)
        assert "make room there" in caplog.text
        assert "make room" not in one.line("on disk")
        one.is_as_the_pbx_is()


def test_a_folder_that_vanishes_is_told_and_what_went_with_it_counted(
    faulty22, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(archive, "AGAIN", 0.2)
    folder, away = tmp_path / "archive", tmp_path / "away"
    with situation(faulty22, folder) as one:
        before = one.say()
        one.keeps(before)
        there = one.archive.written
        folder.rename(away)
        meanwhile = one.say()
        eventually(lambda: "put the folder back" in one.line("on disk"), PATIENCE)
        assert not folder.exists()
        assert set(before + meanwhile) <= set(one.recorded())
        away.rename(folder)
        eventually(lambda: not one.archive.error, PATIENCE)
        after = one.hears_again()
        one.keeps(before, meanwhile, after)
        assert one.archive.written > there
        assert "put the folder back" in caplog.text
        one.is_as_the_pbx_is()


def test_what_was_recorded_is_not_removed_because_the_clock_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(sealer, "TIDY", 0.05)  # it looks for old days that often
    monkeypatch.setattr(sealer, "RESEAL", 0.05)
    record = Record()
    record.to(tmp_path)
    record.add(["Event: Flood\r\nNumber: 1"], time.time_ns() // 1000)
    record.close()
    record = Record()
    (day,) = (tmp_path / "server=ast").glob("day=*")
    kept = record.to(tmp_path, retention_days=30)
    now, looked = time.time, []
    tidy = kept._sealer.tidy
    monkeypatch.setattr(kept._sealer, "tidy", lambda: (tidy(), looked.append(1)))
    eventually(lambda: len(looked) > 1)
    monkeypatch.setattr(time, "time", lambda: now() + 366 * 86_400)
    looked.clear()
    eventually(lambda: len(looked) > 3)
    record.close()
    assert list(day.glob("*.parquet"))
