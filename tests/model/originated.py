"""Calls that a manager originates: who is rung first, and what is then dialled for him."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.model.dialling import Leg, Target
from tests.model.exchange import TELEPHONES, Bridge, Channel, Exchange, dest
from tests.model.plans import SECONDS, Plan, plans, walk
from tests.model.queues import Waiting, queued
from tests.scenarios.truth import Call

#: The number and the name that a manager may give.
BELL = ("777", "Bell")
SOURCES = ("2222", "300")
_OUTGOING = "AppDial2"


@dataclass(frozen=True)
class Click:
    """An Originate: a telephone rings, perhaps behind a Local channel, and somebody is dialled."""

    source: Target
    #: What the dialplan does with whoever answers there.
    plan: Plan
    ring: float = 0.5
    #: ``answered``, ``refused``, ``timeout``.
    outcome: str = "answered"
    #: The caller id that the manager gives, if it is another one than the telephone's.
    shows: tuple[str, str] | None = None
    #: Whether the manager is told of its success before the channel is up.
    responds_first: bool = False
    #: Whether the second half of a Local channel hears whom the first one is connected to before it
    #: is in a bridge, or at its end.
    hears_early: bool = False
    #: Whether the second half of a Local channel that takes itself away is asked to hang up.
    asks_two: bool = False

    def play(self, x: Exchange) -> list[Call]:
        """Let it take place, and tell the truth about it."""
        x.moves_caller, x.outer_first = self.plan.moves_caller, self.plan.outer_first
        played = _AtTelephone(x, self) if not self.source.local else _ByLocal(x, self)
        return [played.play()]

    def by_chance(self) -> Sequence[Click]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        return [
            replace(self, plan=plan, responds_first=responds, hears_early=hears, asks_two=asks)
            for plan in self.plan.by_chance()
            for responds, hears, asks in product((False, True), repeat=3)
        ]


class _AtTelephone:
    """The Originate of a telephone."""

    def __init__(self, x: Exchange, click: Click) -> None:
        self.x, self.click = x, click
        self.number, self.name = click.shows or TELEPHONES[click.source.device]

    def play(self) -> Call:
        """Ring the telephone, and let who answers walk the dialplan."""
        x, click = self.x, self.click
        phone = x.new(f"{x.tech}/{click.source.device}", "s")
        self._called_out(phone)
        if x.version == 16:
            phone.exten = ""
        if phone.number != self.number:
            x.identify(phone, self.number, self.name)
        phone.ani = phone.number
        x.tell("DialBegin", None, **dest(phone))
        x.becomes(phone, "Ringing")
        x.wait(click.ring)
        truth = _truth(self.x, phone, phone, click)
        if click.outcome != "answered":
            return self._in_vain(phone, truth)
        self._comes_up(phone)
        (truth,) = walk(x, click.plan, phone, truth)
        return truth

    def _called_out(self, channel: Channel) -> None:
        channel.outgoing = channel.application = _OUTGOING
        channel.data = "(Outgoing Line)"
        self.x.records.begin(channel, self.x.now)

    def _comes_up(self, channel: Channel) -> None:
        if self.click.responds_first:
            self._responds("Success", channel)
        self.x.becomes(channel, "Up")
        if not self.click.responds_first:
            self._responds("Success", channel)
        self.x.tell("DialEnd", None, **dest(channel), dialstatus="ANSWER")
        channel.exten = self.click.plan.exten

    def _responds(self, response: str, channel: Channel | None = None) -> None:
        reasons = {"answered": 4, "timeout": 3, "refused": 5}
        self.x.tell(
            "OriginateResponse",
            channel,
            response=response,
            reason=str(reasons[self.click.outcome]),
            calleridnum=self.number,
            calleridname=self.name,
            exten=self.click.plan.exten,
            linkedid=None,
            channelstatedesc=None,
        )

    def _in_vain(self, phone: Channel, truth: Call) -> Call:
        x, refused = self.x, self.click.outcome == "refused"
        cause = 17 if refused else 16 if x.version == 16 else 19
        if refused:
            if x.version == 22:
                x.asks(phone, cause)
                phone.source = phone.name
            x.tell("DialEnd", None, **dest(phone), dialstatus="BUSY")
        phone.records[0].disposition = "BUSY" if refused else "NO ANSWER"
        self._responds("Failure")
        x.ends(phone, cause)
        return _nobody(truth, "BUSY" if refused else "NO ANSWER", cause)


class _ByLocal(_AtTelephone):
    """The Originate of a Local channel, behind which a telephone is rung."""

    leg: Leg
    bridge: Bridge | None = None
    over = False

    def play(self) -> Call:
        """Ring the telephone, and let the Local channel walk the dialplan for who answers."""
        x, click = self.x, self.click
        device = click.source.device
        name = f"Local/{device}@phones-{x.next('local'):08x}"
        one = x.new(f"{name};1", device, named=False)
        two = x.new(f"{name};2", device, of=one, state="Ring")
        self._called_out(one)
        for half in (one, two):
            x.identify(half, self.number, self.name)
        one.ani = self.number
        x.records.begin(two, x.now)
        x.tell("DialBegin", None, **dest(one))
        x.executes(two, "Dial", f"{x.tech}/{device},30,tT")
        phone = x.new(f"{x.tech}/{device}", "s", of=two)
        self.leg = Leg(click.source, phone, one, two)
        x.dials(two, phone)
        x.becomes(phone, "Ringing")
        known = (one.number, one.caller_name) == (phone.number, phone.caller_name)
        one.number = phone.number
        x.becomes(one, "Ringing")
        if not known:
            x.identify(one, phone.number, phone.caller_name)
        x.wait(click.ring)
        truth = _truth(self.x, one, phone, click)
        if click.outcome != "answered":
            return self._vain(one, two, truth)
        x.becomes(phone, "Up")
        x.dialled(two, phone, "ANSWER")
        two.status = "ANSWER"
        x.becomes(two, "Up")
        self._comes_up(one)
        one.behind = self
        if not click.hears_early:
            self._meet()
        (truth,) = walk(x, click.plan, one, truth)
        return truth

    def _vain(self, one: Channel, two: Channel, truth: Call) -> Call:
        x, phone = self.x, self.leg.phone
        self._responds("Failure")
        if self.click.outcome == "refused":
            if x.version == 22:
                x.asks(phone, 17)
                phone.source = phone.name
            x.dialled(two, phone, "BUSY")
            x.ends(phone, 17)
            two.status = "BUSY"
            x.becomes(two, "Busy")
            x.tell("DialEnd", None, **dest(one), dialstatus="BUSY")
            one.records[0].disposition = "BUSY"
            x.asks(two, 0)
            x.ends(one, 0)
            x.softly(two)
            x.ends(two, 17)
            return _nobody(truth, "BUSY", 17)
        cause = 0 if x.version == 16 else 19
        one.records[0].disposition = "FAILED" if x.version == 16 else "NO ANSWER"
        x.asks(two, cause)
        x.ends(one, cause)
        two.status = "CANCEL"
        x.dialled(two, phone, "CANCEL")
        x.ends(phone, cause or 16)
        x.softly(two)
        x.ends(two, cause)
        return _nobody(truth, "NO ANSWER", cause or 16)

    # --- what the Local channel's other half does ----------------------------------------------

    def hears(self, x: Exchange) -> None:
        """Hear that somebody rings, if nothing was heard before."""
        if self.bridge is None:
            one, two, _ = self._halves
            self._knows(one, two)
            self._meet()

    def _meet(self) -> None:
        _, two, phone = self._halves
        self.bridge = self.x.bridge()
        self.x.enters(self.bridge, phone)
        self.x.enters(self.bridge, two)

    def hangs_up(self, x: Exchange) -> None:
        """Hang up at the telephone, and let the Local channel hear of it."""
        one, two, phone = self._halves
        self.over = True
        self.hears(x)
        self._knows(one, two)
        x.asks(phone, 16)
        x.leaves(phone)
        x.leaves(two)
        x.softly(two)
        x.asks(one, 16)
        x.ends(two, 16, phone.name)
        x.ends(phone, 16, phone.name)

    def is_connected(self, x: Exchange, left: Callable[[], None]) -> None:
        """Let the Local channel take itself away; which side moves is a matter of chance."""
        if self.leg.target.local != "goes":
            return
        one, two, phone = self._halves
        inner, outer = two.bridge, one.bridge
        assert inner is not None and outer is not None
        (callee,) = (other for other in outer.channels if other is not one)
        told = {"local_two": two.name, "local_two_uniqueid": two.uniqueid}
        self.over = True
        x.wait(0.05)
        if x.version == 22:
            x.write("LOCAL_OPTIMIZE_BEGIN", one, **told)
        if x.moves_caller:
            x.leaves(callee)
            x.records.meets(callee, phone, x.now)
            self._knows(one, two)
            x.leaves(two)
            x.enters(inner, callee)
            x.write("LOCAL_OPTIMIZE", one, **told)
            x.leaves(one)
        else:
            x.leaves(phone)
            x.leaves(one)
            x.records.meets(phone, callee, x.now)
            x.enters(outer, phone)
            x.write("LOCAL_OPTIMIZE", one, **told)
            self._knows(one, two)
        x.asks(two if self.click.asks_two else one, 16)
        left()
        x.softly(one)
        x.ends(one, 16)
        if two.bridge is not None:
            x.leaves(two)
        x.softly(two)
        x.ends(two, 16)
        one.new_holder = phone

    def is_left(self, x: Exchange, cause: int) -> None:
        """Go, as the Local channel is gone."""
        if self.over:
            return
        one, two, phone = self._halves
        self.hears(x)
        self._knows(one, two)
        x.asks(two, cause)
        x.leaves(two)
        x.softly(two)
        x.ends(two, cause)
        x.leaves(phone)
        x.ends(phone, cause)

    @property
    def _halves(self) -> tuple[Channel, Channel, Channel]:
        one, two = self.leg.one, self.leg.two
        assert one is not None and two is not None
        return one, two, self.leg.phone

    def _knows(self, one: Channel, two: Channel) -> None:
        """Let the other half know whom the first one is connected to, now that it is told."""
        if one.connected is not None and one.connected != (two.number, two.caller_name):
            self.x.identify(two, *one.connected)


def _truth(x: Exchange, channel: Channel, phone: Channel, click: Click) -> Call:
    return Call(
        caller=channel.number,
        caller_device=f"{x.tech}/{click.source.device}",
        dialled=click.plan.exten,
        disposition="FAILED",
        answered_device=None,
        hangup_by="pbx",
        legs=1,
        ring=click.ring,
        call=channel.uniqueid,
        tolerance=0.06,
    )


def _nobody(truth: Call, disposition: str, cause: int) -> Call:
    return replace(truth, dialled=None, disposition=disposition, cause=cause)


# --- drawn at random -----------------------------------------------------------------------------


def _straight(plan: Plan) -> Plan:
    """Let whoever is dialled ring without a Local channel of his own, if the source has one.

    Nor does an agent end the talk: Asterisk logs it as ended by what took itself away.
    """
    waits = any(isinstance(step, Waiting) for step in plan.tries)
    return replace(
        plan,
        tries=tuple(_without_local(step) for step in plan.tries),
        hangs_up="caller" if waits else plan.hangs_up,
    )


def _without_local(step: Any) -> Any:
    """Take the Local channels away from a step, whatever is in it."""
    if isinstance(step, Target):
        return replace(step, local="")
    if isinstance(step, tuple):
        return tuple(_without_local(each) for each in step)
    if is_dataclass(step) and not isinstance(step, type):
        return replace(
            step,
            **{each.name: _without_local(getattr(step, each.name)) for each in fields(step)},
        )
    return step


_walks = st.one_of(plans, queued).filter(lambda plan: plan.tries or plan.menu is not None)


@st.composite
def _clicks(draw: st.DrawFn) -> Click:
    local = draw(st.sampled_from(["", "stays", "goes"]))
    plan = replace(draw(_walks), shows=None)
    return Click(
        Target(draw(st.sampled_from(SOURCES)), local),
        _straight(plan) if local == "goes" else plan,
        ring=draw(SECONDS),
        outcome=draw(st.sampled_from(["answered", "answered", "answered", "refused", "timeout"])),
        shows=draw(st.none() | st.just(BELL)),
        responds_first=draw(st.booleans()),
        hears_early=draw(st.booleans()),
        asks_two=draw(st.booleans()),
    )


clicks = _clicks()
