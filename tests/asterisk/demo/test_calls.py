"""The demo tells of the same calls by the same events as a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asterisk.demo.comparison import compare, on_both, stories
from tests.support.demo_stage import Stage, Wire, hang_up, originate


def answered_and_hung_up_by_caller(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.3)
    stage.calls("240", "2222", seconds=0.5)
    wire.wait("Hangup", count=2)


def hung_up_by_callee(stage: Stage, wire: Wire) -> None:
    stage.answers("30", 0.3, seconds=0.5)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def busy(stage: Stage, wire: Wire) -> None:
    stage.refuses("30", 486)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def declined(stage: Stage, wire: Wire) -> None:
    stage.refuses("30", 603)
    stage.calls("240", "30")
    wire.wait("Hangup", count=2)


def nobody_there(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "999")
    wire.wait("Hangup")


def hung_up_by_manager_while_ringing(stage: Stage, wire: Wire) -> None:
    stage.rings("30")
    stage.calls("240", "30")
    wire.wait("DialState")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def call_from_the_door(stage: Stage, wire: Wire) -> None:
    stage.answers("200", 0.3)
    stage.answers("240", 0.3)
    originate(
        wire,
        Channel=f"{stage.tech}/200",
        Exten="240",
        Context="door",
        Priority=1,
        CallerID="Door <100>",
        Variable=["a=1", "b=2"],
    )
    wire.wait("BridgeEnter", count=2)
    wire.listen(0.2)
    hang_up(wire, stage, "200")
    wire.wait("Hangup", count=2)


def source_does_not_answer(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    originate(
        wire,
        Channel=f"{stage.tech}/200",
        Exten="240",
        Context="door",
        Priority=1,
        Timeout=700,
    )
    wire.wait("Hangup")


def source_is_busy(stage: Stage, wire: Wire) -> None:
    stage.refuses("200", 486)
    originate(
        wire, Channel=f"{stage.tech}/200", Exten="240", Context="door", Priority=1, Timeout=5000
    )
    wire.wait("Hangup")


def no_such_device(stage: Stage, wire: Wire) -> None:
    originate(wire, Channel=f"{stage.tech}/none", Exten="240", Context="door", Priority=1)
    wire.wait("OriginateResponse")


def local_to_a_telephone(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.3)
    originate(
        wire,
        Channel="Local/2222@home/n",
        Exten="600",
        Context="phones",
        Priority=1,
        CallerID='"Smith, John" <5551>',
    )
    wire.wait("BridgeEnter", count=2)
    wire.listen(0.3)
    hang_up(wire, stage, "2222")
    wire.wait("Hangup", count=3)


def local_to_nowhere(stage: Stage, wire: Wire) -> None:
    originate(wire, Channel="Local/999@nocontext", Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup", count=2)


def message_is_left(stage: Stage, wire: Wire) -> None:
    originate(
        wire,
        Channel="Local/601@phones/n",
        Exten="*22",
        Context="phones",
        Priority=1,
        CallerID='"Smith, John" <5551>',
    )
    wire.wait("MessageWaiting")
    wire.wait("Hangup", count=2)


def button_is_pressed(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "801")
    wire.wait("Hangup")


def two_meet_in_a_conference(stage: Stage, wire: Wire) -> None:
    stage.calls("30", "620", seconds=3.0)
    wire.wait("ConfbridgeJoin")
    stage.calls("240", "620")
    channel = wire.wait("ConfbridgeJoin", count=2)["Channel"]
    wire.ask(Action="ConfbridgeMute", Conference="room", Channel=channel)
    wire.ask(Action="ConfbridgeUnmute", Conference="room", Channel=channel)
    wire.ask(Action="ConfbridgeKick", Conference="room", Channel=channel)
    wire.wait("Hangup", count=2)


def queue_is_answered(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    stage.answers("240", 0.5)
    stage.calls("30", "610", seconds=2.0)
    wire.wait("AgentComplete")
    wire.wait("Hangup", count=3)


def queue_is_abandoned(stage: Stage, wire: Wire) -> None:
    stage.rings("200")
    stage.rings("240")
    stage.calls("30", "610", seconds=1.5)
    wire.wait("QueueCallerAbandon")
    wire.wait("Hangup", count=3)


def parked_and_fetched(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    caller = wire.wait("DialBegin")["Channel"]
    wire.ask(Action="Park", Channel=caller)
    wire.wait("Hangup")
    wire.listen(0.3)
    originate(wire, Channel="Local/600@phones/n", Exten="701", Context="parkedcalls", Priority=1)
    wire.wait("UnParkedCall")
    wire.listen(0.5)
    wire.ask(Action="Hangup", Channel=caller)
    wire.wait("Hangup", count=4)


def parked_and_given_up(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "700", seconds=1.5)
    wire.wait("ParkedCall")
    wire.wait("Hangup")


def parked_for_too_long(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="Park", Channel=callee, Timeout=1200)
    wire.wait("ParkedCallTimeOut")
    wire.wait("DialEnd", count=2)
    wire.listen(0.3)
    hang_up(wire, stage, "2222")
    wire.wait("Hangup", count=3)


def redirected_caller(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    caller = wire.wait("DialBegin")["Channel"]
    wire.ask(Action="Redirect", Channel=caller, Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def redirected_callee(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="Redirect", Channel=callee, Exten="600", Context="phones", Priority=1)
    wire.wait("Hangup")
    wire.listen(0.2)
    wire.ask(Action="Hangup", Channel=callee)
    wire.wait("Hangup", count=2)


def blindly_transferred(stage: Stage, wire: Wire) -> None:
    stage.answers("2222", 0.2)
    stage.answers("30", 0.3)
    stage.calls("240", "2222")
    wire.wait("BridgeEnter", count=2)
    callee = wire.wait("DialBegin")["DestChannel"]
    wire.ask(Action="BlindTransfer", Channel=callee, Exten="30", Context="phones")
    wire.wait("BridgeEnter", count=4)
    wire.listen(0.2)
    hang_up(wire, stage, "30")
    wire.wait("Hangup", count=3)


def limited_in_time(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    wire.ask(Action="AbsoluteTimeout", Channel=channel, Timeout=1)
    wire.wait("Hangup")


def recorded(stage: Stage, wire: Wire) -> None:
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    for _ in range(2):
        wire.ask(Action="MixMonitor", Channel=channel, File="first.wav")
        wire.ask(Action="MixMonitor", Channel=channel, File="second.wav")
        wire.ask(Action="StopMixMonitor", Channel=channel)
        wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup")


def spy(stage: Stage, wire: Wire) -> None:
    stage.answers("30", 0.2)
    stage.calls("240", "600")
    channel = wire.wait("Newstate", ChannelStateDesc="Up")["Channel"]
    heard = {"Application": "ChanSpy", "Data": f"{channel},qESu", "CallerID": "Spy"}
    originate(wire, Channel=f"{stage.tech}/30", **heard)
    wire.wait("ChanSpyStart")
    wire.listen(0.6)


def listened_to(stage: Stage, wire: Wire) -> None:
    spy(stage, wire)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


def listened_to_for_a_while(stage: Stage, wire: Wire) -> None:
    spy(stage, wire)
    hang_up(wire, stage, "30")
    wire.wait("Hangup")
    wire.listen(0.2)
    hang_up(wire, stage, "240")
    wire.wait("Hangup", count=2)


SCENES = [
    answered_and_hung_up_by_caller,
    hung_up_by_callee,
    busy,
    declined,
    nobody_there,
    hung_up_by_manager_while_ringing,
    call_from_the_door,
    source_does_not_answer,
    source_is_busy,
    no_such_device,
    local_to_a_telephone,
    local_to_nowhere,
    message_is_left,
    button_is_pressed,
    two_meet_in_a_conference,
    queue_is_answered,
    queue_is_abandoned,
    parked_and_fetched,
    parked_and_given_up,
    parked_for_too_long,
    redirected_caller,
    redirected_callee,
    blindly_transferred,
    limited_in_time,
    recorded,
    listened_to,
    listened_to_for_a_while,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_same_calls_same_events(
    pair: tuple[Stage, Stage], scene: Callable[[Stage, Wire], None]
) -> None:
    def play(stage: Stage) -> dict[str, list[str]]:
        wire = Wire(stage.port)
        wire.listen(0.1)
        wire.events.clear()
        try:
            scene(stage, wire)
            wire.listen(0.4)
        finally:
            stage.clear()
        events = list(wire.events)
        wire.listen(0.2)
        return stories(events)

    compare(*on_both(pair, play))
