"""What is to take place: plans of calls, drawn at random, and how a switchboard plays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol, Self

from hypothesis import strategies as st

from tests.model.dialling import REFUSALS, Leg, Target, answer, drop, part, refuse, ring
from tests.model.exchange import Channel, Exchange
from tests.scenarios.truth import Call

#: Who calls; the others are called.
CALLERS = ("2222", "300", "72")
CALLED = ("200", "240", "30", "71")
#: The number that the dialplan shows instead of the caller's.
SHOWN = "4930555"
#: Seconds that something lasts.
SECONDS = st.integers(3, 60).map(lambda tenths: tenths / 10)


#: Whether the call is over, the truth about it, and other calls that were made meanwhile.
Played = tuple[bool, Call, *tuple[Call, ...]]


@dataclass(frozen=True)
class Try:
    """A Dial(), and what becomes of it."""

    targets: tuple[Target, ...]
    ring: float
    #: ``answered``, ``refused``, ``timeout``, ``cancelled``, ``ended``.
    outcome: str
    code: int = 486
    #: Which of them answers.
    winner: int = -1

    def play(self, x: Exchange, plan: Plan, caller: Channel, truth: Call) -> Played:
        """Let it take place; tell whether the call is over, and what is true by then."""
        legs = ring(x, caller, self.targets)
        truth = replace(truth, legs=truth.legs + len(legs))
        x.wait(self.ring)
        return plan.comes_of(x, self, caller, legs, truth)

    def by_chance(self) -> Sequence[Try]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        return [self]


class Step(Protocol):
    """What a dialplan does with a caller, such as a Dial()."""

    def play(self, x: Exchange, plan: Plan, caller: Channel, truth: Call) -> Played:
        """Let it take place; tell whether the call is over, and what is true by then."""

    def by_chance(self) -> Sequence[Self]:
        """Return the ways in which it may take place, where that is a matter of chance."""


@dataclass(frozen=True)
class Plan:
    """A call of a telephone that dials a number."""

    caller: str
    exten: str
    tries: tuple[Step, ...]
    talk: float = 1.0
    hangs_up: str = "caller"
    #: Seconds of a menu that answers before anything is dialled; none without one.
    menu: float | None = None
    shows: str | None = None
    #: What the dialplan does when nobody answered: ``hangup``, ``mailbox``, ``nothing``; and
    #: ``tone`` for a caller who was called himself, and hangs up once he heard it.
    then: str = "hangup"
    moves_caller: bool = False
    outer_first: bool = False
    two_first: bool = False
    unsaid: bool = False

    def play(self, x: Exchange) -> list[Call]:
        """Let the call take place, and tell the truth about it."""
        return _play(x, self)

    def by_chance(self) -> list[Self]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        return [
            replace(
                self,
                moves_caller=moves,
                outer_first=outer,
                two_first=two,
                unsaid=unsaid,
                tries=tries,
            )
            for moves, outer, two, unsaid in product((False, True), repeat=4)
            for tries in product(*(each.by_chance() for each in self.tries))
        ]

    def comes_of(
        self, x: Exchange, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
    ) -> Played:
        """Let happen what becomes of a Dial() while telephones ring."""
        return _OUTCOMES[each.outcome](x, self, each, caller, legs, truth)

    def goes_on(self, x: Exchange, caller: Channel, leg: Leg, truth: Call) -> list[Call]:
        """Let two go on who have just been connected."""
        x.wait(self.talk)
        first = leg.phone if self.hangs_up == "callee" else caller
        part(x, first, caller, leg, asked=self.hangs_up != "pbx")
        talk = (truth.talk or 0.0) + self.talk
        return [replace(truth, hangup_by=self.hangs_up, cause=16, talk=talk)]


def _play(x: Exchange, plan: Plan) -> list[Call]:
    x.moves_caller, x.outer_first = plan.moves_caller, plan.outer_first
    x.two_first, x.unsaid = plan.two_first, plan.unsaid
    caller = x.calls(plan.caller, plan.exten)
    truth = Call(
        caller=plan.shows or caller.number,
        caller_device=f"{x.tech}/{plan.caller}",
        dialled=plan.exten,
        disposition="FAILED",
        answered_device=None,
        hangup_by="pbx",
        legs=1,
        call=caller.uniqueid,
        tolerance=0.06,
    )
    return walk(x, plan, caller, truth)


def walk(x: Exchange, plan: Plan, caller: Channel, truth: Call) -> list[Call]:
    """Let a caller walk the dialplan, and return what is true in the end."""
    if plan.shows is not None:
        x.executes(caller, "Set", f"CALLERID(num)={plan.shows}")
        x.identify(caller, plan.shows)
    if plan.menu is not None:
        x.executes(caller, "Answer")
        if caller.state != "Up":
            x.becomes(caller, "Up")
        x.executes(caller, "Wait", f"{plan.menu}")
        x.wait(plan.menu)
    for each in plan.tries:
        over, truth, *more = each.play(x, plan, caller, truth)
        if over:
            return [truth, *more]
    return [_in_vain(x, plan, caller, truth)]


def _answered(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    winner = legs[each.winner]
    device = winner.target.device
    answered = x.now
    answer(x, caller, legs, winner)
    truth = replace(
        truth,
        disposition="ANSWERED",
        answered_by=device,
        answered_device=f"{x.tech}/{device}",
        ring=each.ring,
        talk=x.now - answered,
    )
    truth, *more = plan.goes_on(x, caller, winner, truth)
    return True, truth, *more


def _nearest(truth: Call, disposition: str, seconds: float) -> Call:
    """Return what is true after another dial in vain."""
    order = ("FAILED", "REJECTED", "BUSY", "NO ANSWER")
    if order.index(disposition) > order.index(truth.disposition):
        truth = replace(truth, disposition=disposition)
    return replace(truth, ring=max(truth.ring or 0.0, seconds))


def _refused(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    for leg in legs:
        caller.status = refuse(x, caller, leg, each.code)
    _, _, cause = REFUSALS[each.code][x.version]
    word = "BUSY" if each.code == 486 else "REJECTED"
    # What was refused to a Local channel is refused to that.
    of_local = bool(legs[-1].target.local)
    truth = replace(_nearest(truth, word, each.ring), cause=16 if of_local else cause)
    return False, truth


def _timeout(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    for leg in legs:
        drop(x, caller, leg, "NOANSWER", 16 if x.version == 16 else 0)
    caller.status = "NOANSWER"
    return False, replace(_nearest(truth, "NO ANSWER", each.ring), cause=16)


def _cancelled(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    cause, source = x.hang_up(caller, unheard(x, caller))
    _give_up(x, caller, legs, cause, source)
    return True, replace(
        truth,
        disposition="CANCELLED",
        hangup_by="caller",
        cause=cause,
        ring=max(truth.ring or 0.0, each.ring),
    )


def _ended(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    cause = 16 if caller.outgoing and x.version == 16 else 0
    _give_up(x, caller, legs, cause, "")
    return True, replace(
        truth, disposition="CANCELLED", cause=cause, ring=max(truth.ring or 0.0, each.ring)
    )


def unheard(x: Exchange, caller: Channel) -> int | None:
    """Return the cause of a caller who goes before he was answered."""
    return 127 if x.version == 22 and caller.state != "Up" else None


def _give_up(x: Exchange, caller: Channel, legs: Sequence[Leg], cause: int, source: str) -> None:
    for leg in legs:
        drop(x, caller, leg, "CANCEL", cause or 16)
    caller.status = "CANCEL"
    x.softly(caller)
    x.ends(caller, cause, source)


_OUTCOMES = {
    "answered": _answered,
    "refused": _refused,
    "timeout": _timeout,
    "cancelled": _cancelled,
    "ended": _ended,
}


def _in_vain(x: Exchange, plan: Plan, caller: Channel, truth: Call) -> Call:
    """Let the dialplan go on when nobody answered."""
    if plan.then == "mailbox":
        x.executes(caller, "VoiceMail", "22@default,su")
        if caller.state != "Up":
            x.becomes(caller, "Up")
        if x.version == 22:
            x.write("STREAM_BEGIN", caller, sound="vm-theperson", format="gsm", language="en")
        x.wait(plan.talk)
        cause, source = x.hang_up(caller)
        x.softly(caller)
        x.ends(caller, cause, source)
        return replace(truth, disposition="VOICEMAIL", hangup_by="caller", cause=cause)
    cause = truth.cause
    if plan.then == "tone":
        x.wait(plan.talk)
        cause, source = x.hang_up(caller, cause)
        x.softly(caller)
        x.ends(caller, cause, source)
        return replace(truth, hangup_by="caller", cause=cause)
    if plan.then == "hangup":
        x.executes(caller, "Hangup")
        x.softly(caller)
        x.ends(caller, cause, "dialplan/builtin")
    else:
        # Asterisk plays the tone of the last dial's status, and hangs up.
        x.becomes(caller, "Busy")
        if x.version == 22:
            x.asks(caller, cause)
            caller.source = caller.name
        x.softly(caller)
        x.ends(caller, cause)
    if not plan.tries and plan.menu is not None:
        return replace(truth, disposition="IVR")
    return truth


# --- drawn at random -----------------------------------------------------------------------------

targets = st.builds(Target, st.sampled_from(CALLED), st.sampled_from(["", "", "stays", "goes"]))
groups = st.lists(targets, min_size=1, max_size=3, unique_by=lambda target: target.device)
in_vain = st.builds(
    Try,
    groups.map(tuple),
    SECONDS,
    st.sampled_from(["refused", "timeout"]),
)


def _last(outcomes: Sequence[str]) -> st.SearchStrategy[Try]:
    return st.builds(Try, groups.map(tuple), SECONDS, st.sampled_from(outcomes))


ENDS = ("answered", "answered", "cancelled", "ended", "refused", "timeout")
last_try = _last(ENDS)
tries = st.one_of(
    st.just(()),
    st.tuples(last_try),
    st.tuples(in_vain, last_try),
)
plans = st.builds(
    Plan,
    caller=st.sampled_from(CALLERS),
    exten=st.sampled_from(["901", "902", "5551234"]),
    tries=tries,
    talk=SECONDS,
    hangs_up=st.sampled_from(["caller", "callee", "pbx"]),
    menu=st.none() | SECONDS,
    shows=st.none() | st.just(SHOWN),
    then=st.sampled_from(["hangup", "mailbox"]),
    moves_caller=st.booleans(),
    outer_first=st.booleans(),
    two_first=st.booleans(),
    unsaid=st.booleans(),
)
