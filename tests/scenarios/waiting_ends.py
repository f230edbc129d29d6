"""Callers whose waiting in a queue ends in another way than by an agent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

#: 2222 waits for 200, and is taken away.
ENDED = Call(
    caller="2222",
    dialled="916",
    disposition="ABANDONED",
    hangup_by="pbx",
    legs=2,
    queue="narrow",
    cause=0,
    tolerance=0.6,
)


def _ended(wait: float, **more: Any) -> list[Call]:
    visit = Visit("narrow", "ABANDONED", wait)
    return [replace(ENDED, ring=wait, wait=wait, visits=[visit], **more)]


@scenario
def a_manager_hangs_up_who_waits(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "916")
    stage.rings("200")
    wait = stage.pause(0.8)
    stage.action("Hangup", Channel=stage.channel("2222"))
    call.wait("over")
    return _ended(wait)


@scenario
def the_command_line_hangs_up_who_waits(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "916")
    stage.rings("200")
    begun = stage.now()
    stage.pause(0.5)
    stage.pbx.cli(f"channel request hangup {stage.channel('2222')}")
    call.wait("over")
    return _ended(stage.now() - begun)


@scenario
def time_runs_out_for_who_waits(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "955")
    stage.rings("200")
    call.wait("over")
    return _ended(2.0, dialled="955")


@scenario
def redirected_out_of_a_queue_to_an_announcement(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "916")
    stage.rings("200")
    wait = stage.pause(0.8)
    stage.sh.ast.redirect(stage.channel("2222"), "930", "phones")
    stage.pause(0.8)
    call.hang_up()
    visit = Visit("narrow", "TRANSFERRED", wait)
    return [
        replace(
            ENDED,
            disposition="NO ANSWER",
            hangup_by="caller",
            ring=wait,
            wait=wait,
            visits=[visit],
        )
    ]


@scenario
def an_agent_behind_a_local_channel_that_takes_itself_away(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "959")
    bell = stage.rings("240")
    wait = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.9)
    call.hang_up()
    return [
        replace(
            ENDED,
            dialled="959",
            queue="near",
            answered_by="240",
            disposition="ANSWERED",
            cause=16,
            hangup_by="caller",
            ring=wait,
            wait=wait,
            talk=talk,
            visits=[Visit("near", "ANSWERED", wait, "Hall")],
        )
    ]


@scenario
def answered_and_given_up_in_a_second_queue(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "915")
    stage.rings("240")
    bell = stage.rings("200")
    first = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.9)
    bell.refer("956")
    stage.rings("240")
    bell.hang_up()
    second = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            ENDED,
            dialled="915",
            queue="upstairs",
            answered_by="200",
            disposition="ANSWERED",
            cause=16,
            hangup_by="caller",
            legs=4,
            transfers=1,
            ring=first,
            wait=first + second,
            talk=talk,
            visits=[
                Visit("desk", "ANSWERED", first, "Door"),
                Visit("upstairs", "ABANDONED", second),
            ],
        )
    ]


@scenario
def transferred_into_a_queue_blindly(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.7)
    bell.refer("956")
    agent = stage.rings("240")
    bell.hang_up()
    wait = stage.pause(0.6)
    agent.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    agent.wait("over")
    return [
        replace(
            ENDED,
            dialled="200",
            queue="upstairs",
            answered_by="200",
            disposition="ANSWERED",
            cause=16,
            hangup_by="caller",
            legs=3,
            transfers=1,
            ring=ring,
            wait=wait,
            talk=talk,
            visits=[Visit("upstairs", "ANSWERED", wait, "Hall")],
        )
    ]


@scenario
def transferred_into_a_queue_while_the_colleague_waits(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.hold()
    hold = stage.pause(0.1)
    waiting = stage.calls("200", "922")
    waiting.wait("up")
    agent = stage.rings("240")
    wait = stage.pause(0.5)
    hold += wait
    bell.refer_to(waiting)
    waiting.wait("over")
    talk += hold
    wait += stage.pause(0.6)
    agent.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    agent.wait("over")
    return [
        replace(
            ENDED,
            dialled="200",
            queue="upstairs",
            answered_by="200",
            disposition="ANSWERED",
            cause=16,
            hangup_by="caller",
            legs=4,
            transfers=1,
            ring=ring,
            wait=wait,
            talk=talk,
            hold=hold,
            visits=[Visit("upstairs", "ANSWERED", wait, "Hall")],
        )
    ]
