"""A queue_log where a place in line, or a talk, goes on under another uniqueid."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls import measures
from ast_notebook.calls.history import History, history

BEGIN = 1_730_000_000


def past(tmp_path: Path, *lines: tuple[int, int | str, str], **more: Any) -> History:
    """Read lines of so many seconds after the begin, a call's serial, and the rest of the entry."""
    path = tmp_path / "queue_log"
    text = "".join(
        f"{BEGIN + at}|{f'{BEGIN}.{call}' if isinstance(call, int) else call}|{rest}\n"
        for at, call, rest in lines
    )
    path.write_text(text)
    return history(path, tz="UTC", **more)


def serial(frame: pd.DataFrame) -> list[int]:
    return [int(call.rpartition(".")[2]) for call in frame["call"]]


def plain(frame: pd.DataFrame, *names: str) -> list[tuple[object, ...]]:
    few = frame[list(names)].astype(object).where(frame[list(names)].notna(), None)
    return [tuple(row) for row in few.itertuples(index=False)]


#: 2222 (3) asks in the queue while 200 (1) waits on his other line, and hands him over.
ASKED = (10, 3, "desk|NONE|ENTERQUEUE||2222|1")


def test_who_is_transferred_into_a_place_in_line_is_one_call(tmp_path: Path) -> None:
    entries = (
        ASKED,
        (14, 1, f"desk|Hall|CONNECT|4|{BEGIN}.4|3"),
        (17, 1, "desk|Hall|COMPLETECALLER|4|3|1"),
    )
    found = past(tmp_path, (0, "NONE", "NONE|NONE|QUEUESTART|"), *entries)
    assert found.bad_count == 0
    assert serial(found.calls) == serial(found.visits) == [1]
    # The number in ENTERQUEUE is the colleague's; nothing tells the caller's.
    names = ("caller", "outcome", "agent", "wait", "talk", "hangup_by", "position")
    assert plain(found.visits, *names) == [(None, "ANSWERED", "Hall", 4.0, 3.0, "caller", 1)]
    assert plain(found.calls, "disposition", "wait", "talk", "transfers") == [
        ("ANSWERED", 4.0, 3.0, 1)
    ]
    # Where the log begins later than the call, he may have been in another queue before.
    cut = plain(past(tmp_path, *entries).calls, "disposition", "wait", "talk", "transfers")
    assert cut == [("ANSWERED", None, None, None)]


def test_who_came_in_the_second_that_the_log_begins_in_was_nowhere_before(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    entries = (
        "00.250000|1764396000.1|desk|NONE|ENTERQUEUE||2222|1",
        "04.250000|1764396000.1|desk|Hall|CONNECT|4|1764396000.2|3",
        "07.250000|1764396000.1|desk|Hall|COMPLETECALLER|4|3|1",
    )
    path.write_text("".join(f"2025-11-29 06:00:{entry}\n" for entry in entries))
    found = plain(history(path, tz="UTC").calls, "disposition", "wait", "talk", "ring")
    assert found == [("ANSWERED", 4.0, 3.0, 3.0)]


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ("ABANDON|1|1|2", "ABANDONED"),
        ("EXITWITHTIMEOUT|1|1|2", "TIMEOUT"),
        ("EXITWITHKEY|5|1|1|2", "KEY"),
        ("EXITEMPTY|1|1|2", "LEAVE EMPTY"),
        ("WITHDRAW|1|1|2|why", "TRANSFERRED"),
    ],
)
def test_a_place_that_was_transferred_ends_as_any_other(
    tmp_path: Path, entry: str, outcome: str
) -> None:
    cancelled = (12, 1, "desk|Hall|RINGCANCELED|2200")
    found = past(tmp_path, ASKED, cancelled, (12, 1, f"desk|NONE|{entry}"))
    assert found.bad_count == 0
    assert serial(found.calls) == [1]
    assert plain(found.visits, "outcome", "wait", "hangup_by") == [(outcome, 2.0, None)]


def test_it_is_the_place_of_him_who_came_at_that_time_and_stood_there(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (2, 8, "desk|NONE|ENTERQUEUE||241|1"),
        (10, 3, "desk|NONE|ENTERQUEUE||2222|2"),
        (10, 9, "desk|NONE|ENTERQUEUE||242|3"),
        (14, 1, "desk|NONE|ABANDON|2|2|4"),
        (15, 9, "desk|NONE|ABANDON|2|3|5"),
        (16, 8, "desk|NONE|ABANDON|1|1|14"),
    )
    assert found.bad_count == 0
    assert sorted(plain(found.visits, "position", "caller")) == [(1, "241"), (2, None), (3, "242")]
    assert serial(found.visits) == [8, 1, 9]


def test_an_agent_who_asks_in_a_second_queue_keeps_what_he_did_in_the_first(
    tmp_path: Path,
) -> None:
    found = past(
        tmp_path,
        (0, 1, "narrow|NONE|ENTERQUEUE||2222|1"),
        (1, 1, f"narrow|Door|CONNECT|1|{BEGIN}.2|1"),
        (3, 3, "desk|NONE|ENTERQUEUE||200|1"),
        (4, 1, "narrow|Door|ATTENDEDTRANSFER|APP|Queue|1|3|1"),
        (6, 1, f"desk|Hall|CONNECT|3|{BEGIN}.5|2"),
        (8, 1, "desk|Hall|COMPLETECALLER|3|2|1"),
    )
    assert found.bad_count == 0
    names = ("queue", "caller", "agent", "wait", "talk", "hangup_by")
    assert plain(found.visits, *names) == [
        ("narrow", "2222", "Door", 1.0, 3.0, None),
        ("desk", "2222", "Hall", 3.0, 2.0, "caller"),
    ]
    names = ("queue", "answered_by", "wait", "talk", "ring", "transfers")
    assert plain(found.calls, *names) == [("desk", "Door", 4.0, 5.0, 1.0, 1)]


def test_a_second_answer_overwrites_no_first_one_that_is_not_over(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (0, 1, "narrow|NONE|ENTERQUEUE||2222|1"),
        (1, 1, f"narrow|Door|CONNECT|1|{BEGIN}.2|1"),
        (3, 3, "desk|NONE|ENTERQUEUE||200|1"),
        (6, 1, f"desk|Hall|CONNECT|3|{BEGIN}.5|2"),
        (7, 1, "narrow|Door|COMPLETEAGENT|1|6|1"),
        (8, 1, "desk|Hall|COMPLETECALLER|3|2|1"),
    )
    names = ("queue", "agent", "talk", "hangup_by")
    assert plain(found.visits, *names) == [
        ("narrow", "Door", 6.0, "callee"),
        ("desk", "Hall", 2.0, "caller"),
    ]


def test_an_answer_that_fits_to_nobody_is_a_bad_line_and_changes_nothing(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (0, 1, "narrow|NONE|ENTERQUEUE||2222|1"),
        (1, 1, f"narrow|Door|CONNECT|1|{BEGIN}.2|1"),
        (6, 1, f"desk|Hall|CONNECT|3|{BEGIN}.5|2"),
        (7, 9, f"narrow|Hall|CONNECT|3|{BEGIN}.8|2"),
    )
    assert found.bad["line"].tolist() == [3, 4]
    assert plain(found.visits, "queue", "agent") == [("narrow", "Door")]


def test_the_end_of_a_talk_is_known_though_a_local_channel_took_itself_away(
    tmp_path: Path,
) -> None:
    """As a transfer by keys: Asterisk called the queue by a Local channel (5) for 200 (1)."""
    found = past(
        tmp_path,
        (10, 5, "desk|NONE|ENTERQUEUE||30|1"),
        (13, 5, f"desk|Hall|CONNECT|3|{BEGIN}.6|3"),
        (16, 1, "desk|Hall|COMPLETECALLER|3|3|1"),
    )
    assert found.bad_count == 0
    assert serial(found.calls) == serial(found.visits) == [1]
    assert plain(found.visits, "caller", "talk", "hangup_by") == [(None, 3.0, "caller")]


def test_who_comes_into_a_queue_again_had_not_given_up(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (0, 1, "desk|NONE|ENTERQUEUE||200|1"),
        (5, 1, "desk|NONE|ABANDON|1|1|5"),
        (5, 1, "desk|NONE|ENTERQUEUE||200|1"),
        (9, 1, "desk|NONE|ABANDON|1|1|4"),
    )
    assert found.visits["outcome"].tolist() == ["TRANSFERRED", "ABANDONED"]
    assert plain(found.calls, "disposition", "wait") == [("ABANDONED", 9.0)]


def test_who_was_answered_and_gave_up_in_a_second_queue_was_answered(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (0, 1, "orders|NONE|ENTERQUEUE||200|1"),
        (3, 1, f"orders|PJSIP/30|CONNECT|3|{BEGIN}.2|2"),
        (20, 1, "orders|PJSIP/30|BLINDTRANSFER|502|phones|3|17|1"),
        (20, 1, "repairs|NONE|ENTERQUEUE||200|1"),
        (50, 1, "repairs|NONE|ABANDON|1|1|30"),
    )
    assert found.visits["outcome"].tolist() == ["ANSWERED", "ABANDONED"]
    names = ("disposition", "queue", "answered_by", "wait", "talk", "transfers")
    assert plain(found.calls, *names) == [("ANSWERED", "repairs", "30", 33.0, 17.0, 1)]
    assert found.calls["end"].notna().all()


def test_how_long_a_call_lasted_that_went_on_elsewhere_is_not_known(tmp_path: Path) -> None:
    found = past(
        tmp_path,
        (0, 1, "orders|NONE|ENTERQUEUE||200|1"),
        (3, 1, f"orders|PJSIP/30|CONNECT|3|{BEGIN}.2|2"),
        (20, 1, "orders|PJSIP/30|ATTENDEDTRANSFER|LINK|PJSIP/1-1|PJSIP/2-2|3|16|1"),
    )
    assert plain(found.visits, "talk", "hangup_by") == [(16.0, None)]
    assert plain(found.calls, "disposition", "talk", "end") == [("ANSWERED", None, None)]


@pytest.mark.parametrize(
    ("entry", "by", "of_call", "over"),
    [("COMPLETEAGENT", "callee", None, False), ("COMPLETECALLER", "caller", "caller", True)],
)
def test_a_call_may_go_on_when_its_agent_has_hung_up(
    tmp_path: Path, entry: str, by: str, of_call: str | None, over: bool
) -> None:
    """The dialplan goes on with the caller after ``Queue(…,c)``, and no entry tells of it."""
    found = past(
        tmp_path,
        (0, 1, "orders|NONE|ENTERQUEUE||200|1"),
        (3, 1, f"orders|PJSIP/30|CONNECT|3|{BEGIN}.2|2"),
        (9, 1, f"orders|PJSIP/30|{entry}|3|6|1"),
    )
    assert plain(found.visits, "talk", "hangup_by") == [(6.0, by)]
    assert plain(found.calls, "disposition", "talk", "hangup_by") == [("ANSWERED", 6.0, of_call)]
    assert found.calls["end"].notna().tolist() == [over]


@pytest.mark.parametrize(
    ("agent", "members", "answered_by", "device"),
    [
        ("PJSIP/30", {}, "30", "PJSIP/30"),
        ("PJSIP/30", {"PJSIP/30": "Nora"}, "30", "PJSIP/30"),
        ("Nora", {"PJSIP/30": "Nora"}, "30", "PJSIP/30"),
        ("Nora", {}, "Nora", None),
        ("Local/30@phones/n", {}, None, None),
        ("Nora", {"Local/30@phones/n": "Nora"}, "Nora", None),
    ],
)
def test_the_telephone_that_answered_is_known_where_the_log_or_the_members_name_it(
    tmp_path: Path, agent: str, members: dict[str, str], answered_by: str, device: str | None
) -> None:
    found = past(
        tmp_path,
        (0, 1, "orders|NONE|ENTERQUEUE||200|1"),
        (3, 1, f"orders|{agent}|CONNECT|3|{BEGIN}.2|2"),
        (9, 1, f"orders|{agent}|COMPLETEAGENT|3|6|1"),
        members=members,
    )
    assert plain(found.calls, "answered_by", "answered_device") == [(answered_by, device)]
    assert found.visits["agent"].tolist() == [members.get(agent, agent)]


@pytest.mark.parametrize(
    ("came", "position"),
    [(-1, 2), (1, 1)],  # before the log begins; at another place in line
)
def test_a_stranger_takes_no_place_that_does_not_fit(
    tmp_path: Path, came: int, position: int
) -> None:
    found = past(
        tmp_path,
        (0, 7, "desk|NONE|ENTERQUEUE||0171|2"),
        (20, 3, f"desk|NONE|ABANDON|1|{position}|{20 - came}"),
        (40, 7, "desk|Ann|CONNECT|40|x|5"),
        (50, 7, "desk|Ann|COMPLETEAGENT|40|10|2"),
    )
    assert found.bad_count == 1
    assert serial(found.visits) == [7]
    assert plain(found.visits, "caller", "outcome", "wait") == [("0171", "ANSWERED", 40.0)]


# --- uniqueids that are none ---------------------------------------------------------------------


def answered(
    at: int, call: int | str, number: int, agent: str = "Ann"
) -> list[tuple[int, int | str, str]]:
    """Return the entries of a call that an agent answered after five seconds."""
    return [
        (at, call, f"desk|NONE|ENTERQUEUE||{number}|1"),
        (at + 5, call, f"desk|{agent}|CONNECT|5|x|3"),
        (at + 30, call, f"desk|{agent}|COMPLETECALLER|5|25|1"),
    ]


@pytest.mark.parametrize(
    "own", ["1,73E+09", "1.73000E+09", "0", str(BEGIN), str(BEGIN + 60), "\0001"]
)
def test_a_uniqueid_that_a_spreadsheet_spoiled_ties_no_queue_calls(
    tmp_path: Path, own: str
) -> None:
    lines = [line for number in range(40) for line in answered(60 * number, own, number)]
    with pytest.warns(
        UserWarning, match="120 entries have a uniqueid that A.* not write.* as text"
    ):
        found = past(tmp_path, *lines)
    expected = [(str(number), "ANSWERED", 5.0, 25.0, "Ann") for number in range(40)]
    assert plain(found.visits, "caller", "outcome", "wait", "talk", "agent") == expected
    assert found.visits["call"].isna().all()
    assert found.bad_count == 0
    calls = plain(found.calls, "call", "disposition", "start", "wait", "talk", "transfers")
    assert calls == [(None, "ANSWERED", None, None, None, None)] * 40


def test_what_of_a_spoiled_uniqueid_nothing_else_tells_is_a_bad_record(tmp_path: Path) -> None:
    own = "1,73E+09"
    with pytest.warns(UserWarning, match="4 entries"):
        found = past(
            tmp_path,
            (0, own, "desk|NONE|DID|4930123"),
            (1, own, "desk|NONE|ENTERQUEUE||1|1"),
            (9, own, "desk|NONE|EXITWITHKEY|1|1"),
            (60, own, "desk|NONE|ABANDON|1|1|5"),
        )
    assert found.bad["line"].tolist() == [1, 3, 4]
    assert plain(found.visits, "caller", "outcome", "wait") == [("1", None, None)]


def test_of_two_who_came_at_once_a_spoiled_uniqueid_does_not_tell_who_was_answered(
    tmp_path: Path,
) -> None:
    own = "1,73E+09"
    with pytest.warns(UserWarning, match="5 entries"):
        found = past(
            tmp_path,
            (0, own, "desk|NONE|ENTERQUEUE||1|1"),
            (0, own, "desk|NONE|ENTERQUEUE||2|2"),
            (0, own, "other|NONE|ENTERQUEUE||3|1"),
            (9, own, "desk|Ann|CONNECT|9|x|3"),
            (12, own, "desk|NONE|ABANDON|1|2|12"),
        )
    stays = plain(found.visits, "queue", "outcome", "wait", "caller")
    assert sorted(stays, key=str) == [
        ("desk", "ABANDONED", 12.0, None),
        ("desk", "ANSWERED", 9.0, None),
        ("other", None, None, "3"),
    ]


def test_an_entry_with_a_uniqueid_finds_the_queue_call_whose_own_is_spoiled(tmp_path: Path) -> None:
    enters, *others = answered(0, 1, 30)
    with pytest.warns(UserWarning, match="1 entry has"):
        found = past(tmp_path, (0, str(BEGIN), enters[2]), *others)
    told = plain(found.visits, "call", "caller", "outcome", "wait", "talk")
    assert told == [(None, "30", "ANSWERED", 5.0, 25.0)]
    assert plain(found.calls, "call", "transfers") == [(None, None)]


def test_a_whole_number_that_is_no_time_of_the_call_is_a_uniqueid(tmp_path: Path) -> None:
    found = past(tmp_path, *answered(0, "1000000007", 1), *answered(60, "17", 2))
    assert found.calls["call"].tolist() == ["1000000007", "17"]


# --- any number of queue calls with one uniqueid -------------------------------------------------


@pytest.mark.parametrize(
    "entries",
    [
        ["desk|NONE|ENTERQUEUE||{}|1"],
        ["desk|NONE|ENTERQUEUE||{}|1", "desk|Ann|CONNECT|0|x|3"],
        ["desk|NONE|ENTERQUEUE|||1", "desk|Ann|CONNECT|0|x|3", "desk|Ann|BLINDTRANSFER|9|x|0|0|1"],
        ["desk|NONE|JOINEMPTY|{}"],
        ["desk|NONE|ENTERQUEUE||{}|1", "desk|NONE|EXITWITHTIMEOUT|1|1|0"],
    ],
)
def test_more_queue_calls_of_one_uniqueid_are_no_more_work_for_each(
    tmp_path: Path, entries: list[str]
) -> None:
    def work(count: int) -> int:
        looked = 0

        def count_lines(frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
            nonlocal looked
            if event == "call" and "history" not in frame.f_code.co_filename:
                return None
            looked += event == "line"
            return count_lines

        lines = [(n, 1, one.format(n)) for n in range(count) for one in entries]
        before = sys.gettrace()
        sys.settrace(count_lines)  # type: ignore[arg-type]
        try:
            found = past(tmp_path, *lines)
        finally:
            sys.settrace(before)
        assert len(found.visits) == count
        return looked

    few = work(100)
    assert work(400) < 6 * few


REALTIME = "time,callid,queuename,agent,event,data1,data2,data3\n"


def realtime(tmp_path: Path, tz: str | None, *rows: str) -> History:
    path = tmp_path / "queue_log.csv"
    path.write_text(REALTIME + "".join(f"{row}\n" for row in rows))
    return history(path, tz=tz)


#: In UTC, 1715072400 is 9:00:00.
ENTERED = "2024-05-07 11:00:00,1715072400.1,600,NONE,ENTERQUEUE,,0170,1"
WAITED_LONG = "2024-05-07 11:02:10,1715072400.1,600,NONE,ENTERQUEUE,,0170,1"
CONNECTED = "2024-05-07 11:02:20,1715072400.1,600,Ann,CONNECT,10,1715072535.2,5"


@pytest.mark.parametrize("rows", [(ENTERED,), (WAITED_LONG, CONNECTED)])
def test_a_zone_that_the_uniqueids_contradict_is_warned_of(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    with pytest.warns(UserWarning, match="America/New_York.* they are 2:00 ahead of UTC"):
        realtime(tmp_path, "America/New_York", *rows)
    assert realtime(tmp_path, "Europe/Berlin", *rows).notes == []


def test_in_the_hour_that_is_repeated_a_call_goes_on(tmp_path: Path) -> None:
    found = realtime(
        tmp_path,
        "Europe/Berlin",
        "2024-10-27 02:50:00,1729990200.1,600,NONE,ENTERQUEUE,,0170,1",
        "2024-10-27 02:10:10,1729990200.1,600,Ann,CONNECT,1210,1729991405.2,5",
        "2024-10-27 02:50:10,1729990200.1,600,Ann,COMPLETECALLER,1210,2400,1",
        "2024-10-27 02:55:00,1729994100.9,600,NONE,ENTERQUEUE,,0171,1",
    )
    begun = pd.Timestamp(1729990200, unit="s", tz="UTC")
    first, other = found.calls["start"]
    assert (first, other) == (begun, begun + pd.Timedelta(seconds=3900))
    assert found.calls["end"][0] == begun + pd.Timedelta(seconds=3610)
    assert found.doubtful == 4


# --- a log that begins while somebody waits -----------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    ["EXITWITHTIMEOUT|1|1|120", "EXITEMPTY|1|1|120", "EXITWITHKEY|5|1|1|120", "WITHDRAW|1|1|120|"],
)
def test_who_came_before_the_log_begins_came_when_his_seconds_say(
    tmp_path: Path, entry: str
) -> None:
    begun = (0, "NONE", "NONE|NONE|QUEUESTART|")
    found = past(tmp_path, begun, (100, "one", f"desk|NONE|{entry}"))
    came = pd.Timestamp(BEGIN - 20, unit="s", tz="UTC")
    assert plain(found.visits, "start", "wait") == [(came, 120.0)]
    assert plain(found.calls, "start", "wait") == [(came, 120.0)]


def test_who_came_before_the_log_begins_and_has_no_seconds_came_at_no_known_time(
    tmp_path: Path,
) -> None:
    begun = (0, "NONE", "NONE|NONE|QUEUESTART|")
    found = past(tmp_path, begun, (100, "one", "desk|NONE|EXITWITHKEY|5|1"))
    left = pd.Timestamp(BEGIN + 100, unit="s", tz="UTC")
    names = ("start", "end", "wait", "outcome")
    assert plain(found.visits, *names) == [(None, left, None, "KEY")]
    assert plain(found.calls, "start", "wait", "disposition") == [(None, None, "NO ANSWER")]
    assert measures.service(found.visits, by=("hour",))["offered"].sum() in (0, 1)
    assert measures.service(found.visits)["key"].tolist() == [1]
    assert measures.staffing(found.visits, aht=180).empty


@pytest.mark.parametrize(
    "event",
    [
        "BLINDTRANSFER|240|phones|120|300|1",
        "TRANSFER|240|phones|120|300|1",
        "ATTENDEDTRANSFER|BRIDGE|x|120|300|1",
        "COMPLETECALLER|120|300|1",
        "COMPLETEAGENT|1|3|1",
    ],
)
def test_an_agents_end_of_a_call_that_never_came_is_a_bad_record(
    tmp_path: Path, event: str
) -> None:
    found = past(tmp_path, (100, 1, f"desk|PJSIP/200|{event}"))
    assert len(found.calls) == 0
    name = event.partition("|")[0]
    assert found.bad["reason"].tolist() == [f"{name} is about a call that never entered the queue"]
