"""Who calls whom, by a channel event log: lines as Asterisk 16 and 22 write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cel_rows import (
    A,
    B,
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

GROUP = {"exten": "6100"}


def test_a_call_has_two_telephones(tmp_path: Path) -> None:
    found = call(tmp_path, [*dialled(), *answered(), *over()])
    assert (found["caller"], found["dialled"], found["answered_by"]) == ("6101", "6102", "6102")
    assert (found["caller_device"], found["answered_device"]) == ("PJSIP/6101", "PJSIP/6102")
    assert (found["ring"], found["talk"], found["billsec"], found["legs"]) == (3, 5, 5, 2)


@pytest.mark.parametrize("talked", [True, False])
def test_the_caller_is_whom_the_dialplan_makes_him(tmp_path: Path, talked: bool) -> None:
    """As CDR's src: whether or not anybody answers."""
    started, rings = dialled()
    later = replace(A, number="4930555")
    if talked:
        lines = [
            line("ANSWER", 4, B, app="AppDial"),
            line("ANSWER", 4, later, app="Dial", exten="6102"),
            line("BRIDGE_ENTER", 4, B, bridge("b"), app="AppDial"),
            line("BRIDGE_ENTER", 4, later, bridge("b"), app="Dial", exten="6102"),
            *ends(9, later, gone(16, A, "ANSWER"), exten="6102"),
            *ends(9, B, gone(16, A), app="AppDial"),
        ]
    else:
        lines = [
            *ends(6, B, gone(16), app="AppDial"),
            *ends(6, later, gone(127, A, "CANCEL"), exten="6102"),
        ]
    assert call(tmp_path, [started, rings, *lines])["caller"] == "4930555"


def test_what_the_dialplan_sets_after_the_first_dial_is_not_the_caller(tmp_path: Path) -> None:
    later = replace(A, number="999")
    third = who("6103", 3, 5, A)
    lines = [
        *dialled(),
        *ends(3, B, gone(17, B), app="AppDial"),
        line("ANSWER", 4, A, app="Answer", exten="6102"),
        line("CHAN_START", 5, third, exten="s"),
        *ends(8, third, gone(16), app="AppDial"),
        *ends(8, later, gone(16, A, "CANCEL"), exten="6102"),
    ]
    assert call(tmp_path, lines)["caller"] == "6101"


@pytest.mark.parametrize("direct", [True, False], ids=["telephone", "Local channel"])
def test_an_originated_call_begins_with_whom_it_reached(tmp_path: Path, direct: bool) -> None:
    """It dialled what it was connected to, whatever it is transferred to later."""
    one, two = halves("6101", 11, 0, who("x", 11))
    source = who("6101", 21, linked=one) if not direct else A
    called = who("6102", 22, 3, source)
    dialler = source if direct else one
    if direct:
        lines = [
            line("CHAN_START", 0, source, exten="s"),
            line("ANSWER", 2, source, app="AppDial2", exten="s"),
        ]
    else:
        lines = [
            line("CHAN_START", 0, one, exten="6101"),
            line("CHAN_START", 0, two, exten="6101"),
            line("CHAN_START", 0, source, exten="s"),
            line("ANSWER", 2, source, app="AppDial", exten="6101"),
            line("ANSWER", 2, one, app="AppDial2", exten="6101"),
            line("ANSWER", 2, two, app="Dial", exten="6101"),
            line("BRIDGE_ENTER", 2, source, bridge("s"), app="AppDial"),
            line("BRIDGE_ENTER", 2, two, bridge("s"), app="Dial", exten="6101"),
        ]
    lines += [
        line("CHAN_START", 3, called, exten="s", linkedid=dialler.linkedid),
        line("ANSWER", 5, called, app="AppDial", exten="6102", linkedid=dialler.linkedid),
        line("BRIDGE_ENTER", 5, called, bridge("b"), app="AppDial", linkedid=dialler.linkedid),
        line("BRIDGE_ENTER", 5, dialler, bridge("b"), app="Dial", exten="6102"),
        *ends(9, called, gone(16, called), app="AppDial", linkedid=dialler.linkedid),
        *ends(9, source, gone(16, called), app="AppDial"),
        *([] if direct else [*ends(9, one, exten="6102"), *ends(9, two, exten="6101")]),
    ]
    found = call(tmp_path, lines)
    assert (found["caller"], found["dialled"], found["answered_by"]) == ("6101", "6102", "6102")
    assert (found["talk"], found["billsec"], found["legs"]) == (4, 7, 2)
    assert found["hangup_by"] == "callee"


def test_click_to_dial_keeps_its_first_party_after_an_attended_transfer(tmp_path: Path) -> None:
    source, called = A, who("6102", 2, 1, A)
    second = who("6101", 3, 6)
    third = who("6103", 4, 6, second)
    moved = {"linkedid": A.linkedid}
    transfer = {
        "bridge1_id": "b",
        "channel2_name": second.name,
        "channel2_uniqueid": second.uniqueid,
        "bridge2_id": "c",
        "transferee_channel_name": called.name,
    }
    found = call(
        tmp_path,
        [
            line("CHAN_START", 0, source, exten="s"),
            line("ANSWER", 1, source, app="AppDial2", exten="s"),
            line("CHAN_START", 1, called, exten="s"),
            line("ANSWER", 4, called, app="AppDial", exten="6102"),
            line("BRIDGE_ENTER", 4, called, bridge("b"), app="AppDial"),
            line("BRIDGE_ENTER", 4, source, bridge("b"), app="Dial", exten="6102"),
            line("CHAN_START", 6, second, exten="6103"),
            line("CHAN_START", 6, third, exten="s"),
            line("ANSWER", 8, third, app="AppDial", exten="6103"),
            line("ANSWER", 8, second, app="Dial", exten="6103"),
            line("BRIDGE_ENTER", 8, third, bridge("c"), app="AppDial"),
            line("BRIDGE_ENTER", 8, second, bridge("c"), app="Dial", exten="6103"),
            line("BRIDGE_EXIT", 10, called, bridge("b"), app="AppDial"),
            line("BRIDGE_EXIT", 10, second, bridge("c"), app="Dial", exten="6103"),
            line("BRIDGE_ENTER", 10, called, bridge("c"), app="AppDial"),
            line("ATTENDEDTRANSFER", 10, source, transfer, app="Dial", exten="6102"),
            line("BRIDGE_EXIT", 10, source, bridge("b"), app="Dial", exten="6102"),
            *ends(10, source, gone(16), app="AppDial2", exten="6102"),
            *ends(10, second, gone(16, "", "ANSWER"), exten="6103"),
            *ends(15, third, gone(16, third), app="AppDial", **moved),
            *ends(15, called, gone(16, third), app="AppDial"),
        ],
    )
    assert (found["caller"], found["dialled"], found["answered_by"]) == ("6101", "6102", "6102")
    assert (found["talk"], found["billsec"], found["transfers"], found["legs"]) == (11, 9, 1, 4)
    assert found["hangup_by"] == "callee"


def test_an_extension_s_is_not_what_was_dialled(tmp_path: Path) -> None:
    started, rings = dialled("s")
    assert call(tmp_path, [started, rings, *answered(), *over()])["dialled"] == "6102"


@pytest.mark.parametrize("created", ["", "6101"], ids=["none", "lent by the caller"])
def test_a_telephone_without_a_number_answers_by_its_device(tmp_path: Path, created: str) -> None:
    """Once dialled it shows the group's number, or the caller's."""
    desk = who("desk-3", 2, linked=A, number=created)
    shown = replace(desk, number=created or "6100")
    lines = [
        line("CHAN_START", 0, A, **GROUP),
        line("CHAN_START", 1, desk, exten="s"),
        line("ANSWER", 4, shown, app="AppDial", **GROUP),
        line("ANSWER", 4, A, app="Dial", **GROUP),
        line("BRIDGE_ENTER", 4, shown, bridge("b"), app="AppDial"),
        line("BRIDGE_ENTER", 4, A, bridge("b"), app="Dial", **GROUP),
        *ends(9, shown, gone(16, A), app="AppDial"),
        *ends(9, A, gone(16, A, "ANSWER"), **GROUP),
    ]
    found = call(tmp_path, lines)
    assert (found["answered_by"], found["answered_device"]) == ("desk-3", "PJSIP/desk-3")


def test_who_picks_up_answers_and_the_caller_heard_it_ring(tmp_path: Path) -> None:
    picker = who("6103", 3, 5)
    moved = {"linkedid": A.linkedid}
    told = {"pickup_channel": picker.name, "pickup_channel_uniqueid": picker.uniqueid}
    lines = [
        *dialled(),
        line("CHAN_START", 6, picker, exten="*8"),
        line("ANSWER", 7, picker, app="Pickup", exten="*8"),
        line("PICKUP", 7, B, told, app="AppDial"),
        line("ANSWER", 7, A, app="Dial", exten="6102"),
        *ends(7, B, gone(26), exten="*8"),
        line("BRIDGE_ENTER", 7, picker, bridge("b"), app="AppDial"),
        line("BRIDGE_ENTER", 7, A, bridge("b"), app="Dial", exten="6102"),
        *ends(20, A, gone(16, A, "ANSWER"), exten="6102"),
        *ends(20, picker, gone(16, A), app="AppDial", **moved),
    ]
    found = call(tmp_path, lines)
    assert (found["answered_by"], found["ring"], found["talk"]) == ("6103", 6, 13)
    assert (found["transfers"], found["legs"]) == (0, 3)


def test_announcers_and_recorders_are_no_calls(tmp_path: Path) -> None:
    announcer = who("CBAnn/room-00000004;1", 9)
    recorder = who("CBRec/room-00000005", 10)
    stranger = who("6109", 11)
    lines = [
        *refused(17, "BUSY", B),
        line("STREAM_BEGIN", 1, announcer, {"sound": "confbridge-join"}, exten="s"),
        line("STREAM_END", 2, announcer, exten="s"),
        *ends(3, recorder, gone(16)),
        line("LINKEDID_END", 3, stranger),
    ]
    assert [one["caller"] for one in calls(tmp_path, lines)] == ["6101"]


def test_a_call_that_began_before_the_log_has_what_is_known(tmp_path: Path) -> None:
    """Its uniqueid tells when it began; who called, and how long they talked, nobody knows."""
    early, other = who("6101", 1, -60), who("6102", 2, -58, who("6101", 1, -60))
    lines = [
        line("CHAN_START", 0, who("6105", 5), exten="6106"),
        line("BRIDGE_EXIT", 5, early, bridge("x"), app="Dial", exten="6102", peer=other.name),
        line("BRIDGE_EXIT", 5, other, bridge("x"), app="AppDial"),
        *ends(5, early, gone(16, early, "ANSWER"), exten="6102"),
        *ends(5, other, gone(16, early), app="AppDial"),
    ]
    found = calls(tmp_path, lines)[0]
    assert (found["end"] - found["start"]).total_seconds() == 65
    # Somebody may have come before 6101, and have been transferred.
    assert (found["caller"], found["disposition"]) == (None, "ANSWERED")
    assert (found["hangup_by"], found["talk"], found["billsec"]) == (None, None, None)


def test_who_dials_by_a_local_channel_that_a_mailbox_answers(tmp_path: Path) -> None:
    """With nobody in it, the call begins with that; its dialling half has the number."""
    one, two = halves("2222", 11, 0, who("x", 11))
    busy = who("2222", 21, linked=one)
    lines = [
        line("CHAN_START", 0, one, exten="2222"),
        line("CHAN_START", 0, two, exten="2222"),
        line("CHAN_START", 0, busy, exten="s"),
        *ends(1, busy, gone(17, busy), app="AppDial"),
        line("ANSWER", 1, replace(one, number="2222"), app="AppDial2", exten="2222"),
        line("ANSWER", 1, replace(two, number="777"), app="VoiceMail", exten="2222"),
        *ends(9, replace(one, number="2222"), gone(0), app="AppDial2", exten="601"),
        *ends(9, replace(two, number="777"), gone(17, "", "BUSY"), exten="2222"),
    ]
    found = call(tmp_path, lines)
    assert (found["caller"], found["dialled"], found["caller_device"]) == ("777", "601", None)
    assert (found["disposition"], found["billsec"], found["legs"]) == ("VOICEMAIL", 8, 1)


def test_the_name_is_of_the_channel_whose_number_the_caller_has(tmp_path: Path) -> None:
    """A manager calls 2222 by a Local channel, and its mailbox answers."""
    one, two = halves("2222", 11, 0, who("x", 11))
    one, two = (replace(half, linkedid=one.uniqueid) for half in (one, two))
    phone = {"num": "2222", "name": "Office"}
    manager = {"num": "777", "name": "Bell", "app": "VoiceMail", "exten": "2222"}
    lines = [
        line("CHAN_START", 0, one, exten="2222"),
        line("CHAN_START", 0, two, exten="2222"),
        line("ANSWER", 1, two, **manager),
        line("ANSWER", 1, one, **phone, app="AppDial2", data="(Outgoing Line)", exten="2222"),
        *ends(3, one, gone(17), **phone, exten="601"),
        *ends(3, two, gone(17), **manager),
    ]
    found = call(tmp_path, lines)
    assert (found["caller"], found["caller_name"]) == ("777", "Bell")
