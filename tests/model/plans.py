"""What is to take place: plans of calls, drawn at random, and how a switchboard plays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

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


@dataclass(frozen=True)
class Plan:
    """A call of a telephone that dials a number."""

    caller: str
    exten: str
    tries: tuple[Try, ...]
    talk: float = 1.0
    hangs_up: str = "caller"
    #: Seconds of a menu that answers before anything is dialled; none without one.
    menu: float | None = None
    shows: str | None = None
    #: What the dialplan does when nobody answered: ``hangup``, ``mailbox``, ``nothing``.
    then: str = "hangup"
    moves_caller: bool = False
    two_first: bool = False
    unsaid: bool = False

    def play(self, x: Exchange) -> list[Call]:
        """Let the call take place, and tell the truth about it."""
        return _play(x, self)

    def by_chance(self) -> list[Self]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        return [
            replace(self, moves_caller=moves, two_first=two, unsaid=unsaid)
            for moves, two, unsaid in product((False, True), repeat=3)
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
    x.moves_caller, x.two_first, x.unsaid = plan.moves_caller, plan.two_first, plan.unsaid
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
    if plan.shows is not None:
        x.executes(caller, "Set", f"CALLERID(num)={plan.shows}")
        x.identify(caller, plan.shows)
    if plan.menu is not None:
        x.executes(caller, "Answer")
        x.becomes(caller, "Up")
        x.executes(caller, "Wait", f"{plan.menu}")
        x.wait(plan.menu)
    for each in plan.tries:
        legs = ring(x, caller, each.targets)
        truth = replace(truth, legs=truth.legs + len(legs))
        x.wait(each.ring)
        over, truth, *more = plan.comes_of(x, each, caller, legs, truth)
        if over:
            return [truth, *more]
    return [_in_vain(x, plan, caller, truth)]


#: Whether the call is over, the truth about it, and other calls that were made meanwhile.
Played = tuple[bool, Call, *tuple[Call, ...]]


def _answered(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    winner = legs[each.winner]
    device = winner.target.device
    answer(x, caller, legs, winner)
    truth = replace(
        truth,
        disposition="ANSWERED",
        answered_by=device,
        answered_device=f"{x.tech}/{device}",
        ring=each.ring,
        talk=0.05 if winner.target.local == "goes" else 0.0,
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
    x.asks(caller, 127 if x.version == 22 and caller.state != "Up" else None)
    _give_up(x, caller, legs, caller.name)
    return True, replace(
        truth,
        disposition="CANCELLED",
        hangup_by="caller",
        cause=127 if x.version == 22 and plan.menu is None else 0,
        ring=max(truth.ring or 0.0, each.ring),
    )


def _ended(
    x: Exchange, plan: Plan, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
) -> Played:
    _give_up(x, caller, legs, "")
    return True, replace(
        truth, disposition="CANCELLED", cause=0, ring=max(truth.ring or 0.0, each.ring)
    )


def _give_up(x: Exchange, caller: Channel, legs: Sequence[Leg], source: str) -> None:
    unheard = 127 if x.version == 22 and source and caller.state != "Up" else 0
    for leg in legs:
        drop(x, caller, leg, "CANCEL", unheard or 16)
    caller.status = "CANCEL"
    x.softly(caller)
    x.ends(caller, unheard, source)


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
        x.asks(caller)
        x.softly(caller)
        x.ends(caller, 0, caller.name)
        return replace(truth, disposition="VOICEMAIL", hangup_by="caller", cause=0)
    cause = truth.cause
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
tries = st.one_of(
    st.just(()),
    st.tuples(_last(ENDS)),
    st.tuples(in_vain, _last(ENDS)),
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
    two_first=st.booleans(),
    unsaid=st.booleans(),
)
