"""Queues of a dialplan: who waits there, whom it has ring for him, and how the waiting ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tests.model.dialling import (
    Leg,
    Target,
    connect,
    drop,
    part,
    pick_up,
    refuse,
    summon,
)
from tests.model.exchange import Channel, Exchange, dest
from tests.model.plans import SECONDS, Plan, Played, groups, in_vain, last_try, plans, unheard
from tests.scenarios.truth import Call, Visit

#: The names of the members.
NAMES = {"200": "Door", "240": "Hall", "30": "Kitchen", "71": "Nora"}
#: Seconds from a ring that nobody answered to the next one.
RETRY = 1.0
#: The statuses of callers whom a queue lets go.
_LET_GO = {"timeout": "TIMEOUT", "empty": "LEAVEEMPTY"}
_OUTCOMES = {
    "answered": "ANSWERED",
    "abandoned": "ABANDONED",
    "ended": "ABANDONED",
    "timeout": "TIMEOUT",
    "key": "KEY",
    "empty": "LEAVE EMPTY",
}


@dataclass(frozen=True)
class Ring:
    """Members who ring at once; the first of them may refuse halfway."""

    targets: tuple[Target, ...]
    seconds: float
    refuse: int = 0

    @property
    def length(self) -> float:
        """Seconds until nobody rings any more, if none answers."""
        return self.seconds / 2 if self.refuse == len(self.targets) else self.seconds + RETRY


@dataclass(frozen=True)
class Waiting:
    """A Queue(), and what becomes of the caller."""

    queue: str
    #: ``answered``, ``abandoned``, ``ended`` (by a manager), ``timeout``, ``key``, ``empty``.
    ends: str
    #: Those in vain, and the one during which the waiting ends.
    vain: tuple[Ring, ...] = ()
    last: Ring | None = None
    #: Seconds in which nobody rings before it ends, where it does not end during a ring.
    idle: float = 1.0
    #: Which of those who ring in the end answers.
    winner: int = -1
    #: When the queue says that agent and caller are done: ``before`` they have left their bridge,
    #: ``after`` that, or ``late``, when the caller's channel is gone.
    completes: str = "before"

    def play(self, x: Exchange, plan: Plan, caller: Channel, truth: Call) -> Played:
        """Let it take place; tell whether the call is over, and what is true by then."""
        return _Line(x, self, caller).play(plan, truth)

    def by_chance(self) -> Sequence[Waiting]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        if self.ends != "answered":
            return [self]
        return [replace(self, completes=when) for when in ("before", "after", "late")]


class _Line:
    """A caller's stay in a queue."""

    def __init__(self, x: Exchange, plan: Waiting, caller: Channel) -> None:
        self.x, self.plan, self.caller = x, plan, caller
        self.came = x.now
        self.legs: list[Leg] = []
        self.rang = x.now
        #: The longest ring, and how many telephones rang.
        self.ring: float | None = None
        self.count = 0
        self.agent = ""

    def play(self, plan: Plan, truth: Call) -> Played:
        """Let the caller come, wait and go."""
        x, caller, queue = self.x, self.caller, self.plan.queue
        limit = self._limit()
        data = queue if limit is None else f"{queue},,,,{limit}"
        x.executes(caller, "Queue", data)
        self._tell("QueueCallerJoin", position=1, count=1)
        self._log("NONE", "ENTERQUEUE", "", caller.number, 1)
        for each in self.plan.vain:
            self._rings(each)
            self._in_vain()
            if each.refuse < len(each.targets):
                x.wait(RETRY)
        if self.plan.last is not None:
            self._rings(self.plan.last, limit)
        elif limit is not None:
            x.wait(self.came + limit - x.now)
        else:
            x.wait(self.plan.idle)
        wait = x.now - self.came
        over, truth = _ENDS[self.plan.ends](self, plan, truth)  # type: ignore[misc]
        agent = NAMES.get(self.agent)
        visit = Visit(queue, _OUTCOMES[self.plan.ends], wait, agent)
        rings = [ring for ring in (truth.ring, self.ring) if ring is not None]
        longest = max(rings) if rings else None
        return over, replace(
            truth,
            queue=queue,
            wait=(truth.wait or 0.0) + wait,
            visits=[*truth.visits, visit],
            legs=truth.legs + self.count,
            ring=self.ring if agent else longest,
        )

    def _limit(self) -> int | None:
        """Return the whole seconds after which the queue lets the caller go."""
        if self.plan.ends != "timeout":
            return None
        last = self.plan.last.seconds if self.plan.last else self.plan.idle
        return math.ceil(sum(each.length for each in self.plan.vain) + last + 0.1)

    # --- members who ring ----------------------------------------------------------------------

    def _rings(self, ring: Ring, limit: int | None = None) -> None:
        """Let members ring, and some of them refuse."""
        x, caller = self.x, self.caller
        self.rang = x.now
        self.legs = summon(x, caller, ring.targets, "AppQueue")
        self.count += len(self.legs)
        x.wait(ring.seconds / 2)
        for leg in self.legs[: ring.refuse]:
            self._rang()
            caller.status = refuse(x, caller, leg, 486, queued=True)
            self._rang_in_vain(leg, self._whole(self.rang) * 1000)
        self.legs = self.legs[ring.refuse :]
        if limit is not None:
            x.wait(self.came + limit - x.now)
        elif self.legs:
            x.wait(ring.seconds / 2)

    def _rang(self) -> None:
        self.ring = max(self.ring or 0.0, self.x.now - self.rang)

    def _in_vain(self) -> None:
        """Let those stop who rang in vain."""
        for leg in self.legs:
            self._rang()
            self._rang_in_vain(leg, round((self.x.now - self.rang) * 1000))
        self._stop("NOANSWER", self._unanswered())

    def _rang_in_vain(self, leg: Leg, milliseconds: int) -> None:
        self._log(NAMES[leg.target.device], "RINGNOANSWER", milliseconds)

    def _cancelled(self, cause: int) -> None:
        """Let those stop who still ring as the caller goes."""
        for leg in self.legs:
            self._rang()
            rang = round((self.x.now - self.rang) * 1000)
            self._log(NAMES[leg.target.device], "RINGCANCELED", rang)
        self._stop("CANCEL", cause)

    def _stop(self, status: str, cause: int) -> None:
        for leg in self.legs:
            self.x.dialled(self.caller, leg.first, status)
        for leg in self.legs:
            drop(self.x, self.caller, leg, "CANCEL", cause)
        if self.legs and (status != "CANCEL" or not self.caller.status):
            self.caller.status = status  # who was asked and said something is not forgotten
        self.legs = []

    def _unanswered(self) -> int:
        return 16 if self.x.version == 16 else 0

    # --- how it ends ---------------------------------------------------------------------------

    def abandoned(self, plan: Plan, truth: Call) -> Played:
        """Let the caller hang up."""
        cause, source = self.x.hang_up(self.caller, unheard(self.x, self.caller))
        return self._gone(truth, cause, source, "caller")

    def ended(self, plan: Plan, truth: Call) -> Played:
        """Let a manager hang him up."""
        cause = 16 if self.caller.outgoing and self.x.version == 16 else 0
        return self._gone(truth, cause, "", "pbx")

    def _gone(self, truth: Call, cause: int, source: str, by: str) -> Played:
        x, caller = self.x, self.caller
        self._cancelled(self._unanswered())
        self._left()
        self._log("NONE", "ABANDON", 1, 1, self._whole(self.came))
        x.softly(caller)
        x.ends(caller, cause, source)
        return True, replace(truth, disposition="ABANDONED", hangup_by=by, cause=cause)

    def let_go(self, plan: Plan, truth: Call) -> Played:
        """Let the queue have no patience, or no members, any more."""
        if self.legs:
            self._in_vain()
        self._left()
        exit_by = "EXITWITHTIMEOUT" if self.plan.ends == "timeout" else "EXITEMPTY"
        self._log("NONE", exit_by, 1, 1, self._whole(self.came))
        status = _LET_GO[self.plan.ends]
        self.x.tell("VarSet", self.caller, variable="QUEUESTATUS", value=status)
        return False, replace(truth, disposition="NO ANSWER")

    def _left(self) -> None:
        self.x.tell("VarSet", self.caller, variable="ABANDONED", value="TRUE")
        self._tell(
            "QueueCallerAbandon", position=1, originalposition=1, holdtime=self._whole(self.came)
        )
        self._tell("QueueCallerLeave", position=1, count=0)

    def key(self, plan: Plan, truth: Call) -> Played:
        """Let the caller press a key, and be somewhere else."""
        x, caller = self.x, self.caller
        if x.version == 22:
            x.write("DTMF", caller, digit="1", duration_ms=0)
        for leg in self.legs:
            x.records.dialled(caller, leg.first, "CANCEL", x.now)
        caller.exten, caller.context = "1", "ways-out"
        self._cancelled(self._unanswered())
        if x.version == 22:
            x.executes(caller, caller.application, caller.data)
        self._tell("QueueCallerLeave", position=1, count=0)
        self._log("NONE", "EXITWITHKEY", 1, 1, 1, self._whole(self.came))
        x.executes(caller, "Wait", "0.5")
        x.wait(0.5)
        x.executes(caller, "Hangup")
        x.softly(caller)
        x.ends(caller, truth.cause, "dialplan/builtin")
        return True, replace(truth, disposition="NO ANSWER")

    def answered(self, plan: Plan, truth: Call) -> Played:
        """Let a member answer, and talk with the caller."""
        x, caller, winner = self.x, self.caller, self._winner
        self.agent = winner.target.device
        self._rang()
        rang = x.now - self.rang
        pick_up(x, winner)
        x.dialled(caller, winner.first, "ANSWER")
        self.legs = [leg for leg in self.legs if leg is not winner]
        caller.status = "ANSWER"
        self._stop("CANCEL", 26)
        hold = self._whole(self.came)
        self._tell("QueueCallerLeave", position=1, count=0)
        self._member("AgentConnect", winner, holdtime=hold, ringtime=int(rang))
        name = NAMES[winner.target.device]
        self._log(name, "CONNECT", hold, winner.first.uniqueid, int(rang))
        self.legs = [winner]
        self.ring = rang
        connected = x.now

        def done(reason: str = "caller", *, known: bool = True) -> None:
            """Let the queue note that one of the two is gone."""
            talked = self._whole(connected)
            more = self._who(winner) | (dest(winner.first) if known else {})
            self._tell(
                "AgentComplete",
                *([] if known else [None]),
                holdtime=hold,
                talktime=talked,
                reason=reason,
                **more,
            )
            self._log(name, f"COMPLETE{reason.upper()}", hold, talked, 1)

        connect(x, caller, winner, done)
        x.wait(plan.talk)
        talk = x.now - connected
        self._parts(plan, winner, done)
        device = winner.target.device
        return True, replace(
            truth,
            disposition="ANSWERED",
            answered_by=device,
            answered_device=f"{x.tech}/{device}",
            hangup_by=plan.hangs_up,
            cause=16,
            talk=talk,
        )

    def _parts(self, plan: Plan, winner: Leg, done: Callable[..., None]) -> None:
        """Let them hang up, and the queue note who did."""
        x, caller = self.x, self.caller
        by_agent = plan.hangs_up == "callee"
        unknown = not by_agent or (x.version == 22 and winner.two is None)
        reason = "agent" if by_agent else "caller"
        # What waited is gone already if it took itself away.
        when = "gone" if caller.new_holder is not None else self.plan.completes
        noted = partial(done, reason)
        if when == "before":
            noted()
        part(
            x,
            winner.phone if by_agent else caller,
            caller,
            winner,
            asked=plan.hangs_up != "pbx",
            cause=None if unknown else 16,
            **{"parted": noted} if when == "after" else {},
        )
        if when == "late":
            noted(known=False)

    @property
    def _winner(self) -> Leg:
        return self.legs[self.plan.winner]

    # --- what is told --------------------------------------------------------------------------

    def _who(self, leg: Leg) -> dict[str, str]:
        target = leg.target
        return {
            "membername": NAMES[target.device],
            "interface": target.dialled(self.x.tech),
        }

    def _member(self, kind: str, leg: Leg, **more: Any) -> None:
        self._tell(kind, **self._who(leg), **dest(leg.first), **more)

    def _tell(self, kind: str, *channel: Channel | None, **more: Any) -> None:
        (who,) = channel or (self.caller,)
        self.x.tell(kind, who, queue=self.plan.queue, **more)

    def _log(self, agent: str, event: str, *data: Any) -> None:
        x = self.x
        x.streams.logged(x.now, self.caller.uniqueid, self.plan.queue, agent, event, *data)

    def _whole(self, since: float) -> int:
        """Return the seconds since then as Asterisk counts them, which has whole ones only."""
        return int(self.x.now) - int(since)


_ENDS: dict[str, Callable[[_Line, Plan, Call], Played]] = {
    "answered": _Line.answered,
    "abandoned": _Line.abandoned,
    "ended": _Line.ended,
    "timeout": _Line.let_go,
    "empty": _Line.let_go,
    "key": _Line.key,
}


# --- drawn at random -----------------------------------------------------------------------------


@st.composite
def _rings(draw: st.DrawFn, *, all_refuse: bool) -> Ring:
    targets = draw(groups)
    refuse = draw(st.integers(0, len(targets) if all_refuse else len(targets) - 1))
    return Ring(tuple(targets), draw(SECONDS), refuse)


_vain = st.lists(_rings(all_refuse=True), max_size=2).map(tuple)


def _waiting(ends: Sequence[str]) -> st.SearchStrategy[Waiting]:
    def ended(end: str) -> st.SearchStrategy[Waiting]:
        last = _rings(all_refuse=False)
        return st.builds(
            Waiting,
            queue=st.sampled_from(["desk", "line"]),
            ends=st.just(end),
            vain=_vain,
            # A CDR takes the key for what was dialled, if nobody rang before it was pressed.
            last=last if end in ("answered", "key") else st.none() | last,
            idle=SECONDS,
            winner=st.sampled_from([0, -1]),
            completes=st.sampled_from(["before", "after", "late"]),
        )

    return st.sampled_from(ends).flatmap(ended)


_let_go = _waiting(("timeout", "empty"))
_over = _waiting(("answered", "answered", "abandoned", "ended", "timeout", "key", "empty"))
#: A CDR does not know of a queue in which nobody rang, but of one in which somebody did before.
_rung = _over.filter(lambda waiting: waiting.vain or waiting.last)
_steps = st.one_of(
    st.tuples(_over),
    st.tuples(_let_go, _rung),
    st.tuples(in_vain, _over),
    st.tuples(_let_go, last_try),
)
queued = st.builds(replace, plans, tries=_steps)
