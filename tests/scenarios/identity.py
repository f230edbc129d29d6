"""Whose number is it: set by the dialplan, or known to nobody."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

#: 2222 calls 200, and the dialplan lets the number of the house be seen.
RENAMED = Call(
    caller="4930555",
    caller_device="2222",
    dialled="940",
    disposition="CANCELLED",
    hangup_by="caller",
    legs=2,
)

#: A telephone without a number of its own answers.
NAMELESS = Call(
    caller="2222",
    dialled="942",
    answered_by="71",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=3,
)


@scenario
def a_number_that_the_dialplan_sets_answered(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "940")
    bell = stage.rings("200")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            RENAMED, answered_by="200", disposition="ANSWERED", ring=ring, talk=talk, direct=True
        )
    ]


@scenario
def a_number_that_the_dialplan_sets_not_answered(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "940")
    stage.rings("200")
    ring = stage.pause(0.6)
    call.hang_up()
    return [replace(RENAMED, ring=ring, cause=stage.by_version(0, 127))]


@scenario
def a_group_of_telephones_without_a_number(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "942")
    bell = stage.rings("71")
    stage.rings("72")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [replace(NAMELESS, ring=ring, talk=talk)]


@scenario
def a_telephone_without_a_number_calls(stage: Stage) -> list[Call]:
    call = stage.calls("72", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    call.wait("over")
    return [
        replace(
            NAMELESS,
            caller="72",
            dialled="200",
            answered_by="200",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


@scenario
def an_agent_without_a_number_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "943")
    bell = stage.rings("71")
    wait = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.9)
    call.hang_up()
    return [
        replace(
            NAMELESS,
            dialled="943",
            queue="bare",
            legs=2,
            ring=wait,
            wait=wait,
            talk=talk,
            visits=[Visit("bare", "ANSWERED", wait, "Nora")],
        )
    ]


@scenario
def an_agent_without_a_number_transfers_the_caller(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "943")
    bell = stage.rings("71")
    wait = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.6)
    bell.refer("72")
    third = stage.rings("72")
    bell.hang_up()
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.6)
    call.hang_up()
    return [
        replace(
            NAMELESS,
            dialled="943",
            queue="bare",
            transfers=1,
            ring=wait,
            wait=wait,
            talk=talk,
            visits=[Visit("bare", "ANSWERED", wait, "Nora")],
        )
    ]
