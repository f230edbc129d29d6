"""What became of a call, and who ended it, by a channel event log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cel_rows import (
    A,
    B,
    Line,
    answered,
    bridge,
    call,
    calls,
    dialled,
    ends,
    gone,
    halves,
    line,
    over,
    refused,
    who,
)

DIALPLAN = "dialplan/builtin"
NEXT = who("6103", 3, 1, A)


@pytest.mark.parametrize(
    "by, hung_up",
    [(A, "caller"), (B, "callee"), ("", "pbx"), (DIALPLAN, "pbx")],
    ids=["caller", "callee", "manager", "dialplan"],
)
def test_who_hung_up_is_told_by_the_source(tmp_path: Path, by: object, hung_up: str) -> None:
    found = call(tmp_path, [*dialled(), *answered(), *over(by=by)])  # type: ignore[arg-type]
    assert (found["disposition"], found["hangup_by"]) == ("ANSWERED", hung_up)


def left(stays: float, **application: str) -> list[Line]:
    """6102 hangs up, and after a while 6101's channel ends, which still says so."""
    return [
        line("BRIDGE_EXIT", 9, A, bridge("b"), exten="6102", **application),
        *ends(9, B, gone(16, B), app="AppDial"),
        *ends(9 + stays, A, gone(16, B, "ANSWER"), exten="6102"),
    ]


def test_who_was_left_some_time_ago_may_have_hung_up_or_not(tmp_path: Path) -> None:
    """His channel still names who left him, while the dialplan goes on."""
    lines = [
        *dialled(),
        *answered(),
        *ends(9, B, gone(16, B), app="AppDial"),
        line("BRIDGE_EXIT", 9, A, bridge("b"), app="Dial", exten="6102"),
        *ends(30, A, gone(16, B, "ANSWER"), exten="6102"),
    ]
    assert call(tmp_path, lines)["hangup_by"] is None


DIAL, DIAL_G = "PJSIP/6102,30,tTU(greet^g)", "PJSIP/6102,30,tTg"


@pytest.mark.parametrize(
    "stays, data, hung_up",
    [
        # Nothing tells whether the dialplan went on: only the time may.
        (0, "", "callee"),
        (0.3, "", "callee"),
        (0.7, "", None),
        (1, "", None),
        (1, "PJSIP/6102" * 8, None),  # it may have been cut off before its options
        # It may go on.
        (0, DIAL_G, "callee"),
        (0.3, DIAL_G, "callee"),
        (0.7, DIAL_G, None),
        (1, DIAL_G, None),
        # It does not.
        (0.7, DIAL, "callee"),
        (1, DIAL, "callee"),
        (1, "PJSIP/6102", "callee"),
    ],
)
def test_how_long_who_was_left_stays_and_what_dial_was_told_say_who_ended_it(
    tmp_path: Path, stays: float, data: str, hung_up: str | None
) -> None:
    lines = [*dialled(), *answered(), *left(stays, app="Dial", data=data)]
    assert call(tmp_path, lines)["hangup_by"] == hung_up


@pytest.mark.parametrize(
    "data, hung_up", [("desk", "callee"), ("desk,tT", "callee"), ("desk,c", None)]
)
def test_a_queue_lets_the_dialplan_go_on_if_it_was_told_to(
    tmp_path: Path, data: str, hung_up: str | None
) -> None:
    lines = [*dialled(), *answered(), *left(1, app="Queue", data=data)]
    assert call(tmp_path, lines)["hangup_by"] == hung_up


@pytest.mark.parametrize("by, hung_up", [(A, None), (B, "callee"), (DIALPLAN, "pbx")])
def test_who_ended_what_goes_on_with_the_callee(
    tmp_path: Path, by: object, hung_up: str | None
) -> None:
    """So it does after ``Dial(…,F)``, when the caller has hung up."""
    lines = [
        *dialled(),
        *answered(),
        line("BRIDGE_EXIT", 9, A, bridge("b"), app="Dial", exten="6102"),
        line("BRIDGE_EXIT", 9, B, bridge("b"), app="AppDial"),
        *ends(9, A, gone(16, A, "ANSWER"), exten="6102"),
        *ends(30, B, gone(16, by), exten="961"),  # type: ignore[arg-type]
    ]
    assert call(tmp_path, lines)["hangup_by"] == hung_up


@pytest.mark.parametrize(
    "further",
    [
        line("APP_START", 9, A, app="Playback", exten="6102"),
        line("APP_START", 9, A, app="Wait", exten="961"),
        line("ANSWER", 9, A, app="Answer", exten="961"),
    ],
    ids=["an application", "elsewhere", "an extension"],
)
@pytest.mark.parametrize("stays", [0, 0.3, 1])
def test_whoever_is_seen_in_the_dialplan_after_that_was_not_hung_up_by_it(
    tmp_path: Path, further: Line, stays: float
) -> None:
    out, *over_then = left(stays, app="Dial", data=DIAL_G)
    lines = [*dialled(), *answered(), out, further, *over_then]
    assert call(tmp_path, lines)["hangup_by"] is None


def test_the_end_of_the_dialplan_is_no_further_step(tmp_path: Path) -> None:
    out, *over_then = left(0, app="Dial", data=DIAL_G)
    step = line("APP_START", 9, A, app="Hangup", exten="6102")
    tidied = [line(row[0], 9, A, row[-1], exten="h") if row[9] == A.name else row
              for row in over_then]  # fmt: skip
    lines = [*dialled(), *answered(), out, step, *tidied]
    assert call(tmp_path, lines)["hangup_by"] == "callee"


def test_who_is_left_when_both_were_sent_elsewhere_did_not_hang_up_the_call(tmp_path: Path) -> None:
    lines = [
        *dialled(),
        *answered(),
        line("BRIDGE_EXIT", 9, B, bridge("b"), app="AppDial", exten="932"),
        line("BRIDGE_EXIT", 9, A, bridge("b"), app="Dial", data="PJSIP/6102,30,tT", exten="930"),
        *ends(10.5, A, {"hangupcause": 16, "hangupsource": "dialplan/builtin"}, exten="930"),
        *ends(11, B, gone(16, B), app="AppDial", exten="932"),
    ]
    assert call(tmp_path, lines)["hangup_by"] is None


def test_from_a_macro_a_channel_comes_back_to_where_it_was(tmp_path: Path) -> None:
    lines = [
        *dialled(),
        *answered(),
        *ends(9, B, gone(16, B), app="AppDial"),
        line("BRIDGE_EXIT", 9, A, bridge("b"), app="Dial", exten="s"),
        *ends(9, A, gone(16, B, "ANSWER"), exten="6102"),
    ]
    assert call(tmp_path, lines)["hangup_by"] == "callee"


def test_a_log_of_whole_seconds_that_has_no_bridges_tells_it_within_a_second(
    tmp_path: Path,
) -> None:
    for stays, hung_up in ((0, "callee"), (1, None)):
        lines = [row for row in [*dialled(), *answered(), *left(stays)] if "BRIDGE" not in row[0]]
        assert call(tmp_path, lines)["hangup_by"] == hung_up


@pytest.mark.parametrize(
    "cause, status, source, disposition",
    [
        (17, "BUSY", B, "BUSY"),
        (17, "BUSY", "", "BUSY"),
        (21, "BUSY", "", "REJECTED"),
        (21, "NOANSWER", B, "REJECTED"),
        (34, "CONGESTION", B, "FAILED"),
        (20, "CHANUNAVAIL", "", "FAILED"),
        (16, "NOANSWER", "", "NO ANSWER"),
        (0, "NOANSWER", "", "NO ANSWER"),
        (1, "NOANSWER", B, "NO ANSWER"),
        (19, "BUSY", "", "BUSY"),  # what chan_sip makes of 480
    ],
)
def test_nobody_took_it(
    tmp_path: Path, cause: int, status: str, source: object, disposition: str
) -> None:
    found = call(tmp_path, refused(cause, status, source))  # type: ignore[arg-type]
    assert (found["disposition"], found["hangup_by"]) == (disposition, "pbx")
    assert (found["talk"], found["billsec"], found["answered_by"]) == (None, 0, None)


def test_a_caller_whom_asterisk_refuses_did_not_hang_up(tmp_path: Path) -> None:
    """chan_pjsip says so of him, with the cause."""
    lines = [
        *dialled(),
        *ends(4, B, gone(17, B), app="AppDial", exten="6102"),
        *ends(4, A, gone(17, A, "BUSY"), exten="6102"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"]) == ("BUSY", "pbx")


def test_of_several_telephones_the_nearest_to_an_answer_counts(tmp_path: Path) -> None:
    lines = [
        *dialled(),
        line("CHAN_START", 1, NEXT, exten="s"),
        *ends(2, B, gone(17, B), app="AppDial"),
        *ends(20, NEXT, gone(16), app="AppDial"),
        *ends(20, A, gone(17, DIALPLAN, "BUSY"), exten="6102"),
    ]
    assert call(tmp_path, lines)["disposition"] == "NO ANSWER"


def test_a_telephone_that_forwards_the_call_was_not_asked_for_an_answer(tmp_path: Path) -> None:
    """And app_dial says CANCEL of the call that it made instead."""
    lines = [
        *dialled(),
        line("FORWARD", 2, A, {"forward": "6103"}, app="Dial", exten="6102"),
        *ends(2, B, gone(16), app="AppDial"),
        line("CHAN_START", 2, NEXT, exten="s"),
        *ends(4, NEXT, gone(17), app="AppDial"),
        *ends(4, A, gone(17, "", "CANCEL"), exten="6102"),
    ]
    assert call(tmp_path, lines)["disposition"] == "BUSY"


@pytest.mark.parametrize("by, disposition", [(17, "BUSY"), (16, "CANCELLED")])
def test_what_a_local_channel_dials_for_who_was_called(
    tmp_path: Path, by: int, disposition: str
) -> None:
    """6101 was rung by Local/6101, which then dials 6102 for him: he hangs up as that ends."""
    one, two = halves("6101", 11, 0, who("x", 11))
    source, called = who("6101", 21, linked=one), who("6102", 22, 3, one)
    status = {17: "BUSY", 16: "CANCEL"}[by]
    lines = [
        line("CHAN_START", 0, one, exten="6101"),
        line("CHAN_START", 0, two, exten="6101"),
        line("CHAN_START", 0, source, exten="s"),
        line("ANSWER", 2, source, app="AppDial", exten="6101"),
        line("ANSWER", 2, one, app="AppDial2", exten="6101"),
        line("CHAN_START", 3, called, exten="s"),
        *ends(6, called, gone(by), app="AppDial", exten="6102"),
        *ends(6, source, gone(16, source), app="AppDial"),
        *ends(6, two, gone(16, source, "ANSWER"), exten="6101"),
        *ends(6, one, gone(16, "", status), app="AppDial2", exten="6102"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"]) == (disposition, "caller")
    assert (found["caller"], found["dialled"]) == ("6101", "6102")


def test_of_two_who_hung_up_in_one_second_the_later_one_ended_it(tmp_path: Path) -> None:
    first, last = ends(9, A, gone(16, A), exten="620"), ends(9, B, gone(16, B), app="AppDial")
    for lines, hung_up in (([*first, *last], "callee"), ([*last, *first], "caller")):
        found = call(tmp_path, [*dialled(), *answered(), *lines])
        assert found["hangup_by"] == hung_up


@pytest.mark.parametrize("cause", [0, 16, 127])
@pytest.mark.parametrize("by, hung_up", [(A, "caller"), ("", "pbx")], ids=["caller", "manager"])
def test_given_up_while_it_rings(tmp_path: Path, cause: int, by: object, hung_up: str) -> None:
    lines = [
        *dialled(),
        *ends(6, B, gone(cause), app="AppDial"),
        *ends(6, A, gone(cause, by, "CANCEL"), exten="6102"),  # type: ignore[arg-type]
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"], found["ring"]) == ("CANCELLED", hung_up, 5)


def test_given_up_while_one_is_busy_and_another_rings(tmp_path: Path) -> None:
    lines = [
        *dialled(),
        line("CHAN_START", 1, NEXT, exten="s"),
        *ends(2, B, gone(17, B), app="AppDial"),
        *ends(6, NEXT, gone(17), app="AppDial"),
        *ends(6, A, gone(17, A, "BUSY"), exten="6102"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"]) == ("CANCELLED", "caller")


@pytest.mark.parametrize(
    "cause, by, disposition, hung_up",
    [
        (127, A, "CANCELLED", "caller"),
        (0, A, "CANCELLED", "caller"),
        (16, "", "CANCELLED", "pbx"),
        (16, DIALPLAN, "FAILED", "pbx"),
        (34, "", "FAILED", "pbx"),
        (1, A, "FAILED", "pbx"),
    ],
)
def test_over_before_any_telephone_was_dialled(
    tmp_path: Path, cause: int, by: object, disposition: str, hung_up: str
) -> None:
    lines = [
        line("CHAN_START", 0, A, exten="6102"),
        *ends(2, A, gone(cause, by), exten="6102"),  # type: ignore[arg-type]
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"]) == (disposition, hung_up)


def asked(status: str, by: object = DIALPLAN, callee: object = "", at: float = 7) -> list[Line]:
    """6102 answers, hears who calls, and does not accept."""
    return [
        *dialled(),
        line("ANSWER", 4, B, app="AppDial", exten="6102"),
        line("BRIDGE_ENTER", 4.5, NEXT, bridge("else"), app="Dial"),  # the log has bridges
        *ends(6, NEXT, gone(16), app="Dial"),
        *ends(6, B, gone(16, callee), app="AppDial"),  # type: ignore[arg-type]
        *ends(at, A, gone(16, by, status), exten="6102"),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("status", ["", "NOANSWER", "ANSWER"])
def test_answered_but_not_accepted(tmp_path: Path, status: str) -> None:
    found = call(tmp_path, asked(status))
    assert (found["disposition"], found["hangup_by"]) == ("NO ANSWER", "pbx")
    assert (found["answered_by"], found["ring"], found["billsec"]) == (None, 3, 0)


def test_who_was_asked_hung_up_and_with_that_the_call_ended(tmp_path: Path) -> None:
    found = call(tmp_path, asked("ANSWER", "", B, 6))
    assert (found["disposition"], found["hangup_by"]) == ("NO ANSWER", "callee")


def test_an_originated_call_whose_source_does_not_answer(tmp_path: Path) -> None:
    for cause, disposition in ((16, "NO ANSWER"), (19, "NO ANSWER"), (17, "BUSY"), (3, "FAILED")):
        lines = [
            line("CHAN_START", 0, A, exten="s"),
            *ends(5, A, gone(cause), app="AppDial2", exten="s"),
        ]
        found = call(tmp_path, lines)
        assert (found["disposition"], found["ring"]) == (disposition, 5)
        assert (found["dialled"], found["hangup_by"], found["legs"]) == (None, "pbx", 1)


def waiting(*lines: Line, rung: bool = True) -> list[Line]:
    """6101 waits in a queue, whose agent 6102 rings from 1 to 8."""
    return [
        line("CHAN_START", 0, A, exten="500"),
        line("ANSWER", 0, A, app="Answer", exten="500"),
        *([line("CHAN_START", 1, B, exten="s")] if rung else []),
        *([line("ANSWER", 1.5, who("6109", 9), app="Answer")] if not rung else []),
        *lines,
    ]


@pytest.mark.parametrize("by, hung_up", [(A, "caller"), ("", "pbx")], ids=["caller", "manager"])
def test_a_caller_who_waits_when_his_call_ends_is_abandoned(
    tmp_path: Path, by: object, hung_up: str
) -> None:
    lines = waiting(
        *ends(8, B, gone(0), app="AppQueue", exten="500"),
        *ends(8, A, gone(0, by, "CANCEL"), exten="500"),  # type: ignore[arg-type]
    )
    found = call(tmp_path, lines)
    assert (found["disposition"], found["hangup_by"], found["ring"]) == ("ABANDONED", hung_up, 7)


@pytest.mark.parametrize(
    "exten, at, by, disposition",
    [
        ("500", 8.1, DIALPLAN, "NO ANSWER"),
        ("961", 8.2, A, "NO ANSWER"),  # moved to an announcement
        ("500", 20, A, None),  # he waited for the next agent, or heard an announcement
    ],
    ids=["its timeout", "redirected", "nobody knows"],
)
def test_a_queue_that_nobody_answered(
    tmp_path: Path, exten: str, at: float, by: object, disposition: str | None
) -> None:
    lines = waiting(
        *ends(8, B, gone(0), app="AppQueue", exten="500"),
        *ends(at, A, gone(16, by, "CANCEL"), exten=exten),  # type: ignore[arg-type]
    )
    assert call(tmp_path, lines)["disposition"] == disposition


def test_a_second_queue_whose_name_no_line_has_is_not_the_first(tmp_path: Path) -> None:
    queue = {"app": "Queue", "data": "desk,tT", "exten": "500"}
    lines = waiting(
        line("ANSWER", 4, B, app="AppQueue", exten="500"),
        line("BRIDGE_ENTER", 4, B, bridge("b"), app="AppQueue", exten="500"),
        line("BRIDGE_ENTER", 4, A, bridge("b"), peer=B.name, **queue),
        line("BRIDGE_EXIT", 9, A, bridge("b"), **queue),
        *ends(9, B, gone(16), app="AppQueue", exten="500"),
    )
    over_then = ends(20, A, gone(16, A), exten="501")
    assert call(tmp_path, [*lines, *over_then])["queue"] == "desk"
    again = [
        line("CHAN_START", 10, NEXT, exten="s"),
        *ends(20, NEXT, gone(0), app="AppQueue", exten="501"),
    ]
    found = call(tmp_path, [*lines, *again, *over_then])
    assert (found["queue"], found["disposition"], found["talk"]) == (None, "ANSWERED", 5)


def test_a_mailbox_after_no_answer(tmp_path: Path) -> None:
    lines = [
        *dialled(),
        *ends(4, B, gone(16), app="AppDial"),
        line("ANSWER", 5, A, app="VoiceMail", data="22@default,u", exten="6102"),
        *ends(9, A, gone(16, A, "NOANSWER"), exten="6102"),
    ]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["billsec"]) == ("VOICEMAIL", 4)


@pytest.mark.parametrize("late", [1, 20])
def test_an_answer_later_than_the_end_bills_nothing(tmp_path: Path, late: float) -> None:
    lines = [*dialled(), *answered(), *over(), line("ANSWER", 9 + late, A, exten="6102")]
    assert call(tmp_path, lines)["billsec"] == 5
    first = [row for row in lines if row[0] != "ANSWER"]
    found = call(tmp_path, [*first, line("ANSWER", 9 + late, A, app="Dial", exten="6102")])
    assert found["billsec"] is None


def test_lines_a_little_out_of_order_give_the_same_call(tmp_path: Path) -> None:
    lines = [*dialled(), *answered(), *over()]
    ordered = call(tmp_path, lines)
    with pytest.warns(UserWarning, match="newest records come first"):
        turned = call(tmp_path, sorted(lines, key=lambda row: (row[1], row[0]), reverse=True))
    assert turned == ordered
    with pytest.warns(UserWarning, match="come after newer ones"):
        assert call(tmp_path, [*lines[2:], *lines[:2]]) == ordered


def test_a_call_in_the_middle_of_many_is_given_once(tmp_path: Path) -> None:
    """It is over for a minute before the next thousand events are."""
    lines = []
    for number in range(600):
        one = who("6101", 100 + number, number)
        lines += [line("CHAN_START", number, one, exten="930"), *ends(number + 1, one, gone(16))]
    assert len(calls(tmp_path, [*dialled(), *lines, *answered(at=700), *over(at=800)])) == 601
