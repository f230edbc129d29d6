"""Calls that nobody dialled: the manager made them."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

ORIGINATED = Call(
    caller="200",
    dialled="240",
    answered_by="240",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=2,
)


def _originate(stage: Stage, channel: str, exten: str = "240") -> None:
    stage.action(
        "Originate",
        Channel=channel,
        Exten=exten,
        Context="phones",
        Priority="1",
        Async="true",
        Timeout="1500",
        CallerID="Door <200>",
    )


@scenario
def originated_and_answered(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200")
    source = stage.rings("200")
    stage.pause(0.3)
    source.answer()
    bell = stage.rings("240")
    ring = stage.pause(0.5)
    bell.answer()
    talk = stage.pause(0.8)
    source.hang_up()
    return [replace(ORIGINATED, ring=ring, talk=talk)]


@scenario
def originated_and_not_answered_at_all(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200")
    source = stage.rings("200")
    source.wait("over")
    return [
        replace(
            ORIGINATED,
            dialled=None,
            answered_by=None,
            disposition="NO ANSWER",
            hangup_by="pbx",
            cause=stage.by_version(16, 19),
            legs=1,
            ring=1.5,
        )
    ]


@scenario
def originated_and_refused_by_the_source(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200")
    stage.rings("200").refuse(486)
    return [
        replace(
            ORIGINATED,
            dialled=None,
            answered_by=None,
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            legs=1,
            ring=0.0,
        )
    ]


@scenario
def originated_and_busy(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200")
    source = stage.rings("200")
    source.answer()
    stage.rings("240").refuse(486)
    stage.hears_refusal("240")
    source.hang_up()
    return [
        replace(
            ORIGINATED,
            answered_by=None,
            cause=17,
            disposition="BUSY",
            ring=0.0,
        )
    ]


@scenario
def originated_and_ended_by_the_manager_while_it_rings(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200")
    source = stage.rings("200")
    source.answer()
    stage.rings("240")
    ring = stage.pause(0.5)
    stage.action("Hangup", Channel=stage.channel("200"))
    source.wait("over")
    return [
        replace(
            ORIGINATED,
            answered_by=None,
            disposition="CANCELLED",
            hangup_by="pbx",
            cause=stage.by_version(16, 0),
            ring=ring,
        )
    ]


@scenario
def originated_to_a_menu(stage: Stage) -> list[Call]:
    _originate(stage, f"{stage.tech}/200", exten="930")
    source = stage.rings("200")
    ring = stage.pause(0.4)
    source.answer()
    source.wait("over")
    return [
        replace(
            ORIGINATED,
            dialled="930",
            answered_by=None,
            disposition="IVR",
            hangup_by="pbx",
            legs=1,
            ring=ring,
        )
    ]


@scenario
def originated_by_a_local_channel_that_takes_itself_away(stage: Stage) -> list[Call]:
    _originate(stage, "Local/200@phones")
    source = stage.rings("200")
    source.answer()
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    return [replace(ORIGINATED, ring=ring, talk=talk, hangup_by="callee")]


@scenario
def originated_by_a_local_channel_that_stays(stage: Stage) -> list[Call]:
    _originate(stage, "Local/200@phones/n")
    source = stage.rings("200")
    source.answer()
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    return [replace(ORIGINATED, ring=ring, talk=talk, hangup_by="callee")]
