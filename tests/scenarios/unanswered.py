"""Calls that reach nobody: refused, not answered, given up."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

#: Nobody is reached by 2222.
IN_VAIN = Call(caller="2222", dialled="200", disposition="FAILED", hangup_by="pbx", legs=2)


@scenario
def busy(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.2)
    bell.refuse(486)
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="200",
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            legs=2,
            ring=ring,
        )
    ]


@scenario
def rejected(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.refuse(603)
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="200",
            disposition="REJECTED",
            hangup_by="pbx",
            cause=stage.by_version(17, 34),
            legs=2,
            ring=ring,
        )
    ]


@scenario
def nobody_answers_in_time(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "904")
    stage.rings("200")
    ring = stage.pause(0)
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="904",
            disposition="NO ANSWER",
            hangup_by="pbx",
            legs=2,
            ring=ring + 2,
        )
    ]


@scenario
def the_caller_gives_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200")
    ring = stage.pause(0.8)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            disposition="CANCELLED",
            hangup_by="caller",
            cause=stage.by_version(0, 127),
            legs=2,
            ring=ring,
        )
    ]


@scenario
def unknown_number(stage: Stage) -> list[Call]:
    stage.calls("2222", "777").wait("over")
    return [
        Call(
            caller="2222",
            dialled="777",
            disposition="FAILED",
            hangup_by="pbx",
            cause=34,
            legs=1,
        )
    ]


@scenario
def not_registered(stage: Stage) -> list[Call]:
    stage.calls("2222", "902").wait("over")
    return [
        Call(
            caller="2222",
            dialled="902",
            disposition="FAILED",
            hangup_by="pbx",
            cause=stage.by_version(20, 3),
            legs=1,
        )
    ]


@scenario
def ended_by_the_manager_while_it_rings(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    stage.rings("200")
    ring = stage.pause(0.6)
    stage.action("Hangup", Channel=stage.channel("2222"))
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="200",
            disposition="CANCELLED",
            hangup_by="pbx",
            cause=0,
            legs=2,
            ring=ring,
        )
    ]


@scenario
def all_ring_and_the_caller_gives_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "901")
    stage.rings("200").refuse(486)
    stage.rings("240")
    ring = stage.pause(0.7)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="901",
            disposition="CANCELLED",
            hangup_by="caller",
            cause=17,  # the other one's,
            legs=4,
            ring=ring,
        )
    ]


def _refused_at_once(stage: Stage, code: int) -> None:
    phone = stage.phones["200"]
    phone.refuses_at_once = code
    try:
        stage.calls("2222", "200").wait("over")
    finally:
        phone.refuses_at_once = 0


@scenario
def refused_as_not_found(stage: Stage) -> list[Call]:
    """Asterisk itself says NOANSWER of that."""
    _refused_at_once(stage, 404)
    return [replace(IN_VAIN, disposition="NO ANSWER", ring=0.0, cause=34)]


@scenario
def refused_as_out_of_service(stage: Stage) -> list[Call]:
    _refused_at_once(stage, 503)
    return [replace(IN_VAIN, ring=0.0, cause=34)]


@scenario
def refused_as_not_there(stage: Stage) -> list[Call]:
    """To chan_sip that is busy, to chan_pjsip no answer."""
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.refuse(480)
    call.wait("over")
    disposition = "BUSY" if stage.tech == "SIP" else "NO ANSWER"
    return [replace(IN_VAIN, ring=ring, disposition=disposition, cause=stage.by_version(17, 19))]


@scenario
def asked_and_not_accepted(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "941")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    bell.wait("over")
    call.wait("over")
    return [replace(IN_VAIN, dialled="941", disposition="NO ANSWER", ring=ring)]


@scenario
def asked_and_accepted(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "960")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    call.wait("up")
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            IN_VAIN,
            dialled="960",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def the_caller_gives_up_before_anything_is_dialled(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "946")
    stage.pause(0.8)
    call.hang_up()
    return [
        replace(
            IN_VAIN,
            dialled="946",
            disposition="CANCELLED",
            hangup_by="caller",
            cause=stage.by_version(0, 127),
            legs=1,
        )
    ]


@scenario
def the_dialplan_waits_and_hangs_up(stage: Stage) -> list[Call]:
    stage.calls("2222", "947").wait("over")
    return [replace(IN_VAIN, dialled="947", legs=1)]


@scenario
def the_caller_gives_up_behind_a_local_channel(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "953")
    stage.rings("200")
    ring = stage.pause(0.7)
    call.hang_up()
    return [
        replace(
            IN_VAIN,
            dialled="953",
            disposition="CANCELLED",
            hangup_by="caller",
            cause=stage.by_version(0, 127),
            ring=ring,
        )
    ]


@scenario
def busy_behind_a_local_channel(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "953")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.refuse(486)
    call.wait("over")
    return [replace(IN_VAIN, dialled="953", disposition="BUSY", ring=ring)]
