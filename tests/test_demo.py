"""The demo PBX is held to real Asterisks: both are asked the same, both play the same calls.

What is compared: the kind and words of every response; which events come, with which headers in
which order; the words of state in them (states, causes, dispositions, applications, what the
dialplan and users say); and for each channel, bridge and device the order of its events.

What is not compared, on purpose:

- ids, serial numbers, times and durations, versions, ports, and the order of lists;
- the order of events of different channels, or of different kinds for one channel (its own events;
  those of dialling; of bridges; of the queue): Asterisk sends them from several threads;
- events of what the demo has not: packets (RTCP*), TestEvent (only of an Asterisk built for tests);
  and VarSet, of which applications send many that the demo does not;
- states of a lamp that last for less than a tenth of a second, which Asterisk may miss; the order
  and number of states of Local channels, of which it keeps none; the channel CBAnn of a conference;
- the destination in the records of a channel that was sent elsewhere: Asterisk may write down the
  number before, or the one after;
- a second DeviceStateChange or Newstate in a row that says what the first said;
- values that hang on the moment: NumChannels and technology of a bridge, ring times, a cause of 0
  where the other says 16 (normal clearing), and in HangupRequest the cause altogether.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol, cast

import pytest

from ast_notebook import demo
from ast_notebook.demo.configuration import SAMPLES, Party
from ast_notebook.demo.dialplan import Dialplan, arguments, calculate
from ast_notebook.demo.framing import Framer, Unreadable
from ast_notebook.demo.server import Plan, Server
from ast_notebook.demo.stress import CHANGES
from ast_notebook.errors import ConfError, TechnologyMissing
from tests.lab.asterisk import Asterisk
from tests.lab.configuration import with_value
from tests.lab.fixtures import require

Headers = list[tuple[str, str]]

#: `panel` may send user events, too, so that the action can be compared.
WRITE = "system,call,originate,agent,command,reporting,user"

#: Headers whose values are not compared.
VARYING = frozenset(
    re.findall(
        r"\w+",
        "ActionID Timestamp Uniqueid UniqueID Linkedid LinkedID DestUniqueid DestLinkedid "
        "Challenge AMIversion AsteriskVersion CoreStartupDate CoreStartupTime CoreReloadDate "
        "CoreReloadTime CoreProcessedCalls BridgeId BridgeID BridgeUniqueid BridgeTechnology "
        "BridgeNumChannels LocalOneUniqueid LocalOneLinkedid LocalTwoUniqueid LocalTwoLinkedid "
        "ParkeeUniqueid ParkeeLinkedid RetrieverUniqueid RetrieverLinkedid TransfererUniqueid "
        "TransfererLinkedid TransfereeUniqueid TransfereeLinkedid LoginTime LastCall LastPause "
        "StartTime AnswerTime EndTime Duration BillableSeconds Sequence Seconds Uptime "
        "LastReload RingTime HoldTime TalkTime Holdtime ParkingTimeout ParkingDuration "
        "AnsweredTime Wait LongestHoldTime Writetrans Writeformat Contacts Priority DestPriority "
        "LocalOnePriority LocalTwoPriority ParkeePriority RetrieverPriority TransfererPriority "
        "TransfereePriority SpyerPriority SpyeePriority SpyerUniqueid SpyerLinkedid SpyeeUniqueid "
        "SpyeeLinkedid Version Data InCall",
    )
)
#: Headers that may be missing.
OPTIONAL = {"HangupRequest": ("Cause", "TechCause"), "SoftHangupRequest": ("TechCause",)}
#: Events that are not compared.
SILENT = ("TestEvent", "VarSet", "FullyBooted", "RTCPSent", "RTCPReceived")

#: Headers of a channel's state: their words are compared in the channel's own events only, since
#: in those of dialling, bridges and so on they are as new or as old as the thread that told them.
SNAPSHOT = re.compile(
    "(Dest|LocalOne|LocalTwo|Parkee|Retriever|Transferer|Transferee|Spyer|Spyee)?"
    "(ChannelState|ChannelStateDesc|CallerIDNum|CallerIDName|ConnectedLineNum|ConnectedLineName"
    "|Context|Exten)"
)

#: All headers of a channel. Asterisk 16 leaves them out of an AgentComplete whose channel is gone.
LEG = re.compile(
    rf"(Dest)?(Channel|Language|AccountCode|Priority|Uniqueid|Linkedid)|{SNAPSHOT.pattern}"
)

TOPICS = {
    "DialBegin": "dial",
    "DialState": "dial",
    "DialEnd": "dial",
    "BridgeEnter": "bridge",
    "BridgeLeave": "bridge",
    "OriginateResponse": "originate",
    "Cdr": "cdr",
    "MessageWaiting": "mailbox",
    "SoftHangupRequest": "request",
    "HangupRequest": "request",
    "LocalBridge": "local",
    "NewCallerid": "caller id",
    **dict.fromkeys(("AgentCalled", "AgentConnect", "AgentComplete", "AgentRingNoAnswer"), "agent"),
    **dict.fromkeys(("QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon"), "queue"),
    **dict.fromkeys(
        ("ParkedCall", "UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp"), "park"
    ),
    **dict.fromkeys(("ConfbridgeJoin", "ConfbridgeLeave", "ConfbridgeStart"), "conference"),
}


# --- talking to either ----------------------------------------------------------------------------


class Wire:
    """A client of the manager interface that hides nothing."""

    opened: ClassVar[list[Wire]] = []

    def __init__(self, port: int, username: str = "panel", secret: str = "secret") -> None:
        Wire.opened.append(self)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.events: list[Headers] = []
        self.closed = False
        self._buffer = b""
        self._count = 0
        while b"\r\n" not in self._buffer:
            self._buffer += self.socket.recv(100)
        self.greeting, _, self._buffer = self._buffer.partition(b"\r\n")
        if username:
            self.login = self.ask(Action="Login", Username=username, Secret=secret)[0]

    def send(self, **fields: object) -> str:
        self._count += 1
        key = f"q{self._count}"
        lines = [
            f"{name}: {value}\r\n"
            for name, values in {**fields, "ActionID": key}.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        self.socket.sendall(("".join(lines) + "\r\n").encode())
        return key

    def ask(self, **fields: object) -> list[Headers]:
        """Send an action; give back its response, and the list that follows it."""
        key = self.send(**fields)
        answer: list[Headers] = []
        while not self.closed:
            message = self.read(10)
            if message is None:
                raise TimeoutError(fields)
            if dict(message).get("ActionID") != key or message[0][1] == "OriginateResponse":
                self.events.append(message)
                continue
            answer.append(message)
            told = dict(message)
            if answer[0] is message and told.get("EventList") != "start":
                break
            if told.get("EventList") == "Complete":
                break
        return answer

    def read(self, seconds: float) -> Headers | None:
        """Give back the next message; None if none comes."""
        deadline = time.monotonic() + seconds
        while b"\r\n\r\n" not in self._buffer:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            if not data:
                self.closed = True
                return None
            self._buffer += data
        block, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = block.decode("utf-8", "surrogateescape").strip("\r\n").split("\r\n")
        message = [
            (name, value.lstrip(" ")) for name, _, value in (x.partition(":") for x in lines)
        ]
        return message if block.strip() else self.read(max(0.0, deadline - time.monotonic()))

    def listen(self, seconds: float) -> None:
        """Take in events for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.closed:
            message = self.read(left)
            if message is not None:
                self.events.append(message)

    def wait(
        self, event: str, seconds: float = 10.0, count: int = 1, **told: str
    ) -> dict[str, str]:
        """Take in events until one of these came so many times, and give it back."""
        deadline = time.monotonic() + seconds
        position = 0
        while True:
            for message in self.events[position:]:
                headers = dict(message)
                if headers.get("Event") == event and told.items() <= headers.items():
                    count -= 1
                    if count == 0:
                        return headers
            position = len(self.events)
            message_or_none = self.read(deadline - time.monotonic())
            if message_or_none is None:
                raise TimeoutError(f"no {event} {told} came")
            self.events.append(message_or_none)

    def close(self) -> None:
        self.socket.close()


class Stage(Protocol):
    """A PBX that scenes are played on, real or not."""

    tech: str
    port: int

    def answers(self, device: str, after: float, seconds: float | None = None) -> None: ...
    def rings(self, device: str) -> None: ...
    def refuses(self, device: str, code: int) -> None: ...
    def calls(self, device: str, number: str, seconds: float | None = None) -> None: ...
    def clear(self) -> None: ...


class RealStage:
    """A real Asterisk, whose telephones sipp plays."""

    def __init__(self, pbx: Asterisk) -> None:
        self.tech, self.port = pbx.tech, pbx.port
        self._pbx = pbx
        self._scenes = contextlib.ExitStack()

    def answers(self, device: str, after: float, seconds: float | None = None) -> None:
        self._enter(self._pbx.telephone(device).answers(after=after, seconds=seconds))

    def rings(self, device: str) -> None:
        self._enter(self._pbx.telephone(device).rings())

    def refuses(self, device: str, code: int) -> None:
        self._enter(self._pbx.telephone(device).refuses(code))

    def calls(self, device: str, number: str, seconds: float | None = None) -> None:
        self._enter(self._pbx.telephone(device).calls(number, seconds=seconds))

    def _enter(self, scene: contextlib.AbstractContextManager[Any]) -> None:
        self._scenes.enter_context(scene)

    def clear(self) -> None:
        self._scenes.close()


class DemoStage:
    """The demo PBX on a thread of this process, so that its telephones can be played."""

    def __init__(self, plan: Plan) -> None:
        self.tech = plan.tech
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(plan,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        self.port = self.server.manager.port

    def _run(self, plan: Plan) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(plan))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, plan: Plan) -> None:
        self.server = Server(plan)
        await self.server.start()
        self._ready.set()
        await self._stop.wait()
        await self.server.close()

    def do(self, run: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return run()

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    def answers(self, device: str, after: float, seconds: float | None = None) -> None:
        self.do(lambda: self._telephone(device).answers(after, seconds))

    def rings(self, device: str) -> None:
        self.do(lambda: self._telephone(device).only_rings())

    def refuses(self, device: str, code: int) -> None:
        self.do(lambda: self._telephone(device).refuses(code))

    def calls(self, device: str, number: str, seconds: float | None = None) -> None:
        self.do(lambda: self._telephone(device).calls(number, seconds))

    def clear(self) -> None:
        def hang_up() -> None:
            for channel in list(self.server.pbx.channels.values()):
                self.server.pbx.request_hangup(channel)

        self.do(hang_up)

    def _telephone(self, device: str) -> Any:
        return self.server.pbx.telephones[device]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    """No client outlives its test."""
    yield
    while Wire.opened:
        Wire.opened.pop().close()


@pytest.fixture(scope="module", params=[22, 16])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, Stage]]:
    """A real Asterisk and the demo that plays it, with the same configuration."""
    version = cast(int, request.param)
    require(version)
    folder = tmp_path_factory.mktemp("conf")
    for path in SAMPLES.glob("*.conf"):
        text = path.read_text()
        if path.name == "manager.conf":
            text = with_value(text, "panel", "write", WRITE)
        (folder / path.name).write_text(text)
    with Asterisk(version, settings={("manager.conf", "panel", "write"): WRITE}) as pbx:
        played = DemoStage(Plan(tech=pbx.tech, calls=False, folder=folder, seed=1))
        yield RealStage(pbx), played
        played.close()


@pytest.fixture(scope="module")
def small() -> Iterator[DemoStage]:
    """The demo alone, as an Asterisk 22."""
    stage = DemoStage(Plan(calls=False, seed=1))
    yield stage
    stage.close()


# --- what is compared -----------------------------------------------------------------------------


def name_of(message: Headers) -> str:
    return message[0][1] if message[0][0] == "Event" else f"Response {message[0][1]}"


def shape(message: Headers) -> str:
    """A message with what is compared of it: its headers in order, and the words that hold."""
    name = name_of(message)
    is_own = TOPICS.get(name, "channel") == "channel"
    parts = []
    for header, value in message:
        if header in OPTIONAL.get(name, ()) or (name == "AgentComplete" and LEG.fullmatch(header)):
            continue
        is_told = header not in VARYING and (is_own or not SNAPSHOT.fullmatch(header))
        parts.append(f"{header}: {plain(header, value)}" if is_told else header)
    return " | ".join(parts)


def plain(header: str, value: str) -> str:
    """A value without what differs from run to run."""
    value = re.sub(r"(SIP/\w+|Local/[^-;]+)-[0-9a-f]{8}", r"\1-N", value)
    value = re.sub(r"sip:(\w+)@[\d.:]+", r"sip:\1", value)
    value = re.sub(r"/\S*/(voicemail|monitor)/", r"/\1/", value)
    if header in ("Cause", "Cause-txt"):
        value = {"0": "16", "Unknown": "Normal Clearing"}.get(value, value)
    return value


def answer_shapes(answer: list[Headers]) -> list[str]:
    """A response and its list, in an order that does not depend on the PBX."""
    shapes = [shape(message) for message in answer]
    return [shapes[0], *sorted(shapes[1:-1]), *shapes[-1:]] if len(shapes) > 1 else shapes


def stories(events: list[Headers]) -> dict[str, list[str]]:
    """What happened to each channel, device, mailbox …, one story for each kind of event."""
    told: dict[str, list[tuple[float, str]]] = defaultdict(list)
    names = names_of(events)
    for message in events:
        headers = dict(message)
        event = headers.get("Event", "")
        if event in SILENT or not event or headers.get("Device", "").startswith("CBAnn/"):
            continue
        line = f"{event}: {shape(message).partition(' | ')[2]}"
        told[owner(event, headers, names)].append((float(headers.get("Timestamp", 0)), line))
    settled = {name: settle(name, story) for name, story in told.items()}
    return {name: lines for name, lines in settled.items() if lines}


def names_of(events: list[Headers]) -> dict[str, str]:
    """What channels are called here: by their device, and how many that had before."""
    names: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for headers in map(dict, events):
        if headers.get("Event") == "Newchannel":
            device, _, half = plain("", headers["Channel"]).partition("-N")
            counts[device + half] += 1
            names[headers["Channel"]] = f"{device}{half} no. {counts[device + half]}"
    return names


def settle(name: str, story: list[tuple[float, str]]) -> list[str]:
    """A story without the order and the moments that are chance."""
    lines = [line for _, line in story]
    if name.endswith(" cdr") and len(lines) > 1:
        lines = [re.sub(r"(Destination|DestinationContext): [^|]*\|", r"\1 |", x) for x in lines]
    if name.endswith((" cdr", " request")):
        return sorted(lines)
    if name.startswith("Device Local/"):
        return sorted(set(lines))
    if name.endswith(STATES):
        times = [moment for moment, _ in story[1:]] + [float("inf")]
        lasting = zip(story, times, strict=True)
        lines = [line for (moment, line), then in lasting if then - moment > A_MOMENT]
        while lines and IDLE.search(lines[0]):
            lines = lines[1:]
    if name.endswith((*STATES, " channel")):
        # Asterisk may say twice in a row what it said already.
        pairs = zip(["", *lines], lines, strict=False)
        lines = [line for before, line in pairs if line != before or "Newexten" in line]
    return lines


#: Stories of lamps. A state that lasts for a moment only, as at a refused call, Asterisk may miss:
#: it looks a little later. That a lamp is dark before anything happened is no story.
STATES = ("DeviceStateChange", "ExtensionStatus", "QueueMemberStatus")
A_MOMENT = 0.1
IDLE = re.compile(r"State: NOT_INUSE|StatusText: Idle|\| Status: 1 ")


def owner(event: str, headers: dict[str, str], names: dict[str, str]) -> str:
    """Whose story an event belongs to."""
    topic = TOPICS.get(event, "channel")
    if event == "AgentComplete":
        return event
    if topic == "dial":
        return f"{names[headers['DestChannel']]} dial"
    channels = [
        headers[header]
        for header in (
            "Channel",
            "DestChannel",
            "ParkeeChannel",
            "LocalOneChannel",
            "TransfererChannel",
        )
        if headers.get(header) in names
    ]
    if channels:
        return f"{names[channels[0]]} {topic}"
    for header in ("Device", "Exten", "Mailbox", "MemberName", "Conference", "BridgeType"):
        if header in headers:
            return f"{header} {headers[header]} {event}"
    return event


def compare(real: dict[str, list[str]], played: dict[str, list[str]]) -> None:
    """Fail with the difference where the demo tells another story than the real one."""
    differences = []
    for name in sorted(real.keys() | played.keys()):
        lines = real.get(name, []), played.get(name, [])
        if lines[0] != lines[1]:
            differences += [f"== {name} (- Asterisk, + demo)", *difference(*lines)]
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)


def difference(real: list[str], played: list[str]) -> Iterator[str]:
    """What differs: whole lines by their first words, and in a line only the headers that do."""
    matcher = difflib.SequenceMatcher(None, real, played, autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind == "equal":
            yield from (f"   {line.partition(' | ')[0]}" for line in real[first:last])
        elif kind == "replace" and last - first == end - begin:
            for one, other in zip(real[first:last], played[begin:end], strict=True):
                yield f" * {one.partition(' | ')[0]}"
                headers = one.split(" | "), other.split(" | ")
                found = difflib.unified_diff(*headers, lineterm="", n=0)
                yield from (
                    f"     {header}" for header in found if header[:2] not in ("--", "++", "@@")
                )
        else:
            yield from (f" - {line}" for line in real[first:last])
            yield from (f" + {line}" for line in played[begin:end])


def on_both(pair: tuple[Stage, Stage], play: Callable[[Stage], Any]) -> tuple[Any, Any]:
    """Play something on both at once."""
    results: list[Any] = [None, None]

    def run(position: int) -> None:
        try:
            results[position] = play(pair[position])
        except BaseException as error:
            results[position] = error

    threads = [threading.Thread(target=run, args=(position,)) for position in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, result in zip(("Asterisk", "demo"), results, strict=True):
        if isinstance(result, BaseException):
            raise AssertionError(f"{name}: {result!r}") from result
    return results[0], results[1]


# --- questions ------------------------------------------------------------------------------------

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
    """The least permissions of the seed: what `admin` may not do is denied by both."""
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


# --- scenes ---------------------------------------------------------------------------------------


def originate(wire: Wire, **fields: object) -> None:
    wire.ask(Action="Originate", Async="true", **fields)


def hang_up(wire: Wire, stage: Stage, device: str) -> None:
    wire.ask(Action="Hangup", Channel=f"/^{stage.tech}.{device}-.*$/")


def answered_and_hung_up_by_caller(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.3)
    stage.calls("240", "2222", seconds=0.5)
    wire.wait("Hangup", count=2)


def hung_up_by_callee(stage: Stage, wire: Wire) -> None:
    stage.answers("30", 0.3, seconds=0.5)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def busy(stage: Stage, wire: Wire) -> None:
    stage.refuses("30", 486)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def declined(stage: Stage, wire: Wire) -> None:
    stage.refuses("30", 603)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def nobody_there(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "999")
    wire.wait("Hangup")


def hung_up_by_manager_while_ringing(stage: Stage, wire: Wire) -> None:
    stage.rings("30")
    stage.calls("240", "30")
    wire.wait("DialState")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def call_from_the_door(stage: Stage, wire: Wire) -> None:
    stage.answers("200", 0.3)
    stage.answers("240", 0.3)
    originate(
        wire,
        Channel=f"{stage.tech}/200",
        Exten="240",
        Context="door",
        Priority=1,
        CallerID="Door <100>",
        Variable=["a=1", "b=2"],
    )
    wire.wait("BridgeEnter", count=2)
    wire.listen(0.2)
    hang_up(wire, stage, "200")
    wire.wait("Hangup", count=2)


def source_does_not_answer(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    originate(
        wire,
        Channel=f"{stage.tech}/200",
        Exten="240",
        Context="door",
        Priority=1,
        Timeout=700,
    )
    wire.wait("Hangup")


def source_is_busy(stage: Stage, wire: Wire) -> None:
    stage.refuses("200", 486)
    originate(
        wire, Channel=f"{stage.tech}/200", Exten="240", Context="door", Priority=1, Timeout=5000
    )
    wire.wait("Hangup")


def no_such_device(stage: Stage, wire: Wire) -> None:
    originate(wire, Channel=f"{stage.tech}/none", Exten="240", Context="door", Priority=1)
    wire.wait("OriginateResponse")


def local_to_a_telephone(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.3)
    originate(
        wire,
        Channel="Local/2222@home/n",
        Exten="600",
        Context="phones",
        Priority=1,
        CallerID='"Smith, John" <5551>',
    )
    wire.wait("BridgeEnter", count=2)
    wire.listen(0.3)
    hang_up(wire, stage, "2222")
    wire.wait("Hangup", count=3)


def local_to_nowhere(stage: Stage, wire: Wire) -> None:
    originate(wire, Channel="Local/999@nocontext", Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup", count=2)


def message_is_left(stage: Stage, wire: Wire) -> None:
    originate(
        wire,
        Channel="Local/601@phones/n",
        Exten="*22",
        Context="phones",
        Priority=1,
        CallerID='"Smith, John" <5551>',
    )
    wire.wait("MessageWaiting")
    wire.wait("Hangup", count=2)


def button_is_pressed(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "801")
    wire.wait("Hangup")


def two_meet_in_a_conference(stage: Stage, wire: Wire) -> None:
    stage.calls("30", "620", seconds=3.0)
    wire.wait("ConfbridgeJoin")
    stage.calls("240", "620")
    channel = wire.wait("ConfbridgeJoin", count=2)["Channel"]
    wire.ask(Action="ConfbridgeMute", Conference="room", Channel=channel)
    wire.ask(Action="ConfbridgeUnmute", Conference="room", Channel=channel)
    wire.ask(Action="ConfbridgeKick", Conference="room", Channel=channel)
    wire.wait("Hangup", count=2)


def queue_is_answered(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    stage.answers("240", 0.5)
    stage.calls("30", "610", seconds=2.0)
    wire.wait("AgentComplete")
    wire.wait("Hangup", count=3)


def queue_is_abandoned(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    stage.rings("240")
    stage.calls("30", "610", seconds=1.5)
    wire.wait("QueueCallerAbandon")
    wire.wait("Hangup", count=3)


def parked_and_fetched(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    caller = wire.wait("DialBegin")["Channel"]
    wire.ask(Action="Park", Channel=caller)
    wire.wait("Hangup")
    wire.listen(0.3)
    originate(wire, Channel="Local/600@phones/n", Exten="701", Context="parkedcalls", Priority=1)
    wire.wait("UnParkedCall")
    wire.listen(0.5)
    wire.ask(Action="Hangup", Channel=caller)
    wire.wait("Hangup", count=4)


def parked_and_given_up(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "700", seconds=1.5)
    wire.wait("ParkedCall")
    wire.wait("Hangup")


def parked_for_too_long(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="Park", Channel=callee, Timeout=1200)
    wire.wait("ParkedCallTimeOut")
    wire.wait("DialEnd", count=2)
    wire.listen(0.3)
    hang_up(wire, stage, "2222")
    wire.wait("Hangup", count=3)


def redirected_caller(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    caller = wire.wait("DialBegin")["Channel"]
    wire.ask(Action="Redirect", Channel=caller, Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def redirected_callee(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="Redirect", Channel=callee, Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup")
    wire.listen(0.2)
    wire.ask(Action="Hangup", Channel=callee)
    wire.wait("Hangup", count=2)


def blindly_transferred(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.answers("30", 0.3)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="BlindTransfer", Channel=callee, Exten="30", Context="phones")
    wire.wait("BridgeEnter", count=4)
    wire.listen(0.2)
    hang_up(wire, stage, "30")
    wire.wait("Hangup", count=3)


def limited_in_time(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    wire.ask(Action="AbsoluteTimeout", Channel=channel, Timeout=1)
    wire.wait("Hangup")


def recorded(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    for _ in range(2):
        wire.ask(Action="MixMonitor", Channel=channel, File="first.wav")
        wire.ask(Action="MixMonitor", Channel=channel, File="second.wav")
        wire.ask(Action="StopMixMonitor", Channel=channel)
        wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup")


def spy(stage: Stage, wire: Wire) -> None:
    stage.answers("30", 0.2)
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    heard = {"Application": "ChanSpy", "Data": f"{channel},qES", "CallerID": "Spy"}
    originate(wire, Channel=f"{stage.tech}/30", **heard)
    wire.wait("ChanSpyStart")
    wire.listen(0.6)


def listened_to(stage: Stage, wire: Wire) -> None:
    spy(stage, wire)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def listened_to_for_a_while(stage: Stage, wire: Wire) -> None:
    spy(stage, wire)
    hang_up(wire, stage, "30")
    wire.wait("Hangup")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


SCENES = [
    answered_and_hung_up_by_caller,
    hung_up_by_callee,
    busy,
    declined,
    nobody_there,
    hung_up_by_manager_while_ringing,
    call_from_the_door,
    source_does_not_answer,
    source_is_busy,
    no_such_device,
    local_to_a_telephone,
    local_to_nowhere,
    message_is_left,
    button_is_pressed,
    two_meet_in_a_conference,
    queue_is_answered,
    queue_is_abandoned,
    parked_and_fetched,
    parked_and_given_up,
    parked_for_too_long,
    redirected_caller,
    redirected_callee,
    blindly_transferred,
    limited_in_time,
    recorded,
    listened_to,
    listened_to_for_a_while,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_same_calls_same_events(
    pair: tuple[Stage, Stage], scene: Callable[[Stage, Wire], None]
) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port)
        wire.listen(0.1)
        wire.events.clear()
        try:
            scene(stage, wire)
            wire.listen(0.4)
        finally:
            stage.clear()
        events = list(wire.events)
        wire.listen(0.2)
        return stories(events)

    compare(*on_both(pair, play))


# --- the demo alone -------------------------------------------------------------------------------


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
        assert not pbx.conferences.rooms
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
    sockets = [socket.create_connection(address, timeout=5) for _ in range(1000)]
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


# --- the child process ----------------------------------------------------------------------------


def test_a_demo_is_started_and_stopped() -> None:
    with demo.start(calls=False, tech="sip") as running:
        assert running.tech == "SIP"
        assert "secret" not in repr(running)
        wire = Wire(running.port, running.username, running.password)
        assert wire.greeting == b"Asterisk Call Manager/5.0.4"
        assert dict(wire.login)["Response"] == "Success"
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
    assert not running.running
    running.close()
    wire.listen(0.2)
    assert wire.closed


def test_a_demo_that_cannot_be_says_why() -> None:
    with pytest.raises(TechnologyMissing, match="tech='SIP'"):
        demo.start(tech="IAX2")
    with pytest.raises(ConfError, match="admin or panel"):
        demo.start(username="nobody")


def test_a_demo_ends_with_its_parent() -> None:
    code = """from ast_notebook import demo
d = demo.start()
print(d.port, d.password, flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        told, password = parent.stdout.readline().decode().split()
        port = int(told)
        Wire(port, secret=password).ask(Action="Ping")
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("the demo outlived its parent")


def test_an_interrupt_of_the_notebook_is_not_for_the_demo() -> None:
    with demo.start(calls=False) as running:
        os.kill(running._process.pid, signal.SIGINT)
        time.sleep(0.2)
        wire = Wire(running.port, secret=running.password)
        assert dict(wire.ask(Action="Ping")[0])["Ping"] == "Pong"


def test_a_demo_has_a_password_of_its_own_each_time() -> None:
    with demo.start(calls=False) as one, demo.start(calls=False) as two:
        assert len({one.password, two.password, "secret"}) == 3
        assert min(map(len, (one.password, two.password))) >= 16
        assert dict(Wire(one.port, secret=two.password).login)["Response"] == "Error"
        assert dict(Wire(one.port, secret="secret").login)["Response"] == "Error"
        assert one.password not in f"{one!r} {Plan(secret=one.password)!r}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pbx.example", ""])
def test_a_demo_listens_on_this_machine_alone(host: str) -> None:
    with pytest.raises(ConfError, match="this machine alone"):
        Plan(host=host)
    assert [Plan(host=one).host for one in ("127.0.0.1", "::1", "localhost")]


@pytest.mark.parametrize("more", [[], ["--secret", "opensesame-4711"]], ids=["new", "given"])
def test_by_hand_it_says_where_it_listens_and_how_to_log_in(more: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ast_notebook.demo", "--port", "0", "--tech", "SIP", *more],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        told = re.search(r"\(SIP\) listens on 127\.0\.0\.1:(\d+); .* the password (\S+)\. ", line)
        assert told is not None
        assert told[2] == more[1] if more else len(told[2]) >= 16
        assert dict(Wire(int(told[1]), secret=told[2]).login)["Response"] == "Success"
        process.terminate()
    assert process.returncode == 0


# --- its parts ------------------------------------------------------------------------------------


def test_messages_are_cut_however_they_come() -> None:
    whole = b"Action: Ping\r\nActionID: 1\r\n\r\nAction: Status\r\n\r\n"
    expected = [[("Action", "Ping"), ("ActionID", "1")], [("Action", "Status")]]
    for size in range(1, len(whole)):
        framer = Framer()
        cut = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert [message for part in cut for message in framer.feed(part)] == expected
    (error,) = Framer().feed(b"X: " + b"x" * 5000 + b"\r\n\r\n")
    assert isinstance(error, Unreadable)


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("Door <100>", Party("Door", "100")),
        ('"Smith, John" <5551>', Party("Smith, John", "5551")),
        ("100", Party("", "100")),
        ("<100>", Party("", "100")),
        ("", Party()),
    ],
)
def test_callers_are_read_as_people_write_them(text: str, party: Party) -> None:
    assert Party.read(text) == party


def test_the_words_of_the_dialplan() -> None:
    assert arguments('Call,Value: "Smith, \\"J\\""') == ["Call", 'Value: Smith, "J"']
    assert calculate('"" = "1"') == "0"
    assert calculate("(1 + 2) * 3 > 8 & !0") == "1"
    assert calculate("7 / 0") == "0"
    plan = Dialplan(X="12345")
    values = {"X": "12345", "N(a)": "n"}
    assert plan.fill("${X:1:2}-${X:-2}-${N(a)}-$[2 > 1]-$", lambda name: values.get(name, "")) == (
        "23-45-n-1-$"
    )
