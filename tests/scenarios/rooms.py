"""Conferences: everybody in one is a call of his own."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

MET = Call(
    caller="2222",
    dialled="620",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=1,
    conference="room",
)


@scenario
def three_meet_in_a_conference(stage: Stage) -> list[Call]:
    first = stage.calls("2222", "620")
    first.wait("up")
    stage.pause(0.5)
    second = stage.calls("30", "620")
    second.wait("up")
    two = stage.pause(0.6)
    third = stage.calls("300", "620")
    third.wait("up")
    three = stage.pause(0.7)
    first.hang_up()
    rest = stage.pause(0.6)
    third.hang_up()
    stage.pause(0.4)
    second.hang_up()
    return [
        replace(MET, talk=two + three),
        replace(MET, caller="30", talk=two + three + rest),
        replace(MET, caller="300", talk=three + rest),
    ]


@scenario
def alone_in_a_conference(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "620")
    call.wait("up")
    stage.pause(0.8)
    call.hang_up()
    return [replace(MET, disposition="IVR")]
