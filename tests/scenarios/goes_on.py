"""Calls that go on in the dialplan with a caller whom the other one has left."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

#: 2222 talks with 200, who hangs up.
LEFT = Call(
    caller="2222",
    dialled="962",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=2,
    tolerance=0.6,
)
#: Seconds that the caller stays, or the dialplan goes on: more than one, and less than two.
AFTERWARDS = 1.2


def _left(stage: Stage, number: str) -> tuple[Leg, float, float]:
    """Let 200 answer, and hang up; return the caller, and the seconds of ringing and talk."""
    call = stage.calls("2222", number)
    bell = stage.rings("200")
    ring = stage.pause(0.5)
    bell.answer()
    call.wait("up")
    talk = stage.pause(0.8)
    bell.hang_up()
    return call, ring, talk


@scenario
def left_by_the_callee_and_hung_up_a_second_later(stage: Stage) -> list[Call]:
    call, ring, talk = _left(stage, "962")
    stage.pause(AFTERWARDS)
    call.hang_up()
    return [replace(LEFT, ring=ring, talk=talk)]


@scenario
def left_by_the_callee_and_ended_by_the_dialplan_a_second_later(stage: Stage) -> list[Call]:
    call, ring, talk = _left(stage, "963")
    call.wait("over")
    return [replace(LEFT, dialled="963", ring=ring, talk=talk, hangup_by="pbx")]


@scenario
def left_by_the_callee_and_moved_on_to_an_announcement(stage: Stage) -> list[Call]:
    call, ring, talk = _left(stage, "964")
    stage.pause(AFTERWARDS)
    call.hang_up()
    return [replace(LEFT, dialled="964", ring=ring, talk=talk)]


@scenario
def left_by_the_callee_where_nothing_follows(stage: Stage) -> list[Call]:
    call, ring, talk = _left(stage, "965")
    call.wait("over")
    return [replace(LEFT, dialled="965", ring=ring, talk=talk, hangup_by="callee")]


@scenario
def left_by_the_agent_and_asked_how_it_was(stage: Stage) -> list[Call]:
    call, wait, talk = _left(stage, "966")
    stage.pause(AFTERWARDS)
    call.hang_up()
    return [
        replace(
            LEFT,
            dialled="966",
            queue="narrow",
            ring=wait,
            wait=wait,
            talk=talk,
            visits=[Visit("narrow", "ANSWERED", wait, "Door")],
        )
    ]
