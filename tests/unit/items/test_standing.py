"""Callbacks and logics of values that have stood for a while."""

from __future__ import annotations

import threading
import time

import pytest

from ast_notebook.bindings.item import state_of
from ast_notebook.bindings.logic import Logic, Logics
from ast_notebook.bindings.watching import LogicWatches
from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConfError
from tests.support.hand import Hand
from tests.support.items import until


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def queue(make, hand):
    item = make("num")
    state_of(item).clock = hand
    return item


def test_a_value_is_told_once_it_has_stood_for_so_long(queue, hand):
    told = []
    queue.on_change(for_=30)(lambda item: told.append(item()))
    queue(3)
    hand.move(29)
    assert told == []
    hand.move(1)
    until(lambda: told == [3])
    hand.move(100)
    queue(4)
    hand.move(20)
    queue(5)
    hand.move(20)  # 5 has stood for 20 seconds only
    queue(6)
    hand.move(30)
    until(lambda: told == [3, 6])


def test_a_value_that_changes_back_is_not_told(queue, hand):
    told = []

    @queue.on_change(for_="1m")
    def tell(item):
        told.append(item())

    queue(3)
    hand.move(59)
    queue(0)
    hand.move(1000)
    queue(7)
    hand.move(60)
    until(lambda: told == [7])
    assert hand.waiting == []


def test_without_a_time_each_change_is_told_as_before(queue):
    told = []
    queue.on_change(lambda item: told.append(item()))

    @queue.on_change()
    def also(item):
        told.append(item())

    queue(1)
    until(lambda: told == [1, 1])


def test_what_is_taken_back_is_not_told_any_more(queue, hand, items):
    told = []

    def tell(item):
        told.append(item())

    queue.on_change(tell, for_=30)
    queue(1)
    queue.remove_method_trigger(tell)
    assert hand.waiting == []
    queue.on_change(tell, for_=30)
    queue(2)
    items.remove("x")
    assert hand.waiting == [] and told == []


def test_nothing_waits_once_the_items_are_closed(queue, hand, items):
    queue.on_change(lambda item: None, for_=30)
    queue(1)
    items.close()
    assert hand.waiting == []


@pytest.mark.parametrize("odd", ["soon", -1, 0, "", True])
def test_a_time_that_is_none_is_refused(queue, odd):
    with pytest.raises(ConfError, match="length of time"):
        queue.on_change(lambda item: None, for_=odd)


def test_a_logic_watches_items_whichever_was_defined_first(items, hand):
    logics, told = Logics(), []
    watches = LogicWatches(items, logics)
    logics.add(Logic("alarm", lambda trigger: told.append(dict(trigger)), sh=None, watch="*.fon"))
    watches.renew()
    items.load({"office": {"fon": {"type": "bool"}, "door": {"type": "bool"}}})
    watches.renew()
    watches.renew()  # does not watch it twice
    items.return_item("office.door")(True)
    items.return_item("office.fon")(True)
    until(lambda: told)
    wanted = {"by": "Item", "source": "office.fon", "value": True, "dest": None, "event": None}
    assert told == [wanted]
    logics["alarm"].enabled = False
    items.return_item("office.fon")(False)
    logics.remove("alarm")
    items.return_item("office.fon")(True)
    watches.renew()
    time.sleep(0.05)
    assert len(told) == 1
    logics.close()


def test_a_logic_may_wait_until_the_value_has_stood(queue, hand, items):
    logics, told = Logics(), []
    logics.add(
        Logic("alarm", lambda trigger: told.append(trigger.value), sh=None, watch="x", watch_for=30)
    )
    LogicWatches(items, logics).renew()
    queue(5)
    hand.move(20)
    queue(0)
    hand.move(60)
    queue(6)
    hand.move(30)
    until(lambda: told == [6])
    logics.close()


def test_the_real_clock_calls_in_order_and_cancels(monkeypatch):
    monkeypatch.setattr("ast_notebook.clock.IDLE", 0.05)
    called, done = [], threading.Event()
    MACHINE.call(0.06, lambda: called.append(3))
    MACHINE.call(0.02, lambda: called.append(1))
    MACHINE.call(0.04, lambda: 1 / 0)
    cancel = MACHINE.call(0.03, lambda: called.append(2))
    MACHINE.call(0.08, done.set)
    cancel()
    cancel()
    assert done.wait(5)
    assert called == [1, 3]
    until(lambda: not any(thread.name == "ast-later" for thread in threading.enumerate()))
