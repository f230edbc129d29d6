"""Somebody else answers: of a group, by a forward, a pickup, behind a Local channel."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

#: 2222 calls somebody, and 240 answers.
ELSEWHERE = Call(
    caller="2222",
    dialled="200",
    answered_by="240",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=3,
)


@scenario
def all_ring_and_one_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "901")
    stage.rings("200")
    stage.rings("30")
    bell = stage.rings("240")
    ring = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.9)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="901",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=4,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def forwarded_by_the_telephone(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200").forward("240")
    bell = stage.rings("240")
    ring = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(1.0)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=3,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def forwarded_by_the_dialplan(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "906")
    stage.rings("200")
    bell = stage.rings("240")
    ring = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(1.0)
    bell.hang_up()
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="906",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="callee",
            legs=3,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def through_a_local_channel_that_takes_itself_away(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "907")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(1.0)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="907",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def picked_up_by_somebody_else(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200")
    ring = stage.pause(0.6)
    ring += stage.until(stage.calls("240", "920"), "up")
    talk = stage.pause(1.0)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=3,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def forwarded_and_not_answered(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200").forward("240")
    stage.rings("240")
    ring = stage.pause(0.7)
    call.hang_up()
    return [
        replace(
            ELSEWHERE,
            answered_by=None,
            disposition="CANCELLED",
            cause=stage.by_version(0, 127),
            ring=ring,
        )
    ]


@scenario
def forwarded_to_somebody_busy(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200").forward("240")
    bell = stage.rings("240")
    ring = stage.pause(0.3)
    bell.refuse(486)
    call.wait("over")
    return [
        replace(
            ELSEWHERE,
            answered_by=None,
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            ring=ring,
        )
    ]


@scenario
def forwarded_to_the_public_network(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200").forward("00897654321")
    bell = stage.rings("trunk")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    call.wait("over")
    return [
        replace(
            ELSEWHERE,
            answered_by="trunk",
            hangup_by="callee",
            direction="outbound",
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def through_a_local_channel_that_stays(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "953")
    bell = stage.rings("200")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    call.wait("over")
    return [
        replace(
            ELSEWHERE,
            dialled="953",
            answered_by="200",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def through_two_local_channels(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "954")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [replace(ELSEWHERE, dialled="954", legs=2, ring=ring, talk=talk)]


@scenario
def two_behind_local_channels_and_one_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "908")
    stage.rings("200")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [replace(ELSEWHERE, dialled="908", ring=ring, talk=talk)]


@scenario
def one_behind_a_local_channel_and_it_answers(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "957")
    stage.rings("200")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    call.wait("over")
    return [replace(ELSEWHERE, dialled="957", hangup_by="callee", ring=ring, talk=talk)]


@scenario
def picked_up_out_of_a_group(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "901")
    stage.rings("200")
    stage.rings("240")
    ring = stage.pause(0.6)
    fetched = stage.calls("300", "920")
    ring += stage.until(fetched, "up")
    talk = stage.pause(0.8)
    fetched.hang_up()
    call.wait("over")
    return [
        replace(
            ELSEWHERE,
            dialled="901",
            answered_by="300",
            hangup_by="callee",
            legs=5,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def picked_up_from_an_agent(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "915")
    stage.rings("200")
    stage.rings("240")
    wait = stage.pause(0.6)
    fetched = stage.calls("30", "920")
    wait += stage.until(fetched, "up")
    talk = stage.pause(0.8)
    call.hang_up()
    fetched.wait("over")
    return [
        replace(
            ELSEWHERE,
            dialled="915",
            answered_by="30",
            queue="desk",
            visits=[Visit("desk", "ANSWERED", wait, "Door")],
            legs=4,
            ring=wait,
            wait=wait,
            talk=talk,
        )
    ]
