"""Calls that somebody hands on without asking, and what becomes of them then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from hypothesis import strategies as st

from tests.model.dialling import REFUSALS, Leg, Target, answer, drop, part, refuse, ring
from tests.model.exchange import Bridge, Channel, Exchange, about
from tests.model.plans import CALLERS, SECONDS, SHOWN, Plan, Try, in_vain
from tests.scenarios.truth import Call

#: The telephone that a call is handed on to in most recordings.
_HALL = Target("240")


@dataclass(frozen=True)
class Announced(Plan):
    """A call that goes on elsewhere, which Asterisk announces."""

    #: Whether it does so before the channels have left where they were.
    told_first: bool = False

    def by_chance(self) -> list[Self]:
        """Return the ways in which it may take place, where that is a matter of chance."""
        return [
            replace(one, told_first=first) for one in super().by_chance() for first in (False, True)
        ]


@dataclass(frozen=True)
class Handed(Announced):
    """A call that the telephone of one who talks hands on to another telephone by a REFER."""

    #: Who hands it on: ``caller`` or ``callee``.
    by: str = "callee"
    to: Target = _HALL
    number: str = "240"
    ring: float = 0.5
    #: What comes of the other dial: ``answered``, ``refused``, ``timeout``, ``cancelled``.
    outcome: str = "answered"
    code: int = 486
    after: float = 0.7
    #: Who ends it: who is ``left``, the ``other`` one, or ``pbx``.
    ended_by: str = "left"

    def goes_on(self, x: Exchange, caller: Channel, leg: Leg, truth: Call) -> list[Call]:
        """Let two talk, and one of them hand the other one on."""
        x.wait(self.talk)
        truth = replace(truth, talk=(truth.talk or 0.0) + self.talk, transfers=1, cause=16)
        by, left = (caller, leg.phone) if self.by == "caller" else (leg.phone, caller)
        bridge = by.bridge
        assert bridge is not None
        x.tell("Unhold", by)
        if self.told_first:
            tell(x, by, left, bridge, self.number)
        if by is caller:
            x.leaves(by)
            left.exten = self.number
            x.leaves(left)
        else:
            left.exten = self.number
            x.leaves(left)
            x.leaves(by)
        if not self.told_first:
            tell(x, by, left, bridge, self.number)
        x.ends(by, 16)
        left.sent_on = left is leg.phone
        side = {"left": "caller" if left is caller else "callee", "other": "callee", "pbx": "pbx"}
        (other,) = ring(x, left, [self.to])
        x.wait(self.ring)
        truth = replace(truth, legs=truth.legs + 1)
        if self.outcome == "answered":
            answer(x, left, [other], other)
            x.wait(self.after)
            first = other.phone if self.ended_by == "other" else left
            part(x, first, left, other, asked=self.ended_by != "pbx")
            talk = (truth.talk or 0.0) + self.after + (0.05 if self.to.local else 0.0)
            return [replace(truth, talk=talk, hangup_by=side[self.ended_by])]
        cause, source, ended_by = self._in_vain(x, left, other)
        x.softly(left)
        x.ends(left, cause, source)
        if left is caller:
            truth = replace(truth, cause=cause)
        return [replace(truth, hangup_by=side[ended_by])]

    def _in_vain(self, x: Exchange, left: Channel, other: Leg) -> tuple[int, str, str]:
        """Let the other telephone not answer; return who is hung up how, and who ended that."""
        if self.outcome == "cancelled":
            x.asks(left, 16)
            drop(x, left, other, "CANCEL", 16)
            return 16, left.name, "left"
        if self.outcome == "timeout":
            drop(x, left, other, "NOANSWER", 16 if x.version == 16 else 0)
            return _hung_up(x, left, 16)
        refuse(x, left, other, self.code)
        cause = 16 if self.to.local else REFUSALS[self.code][x.version][2]
        if self.then == "hangup":
            return _hung_up(x, left, cause)
        x.wait(self.after)  # whoever is left hears that it is busy
        x.asks(left, cause)
        return cause, left.name, "left"


def _hung_up(x: Exchange, left: Channel, cause: int) -> tuple[int, str, str]:
    x.executes(left, "Hangup")
    return cause, "dialplan/builtin", "pbx"


def tell(x: Exchange, by: Channel, left: Channel, bridge: Bridge, number: str) -> None:
    """Tell of a blind transfer."""
    x.tell(
        "BlindTransfer",
        None,
        result="Success",
        bridgeuniqueid=bridge.uniqueid,
        extension=number,
        isexternal="Yes",
        **about("transferer", by),
        **about("transferee", left),
    )
    x.write(
        "BLINDTRANSFER",
        by,
        extension=number,
        context="phones",
        bridge_id=bridge.uniqueid,
        transferee_channel_name=left.name,
        transferee_channel_uniqueid=left.uniqueid,
    )


# --- drawn at random -----------------------------------------------------------------------------

#: Whoever hands a call on is connected without Local channels: with one that stays, a REFER hands
#: on the half that is in the telephone's bridge, and that was never recorded.
connected = st.builds(
    Try,
    st.lists(
        st.builds(Target, st.sampled_from(["200", "71", "240"])),
        min_size=1,
        max_size=2,
        unique_by=lambda target: target.device,
    ).map(tuple),
    SECONDS,
    st.just("answered"),
)


def tries() -> st.SearchStrategy[Sequence[Try]]:
    """Draw dials of which the last one is answered."""
    return st.one_of(st.tuples(connected), st.tuples(in_vain, connected))


#: What is drawn of each call that goes on elsewhere, up to where it does.
beginning: dict[str, st.SearchStrategy[Any]] = {
    "caller": st.sampled_from(CALLERS),
    "exten": st.sampled_from(["901", "5551234"]),
    "tries": tries(),
    "talk": SECONDS,
    "moves_caller": st.booleans(),
    "two_first": st.booleans(),
    "unsaid": st.booleans(),
    "menu": st.none() | SECONDS,
    "shows": st.none() | st.just(SHOWN),
}
handed = st.builds(
    Handed,
    **beginning,
    then=st.sampled_from(["hangup", "nothing"]),
    by=st.sampled_from(["caller", "callee"]),
    to=st.builds(Target, st.just("30"), st.sampled_from(["", "goes"])),
    number=st.sampled_from(["30", "907"]),
    ring=SECONDS,
    outcome=st.sampled_from(["answered", "answered", "refused", "timeout", "cancelled"]),
    after=SECONDS,
    ended_by=st.sampled_from(["left", "other", "pbx"]),
    told_first=st.booleans(),
)
