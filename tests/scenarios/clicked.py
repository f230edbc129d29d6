"""Click-to-dial: the manager rings somebody by a Local channel, and then dials for him."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit

#: 200 is rung first, and connected to 240.
CLICKED = Call(
    caller="200",
    dialled="240",
    answered_by="240",
    disposition="ANSWERED",
    hangup_by="caller",
    legs=2,
)


def _click(stage: Stage, channel: str, exten: str = "240") -> None:
    stage.action(
        "Originate",
        Channel=channel,
        Exten=exten,
        Context="phones",
        Priority="1",
        Async="true",
        Timeout="1500",
        CallerID="Bell <777>",
    )


def _talking(stage: Stage, channel: str) -> tuple[Leg, Leg, float]:
    _click(stage, channel)
    source = stage.rings("200")
    source.answer()
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    return source, bell, ring


def _transferred_after_asking(stage: Stage, channel: str, caller: str) -> list[Call]:
    source, bell, ring = _talking(stage, channel)
    talk = stage.pause(0.7)
    bell.hold()
    hold = stage.pause(0.1)
    asked = stage.calls("240", "30")
    third = stage.rings("30")
    hold += stage.pause(0.4)
    third.answer()
    hold += stage.pause(0.6)
    bell.refer_to(asked)
    asked.wait("over")
    talk += hold + stage.pause(0.8)
    third.hang_up()
    source.wait("over")
    return [
        replace(
            CLICKED,
            caller=caller,
            caller_device="200",
            ring=ring,
            talk=talk,
            hold=hold,
            transfers=1,
            hangup_by="callee",
            legs=4,
        )
    ]


@scenario
def clicked_and_transferred_after_asking(stage: Stage) -> list[Call]:
    return _transferred_after_asking(stage, "Local/200@phones", "200")


@scenario
def clicked_by_a_local_channel_that_stays_and_transferred(stage: Stage) -> list[Call]:
    return _transferred_after_asking(stage, "Local/200@phones/n", "200")


@scenario
def clicked_at_a_telephone_and_transferred(stage: Stage) -> list[Call]:
    # What the manager gave as the caller's number is that of the telephone's own channel here.
    return _transferred_after_asking(stage, f"{stage.tech}/200", "777")


@scenario
def clicked_and_transferred_blindly(stage: Stage) -> list[Call]:
    source, bell, ring = _talking(stage, "Local/200@phones")
    talk = stage.pause(0.6)
    bell.refer("30")
    third = stage.rings("30")
    bell.hang_up()
    stage.pause(0.4)
    third.answer()
    talk += stage.pause(0.7)
    source.hang_up()
    third.wait("over")
    return [replace(CLICKED, ring=ring, talk=talk, transfers=1, legs=3)]


@scenario
def clicked_and_the_source_is_busy(stage: Stage) -> list[Call]:
    _click(stage, "Local/200@phones")
    stage.rings("200").refuse(486)
    return [
        replace(
            CLICKED,
            dialled=None,
            answered_by=None,
            disposition="BUSY",
            hangup_by="pbx",
            cause=17,
            ring=0.0,
            legs=1,
        )
    ]


@scenario
def clicked_and_the_source_does_not_answer(stage: Stage) -> list[Call]:
    _click(stage, "Local/200@phones/n")
    stage.rings("200").wait("over")
    return [
        replace(
            CLICKED,
            dialled=None,
            answered_by=None,
            disposition="NO ANSWER",
            hangup_by="pbx",
            cause=stage.by_version(16, 19),
            ring=1.5,
            legs=1,
        )
    ]


@scenario
def clicked_and_the_callee_is_busy(stage: Stage) -> list[Call]:
    _click(stage, "Local/200@phones")
    source = stage.rings("200")
    source.answer()
    bell = stage.rings("240")
    ring = stage.pause(0.3)
    bell.refuse(486)
    stage.hears_refusal("240")
    source.hang_up()
    return [
        replace(
            CLICKED,
            answered_by=None,
            disposition="BUSY",
            ring=ring,
        )
    ]


@scenario
def clicked_and_the_callee_does_not_answer(stage: Stage) -> list[Call]:
    _click(stage, "Local/200@phones/n")
    source = stage.rings("200")
    source.answer()
    stage.rings("240")
    ring = stage.pause(0.7)
    source.hang_up()
    return [
        replace(
            CLICKED,
            answered_by=None,
            disposition="CANCELLED",
            ring=ring,
        )
    ]


@scenario
def clicked_and_a_mailbox_takes_it(stage: Stage) -> list[Call]:
    """2222 is busy, its mailbox hears what 601 says for three seconds."""
    _click(stage, "Local/2222@phones", exten="601")
    stage.rings("2222").refuse(486)
    stage.wait_until(lambda: not stage.pbx.channels(), "silence")
    return [
        replace(
            CLICKED,
            caller="777",
            caller_device=None,
            dialled="601",
            answered_by=None,
            disposition="VOICEMAIL",
            hangup_by="pbx",
            cause=0,
            ring=0.0,
            legs=1,
        )
    ]


@scenario
def clicked_into_a_queue(stage: Stage) -> list[Call]:
    _click(stage, "Local/200@phones", exten="956")
    source = stage.rings("200")
    source.answer()
    bell = stage.rings("240")
    wait = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(0.8)
    source.hang_up()
    return [
        replace(
            CLICKED,
            dialled="956",
            queue="upstairs",
            ring=wait,
            wait=wait,
            talk=talk,
            visits=[Visit("upstairs", "ANSWERED", wait, "Hall")],
        )
    ]
