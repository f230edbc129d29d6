"""Calls that are parked, and fetched, given up, or given back after a while."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.model.dialling import Leg, Target, answer, drop, part, ring
from tests.model.exchange import Bridge, Channel, Exchange, about
from tests.model.onward import Announced, beginning, tell
from tests.model.plans import CALLERS, SECONDS
from tests.scenarios.truth import Call

#: Seconds that a call may be parked.
PARKED_FOR = 3.0
#: Seconds that Asterisk takes to connect who fetches a call, for it answers his channel first.
ANSWERS = 0.1
#: Seconds that whoever was parked stays when who fetched him has left.
_STAYS = 1.03


@dataclass(frozen=True)
class Parked(Announced):
    """A call that the telephone that answered it parks; or the caller parks himself."""

    #: Seconds that the telephone hears the number of the place; none where nobody parks another.
    hears: float | None = 0.4
    #: Seconds that the call is parked from then on.
    waits: float = 0.5
    #: ``fetched``, ``given up``, or ``back`` with him who parked it, who may not answer: ``vain``.
    outcome: str = "fetched"
    by: str = "240"
    ring: float = 0.5
    after: float = 0.7
    #: Who ends it: who is ``left``, or the ``other`` one.
    ended_by: str = "left"
    #: Whether Asterisk tells of the transfer before the call has left its bridge.
    told_first: bool = True

    def play(self, x: Exchange) -> list[Call]:
        """Let the call take place, and tell the truth about it."""
        if self.hears is not None:
            return super().play(x)
        x.unsaid = self.unsaid
        caller = x.calls(self.caller, "700")
        x.executes(caller, "Park")
        x.becomes(caller, "Up")
        x.wait(ANSWERS)
        bridge = _parks(x, caller, f"{x.tech}/{self.caller}")
        truth = Call(
            caller=caller.number,
            caller_device=f"{x.tech}/{self.caller}",
            dialled="700",
            disposition="IVR",
            answered_device=None,
            hangup_by="caller",
            legs=1,
            call=caller.uniqueid,
            tolerance=0.06,
        )
        return [self._parked(x, caller, bridge, truth)]

    def goes_on(self, x: Exchange, caller: Channel, leg: Leg, truth: Call) -> list[Call]:
        """Let two talk, and the one who was called park the other one."""
        assert self.hears is not None
        x.wait(self.talk)
        truth = replace(truth, talk=(truth.talk or 0.0) + self.talk, transfers=1)
        before = leg.phone.bridge
        assert before is not None
        x.tell("Unhold", leg.phone)
        if self.told_first:
            tell(x, leg.phone, caller, before, "700")
        x.leaves(caller)
        if not self.told_first:
            tell(x, leg.phone, caller, before, "700")
        bridge = _parks(x, caller, f"{x.tech}/{leg.phone.device}")
        x.wait(self.hears)
        x.asks(leg.phone, 16)
        x.leaves(leg.phone)
        x.ends(leg.phone, 16, leg.phone.name)
        return [self._parked(x, caller, bridge, truth, leg.target.device)]

    def _parked(
        self, x: Exchange, caller: Channel, bridge: Bridge, truth: Call, parker: str = ""
    ) -> Call:
        if self.outcome == "given up":
            x.wait(self.waits)
            x.asks(caller, 16)
            _comes_back(x, caller, bridge, "ParkedCallGiveUp")
            x.softly(caller)
            x.ends(caller, 16, caller.name)
            return replace(truth, hangup_by="caller", cause=16)
        if self.outcome == "fetched":
            x.wait(self.waits)
            return self._fetched(x, caller, bridge, truth)
        return self._back(x, caller, bridge, truth, parker)

    def _fetched(self, x: Exchange, caller: Channel, bridge: Bridge, truth: Call) -> Call:
        fetching = x.calls(self.by, "701")
        x.executes(fetching, "ParkedCall", "default,701")
        x.becomes(fetching, "Up")
        x.wait(ANSWERS)
        x.tell("UnParkedCall", None, **about("parkee", caller), **about("retriever", fetching))
        x.write("PARK_END", caller, reason="ParkedCallUnparked", retriever=fetching.name)
        x.leaves(caller)
        x.records.parts(fetching, x.now)
        x.records.meets(caller, fetching, x.now)
        talking = x.bridge()
        x.enters(talking, caller)
        x.enters(talking, fetching)
        x.wait(self.after)
        first, other = (caller, fetching) if self.ended_by == "left" else (fetching, caller)
        x.asks(first, 16)
        x.leaves(first)
        x.softly(first)
        if first is fetching:
            x.ends(first, 16, first.name)
            x.wait(_STAYS)
        x.leaves(other)
        x.softly(other)
        for channel in (caller, fetching):
            if channel in x.channels:
                x.ends(channel, 16, first.name)
        answered = truth.disposition == "ANSWERED"
        return replace(
            truth,
            disposition="ANSWERED",
            answered_by=truth.answered_by if answered else self.by,
            answered_device=truth.answered_device if answered else f"{x.tech}/{self.by}",
            talk=(truth.talk or 0.0) + self.after,
            # Who parked himself rang nowhere.
            legs=truth.legs + 1,
            hangup_by="caller" if first is caller else "callee",
            cause=16,
        )

    def _back(self, x: Exchange, caller: Channel, bridge: Bridge, truth: Call, parker: str) -> Call:
        x.wait(PARKED_FOR)
        _comes_back(x, caller, bridge, "ParkedCallTimeOut", f"{x.tech}_{parker}")
        caller.context = "park-dial"
        (leg,) = ring(x, caller, [Target(parker)], "30")
        x.wait(self.ring)
        truth = replace(truth, legs=truth.legs + 1, cause=16)
        if self.outcome == "vain":
            x.asks(caller, 16)
            drop(x, caller, leg, "CANCEL", 16)
            x.softly(caller)
            x.ends(caller, 16, caller.name)
            return replace(truth, hangup_by="caller")
        answer(x, caller, [leg], leg)
        x.wait(self.after)
        part(x, caller if self.ended_by == "left" else leg.phone, caller, leg)
        return replace(
            truth,
            talk=(truth.talk or 0.0) + self.after,
            hangup_by="caller" if self.ended_by == "left" else "callee",
        )


def _parks(x: Exchange, channel: Channel, parker: str) -> Bridge:
    """Let a channel wait until somebody fetches it."""
    x.records.parks(channel, "default:701", x.now)
    x.tell(
        "ParkedCall",
        None,
        **about("parkee", channel),
        parkerdialstring=parker,
        parkinglot="default",
        parkingspace="701",
    )
    x.write("PARK_START", channel, parker_dial_string=parker, parking_lot="default")
    bridge = x.bridge("holding_bridge", "parking")
    x.enters(bridge, channel)
    return bridge


def _comes_back(
    x: Exchange, channel: Channel, bridge: Bridge, kind: str, exten: str | None = None
) -> None:
    """Let a channel leave its place without anybody who fetches it."""
    before, channel.exten = channel.exten, exten or channel.exten
    x.tell(kind, None, **about("parkee", channel))
    x.write("PARK_END", channel, reason=kind)
    channel.exten = before
    x.leaves(channel)
    channel.exten = exten or before


# --- drawn at random -----------------------------------------------------------------------------

parked = st.builds(
    Parked,
    **beginning,
    hears=SECONDS,
    waits=st.integers(1, 20).map(lambda tenths: tenths / 10),
    outcome=st.sampled_from(["fetched", "fetched", "given up", "back", "vain"]),
    by=st.sampled_from(["30", "240"]),
    ring=SECONDS,
    after=SECONDS,
    ended_by=st.sampled_from(["left", "other"]),
    told_first=st.booleans(),
)
parked_himself = st.builds(
    Parked,
    caller=st.sampled_from(CALLERS),
    exten=st.just("700"),
    tries=st.just(()),
    hears=st.none(),
    unsaid=st.booleans(),
    waits=SECONDS,
    outcome=st.sampled_from(["fetched", "given up"]),
    by=st.sampled_from(["30", "240"]),
    after=SECONDS,
    ended_by=st.sampled_from(["left", "other"]),
)
