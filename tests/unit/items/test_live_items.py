"""Items for a lamp, a queue, a trunk and callers who wait for a call."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from ast_notebook.ami import Session
from ast_notebook.asterisk.waiting import WaitingCallers
from ast_notebook.bindings.attributes import binding_attributes
from ast_notebook.bindings.item import bindings_of
from ast_notebook.bindings.live_values import watch_value
from ast_notebook.errors import ConfError
from ast_notebook.live.devices import DeviceTracker, RegistrationTracker
from ast_notebook.live.queues import QueueTracker
from ast_notebook.live.watch import ValueWatches
from ast_notebook.panel.words import SHARED
from ast_notebook.views.words import DEVICES
from tests.support.hand import Hand
from tests.support.items import until


class Tables:
    """Live tables that a test fills."""

    def __init__(self):
        self.tables = {
            **DeviceTracker().tables,
            **RegistrationTracker().tables,
            **QueueTracker().tables,
        }
        self.settled = True
        self.values = ValueWatches(self.tables, lambda: self.settled)

    def put(self, table, key, **fields):
        self.tables[table].put(key, **fields)
        self.values.look()

    def drop(self, table, key):
        self.tables[table].drop(key)
        self.values.look()


@pytest.fixture
def live():
    return Tables()


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def watch(live, hand):
    """Watch what an attribute names; the result is the watch and the list of its values."""

    def watch(kind, written):
        types = {"ast_state": "str", "ast_trunk": "bool"}
        (attribute,) = binding_attributes("x", types.get(kind, "num"), {kind: written}, refuse)
        told = []
        return watch_value(live, hand, attribute, told.append), told

    return watch


def refuse(attribute, why):
    raise ConfError(why)


def test_a_lamp_is_a_text(live, watch):
    live.put("devices", "PJSIP/2222", device="PJSIP/2222", state="NOT_INUSE")
    seen, told = watch("ast_state", "2222")
    assert told == ["idle"] and not seen.is_unsure
    live.put("devices", "PJSIP/2222", state="RINGING")
    live.put("devices", "PJSIP/200", device="PJSIP/200", state="BUSY")
    live.put("devices", "PJSIP/2222", state="ONHOLD")
    assert told == ["idle", "ringing", "on hold"]
    seen.close()
    live.put("devices", "PJSIP/2222", state="BUSY")
    assert told[-1] == "on hold"
    assert SHARED["device_states"] == DEVICES


def test_a_device_that_is_not_there_is_unknown(live, watch):
    seen, told = watch("ast_state", "PJSIP/9")
    assert told == [] and seen.is_unsure
    live.put("devices", "PJSIP/9", device="PJSIP/9", state="INUSE")
    assert told == ["in use"] and not seen.is_unsure


def test_a_queue_counts_who_waits_and_who_is_free(live, watch):
    live.put("queues", "support", queue="support")
    _, waiting = watch("ast_queue", "support")
    _, free = watch("ast_queue", "support agents")
    for key, state, paused in (("a", "NOT_INUSE", False), ("b", "NOT_INUSE", True)):
        live.put("members", key, queue="support", state=state, paused=paused, in_call=False)
    live.put("callers", "1", queue="support", since=1.0)
    live.put("callers", "2", queue="support", since=2.0)
    live.put("callers", "3", queue="sales", since=2.0)
    assert (waiting, free) == ([0, 1, 2], [0, 1])
    live.drop("callers", "1")
    live.put("members", "b", paused=False)
    assert (waiting[-1], free[-1]) == (1, 2)


def test_the_longest_wait_grows_by_the_clock(live, watch, hand):
    live.put("queues", "support", queue="support")
    seen, told = watch("ast_queue", "support longest")
    live.put("callers", "1", queue="support", since=hand.seconds - 10)
    live.put("callers", "2", queue="support", since=hand.seconds - 3)
    assert told == [0, 10]
    hand.move(2)
    assert told == [0, 10, 11, 12]
    live.drop("callers", "1")
    assert told[-1] == 5
    live.put("callers", "2", since=None)  # since when is unknown now
    assert told[-1] == 5 and seen.is_unsure
    live.drop("callers", "2")
    assert told[-1] == 0 and not seen.is_unsure
    seen.close()
    assert hand.waiting == []


def test_what_is_between_two_events_is_not_told(live, watch):
    live.put("queues", "support", queue="support")
    live.put("callers", "1", queue="support", since=1.0)
    _, told = watch("ast_queue", "support")
    live.tables["callers"].drop("1")  # a transfer: the new holder follows in the same event
    live.put("callers", "2", queue="support", since=1.0)
    assert told == [1]
    live.settled = False  # lists are being heard
    live.put("callers", "3", queue="support", since=1.0)
    live.drop("callers", "2")
    assert told == [1]
    live.settled = True
    live.drop("callers", "3")
    assert told == [1, 0]


@pytest.mark.parametrize(
    "named", ["provider.example", "account", "sip:account@provider.example:5060", "ACCOUNT"]
)
def test_a_trunk_is_registered_or_not(live, watch, named):
    key = "sip:account@provider.example:5060"
    live.put("registrations", key, trunk=key, server="sip:provider.example", state="Registered")
    _, told = watch("ast_trunk", named)
    live.put("registrations", key, state="Unregistered")
    assert told == [True, False]


def test_a_trunk_without_registration_is_unknown(watch):
    seen, told = watch("ast_trunk", "nobody")
    assert told == [] and seen.is_unsure


def test_wrong_attributes_are_told_in_one_line(make):
    for attributes, why in (
        ({"type": "num", "ast_state": "2222"}, "type = str"),
        ({"type": "bool", "ast_queue": "support"}, "type = num"),
        ({"type": "num", "ast_queue": "support soon"}, "longest"),
        ({"type": "num", "ast_queue": "support", "ast_missed": "*"}, "both ast_queue and ast_miss"),
        ({"type": "num", "ast_queue": "a", "ast_queue@berlin": "b"}, "twice"),
    ):
        with pytest.raises(ConfError, match=why):
            make(attributes.pop("type"), **attributes)
    (attribute,) = bindings_of(make("num", ast_queue="support  longest"))
    assert attribute.target == "support longest"


class Calls:
    """A session that a test tells of ends of calls, and the callers who wait then."""

    def __init__(self, hand):
        self.clock = hand
        self.bound = {}
        self.found = pd.DataFrame({"caller": [], "dialled": []})
        self.error = None
        self.waiting = WaitingCallers(cast(Session, self), self.unreturned, self.same)

    def register_event(self, event, function):
        self.bound[event] = function

    def unregister_event(self, event, function):
        del self.bound[event]

    def same(self, text):
        return text.replace(" ", "")

    def unreturned(self):
        if self.error:
            raise self.error
        return self.found

    def end(self, *rows):
        self.found = pd.DataFrame(list(rows), columns=["caller", "dialled"])
        self.bound["Hangup"](SimpleNamespace(), self)


def test_who_waits_is_counted_anew_when_a_call_has_ended(hand):
    calls = Calls(hand)
    told, everybody = [], []
    watch = calls.waiting.watch("030123", told.append)
    calls.waiting.watch("*", everybody.append)
    hand.move(1)
    until(lambda: (told, everybody) == ([0], [0]))
    calls.end(("1", "030 123"), ("2", "030 123"), ("030123", "9"), ("3", "4"))
    hand.move(1)
    until(lambda: (told, everybody) == ([0, 3], [0, 4]))
    watch.close()
    calls.waiting.close()
    assert calls.bound == {}


def test_calls_without_directions_leave_the_number_unknown(hand, caplog):
    calls = Calls(hand)
    calls.error = ConfError("name the trunks")
    watch = calls.waiting.watch("*", lambda value: None)
    hand.move(2)
    until(lambda: "name the trunks" in caplog.text)
    assert watch.is_unsure and watch.value is None
    calls.waiting.close()


def test_who_waits_is_counted_less_often_the_longer_it_takes(hand, monkeypatch):
    monkeypatch.setattr("ast_notebook.asterisk.waiting.thread_time", hand.time)
    calls, begin, told = Calls(hand), threading.Event(), []

    def count():
        begin.wait()
        hand.seconds += 7
        return calls.found

    calls.waiting._unreturned = count
    watch = calls.waiting.watch("*", told.append)
    hand.move(1)
    begin.set()
    until(lambda: told and not calls.waiting._worker.running_since)
    calls.end(("030 123", "240"))
    assert [round(at - hand.seconds) for at, _ in hand.waiting] == [70]
    watch.close()
    calls.waiting.close()
    assert not hand.waiting, "no thread waits for a count that nobody needs"
