"""Two people who talk."""

from __future__ import annotations

from tests.scenarios.play import scenario
from tests.scenarios.stage import OUTSIDE, Stage
from tests.scenarios.truth import Call


@scenario
def answered_and_the_caller_hangs_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(1.5)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


@scenario
def answered_and_the_callee_hangs_up(stage: Stage) -> list[Call]:
    call = stage.calls("30", "240")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(1.2)
    bell.hang_up()
    call.wait("over")
    return [
        Call(
            caller="30",
            dialled="240",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


@scenario
def on_hold_for_a_while(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.5)
    bell.hold()
    hold = stage.pause(1.0)
    bell.resume()
    talk += stage.pause(0.4)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk + hold,
            hold=hold,
            direct=True,
        )
    ]


@scenario
def hung_up_by_the_manager(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.8)
    stage.action("Hangup", Channel=stage.channel("2222"))
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="pbx",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


@scenario
def out_over_the_trunk(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "00897654321")
    bell = stage.rings("trunk")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="00897654321",
            answered_by="trunk",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
            direction="outbound",
            direct=True,
        )
    ]


@scenario
def in_over_the_trunk(stage: Stage) -> list[Call]:
    stage.calls("trunk", "493098765")
    bell = stage.rings("200")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    return [
        Call(
            caller=OUTSIDE,
            dialled="493098765",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
            direction="inbound",
            direct=True,
        )
    ]
