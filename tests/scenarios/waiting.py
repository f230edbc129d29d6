"""Calls that wait: in queues, and parked."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import PARKING_SECONDS, Stage
from tests.scenarios.truth import Call

QUEUED = Call(
    caller="2222",
    dialled="910",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=3,
    queue="desk",
)

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
def an_agent_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "910")
    stage.rings("240")
    bell = stage.rings("200")
    wait = stage.pause(0.9)
    bell.answer()
    talk = stage.pause(1.0)
    call.hang_up()
    return [replace(QUEUED, ring=wait, wait=wait, talk=talk)]


@scenario
def an_agent_hangs_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "915")
    stage.rings("240")
    bell = stage.rings("200")
    wait = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(1.0)
    bell.hang_up()
    call.wait("over")
    return [replace(QUEUED, dialled="915", ring=wait, wait=wait, talk=talk, hangup_by="callee")]


@scenario
def the_caller_does_not_wait(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "910")
    stage.rings("240")
    stage.rings("200")
    wait = stage.pause(1.2)
    call.hang_up()
    return [
        replace(
            QUEUED,
            answered_by=None,
            disposition="ABANDONED",
            cause=stage.by_version(0, 127),
            ring=wait,
            wait=wait,
        )
    ]


@scenario
def one_agent_does_not_answer_but_the_next(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "911")
    stage.rings("200")
    wait = stage.pause(0)
    bell = stage.rings("240")
    ring = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            QUEUED,
            dialled="911",
            queue="line",
            answered_by="240",
            ring=ring,
            wait=wait + 3 + ring,
            talk=talk,
            tolerance=0.6,
        )
    ]


@scenario
def one_agent_is_busy_and_the_next_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "911")
    stage.rings("200").refuse(486)
    bell = stage.rings("240")
    ring = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            QUEUED,
            dialled="911",
            queue="line",
            answered_by="240",
            ring=ring,
            wait=ring,
            talk=talk,
            tolerance=0.6,
        )
    ]


@scenario
def nobody_in_the_queue_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "912")
    stage.rings("200")
    call.wait("over")
    return [
        replace(
            QUEUED,
            dialled="912",
            queue="line",
            answered_by=None,
            disposition="NO ANSWER",
            hangup_by="pbx",
            legs=2,
            ring=2.0,
            wait=2.0,
            tolerance=0.6,
        )
    ]


@scenario
def a_message_instead_of_waiting(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "914")
    stage.rings("200")
    stage.pause(2.5)
    call.hang_up()
    return [
        replace(
            QUEUED,
            dialled="914",
            queue="line",
            answered_by=None,
            disposition="VOICEMAIL",
            cause=0,
            legs=2,
            ring=1.0,
            wait=1.0,
            tolerance=0.6,
        )
    ]


@scenario
def an_agent_behind_a_local_channel_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "913")
    stage.rings("240")
    bell = stage.rings("200")
    wait = stage.pause(0.7)
    bell.answer()
    talk = stage.pause(1.0)
    bell.hang_up()
    call.wait("over")
    return [
        replace(
            QUEUED,
            dialled="913",
            queue="far",
            ring=wait,
            wait=wait,
            talk=talk,
            hangup_by="callee",
        )
    ]


@scenario
def an_agent_transfers_the_caller(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "915")
    stage.rings("240")
    bell = stage.rings("200")
    wait = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.8)
    bell.refer("30")
    third = stage.rings("30")
    bell.hang_up()
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.7)
    call.hang_up()
    return [replace(QUEUED, dialled="915", ring=wait, wait=wait, talk=talk, legs=4, transfers=1)]


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
def an_agent_comes_pauses_twice_and_goes(stage: Stage) -> list[Call]:
    """No call at all, but a shift of work."""
    interface = f"{stage.tech}/30"
    ast = stage.sh.ast
    ast.queue_add("desk", interface, "Kitchen")
    stage.pause(0.4)
    ast.queue_pause("desk", interface, True, "lunch")
    stage.pause(0.6)
    ast.queue_pause("desk", interface, False)
    stage.pause(0.3)
    ast.queue_pause("desk", interface, True, "smoke")
    stage.pause(0.5)
    ast.queue_remove("desk", interface)
    return []
