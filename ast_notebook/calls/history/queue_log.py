"""Makes calls and queue calls of a queue_log's entries, and sessions and pauses of its agents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.agents import Step
from ast_notebook.calls.history.clock import ONWARD, BadTime, Clock, born
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.log_builder import LogBuilder
from ast_notebook.calls.history.queue_calls import (
    COMPLETED,
    ENDS,
    TRANSFERRED,
    QueueCall,
    first_position,
    talked,
    waited,
)
from ast_notebook.calls.history.queue_log_call import QueueLogCall
from ast_notebook.calls.history.queue_places import Places
from ast_notebook.calls.history.repeats import Repeats
from ast_notebook.calls.history.spoiled import is_spoiled, lacks_fraction
from ast_notebook.calls.linkedids import age
from ast_notebook.calls.queues import REFUSED
from ast_notebook.counted import counted
from ast_notebook.units import SECOND

#: Events of agents. (PAUSEALL comes with a PAUSE in each of the queues.)
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
#: Events that cannot come twice in a row for one call.
_ONCE = frozenset({"ENTERQUEUE", "CONNECT", *ENDS, *COMPLETED, *TRANSFERRED})
#: A caller who left a queue may come into another one up to this much later.
_GRACE = 2 * 3600 * SECOND


#: The keys of calls without a uniqueid in the log.
_UNKNOWN = "\0"


class QueueLog:
    """Makes calls of the entries of a queue_log.

    A place in line may change hands: a colleague who waits transfers somebody into his place, and
    later entries have that caller's uniqueid. A waiting Local channel removes itself when an agent
    answers. In both cases, the queue, the agent and the seconds of an entry tell to which queue
    call it belongs.

    Parameters
    ----------
    clock : Clock
        It reads the times.
    calls : LogBuilder
        It takes the calls.
    """

    def __init__(self, clock: Clock, calls: LogBuilder) -> None:
        self._clock = clock
        self._growing = calls
        self._interfaces = {name: interface for interface, name in calls.members.items()}
        self._calls: dict[str, QueueLogCall] = {}
        #: The queue calls in line, and those with an agent, by queue.
        self._waiting: defaultdict[str | None, Places] = defaultdict(Places)
        self._talking: defaultdict[str | None, Places] = defaultdict(Places)
        self._repeats = Repeats()
        self._count = self._spoiled = 0
        self._begun: int | None = None
        self._newest: int | None = None

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an entry.

        Raises
        ------
        ValueError
            If this is not a valid entry.
        """
        callid = text_of(record, "callid") or ""
        call = self._calls.get(callid)
        near = (born(callid) or self._newest) if call is None else call.last + ONWARD
        moment = self._clock.read(record.get("time"), near)
        if moment is None:
            raise BadTime("it has no time")
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
            return  # the entry is about Asterisk itself, not about a call
        if is_spoiled(callid) or lacks_fraction(callid, moment) or not _is_known(callid):
            self._spoiled += 1
            callid, call = f"{_UNKNOWN}{self._spoiled}", None
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
                if one.last < moment - _GRACE and one.is_over():
                    self._give(one)

    def _witness(self, callid: str, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Compare a moment with the second in the uniqueid of a channel that was new then."""
        if event == "ENTERQUEUE" and callid not in self._calls:
            self._clock.witness(moment, callid)
        elif event == "CONNECT" and (rang := whole_of(record, "data3")) is not None:
            self._clock.witness(moment - rang * SECOND, text_of(record, "data2"))

    def _shift(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        named = text_of(record, "agent")
        if named is None:
            raise ValueError(f"{event} names no agent")
        agent = self._growing.members.get(named, named)
        queue, more = text_of(record, "queuename"), text_of(record, "data1")
        if event == "PAUSEREASON":
            self._growing.shifts.explain(agent, more)
            return
        key = (agent, self._interface(named, agent), None if queue == "NONE" else queue)
        step = _STEPS[event]
        self._growing.shifts.take(moment, key, step, more if step == "pause" else None)
        if event == "ADDMEMBER" and more == "PAUSED":
            self._growing.shifts.take(moment, key, "pause")

    def _interface(self, named: str, agent: str) -> str | None:
        return self._interfaces.get(agent, named if "/" in named else None)

    def _take(self, callid: str, moment: int, event: str, record: Mapping[str, Any]) -> None:
        queue = text_of(record, "queuename")
        if event == "ENTERQUEUE":
            self._enter(self._call(callid, moment), queue, moment, record)
        elif event == "DID":
            self._call(_known(callid, event), moment).did = text_of(record, "data1")
        elif event in REFUSED:
            refused = QueueCall(queue, moment, end=moment, wait=0, outcome=REFUSED[event])
            refused.over = moment
            self._call(callid, moment).add(refused)
        elif event == "SYSCOMPAT":
            self._call(_known(callid, event), moment).failed = True
        elif event == "CONNECT" or event in ENDS:
            self._leave(callid, queue, moment, event, record)
        elif event in COMPLETED or event in TRANSFERRED:
            self._finish(callid, queue, moment, event, record)

    def _call(self, callid: str, moment: int) -> QueueLogCall:
        call = self._calls.get(callid)
        if call is None:
            call = self._calls[callid] = QueueLogCall(callid, moment, is_known=_is_known(callid))
        call.last = moment
        return call

    def _enter(
        self, call: QueueLogCall, queue: str | None, moment: int, record: Mapping[str, Any]
    ) -> None:
        for one in call.unsettled:
            if one.outcome == "ABANDONED":  # it looked so, but he comes to a queue again
                one.outcome = "TRANSFERRED"
            if one.end is None:
                self._waiting[one.queue].pop(one)
        call.unsettled.clear()
        caller, position = text_of(record, "data2"), whole_of(record, "data3")
        entered = QueueCall(queue, moment, caller, position)
        call.add(entered)
        self._waiting[queue].put(entered, call, moment)

    def _leave(
        self, callid: str, queue: str | None, moment: int, event: str, record: Mapping[str, Any]
    ) -> None:
        wait, line = waited(record, event), self._waiting[queue]
        call = self._calls.get(callid)
        one = next(iter(line.of(call)), None)
        if one is None:
            near = self._arrived_as_entry_says(line, moment, event, record, wait)
            one = near[0] if near else None
            if one is not None and not (_is_known(callid) and line.owner(one).is_known):
                call = line.owner(one)
                for other in near if len(near) > 1 else ():
                    other.caller = None  # it is unknown which of these callers left
            elif one is not None:
                call = self._hand_over(line.owner(one), one, callid)
                one.caller = call.caller
        if one is None and event in ("CONNECT", "ABANDON"):
            raise ValueError(f"{event} is about a call that never entered the queue")
        if one is None or call is None:  # the caller came before the log begins
            if wait is None:
                callid = _known(callid, event)
            call = self._call(callid, moment - (wait or 0))
            one = QueueCall(queue, moment - (wait or 0), is_timed=wait is not None)
            call.add(one)
        call.last = moment
        line.pop(one)
        one.leave(moment, event, record)
        if event == "CONNECT":
            agent = text_of(record, "agent")
            one.agent = self._growing.members.get(agent or "", agent)
            one.interface = self._interface(agent or "", one.agent or "")
            self._talking[queue].put(one, call, moment)

    def _arrived_as_entry_says(
        self,
        line: Places,
        moment: int,
        event: str,
        record: Mapping[str, Any],
        wait: int | None,
    ) -> list[QueueCall]:
        """Return the queue calls whose callers came at the time and position in an entry.

        The most likely one is the first. An entry may have no position.
        """
        if wait is None or moment - wait < (self._begun or 0):
            return []  # he came before the log begins, and is none of those in line
        began, position = moment - wait, first_position(record, event)
        near = [
            one
            for one in line.near(began)
            if abs(one.start - began) <= SECOND and position in (None, one.position)
        ]
        return sorted(near, key=lambda one: (abs(one.start - began), one.position or 0))

    def _hand_over(self, former: QueueLogCall, one: QueueCall, callid: str) -> QueueLogCall:
        """Move a queue call into another call; the call is made if it is new to the log."""
        call = self._calls.get(callid)
        if call is None:
            # The call of the colleague goes on, and now is also the call of the transferred caller.
            former.transfers += 1
            one.caller = None
            call = former
            call.ids.add(callid)
            self._calls[callid] = call
            return call
        former.hand_over(one, call)
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
        busy, call = self._talking[queue], self._calls.get(callid)
        named = text_of(record, "agent")
        agent = self._growing.members.get(named or "", named)
        own = busy.of(call)
        mine = [one for one in own if one.agent == agent] or own
        if not mine:
            talk = talked(record, event)
            began = None if talk is None else moment - talk
            mine = [
                one
                for one in (() if began is None else busy.near(began))
                if one.agent == agent
                and one.end is not None
                and abs((began or 0) - one.end) <= SECOND
            ]
            if mine and _is_known(callid) and (name := busy.owner(mine[0]).name) is not None:
                former = busy.owner(mine[0])
                if call is None and age(callid) < age(name):
                    mine[0].caller = None  # his call is older than that of the Local channel
                former.ids.add(callid)
                self._calls.setdefault(callid, former)
        if not mine:
            if call is None:
                raise ValueError(f"{event} is about a call that never entered the queue")
            return
        call = busy.pop(mine[0])
        assert call is not None
        call.last = moment
        call.transfers += event in TRANSFERRED
        mine[0].finish(moment, event, record)

    @property
    def disordered(self) -> bool:
        """Whether an older part of the log came after newer ones."""
        return self._repeats.disordered

    def finish(self) -> None:
        """Make the calls that are not made yet, and add the notes; no further entries come."""
        for call in dict.fromkeys(self._calls.values()):
            self._give(call)
        self._clock.notes += self._repeats.notes()
        if self._spoiled:
            self._clock.notes.append(
                f"{counted(self._spoiled, 'entry has', 'entries have')} a uniqueid that Asterisk "
                "does not write: a spreadsheet may have changed it. So each of these queue calls "
                "counts as a call of its own, without what came before and after it; export the "
                "column as text"
            )

    def _give(self, call: QueueLogCall) -> None:
        for callid in call.ids:
            if self._calls.get(callid) is call:
                del self._calls[callid]
        name = call.name
        for one in call.queue_calls:
            self._waiting[one.queue].pop(one)
            self._talking[one.queue].pop(one)
            self._growing.visits.append(one.row(name))
        if call.queue_calls or call.did is not None or call.failed:
            self._growing.add(call.row(self._begun or 0), ids=call.ids)


def _is_known(callid: str) -> bool:
    return not callid.startswith(_UNKNOWN)


def _known(callid: str, event: str) -> str:
    """Return a uniqueid; raise `ValueError` if it is spoiled, so that the call is unknown."""
    if not _is_known(callid):
        raise ValueError(
            f"{event} has a uniqueid that Asterisk does not write: a spreadsheet may have changed "
            "it"
        )
    return callid
