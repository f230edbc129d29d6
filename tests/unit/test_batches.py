"""What was read at once is handed on at once: in order, counted, and with one wake-up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from ast_notebook.ami import Event, Session
from ast_notebook.ami.dispatcher import Dispatcher
from ast_notebook.ami.message import own_event, parse
from ast_notebook.asterisk.callbacks import Callbacks
from ast_notebook.callbacks.worker import Worker
from ast_notebook.clock import MACHINE
from ast_notebook.live.channels import ChannelTracker
from ast_notebook.live.live import Live
from ast_notebook.live.queues import QueueTracker
from tests.support.waiting import eventually


def event(name: str, number: int) -> Event:
    one = parse(f"Event: {name}\r\nPrivilege: call,all\r\nNumber: {number}", number)
    assert isinstance(one, Event) and one.is_unread
    return one


class _Session:
    """The part of a session that hands events out, on the thread that a test runs on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.clock = MACHINE
        self.dispatcher = Dispatcher("ast", self, self.counts, lambda: None)
        self.register_event = self.dispatcher.register
        self.unregister_event = self.dispatcher.unregister
        self.after_batch = self.dispatcher.after_batch

    def dispatch(self, *batches: list[Any]) -> None:
        for batch in batches:
            self.dispatcher.put(batch)
        self.dispatcher._stream.put(None)
        self.dispatcher._dispatch()


@pytest.fixture
def session() -> Iterator[Any]:
    found = _Session()
    yield found
    assert found.dispatcher.backlog == 0


@pytest.fixture
def callbacks(session: Any) -> Iterator[Callbacks]:
    found = Callbacks(session)
    yield found
    for name in list(found.callbacks):
        found.off(name)


def test_a_callback_costs_one_queue_operation_a_batch(session: Any, callbacks: Callbacks) -> None:
    heard: list[tuple[str, str]] = []

    @callbacks.on("*")
    def star(one: Event) -> None:
        heard.append((one.name, one["Number"]))

    with mock.patch.object(Worker, "put_many", autospec=True, side_effect=Worker.put_many) as put:
        session.dispatch(
            [event("A", 1), event("B", 2), event("A", 3)], [event("C", 4)], [event("B", 5)]
        )
    (worker,) = callbacks.callbacks.values()
    eventually(lambda: worker.done == 5)
    assert put.call_count == 3
    assert heard == [("A", "1"), ("B", "2"), ("A", "3"), ("C", "4"), ("B", "5")]


def test_each_callback_hears_its_events_in_order_and_may_change_them(
    session: Any, callbacks: Callbacks
) -> None:
    heard: dict[str, list[str]] = {"both": [], "one": []}
    shared = [event("AB"[number % 2], number) for number in range(20)]

    @callbacks.on("B", "A")
    def both(one: Event) -> None:
        heard["both"].append(one["Number"])
        one.headers["Number"] = "changed"

    @callbacks.on("A")
    def only_a(one: Event) -> None:
        heard["one"].append(one["Number"])

    session.dispatch(shared)
    eventually(lambda: sum(worker.done for worker in callbacks.callbacks.values()) == 30)
    assert heard["both"] == [str(number) for number in range(20)]
    assert heard["one"] == [str(number) for number in range(0, 20, 2)]
    assert all(one.is_unread for one in shared), "a copy is not taken apart"


def test_an_event_waits_as_it_is_and_is_copied_for_the_call(
    session: Any, callbacks: Callbacks
) -> None:
    heard, gate = [], threading.Event()

    @callbacks.on("*")
    def star(one: Event) -> None:
        heard.append(one)
        gate.wait(30)

    shared = [event("A", number) for number in range(3)]
    with mock.patch.object(Event, "copy", autospec=True, side_effect=Event.copy) as copy:
        session.dispatch(shared)
        eventually(lambda: len(heard) == 1)
        (worker,) = callbacks.callbacks.values()
        assert (copy.call_count, worker.waiting) == (1, 2)
        gate.set()
        eventually(lambda: worker.done == 3)
    assert [one["Number"] for one in heard] == ["0", "1", "2"]
    assert not {*map(id, heard)} & {*map(id, shared)}


def test_entries_of_lists_are_left_out_and_those_beside_them_are_not(
    session: Any, callbacks: Callbacks
) -> None:
    heard: list[str] = []
    entry = event("A", 2)
    entry.answer = True

    @callbacks.on("*")
    def star(one: Event) -> None:
        heard.append(one["Number"])

    session.dispatch([event("A", 1), entry, event("A", 3)], [entry])
    (worker,) = callbacks.callbacks.values()
    eventually(lambda: worker.done == 2)
    assert heard == ["1", "3"]


def test_what_comes_after_a_batch_is_called_once_and_may_fail(session: Any) -> None:
    order: list[str] = []

    def told(one: Event, _: Any) -> None:
        order.append(one["Number"])
        if len(order) == 1:
            session.after_batch(fails)
            session.after_batch(lambda: order.append("after"))

    def fails() -> None:
        raise SystemExit

    session.register_event("A", told)
    session.dispatch([event("A", 1), event("A", 2)], [event("A", 3)])
    assert order == ["1", "2", "after", "3"]
    assert session.counts["failed"] == 1


def test_what_nobody_follows_is_not_taken_apart() -> None:
    session = Session()
    live = Live(session)
    followed = {name for name, found in session._dispatcher._callbacks.items() if found}
    assert "Newstate" in followed and "VarSet" not in followed and "*" not in followed
    unfollowed = [event(name, 1) for name in ("VarSet", "Cdr", "DialBegin-like")]
    session._dispatcher._hand_out([*unfollowed])
    assert all(one.is_unread for one in unfollowed)
    assert session._dispatcher._routes["VarSet"] == ()
    with mock.patch.object(session._dispatcher, "_route") as route:
        session._dispatcher._hand_out([event("VarSet", 2)])
    assert not route.called
    assert live.stale


def test_events_of_other_classes_do_not_show_that_those_of_queues_are_heard() -> None:
    session = Session()
    live = Live(session)
    heard = {type(tracker): tracker for tracker in live._trackers}
    session._dispatcher._hand_out([own_event(name) for name in QueueTracker.of_others])
    assert heard[ChannelTracker].heard and not heard[QueueTracker].heard
    session._dispatcher._hand_out([own_event("QueueMemberPause", Privilege="agent,all")])
    assert heard[QueueTracker].heard


def test_a_dispatcher_that_closes_hands_on_what_callbacks_were_told(
    session: Any, callbacks: Callbacks
) -> None:
    heard, gate = [], threading.Event()

    @callbacks.on("A")
    def tell(one: Event) -> None:
        heard.append(one["Number"])
        gate.set()

    session.register_event("B", lambda one, _: session.dispatcher.stop())
    batch = [event("A", 1), event("B", 2), event("A", 3)]
    session.dispatch(batch)
    assert gate.wait(5)
    assert heard == ["1"]
    session.dispatcher._dispatched += len(batch)
