"""Whatever waits for a time to pass in a replay waits by the replay's clock."""

import pandas as pd
import pytest

import ast_notebook
from tests.support.days import NOON, bell, channel, event, frame


def at(second):
    return pd.Timestamp(NOON + second, unit="s", tz="UTC")


def called(second, number=1, **more):
    """A call from outside to the office."""
    who = {"CallerIDNum": "030123", "Exten": "2222", "Context": "from-outside", **more}
    return channel(second, "Newchannel", "PJSIP/provider", number, **who)


def test_a_value_has_to_stand_by_the_time_of_the_record():
    day = [
        channel(0, "Newchannel", "PJSIP/200"),
        channel(100, "Hangup", "PJSIP/200", Cause=16),
        channel(200, "Newchannel", "PJSIP/200", 2),
        channel(210, "Hangup", "PJSIP/200", 2, Cause=16),
        bell(400),
    ]
    with ast_notebook.replay(frame(*day)) as sh:
        sh.load_items({"fon": {"type": "bool", "ast_dev": "200"}})
        told = []
        sh.fon.on_change(for_=30)(lambda item: told.append((item(), sh.clock.time() - NOON)))
        watched = []

        @sh.logic("long", watch="fon", for_="1m")
        def long(trigger):
            watched.append((trigger.value, sh.clock.time() - NOON))

        sh.run()
        assert told == [(True, 30), (False, 130)], "ten seconds at 200 are too short"
        assert watched == [(True, 60), (False, 160)]


def queue_day():
    return [
        event(0, "QueueParams", Queue="support", Max=0, Strategy="ringall", Calls=0),
        channel(10, "QueueCallerJoin", "PJSIP/300", Queue="support", Position=1),
        bell(13.5),
        channel(15, "QueueCallerLeave", "PJSIP/300", Queue="support", Position=1),
        bell(60),
    ]


def test_the_longest_wait_of_a_queue_grows_by_the_time_of_the_record():
    with ast_notebook.replay(frame(*queue_day())) as sh:
        sh.run(at(5))
        sh.load_items({"longest": {"type": "num", "ast_queue": "support longest"}})
        told = []
        sh.longest.on_change(lambda item: told.append((item(), sh.clock.time() - NOON)))
        sh.run()
        values = [value for value, _ in told]
        assert values == [1, 2, 3, 4, 0]
        assert all(value - 1 <= second - 10 - 1 <= value for value, second in told[:-1])


def test_a_jump_leaves_the_rest_of_each_wait_as_it_is():
    with ast_notebook.replay(frame(*queue_day())) as sh:
        due, cancelled = [], []
        sh.clock.call(20, lambda: due.append(sh.clock.time() - NOON))
        sh.clock.call(1, lambda: cancelled.append(1))()
        sh.replay.seek(at(30))
        assert not due, "nothing is called for what is passed over"
        sh.replay.seek(at(12))
        sh.run()
        assert due == [pytest.approx(32, abs=0.001)]
        assert not cancelled
        sh.clock.call(5, lambda: due.append(0))
    assert len(due) == 1, "a closed replay calls nothing"


def test_an_error_of_one_function_that_waited_concerns_no_other(caplog):
    with ast_notebook.replay(frame(*queue_day())) as sh:
        due = []
        sh.clock.call(1, lambda: 1 / 0)
        sh.clock.call(2, lambda: due.append(sh.clock.time()))
        sh.run()
        assert len(due) == 1
        assert "a delayed call failed" in caplog.text


def test_who_waits_for_a_call_is_counted_at_the_times_of_the_record():
    day = [
        called(0),
        channel(20, "Hangup", "PJSIP/provider", Cause=16, CallerIDNum="030123"),
        bell(100),
    ]
    with ast_notebook.replay(frame(*day)) as sh:
        sh.ast.trunks = ("provider",)
        sh.load_items({"missed": {"type": "num", "ast_missed": "*"}})
        told = []
        sh.missed.on_change(lambda item: told.append((item(), sh.clock.time() - NOON)))
        sh.run()
        assert told == [(1, 21)]
