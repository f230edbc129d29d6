"""A gap tells since when a connection was deaf, also if the machine slept meanwhile."""

from __future__ import annotations

import time

import pytest

from ast_notebook.ami.connection import Connection
from ast_notebook.recording import Record
from tests.support.fake_manager import FakeManager
from tests.support.sessions import opened
from tests.support.waiting import eventually


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def elapsed(self) -> float:
        return self.now


def test_what_is_read_after_a_sleep_tells_nothing_until_the_connection_is_seen_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("ast_notebook.ami.connection.elapsed", clock.elapsed)
    with FakeManager() as fake:
        one = Connection("127.0.0.1", fake.port, 10.0, None, lambda: True)
        try:
            assert one.receive(10.0)  # the greeting
            assert one.current == 1000.0
            clock.now = 1001.0
            with pytest.raises(TimeoutError):
                one.receive(0.01)
            assert one.current == 1001.0
            clock.now = 8001.0
            one._note(is_empty=False)
            assert one.current == 1001.0
            clock.now = 8002.0
            one._note(is_empty=False)
            assert one.current == 1001.0
            one._note(is_empty=True)
            assert one.current == 8002.0
            clock.now = 8002.5
            one._note(is_empty=False)
            assert one.current == 8002.5
        finally:
            one.close()


def test_a_short_gap_is_told_as_such() -> None:
    record = Record()
    with FakeManager() as fake, opened(fake, record.add) as session:
        before = time.time()
        fake.clients[-1].raw(b"Event: E\r\nNumber: 1\r\n\r\n")
        eventually(lambda: len(record) == 1)
        fake.drop()
        eventually(lambda: session.counts["reconnects"] == 1)
        lost, restored = record.frame().iloc[1], record.frame().iloc[2]
    assert before <= float(lost["since"]) <= lost["received"].timestamp()
    gap = restored["received"].timestamp() - float(lost["since"])
    assert gap - 60 < float(restored["seconds"]) <= gap + 0.001
    record.close()


@pytest.mark.parametrize("jump", [3600.0, -3600.0], ids=["forward", "back"])
@pytest.mark.parametrize("when", ["connected", "lost"])
def test_a_clock_that_is_set_changes_no_gap(
    monkeypatch: pytest.MonkeyPatch, when: str, jump: float
) -> None:
    real, ahead = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    record = Record()
    began = time.monotonic()
    with FakeManager() as fake, opened(fake, record.add) as session:
        before = real()
        lost = session._reader._lost

        def lost_then_set(error: BaseException) -> float:
            nonlocal ahead
            ahead = jump if when == "connected" else 0.0
            pause = lost(error)
            ahead = jump
            return pause

        monkeypatch.setattr(session._reader, "_lost", lost_then_set)
        fake.drop()
        eventually(lambda: session.counts["reconnects"] == 1)
        lasted = time.monotonic() - began
        told = record.frame(events=["SessionLost", "SessionRestored"])
    since = float(told["since"].dropna().iloc[0]) - (jump if when == "connected" else 0.0)
    assert before - lasted - 60 < since < real()
    assert 0 <= float(told["seconds"].dropna().iloc[0]) <= lasted + 0.001
    record.close()
