"""The live state, if a connection is lost and made again before its events are dispatched."""

from __future__ import annotations

import pytest

from ast_notebook.ami import Session
from ast_notebook.live import Live, reconcile
from tests.support.fake_manager import FakeManager
from tests.support.living import Channels, connected, dispatching_later, living, names
from tests.support.waiting import eventually

GARBLED = ("Event: Odd", "Privilege: user,all", "Privilege: user,all")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    monkeypatch.setattr(reconcile, "APART", 0.05)


def reconnect(fake: FakeManager, session: Session) -> None:
    before, reader = session.counts["reconnects"], session._reader
    fake.drop()
    eventually(lambda: session.counts["reconnects"] > before and reader._boot_deadline is None)


def is_up_to_date(live: Live) -> bool:
    return live.primed.is_set() and not live.stale and not live._priming


@pytest.mark.parametrize("message", [("Event: FullyBooted",), GARBLED])
def test_questions_that_an_earlier_connection_caused_do_not_end_the_live_state(message) -> None:
    script = Channels()
    with FakeManager(script) as fake, living(fake) as (session, live):
        with dispatching_later(fake, session):
            fake.clients[-1].send(*message)
            eventually(lambda: session.backlog > 1)
            reconnect(fake, session)
        eventually(lambda: session.backlog == 0 and len(script.questions) == 3)
        eventually(lambda: is_up_to_date(live))
        script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}  # nobody told of it
        assert live.reconcile(20) == {}
        assert names(live) == ["SIP/30-1"]
        script.up["1.2"] = {"Channel": "SIP/31-1", "Linkedid": "1.2"}
        fake.clients[-1].send(*GARBLED)
        eventually(lambda: names(live) == ["SIP/30-1", "SIP/31-1"])


def test_lists_that_failed_with_a_connection_do_not_count_on_the_next_one() -> None:
    script = Channels()
    script.hold.clear()
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    told: list[bool] = []
    with FakeManager(script) as fake:
        session, live = connected(fake)
        with session:
            live.watch_device("30", told.append)
            eventually(lambda: script.questions)
            with dispatching_later(fake, session):
                reconnect(fake, session)
            script.hold.set()
            eventually(lambda: is_up_to_date(live))
            assert told == [True]
