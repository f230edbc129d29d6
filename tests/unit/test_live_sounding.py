"""Which calls sound bad now, on a scripted PBX that reports on their voice."""

from __future__ import annotations

import pytest

from ast_notebook.panel import words
from tests.support.fake_manager import FakeManager
from tests.support.living import Channels, living
from tests.support.waiting import eventually, stays
from tests.unit.test_live import Deaf


@pytest.fixture
def script():
    return Channels()


@pytest.fixture
def fake(script):
    with FakeManager(script) as fake:
        yield fake


def tell(fake, kind, fraction, *, jitter=8, highest=500, **more):
    fake.clients[-1].send(
        f"Event: {kind}",
        "Uniqueid: 1.1",
        f"Report0FractionLost: {fraction}",
        f"Report0HighestSequence: {highest}",
        f"Report0IAJitter: {jitter}",
        *(f"{name}: {value}" for name, value in more.items()),
    )


def bad(live):
    return live.channels["bad"].fillna("").tolist()


def test_a_channel_sounds_bad_until_a_good_report_of_the_same_direction(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    with living(fake) as (_, live):
        assert bad(live) == [""]
        tell(fake, "RTCPSent", 26)
        eventually(lambda: bad(live) == ["10 % lost"])
        tell(fake, "RTCPReceived", 0)
        assert stays(lambda: bad(live) == ["10 % lost"]), "that is the other direction"
        tell(fake, "RTCPSent", 0)
        eventually(lambda: bad(live) == [""])
        tell(fake, "RTCPReceived", 0, jitter=4000, RTT="1.5000")
        eventually(lambda: bad(live) == ["jitter 500 ms, round trip 1500 ms"])


def test_a_report_that_says_nothing_and_odd_values_change_nothing(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    with living(fake) as (_, live):
        tell(fake, "RTCPSent", 255, highest=0)
        tell(fake, "RTCPSent", "many", RTT="nan")
        tell(fake, "RTCPSent", 0, jitter="x", RTT="-5")
        assert stays(lambda: bad(live) == [""])


def test_how_calls_sounded_is_forgotten_once_events_were_missed(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    with living(fake) as (_, live):
        tell(fake, "RTCPSent", 26)
        eventually(lambda: bad(live) == ["10 % lost"])
        fake.drop()
        eventually(lambda: live.primed.is_set() and bad(live) == [""])


def test_a_login_that_hears_no_reports_says_so():
    with FakeManager(Deaf("system,call")) as fake, living(fake) as (_, live):
        eventually(lambda: "`reporting`" in live.unheard.get("how calls sound", ""))


def test_the_state_of_a_channel_says_in_words_that_it_sounds_bad():
    row = {"state": "Up", "bad": "10 % lost"}
    assert words.channel_state(row) == "up · ⚠ sounds bad: 10 % lost"
