"""Calls that are parked, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import PARKING_SECONDS, Stage
from tests.scenarios.truth import Call

PARKED = Call(
    caller="2222",
    dialled="200",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=2,
    transfers=1,
)


@scenario
def parked_and_retrieved(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.refer("700")
    stage.pause(0.5)
    bell.hang_up()
    stage.pause(0.5)
    fetched = stage.calls("240", "701")
    fetched.wait("up")
    talk += stage.pause(0.9)
    call.hang_up()
    return [replace(PARKED, ring=ring, talk=talk, legs=3)]


@scenario
def parked_and_back_after_a_while(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.refer("700")
    stage.pause(0.3)
    bell.hang_up()
    back = stage.phones["200"].rings(PARKING_SECONDS + 5)
    stage.pause(0.5)
    back.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    return [replace(PARKED, ring=ring, talk=talk, legs=3)]


@scenario
def parked_and_given_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.refer("700")
    stage.pause(0.4)
    bell.hang_up()
    stage.pause(0.6)
    call.hang_up()
    return [replace(PARKED, ring=ring, talk=talk)]


@scenario
def parked_by_the_caller_himself_and_retrieved(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "700")
    call.wait("up")
    stage.pause(0.8)
    fetched = stage.calls("240", "701")
    fetched.wait("up")
    talk = stage.pause(0.9)
    fetched.hang_up()
    call.wait("over")
    return [
        replace(
            PARKED, dialled="700", answered_by="240", hangup_by="callee", transfers=0, talk=talk
        )
    ]


@scenario
def parked_by_the_caller_himself_and_given_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "700")
    call.wait("up")
    stage.pause(0.8)
    call.hang_up()
    return [
        replace(PARKED, dialled="700", answered_by=None, disposition="IVR", transfers=0, legs=1)
    ]


@scenario
def parked_and_back_and_not_answered(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.refer("700")
    stage.pause(0.3)
    bell.hang_up()
    stage.phones["200"].rings(PARKING_SECONDS + 5)
    stage.pause(0.6)
    call.hang_up()
    return [replace(PARKED, ring=ring, talk=talk, legs=3)]
