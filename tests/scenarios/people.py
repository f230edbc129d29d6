"""Two people, or one who reaches nobody."""

from __future__ import annotations

from tests.scenarios.play import scenario
from tests.scenarios.stage import OUTSIDE, Stage
from tests.scenarios.truth import Call


@scenario
def answered_and_the_caller_hangs_up(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.6)
    bell.answer()
    talk = stage.pause(1.5)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


@scenario
def answered_and_the_callee_hangs_up(stage: Stage) -> list[Call]:
    call = stage.calls("30", "240")
    bell = stage.rings("240")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(1.2)
    bell.hang_up()
    call.wait("over")
    return [
        Call(
            caller="30",
            dialled="240",
            answered_by="240",
            disposition="ANSWERED",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
        )
    ]


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
def on_hold_for_a_while(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.5)
    bell.hold()
    hold = stage.pause(1.0)
    bell.resume()
    talk += stage.pause(0.4)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk + hold,
            hold=hold,
            direct=True,
        )
    ]


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


@scenario
def hung_up_by_the_manager(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "200")
    bell = stage.rings("200")
    ring = stage.pause(0.3)
    bell.answer()
    talk = stage.pause(0.8)
    stage.action("Hangup", Channel=stage.channel("2222"))
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="200",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="pbx",
            legs=2,
            ring=ring,
            talk=talk,
            direct=True,
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
def out_over_the_trunk(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "00897654321")
    bell = stage.rings("trunk")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    call.hang_up()
    return [
        Call(
            caller="2222",
            dialled="00897654321",
            answered_by="trunk",
            disposition="ANSWERED",
            hangup_by="caller",
            legs=2,
            ring=ring,
            talk=talk,
            direction="outbound",
            direct=True,
        )
    ]


@scenario
def in_over_the_trunk(stage: Stage) -> list[Call]:
    stage.calls("trunk", "493098765")
    bell = stage.rings("200")
    ring = stage.pause(0.4)
    bell.answer()
    talk = stage.pause(0.8)
    bell.hang_up()
    return [
        Call(
            caller=OUTSIDE,
            dialled="493098765",
            answered_by="200",
            disposition="ANSWERED",
            hangup_by="callee",
            legs=2,
            ring=ring,
            talk=talk,
            direction="inbound",
            direct=True,
        )
    ]


@scenario
def two_hundred_at_once(stage: Stage) -> list[Call]:
    """A hundred of them are answered, and end one after the other."""
    answerer = stage.phones["200"]
    answerer.answers_at_once = True
    try:
        answered = [stage.calls("2222", "200") for _ in range(100)]
        ringing = [stage.calls("300", "240") for _ in range(100)]
        for call in answered:
            call.wait("up", seconds=30)
        for call in ringing:
            call.wait("ringing", seconds=30)
        stage.pause(1)
        for call in [*answered, *ringing]:
            call.hang_up()
            call.since["over"] = stage.now()
    finally:
        answerer.answers_at_once = False
    return [
        *(
            Call(
                caller="2222",
                dialled="200",
                answered_by="200",
                disposition="ANSWERED",
                hangup_by="caller",
                legs=2,
                ring=call.since["up"] - call.since["calling"],
                talk=call.since["over"] - call.since["up"],
                direct=True,
                tolerance=1.0,
            )
            for call in answered
        ),
        *(
            Call(
                caller="300",
                dialled="240",
                disposition="CANCELLED",
                hangup_by="caller",
                cause=stage.by_version(0, 127),
                legs=2,
                ring=call.since["over"] - call.since["ringing"],
                tolerance=1.0,
            )
            for call in ringing
        ),
    ]
