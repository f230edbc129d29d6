"""Channels that a manager puts together."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

#: 2222 calls 200.
PAIR = Call(
    caller="2222",
    dialled="200",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=4,
)


def _pair(stage: Stage, caller: str, callee: str) -> tuple[Leg, Leg]:
    call = stage.calls(caller, callee)
    bell = stage.rings(callee)
    bell.answer()
    call.wait("up")
    return call, bell


@scenario
def two_calls_are_bridged_by_the_manager(stage: Stage) -> list[Call]:
    call, bell = _pair(stage, "2222", "200")
    begun = stage.now()
    other, third = _pair(stage, "30", "240")
    stage.pause(0.7)
    stage.action("Bridge", Channel1=stage.channel("2222"), Channel2=stage.channel("240"))
    bell.wait("over")
    other.wait("over")
    stage.pause(0.9)
    call.hang_up()
    third.wait("over")
    return [replace(PAIR, ring=0.0, talk=stage.now() - begun)]


@scenario
def both_are_redirected_into_a_conference(stage: Stage) -> list[Call]:
    call, bell = _pair(stage, "2222", "200")
    begun = stage.now()
    stage.pause(0.7)
    stage.action(
        "Redirect",
        Channel=stage.channel("2222"),
        Exten="620",
        Context="phones",
        Priority="1",
        ExtraChannel=stage.channel("200"),
        ExtraExten="620",
        ExtraContext="phones",
        ExtraPriority="1",
    )
    stage.pause(1.2)
    talk = stage.now() - begun
    call.hang_up()
    stage.pause(0.3)
    bell.hang_up()
    return [
        replace(
            PAIR, ring=0.0, talk=talk, legs=2, conference="room", hangup_by="callee", tolerance=0.6
        )
    ]
