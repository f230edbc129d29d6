"""What of the live state no event tells is noted in the archive, and can be put back."""

import json

import pytest

from ast_notebook.ami.message import parse_whole
from ast_notebook.live import Live, reconcile
from ast_notebook.live.saving import put_back, whole_state
from tests.support.fake_manager import FakeManager
from tests.support.living import Channels, living, names
from tests.support.waiting import eventually


class Notebook:
    """It keeps what is noted."""

    lost = 0

    def __init__(self):
        self.notes = []

    def note(self, text, at):
        self.notes.append(parse_whole(text))

    def states(self, name):
        return [json.loads(one["Snapshot"]) for one in self.notes if one.name == name]


@pytest.fixture
def script():
    return Channels()


@pytest.fixture
def fake(script):
    with FakeManager(script) as fake:
        yield fake


def test_the_whole_state_is_noted_once_it_is_known(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    noted = Notebook()
    with living(fake, archive=lambda: noted):
        whole = eventually(lambda: noted.states("LiveState"))[0]
    assert not whole["stale"]
    channels = whole["tables"]["channels"]
    row = dict(zip(channels["fields"], channels["rows"]["1.1"], strict=True))
    assert (row["channel"], row["device"]) == ("SIP/30-1", "SIP/30")


def test_what_a_list_corrects_is_noted_as_a_change(fake, script, monkeypatch):
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    monkeypatch.setattr(reconcile, "APART", 0.05)
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1"}
    noted = Notebook()
    with living(fake, archive=lambda: noted) as (session, live):
        heard = script.start(fake.clients[-1], "SIP/31")
        eventually(lambda: len(names(live)) == 2)
        del script.up["1.1"]  # whose Hangup is never heard
        assert live.reconcile() == {"channels": 1}
        changes = [one for one in noted.states("LiveChange") if "rows" in one]
        assert changes[-1]["rows"]["channels"] == {"1.1": None}
        last = [one for one in noted.notes if one.name == "LiveChange"][-1]
        assert int(last["After"]) == session.dispatched_until <= int(last["At"])
        assert heard in live.tables["channels"]


def test_an_archive_that_begins_later_gets_the_whole_state_first(fake, script, monkeypatch):
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    place, noted = [], Notebook()
    with living(fake, archive=lambda: place[0] if place else None):
        place.append(noted)
        eventually(lambda: noted.states("LiveState"))
    assert noted.notes[0].name == "LiveState"


def test_a_state_that_is_put_back_is_the_same(fake, script):
    script.up["1.1"] = {"Channel": "SIP/30-1", "Linkedid": "1.1", "BridgeId": "b"}
    script.up["1.2"] = {"Channel": "SIP/31-1", "Linkedid": "1.1", "BridgeId": "b"}
    with living(fake) as (session, live):
        state = json.loads(json.dumps(whole_state(live._trackers, is_stale=False)))
        other = Live(session)
        put_back(other._trackers, state)
        assert whole_state(other._trackers, is_stale=False) == state
        assert other.calls == live.calls == 1
        put_back(other._trackers, {"rows": {"channels": {"1.2": None}}})
        assert names(other) == ["SIP/30-1"]
