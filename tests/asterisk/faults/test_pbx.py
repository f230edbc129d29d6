"""The PBX hangs, dies, restarts and reloads: what the session makes of it."""

import os
import signal

import pytest

from tests.asterisk.faults.situation import PATIENCE, situation
from tests.support.waiting import eventually, stays


def test_a_pbx_that_hangs_is_found_out_and_heard_again(faulty22, tmp_path):
    with situation(faulty22, tmp_path, keepalive=0.5, timeout=2) as one:
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        os.kill(faulty22.pid, signal.SIGSTOP)
        try:
            eventually(lambda: "no sign of life" in one.state(), PATIENCE)
            eventually(lambda: "does not greet: it hangs, or the network" in one.state(), PATIENCE)
            one.become_patient()
        finally:
            os.kill(faulty22.pid, signal.SIGCONT)
        after = one.hears_again()
        one.keeps(before, after)
        assert one.pairs() >= 1
        one.is_as_the_pbx_is()


def test_a_pbx_that_is_killed_is_told_and_heard_when_it_is_back(faulty, tmp_path):
    with situation(faulty, tmp_path) as one:
        one.call()
        before = one.say()
        eventually(lambda: set(before) <= set(one.recorded()))
        faulty.kill()
        eventually(one.is_lost)
        eventually(lambda: "closed the connection before it greeted" in one.state())
        assert one.sh.ast.live.stale
        assert not one.sh.ast.live.channels.empty  # the last that was known
        faulty.start()
        after = one.hears_again()
        one.keeps(before, after)
        assert one.sh.ast.live.channels.empty
        assert list(one.gaps()["event"]) == ["SessionLost", "SessionRestored"]
        one.is_as_the_pbx_is()


def test_nobody_listens_while_a_pbx_is_down(faulty22, tmp_path):
    with situation(faulty22, tmp_path) as one:
        one.proxy.close()
        eventually(lambda: "is Asterisk running there, with `enabled = yes`" in one.state())
        assert "next try at" in one.state()
        assert one.sh.ast.record.archive.error == ""


def test_a_restart_by_command_is_heard_to_its_end(faulty, tmp_path):
    with situation(faulty, tmp_path) as one:
        one.call()
        before = one.say()
        one.restart()
        eventually(one.is_lost, PATIENCE)
        faulty.start()
        after = one.hears_again()
        one.keeps(before, after)
        events = one.sh.ast.events
        shutdown = events[events["event"] == "Shutdown"]
        assert list(shutdown["restart"]) == ["True"]
        assert one.pairs() >= 1  # an Asterisk that is about to end may let in once more
        one.is_as_the_pbx_is()


def test_a_reload_of_the_manager_ends_nothing(faulty, tmp_path):
    with situation(faulty, tmp_path) as one:
        one.call()
        before = one.say()
        faulty.cli("manager reload")
        after = one.hears_again()
        one.keeps(before, after)
        assert one.gaps().empty
        assert one.state().startswith("connected")
        one.end_calls()
        one.is_as_the_pbx_is()


@pytest.mark.parametrize("command", ["core reload", "dialplan reload"])
def test_other_reloads_end_nothing(faulty22, tmp_path, command):
    with situation(faulty22, tmp_path) as one:
        before = one.say()
        faulty22.cli(command)
        after = one.hears_again()
        one.keeps(before, after)
        assert one.gaps().empty
        assert stays(one.session.connected, 0.2)
        one.is_as_the_pbx_is()
