"""The clock of this machine is set, forward and back, while a session is connected or lost."""

import time

import pytest

from tests.asterisk.faults.situation import situation
from tests.support.waiting import eventually

HOUR = 3600


class Clock:
    """This process's clock, which can be set."""

    def __init__(self, monkeypatch):
        self.ahead = 0
        self._time, self._time_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: self._time() + self.ahead)
        monkeypatch.setattr(time, "time_ns", lambda: self._time_ns() + self.ahead * 10**9)


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_is_set_loses_nothing_and_ends_nothing(
    faulty22, tmp_path, monkeypatch, caplog, jump
):
    clock = Clock(monkeypatch)
    with situation(faulty22, tmp_path, keepalive=0.5) as one:
        one.call()
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        clock.ahead += jump
        after = one.say()
        eventually(lambda: set(after) <= set(one.recorded()))
        asked = one.session.counts["reconnects"]
        one.end_calls()
        last = one.hears_again()
        one.keeps(before, after, last)
        assert one.session.counts["reconnects"] == asked == 0
        received = one.sh.ast.events["received"]
        steps = received.diff().dt.total_seconds().dropna()
        assert (steps.max() if jump > 0 else -steps.min()) == pytest.approx(HOUR, abs=60)
        assert ("set back by 3600 s" in caplog.text) is (jump < 0)
        one.is_as_the_pbx_is()


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
def test_how_long_a_connection_was_lost_is_told_rightly_though_the_clock_was_set(
    faulty22, tmp_path, monkeypatch, jump
):
    clock = Clock(monkeypatch)
    with situation(faulty22, tmp_path) as one:
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        one.proxy.barred = True
        one.cut()
        eventually(lambda: "next try at" in one.state())
        clock.ahead += jump
        one.proxy.heal()
        one.sh.ast.reconnect()
        after = one.hears_again()
        one.keeps(before, after)
        seconds = float(one.gaps()["seconds"].dropna().iloc[0])
        assert 0 < seconds < HOUR / 2
        one.is_as_the_pbx_is()
