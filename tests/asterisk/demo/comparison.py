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

import difflib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.demo_stage import Headers, Stage

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
