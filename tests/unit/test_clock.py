"""Whatever has a time of its own has it from the clock that it was given."""

import heapq
import threading
from datetime import UTC, datetime

import pandas as pd
import pytest

from ast_notebook import SmartHome
from ast_notebook.clock import MACHINE, MANY, Alarms, SystemClock
from ast_notebook.moments import microseconds, moment
from ast_notebook.recording import Record
from ast_notebook.replay.clock import ReplayClock
from tests.support.waiting import eventually


class Standing(SystemClock):
    """A clock that stands at a moment, and counts the calls that it is told of."""

    def __init__(self, at):
        self.at = at
        self.held = 0

    def time(self):
        return self.at

    def hold(self, calls, worker):
        self.held += calls

    def release(self, calls, worker):
        self.held -= calls

    def ended(self, worker):
        self.held -= 1


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def clock():
    return Standing(NOON)


def test_an_item_changes_and_ages_by_the_clock_of_its_smart_home(clock):
    with SmartHome(clock) as sh:
        (item,) = sh.load_items({"door": {"type": "bool"}})
        assert item.last_change().timestamp() == NOON
        clock.at = NOON + 60
        item(True)
        clock.at = NOON + 90
        assert item.last_change().timestamp() == NOON + 60
        assert (item.age(), item.prev_age()) == (30, 60)


def test_the_clock_is_told_of_every_call_until_it_is_over_or_dropped(clock):
    with SmartHome(clock) as sh:
        (item,) = sh.load_items({"door": {"type": "bool"}})
        held = []
        done = item.on_change(lambda item: held.append(clock.held))
        item(True)
        while not held or clock.held:
            pass
        assert held == [1]
        item.remove_method_trigger(done)
        logic = sh.add_logic("slow", lambda: held.append(clock.held), userevent="Never")
        logic.stop()
        logic.trigger()  # which a logic that is stopped does not take
        assert clock.held == 0


def test_an_age_counts_from_what_the_clock_says(clock):
    assert moment("10m", clock=clock) == pd.Timestamp("2026-11-23 11:50", tz="UTC")
    assert moment("13:00", tz="UTC", clock=clock) == pd.Timestamp("2026-11-22 13:00", tz="UTC")
    assert microseconds("1s", clock) == round(NOON - 1) * 1_000_000


def test_a_record_reads_ages_by_its_clock(clock):
    record = Record(clock=clock)
    for minutes in (20, 5):
        record.add(["Event: Bell"], round(NOON - 60 * minutes) * 1_000_000)
    assert len(record.frame(since="10m")) == 1


def test_this_machines_clock_tells_the_time_of_this_machine():
    assert abs(MACHINE.time() - datetime.now(UTC).timestamp()) < 60
    assert MACHINE.now().tzinfo is not None


@pytest.mark.parametrize("make", [Alarms, lambda: ReplayClock(0)])
def test_calls_that_are_cancelled_are_not_made_and_not_kept(make, monkeypatch):
    alarms, made, sorted_anew = make(), [], []
    monkeypatch.setattr(
        heapq, "heapify", lambda heap, real=heapq.heapify: (sorted_anew.append(1), real(heap))
    )
    cancels = [alarms.call(3600 + number, lambda: made.append(1)) for number in range(2000)]
    for cancel in cancels[:1999]:
        cancel()
        cancel()
    assert len(sorted_anew) < 100, "to sort all anew at each would take the square of the time"
    kept = alarms._times if isinstance(alarms, Alarms) else alarms._dues
    assert len(kept) <= 2 * MANY
    soon = [alarms.call(0, lambda number=number: made.append(number)) for number in (1, 2, 3)]
    soon[1]()
    if isinstance(alarms, ReplayClock):
        alarms.move(0)
        alarms.wake()
    eventually(lambda: made == [1, 3])
    cancels[-1]()
    eventually(lambda: not any(one.name == "ast-later" for one in threading.enumerate()))
