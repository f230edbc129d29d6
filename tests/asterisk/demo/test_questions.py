"""The demo answers the same questions as a real Asterisk in the same words."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.asterisk.demo.comparison import SILENT, answer_shapes, compare, on_both, shape, stories
from tests.support.demo_stage import Stage, Wire, originate

Question = dict[str, object]


def ask(name: str, **fields: object) -> Question:
    return {"Action": name, **fields}


QUESTIONS: dict[str, list[Question]] = {
    "session": [
        ask("Ping"),
        ask("ping"),
        ask("Login", Username="admin", Secret="secret"),
        ask("Challenge", AuthType="MD5"),
        ask("Challenge", AuthType="SHA"),
        ask("Challenge"),
        *(ask("Events", EventMask=mask) for mask in ("call,user", "off", "nonsense", "on")),
        ask("Events"),
        ask("Filter", Operation="Add", Filter="!Event: Nothing"),
        ask("NoSuchAction"),
        ask(""),
    ],
    "pbx": [
        ask("CoreSettings"),
        ask("CoreStatus"),
        *(
            ask("ModuleCheck", Module=module)
            for module in ("chan_sip", "chan_pjsip", "chan_sip.so", "app_voicemail", "nothing")
        ),
        ask("ModuleCheck"),
    ],
    "database": [
        ask("DBPut", Family="dnd", Key="office", Val="1"),
        ask("DBGet", Family="dnd", Key="office"),
        ask("DBGet", Family="dnd", Key="nothing"),
        ask("DBGetTree", Family="dnd"),
        ask("DBGetTree", Family="none"),
        ask("DBDel", Family="dnd", Key="office"),
        ask("DBDel", Family="dnd", Key="office"),
        ask("DBPut", Family="a/b", Key="c d", Val='ü, "x" \\ y'),
        ask("DBGet", Family="a", Key="b/c d"),
        ask("DBGetTree", Family="a", Key="b"),
        ask("DBPut", Family="e", Key="empty", Val=""),
        ask("DBGet", Family="e", Key="empty"),
        ask("DBPut", Family="big", Key="k", Val="v" * 1000),
        ask("DBGet", Family="big", Key="k"),
        ask("DBPut", Family="e", Key="spaces", Val="  x  "),
        ask("DBGet", Family="e", Key="spaces"),
        ask("DBDelTree", Family="a"),
        ask("DBDelTree", Family="a"),
        ask("DBDelTree"),
        ask("DBPut"),
        ask("DBPut", Family="a"),
        ask("DBGet"),
        ask("DBGet", Family="a"),
        ask("DBDel"),
        ask("DBDel", Family="a"),
    ],
    "mailboxes": [
        *(
            ask("MailboxCount", Mailbox=box)
            for box in (
                "22@default",
                "2222",
                "9999@default",
                "22@nowhere",
                "22@default,2222@default",
            )
        ),
        ask("MailboxCount"),
        ask("MailboxStatus", Mailbox="22@default"),
        ask("MailboxStatus"),
        ask("VoicemailUsersList"),
        ask("VoicemailUserStatus", Context="default", Mailbox="22"),
        ask("VoicemailUserStatus", Context="default", Mailbox="999"),
        ask("VoicemailUserStatus", Context="default"),
    ],
    "states": [
        ask("DeviceStateList"),
        ask("PJSIPShowEndpoints"),
        ask("ExtensionStateList"),
        ask("ExtensionState", Exten="2222", Context="home"),
        ask("ExtensionState", Exten="9999", Context="home"),
        ask("ExtensionState"),
        ask("PresenceStateList"),
        ask("CoreShowChannels"),
        ask("Status"),
        ask("Status", Channel="none"),
    ],
    "variables": [
        ask("Getvar", Variable="TECH"),
        ask("Getvar", Variable="nothing"),
        ask("Getvar", Variable="DB(dnd/nothing)"),
        ask("Getvar", Variable="PJSIP_ENDPOINT(2222,callerid)"),
        ask("Getvar", Variable="SIPPEER(2222,callerid_name)"),
        ask("Getvar", Variable="DIALPLAN_EXISTS(phones,600,1)"),
        ask("Getvar", Variable="DIALPLAN_EXISTS(phones,nobody,1)"),
        ask("Getvar", Variable="DIALPLAN_EXISTS(nowhere,600,1)"),
        ask("Setvar", Variable="COLOUR", Value="red"),
        ask("Getvar", Variable="COLOUR"),
        ask("Setvar"),
        ask("Getvar"),
        ask("Getvar", Variable="X", Channel="none"),
        ask("Setvar", Variable="X", Value="1", Channel="none"),
    ],
    "calls": [
        ask("Hangup"),
        ask("Hangup", Channel="none"),
        ask("Hangup", Channel="/^None.*$/"),
        ask("Hangup", Channel="/[/"),
        ask("Redirect", Exten="600", Context="phones", Priority="1"),
        ask("Redirect", Channel="none", Exten="600", Context="phones", Priority="1"),
        ask("Redirect", Channel="none", Exten="600", Context="phones", Priority="x"),
        ask("BlindTransfer", Channel="none", Exten="600", Context="phones"),
        ask("BlindTransfer", Channel="none"),
        ask("BlindTransfer"),
        ask("AbsoluteTimeout"),
        ask("AbsoluteTimeout", Channel="none", Timeout="3"),
        ask("Park", Channel="none"),
        ask("Park"),
        ask("MixMonitor", Channel="none"),
        ask("MixMonitor"),
        ask("StopMixMonitor", Channel="none"),
        ask("StopMixMonitor"),
        ask("Originate"),
        ask("Originate", Channel="noslash", Exten="600", Context="phones", Priority="1"),
        ask("Originate", Channel="Local/600@phones"),
        ask("Originate", Channel="Local/600@phones", Exten="600"),
        ask("Originate", Channel="Local/600@phones", Exten="600", Context="phones", Priority="x"),
        ask("Originate", Channel="Local/600@phones", Exten="no", Context="phones", Priority="1"),
        ask(
            "Originate",
            Channel="Local/600@phones",
            Exten="600",
            Context="phones",
            Priority="1",
            Timeout="x",
        ),
        ask("Originate", Channel="Nothing/1", Exten="600", Context="phones", Priority="1"),
        ask("Originate", Channel="Local/600@phones", Exten="", Context="phones", Priority="1"),
        ask("Originate", Channel="nothing/1", Exten="", Context="phones", Priority="1"),
        ask(
            "Originate", Channel="local/nobody@phones", Exten="600", Context="phones", Priority="1"
        ),
    ],
    "user events": [
        ask("UserEvent"),
        ask("UserEvent", UserEvent="Call", Source="1", Destination="Office", Value="a: b, c"),
    ],
    "queues": [
        ask("QueueStatus"),
        ask("QueueStatus", Queue="none"),
        ask("QueueSummary"),
        ask("QueueSummary", Queue="none"),
        ask("QueueAdd", Queue="support", Interface="Local/30@home/n", MemberName="K", Penalty="2"),
        ask("QueueAdd", Queue="support", Interface="Local/30@home/n"),
        ask("QueueAdd", Queue="none", Interface="Local/30@home/n"),
        ask("QueueAdd", Queue="support"),
        ask("QueueAdd", Interface="x"),
        ask("QueuePause", Interface="Local/30@home/n", Paused="true", Reason="lunch"),
        ask("QueueStatus"),
        ask("QueueSummary"),
        ask("QueuePause", Queue="support", Interface="Local/30@home/n", Paused="false"),
        ask("QueuePause", Interface="nobody", Paused="true"),
        ask("QueuePause", Interface="nobody"),
        ask("QueuePenalty", Interface="Local/30@home/n", Penalty="3"),
        ask("QueueRemove", Queue="support", Interface="Local/30@home/n"),
        ask("QueueRemove", Queue="support", Interface="Local/30@home/n"),
        ask("QueueRemove", Queue="none", Interface="x"),
        ask("QueueRemove", Queue="support"),
        ask("QueueReset"),
    ],
    "rooms": [
        ask("ConfbridgeListRooms"),
        ask("ConfbridgeList"),
        ask("ConfbridgeList", Conference="none"),
        ask("ConfbridgeMute", Conference="none", Channel="x"),
        ask("ConfbridgeKick", Conference="none", Channel="x"),
        ask("ParkedCalls"),
        ask("ParkedCalls", ParkingLot="none"),
        ask("Parkinglots"),
    ],
}
#: Commands, and whether their output is compared, or only its kind.
COMMANDS = {
    "core show version": False,
    "core show uptime": False,
    "core show channels": True,
    "core show channels concise": True,
    "core show calls": True,
    "database put a b c": True,
    "database get a b": True,
    "database show a": True,
    "database del a b": True,
    "database del a b ": True,
    "database get a b ": True,
    "core": True,
    "core stop maybe": True,
    "no such command": True,
}


@pytest.mark.parametrize("subject", QUESTIONS)
def test_same_questions_same_answers(pair: tuple[Stage, Stage], subject: str) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port)
        answers = {
            f"{number:02d} {question}": answer_shapes(wire.ask(**question))
            for number, question in enumerate(QUESTIONS[subject])
        }
        wire.listen(0.3)
        events = {f"event: {name}": told for name, told in stories(wire.events).items()}
        return {**answers, **events}

    compare(*on_both(pair, play))


def test_same_commands_same_output(pair: tuple[Stage, Stage]) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port)
        told = {}
        for command, whole in COMMANDS.items():
            answer = wire.ask(Action="Command", Command=command)[0]
            # How many calls there were, and how much of a command to ask help for, may differ.
            noise = r"\d+ calls? processed|\(type '.*"
            lines = [re.sub(noise, "", shape([part])) for part in answer[1:]]
            told[command] = lines if whole else [header for header, _ in answer]
        return told

    compare(*on_both(pair, play))


def test_permissions_are_asked_for_as_the_real_one_does(pair: tuple[Stage, Stage]) -> None:
    """The least permissions, those of the old plugin: what `admin` may not do is denied by both."""
    names = {str(question["Action"]) for group in QUESTIONS.values() for question in group}
    names -= {"", "NoSuchAction", "Login"}

    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port, "admin")
        told = {}
        for name in sorted(names):
            answer = dict(wire.ask(Action=name)[0])
            told[name] = [str(answer.get("Message") == "Permission denied")]
        return told

    compare(*on_both(pair, play))


def test_commands_are_listed_in_the_words_of_the_real_one(pair: tuple[Stage, Stage]) -> None:
    real, played = on_both(pair, lambda stage: Wire(stage.port).ask(Action="ListCommands")[0])
    unknown = [
        line for line in played if line[0] not in ("Response", "ActionID") and line not in real
    ]
    assert not unknown
    assert [name for name, _ in real if name in dict(played)] == [name for name, _ in played]


def test_greeting_and_login(pair: tuple[Stage, Stage]) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        told = {}
        for name, login in {
            "right": ("panel", "secret"),
            "wrong password": ("panel", "wrong"),
            "nobody": ("nobody", "secret"),
        }.items():
            wire = Wire(stage.port, *login)
            wire.listen(0.5)
            told[name] = [shape(wire.login), f"closed: {wire.closed}", wire.greeting.decode()]
            told[name] += [
                shape(message) for message in wire.events if message[0][1] == "FullyBooted"
            ]
        stranger = Wire(stage.port, "")
        told["before"] = [
            shape(stranger.ask(Action=name)[0]) for name in ("Ping", "CoreStatus", "NoSuchAction")
        ]
        told["logoff"] = [shape(stranger.ask(Action="Logoff")[0])]
        stranger.listen(0.2)
        told["logoff"].append(f"closed: {stranger.closed}")
        return told

    compare(*on_both(pair, play))


def test_password_is_proven_by_challenge(pair: tuple[Stage, Stage]) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        told = {}
        for password in ("secret", "wrong"):
            wire = Wire(stage.port, "")
            challenge = dict(wire.ask(Action="Challenge", AuthType="MD5")[0])["Challenge"]
            key = hashlib.md5((challenge + password).encode()).hexdigest()
            answer = wire.ask(Action="Login", AuthType="MD5", Username="admin", Key=key)
            told[password] = [shape(answer[0])]
        return told

    compare(*on_both(pair, play))


@pytest.mark.parametrize("mask", ["on", "off", "call", "user,cdr", "system"])
def test_event_masks(pair: tuple[Stage, Stage], mask: str) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port, "")
        wire.ask(Action="Login", Username="admin", Secret="secret", Events=mask)
        originate(wire, Channel="Local/801@phones/n", Application="Wait", Data="0")
        wire.listen(1.2)
        heard = {dict(message).get("Event", "") for message in wire.events}
        return {"heard": sorted(heard - {"DeviceStateChange", "", *SILENT}), "boot": []}

    compare(*on_both(pair, play))


MALFORMED = {
    "no colon": b"Action Ping\r\n\r\n",
    "only a colon": b":\r\n\r\n",
    "no action": b"Something: else\r\n\r\n",
    "line feeds alone": b"Action: Ping\n\n",
    "blank before the colon": b"Action : Ping\r\n\r\n",
    "no blank after the colon": b"Action:Ping\r\n\r\n",
    "many blanks": b"Action:    Ping\r\n\r\n",
    "lower case": b"action: ping\r\n\r\n",
    "a line too long": b"Action: Ping\r\nX: " + b"x" * 3000 + b"\r\n\r\nAction: Ping\r\n\r\n",
    "a line too long behind an ActionID": b"Action: Ping\r\nActionID: 7\r\nX: %b\r\n\r\n"
    % (b"x" * 3000),
    "a line too long before an ActionID": b"Action: Ping\r\nX: %b\r\nActionID: 7\r\n\r\n"
    % (b"x" * 3000),
    "many lines behind an ActionID": b"Action: Ping\r\nActionID: 7\r\n%b\r\n" % (b"Y: y\r\n" * 300),
    "many lines": b"Action: Ping\r\n" + b"Y: y\r\n" * 300 + b"\r\n",
    "binary": bytes(range(128, 256)) + b": x\r\nAction: Ping\r\n\r\n",
    "empty lines first": b"\r\n\r\n\r\nAction: Ping\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_messages(pair: tuple[Stage, Stage], name: str) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port, "admin")
        wire.ask(Action="Events", EventMask="off")
        wire.listen(0.1)
        wire.events.clear()
        wire.socket.sendall(MALFORMED[name])
        wire.listen(0.4)
        told = {"messages": [shape(message) for message in wire.events]}
        told["after"] = [shape(wire.ask(Action="CoreSettings")[0])]
        return told

    compare(*on_both(pair, play))
