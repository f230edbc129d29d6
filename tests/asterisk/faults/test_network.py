"""A bad network between the session and the PBX: what comes through, what is lost, what is told."""

import time

import pytest

from tests.asterisk.faults.situation import PATIENCE, numbers, situation
from tests.support.waiting import eventually


@pytest.mark.parametrize("rudely", [False, True], ids=["closed", "reset"])
def test_a_cut_is_told_and_costs_only_what_was_said_meanwhile(faulty22, tmp_path, rudely):
    with situation(faulty22, tmp_path) as one:
        one.call()
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        one.proxy.barred = True
        one.cut(rudely=rudely)
        eventually(lambda: "closed the connection before it greeted" in one.state())
        assert one.state().startswith("LOST since ")
        assert "next try at" in one.state()
        lost = one.say()
        one.end_calls()
        one.proxy.heal()
        after = one.hears_again()
        one.keeps(before, after)
        assert not set(lost) & set(one.recorded())
        told = one.gaps()
        assert list(told["event"]) == ["SessionLost", "SessionRestored"]
        assert ("reset by peer" if rudely else "closed") in told["reason"].iloc[0]
        assert float(told["seconds"].iloc[1]) > 0
        one.is_as_the_pbx_is()


def test_a_message_cut_in_the_middle_is_counted_as_missing(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        one.proxy.change = lambda message: [message[: len(message) // 2]]
        lost = one.say(1)
        eventually(lambda: one.session._intake.framer.torn)
        one.proxy.cut()  # before anything whole comes, which would end the half
        one.proxy.heal()
        eventually(lambda: not one.gaps().empty)
        after = one.hears_again()
        one.keeps(after)
        assert not set(lost) & set(one.recorded())
        told = one.gaps()
        assert list(told["event"]) == ["SessionLost", "SessionRestored"]
        assert list(told["missing"].dropna()) == ["1"]


def test_a_stall_that_ends_loses_nothing(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=60) as one:
        one.call()
        one.proxy.stalled = True
        held = one.say()
        one.end_calls()
        one.proxy.heal()
        after = one.hears_again()
        one.keeps(held, after)
        assert one.gaps().empty
        one.is_as_the_pbx_is()


def test_a_stall_without_an_end_is_found_out_and_told(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=0.5, timeout=2) as one:
        one.call()
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        one.proxy.stalled = True
        eventually(lambda: "no sign of life" in one.state(), PATIENCE)
        eventually(lambda: "does not greet: it hangs, or the network" in one.state(), PATIENCE)
        one.become_patient()
        one.end_calls()
        one.proxy.heal()
        after = one.hears_again()
        one.keeps(before, after)
        assert one.gaps()["reason"].iloc[0] == "Asterisk gave no sign of life for 1 s"
        one.is_as_the_pbx_is()


def test_half_the_speed_loses_nothing(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=60) as one:
        begun, said = time.monotonic(), one.proxy.said
        one.flood(300)
        eventually(lambda: len(one.recorded("Flood")) == 300, PATIENCE)
        speed = (one.proxy.said - said) / (time.monotonic() - begun)
        with one.proxy.fault(speed=speed / 2):
            one.flood(300)
            eventually(lambda: len(one.recorded("Flood")) == 600, PATIENCE)
        after = one.hears_again()
        one.keeps(after)
        assert one.recorded("Flood") == 2 * list(range(1, 301))
        assert one.gaps().empty
        one.is_as_the_pbx_is()


def test_bytes_that_come_one_by_one_are_the_messages_that_they_were(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=60) as one, one.proxy.fault(piece=1):
        one.call()
        said = one.say()
        assert len(one.sh.ast.channels()) == len(one.pbx.channels())
        one.end_calls()
        after = one.hears_again()
        one.keeps(said, after)
        assert one.gaps().empty
        one.is_as_the_pbx_is()


def test_messages_glued_together_are_the_messages_that_they_were(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=60) as one:
        one.proxy.gather = 4000
        one.call()
        said = one.say(100)
        one.end_calls()
        one.proxy.heal()
        after = one.hears_again()
        one.keeps(said, after)
        received = one.sh.ast.events["received"]
        assert received.is_unique
        assert one.gaps().empty
        one.is_as_the_pbx_is()


def test_messages_that_come_twice_count_once(faulty, tmp_path):
    with situation(faulty, tmp_path, keepalive=60) as one:
        one.proxy.change = lambda message: [message, message]
        one.cut()  # the login is answered twice, too
        one.whole()
        one.call()
        eventually(lambda: len(one.sh.ast.live.channels) == len(one.pbx.channels()))
        assert one.sh.ast.live.calls == 1
        said = one.say()
        eventually(lambda: set(said) <= set(one.recorded()), PATIENCE)
        assert one.sh.ast.action("Ping").response.ok
        one.end_calls()
        eventually(lambda: one.sh.ast.live.channels.empty, PATIENCE)
        assert len(one.sh.ast.calls()) == 1
        one.proxy.heal()
        assert "came twice and count once" in one.line("odd")
        assert "answers to nothing that was asked" in one.line("odd")
        after = one.hears_again()
        one.keeps(said, after)
        one.is_as_the_pbx_is()


def test_messages_that_lost_their_end_are_counted_and_the_state_is_asked_anew(faulty, tmp_path):
    with situation(faulty, tmp_path, keepalive=60) as one:
        one.call()
        eventually(lambda: len(one.sh.ast.live.channels) == len(one.pbx.channels()))
        one.proxy.change = lambda message: [
            message[:-30] if b"Event: Hangup" in message else message
        ]
        one.end_calls()
        before = one.say()
        eventually(lambda: "garbled" in one.line("odd"))
        one.proxy.heal()
        after = one.hears_again()
        assert set(before[1:] + after) <= set(one.recorded())
        assert one.gaps().empty
        one.is_as_the_pbx_is()
        assert one.session.counts["garbled"] > 0


def test_nothing_of_an_archive_is_lost_or_twice_over_many_cuts(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        heard = []
        for _ in range(3):
            heard.append(one.hears_again())
            one.cut()
        heard.append(one.hears_again())
        one.keeps(*heard)
        assert list(one.gaps()["event"]) == 3 * ["SessionLost", "SessionRestored"]
        assert numbers(one.sh.ast.events) == one.recorded()
