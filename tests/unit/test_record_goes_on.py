"""Who connects again goes on recording; a record's place is not lost in silence."""

from __future__ import annotations

import dataclasses
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from ast_notebook import SmartHome, recording
from ast_notebook.ami import Secret, Settings
from tests.support.fake_manager import Client, FakeManager, Headers, obliging
from tests.support.waiting import eventually

# What is heard of a manager that is not there any more is for other tests.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def sh() -> Iterator[SmartHome]:
    with SmartHome() as sh:
        yield sh


def login(fake: FakeManager) -> Settings:
    return Settings(port=fake.port, username="admin", password=Secret("x"), timeout=0.5)


def tell(sh: SmartHome, fake: FakeManager, number: int) -> None:
    fake.clients[-1].raw(f"Event: News\r\nNumber: {number}\r\n\r\n".encode())
    eventually(lambda: "News" in set(sh.ast.record.frame()["event"]))
    assert sh.ast.record.archive is None or sh.ast.record.archive.flush(10)


def heard(folder: Path) -> list[str]:
    events = recording.read(folder)
    return sorted(events[events["event"] == "News"]["number"].astype(str))


def test_recording_goes_on_when_the_same_pbx_is_connected_again(
    sh: SmartHome, tmp_path: Path
) -> None:
    with FakeManager(obliging) as fake:
        sh.connect(login(fake))
        sh.ast.record.to(tmp_path, 7)
        tell(sh, fake, 1)
        sh.connect(login(fake))
        assert sh.ast.record.archive.retention_days == 7
        tell(sh, fake, 2)
        sh.disconnect()
    assert heard(tmp_path) == ["1", "2"]


def test_an_archive_that_was_closed_stays_closed(sh: SmartHome, tmp_path: Path) -> None:
    with FakeManager(obliging) as fake:
        sh.connect(login(fake))
        sh.ast.record.to(tmp_path).close()
        sh.connect(login(fake))
        assert sh.ast.record.archive is None


def test_another_pbx_is_not_recorded_to_the_same_place_and_that_is_said(
    sh: SmartHome, tmp_path: Path
) -> None:
    with FakeManager(obliging) as fake, FakeManager(obliging) as other:
        sh.connect(login(fake))
        sh.ast.record.to(tmp_path)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            sh.connect(login(other))
        assert sh.ast.record.archive is None
        assert [str(one.message) for one in told if "record to" in str(one.message)] == [
            f"ast: it was recorded to {tmp_path} until now, and this is another PBX; to record, "
            "run %ast record to FOLDER"
        ]


@pytest.mark.parametrize("comes_back", [False, True])
def test_what_is_heard_before_recording_goes_on_is_on_disk_if_nobody_else_heard_it(
    sh: SmartHome, tmp_path: Path, comes_back: bool
) -> None:
    lost, new = threading.Event(), list[Client]()

    def script(client: Client, action: Headers) -> None:
        if lost.is_set() and action["Action"] == "Login" and action["Username"] == "admin":
            client.connection.close()
            return
        client.ok(action)
        if action["Action"] == "Login" and action["Username"] == "other":
            client.send("Event: News", "Number: 8")
            new.append(client)
            if comes_back:
                lost.clear()
                former.reconnect()
                eventually(former.connected)

    with FakeManager(script) as fake:
        sh.connect(login(fake))
        sh.ast.record.to(tmp_path)
        tell(sh, fake, 7)
        former = sh.ast.session
        lost.set()
        fake.drop()
        eventually(lambda: former.next_try)
        sh.connect(dataclasses.replace(login(fake), username="other", timeout=5.0))
        new[0].send("Event: News", "Number: 9")
        eventually(lambda: len(sh.ast.record.frame(events="News")) == 2)
        assert sh.ast.record.archive.lost == 0
        sh.disconnect()
    assert heard(tmp_path) == ["7", "8", "9"]


def test_what_both_connections_heard_counts_once(sh: SmartHome, tmp_path: Path) -> None:
    with FakeManager(obliging) as fake:
        sh.connect(login(fake))
        sh.ast.record.to(tmp_path)
        tell(sh, fake, 1)
        sh.connect(login(fake))
        assert sh.ast.record.archive.waiting == sh.ast.record.archive.written == 0
        tell(sh, fake, 2)
        sh.disconnect()
    assert heard(tmp_path) == ["1", "2"]
