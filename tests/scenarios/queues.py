"""All the ways in which waiting in a queue can end."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

WAITED = Call(
    caller="2222",
    dialled="916",
    disposition="NO ANSWER",
    hangup_by="pbx",
    legs=2,
    queue="narrow",
    tolerance=0.6,
)


@scenario
def a_key_instead_of_waiting_on(stage: Stage) -> list[Call]:
    stage.calls("2222", "916").wait("up")
    stage.rings("200")
    wait = stage.pause(0.8)
    stage.action("PlayDTMF", Channel=stage.channel("2222"), Digit="1", Receive="true")
    visit = Visit("narrow", "KEY", wait)
    return [replace(WAITED, ring=wait, wait=wait, visits=[visit])]


@scenario
def a_queue_that_is_full(stage: Stage) -> list[Call]:
    first = stage.calls("2222", "916")
    stage.rings("200")
    begun = stage.now()
    stage.calls("30", "916").wait("over")
    stage.pause(0.3)
    wait = stage.now() - begun
    first.hang_up()
    return [
        replace(
            WAITED,
            disposition="ABANDONED",
            hangup_by="caller",
            cause=0,
            ring=wait,
            wait=wait,
            visits=[Visit("narrow", "ABANDONED", wait)],
        ),
        replace(
            WAITED,
            caller="30",
            queue=None,
            legs=1,
            disposition="IVR",
            visits=[Visit("narrow", "FULL", 0.0)],
        ),
    ]


@scenario
def a_queue_without_agents(stage: Stage) -> list[Call]:
    stage.calls("2222", "917").wait("over")
    visit = Visit("unstaffed", "JOIN EMPTY", 0.0)
    return [replace(WAITED, dialled="917", queue=None, legs=1, disposition="IVR", visits=[visit])]


@scenario
def the_last_agent_goes_home(stage: Stage) -> list[Call]:
    interface = f"{stage.tech}/240"
    stage.sh.ast.queue_add("deserted", interface, "Hall")
    call = stage.calls("2222", "918")
    stage.rings("240")
    begun = stage.now()
    stage.pause(0.8)
    stage.sh.ast.queue_remove("deserted", interface)
    call.wait("over", seconds=25)
    wait = stage.now() - begun
    visit = Visit("deserted", "LEAVE EMPTY", wait)
    return [replace(WAITED, dialled="918", queue="deserted", ring=wait, wait=wait, visits=[visit])]


@scenario
def moved_while_waiting(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "916")
    stage.rings("200")
    wait = stage.pause(0.8)
    stage.sh.ast.redirect(stage.channel("2222"), "240", "phones")
    bell = stage.rings("240")
    ring = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.7)
    call.hang_up()
    visit = Visit("narrow", "TRANSFERRED", wait)
    return [
        replace(
            WAITED,
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            ring=ring,
            wait=wait,
            talk=talk,
            legs=3,
            visits=[visit],
        )
    ]


@scenario
def from_one_queue_into_the_next(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "919")
    stage.rings("200")
    stage.pause(2.0)
    bell = stage.rings("240")
    wait = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            WAITED,
            dialled="919",
            queue="upstairs",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            ring=wait,
            wait=2.0 + wait,
            talk=talk,
            legs=3,
            visits=[Visit("line", "TIMEOUT", 2.0), Visit("upstairs", "ANSWERED", wait, "Hall")],
        )
    ]


@scenario
def from_the_upper_queue_into_the_lower(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "961")
    stage.rings("71")
    stage.pause(2.0)
    bell = stage.rings("200")
    wait = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            WAITED,
            dialled="961",
            queue="desk",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            ring=wait,
            wait=2.0 + wait,
            talk=talk,
            legs=4,
            visits=[Visit("bare", "TIMEOUT", 2.0), Visit("desk", "ANSWERED", wait, "Door")],
        )
    ]
