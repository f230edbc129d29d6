"""Measures: numbers worked out by hand, by brute force, and from published tables."""

from __future__ import annotations

from datetime import time
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ast_notebook.calls import agent_pauses, agent_sessions, from_events, measures, visits
from ast_notebook.calls.history import history
from ast_notebook.calls.queues import OUTCOMES
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from tests.scenarios.play import FIXTURES

MONDAY = pd.Timestamp("2026-11-23 09:00", tz="UTC")


def moments(seconds: list[float | None], begin: pd.Timestamp = MONDAY) -> pd.Series:
    micro = [None if one is None else begin.value // 1000 + round(one * 1e6) for one in seconds]
    return pd.to_datetime(pd.Series(micro, dtype="Int64"), unit="us", utc=True)


def some_calls(rows: list[tuple[Any, ...]], begin: pd.Timestamp = MONDAY) -> pd.DataFrame:
    """Calls of (start, end, answered, talk, disposition, caller)."""
    start, end, answered, talk, disposition, caller = zip(*rows, strict=True) if rows else [()] * 6
    return pd.DataFrame(
        {
            "start": moments(start, begin),
            "end": moments(end, begin),
            "answered": moments(answered, begin),
            "talk": pd.Series(talk, dtype="float64"),
            "disposition": pd.Series(disposition, dtype="str"),
            "caller": pd.Series(caller, dtype="str"),
            "cause": pd.Series([16] * len(rows), dtype="Int64"),
            "dialled": pd.Series(["240"] * len(rows), dtype="str"),
        }
    )


def some_visits(rows: list[tuple[str, float, str]]) -> pd.DataFrame:
    """Visits of (queue, wait, outcome), one a minute."""
    queue, wait, outcome = map(list, zip(*rows, strict=True))
    start = [60.0 * number for number in range(len(rows))]
    return pd.DataFrame(
        {
            "queue": pd.Series(queue, dtype="str"),
            "start": moments(start),
            "end": moments([one + seconds for one, seconds in zip(start, wait, strict=True)]),
            "wait": wait,
            "outcome": pd.Series(outcome, dtype="str"),
            "talk": [60.0 if one == "ANSWERED" else None for one in outcome],
            "agent": pd.Series(
                ["Ann" if one == "ANSWERED" else None for one in outcome], dtype="str"
            ),
        }
    )


TALKS = some_calls(
    [
        (0, 100, 10, 90.0, "ANSWERED", "200"),
        (50, 80, 60, 20.0, "ANSWERED", "200"),
        (60, 70, None, None, "BUSY", "30"),
        (65, 75, None, None, "FAILED", "30"),
        (3600, None, 3610, None, None, "200"),
    ]
)
WAITS = some_visits(
    [
        ("desk", 4.0, "ANSWERED"),
        ("desk", 20.0, "ANSWERED"),
        ("desk", 30.0, "ANSWERED"),
        ("desk", 3.0, "ABANDONED"),
        ("desk", 40.0, "ABANDONED"),
        ("desk", 60.0, "TIMEOUT"),
        ("desk", 0.0, "FULL"),
        ("hall", 1.0, "TRANSFERRED"),
    ]
)


def test_a_summary_counts_calls_by_how_they_ended():
    (row,) = measures.summary(TALKS).to_dict("records")
    assert (row["calls"], row["answered"], row["busy"], row["failed"], row["up"]) == (5, 2, 1, 1, 1)
    assert row["asr"] == 0.5  # of the four that are decided
    assert row["ner"] == 0.75  # busy is delivered, failed is not
    assert row["acd"] == 55.0
    assert row["talk"] == 110.0


def test_seconds_in_all_of_which_none_is_known_are_missing():
    rows = [(0, 9, 1, None, "ANSWERED", "1"), (0, 9, None, None, "BUSY", "2")]
    calls = some_calls(rows).assign(billsec=[8.0, None])
    one, two = measures.summary(calls, by=("caller",)).to_dict("records")
    assert pd.isna(one["talk"]) and one["billsec"] == 8.0
    assert two["talk"] == 0.0 and pd.isna(two["billsec"]), "who was not answered did not talk"
    assert measures.summary(calls)["talk"].isna().all()
    assert measures.summary(calls)["billsec"].tolist() == [8.0]
    assert measures.top(calls).set_index("caller")["talk"].isna().to_dict() == {
        "1": True,
        "2": False,
    }
    assert measures.summary(calls.head(0))[["talk", "billsec"]].values.tolist() == [[0, 0]]
    week = measures.heat_map(calls, value="talk")
    assert pd.isna(week.loc[0, 9]) and week.isna().sum(axis=None) == 1


def test_a_summary_goes_by_column_and_by_the_clock_of_a_zone():
    by = measures.summary(TALKS, by=("caller", "hour"), tz="Europe/Berlin")
    assert by[["caller", "hour", "calls"]].values.tolist() == [
        ["200", 10, 2],
        ["200", 11, 1],
        ["30", 10, 2],
    ]
    with pytest.raises(ConfError, match=r"no column 'colour'.*weekday"):
        measures.summary(TALKS, by=("colour",))


def test_the_hour_that_a_clock_change_repeats_is_one_hour_of_the_clock():
    night = pd.Timestamp("2026-10-25 00:30", tz="UTC")  # 02:30 in Berlin, and again at 01:30 UTC
    twice = some_calls([(s, s + 5, None, None, "BUSY", "1") for s in (0, 3600)], night)
    table = measures.heat_map(twice, tz="Europe/Berlin")
    assert table.loc[6, 2] == 2
    assert table.to_numpy().sum() == 2


def test_top_has_the_most_calls_first():
    assert measures.top(TALKS, "caller", 1).values.tolist() == [["200", 3, 2, 110.0]]


def test_causes_have_their_names_of_q_850():
    found = measures.causes(TALKS.assign(cause=pd.array([16, 16, 17, 200, None], dtype="Int64")))
    assert found["name"].tolist() == ["Normal clearing", "User busy", "Cause 200"]
    assert found["share"].tolist() == [0.5, 0.25, 0.25]


def test_service_has_every_variant_of_the_level():
    desk = measures.service(WAITS, within=20, short=5).set_index("queue").loc["desk"]
    assert desk["offered"] == 7
    assert desk["within"] == 2
    assert desk["service_level"] == pytest.approx(2 / 7)
    assert desk["service_level_answered"] == pytest.approx(2 / 3)
    assert desk["service_level_short"] == pytest.approx(2 / 6)
    assert desk["service_level_abandons"] == pytest.approx(3 / 7)
    assert desk["abandon_rate"] == pytest.approx(2 / 7)
    assert desk["asa"] == 18.0
    assert desk["wait_max"] == 60.0
    assert (desk["p50"], desk["p95"]) == (20.0, 60.0)


def test_a_wait_that_nobody_knows_is_no_wait_of_0_seconds():
    waits = [4.0, None, 30.0, 3.0, None]
    outcomes = ["ANSWERED", "ANSWERED", "ANSWERED", "ABANDONED", "ABANDONED"]
    frame = some_visits([("desk", 1.0, one) for one in outcomes]).assign(wait=waits)
    (desk,) = measures.service(frame, within=20, short=5).to_dict("records")
    assert (desk["offered"], desk["answered"], desk["abandoned"]) == (5, 3, 2)
    assert (desk["within"], desk["short"]) == (1, 1)
    assert desk["service_level"] == 1 / 3
    assert desk["service_level_answered"] == 1 / 2
    assert desk["service_level_short"] == 1 / 2
    assert desk["service_level_abandons"] == 2 / 3
    assert desk["abandon_rate"] == 2 / 5
    assert (desk["asa"], desk["wait_max"], desk["p50"]) == (17.0, 30.0, 4.0)
    assert desk["wait_mean"] == pytest.approx(37 / 3)
    assert measures.waits(frame)[["answered", "abandoned"]].to_numpy().sum() == 3
    (none,) = measures.service(frame.assign(wait=None)).to_dict("records")
    unknown = ["service_level", "asa", "wait_mean", "wait_max", "p95"]
    assert all(pd.isna(none[name]) for name in unknown)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 900), st.sampled_from(OUTCOMES))),
)
@settings(max_examples=40, deadline=None)
def test_the_outcomes_add_up_to_the_callers_offered(rows):
    frame = some_visits([("a", 0.0, "FULL"), *((q, w / 10, o) for q, w, o in rows)])
    found = measures.service(frame)
    counts = [name.lower().replace(" ", "_") for name in OUTCOMES]
    assert (found[counts].sum(axis=1) == found["offered"]).all()
    assert found["offered"].sum() == len(frame)
    every = sorted(frame["wait"])
    (tails,) = measures.percentiles(frame, (50, 90)).to_dict("records")
    for q in (50, 90):
        rank = max(1, -(-q * len(every) // 100))
        assert tails[f"p{q}"] == pytest.approx(every[rank - 1], abs=0.01)
    histogram = measures.waits(frame, step=5)
    assert histogram[["answered", "abandoned", "other"]].to_numpy().sum() == len(frame)


SPANS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 9_000)), min_size=1, max_size=25)


@given(SPANS)
@settings(max_examples=60, deadline=None)
def test_erlangs_are_the_time_that_calls_take_of_each_step(spans):
    rows = [(s, s + length, None, None, "BUSY", "1") for s, length in spans]
    found = measures.erlangs(some_calls(rows), step="1h")
    begin = MONDAY.timestamp()
    for row in found.to_dict("records"):
        at = row["time"].timestamp() - begin
        taken = sum(max(0, min(s + length, at + 3600) - max(s, at)) for s, length in spans)
        assert row["erlangs"] == pytest.approx(taken / 3600)
    assert found["attempts"].sum() == len(spans)
    assert found["erlangs"].sum() * 3600 == pytest.approx(sum(length for _, length in spans))


@given(SPANS)
@settings(max_examples=60, deadline=None)
def test_the_peak_is_the_most_calls_that_had_a_second_in_common(spans):
    rows = [(s, s + length, None, None, "BUSY", "1") for s, length in spans]
    frame = some_calls(rows)
    at_once = [sum(s <= t <= s + length for s, length in spans) for t, _ in spans]
    assert measures.peak(frame).calls == max(at_once)
    table = measures.concurrency(frame, step="10min")
    assert table["peak"].max() == max(at_once)
    assert (table["peak"] >= table["mean"] - 1e-9).all()


def test_a_call_that_is_not_over_counts_up_to_the_last_that_is_known():
    found = measures.erlangs(TALKS, step="1h")
    assert found["erlangs"].tolist() == pytest.approx([150 / 3600, 10 / 3600])
    later = measures.erlangs(TALKS, step="1h", until=MONDAY + pd.Timedelta("90min"))
    assert later["erlangs"].tolist() == pytest.approx([150 / 3600, 0.5])


@pytest.mark.parametrize("source", ["queue_log", "cdr", "cel", "events"])
def test_a_call_whose_end_nobody_knows_is_left_out_of_the_load_and_counted(source):
    lost = [(60 * n, None, None, None, "NO ANSWER", "1") for n in range(50)]
    calls = some_calls([*lost, (0, 1800, None, None, "BUSY", "1")])
    calls = calls.assign(source=source, gap=pd.array([True] * 50 + [False], dtype="boolean"))
    load = measures.Load(calls)
    assert (load.left_out, load.peak().calls) == (50, 1)
    found = load.erlangs("1h")
    assert found[["attempts", "left_out"]].values.tolist() == [[51, 50]]
    assert found["erlangs"].tolist() == pytest.approx([0.5])
    assert load.concurrency("1h")["left_out"].tolist() == [50]
    page = Report(calls, some_visits([("desk", 1.0, "FULL")]), tz="UTC")
    assert ("end unknown, left out", "50") in page.numbers()


def test_a_load_of_which_nothing_is_known_is_missing_and_not_0():
    calls = some_calls([(0, 65, 5, None, "ANSWERED", "1"), (9, 9, None, None, "BUSY", "1")])
    load = measures.Load(calls.assign(source="cdr"), of="talk")
    assert load.left_out == 1
    assert load.peak() == measures.Peak(None, None)
    assert load.erlangs("1h")[["attempts", "left_out"]].values.tolist() == [[1, 1]]
    assert load.erlangs("1h")["erlangs"].isna().all()
    assert load.concurrency("1min")[["mean", "peak"]].isna().all(axis=None)
    hour = load.busy_hour()
    assert hour.begins is None and pd.isna(hour.erlangs) and pd.isna(hour.attempts)
    silent = some_calls([(0, None, None, None, "NO ANSWER", "1")]).assign(source="queue_log")
    page = Report(silent, some_visits([("desk", 1.0, "FULL")]), tz="UTC")
    numbers = dict(page.numbers())
    assert (numbers["calls"], numbers["at once, at most"]) == ("1", "-")
    assert "busy hour" not in repr(page)
    assert "<img" in page.html()


def test_talk_lasts_no_longer_than_the_call_and_on_while_that_is_up():
    rows = [
        (0, 40, 10, 100.0, "ANSWERED", "1"),  # a talk that is longer than the rest of the call
        (0, 100, None, None, "ANSWERED", "1"),  # answered, and nobody knows when
        (50, None, 60, None, "ANSWERED", "1"),  # still up
    ]
    load = measures.Load(some_calls(rows).assign(source="events", gap=False), of="talk")
    assert load.left_out == 1
    assert load.erlangs("1h")["erlangs"].sum() * 3600 == pytest.approx(30 + 40)


@pytest.mark.parametrize("step", ["500ms", "1500ms"])
def test_calls_at_once_are_counted_by_whole_seconds(step):
    calls = some_calls([(1.9, 2.1, None, None, "BUSY", "1"), (7.4, 7.9, None, None, "BUSY", "1")])
    with pytest.raises(ConfError, match="whole seconds"):
        measures.concurrency(calls, step=step)
    assert measures.erlangs(calls, step=step)["erlangs"].min() >= 0


def test_the_busy_hour_is_the_same_hour_of_every_day():
    days = [0, 86_400]
    rows = [(d + 3600 * 2, d + 3600 * 3, None, None, "BUSY", "1") for d in days]
    rows += [(6 * 3600, 6 * 3600 + 1800, None, None, "BUSY", "1")]
    found = measures.busy_hour(some_calls(rows), tz="Europe/Berlin")
    assert found.begins == time(12, 0)  # 11:00 UTC
    assert (found.erlangs, found.attempts) == (1.0, 1.0)
    assert len(found.days) == 2


def test_too_many_steps_are_refused_with_what_to_do():
    rows = [
        (0, 5, None, None, "BUSY", "1"),
        (86_400 * 3650, 86_400 * 3651, None, None, "BUSY", "1"),
    ]
    with pytest.raises(ConfError, match="take a longer step"):
        measures.erlangs(some_calls(rows), step="1s")


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
@settings(deadline=None)
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


def test_a_talk_that_nobody_knows_is_no_talk_of_0_seconds():
    talks = some_visits([("desk", 5.0, "ANSWERED")] * 4)
    sessions = pd.DataFrame(
        {
            "agent": ["Ann", "Ben"],
            "login": moments([0.0, None]),
            "logout": moments([600.0, None]),
        }
    )
    half = talks.assign(talk=[100.0, None, 200.0, None])
    ann, ben = measures.agents(half, sessions=sessions).to_dict("records")
    assert (ann["answered"], ann["talk"], ann["aht"]) == (4, 300.0, 150.0)
    assert pd.isna(ann["occupancy"])
    assert (ben["talk"], ben["sessions"]) == (0.0, 1)
    assert pd.isna(ben["logged_in"]), "a member by configuration, who came before the events"
    (none,) = measures.agents(talks.assign(talk=None)).to_dict("records")
    assert pd.isna(none["talk"]) and pd.isna(none["aht"])


@pytest.mark.parametrize(
    ("reckon", "words"),
    [
        (lambda calls: measures.erlangs(calls, step="0s"), "a step '0s' is no length of time"),
        (lambda calls: measures.erlangs(calls, step="banana"), "a step 'banana' is no length"),
        (lambda calls: measures.busy_hour(calls, tz="Europe/Nix"), "no zone Europe/Nix"),
        (lambda calls: measures.summary(calls, tz="Nowhere/X"), "no zone Nowhere/X"),
        (lambda calls: measures.summary(calls, by="hour"), r"write by=\('hour',\)"),
        (lambda _: measures.service_level(5, 6, 0), "aht is the seconds that a call takes"),
        (lambda _: measures.erlang_b(5, -1), "whole numbers from 0 on, not -1"),
        (lambda _: measures.erlang_c(1, 2.5), "whole numbers from 0 on, not 2.5"),
        (lambda _: measures.trunks_for(1e9), "more than anybody carries"),
    ],
)
def test_what_cannot_be_reckoned_is_refused_in_one_line(reckon, words):
    calls = some_calls([(0, 10, None, None, "BUSY", "100")])
    with pytest.raises(ConfError, match=words):
        reckon(calls)


def test_an_hour_without_calls_has_counts_of_nought_and_no_ratios():
    calls = some_calls([(0, 10, None, None, "BUSY", "100"), (20, 90, 30, 60.0, "ANSWERED", "100")])
    row = measures.heat_map(calls, value="asr").loc[0]
    assert (row[9], row.count()) == (0.5, 1)
    assert measures.heat_map(calls, value="acd").loc[0].count() == 1
    assert measures.heat_map(calls).loc[0].tolist() == [0] * 9 + [2] + [0] * 14


def test_the_busy_hour_begins_with_the_traffic_and_not_before_it():
    calls = some_calls([(3600, 4200, 3600, 600.0, "ANSWERED", "100")])
    busy = measures.busy_hour(calls)
    assert str(busy.begins)[:5] == "10:00"
    assert busy.erlangs == pytest.approx(600 / 3600)
    assert str(busy.days["begins"][0])[:5] == "10:00"


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


# --- on every engine, and of what Asterisk told --------------------------------------------------


@pytest.fixture(scope="module", params=[16, 22])
def recorded(request: pytest.FixtureRequest) -> pd.DataFrame:
    return pd.read_parquet(FIXTURES / f"asterisk{request.param}" / "events.parquet")


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_every_engine_gives_the_same_measures(recorded, engine):
    few = recorded.dropna(axis="columns", how="all")
    made, stays = from_events(few), visits(few)
    each = made.index % 5
    # Ends, talks and waits that nobody knows, of sources that do not tell and in gaps.
    poor = made.assign(end=made["end"].mask(each == 0), talk=made["talk"].mask(each == 1))
    poor = poor.assign(
        gap=made.index % 2 == 0, source=made["source"].mask(made.index % 3 == 0, "cel")
    )
    untimed = stays.assign(wait=stays["wait"].mask(stays.index % 4 == 0), talk=None)
    with duckdb.connect() as connection:

        def there(frame: pd.DataFrame) -> Any:
            return pl.from_pandas(frame) if engine == "polars" else connection.from_df(frame)

        for measure, frame, more in (
            (measures.summary, made, {"by": ("caller", "hour"), "tz": "Asia/Kathmandu"}),
            (measures.summary, made, {}),
            (measures.causes, made, {}),
            (measures.top, made, {"column": "dialled"}),
            (measures.service, stays, {}),
            (measures.service, stays, {"by": ()}),
            (measures.waits, stays, {"by": ("queue",)}),
            (measures.erlangs, made, {"step": "15min"}),
            (measures.concurrency, made, {"of": "talk"}),
            (measures.staffing, stays, {}),
            (measures.agents, stays, {}),
            (measures.summary, poor, {"by": ("caller",)}),
            (measures.erlangs, poor, {}),
            (measures.erlangs, poor, {"of": "talk"}),
            (measures.service, untimed, {}),
            (measures.agents, untimed, {}),
        ):
            here = measure(frame, **more)
            pd.testing.assert_frame_equal(measure(there(frame), **more), here)


def test_queue_reports_from_events_and_from_the_queue_log_agree(recorded):
    version = 16 if recorded["channel"].str.startswith("SIP/", na=False).any() else 22
    heard = visits(recorded)
    # Asterisk does not log who is not let in, and logs who is moved elsewhere as one who gave up.
    heard = heard[~heard["outcome"].isin(["FULL", "JOIN EMPTY"])].replace(
        {"outcome": {"TRANSFERRED": "ABANDONED"}}
    )
    logged = history(FIXTURES / f"asterisk{version}" / "queue_log.gz").visits
    exact = ["queue", "offered", "answered", "abandoned", "timeout", "key", "leave_empty", "within"]
    here, there = measures.service(heard), measures.service(logged)
    pd.testing.assert_frame_equal(here[exact], there[exact])
    for name in ("asa", "wait_mean", "wait_max"):
        assert (here[name] - there[name]).abs().max() <= 1.0
    agents, past = measures.agents(heard), measures.agents(logged)
    assert agents[["agent", "answered"]].equals(past[["agent", "answered"]])


def test_nothing_heard_gives_empty_frames_and_no_error(recorded):
    none = recorded.head(0)
    made, stays = from_events(none), visits(none)
    assert measures.summary(made)["calls"].tolist() == [0]
    for empty in (
        measures.summary(made, by=("queue",)),
        measures.service(stays),
        measures.waits(stays),
        measures.causes(made),
        measures.top(made),
        measures.erlangs(made),
        measures.concurrency(made),
        measures.staffing(stays),
        measures.agents(stays, sessions=agent_sessions(none), pauses=agent_pauses(none)),
        measures.pauses_by_reason(agent_pauses(none)),
    ):
        assert empty.empty
    assert measures.peak(made).calls == 0
    assert measures.busy_hour(made).begins is None
    assert measures.heat_map(made).to_numpy().sum() == 0
