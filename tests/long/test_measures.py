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
from tests.support.measured import MONDAY, WAITS, some_calls, some_visits
from tests.support.paths import RECORDINGS

TALKS = some_calls(
    [
        (0, 100, 10, 90.0, "ANSWERED", "200"),
        (50, 80, 60, 20.0, "ANSWERED", "200"),
        (60, 70, None, None, "BUSY", "30"),
        (65, 75, None, None, "FAILED", "30"),
        (3600, None, 3610, None, None, "200"),
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
    calls = some_calls(rows).assign(billsec=[8.0, None])  # type: ignore[list-item]
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
    assert week.isna().all(axis=None)


def test_a_summary_goes_by_column_and_by_the_clock_of_a_zone():
    by = measures.summary(TALKS, by=("caller", "hour"), tz="Europe/Berlin")
    assert by[["caller", "hour", "calls"]].values.tolist() == [
        ["200", 10, 2],
        ["200", 11, 1],
        ["30", 10, 2],
    ]
    with pytest.raises(ConfError, match=r"no column 'colour'.*weekday"):
        measures.summary(TALKS, by=("colour",))


def test_calls_in_an_hour_that_a_clock_change_repeats_came_in_two_hours():
    night = pd.Timestamp("2026-10-25 00:30", tz="UTC")  # 02:30 in Berlin, and again at 01:30 UTC
    twice = some_calls([(s, s + 5, None, None, "BUSY", "1") for s in (0, 3600)], night)
    table = measures.heat_map(twice, tz="Europe/Berlin")
    assert table.loc[6, 2] == 1
    assert table.notna().sum(axis=None) == 1
    assert measures.summary(twice, by=("hour",), tz="Europe/Berlin")["calls"].tolist() == [2]


def test_top_has_the_most_calls_first():
    found = measures.top(TALKS, "caller", 1)
    assert found.pop("billsec").isna().all(), "nobody told what was billed"
    assert found.values.tolist() == [["200", 3, 2, 110.0, 0]]


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
    frame = some_visits([("desk", 1.0, one) for one in outcomes]).assign(wait=waits)  # type: ignore[arg-type]
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
@settings(max_examples=40)
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
@settings(max_examples=60)
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
@settings(max_examples=60)
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
    assert ("start or end unknown, left out", "50") in page.numbers()


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


@pytest.fixture(scope="module", params=[16, 22])
def recorded(request: pytest.FixtureRequest) -> pd.DataFrame:
    return pd.read_parquet(RECORDINGS / f"asterisk{request.param}" / "events.parquet")


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
            (measures.heat_map, made, {"tz": "Asia/Kathmandu"}),
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
    logged = history(RECORDINGS / f"asterisk{version}" / "queue_log.gz").visits
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
    assert measures.heat_map(made).isna().all(axis=None)
