"""Calls that somebody hands on after he asked, or wanted to ask, another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.model.dialling import Leg, Target, answer, part, refuse, ring
from tests.model.exchange import Bridge, Channel, Exchange, about
from tests.model.onward import Announced, beginning
from tests.model.plans import SECONDS
from tests.scenarios.truth import Call

#: Seconds from when a telephone holds one until it calls the other one.
DIALS = 0.1


@dataclass(frozen=True)
class Asked(Announced):
    """A call in which a telephone holds the other one, and calls a third one."""

    #: Who asks: ``caller`` or ``callee``.
    by: str = "callee"
    to: str = "240"
    number: str = "240"
    ring: float = 0.5
    #: Seconds of the talk with the one who is asked.
    asks: float = 0.6
    #: ``transferred`` after he answered or while it ``rings``, ``alone`` if he is not handed it,
    #: ``refused`` if he is busy.
    outcome: str = "transferred"
    after: float = 0.7
    #: Who ends it: who is ``left``, the ``other`` one, or ``pbx``.
    ended_by: str = "left"

    def goes_on(self, x: Exchange, caller: Channel, leg: Leg, truth: Call) -> list[Call]:
        """Let two talk, and one of them ask somebody else."""
        x.wait(self.talk)
        truth = replace(truth, cause=16)
        by, left = (caller, leg.phone) if self.by == "caller" else (leg.phone, caller)
        held = x.now
        x.tell("Hold", by)
        x.wait(DIALS)
        second = x.calls(by.device, self.number)
        (other,) = ring(x, second, [Target(self.to)])
        x.wait(self.ring)
        asked = replace(
            truth,
            call=second.uniqueid,
            caller=second.number,
            caller_device=f"{x.tech}/{second.device}",
            dialled=self.number,
            ring=self.ring,
            talk=self.asks,
            legs=2,
        )
        if self.outcome in ("transferred", "rings"):
            return [self._transferred(x, by, left, second, other, held, truth, caller)]
        if self.outcome == "refused":
            asked = self._refused(x, second, other, asked)
        else:
            asked = self._alone(x, second, other, asked)
        x.tell("Unhold", by)
        hold = x.now - held
        x.wait(self.after)
        first = {"left": left, "other": by, "pbx": caller}[self.ended_by]
        part(x, first, caller, leg, asked=self.ended_by != "pbx")
        side = "caller" if first is caller else "callee"
        return [
            replace(
                truth,
                hold=hold,
                talk=(truth.talk or 0.0) + self.talk + hold + self.after,
                hangup_by="pbx" if self.ended_by == "pbx" else side,
            ),
            asked,
        ]

    def _refused(self, x: Exchange, second: Channel, other: Leg, asked: Call) -> Call:
        """Let the one who is asked be busy; the dialplan plays the tone of that, and hangs up."""
        second.status = refuse(x, second, other, 486)
        x.becomes(second, "Busy")
        if x.version == 22:
            x.asks(second, 17)
            second.source = second.name
        x.softly(second)
        x.ends(second, 17)
        return replace(
            asked,
            answered_by=None,
            answered_device=None,
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            talk=None,
        )

    def _alone(self, x: Exchange, second: Channel, other: Leg, asked: Call) -> Call:
        """Let the one who is asked answer, and not be handed the call."""
        answer(x, second, [other], other)
        x.wait(self.asks)
        part(x, second, second, other)
        return replace(
            asked,
            answered_by=self.to,
            answered_device=f"{x.tech}/{self.to}",
            hangup_by="caller",
        )

    def _transferred(
        self,
        x: Exchange,
        by: Channel,
        left: Channel,
        second: Channel,
        other: Leg,
        held: float,
        truth: Call,
        caller: Channel,
    ) -> Call:
        """Let the one who asked put the other two together."""
        first_bridge = by.bridge
        assert first_bridge is not None
        if self.outcome == "rings":
            x.tell("Unhold", by)
            hold = x.now - held
            talk = self.talk + hold + self.after
            self._while_it_rings(x, by, left, second, other, first_bridge)
        else:
            target = answer(x, second, [other], other)
            x.wait(self.asks)
            x.tell("Unhold", by)
            x.tell("Unhold", second)
            hold = x.now - held
            talk = self.talk + hold + self.after
            self._after_asking(x, by, left, second, other, first_bridge, target)
        x.wait(self.after)
        first = other.phone if self.ended_by == "other" else left
        end(x, first, left, other.phone, caller, asked=self.ended_by != "pbx")
        side = {"left": "caller" if left is caller else "callee", "other": "callee", "pbx": "pbx"}
        return replace(
            truth,
            hold=hold,
            talk=(truth.talk or 0.0) + talk,
            legs=truth.legs + 2,
            transfers=1,
            hangup_by=side[self.ended_by],
        )

    def _after_asking(
        self,
        x: Exchange,
        by: Channel,
        left: Channel,
        second: Channel,
        other: Leg,
        before: Bridge,
        target: Bridge,
    ) -> None:
        told = {
            **about("secondtransferer", second),
            **about("transferee", left),
            **about("transfertarget", other.phone),
            "origbridgeuniqueid": before.uniqueid,
            "secondbridgeuniqueid": target.uniqueid,
            "desttype": "Bridge",
            "destbridgeuniqueid": target.uniqueid,
        }
        written = {
            "bridge1_id": before.uniqueid,
            "channel2_name": second.name,
            "channel2_uniqueid": second.uniqueid,
            "bridge2_id": target.uniqueid,
            "transferee_channel_name": left.name,
            "transferee_channel_uniqueid": left.uniqueid,
            "transfer_target_channel_name": other.phone.name,
            "transfer_target_channel_uniqueid": other.phone.uniqueid,
        }
        x.leaves(left)
        x.leaves(second)
        x.records.meets(left, other.phone, x.now)
        x.enters(target, left)
        if self.told_first:
            _tell(x, by, told, written)
        x.leaves(by)
        if not self.told_first:
            _tell(x, by, told, written)
        x.ends(by, 16)
        x.ends(second, 16)

    def _while_it_rings(
        self,
        x: Exchange,
        by: Channel,
        left: Channel,
        second: Channel,
        other: Leg,
        before: Bridge,
    ) -> None:
        told = {
            **about("secondtransferer", second),
            **about("transferee", left),
            "origbridgeuniqueid": before.uniqueid,
            "desttype": "App",
            "destapp": "Dial",
        }
        written = {
            "bridge1_id": before.uniqueid,
            "channel2_name": second.name,
            "channel2_uniqueid": second.uniqueid,
            "app": "Dial",
            "transferee_channel_name": left.name,
            "transferee_channel_uniqueid": left.uniqueid,
            "transfer_target_channel_name": "N/A",
            "transfer_target_channel_uniqueid": "N/A",
        }
        if self.told_first:
            _tell(x, by, told, written)
        x.leaves(by)
        x.leaves(left)
        if not self.told_first:
            _tell(x, by, told, written)
        # They change places: who was left dials now, and the other one does what that one did.
        mine = (left.exten, left.application, left.data)
        left.exten, left.application, left.data = second.exten, second.application, second.data
        second.exten, second.application, second.data = mine
        x.ends(by, 16)
        x.softly(second)
        x.ends(second, 16)
        record = x.records.begin(left, x.now)
        record.peer = other.phone.name
        x.wait(self.ring)
        x.becomes(other.phone, "Up")
        x.dialled(left, other.phone, "ANSWER")
        left.status = "ANSWER"
        bridge = x.bridge()
        x.enters(bridge, other.phone)
        x.enters(bridge, left)


def _tell(x: Exchange, by: Channel, told: dict[str, Any], written: dict[str, Any]) -> None:
    x.tell("AttendedTransfer", None, result="Success", **about("origtransferer", by), **told)
    x.write("ATTENDEDTRANSFER", by, **written)


def end(
    x: Exchange, first: Channel, left: Channel, other: Channel, caller: Channel, *, asked: bool
) -> None:
    """End the talk of two whom a transfer put together; `first` hangs up, or is hung up."""
    if asked:
        x.asks(first, 16)
    source = first.name if asked else ""
    x.leaves(first)
    x.leaves(other if first is left else left)
    if left.application == "Dial":
        x.softly(left)
    for channel in (left, other):
        x.ends(channel, 16, source)


# --- drawn at random -----------------------------------------------------------------------------

asked = st.builds(
    Asked,
    **beginning,
    by=st.sampled_from(["caller", "callee"]),
    to=st.just("30"),
    number=st.sampled_from(["30", "907"]),
    ring=SECONDS,
    asks=SECONDS,
    outcome=st.sampled_from(["transferred", "transferred", "rings", "alone", "refused"]),
    after=SECONDS,
    ended_by=st.sampled_from(["left", "other", "pbx"]),
    told_first=st.booleans(),
)
