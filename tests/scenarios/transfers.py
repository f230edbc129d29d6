"""Calls that go on with somebody else."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

#: 2222 calls 200, and after a transfer of somebody 240 is in it, too.
TRANSFERRED = Call(
    caller="2222",
    dialled="200",
    answered_by="200",
    disposition="ANSWERED",
    hangup_by="callee",
    legs=3,
    transfers=1,
)


def _talking(stage: Stage) -> tuple[Leg, Leg, float]:
    """2222 calls 200, and they talk."""
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    call.wait("up")
    return call, bell, ring


@scenario
def transferred_blindly_by_the_callee(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("240")
    third = stage.rings("240")
    bell.hang_up()
    stage.pause(0.5)
    third.answer()
    talk += stage.pause(0.7)
    third.hang_up()
    call.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk)]


@scenario
def transferred_blindly_by_the_caller(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    call.refer("240")
    third = stage.rings("240")
    call.hang_up()
    stage.pause(0.5)
    third.answer()
    talk += stage.pause(0.7)
    bell.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk)]


@scenario
def transferred_blindly_by_the_manager(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    stage.action("BlindTransfer", Channel=stage.channel("200"), Context="phones", Exten="240")
    third = stage.rings("240")
    bell.wait("over")
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.7)
    call.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hangup_by="caller")]


@scenario
def transferred_blindly_to_somebody_busy(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.refer("240")
    third = stage.rings("240")
    bell.hang_up()
    third.refuse(486)
    stage.hears_refusal("240")
    call.hang_up()
    return [replace(TRANSFERRED, ring=ring, talk=talk, hangup_by="caller", cause=17)]


@scenario
def transferred_after_asking_by_the_callee(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "240")
    third = stage.rings("240")
    hold += stage.pause(0.4)
    third.answer()
    hold += stage.pause(0.6)
    bell.refer_to(asked)
    asked.wait("over")
    talk += hold + stage.pause(0.8)
    call.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, hangup_by="caller", legs=4)]


@scenario
def transferred_after_asking_by_the_caller(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    call.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("2222", "240")
    third = stage.rings("240")
    hold += stage.pause(0.4)
    third.answer()
    hold += stage.pause(0.6)
    call.refer_to(asked)
    asked.wait("over")
    talk += hold + stage.pause(0.8)
    bell.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, legs=4)]


@scenario
def transferred_while_it_rings_by_the_callee(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "240")
    third = stage.rings("240")
    asked.wait("ringing")
    hold += stage.pause(0.3)
    bell.refer_to(asked)
    asked.wait("over")
    talk += hold
    stage.pause(0.5)
    third.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, hangup_by="caller", legs=4)]


@scenario
def transferred_while_it_rings_by_the_caller(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    call.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("2222", "240")
    third = stage.rings("240")
    asked.wait("ringing")
    hold += stage.pause(0.3)
    call.refer_to(asked)
    asked.wait("over")
    talk += hold
    stage.pause(0.5)
    third.answer()
    talk += stage.pause(0.8)
    bell.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, legs=4)]


@scenario
def transferred_after_asking_with_keys_by_the_callee(stage: Stage) -> list[Call]:
    """As with ``*2``: Asterisk itself makes the call for 200, by a Local channel."""
    call, bell, ring = _talking(stage)
    begun = stage.now()
    stage.pause(0.6)
    keyed = stage.now()
    stage.action("Atxfer", Channel=stage.channel("200"), Context="phones", Exten="240")
    third = stage.rings("240")
    talk = stage.now() - begun
    hold = stage.now() - keyed
    stage.pause(0.3)
    third.answer()
    talk += stage.pause(0.8)
    bell.hang_up()
    talk += stage.pause(0.8)
    call.hang_up()
    third.wait("over")
    return [
        replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, hangup_by="caller", tolerance=0.5)
    ]


@scenario
def transferred_after_asking_with_keys_by_the_caller(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    begun = stage.now()
    stage.pause(0.6)
    keyed = stage.now()
    stage.action("Atxfer", Channel=stage.channel("2222"), Context="phones", Exten="240")
    third = stage.rings("240")
    talk = stage.now() - begun
    hold = stage.now() - keyed
    stage.pause(0.3)
    third.answer()
    talk += stage.pause(0.8)
    call.hang_up()
    talk += stage.pause(0.8)
    bell.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, tolerance=0.5)]


@scenario
def transferred_while_it_rings_with_keys_by_the_callee(stage: Stage) -> list[Call]:
    call, bell, ring = _talking(stage)
    begun = stage.now()
    stage.pause(0.6)
    keyed = stage.now()
    stage.action("Atxfer", Channel=stage.channel("200"), Context="phones", Exten="240")
    third = stage.rings("240")
    talk = stage.now() - begun
    hold = stage.now() - keyed
    stage.pause(0.3)
    bell.hang_up()
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.8)
    third.hang_up()
    call.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, hold=hold, tolerance=0.5)]


@scenario
def asked_somebody_and_did_not_transfer(stage: Stage) -> list[Call]:
    """Two calls of one telephone, which have nothing to do with each other."""
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.4)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("200", "240")
    third = stage.rings("240")
    second_ring = stage.pause(0.3)
    third.answer()
    second_talk = stage.pause(0.6)
    asked.hang_up()
    hold += second_ring + second_talk
    bell.resume()
    talk += hold + stage.pause(0.5)
    call.hang_up()
    return [
        replace(
            TRANSFERRED,
            ring=ring,
            talk=talk,
            hold=hold,
            hangup_by="caller",
            legs=2,
            transfers=0,
            direct=True,
        ),
        replace(
            TRANSFERRED,
            caller="200",
            dialled="240",
            answered_by="240",
            ring=second_ring,
            talk=second_talk,
            hangup_by="caller",
            legs=2,
            transfers=0,
            direct=True,
        ),
    ]


@scenario
def redirected_by_the_manager(stage: Stage) -> list[Call]:
    """The caller is sent elsewhere while talking; 200 is left alone and hung up."""
    call, bell, ring = _talking(stage)
    talk = stage.pause(0.6)
    stage.action(
        "Redirect", Channel=stage.channel("2222"), Context="phones", Exten="240", Priority="1"
    )
    third = stage.rings("240")
    bell.wait("over")
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.7)
    call.hang_up()
    third.wait("over")
    return [replace(TRANSFERRED, ring=ring, talk=talk, transfers=0, hangup_by="caller")]
