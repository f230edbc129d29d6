"""The page of all frames: their columns, kinds and meanings, of frames that are made for it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pandas as pd

from ast_notebook import calls, measures
from ast_notebook.demo.week import week
from ast_notebook.live import Live
from ast_notebook.live.channels import ChannelTracker
from ast_notebook.live.conferences import ConferenceTracker
from ast_notebook.live.devices import DeviceTracker, RegistrationTracker
from ast_notebook.live.mailboxes import MailboxTracker
from ast_notebook.live.parking import ParkingTracker
from ast_notebook.live.queues import QueueTracker
from tools.site.markdown import escaped, literal, table

_FRONT = """# Every frame and its columns

All frames are pandas DataFrames, unless events of another engine were given. Times are in UTC,
whatever is shown; durations are in seconds. A missing value is not known, and is never 0. The
functions have more to say about their columns: [calls](calls.md), [measures](measures.md), [sh
and sh.ast](sh.md).

"""
_EVENTS = """## Events

`sh.ast.events`, `sh.ast.select_events(…)`, `%ast events`: a row for each event, in the order of
arrival. Behind these columns there is one for each header, by its name in lower case: Int64 for
numbers (`priority`, `cause`), categories for all others.

"""
#: What a column of the live tables means, whatever table it is in.
MEANINGS = {
    "abandoned": "calls whose callers gave up, as Asterisk counts them since its start",
    "admin": "whether he may lock the conference and mute others",
    "agent": "the agent's name for people: his name, or else the number of his device",
    "application": "the application of the dialplan that it runs now",
    "bad": "what is bad about how it sounds now, such as `8 % lost`",
    "bridge": "the bridge it is in",
    "caller": "the number of who calls",
    "caller_name": "the name of who calls",
    "calls": "how many callers wait, as Asterisk counts them",
    "calls_taken": "how many calls the agent took from the queue since Asterisk began to count",
    "channel": "the name of the channel",
    "completed": "calls that were answered, as Asterisk counts them since its start",
    "conference": "the name of the conference",
    "connected": "the number of the other party",
    "connected_name": "the name of the other party",
    "context": "the context of the dialplan",
    "device": "the device, such as `PJSIP/200`; a Local channel has none",
    "exten": "the extension of the dialplan that it is in",
    "extension": "the extension whose hint has this device",
    "held": "whether it is on hold; known from events only",
    "holdtime": "the mean wait, in seconds, as Asterisk computes it",
    "in_call": "whether the agent talks with a caller of the queue",
    "interface": "by what the queue calls the agent, such as `PJSIP/200`",
    "last_call": "when his last call from the queue ended",
    "linkedid": "the id that all channels of a call have",
    "locked": "whether nobody else may come in",
    "lot": "the parking lot",
    "mailbox": "the mailbox with its context, such as `22@default`",
    "muted": "whether nobody hears him; of a conference, whether new ones are muted",
    "name": "the name that Asterisk has for it",
    "new": "new messages, urgent ones too",
    "old": "old messages",
    "parker": "who parked the call",
    "parties": "how many take part",
    "paused": "whether the agent pauses",
    "penalty": "the agent's penalty: those with a lower one are called first",
    "position": "the place in line, 1 is the next one",
    "queue": "the name of the queue",
    "reachable": "whether it can be reached, in Asterisk's word, if it is asked regularly",
    "reason": "the reason of the pause",
    "recorded": "whether it is recorded; known from events only",
    "rtt_ms": "how long an answer of the device takes, in milliseconds",
    "server": "the server of the provider",
    "servicelevel": "Asterisk's own service level: seconds, as queues.conf has them",
    "since": "since when",
    "space": "the number by which the call can be picked up",
    "state": "the state, in Asterisk's word",
    "state_interface": "whose state tells whether the agent is free",
    "strategy": "how the queue chooses an agent",
    "talking": "whether he is talking now; with `talk_detection_events = yes` only",
    "talktime": "the mean talk, in seconds, as Asterisk computes it",
    "time": "when the counts were heard",
    "timeout": "when the call goes back to who parked it",
    "trunk": "the registration's user or URI",
    "uniqueid": "the id of the channel",
}
#: What a column of other frames means, if the docstring has no sentence about it.
COMMON = {
    "abandoned": "how many callers gave up",
    "agent": "the agent's name",
    "answered": "how many were answered",
    "attempts": "how often somebody called back in vain, until somebody was reached",
    "before": "the value of the earlier period",
    "busy": "how many had the disposition BUSY",
    "call": "the call's id: its oldest linkedid",
    "caller": "the number of the caller",
    "caller_name": "the name of the caller",
    "calls_before": "on how many calls of the earlier period the value is based",
    "cancelled": "how many had the disposition CANCELLED",
    "cause": "the Q.850 cause of the end",
    "channel": "the name of the channel",
    "device": "the device, such as `PJSIP/200`",
    "dialled": "what was dialled",
    "difference": "now minus before",
    "end": "when it ended; missing if it goes on, or if the end is not known",
    "event": "the name of the event",
    "failed": "how many had the disposition FAILED",
    "first": "when the first of the missed calls began",
    "interface": "by what a queue calls the agent, such as `PJSIP/200`",
    "ivr": "how many had the disposition IVR",
    "last": "when the last of the missed calls began",
    "linkedid": "the id that all channels of a call have",
    "measure": "the name of the measure",
    "no_answer": "how many had the disposition NO ANSWER",
    "now": "the value of the later period",
    "queue": "the name of the queue",
    "reason": "the reason of the pause",
    "recording": "the file of a recording",
    "rejected": "how many had the disposition REJECTED",
    "seconds": "how long it lasted",
    "server": "the name of the PBX",
    "source": "from what the row was made: events, cel, cdr or queue_log",
    "start": "when it began",
    "test": "by which test `p` was computed",
    "tries": "how often he called in vain",
    "uniqueid": "the id of the channel",
    "unit": "the unit of the values",
    "unknown": "calls of unknown outcome",
    "voicemail": "how many had the disposition VOICEMAIL",
}


def page() -> str:
    """Return the page."""
    parts = [_FRONT, _EVENTS, _table(*frames()["events"])]
    for name, (frame, function) in frames().items():
        if name != "events":
            about = _first(function)
            parts += [f"\n## {name}\n\n{escaped(about)}\n\n", _table(frame, function)]
    parts.append("\n## The live state\n\nEach is an attribute of `sh.ast.live`.\n\n")
    for name, frame in live().items():
        about = str(inspect.getattr_static(Live, name).__doc__)
        rows = (
            (literal(str(one)), literal(str(kind)), MEANINGS[str(one)])
            for one, kind in frame.dtypes.items()
        )
        parts += [f"### live.{name}\n\n{escaped(about)}\n\n"]
        parts.append(table(("column", "kind", "meaning"), rows) + "\n")
    return "".join(parts)


@cache
def frames() -> dict[str, tuple[pd.DataFrame, Callable[..., Any]]]:
    """Return a frame of each kind, and the function whose docstring tells of it."""
    from ast_notebook.recording import Record

    events = week()
    made = calls.calls(events, trunks=["PJSIP/provider"])
    queued = calls.visits(events)
    return {
        "events": (events[list(_ALWAYS)], Record.frame),
        "Calls": (made, calls.from_events),
        "Legs": (calls.legs(events), calls.legs),
        "Queue calls": (queued, calls.visits),
        "Sessions of agents": (calls.agent_sessions(events), calls.agent_sessions),
        "Pauses of agents": (calls.agent_pauses(events), calls.agent_pauses),
        "How calls sounded": (calls.streams(events), calls.streams),
        "measures.summary": (measures.summary(made), measures.summary),
        "measures.service": (measures.service(queued), measures.service),
        "measures.agents": (measures.agents(queued), measures.agents),
        "measures.quality": (measures.quality(made), measures.quality),
        "measures.causes": (measures.causes(made), measures.causes),
        "measures.missed": (measures.missed(made), measures.missed),
        "measures.top": (measures.top(made), measures.top),
        "measures.unreturned": (measures.unreturned(made), measures.unreturned),
        "measures.repeats": (measures.repeats(made), measures.repeats),
        "measures.compare": (measures.compare(made, made), measures.compare),
        "measures.waits": (measures.waits(queued), measures.waits),
        "measures.staffing": (measures.staffing(queued), measures.staffing),
    }


_ALWAYS = ("received", "time", "server", "event", "channel", "uniqueid", "linkedid")


def live() -> dict[str, pd.DataFrame]:
    """Return the tables of the live state, without rows."""
    trackers = (
        ChannelTracker(lambda _: None),
        DeviceTracker(),
        RegistrationTracker(),
        MailboxTracker(lambda *_: None, set),
        QueueTracker(),
        ConferenceTracker(),
        ParkingTracker(),
    )
    tables = {}
    for one in trackers:
        tables |= one.tables | one.remembered
    return {name: one.frame() for name, one in tables.items()}


def _table(frame: pd.DataFrame, function: Callable[..., Any]) -> str:
    texts = COMMON | meanings(inspect.getdoc(function) or "")
    rows = (
        (literal(str(name)), literal(str(kind)), escaped(texts[str(name)]))
        for name, kind in frame.dtypes.items()
    )
    return table(("column", "kind", "meaning"), rows)


def _first(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def meanings(doc: str) -> dict[str, str]:
    """Return what the section "Returns" of a docstring says of each column that it names."""
    section = re.split(r"^Returns\n-+\n", doc, flags=re.MULTILINE)
    if not section[1:]:
        return {}
    text = re.split(r"^\w[\w ]+\n-{3,}\n", section[1], flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for names, about in _defined(text):
        for name in names:
            found.setdefault(name, about)
    prose = re.sub(r"^ *- .*(?:\n {6,}.*)*", "", text, flags=re.MULTILINE)
    sentences = [
        sentence
        for paragraph in prose.split("\n\n")
        for sentence in re.split(r"(?<=\.) (?=[A-Z`])", " ".join(paragraph.split()))
    ]
    for sentence in sentences:
        for clause in re.split(r"[;,] (?:and )?(?=``\w+``)", sentence):
            if subject := re.match(r"``\w+``(?:(?:,| and|, and) ``\w+``)*", clause):
                for name in re.findall(r"\w+", subject[0].replace(" and ", " ")):
                    found.setdefault(name, clause.rstrip("."))
    for sentence in sentences:
        for names in re.findall(r"``([\w ]+)``", sentence):
            for name in names.split():
                found.setdefault(name, sentence.rstrip("."))
    return found


def _defined(text: str) -> Iterator[tuple[list[str], str]]:
    """Return the entries of a definition list: names in a line, and a text that is indented."""
    pattern = re.compile(r"^    ([a-z]\w*(?:, \w+)*)\n((?:        .*(?:\n|$))+)", re.MULTILINE)
    for one in pattern.finditer(text):
        yield one[1].split(", "), " ".join(one[2].split())
