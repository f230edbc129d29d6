"""Asterisk's queue_log into calls: those that came into a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ast_notebook.calls.agents import Step
from ast_notebook.calls.history.clock import SECOND, BadTime, Clock
from ast_notebook.calls.history.growing import Growing
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.stays import Stays, waited

PLAIN = [
    "time",
    "callid",
    "queuename",
    "agent",
    "event",
    "data1",
    "data2",
    "data3",
    "data4",
    "data5",
]
#: What a table of entries has in its column of events, and nowhere else.
_EVENTS = frozenset(
    (
        "ABANDON",
        "ADDMEMBER",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "AGENTDUMP",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "ATTENDEDTRANSFER",
        "BLINDTRANSFER",
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "CONFIGRELOAD",
        "CONNECT",
        "DID",
        "ENTERQUEUE",
        "EXITEMPTY",
        "EXITWITHKEY",
        "EXITWITHTIMEOUT",
        "FULL",
        "JOINEMPTY",
        "JOINUNAVAIL",
        "PAUSE",
        "PAUSEALL",
        "PENALTY",
        "QUEUESTART",
        "REMOVEMEMBER",
        "RINGCANCELED",
        "RINGNOANSWER",
        "SYSCOMPAT",
        "TRANSFER",
        "UNPAUSE",
        "UNPAUSEALL",
    )
)
#: What ends a call's stay, and how it went.
_LEFT = {
    "EXITWITHTIMEOUT": "NO ANSWER",
    "EXITWITHKEY": "NO ANSWER",
    "EXITEMPTY": "NO ANSWER",
    "FULL": "NO ANSWER",
    "JOINEMPTY": "NO ANSWER",
    "JOINUNAVAIL": "NO ANSWER",
    "SYSCOMPAT": "FAILED",
}
#: What agents do. (PAUSEALL comes beside a PAUSE in each of the queues.)
_STEPS: dict[str, Step] = {
    "ADDMEMBER": "in",
    "AGENTLOGIN": "in",
    "AGENTCALLBACKLOGIN": "in",
    "REMOVEMEMBER": "out",
    "AGENTLOGOFF": "out",
    "AGENTCALLBACKLOGOFF": "out",
    "PAUSE": "pause",
    "UNPAUSE": "unpause",
}
#: Somebody who left a queue may come into another one this much later.
_GRACE = 2 * 3600 * SECOND


def record_of(line: str) -> dict[str, str]:
    """Part a line.

    Raises
    ------
    ValueError
        If it is none of a queue_log.
    """
    parts = line.split("|")
    if len(parts) < 5:
        raise ValueError(f"{len(parts)} fields, and a queue_log has five or more")
    return dict(zip(PLAIN, parts, strict=False))


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields are of a table's row that somebody exported without names.

    Raises
    ------
    ValueError
        If it is no entry of a queue_log.
    """
    place = next((n for n in (4, 5) if len(record) > n and record[n] in _EVENTS), None)
    if place is None:
        raise ValueError(f"{len(record)} fields that are no entry of a queue_log")
    more = record[place + 1 :]
    # Asterisk's realtime has all data in one column, or that column and one for each besides.
    whole = ["data"] if len(more) == 1 or (len(more) == 6 and "|" in more[0]) else []
    names = [*["id"][: place - 4], *PLAIN[:5], *whole, *PLAIN[5:]]
    return [*names, *(f"column{n}" for n in range(len(names), len(record)))][: len(record)]


class _Stay:
    __slots__ = ("call", "connected", "joined", "last", "waited")

    def __init__(self, moment: int) -> None:
        self.call: dict[str, Any] = {"transfers": 0}
        self.joined: int | None = None
        self.connected: int | None = None
        self.waited: int | None = None
        self.last = moment


class QueueLog:
    """Makes calls of a queue's log.

    Parameters
    ----------
    clock : Clock
        What reads the times.
    calls : Growing
        Where the calls go.
    """

    def __init__(self, clock: Clock, calls: Growing) -> None:
        self._clock = clock
        self._calls = calls
        self._visits = Stays(calls.visits)
        self._interfaces = {name: interface for interface, name in calls.members.items()}
        self._stays: dict[str, _Stay] = {}
        self._count = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an entry.

        Raises
        ------
        ValueError
            If it cannot be one.
        """
        moment = self._clock.read(record.get("time"))
        if moment is None:
            raise BadTime("no time")
        event = text_of(record, "event")
        if event is None:
            raise ValueError("no event")
        if event in _STEPS or event == "PAUSEREASON":
            self._shift(moment, event, record)
            return
        callid = text_of(record, "callid")
        if callid is None or callid in ("NONE", "REALTIME", "MANAGER"):
            return  # of Asterisk itself, not of a call
        stay = self._stays.get(callid)
        if stay is None:
            if event not in ("ENTERQUEUE", "DID", *_LEFT):
                if event in ("CONNECT", "ABANDON") or event.startswith("COMPLETE"):
                    raise ValueError(f"{event} of a call that never came into the queue")
                return
            stay = self._stays[callid] = _Stay(moment)
            stay.call |= {"call": callid, "start": moment}
        stay.last = moment
        self._take(stay, moment, event, record)
        self._visits.take(callid, moment, event, record)
        self._count += 1
        if self._count % 10_000 == 0:
            done = [
                key
                for key, one in self._stays.items()
                if one.call.get("disposition") and one.last < moment - _GRACE
            ]
            for key in done:
                self._give(key)

    def _shift(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        told = text_of(record, "agent")
        if told is None:
            raise ValueError(f"{event} of nobody")
        agent = self._calls.members.get(told, told)
        queue, more = text_of(record, "queuename"), text_of(record, "data1")
        if event == "PAUSEREASON":
            self._calls.shifts.explain(agent, more)
            return
        interface = self._interfaces.get(agent, told if "/" in told else None)
        key = (agent, interface, None if queue == "NONE" else queue)
        step = _STEPS[event]
        self._calls.shifts.take(moment, key, step, more if step == "pause" else None)
        if event == "ADDMEMBER" and more == "PAUSED":
            self._calls.shifts.take(moment, key, "pause")

    def _take(self, stay: _Stay, moment: int, event: str, record: Mapping[str, Any]) -> None:
        call = stay.call
        queue = text_of(record, "queuename")
        if event == "ENTERQUEUE":
            stay.joined = moment
            call["queue"] = call.get("queue") or queue
            call["caller"] = call.get("caller") or text_of(record, "data2")
            for name in ("disposition", "end", "hangup_by"):
                call.pop(name, None)
        elif event == "DID":
            call["did"] = text_of(record, "data1")
        elif event == "CONNECT":
            self._wait(stay, moment, event, record)
            stay.connected = moment
            ring = whole_of(record, "data3")
            call |= {
                "queue": queue,
                "answered": call.get("answered", moment),
                "answered_by": call.get("answered_by") or text_of(record, "agent"),
                "ring": None if ring is None else ring * SECOND,
                "disposition": "ANSWERED",
            }
        elif event in ("COMPLETECALLER", "COMPLETEAGENT"):
            self._talked(stay, moment, whole_of(record, "data2"))
            call["end"] = moment
            call["hangup_by"] = "caller" if event == "COMPLETECALLER" else "callee"
        elif event in ("TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"):
            # What comes after a transfer is not the queue's any more: nor is the end known here.
            call["transfers"] += 1
            call["disposition"] = "ANSWERED"
        elif event == "ABANDON":
            self._wait(stay, moment, event, record)
            call |= {"end": moment, "disposition": "ABANDONED", "hangup_by": "caller"}
        elif event in _LEFT:
            call["queue"] = call.get("queue") or queue
            self._wait(stay, moment, event, record)
            call["disposition"] = _LEFT[event]

    @staticmethod
    def _wait(stay: _Stay, moment: int, event: str, record: Mapping[str, Any]) -> None:
        wait = waited(record, event, moment, stay.joined)
        if wait is not None:
            stay.waited = (stay.waited or 0) + wait
        stay.joined = None

    @staticmethod
    def _talked(stay: _Stay, moment: int, seconds: int | None) -> None:
        if seconds is None and stay.connected is not None:
            seconds = (moment - stay.connected) // SECOND
        if seconds is not None:
            stay.call["talk"] = seconds * SECOND

    def finish(self) -> None:
        """Take it that no further entry comes."""
        for key in list(self._stays):
            self._give(key)
        self._visits.finish()

    def _give(self, callid: str) -> None:
        stay = self._stays.pop(callid)
        self._visits.give(callid)
        stay.call["wait"] = stay.waited
        self._calls.add(stay.call)
