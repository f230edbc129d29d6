"""The demo by itself: what its numbers do, and what it bears."""

from __future__ import annotations

import contextlib
import os
import socket
import time

import pytest

from ast_notebook.demo.server import Plan
from ast_notebook.demo.stress import CHANGES
from tests.support.demo_stage import DemoStage, Wire, originate


def test_calls_go_on_and_the_same_seed_makes_the_same_day() -> None:
    def day() -> list[str]:
        stage = DemoStage(Plan(calls=True, seed=7))
        wire = Wire(stage.port)
        wire.wait("BridgeEnter", seconds=15)
        wire.wait("Newchannel", count=4, seconds=20)
        stage.close()
        names = [dict(event)["Channel"] for event in wire.events if event[0][1] == "Newchannel"]
        return names[:4]

    assert day() == day()


@pytest.mark.parametrize(
    ("number", "events"),
    [
        ("*22", {"MessageWaiting"}),
        ("801", {"UserEvent"}),
        ("610", {"QueueCallerJoin", "AgentConnect"}),
        ("620", {"ConfbridgeStart", "ConfbridgeJoin"}),
        ("700", {"ParkedCall"}),
    ],
)
def test_a_number_makes_it_happen(small: DemoStage, number: str, events: set[str]) -> None:
    wire = Wire(small.port)
    small.answers("240", 0.2)
    originate(wire, Channel="Local/601@phones/n", Exten=number, Context="phones", Priority=1)
    for event in events:
        wire.wait(event)
    small.clear()


def test_dnd_in_the_database_leads_to_the_mailbox(small: DemoStage) -> None:
    wire = Wire(small.port)
    wire.ask(Action="DBPut", Family="dnd", Key="office", Val="1")
    small.calls("240", "2222")
    assert wire.wait("Newexten", Application="VoiceMail")["AppData"] == "22@default,u"
    wire.ask(Action="DBPut", Family="dnd", Key="office", Val="0")
    small.clear()


def test_messages_that_were_listened_to_are_old(small: DemoStage) -> None:
    wire = Wire(small.port)
    box = small.server.pbx.mailboxes.get("22")
    assert box is not None
    small.do(lambda: setattr(box, "new", 2))

    def listen() -> None:
        channel = small.server.pbx.telephones["2222"].calls("500", 0.3)
        assert channel is not None
        channel.keys.put_nowait("1")

    small.do(listen)
    told = wire.wait("MessageWaiting")
    assert (told["New"], told["Waiting"]) == ("1", "1")
    assert int(told["Old"]) >= 1


def test_four_members_of_a_call_can_be_hung_up_in_any_order(small: DemoStage) -> None:
    """No order of hangups leaves a channel, a bridge or a lamp behind."""
    pbx = small.server.pbx
    wire = Wire(small.port, "admin")
    for seed in range(12):
        small.answers("2222", 0.05)
        small.answers("240", 0.05)
        small.calls("30", "2222")
        originate(wire, Channel="Local/240@home/n", Exten="620", Context="phones", Priority=1)
        originate(wire, Channel="Local/601@phones", Exten="610", Context="phones", Priority=1)
        wire.listen(0.05 * (seed % 6))
        for channel in sorted(pbx.channels, key=lambda name: hash((name, seed))):
            wire.ask(Action="Hangup", Channel=channel)
        small.clear()
        wire.listen(0.1)
        small.clear()
        wire.listen(0.05)
        assert not pbx.channels
        assert not pbx.conferences.running
        assert not any(queue.entries for queue in pbx.queues)
        lamps = {device: state for device, state in pbx.devices.states.items() if "/" in device}
        assert set(lamps.values()) == {"NOT_INUSE"}


HOSTILE = [
    b"\x00" * 100_000,
    b"A" * 3_000_000,
    b"\r\n" * 5_000,
    b"Action: Originate\r\n" * 5_000,
    os.urandom(200_000),
    b"Action: Login\r\nUsername: " + b"\xff\xfe" * 100 + b"\r\nSecret: \xff\r\n\r\n",
    b"Action: Getvar\r\nVariable: ${${${$[$[\r\n\r\n",
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("username", ["", "panel"])
def test_hostile_bytes_do_not_kill_it(small: DemoStage, data: bytes, username: str) -> None:
    wire = Wire(small.port, username)
    with contextlib.suppress(OSError):
        wire.socket.settimeout(5)
        wire.socket.sendall(data)
    wire.close()
    assert dict(Wire(small.port).ask(Action="Ping")[0])["Ping"] == "Pong"


def test_hostile_fields_do_not_kill_it(small: DemoStage, caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(small.port)
    text = "/(a+)+$[${X}]\\;\x7f%s"
    fields = dict.fromkeys(
        (
            *("Channel", "Exten", "Context", "Priority", "Variable", "Value", "Queue", "Mailbox"),
            *("Interface", "Conference", "Family", "Key", "Command", "Timeout", "Cause", "Paused"),
            *("EventMask", "CallerID", "Application", "Data", "Module", "Penalty", "ActionId"),
        ),
        text,
    )
    for action in dict(wire.ask(Action="ListCommands")[0]):
        if action not in ("Response", "ActionID", "Logoff", "Login"):
            wire.send(Action=action, **fields)
    for application in (
        "Dial",
        "Goto",
        "GotoIf",
        "Set",
        "Wait",
        "Queue",
        "VoiceMail",
        "ConfBridge",
    ):
        originate(wire, Channel="Local/600@phones/n", Application=application, Data=text)
    wire.listen(0.5)
    small.clear()
    assert dict(Wire(small.port).ask(Action="Ping")[0])["Ping"] == "Pong"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_thousand_clients(small: DemoStage) -> None:
    address = ("127.0.0.1", small.port)
    sockets = [socket.create_connection(address, timeout=60) for _ in range(1000)]
    for one in sockets:
        one.close()
    time.sleep(0.2)
    assert dict(Wire(small.port).ask(Action="Ping")[0])["Ping"] == "Pong"


def test_who_reads_too_slowly_is_cut_off(small: DemoStage) -> None:
    slow, quick = Wire(small.port), Wire(small.port, "admin")
    quick.ask(Action="Events", EventMask="off")
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    quick.ask(
        Action="Originate", Channel="Local/s@flood/n", Application="Wait", Data="60", Async="true"
    )
    before = len(small.server.pbx.listeners)
    deadline = time.monotonic() + 20
    while len(small.server.pbx.listeners) == before and time.monotonic() < deadline:
        assert dict(quick.ask(Action="Ping")[0])["Ping"] == "Pong"
        time.sleep(0.1)
    small.clear()
    assert len(small.server.pbx.listeners) < before


def test_filters(small: DemoStage) -> None:
    wire = Wire(small.port)
    wire.wait("FullyBooted")
    wire.events.clear()
    assert dict(wire.ask(Action="Filter", Operation="Add", Filter="Event: Hangup")[0])
    wire.ask(Action="Filter", Operation="Add", Filter="!Channel: Local/.*;1")
    originate(wire, Channel="Local/801@phones/n", Application="Wait", Data="0.1")
    wire.wait("Hangup")
    wire.listen(0.8)
    heard = {(dict(event)["Event"], dict(event)["Channel"][-2:]) for event in wire.events}
    assert heard == {("Hangup", ";2"), ("HangupRequest", ";2")}


def test_many_channels_and_many_changes() -> None:
    stage = DemoStage(Plan(calls=False, channels=200, changes=150, seed=1))
    wire = Wire(stage.port)
    try:
        wire.listen(3.0)
        wire.events.clear()
        wire.listen(4.0)
        changes = sum(event[0][1] in CHANGES for event in wire.events)
        listed = wire.ask(Action="CoreShowChannels")
    finally:
        stage.close()
    assert 0.8 * 150 < changes / 4.0 < 1.2 * 150
    assert 180 <= len(listed) - 2 <= 200
