"""Calls that wait in queues."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

QUEUED = Call(
    caller="2222",
    dialled="910",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=3,
    queue="desk",
)


def _answered(queue: str, wait: float, agent: str = "Door") -> list[Visit]:
    return [Visit(queue, "ANSWERED", wait, agent)]


@scenario
def an_agent_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "910")
    stage.rings("240")
    bell = stage.rings("200")
    wait = stage.pause(0.9)
    bell.answer()
    talk = stage.pause(1.0)
    call.hang_up()
    return [replace(QUEUED, ring=wait, wait=wait, talk=talk, visits=_answered("desk", wait))]


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
    return [
        replace(
            QUEUED,
            dialled="915",
            ring=wait,
            wait=wait,
            talk=talk,
            hangup_by="callee",
            visits=_answered("desk", wait),
        )
    ]


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
            visits=[Visit("desk", "ABANDONED", wait)],
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
            visits=_answered("line", wait + 3 + ring, "Hall"),
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
            visits=_answered("line", ring, "Hall"),
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
            visits=[Visit("line", "TIMEOUT", 2.0)],
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
            visits=[Visit("line", "TIMEOUT", 1.0)],
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
            visits=_answered("far", wait),
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
    return [
        replace(
            QUEUED,
            dialled="915",
            ring=wait,
            wait=wait,
            talk=talk,
            legs=4,
            transfers=1,
            visits=_answered("desk", wait),
        )
    ]


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
