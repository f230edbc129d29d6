"""Calls that are transferred to what is no telephone, or more than once."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

#: 2222 calls 200, who hands the call on.
ONWARD = Call(
    caller="2222",
    dialled="200",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=2,
    transfers=1,
)


def _talking(stage: Stage) -> tuple[Leg, Leg, float]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    call.wait("up")
    return call, bell, ring


@scenario
def transferred_to_a_mailbox(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("*22")
    stage.pause(0.3)
    bell.hang_up()
    stage.pause(0.9)
    call.hang_up()
    return [replace(ONWARD, ring=ring, talk=talk)]


@scenario
def transferred_to_a_menu(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("930")
    stage.pause(0.3)
    bell.hang_up()
    call.wait("over")
    return [replace(ONWARD, ring=ring, talk=talk, hangup_by="pbx")]


@scenario
def transferred_out_over_the_trunk(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("00897654321")
    third = stage.rings("trunk")
    bell.hang_up()
    stage.pause(0.3)
    third.answer()
    talk += stage.pause(0.7)
    third.hang_up()
    call.wait("over")
    told = replace(ONWARD, ring=ring, talk=talk, legs=3, hangup_by="callee")
    return [replace(told, direction="outbound")]


@scenario
def transferred_twice(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("240")
    second = stage.rings("240")
    bell.hang_up()
    stage.pause(0.3)
    second.answer()
    talk += stage.pause(0.6)
    second.refer("30")
    third = stage.rings("30")
    second.hang_up()
    stage.pause(0.3)
    third.answer()
    talk += stage.pause(0.6)
    call.hang_up()
    third.wait("over")
    return [replace(ONWARD, ring=ring, talk=talk, legs=4, transfers=2)]


@scenario
def transferred_and_given_up_while_it_rings(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("240")
    third = stage.rings("240")
    bell.hang_up()
    stage.pause(0.6)
    call.hang_up()
    third.wait("over")
    return [replace(ONWARD, ring=ring, talk=talk, legs=3)]


@scenario
def transferred_through_a_local_channel(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("907")
    third = stage.rings("240")
    bell.hang_up()
    stage.pause(0.3)
    third.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    third.wait("over")
    return [replace(ONWARD, ring=ring, talk=talk, legs=3)]


@scenario
def in_over_the_trunk_and_out_again(stage: Stage) -> list[Call]:
    stage.calls("trunk", "493098765")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.6)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "00897654321")
    third = stage.rings("trunk")
    hold += stage.pause(0.3)
    third.answer()
    hold += stage.pause(0.5)
    bell.refer_to(asked)
    asked.wait("over")
    talk += hold + stage.pause(0.7)
    third.hang_up()
    return [
        replace(
            ONWARD,
            caller="0301234567",
            caller_device="trunk",
            dialled="493098765",
            ring=ring,
            talk=talk,
            hold=hold,
            legs=4,
            hangup_by="callee",
            direction="inbound",
        )
    ]


@scenario
def asked_somebody_busy_and_went_on(stage: Stage) -> list[Call]:
    """The second call of 200 is a call of its own."""
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.5)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "240")
    third = stage.rings("240")
    second = stage.pause(0.3)
    third.refuse(486)
    second += stage.until(asked, "over")
    hold += second
    bell.resume()
    talk += hold + stage.pause(0.5)
    call.hang_up()
    return [
        replace(ONWARD, ring=ring, talk=talk, hold=hold, transfers=0, direct=True),
        replace(
            ONWARD,
            caller="200",
            dialled="240",
            answered_by=None,
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            ring=second,
            transfers=0,
        ),
    ]
