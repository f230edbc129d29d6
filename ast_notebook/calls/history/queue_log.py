"""Asterisk's queue_log into calls: those that came into a queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ast_notebook.calls.agents import Step
from ast_notebook.calls.history.clock import ONWARD, SECOND, BadTime, Clock, born
from ast_notebook.calls.history.growing import Growing
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.queue_calls import (
    COMPLETED,
    ENDS,
    TRANSFERRED,
    QueueCall,
    first_position,
    talked,
    waited,
)
from ast_notebook.calls.history.repeats import Repeats
from ast_notebook.calls.linkage import age
from ast_notebook.calls.queues import REFUSED

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
#: What cannot come twice in a row of one call.
_ONCE = frozenset({"ENTERQUEUE", "CONNECT", *ENDS, *COMPLETED, *TRANSFERRED})
#: Somebody who left a queue may come into another one this much later.
_GRACE = 2 * 3600 * SECOND


class _Call:
    """A call, and its queue calls in the order in which they began.

    Attributes
    ----------
    ids : set of str
        The uniqueids that it has had in the log.
    last : int
        When the log last told of it.
    latest : mapping, optional
        The last entry of it, of those that cannot come twice in a row.
    """

    def __init__(self, callid: str, moment: int) -> None:
        self.ids = {callid}
        self.start = self.last = moment
        self.latest: Mapping[str, Any] | None = None
        self.did: str | None = None
        self.transfers = 0
        self.failed = False
        self.queue_calls: list[QueueCall] = []

    @property
    def name(self) -> str:
        """The oldest of its uniqueids, which all that belongs to it is called by."""
        return min(self.ids, key=age)

    def is_over(self) -> bool:
        return bool(self.queue_calls) and all(one.over is not None for one in self.queue_calls)

    def row(self) -> dict[str, Any]:
        """Return it as a row of the calls frame."""
        waits = [one.wait for one in self.queue_calls if one.wait is not None]
        row: dict[str, Any] = {
            "call": self.name,
            "start": self.start,
            "did": self.did,
            # Of those outside the queue it logs nothing, so that none is not known to be none.
            "transfers": self.transfers or None,
            "caller": next((one.caller for one in self.queue_calls if one.caller), None),
        }
        if not self.queue_calls:
            return row | {"disposition": "FAILED" if self.failed else None}
        last = self.queue_calls[-1]
        joined = [one for one in self.queue_calls if one.outcome not in REFUSED.values()]
        row |= {
            "queue": last.queue,
            "wait": sum(waits) if joined and waits else None,
            "disposition": self._disposition(last),
            "hangup_by": last.hangup_by,
            # After an exit or a transfer the call goes on where the log does not follow it.
            "end": last.over if last.hangup_by or last.outcome == "ABANDONED" else None,
        }
        answered = [one for one in self.queue_calls if one.outcome == "ANSWERED"]
        if answered:
            first = answered[0]
            row |= {
                "answered": first.end,
                "answered_by": _number(first),
                "answered_device": _telephone(first),
                "ring": first.ring,
                "talk": self._talk(answered),
            }
        return row

    def _disposition(self, last: QueueCall) -> str | None:
        if any(one.outcome == "ANSWERED" for one in self.queue_calls):
            return "ANSWERED"
        if last.outcome is None:
            return "FAILED" if self.failed else None
        return "ABANDONED" if last.outcome == "ABANDONED" else "NO ANSWER"

    def _talk(self, answered: Iterable[QueueCall]) -> int | None:
        """Add up how long agents talked; missing if he may have talked elsewhere, too."""
        total = 0
        for one in answered:
            if one.talk is None or one.over is None:
                return None
            if one.transferred and not any(
                one.start < other.start <= one.over + SECOND for other in self.queue_calls
            ):
                return None
            total += one.talk
        return total


class QueueLog:
    """Makes calls of a queue's log.

    A place in line may change hands: a colleague who waits transfers somebody else in, and entries
    have that one's uniqueid from then on. A Local channel that waits takes itself away once an
    agent answers. The queue, the agent and the seconds that an entry tells say which queue call it
    is about.

    Parameters
    ----------
    clock : Clock
        What reads the times.
    calls : Growing
        Where the calls go.
    """

    def __init__(self, clock: Clock, calls: Growing) -> None:
        self._clock = clock
        self._growing = calls
        self._interfaces = {name: interface for interface, name in calls.members.items()}
        self._calls: dict[str, _Call] = {}
        #: Who is in line, and who is with an agent, by queue.
        self._waiting: dict[str | None, dict[QueueCall, _Call]] = {}
        self._talking: dict[str | None, dict[QueueCall, _Call]] = {}
        self._repeats = Repeats()
        self._count = 0
        self._begun: int | None = None
        self._newest: int | None = None

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an entry.

        Raises
        ------
        ValueError
            If it cannot be one.
        """
        callid = text_of(record, "callid") or ""
        call = self._calls.get(callid)
        near = (born(callid) or self._newest) if call is None else call.last + ONWARD
        moment = self._clock.read(record.get("time"), near)
        if moment is None:
            raise BadTime("no time")
        if self._repeats.has(record, moment):
            return
        self._newest = moment
        self._begun = moment if self._begun is None else self._begun
        event = text_of(record, "event")
        if event is None:
            raise ValueError("no event")
        if event in _STEPS or event == "PAUSEREASON":
            self._shift(moment, event, record)
            return
        if callid in ("", "NONE", "REALTIME", "MANAGER"):
            return  # of Asterisk itself, not of a call
        if event in _ONCE:
            if call is not None and call.latest == record:
                self._repeats.count += 1
                return
            self._witness(callid, moment, event, record)
        self._take(callid, moment, event, record)
        if event in _ONCE and callid in self._calls:
            self._calls[callid].latest = record
        self._count += 1
        if self._count % 10_000 == 0:
            for one in dict.fromkeys(self._calls.values()):
                if one.is_over() and one.last < moment - _GRACE:
                    self._give(one)

    def _witness(self, callid: str, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Compare a moment with the second in the uniqueid of a channel that was new then."""
        if event == "ENTERQUEUE" and callid not in self._calls:
            self._clock.witness(moment, callid)
        elif event == "CONNECT" and (rang := whole_of(record, "data3")) is not None:
            self._clock.witness(moment - rang * SECOND, text_of(record, "data2"))

    def _shift(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        told = text_of(record, "agent")
        if told is None:
            raise ValueError(f"{event} of nobody")
        agent = self._growing.members.get(told, told)
        queue, more = text_of(record, "queuename"), text_of(record, "data1")
        if event == "PAUSEREASON":
            self._growing.shifts.explain(agent, more)
            return
        key = (agent, self._interface(told, agent), None if queue == "NONE" else queue)
        step = _STEPS[event]
        self._growing.shifts.take(moment, key, step, more if step == "pause" else None)
        if event == "ADDMEMBER" and more == "PAUSED":
            self._growing.shifts.take(moment, key, "pause")

    def _interface(self, told: str, agent: str) -> str | None:
        return self._interfaces.get(agent, told if "/" in told else None)

    def _take(self, callid: str, moment: int, event: str, record: Mapping[str, Any]) -> None:
        queue = text_of(record, "queuename")
        if event == "ENTERQUEUE":
            self._enter(self._call(callid, moment), queue, moment, record)
        elif event == "DID":
            self._call(callid, moment).did = text_of(record, "data1")
        elif event in REFUSED:
            refused = QueueCall(queue, moment, end=moment, wait=0, outcome=REFUSED[event])
            refused.over = moment
            self._call(callid, moment).queue_calls.append(refused)
        elif event == "SYSCOMPAT":
            self._call(callid, moment).failed = True
        elif event == "CONNECT" or event in ENDS:
            self._leave(callid, queue, moment, event, record)
        elif event in COMPLETED or event in TRANSFERRED:
            self._finish(callid, queue, moment, event, record)

    def _call(self, callid: str, moment: int) -> _Call:
        call = self._calls.setdefault(callid, _Call(callid, moment))
        call.last = moment
        return call

    def _enter(
        self, call: _Call, queue: str | None, moment: int, record: Mapping[str, Any]
    ) -> None:
        for one in call.queue_calls:
            if one.outcome == "ABANDONED":  # to the queue; but here he is again
                one.outcome = "TRANSFERRED"
            if one.end is None:
                self._waiting.get(one.queue, {}).pop(one, None)
        caller, position = text_of(record, "data2"), whole_of(record, "data3")
        entered = QueueCall(queue, moment, caller, position)
        call.queue_calls.append(entered)
        self._waiting.setdefault(queue, {})[entered] = call

    def _leave(
        self, callid: str, queue: str | None, moment: int, event: str, record: Mapping[str, Any]
    ) -> None:
        told, line = waited(record, event), self._waiting.get(queue, {})
        call = self._calls.get(callid)
        one = next((one for one, of in line.items() if call is not None and of is call), None)
        if one is None:
            one = self._stranger(line, moment, event, record, told)
            if one is not None:
                call = self._hand_over(line[one], one, callid)
                one.caller = next((o.caller for o in call.queue_calls if o.caller), None)
        if one is None and event in ("CONNECT", "ABANDON"):
            raise ValueError(f"{event} of a call that never came into the queue")
        if one is None or call is None:  # it came before the log begins
            call = self._call(callid, moment)
            one = QueueCall(queue, moment - (told or 0))
            call.queue_calls.append(one)
        call.last = moment
        line.pop(one, None)
        one.leave(moment, event, record)
        if event == "CONNECT":
            agent = text_of(record, "agent")
            one.agent = self._growing.members.get(agent or "", agent)
            one.interface = self._interface(agent or "", one.agent or "")
            self._talking.setdefault(queue, {})[one] = call

    def _stranger(
        self,
        line: Mapping[QueueCall, _Call],
        moment: int,
        event: str,
        record: Mapping[str, Any],
        told: int | None,
    ) -> QueueCall | None:
        """Find whose place it was by when he came, and by his position where that is told."""
        if told is None or moment - told < (self._begun or 0):
            return None  # or he came before the log begins, and is none of those who are in line
        began, position = moment - told, first_position(record, event)
        near = [
            one
            for one in line
            if abs(one.start - began) <= SECOND and position in (None, one.position)
        ]
        return min(near, key=lambda one: (abs(one.start - began), one.position or 0), default=None)

    def _hand_over(self, former: _Call, one: QueueCall, callid: str) -> _Call:
        """Make a queue call part of another's call, or of one that was not heard of before."""
        call = self._calls.get(callid)
        if call is None:
            # It is his who was transferred in, with all that the colleague had done for him.
            former.transfers += 1
            one.caller = None
            call = former
            call.ids.add(callid)
            self._calls[callid] = call
            return call
        former.queue_calls.remove(one)
        call.queue_calls.append(one)
        call.queue_calls.sort(key=lambda each: each.start)
        one.caller = None
        if not former.queue_calls:
            call.ids |= former.ids
            call.start = min(call.start, former.start)
            for name in former.ids:
                self._calls[name] = call
        return call

    def _finish(
        self, callid: str, queue: str | None, moment: int, event: str, record: Mapping[str, Any]
    ) -> None:
        busy, call = self._talking.get(queue, {}), self._calls.get(callid)
        told = text_of(record, "agent")
        agent = self._growing.members.get(told or "", told)
        own = [one for one, of in busy.items() if call is not None and of is call]
        mine = [one for one in own if one.agent == agent] or own
        if not mine:
            talk = talked(record, event)
            mine = [
                one
                for one in busy
                if one.agent == agent
                and talk is not None
                and one.end is not None
                and abs(moment - talk - one.end) <= SECOND
            ]
            if mine:
                former = busy[mine[0]]
                if call is None and age(callid) < age(former.name):
                    mine[0].caller = None  # he who had called before the Local channel did
                former.ids.add(callid)
                self._calls.setdefault(callid, former)
        if not mine:
            if call is None and event in COMPLETED:
                raise ValueError(f"{event} of a call that never came into the queue")
            return
        call = busy.pop(mine[0])
        call.last = moment
        call.transfers += event in TRANSFERRED
        mine[0].finish(moment, event, record)

    def finish(self) -> None:
        """Take it that no further entry comes."""
        for call in dict.fromkeys(self._calls.values()):
            self._give(call)
        self._clock.notes += self._repeats.notes()

    def _give(self, call: _Call) -> None:
        for callid in call.ids:
            if self._calls.get(callid) is call:
                del self._calls[callid]
        for one in call.queue_calls:
            self._waiting.get(one.queue, {}).pop(one, None)
            self._talking.get(one.queue, {}).pop(one, None)
            self._growing.visits.append(one.row(call.name))
        if call.queue_calls or call.did is not None or call.failed:
            self._growing.add(call.row())


def _telephone(one: QueueCall) -> str | None:
    """Return the telephone that answered, where the log has it: a Local channel is none."""
    interface = one.interface
    return None if interface is None or interface.startswith("Local/") else interface


def _number(one: QueueCall) -> str | None:
    """Return who answered: the telephone without its technology, or what the agent is called."""
    telephone = _telephone(one)
    if telephone is not None:
        return telephone.partition("/")[2]
    return None if one.interface is not None and one.agent == one.interface else one.agent
