"""Erlang, staffing, and what agents do."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls import measures
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from tests.support.measured import MONDAY, WAITS, moments, some_calls, some_visits

# --- Erlang --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trunks", "blocking", "erlangs"),
    [(1, 0.01, 0.0101), (5, 0.01, 1.36), (10, 0.01, 4.46), (20, 0.01, 12.03), (100, 0.001, 75.24)],
)
def test_erlang_b_is_what_the_tables_say(trunks, blocking, erlangs):
    assert measures.erlang_b(erlangs, trunks) == pytest.approx(blocking, rel=0.02)
    assert measures.trunks_for(erlangs * 0.999, blocking) == trunks


def test_erlang_c_is_what_the_textbook_says():
    # 100 calls in half an hour of 180 s each: 10 E; 14 agents answer 88.8 % within 20 s.
    assert measures.erlang_c(10, 14) == pytest.approx(0.174, abs=0.001)
    assert measures.service_level(10, 14, 180, 20) == pytest.approx(0.888, abs=0.001)
    assert measures.agents_for(100, per=1800, aht=180, target=0.8, within=20) == 14
    assert measures.agents_for(100, per=1800, aht=180, shrinkage=0.3) == 20
    assert measures.agents_for(100, per=1800, aht=180, occupancy=0.5) == 20
    assert measures.agents_for(0, aht=180) == 0
    assert measures.erlang_c(10, 10) == 1.0


@given(st.floats(0.01, 500), st.integers(1, 600))
def test_more_agents_never_make_it_worse(erlangs, agents):
    assert 0 <= measures.erlang_b(erlangs, agents) <= 1
    assert measures.erlang_b(erlangs, agents + 1) <= measures.erlang_b(erlangs, agents)
    assert measures.erlang_c(erlangs, agents + 1) <= measures.erlang_c(erlangs, agents) + 1e-12


def test_staffing_goes_by_an_average_week():
    table = measures.staffing(WAITS, aht=180, tz="UTC")
    assert table[["weekday", "hour", "calls"]].values.tolist() == [[0, 9, 8]]
    assert table["erlangs"].tolist() == [pytest.approx(0.4)]
    assert table["agents"].tolist() == [measures.agents_for(8, aht=180)]
    with pytest.raises(ConfError, match="aht=180"):
        measures.staffing(WAITS[WAITS["outcome"] == "FULL"])


# --- agents --------------------------------------------------------------------------------------


def test_an_agents_pause_right_after_a_talk_is_wrap_up():
    talks = some_visits([("desk", 5.0, "ANSWERED"), ("desk", 5.0, "ANSWERED")])
    pauses = pd.DataFrame(
        {
            "agent": ["Ann", "Ann"],
            "start": moments([68.0, 200.0]),  # the first talk is over at 65
            "reason": [None, "lunch"],
            "seconds": [12.0, 100.0],
        }
    )
    # In two queues, together from 0 to 400 s.
    sessions = pd.DataFrame(
        {
            "agent": ["Ann", "Ann"],
            "login": moments([0.0, 100.0]),
            "logout": moments([300.0, 400.0]),
        }
    )
    (ann,) = measures.agents(talks, sessions=sessions, pauses=pauses).to_dict("records")
    assert (ann["answered"], ann["talk"], ann["wrapup"], ann["paused"]) == (2, 120.0, 12.0, 100.0)
    assert ann["wrapup_from"] == "pause"
    assert ann["aht"] == 66.0
    assert (ann["sessions"], ann["logged_in"]) == (1, 400.0)
    assert ann["occupancy"] == pytest.approx(132 / 300)
    (alone,) = measures.agents(talks).to_dict("records")
    assert pd.isna(alone["wrapup"]) and pd.isna(alone["occupancy"]) and alone["aht"] == 60.0


def test_nobody_knows_the_occupancy_of_who_is_still_there():
    talks = some_visits([("desk", 5.0, "ANSWERED"), ("desk", 5.0, "ANSWERED")])
    sessions = pd.DataFrame(
        {
            "agent": ["Ann", "Ann"],
            "login": moments([0.0, 100.0]),
            "logout": pd.to_datetime([moments([60.0])[0], None], utc=True),
        }
    )
    (ann,) = measures.agents(talks, sessions=sessions).to_dict("records")
    assert (ann["sessions"], ann["logged_in"]) == (2, 60.0)
    assert pd.isna(ann["occupancy"])


def in_three_queues(rows: list[tuple[str, float, float | None, str]]) -> pd.DataFrame:
    """Pauses of (agent, start, end, reason), told of one queue after the other."""
    every = [
        (agent, start + late / 1e6, None if end is None else end + late / 1e6, reason)
        for agent, start, end, reason in rows
        for late in (0, 150, 300)
    ]
    agent, start, end, reason = map(list, zip(*every, strict=True))
    frame = pd.DataFrame({"start": moments(start), "end": moments(end)})
    seconds = (frame["end"] - frame["start"]).dt.total_seconds()
    texts = {"agent": pd.Series(agent, dtype="str"), "reason": pd.Series(reason, dtype="str")}
    return frame.assign(seconds=seconds, **texts)


def test_a_pause_in_several_queues_is_one_whatever_the_microsecond():
    talks = some_visits([("desk", 5.0, "ANSWERED"), ("desk", 5.0, "ANSWERED")])  # to 65 and 125
    pauses = in_three_queues(
        [
            ("Ann", 66.0, 76.0, "wrapup"),
            ("Ann", 126.0, 136.0, "wrapup"),
            ("Ann", 200.0, 500.0, "lunch"),
            ("Ann", 900.0, None, "lunch"),
            ("Ben", 0.0, None, "coffee"),
        ]
    )
    ann, ben = measures.agents(talks, pauses=pauses).to_dict("records")
    assert ann["wrapup"] == pytest.approx(20, abs=0.01)
    assert ann["paused"] == pytest.approx(300, abs=0.01)
    assert ann["aht"] == pytest.approx(70, abs=0.01)
    assert pd.isna(ben["wrapup"]) and pd.isna(ben["paused"])
    found = measures.pauses_by_reason(pauses)
    assert found[["agent", "reason", "pauses"]].values.tolist() == [
        ["Ann", "lunch", 2],
        ["Ann", "wrapup", 2],
        ["Ben", "coffee", 1],
    ]
    assert found["seconds"].tolist()[:2] == pytest.approx([300, 20], abs=0.01)
    assert pd.isna(found["seconds"][2])


@pytest.mark.parametrize("queues", [("desk",), ("desk", "door")])
def test_a_pause_whose_end_nobody_knows_ends_before_the_next_one(queues: tuple[str, ...]) -> None:
    spans = [(0.0, None), (100.0, 160.0), (300.0, None), (500.0, None)]
    starts = [start + late / 1e6 for start, _ in spans for late in range(len(queues))]
    ends = [end for _, end in spans for _ in queues]
    pauses = pd.DataFrame({"start": moments(starts), "end": moments(ends)}).assign(
        agent="Ann", reason="lunch", queue=[*queues] * len(spans), seconds=None
    )
    (row,) = measures.pauses_by_reason(pauses).to_dict("records")
    assert (row["pauses"], round(row["seconds"])) == (4, 60)


def test_a_session_whose_end_nobody_knows_ends_before_the_next_one() -> None:
    talks = some_visits([("desk", 5.0, "ANSWERED")])
    times = {"login": moments([0.0, 100.0]), "logout": moments([None, 160.0])}
    sessions = pd.DataFrame(times).assign(agent="Ann", queue="desk")
    (ann,) = measures.agents(talks, sessions=sessions).to_dict("records")
    assert (ann["sessions"], ann["logged_in"]) == (2, 60.0)


def test_a_talk_that_nobody_knows_is_no_talk_of_0_seconds():
    talks = some_visits([("desk", 5.0, "ANSWERED")] * 4)
    sessions = pd.DataFrame(
        {
            "agent": ["Ann", "Ben"],
            "login": moments([0.0, None]),
            "logout": moments([600.0, None]),
        }
    )
    half = talks.assign(talk=[100.0, None, 200.0, None])  # type: ignore[list-item]
    ann, ben = measures.agents(half, sessions=sessions).to_dict("records")
    assert (ann["answered"], ann["talk"], ann["aht"]) == (4, 300.0, 150.0)
    assert pd.isna(ann["occupancy"])
    assert (ben["talk"], ben["sessions"]) == (0.0, 1)
    assert pd.isna(ben["logged_in"]), "a member by configuration, who came before the events"
    (none,) = measures.agents(talks.assign(talk=None)).to_dict("records")
    assert pd.isna(none["talk"]) and pd.isna(none["aht"])


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (lambda calls: measures.erlangs(calls, step="0s"), "step = '0s' is not a length of time"),
        (lambda calls: measures.erlangs(calls, step="banana"), "step = 'banana' is not a length"),
        (lambda calls: measures.busy_hour(calls, tz="Europe/Nix"), "no zone Europe/Nix"),
        (lambda calls: measures.summary(calls, tz="Nowhere/X"), "no zone Nowhere/X"),
        (lambda calls: measures.summary(calls, by="hour"), r"write by=\('hour',\)"),
        (lambda _: measures.service_level(5, 6, 0), "aht has to be the seconds that a call takes"),
        (lambda _: measures.erlang_b(5, -1), "whole numbers from 0 on, not -1"),
        (lambda _: measures.erlang_c(1, cast(Any, 2.5)), "whole numbers from 0 on, not 2.5"),
        (lambda _: measures.trunks_for(1e9), "more than anybody carries"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_one_line(compute, words):
    calls = some_calls([(0, 10, None, None, "BUSY", "100")])
    with pytest.raises(ConfError, match=words):
        compute(calls)


def test_an_hour_without_calls_has_counts_of_nought_and_no_ratios():
    rows = [(0, 10, None, None, "BUSY", "100"), (20, 90, 30, 60.0, "ANSWERED", "100")]
    calls = some_calls([*rows, (4 * 3600, 4 * 3600 + 10, None, None, None, "100")])
    row = measures.heat_map(calls, value="asr").loc[0]
    assert (row[9], row.count()) == (0.5, 1)
    assert measures.heat_map(calls, value="acd").loc[0].count() == 1
    assert measures.heat_map(calls).loc[0, 9:13].tolist() == [2, 0, 0, 0, 1]  # type: ignore[operator]


def test_the_busy_hour_begins_with_the_traffic_and_not_before_it():
    calls = some_calls([(3600, 4200, 3600, 600.0, "ANSWERED", "100")])
    busy = measures.busy_hour(calls)
    assert str(busy.begins)[:5] == "10:00"
    assert busy.erlangs == pytest.approx(600 / 3600)
    assert str(busy.days["begins"][0])[:5] == "10:00"


def test_the_busy_hour_of_calls_that_have_only_begun_begins_with_them():
    # Both are up since 09:16, which is the last that is known: 0 seconds of traffic so far.
    calls = some_calls([(960, None, None, None, None, "100")] * 2)
    busy = measures.busy_hour(calls)
    assert (str(busy.begins)[:5], busy.erlangs, busy.attempts) == ("09:15", 0, 2)
    assert str(busy.days["begins"][0])[:5] == "09:15"


def test_a_report_since_a_moment_has_the_sessions_and_pauses_that_lasted_then():
    talks = some_visits([("desk", 5.0, "ANSWERED")] * 4)  # a minute each, from 5 s on
    sessions = pd.DataFrame(
        {
            "agent": ["Ann", "Ann", "Ben"],
            "login": moments([0.0, -900.0, None]),
            "logout": moments([320.0, -300.0, None]),
            "seconds": [320.0, 600.0, None],
        }
    )
    pauses = pd.DataFrame(
        {
            "agent": ["Ann", "Ann", "Ben"],
            "start": moments([100.0, -800.0, 0.0]),
            "end": moments([130.0, -700.0, None]),
            "reason": ["lunch", "lunch", "lunch"],
            "seconds": [30.0, 100.0, None],
        }
    )
    since = MONDAY + pd.Timedelta("120s")
    page = Report(some_calls([]), talks, sessions=sessions, pauses=pauses, since=since, tz="UTC")
    ann, ben = page.agents.to_dict("records")
    assert (ann["answered"], ann["sessions"], ann["logged_in"], ann["paused"]) == (2, 1, 200, 10)
    assert ann["occupancy"] == pytest.approx(120 / 190)
    assert (ben["agent"], ben["sessions"]) == ("Ben", 1)
    assert pd.isna(ben["occupancy"])
