"""What became of calls, by the lines of a CDR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import history
from tests.support.cdr_lines import BEGIN, CALLER, NAMES, calls, record, rows, text, uniqueid

ONE, OTHER = "PJSIP/200-00000002", "PJSIP/300-00000003"
LOCAL = "Local/55@phones-00000000"


# --- billsec and disposition ---------------------------------------------------------------------


def test_a_channel_that_was_answered_before_its_dial_is_billed_from_then_on(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 20, "Dial", ONE, said="BUSY", answer=0),
        record(20, 45, "VoiceMail", data="200@default"),
    )
    assert rows(found, "billsec", "disposition") == [(45, "VOICEMAIL")]


def test_telephones_that_ring_at_once_are_not_billed_twice(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 30, "Dial", ONE, said="NO ANSWER", answer=0),
        record(0, 90, "Dial", OTHER, answer=0),
    )
    assert rows(found, "billsec", "answered_by") == [(90, "300")]


def test_the_billsec_of_one_line_is_that_of_the_file(tmp_path: Path) -> None:
    assert calls(tmp_path, record(0, 65, "Dial", ONE, answer=5, billsec=59))["billsec"][0] == 59


@pytest.mark.parametrize(
    ("app", "said", "expected"),
    [
        ("Dial", "BUSY", "BUSY"),
        ("Dial", "NO ANSWER", "NO ANSWER"),
        ("Dial", "FAILED", "FAILED"),
        ("Queue", "NO ANSWER", "NO ANSWER"),
        ("Queue", "FAILED", "NO ANSWER"),
    ],
)
def test_what_the_dialplan_plays_after_an_attempt_changes_nothing(
    tmp_path: Path, app: str, said: str, expected: str
) -> None:
    first = record(0, 20, app, ONE, said=said, answer=0)
    for last in (record(20, 22, "Hangup"), record(20, 28, "Playback", data="sorry")):
        assert rows(calls(tmp_path, first, last), "disposition") == [(expected,)]


def test_a_caller_who_waits_to_the_end_has_abandoned(tmp_path: Path) -> None:
    for to, said in ((ONE, "NO ANSWER"), ("", "ANSWERED")):
        line = record(0, 12, "Queue", to, data="support,t", said=said, answer=0)
        assert rows(calls(tmp_path, line), "disposition", "queue") == [("ABANDONED", "support")]
    timeout = record(0, 12, "Queue", ONE, data="support,t,,,10", said="NO ANSWER", answer=0)
    assert calls(tmp_path, timeout)["disposition"].tolist() == ["NO ANSWER"]


def test_the_last_queue_is_the_one_that_counts(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 10, "Queue", ONE, data="first", said="NO ANSWER", answer=0),
        record(10, 30, "Queue", OTHER, data="second"),
    )
    assert rows(found, "queue", "answered_by") == [("second", "300")]


def test_a_dial_that_finds_no_telephone_has_failed(tmp_path: Path) -> None:
    assert calls(tmp_path, record(0, 3, "Dial"))["disposition"].tolist() == ["FAILED"]
    line = record(0, 3, "Dial", said="FAILED")
    assert calls(tmp_path, line)["disposition"].tolist() == ["FAILED"]


@pytest.mark.parametrize(
    ("trailing", "expected"),
    [("NO ANSWER", "NO ANSWER"), ("FAILED", "FAILED"), (None, "NO ANSWER")],
)
def test_who_was_asked_and_did_not_accept_did_not_answer(
    tmp_path: Path, trailing: str | None, expected: str
) -> None:
    lines = [record(0, 4, "Dial", ONE, data="PJSIP/200,10,tU(ask)", said="FAILED")]
    if trailing is not None:
        lines.append(record(4, 5, "Hangup", said=trailing))
    assert rows(calls(tmp_path, *lines), "disposition", "answered_by") == [(expected, None)]


def test_a_menu_the_own_mailbox_and_an_announcement_are_no_attempts(tmp_path: Path) -> None:
    for app in ("BackGround", "VoiceMailMain", "Playback", "Echo"):
        assert rows(calls(tmp_path, record(0, 9, app)), "disposition", "billsec") == [("IVR", 9)]


def test_what_runs_after_the_end_does_not_hide_what_was_before(tmp_path: Path) -> None:
    after = record(12, 12, "NoOp", dst="h")
    waited = record(0, 12, "Queue", ONE, said="NO ANSWER", answer=0)
    assert rows(calls(tmp_path, waited, after), "disposition") == [("ABANDONED",)]
    # Of these Asterisk keeps the extension h only: a mailbox, a menu or a queue.
    found = calls(tmp_path, record(0, 12, "Dial", ONE, said="BUSY"), record(12, 40, dst="h"))
    assert rows(found, "disposition", "billsec") == [(None, 28)]


# --- Local channels ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("app", "to", "expected"),
    [
        ("VoiceMail", "", ("VOICEMAIL", None)),
        ("Playback", "", ("IVR", None)),
        ("Dial", ONE, ("ANSWERED", "200")),
    ],
)
def test_a_local_channel_is_seen_through(
    tmp_path: Path, app: str, to: str, expected: tuple[str, str | None]
) -> None:
    found = calls(
        tmp_path,
        record(0, 20, "Dial", f"{LOCAL};1"),
        record(0, 20, app, to, channel=f"{LOCAL};2", number=3, linked=1),
    )
    assert rows(found, "disposition", "answered_by") == [expected]


def test_of_a_local_channel_without_lines_nobody_knows_who_answered(tmp_path: Path) -> None:
    found = calls(tmp_path, record(0, 20, "Dial", f"{LOCAL};1"))
    assert rows(found, "disposition", "answered_by") == [("ANSWERED", None)]


def test_a_telephone_behind_a_local_channel_tells_when_it_answered(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 60, "Queue", f"{LOCAL};1", data="support"),
        record(20, 60, "Dial", ONE, channel=f"{LOCAL};2", answer=26, number=3, linked=1),
    )
    assert found["answered"][0] == pd.Timestamp(BEGIN, tz="UTC") + pd.Timedelta(seconds=26)
    assert rows(found, "dialled", "answered_by", "billsec") == [("200", "200", 60)]


def test_only_a_call_that_two_talked_in_was_answered(tmp_path: Path) -> None:
    rang = calls(tmp_path, record(0, 60, "Dial", ONE, answer=7))
    assert (rang["answered"] - rang["start"]).dt.total_seconds().tolist() == [7]
    for app, to, said in (("Playback", "", "ANSWERED"), ("Dial", ONE, "BUSY")):
        found = calls(tmp_path, record(0, 60, app, to, said=said, answer=0))
        assert rows(found, "answered", "billsec") == [(None, 60)]


def test_who_is_called_first_by_a_click_is_the_caller(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 30, "Dial", ONE, channel=f"{LOCAL};1", src="55", dst="200", number=1),
        record(0, 30, "Dial", "PJSIP/55-00000001", channel=f"{LOCAL};2", dst="55", number=2,
               linked=1),
        record(10, 20, "Dial", "PJSIP/30-00000004", channel="PJSIP/55-00000003", src="55",
               dst="30", number=7, begun=10),
        record(20, 30, "Dial", "PJSIP/30-00000004", channel=f"{LOCAL};2", dst="55", number=2,
               linked=1),
    )  # fmt: skip
    expected = ("55", "PJSIP/55", "200", "200", 30)
    columns = ("caller", "caller_device", "dialled", "answered_by", "billsec")
    assert rows(found, *columns) == [expected]


# --- who and whom --------------------------------------------------------------------------------


def test_who_picked_up_has_answered(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 6, "Dial", ONE, answer=6, data="PJSIP/200"),
        record(6, 66, "Dial", OTHER, data="PJSIP/200"),
    )
    assert rows(found, "answered_by", "billsec") == [("300", 60)]
    found = calls(
        tmp_path,
        record(0, 6, "Queue", ONE, data="desk"),  # a queue that answered first
        record(0, 6, "AppQueue", channel=ONE, data="(Outgoing Line)", said="NO ANSWER", number=2,
               linked=1),
        record(6, 66, "Queue", OTHER, data="desk"),
    )  # fmt: skip
    assert rows(found, "answered_by", "caller", "disposition") == [("300", "100", "ANSWERED")]


def test_who_parked_a_call_at_once_has_answered_it(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 6, "Dial", ONE, answer=6, data="PJSIP/200"),
        record(6, 16, "Park", data="default:701"),
        record(16, 30, "Dial", OTHER, data="PJSIP/200"),
        record(16, 16, "ParkedCall", channel=OTHER, src="300", dst="701", number=3, linked=1),
    )  # fmt: skip
    assert rows(found, "answered_by", "dialled", "billsec") == [("200", "200", 24)]


def test_a_blind_transfer_overwrites_what_was_dialled(tmp_path: Path) -> None:
    first = record(0, 6, "Dial", ONE, dst="300", data="PJSIP/200,30,tT")
    then = record(6, 20, "Dial", OTHER, dst="300", data="PJSIP/300,30")
    found = calls(tmp_path, first, then)
    assert rows(found, "dialled", "answered_by") == [(None, "200")]
    goes_on = record(0, 6, "Dial", ONE, dst="300", data="PJSIP/200,30,g")
    assert rows(calls(tmp_path, goes_on, then), "dialled") == [("300",)]
    # A second transfer overwrites what the first one wrote.
    again = record(6, 20, "Dial", OTHER, dst="400", data="PJSIP/300,30")
    last = record(20, 30, "Dial", "PJSIP/400-00000004", dst="400", data="PJSIP/400,30")
    assert rows(calls(tmp_path, first, again, last), "dialled") == [(None,)]
    # Of a queue's other member the line was written before the transfer.
    other = record(0, 2, "Queue", "PJSIP/9-00000009", dst="915", data="desk,t", said="NO ANSWER")
    served = record(0, 6, "Queue", ONE, dst="300", data="desk,t")
    assert rows(calls(tmp_path, served, other, then), "dialled") == [("915",)]


@pytest.mark.parametrize(
    ("dst", "expected"),
    [("s", None), ("h", None), ("i", None), ("vmu200", "200"), ("vmx", "vmx"), ("*97", "*97")],
)
def test_nobody_dials_an_extension_that_the_dialplan_has_for_itself(
    tmp_path: Path, dst: str, expected: str | None
) -> None:
    assert rows(calls(tmp_path, record(0, 9, "VoiceMail", dst=dst)), "dialled") == [(expected,)]


def test_the_callers_own_number_is_not_who_answered(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 9, "Dial", ONE),
        record(3, 9, "AppDial", channel=ONE, data="(Outgoing Line)", number=2, linked=1),
    )
    assert rows(found, "caller", "answered_by") == [("100", "200")]


def test_who_is_asked_and_is_gone_within_a_second_leaves_no_outcome(tmp_path: Path) -> None:
    found = calls(tmp_path, record(0, 6, "Dial", ONE, answer=6, data="PJSIP/200,10,U(ask)"))
    assert rows(found, "disposition", "answered_by", "billsec") == [(None, None, 0)]


@pytest.mark.parametrize("billsec", [0, 6])
def test_whether_a_callee_of_follow_me_accepted_is_not_known(tmp_path: Path, billsec: int) -> None:
    found = calls(
        tmp_path,
        record(0, 7, "FollowMe", f"{LOCAL};1", data="fm", billsec=billsec),
        record(
            3, 7, "Dial", ONE, channel=f"{LOCAL};2", answer=4, number=3, linked=1, data="PJSIP/200"
        ),
    )
    shown = rows(found, "disposition", "answered", "answered_by", "answered_device", "billsec")
    assert shown == [(None, None, None, None, billsec)]


def test_a_callee_of_follow_me_whose_telephone_is_in_the_record_accepted(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 4, "FollowMe", f"{LOCAL};1", data="fm"),
        record(3, 4, "Dial", ONE, channel=f"{LOCAL};2", number=3, linked=1, data="PJSIP/200"),
        record(4, 9, "FollowMe", ONE, data="fm"),
    )
    assert rows(found, "disposition", "answered_by") == [("ANSWERED", "200")]


def test_follow_me_that_reaches_nobody_has_no_answer(tmp_path: Path) -> None:
    found = calls(tmp_path, record(0, 7, "FollowMe", f"{LOCAL};1", data="fm", said="NO ANSWER"))
    assert rows(found, "disposition", "answered_by") == [("NO ANSWER", None)]


def test_two_whom_dial_sends_to_different_places_have_not_talked(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 1, "NoOp", channel=ONE, src="200", dst="8990", number=2, linked=1),
        record(0, 1, "Dial", ONE, data="PJSIP/200,10,G(8990^1)", answer=1),
        record(1, 3, "ConfBridge", data="gm", dst="meet"),
    )
    shown = rows(found, "disposition", "answered", "answered_by", "dialled", "billsec")
    assert shown == [("NO ANSWER", None, None, "200", 2)]


@pytest.mark.parametrize(
    ("app", "data"), [("Hangup", "17"), ("Playback", "x,noanswer"), ("Busy", "10"), ("Goto", "x")]
)
def test_a_dialplan_that_dials_nobody_and_says_busy_has_failed(
    tmp_path: Path, app: str, data: str
) -> None:
    found = calls(tmp_path, record(0, 4, app, data=data, said="BUSY"))
    assert rows(found, "disposition") == [("FAILED",)]


def test_a_telephone_that_is_called_and_busy_is_busy_whatever_follows(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 2, "Dial", f"{LOCAL};1", said="BUSY"),
        record(2, 4, "Hangup", data="17", said="BUSY"),
    )
    assert rows(found, "disposition") == [("BUSY",)]


def test_who_sends_his_caller_elsewhere_is_no_attempt(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 1, "Dial", ONE, data="PJSIP/200,30", said="NO ANSWER"),
        record(1, 4, "Dial", f"{LOCAL};1", data="PJSIP/200,30", said="BUSY"),
        record(1, 4, "Dial", OTHER, channel=f"{LOCAL};2", said="BUSY", number=3, linked=1),
    )
    assert rows(found, "disposition") == [("BUSY",)]


def test_two_calls_that_a_manager_bridges_are_no_pickup(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 6, "Dial", ONE, answer=6, data="PJSIP/200"),
        record(1, 6, "Dial", OTHER, channel="PJSIP/9-00000009", src="9", number=9, begun=1),
        record(6, 20, "Dial", OTHER, data="PJSIP/200"),
    )
    assert rows(found, "caller", "answered_by") == [("100", "200")]


# --- who meets without being called --------------------------------------------------------------


def test_those_in_a_conference_have_calls_of_their_own(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 16, "ConfBridge", ONE, dst="501", data="room,x", number=1),
        record(1, 17, "ConfBridge", OTHER, channel=ONE, src="200", dst="501", data="room,x",
               number=2, begun=1),
        record(2, 18, "ConfBridge", channel=OTHER, src="300", dst="501", data="room,x", number=3,
               begun=2),
        record(50, 60, "ConfBridge", channel="PJSIP/9-00000009", src="9", dst="501", data="room,x",
               number=9, begun=50),
    )  # fmt: skip
    assert rows(found, "caller", "answered_by", "disposition", "conference") == [
        ("100", None, "ANSWERED", "room"),
        ("200", None, "ANSWERED", "room"),
        ("300", None, "ANSWERED", "room"),
        ("9", None, "IVR", "room"),
    ]


def test_of_a_conference_without_names_nobody_knows_who_met(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        record(0, 16, "MeetMe", data="501", number=1),
        record(9, 30, "MeetMe", channel=ONE, data="501", number=2, begun=9),
        record(40, 50, "MeetMe", channel=OTHER, data="501", number=3, begun=40),
    )
    assert rows(found, "disposition", "conference") == [(None, "501")] * 2 + [("IVR", "501")]


def test_two_pbxs_may_have_channels_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "cdr.csv"
    lines = [record(0, 9, "Dial", ONE, number=number) for number in (1, 2)]
    names = [*NAMES, "systemname"]
    path.write_text(text([names, [*lines[0], "north"], [*lines[1], "south"]]))
    assert rows(history(path, tz="UTC").calls, "server") == [("north",), ("south",)]


def test_an_agents_login_is_a_call_of_its_own_and_serves_others(tmp_path: Path) -> None:
    agent = "PJSIP/150-00000009"
    served: Any = {"dst": "811", "src": "150", "data": "71", "channel": agent, "number": 20}
    found = calls(
        tmp_path,
        record(6, 13, "Queue", f"{LOCAL};1", data="desk", number=39, begun=6),
        record(15, 21, "Queue", "Local/55@phones-00000001;1", data="desk", src="101",
               channel="PJSIP/101-00000005", number=43, begun=15),
        record(0, 13, "AgentLogin", f"{LOCAL};2", **served),
        record(15, 21, "AgentLogin", "Local/55@phones-00000001;2", **served),
        # These have the agent's linkedid, and one of them was served without a queue.
        record(15, 15, "AgentRequest", channel="Local/55@phones-00000001;2", src="101",
               said="FAILED", number=44, linked=20, begun=15),
        record(30, 30, "AgentRequest", channel="PJSIP/102-00000007", src="102", dst="71",
               said="FAILED", answer=30, number=50, linked=20),
        record(30, 40, "AgentLogin", "PJSIP/102-00000007", **served),
    )  # fmt: skip
    columns = ("caller", "disposition", "queue", "answered_by", "billsec", "call")
    assert sorted(rows(found, *columns)) == [
        ("100", "ANSWERED", "desk", "150", 7, uniqueid(6, 39)),
        ("101", "ANSWERED", "desk", "150", 6, uniqueid(15, 43)),
        ("102", "ANSWERED", None, "150", 10, uniqueid(0, 50)),
        ("150", "IVR", None, None, 40, uniqueid(0, 20)),
    ]


def test_a_channels_name_of_another_day_ties_nothing(tmp_path: Path) -> None:
    day = 24 * 3600
    found = calls(
        tmp_path,
        record(0, 9, "Dial", ONE),
        record(day, day + 9, "Dial", ONE, number=1, begun=day),
    )
    assert len(found) == 2
    assert set(found["caller_device"]) == {CALLER.rpartition("-")[0]}
