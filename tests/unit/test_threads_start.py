"""A thread of ours that cannot start now, or whose work fails, is there for what comes next."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from ast_notebook import AstError
from ast_notebook.clock import Alarms
from ast_notebook.panel.clicks import Clicks
from ast_notebook.panel.publisher import Publisher
from ast_notebook.recording import Record
from ast_notebook.recording.record import BLOCK
from tests.support.waiting import eventually

AGES = 1e10  # seconds, longer than a lock can wait


@pytest.fixture
def exhausted(monkeypatch: pytest.MonkeyPatch):
    """This machine starts no thread, until the result is called."""
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    return lambda: monkeypatch.setattr(threading.Thread, "start", start)


def test_calls_that_wait_for_their_time_are_made_by_the_next_thread(exhausted) -> None:
    later, first, second = Alarms(), threading.Event(), threading.Event()
    with pytest.raises(RuntimeError, match="thread"):
        later.call(0, first.set)
    exhausted()
    later.call(0, second.set)
    assert first.wait(30) and second.wait(30)


def test_a_call_that_exits_or_is_due_in_ages_ends_no_other() -> None:
    later, done = Alarms(), threading.Event()

    def leave() -> None:
        raise SystemExit

    cancel = later.call(AGES, done.set)
    later.call(0, leave)
    eventually(lambda: later._times[0][0] > AGES / 2)
    later.call(0, done.set)
    assert done.wait(30)
    cancel()


def test_a_panel_is_published_once_threads_can_start(exhausted) -> None:
    publisher, published = Publisher(), threading.Event()

    class Panel:
        def publish(self) -> float:
            published.set()
            return 30.0

    first, second = Panel(), Panel()
    with pytest.raises(RuntimeError, match="thread"):
        publisher.add(first)
    exhausted()
    publisher.add(second)
    assert published.wait(30)
    publisher.remove(first)
    publisher.remove(second)


def test_events_are_packed_once_threads_can_start(exhausted) -> None:
    record = Record()
    record.add(["Event: One\r\nPrivilege: call,all"] * BLOCK, 1)
    exhausted()
    record.add(["Event: Two\r\nPrivilege: call,all"] * BLOCK, 2 + BLOCK)
    eventually(lambda: all(block.form != "text" for block in list(record._blocks)))
    assert len(record) == 2 * BLOCK
    record.close()


def test_a_click_for_which_no_thread_starts_is_told_and_takes_no_place(exhausted) -> None:
    feed: Any = SimpleNamespace(name="ast", clock=SimpleNamespace(time=lambda: 1.0))
    items: Any = SimpleNamespace()
    clicks = Clicks(feed, items, False, lambda: None)
    now = time.time() * 1000
    for number in range(20):
        clicks.take({"t": "do", "id": number, "what": "hangup", "args": {}, "at": now})
    told = list(clicks.results())
    assert {one["text"] for one in told} == {"nothing was done: can't start new thread"}
    with pytest.raises(AstError):
        clicks.start(lambda: None)
    clicks.join(0)
