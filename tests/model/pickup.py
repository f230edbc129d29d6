"""Calls that another telephone picks up while they ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.model.dialling import Leg, drop
from tests.model.exchange import Channel, Exchange, about
from tests.model.onward import tries
from tests.model.plans import SECONDS, SHOWN, Plan, Played, Try
from tests.scenarios.truth import Call

#: Seconds that Asterisk takes to connect who picks a call up, for it answers his channel first.
ANSWERS = 0.1


@dataclass(frozen=True)
class PickedUp(Plan):
    """A call whose last dial is answered by a telephone that was not called."""

    by: str = "30"

    def comes_of(
        self, x: Exchange, each: Try, caller: Channel, legs: Sequence[Leg], truth: Call
    ) -> Played:
        """Let another telephone take what rings."""
        if each.outcome != "answered":
            return super().comes_of(x, each, caller, legs, truth)
        taken = legs[each.winner].phone
        fetching = x.calls(self.by, "920")
        x.executes(fetching, "PickupChan", f"{x.tech}/{taken.device}")
        x.becomes(fetching, "Up")
        x.wait(ANSWERS)
        x.write(
            "PICKUP", taken, pickup_channel=fetching.name, pickup_channel_uniqueid=fetching.uniqueid
        )
        x.tell("Pickup", fetching, **about("target", taken))
        # They change places: the telephone's own channel is now in the other one's dialplan.
        fetching.exten, taken.exten = taken.exten, fetching.exten
        fetching.application, fetching.data = taken.application, taken.data
        fetching.records.clear()
        x.records.picked_up(caller, taken, single=len(legs) == 1, now=x.now)
        for leg in legs:
            if leg.phone is not taken:
                drop(x, caller, leg, "CANCEL", 26)
        x.dialled(caller, fetching, "ANSWER")
        caller.status = "ANSWER"
        taken.application = taken.data = ""
        x.ends(taken, 26)
        if caller.state != "Up":
            x.becomes(caller, "Up")
        bridge = x.bridge()
        x.enters(bridge, fetching)
        x.records.meets(caller, fetching, x.now)
        x.enters(bridge, caller)
        truth = replace(
            truth,
            disposition="ANSWERED",
            answered_by=self.by,
            answered_device=f"{x.tech}/{self.by}",
            ring=each.ring + ANSWERS,
            legs=truth.legs + 1,
        )
        leg = Leg(legs[each.winner].target, fetching)
        truth, *more = self.goes_on(x, caller, leg, truth)
        return True, truth, *more


picked_up = st.builds(
    PickedUp,
    caller=st.sampled_from(["2222", "72"]),
    exten=st.sampled_from(["901", "5551234"]),
    tries=tries(),
    talk=SECONDS,
    moves_caller=st.booleans(),
    two_first=st.booleans(),
    unsaid=st.booleans(),
    hangs_up=st.sampled_from(["caller", "callee", "pbx"]),
    menu=st.none() | SECONDS,
    shows=st.none() | st.just(SHOWN),
    by=st.sampled_from(["30", "300"]),
)
