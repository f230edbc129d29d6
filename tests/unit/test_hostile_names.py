"""What is named so that Asterisk cannot be asked for it costs itself, and is told as not known."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

import pytest

import ast_notebook
from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.errors import UnsafeText
from ast_notebook.live import Live, priming, reconcile
from ast_notebook.live.priming import PrimingPauses
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.waiting import eventually, stays


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "TICK", 0.02)
    monkeypatch.setattr(reconcile, "APART", 0.05)


UNASKABLE = pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b", " 1"])


class Rooms:
    """A manager's script: has these conferences, two participants in each."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.endpoints: tuple[str, ...] = ()
        self.channels: tuple[str, ...] = ()
        self.named: list[str] = []

    def __call__(self, client: Client, action: Headers) -> None:
        name, room = action["Action"], action.get("Conference", "")
        if name == "ConfbridgeListRooms":
            rooms = [(f"Conference: {one}", "Parties: 2") for one in self.names]
            self._list(client, action, "ConfbridgeListRooms", rooms)
        elif name == "ConfbridgeList":
            people = [self.person(room, number) for number in range(2)]
            self._list(client, action, "ConfbridgeList", people)
        elif name == "PJSIPShowEndpoints":
            rows = [(f"ObjectName: {one}", "DeviceState: In use") for one in self.endpoints]
            self._list(client, action, "EndpointList", rows)
        elif name == "CoreShowChannels":
            channels = [(f"Channel: {one}", f"Uniqueid: {one}") for one in self.channels]
            self._list(client, action, "CoreShowChannel", channels)
        elif name == "Getvar":
            self.named.append(action["Variable"])
            client.ok(action, 'Value: "Anna" <30>')
        elif name in ("Login", "Ping", "Hangup"):
            client.ok(action)
        elif name != "Logoff":
            client.send("Response: Error", f"ActionID: {action['ActionID']}", "Message: no such")

    def person(self, room: str, number: int) -> tuple[str, ...]:
        return (
            f"Conference: {room}",
            f"Channel: SIP/{room}-{number}",
            f"Uniqueid: {room}.{number}",
        )

    def _list(
        self, client: Client, action: Headers, event: str, entries: Sequence[tuple[str, ...]]
    ) -> None:
        key = f"ActionID: {action['ActionID']}"
        client.ok(action, "EventList: start")
        for entry in entries:
            client.send(f"Event: {event}", key, *entry)
        client.send(f"Event: {event}Complete", key, "EventList: Complete")


@contextlib.contextmanager
def living(script: Rooms) -> Iterator[tuple[FakeManager, Live]]:
    with FakeManager(script) as fake:
        settings = Settings(port=fake.port, username="a", password=Secret("secret"), timeout=5)
        session = Session(settings)
        live = Live(session)
        with session.connect():
            eventually(live.primed.is_set)
            yield fake, live


def parties(live: Live) -> dict[str, int]:
    return {row["conference"]: row["parties"] for row in live.tables["conferences"].rows().values()}


@UNASKABLE
def test_a_conference_with_an_impossible_name_keeps_nothing_else_from_being_known(
    name: str,
) -> None:
    with living(Rooms("1", name, "2")) as (_, live):
        assert not live.stale
        assert parties(live) == {"1": 2, name: 2, "2": 2}
        assert set(live.participants["conference"]) == {"1", "2"}
        assert live.reconcile() == {}


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b"])
def test_of_such_a_conference_it_is_said_that_its_participants_are_not_known(name: str) -> None:
    with living(Rooms("1", name)) as (fake, live):
        assert list(live.unheard) == [f"participants of {name!r}"]
        client = fake.clients[-1]
        come = (f"Conference: {name}", "Channel: SIP/9-9", "Uniqueid: 9.9")
        client.send("Event: ConfbridgeJoin", *come)
        eventually(lambda: parties(live) == {"1": 2, name: 3})
        client.send("Event: ConfbridgeJoin", *come)
        client.send("Event: ConfbridgeLeave", *Rooms().person(name, 0))
        eventually(lambda: parties(live) == {"1": 2, name: 2})
        assert live.reconcile() == {}
        assert "9.9" in live.tables["participants"].rows(), "nobody asked for him, and he is there"


@UNASKABLE
def test_such_a_conference_that_begins_again_is_known_with_its_participants(name: str) -> None:
    with living(Rooms("1", name)) as (fake, live):
        client, room = fake.clients[-1], f"Conference: {name}"
        client.send("Event: ConfbridgeEnd", room)
        client.send("Event: ConfbridgeStart", room)
        eventually(lambda: live.tables["conferences"].rows().get(name, {}).get("since"))
        assert live.unheard == {}
        client.send("Event: ConfbridgeJoin", room, "Channel: SIP/9-9", "Uniqueid: 9.9")
        eventually(lambda: parties(live) == {"1": 2, name: 1})
        assert live.unheard == {}


@UNASKABLE
def test_such_a_conference_whose_size_is_no_number_is_told_as_not_known(name: str) -> None:
    with living(Rooms("1", f"{name}\r\nParties: x")) as (_, live):
        assert parties(live)[name] is None
        assert list(live.unheard) == [f"participants of {name!r}"]


def test_a_hundred_such_conferences_are_one_line_of_what_is_not_known() -> None:
    with living(Rooms(*(f"a\n{number}" for number in range(100)))) as (_, live):
        (what,) = live.unheard
        assert what == "participants of 'a\\n0' and 99 more"


def test_devices_with_impossible_names_keep_no_other_from_being_named() -> None:
    script = Rooms()
    script.endpoints = (*(f"a\n{number}" for number in range(50)), "30")
    with living(script) as (_, live):
        eventually(lambda: live.tables["devices"].rows().get("PJSIP/30", {}).get("name") == "Anna")
        assert not live.stale


def test_a_mailbox_with_an_impossible_name_is_told_as_not_known() -> None:
    with living(Rooms()) as (_, live):
        live.watch_mailbox("a\nb", lambda new: None)
        eventually(lambda: "line break" in live.unheard.get("mailbox a\nb", ""))


def test_a_channel_with_an_impossible_name_keeps_no_other_from_being_hung_up() -> None:
    script = Rooms()
    with FakeManager(script) as fake:
        script.channels = ("SIP/30-1", "SIP/30-a\nb", "SIP/30-2", "SIP/31-3")
        connected = ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")
        with connected as sh:
            with pytest.raises(UnsafeText, match="Channel"):
                sh.ast.hangup("30")
            ended = [one["Channel"] for one in fake.asked if one["Action"] == "Hangup"]
            assert ended == ["SIP/30-1", "SIP/30-2"]


class Nameless(Rooms):
    """A manager's script: lists two channels, the first without its name."""

    def __call__(self, client: Client, action: Headers) -> None:
        if action["Action"] == "CoreShowChannels":
            channels = [("Uniqueid: 1.1",), ("Channel: SIP/30-2", "Uniqueid: 1.2")]
            self._list(client, action, "CoreShowChannel", channels)
        else:
            super().__call__(client, action)


def test_a_channel_without_a_name_keeps_no_list_from_being_compared() -> None:
    with living(Nameless()) as (fake, live):
        eventually(lambda: set(live.tables["channels"].rows()) == {"1.1", "1.2"})
        fake.clients[-1].send("Event: Newchannel", "Channel: SIP/31-3", "Uniqueid: 1.3")
        eventually(lambda: len(live.tables["channels"].rows()) == 3)
        assert live.reconcile() == {"channels": 1}
        assert set(live.tables["channels"].rows()) == {"1.1", "1.2"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda pbx: pbx.db_read("blacklist/ 123"),
        lambda pbx: pbx.db_read(" blacklist/123", default=None),
        lambda pbx: pbx.db_write("blacklist/ 123", 1),
        lambda pbx: pbx.db_delete("blacklist/ 123"),
        lambda pbx: pbx.db_delete(" blacklist/123"),
        lambda pbx: pbx.db_show(" blacklist"),
        lambda pbx: pbx.mailbox_count(" 22"),
    ],
)
def test_a_blank_that_asterisk_would_drop_names_no_other_entry_or_mailbox(ask) -> None:
    with FakeManager() as fake:
        connected = ast_notebook.connect("127.0.0.1", fake.port, username="a", password="secret")
        with connected as sh:
            with pytest.raises(UnsafeText, match="begins with"):
                ask(sh.ast)
            sent = {one["Action"] for one in fake.asked}
            assert sent.isdisjoint(["DBGet", "DBPut", "DBDel", "DBGetTree", "MailboxCount"])


@pytest.mark.parametrize(
    "number",
    [
        "12\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\nStatus: x",
        "14\r\nPrivilege: x,all\r\nPrivilege: y,all",
        "15\r\n\r\nEvent: SessionLost\r\nPrivilege: x,all",
    ],
)
def test_a_caller_in_a_list_does_not_have_the_list_asked_for_without_end(number: str) -> None:
    script = Rooms()
    script.channels = (f"SIP/30-1\r\nCallerIDNum: {number}",)
    with living(script) as (fake, live):
        eventually(lambda: fake.names().count("CoreShowChannels") >= 2)
        assert stays(lambda: fake.names().count("CoreShowChannels") <= 5, 1.5)
        assert live._pauses._pause >= priming.FIRST
        eventually(lambda: fake.names().count("CoreShowChannels") >= 3)


def test_pauses_between_primings_grow_as_long_as_more_follow(monkeypatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pauses, taken = PrimingPauses(), []
    for _ in range(9):
        pauses.begin()
        pauses.end()
        before = now
        while not pauses.are_over:
            now += 0.25
        taken.append(now - before)
    assert taken == [0, 0.5, 1, 2, 4, 8, 16, 20, 20]
    now += priming.CALM + 1
    pauses.begin()
    pauses.end()
    assert pauses.are_over
    pauses.begin()
    pauses.end()
    pauses.forget()
    assert pauses.are_over
