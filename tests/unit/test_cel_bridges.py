"""Who talked with whom, and how long, by a channel event log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cel_rows import (
    A,
    B,
    Line,
    Who,
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
    who,
)

SOFTMIX = bridge("room", "softmix")
POOL = bridge("pool", "holding_bridge")


def meets(one: Who, at: float) -> list[Line]:
    """Somebody dials into a conference."""
    conference = {"app": "ConfBridge", "data": "room,admin", "exten": "620"}
    return [
        line("CHAN_START", at, one, exten="620"),
        line("ANSWER", at, one, app="Answer", exten="620"),
        line("BRIDGE_ENTER", at, one, SOFTMIX, peer="CBAnn/room-00000001;2", **conference),
    ]


def leaves(one: Who, at: float) -> list[Line]:
    return [line("BRIDGE_EXIT", at, one, SOFTMIX), *ends(at, one, gone(16, one), exten="620")]


def test_all_who_meet_have_a_call_of_their_own(tmp_path: Path) -> None:
    one, two, three = who("6101", 1), who("6102", 2), who("6103", 3)
    found = calls(
        tmp_path,
        [
            *meets(one, 0),
            *meets(two, 5),
            *meets(three, 10),
            *leaves(one, 20),
            *leaves(three, 30),
            *leaves(two, 40),
        ],
    )
    assert [row["talk"] for row in found] == [15, 25, 20]
    assert [row["caller"] for row in found] == ["6101", "6102", "6103"]
    assert {row["disposition"] for row in found} == {"ANSWERED"}
    assert {row["conference"] for row in found} == {"room"}
    assert {row["answered_by"] for row in found} == {None}


def test_nobody_talks_alone_in_a_conference(tmp_path: Path) -> None:
    found = call(tmp_path, [*meets(A, 0), *leaves(A, 9)])
    assert (found["disposition"], found["talk"], found["conference"]) == ("IVR", None, "room")


def test_who_is_transferred_into_a_conference_talks_no_longer_than_his_call(tmp_path: Path) -> None:
    """No event tells that he enters it: he takes the place of who asked there."""
    host, second = who("6109", 9), who("6102", 3, 10)
    transfer = {
        "bridge1_id": "b",
        "channel2_name": second.name,
        "channel2_uniqueid": second.uniqueid,
        "app": "ConfBridge",
        "transferee_channel_name": A.name,
        "transferee_channel_uniqueid": A.uniqueid,
    }
    lines = [
        *meets(host, -5),
        *dialled(),
        *answered(),
        *meets(second, 10),
        line("ATTENDEDTRANSFER", 15, B, transfer, app="AppDial"),
        line("BRIDGE_EXIT", 15, B, bridge("b"), app="AppDial"),
        line("BRIDGE_EXIT", 15, A, bridge("b"), exten="6102"),
        *ends(15, B, gone(16), app="AppDial"),
        *ends(15.1, second, gone(16), exten="620"),
        line("BRIDGE_EXIT", 30, A, SOFTMIX, exten="620"),
        *ends(30, A, gone(16, A, "ANSWER"), exten="620"),
        *leaves(host, 60),
    ]
    hosts, found = calls(tmp_path, lines)
    assert (found["talk"], found["transfers"]) == (26, 1)
    assert hosts["talk"] == 20


def test_the_parked_do_not_talk_with_each_other(tmp_path: Path) -> None:
    lot = bridge("lot", "holding_bridge")
    other = who("6105", 5)
    lines = [
        line("CHAN_START", 0, other, exten="700"),
        line("ANSWER", 0, other, app="Park", exten="700"),
        line("BRIDGE_ENTER", 0, other, lot),
        *dialled(),
        *answered(),
        line("BLINDTRANSFER", 6, B, {"extension": "700"}, app="AppDial"),
        line("BRIDGE_EXIT", 6, A, bridge("b"), exten="6102"),
        *ends(6, B, gone(16), app="AppDial"),
        line("PARK_START", 6, A, {"parking_lot": "default"}, exten="6102"),
        line("BRIDGE_ENTER", 6, A, lot, exten="6102"),
        line("BRIDGE_EXIT", 60, A, lot, exten="6102"),
        *ends(60, A, gone(16, A, "ANSWER"), exten="6102"),
        *ends(70, other, gone(16, other)),
    ]
    found = {row["caller"]: row for row in calls(tmp_path, lines)}
    assert found["6101"]["talk"] == 2
    assert (found["6105"]["talk"], found["6105"]["disposition"]) == (None, "IVR")


@pytest.mark.parametrize("stays", [True, False])
def test_local_channels_are_seen_through(tmp_path: Path, stays: bool) -> None:
    one, two = halves("6102", 11, 1, A)
    lines = [
        line("CHAN_START", 0, A, exten="907"),
        line("CHAN_START", 1, one, exten="6102"),
        line("CHAN_START", 1, two, exten="6102"),
        line("CHAN_START", 1, B, exten="s"),
        line("ANSWER", 4, B, app="AppDial", exten="6102"),
        line("ANSWER", 4, two, app="Dial", exten="6102"),
        line("BRIDGE_ENTER", 4, B, bridge("in"), app="AppDial"),
        line("BRIDGE_ENTER", 4, two, bridge("in"), app="Dial", exten="6102"),
        line("ANSWER", 4, one, app="AppDial", exten="907"),
        line("ANSWER", 4, A, app="Dial", exten="907"),
        line("BRIDGE_ENTER", 5, one, bridge("out"), app="AppDial"),
        line("BRIDGE_ENTER", 5, A, bridge("out"), app="Dial", exten="907"),
    ]
    if not stays:
        lines += [
            line("BRIDGE_EXIT", 6, B, bridge("in"), app="AppDial"),
            line("BRIDGE_EXIT", 6, one, bridge("out"), app="AppDial"),
            line("BRIDGE_ENTER", 6, B, bridge("out"), app="AppDial"),
            *ends(6, one, gone(16), app="AppDial"),
            *ends(6, two, gone(16), exten="6102"),
        ]
    lines += [
        *ends(15, A, gone(16, A, "ANSWER"), exten="907"),
        *ends(15, B, gone(16, A), app="AppDial"),
        *([*ends(15, one, app="AppDial"), *ends(15, two)] if stays else []),
    ]
    found = call(tmp_path, lines)
    assert (found["talk"], found["answered_by"], found["legs"]) == (10, "6102", 2)


def test_a_local_channel_with_a_menu_or_mailbox_behind_it_is_nobody(tmp_path: Path) -> None:
    for app, data, disposition in (("VoiceMail", "22", "VOICEMAIL"), ("Answer", "", "IVR")):
        one, two = halves("930", 11, 1, A)
        lines = [
            line("CHAN_START", 0, A, exten="958"),
            line("CHAN_START", 1, one, exten="930"),
            line("CHAN_START", 1, two, exten="930"),
            line("ANSWER", 1, two, app=app, data=data, exten="930"),
            line("ANSWER", 1, one, app="AppDial", exten="958"),
            line("ANSWER", 1, A, app="Dial", exten="958"),
            line("BRIDGE_ENTER", 1, one, bridge("b"), app="AppDial"),
            line("BRIDGE_ENTER", 1, A, bridge("b"), app="Dial", exten="958", peer=one.name),
            *ends(9, one, gone(16, A), app="AppDial"),
            *ends(9, A, gone(16, A, "ANSWER"), exten="958"),
            *ends(9, two, gone(16), exten="930"),
        ]
        found = call(tmp_path, lines)
        assert (found["disposition"], found["answered_by"]) == (disposition, None)
        assert (found["talk"], found["billsec"]) == (None, 8)


def hot_desk(agent: Who, caller: Who, at: float, serial: int) -> list[Line]:
    """A caller of a queue is connected to an agent who waits in AgentLogin."""
    one, two = halves("71", serial, int(at), caller)
    pooled = {"app": "AgentLogin", "data": "71", "exten": "811"}
    queue = {"app": "Queue", "data": "desks", "exten": "956"}
    shared = {"linkedid": agent.linkedid}
    inside, outside = bridge(f"in-{serial}"), bridge(f"out-{serial}")
    return [
        line("CHAN_START", at, caller, exten="956"),
        line("ANSWER", at, caller, app="Answer", exten="956"),
        line("CHAN_START", at, one, exten="71"),
        line("CHAN_START", at, two, exten="71"),
        line("BRIDGE_ENTER", at, two, inside, app="AgentRequest", exten="71"),
        line("BRIDGE_EXIT", at + 1, agent, POOL, **pooled),
        line("BRIDGE_ENTER", at + 1, agent, inside, peer=two.name, **pooled),
        line("ANSWER", at + 1, two, app="AgentRequest", exten="71", **shared),
        line("ANSWER", at + 1, one, app="AppQueue", exten="956"),
        line("BRIDGE_ENTER", at + 1, one, outside, app="AppQueue", exten="956"),
        line("BRIDGE_ENTER", at + 1, caller, outside, peer=one.name, **queue),
        line("BRIDGE_EXIT", at + 6, caller, outside, peer=one.name, **queue),
        *ends(at + 6, one, gone(16, caller), app="AppQueue", exten="956"),
        *ends(at + 6, caller, gone(16, caller), exten="956"),
        *ends(at + 6, two, gone(16), exten="71", **shared),
        line("BRIDGE_EXIT", at + 6, agent, inside, **pooled),
        line("BRIDGE_ENTER", at + 6, agent, POOL, **pooled),
    ]


def test_callers_of_a_hot_desk_have_calls_of_their_own(tmp_path: Path) -> None:
    """The channel on which an agent waits is a place: his login is a call, and joins no others."""
    agent, colleague = who("6150", 1), who("6151", 2)
    pooled = {"app": "AgentLogin", "data": "71", "exten": "811"}
    first, second = who("6101", 11, 10), who("6102", 21, 30)
    lines = [
        row
        for one in (agent, colleague)
        for row in (
            line("CHAN_START", 0, one, exten="811"),
            line("ANSWER", 0, one, **pooled),
            line("BRIDGE_ENTER", 1, one, POOL, **pooled),
        )
    ]
    lines += [*hot_desk(agent, first, 10, 12), *hot_desk(agent, second, 30, 22)]
    lines += [row for one in (agent, colleague) for row in ends(90, one, gone(16, one))]
    logins, served = calls(tmp_path, lines)[:2], calls(tmp_path, lines)[2:]
    assert [row["disposition"] for row in logins] == ["IVR", "IVR"]
    assert [row["legs"] for row in logins] == [1, 1]
    assert [row["caller"] for row in served] == ["6101", "6102"]
    assert [row["call"] for row in served] == [first.uniqueid, second.uniqueid]
    for row in served:
        assert (row["disposition"], row["answered_by"], row["queue"]) == (
            "ANSWERED",
            "6150",
            "desks",
        )
        assert (row["talk"], row["hangup_by"], row["ring"]) == (5, "caller", None)


@pytest.mark.parametrize("kind", ["Redirect", "Bridge"])
def test_what_a_manager_does_is_no_transfer(tmp_path: Path, kind: str) -> None:
    third, fourth = who("6103", 3), who("6104", 4, linked=who("6103", 3))
    moved = {"linkedid": A.linkedid} if kind == "Bridge" else {}
    lines = [
        *dialled(),
        *answered(),
        line("CHAN_START", 0, third, exten="6104"),
        line("CHAN_START", 1, fourth, exten="s"),
        line("ANSWER", 4, fourth, app="AppDial", exten="6104"),
        line("BRIDGE_ENTER", 4, fourth, bridge("c"), app="AppDial"),
        line("BRIDGE_ENTER", 4, third, bridge("c"), app="Dial", exten="6104", peer=fourth.name),
        line("BRIDGE_EXIT", 10, A, bridge("b"), exten="6102"),
        *ends(10, B, gone(16), app="AppDial"),
    ]
    if kind == "Bridge":
        lines += [
            line("BRIDGE_EXIT", 10, fourth, bridge("c"), app="AppDial"),
            *ends(10, third, gone(16), exten="6104"),
            line("BRIDGE_ENTER", 10, A, bridge("m"), exten="6102"),
            line("BRIDGE_ENTER", 10, fourth, bridge("m"), app="AppDial", peer=A.name, **moved),
        ]
    lines += [
        *ends(20, A, gone(16, A, "ANSWER"), exten="6102"),
        *ends(20, fourth, gone(16, A), app="AppDial", **moved),
        *([] if kind == "Bridge" else ends(20, third, gone(16), exten="6104")),
    ]
    found = calls(tmp_path, lines)
    assert [row["transfers"] for row in found] == [0] * len(found)
    assert len(found) == (1 if kind == "Bridge" else 2)
    assert found[0]["talk"] == (16 if kind == "Bridge" else 6)


def test_many_who_meet_take_no_more_time_than_few(tmp_path: Path) -> None:
    """Each who comes to a large conference concerns himself only."""
    crowd = [who(str(number), number) for number in range(1, 1501)]
    lines = [row for one in crowd for row in meets(one, 0)]
    lines += [row for one in crowd for row in leaves(one, 60)]
    assert {row["talk"] for row in calls(tmp_path, lines)} == {60}
    assert len(calls(tmp_path, [*dialled(), *answered(), *over()])) == 1
