"""Menus, announcements and mailboxes: Asterisk itself answers."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call

MENU = Call(caller="2222", dialled="930", disposition="IVR", hangup_by="pbx", legs=1)
MESSAGE = Call(
    caller="2222", dialled="*22", disposition="VOICEMAIL", hangup_by="caller", cause=0, legs=1
)


@scenario
def a_menu_and_nothing_else(stage: Stage) -> list[Call]:
    stage.calls("2222", "930").wait("over")
    return [
        Call(
            caller="2222",
            dialled="930",
            disposition="IVR",
            hangup_by="pbx",
            legs=1,
        )
    ]


@scenario
def a_menu_and_then_a_person(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "931")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.7)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="931",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
        )
    ]


@scenario
def a_menu_and_then_nobody(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "931")
    stage.rings("200")
    ring = stage.pause(0.5)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="931",
            disposition="CANCELLED",
            hangup_by="caller",
            cause=0,
            legs=2,
            ring=ring,
        )
    ]


@scenario
def a_message_after_no_answer(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "905")
    stage.rings("200")
    call.wait("up")
    stage.pause(1.2)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="905",
            disposition="VOICEMAIL",
            hangup_by="caller",
            cause=0,
            legs=2,
            ring=1.0,
        )
    ]


@scenario
def a_message_at_once(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "*22")
    call.wait("up")
    stage.pause(1.0)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="*22",
            disposition="VOICEMAIL",
            hangup_by="caller",
            cause=0,
            legs=1,
        )
    ]


def _behind_a_local_channel(stage: Stage, number: str, seconds: float) -> None:
    call = stage.calls("2222", number)
    call.wait("up")
    stage.pause(seconds)
    call.hang_up()


@scenario
def a_mailbox_behind_a_local_channel_that_stays(stage: Stage) -> list[Call]:
    _behind_a_local_channel(stage, "949", 1.2)
    return [replace(MESSAGE, dialled="949", cause=16)]


@scenario
def a_mailbox_behind_a_local_channel_that_takes_itself_away(stage: Stage) -> list[Call]:
    _behind_a_local_channel(stage, "950", 1.2)
    return [replace(MESSAGE, dialled="950", cause=16)]


@scenario
def a_menu_behind_a_local_channel_that_stays(stage: Stage) -> list[Call]:
    stage.calls("2222", "951").wait("over")
    return [replace(MENU, dialled="951")]


@scenario
def a_menu_behind_a_local_channel_that_takes_itself_away(stage: Stage) -> list[Call]:
    stage.calls("2222", "952").wait("over")
    return [replace(MENU, dialled="952")]


@scenario
def an_announcement_after_no_answer(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "958")
    stage.rings("200")
    call.wait("over")
    return [replace(MENU, dialled="958", disposition="NO ANSWER", legs=2, ring=1.0)]


@scenario
def busy_after_an_answer(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "948")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.refuse(486)
    call.wait("over")
    return [replace(MENU, dialled="948", disposition="BUSY", legs=2, ring=ring, cause=17)]


@scenario
def nobody_after_an_answer(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "948")
    stage.rings("200")
    call.wait("over")
    return [replace(MENU, dialled="948", disposition="NO ANSWER", legs=2, ring=2.0)]
