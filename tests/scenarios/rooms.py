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


@scenario
def transferred_into_a_conference_after_asking(stage: Stage) -> list[Call]:
    """30 is in the conference; 200, whom 2222 called, looks in and hands 2222 over."""
    host = stage.calls("30", "620")
    host.wait("up")
    stage.pause(0.5)
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "620")
    asked.wait("up")
    together = stage.pause(0.7)
    hold += together
    bell.refer_to(asked)
    asked.wait("over")
    after = stage.pause(0.9)
    call.hang_up()
    stage.pause(0.4)
    host.hang_up()
    return [
        replace(MET, caller="30", talk=together + after),
        replace(
            MET,
            dialled="200",
            answered_by="200",
            ring=ring,
            talk=talk + hold + after,
            hold=hold,
            transfers=1,
            legs=3,
        ),
    ]


@scenario
def transferred_into_a_conference_blindly(stage: Stage) -> list[Call]:
    host = stage.calls("30", "620")
    host.wait("up")
    stage.pause(0.5)
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.7)
    bell.refer("620")
    stage.pause(0.3)
    bell.hang_up()
    after = stage.pause(0.9)
    host.hang_up()
    stage.pause(0.4)
    call.hang_up()
    return [
        replace(MET, caller="30", talk=after),
        replace(
            MET,
            dialled="200",
            answered_by="200",
            ring=ring,
            talk=talk + after,
            transfers=1,
            legs=2,
        ),
    ]
