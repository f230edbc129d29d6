"""A recorder that is started while its disk has no room, or does not answer."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ast_notebook.ami import Secret, Settings
from ast_notebook.console.recorded import RecordedPbx
from ast_notebook.recording import private, read
from tests.support.fake_manager import FakeManager
from tests.support.waiting import eventually


def pbx_of(manager: FakeManager, folder: Path) -> RecordedPbx:
    settings = Settings(port=manager.port, username="admin", password=Secret("secret"))
    return RecordedPbx("ast", settings, {}, 64e6, lambda pbx: pbx.record.to(folder, whole=True))


def refuse_folders(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def refuse(path: Path) -> None:
        raise error

    monkeypatch.setattr(private, "folder", refuse)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_it_begins_once_there_is_room_and_has_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with FakeManager() as manager:
        recorded = pbx_of(manager, tmp_path / "calls")
        try:
            with monkeypatch.context() as full:
                refuse_folders(full, OSError(code, "not now"))
                recorded.start()
                assert recorded.tried.wait(20)
                assert recorded.failure is None
                assert recorded.is_alive
                assert "not now" in recorded.status()["error"]
                manager.clients[-1].send("Event: Test", "Privilege: user,all", "Number: 1")
            eventually(lambda: recorded.status()["written"])
            assert recorded.status()["error"] == ""
        finally:
            assert recorded.close()
    assert "1" in set(read(tmp_path / "calls")["number"].astype(str))


def test_a_missing_permission_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_folders(monkeypatch, PermissionError(errno.EACCES, "never"))
    with FakeManager() as manager:
        recorded = pbx_of(manager, tmp_path / "calls")
        recorded.start()
        try:
            eventually(lambda: recorded.failure is not None)
            assert "never" in str(recorded.failure)
        finally:
            recorded.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_events_that_were_heard_and_never_written_are_missing_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse_folders(monkeypatch, OSError(code, "no"))
    with FakeManager() as manager:
        recorded = pbx_of(manager, tmp_path / "calls")
        recorded.start()
        try:
            assert recorded.tried.wait(20)
            (pbx,) = recorded._sh.pbxs.values()
            manager.clients[-1].send("Event: Test", "Privilege: user,all", "Number: 1")
            eventually(lambda: len(pbx.record), 20)
        finally:
            is_whole = recorded.close()
    assert not is_whole


def test_nothing_is_missing_of_a_pbx_that_was_never_reached(tmp_path: Path) -> None:
    with FakeManager() as manager:
        recorded = pbx_of(manager, tmp_path / "calls")
    recorded.start()
    assert recorded.tried.wait(20)
    assert recorded.close()
