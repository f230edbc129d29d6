"""What is beyond the most rows of a live table is left out, and everything says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ast_notebook
from ast_notebook import SmartHome
from ast_notebook.ami import Event
from ast_notebook.live import reconcile, table
from ast_notebook.live.channels import ChannelTracker
from ast_notebook.magics.status import Status
from ast_notebook.panel import snapshot
from ast_notebook.panel.feed import Feed
from ast_notebook.panel.items import ShownItems
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.waiting import eventually

LIMIT = 20


class Channels:
    """A manager's script: has these channels, and lists the newest first."""

    def __init__(self) -> None:
        self.up: list[int] = []

    def __call__(self, client: Client, action: Headers) -> None:
        key = f"ActionID: {action.get('ActionID', '')}"
        if action["Action"] == "CoreShowChannels":
            client.ok(action, "EventList: start")
            for number in reversed(self.up):
                client.send("Event: CoreShowChannel", key, *self.channel(number))
            client.send("Event: CoreShowChannelsComplete", key, "EventList: Complete")
        elif action["Action"] in ("Login", "Ping"):
            client.ok(action)
        elif action["Action"] != "Logoff":
            client.send("Response: Error", key, "Message: no such thing here")

    def channel(self, number: int) -> tuple[str, ...]:
        return (f"Uniqueid: {number}", f"Channel: SIP/{number}-1")

    def begin(self, client: Client, *numbers: int) -> None:
        for number in numbers:
            self.up.append(number)
            client.send("Event: Newchannel", *self.channel(number))

    def end(self, client: Client, *numbers: int) -> None:
        for number in numbers:
            self.up.remove(number)
            client.send("Event: Hangup", *self.channel(number))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Channels:
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    monkeypatch.setattr(reconcile, "APART", 0.05)
    monkeypatch.setattr(table, "MOST", LIMIT)
    monkeypatch.setattr(snapshot, "MOST_KEPT", LIMIT)
    monkeypatch.setattr("ast_notebook.magics.status.MOST", LIMIT)
    return Channels()


@pytest.fixture
def fake(script: Channels) -> Iterator[FakeManager]:
    with FakeManager(script) as fake:
        yield fake


@pytest.fixture
def sh(fake: FakeManager) -> Iterator[SmartHome]:
    with ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret") as sh:
        eventually(sh.ast.live.primed.is_set)
        yield sh


def kept(sh: SmartHome) -> set[int]:
    return {int(key) for key in sh.ast.live.tables["channels"].rows()}


def is_short(sh: SmartHome) -> bool:
    return any("beyond" in what for what in sh.ast.live.unheard)


def test_too_many_channels_at_connect_are_said_to_be_at_least_so_many(
    script: Channels, fake: FakeManager
) -> None:
    script.up = list(range(30))
    with ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret") as sh:
        eventually(sh.ast.live.primed.is_set)
        assert len(kept(sh)) == LIMIT
        assert is_short(sh)
        told = repr(Status(sh))
        assert "at least 20, channels: at least 20" in told
        assert "those beyond are left out" in told
        feed = Feed(sh, "ast", ShownItems(sh, "ast"))
        state = feed.state()
        assert "those beyond are left out" in state["silent"]["channels"]
        assert "at least 20 calls" in snapshot.to_html(state)
        feed.close()


def test_what_is_kept_is_not_taken_for_gone_by_a_list_in_another_order(
    script: Channels, fake: FakeManager, sh: SmartHome
) -> None:
    script.begin(fake.clients[-1], *range(30))
    eventually(lambda: is_short(sh))
    eventually(lambda: sh.ast.live.tables["channels"].left_out == 10)
    assert sh.ast.live.reconcile() == {}
    assert kept(sh) == set(range(20))


def test_once_there_is_room_what_was_left_out_is_taken_in_and_is_no_correction(
    script: Channels, fake: FakeManager, sh: SmartHome
) -> None:
    script.begin(fake.clients[-1], *range(30))
    eventually(lambda: sh.ast.live.tables["channels"].left_out == 10)
    script.end(fake.clients[-1], *range(15))
    eventually(lambda: len(kept(sh)) == 5)
    assert is_short(sh)
    assert sh.ast.live.reconcile() == {}
    assert kept(sh) == set(range(15, 30))
    assert sh.ast.live.reconcile() == {}
    assert not is_short(sh)
    assert sh.ast.live.calls == 15


def test_an_item_of_a_device_whose_channel_is_left_out_is_stale_and_not_false(
    script: Channels, fake: FakeManager, sh: SmartHome
) -> None:
    sh.load_items({"near": {"type": "bool", "ast_dev": "SIP/3"}})
    sh.load_items({"far": {"type": "bool", "ast_dev": "SIP/25"}})
    near, far = sh.return_item("near"), sh.return_item("far")
    assert near is not None and far is not None
    client = fake.clients[-1]
    script.begin(client, *range(30))
    eventually(lambda: near() and far.stale)
    assert not near.stale
    script.end(client, *range(15))
    eventually(lambda: len(kept(sh)) == 5)
    assert near.stale, "another channel of it may be among those left out"
    sh.ast.live.reconcile()
    sh.ast.live.reconcile()
    eventually(lambda: far() and not far.stale)
    assert not near() and not near.stale


def test_rows_that_a_new_list_replaces_take_no_room_from_those_that_it_has(
    script: Channels, fake: FakeManager, sh: SmartHome
) -> None:
    script.begin(fake.clients[-1], *range(15))
    eventually(lambda: len(kept(sh)) == 15)
    script.up = list(range(100, 115))  # the PBX was started anew meanwhile
    fake.drop()
    eventually(lambda: kept(sh) == set(range(100, 115)))
    assert not is_short(sh)


def test_the_devices_of_ended_channels_take_no_memory() -> None:
    """A trunk of ISDN names its channels by the dialled numbers, of which there is no end."""
    tracker = ChannelTracker(lambda channel: None)

    def hear(name: str, channel: str, uniqueid: str) -> None:
        headers = {"Event": name, "Channel": channel, "Uniqueid": uniqueid}
        tracker.events[name](Event(headers, name))

    for number in range(2000):
        for name in ("Newchannel", "Hangup"):
            hear(name, f"DAHDI/i1/0301{number:06}-1", f"1780300000.{number}")
    assert not tracker._devices
    hear("Newchannel", "PJSIP/200-00000001", "1780300001.1")
    hear("Newchannel", "SIP/200-00000001", "1780300001.2")
    hear("Hangup", "SIP/200-00000001", "1780300001.2")
    assert tracker.is_up("200") and tracker.is_up("PJSIP/200") and not tracker.is_up("SIP/200")
