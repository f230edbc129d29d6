"""Measures of calls of which the source does not tell everything: missing rather than wrong."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from ast_notebook.calls import measures
from ast_notebook.calls.history import history
from ast_notebook.calls.report import Report
from tests.support.measured import moments, some_calls, some_visits

# (start, end, answered, talk, disposition, caller): the source tells who was not answered only.
ONE_SIDED = some_calls(
    [(60 * n, 60 * n + 25, None, None, None, "1000") for n in range(8)]
    + [(600, 612, None, 0.0, "NO ANSWER", "1000"), (660, 672, None, 0.0, "NO ANSWER", "2000")]
)


def page_of(calls: pd.DataFrame) -> Report:
    return Report(calls, some_visits([("desk", 1.0, "FULL")]), tz="UTC")


@pytest.mark.parametrize("source", ["events", "cdr", "cel", "queue_log"])
def test_calls_that_are_over_and_of_unknown_outcome_leave_no_asr_and_no_ner(source):
    calls = ONE_SIDED.assign(source=source)
    (row,) = measures.summary(calls).to_dict("records")
    assert (row["calls"], row["up"], row["unknown"], row["no_answer"]) == (10, 0, 8, 2)
    assert pd.isna(row["asr"]) and pd.isna(row["ner"]) and pd.isna(row["talk"])
    one, two = measures.summary(calls, by=("caller",)).to_dict("records")
    assert (one["unknown"], two["unknown"]) == (8, 0)
    assert pd.isna(one["asr"]) and pd.isna(one["talk"])
    if source != "queue_log":  # which does not tell who answered after the queue
        assert (two["asr"], two["talk"]) == (0.0, 0.0)
    assert pd.isna(two["ner"]) if source in ("cdr", "queue_log") else two["ner"] == 1.0


def test_the_report_says_of_how_many_calls_the_outcome_is_unknown():
    page = page_of(ONE_SIDED.assign(source="cdr"))
    numbers = dict(page.numbers())
    assert (numbers["outcome unknown"], numbers["answered (ASR)"]) == ("8", "-")
    assert numbers["delivered (NER)"] == "-"
    assert "outcome unknown" not in dict(page_of(ONE_SIDED.tail(2)).numbers())
    assert page.callers["answered"].isna().tolist() == [True, False]
    assert ["1000", "9", "-", "-"] in cells(page)


def cells(page: Report) -> list[list[str]]:
    rows = page.html().split("<tr")
    return [re.findall(r'<t(?:d|h scope="row")>([^<]*)<', row) for row in rows]


def test_an_hour_with_unknown_outcomes_has_no_count_of_a_disposition():
    before = some_calls([(-7200, -7100, None, None, "BUSY", "1")])
    calls = pd.concat([before, ONE_SIDED]).assign(source="cdr")
    assert pd.isna(measures.heat_map(calls, value="answered").loc[0, 9])  # type: ignore[arg-type]
    assert measures.heat_map(calls, value="answered").loc[0, 8] == 0
    assert measures.heat_map(calls, value="unknown").loc[0, 9] == 8


def test_calls_that_a_log_shows_as_not_over_are_up_and_not_unknown():
    ended = (0, 60, 10, 50.0, "ANSWERED", "1")
    ringing = (70, None, None, None, None, "2")
    for source in ("events", "cel", "queue_log"):
        (row,) = measures.summary(some_calls([ended, ringing]).assign(source=source)).to_dict(
            "records"
        )
        assert (row["up"], row["unknown"], row["asr"]) == (1, 0, 1.0), source
    # A CDR is written at the end, and a CEL without any end does not tell who is up.
    without = some_calls([(0, None, 10, None, "ANSWERED", "1"), ringing])
    for source in ("cdr", "cel"):
        (row,) = measures.summary(without.assign(source=source)).to_dict("records")
        assert (row["up"], row["unknown"]) == (0, 1), source
        assert pd.isna(row["asr"]), source


def test_what_a_gap_hides_is_unknown_and_not_up():
    calls = some_calls([(0, None, None, None, None, "1"), (9, 19, 10, 9.0, "ANSWERED", "1")])
    calls = calls.assign(source="events", gap=pd.array([True, False], dtype="boolean"))
    (row,) = measures.summary(calls).to_dict("records")
    assert (row["up"], row["unknown"], row["answered"], row["talk"]) == (0, 1, 1, 9.0)
    assert pd.isna(row["asr"])


def test_talk_is_missing_where_that_of_no_answered_call_is_known():
    rows = [(0, 9, None, None, "ANSWERED", "1"), (9, 19, None, 0.0, "NO ANSWER", "1")]
    calls = some_calls(rows).assign(billsec=[None, 0.0])  # type: ignore[list-item]
    (row,) = measures.summary(calls).to_dict("records")
    assert pd.isna(row["talk"]) and pd.isna(row["billsec"]) and pd.isna(row["acd"])
    assert measures.top(calls)["talk"].isna().all()


def test_a_report_of_a_pbx_without_channels_has_no_asr(tmp_path):
    head = "ID,Time,Call From,Call To,Call Duration(s),Ring Duration(s),Talk Duration(s),Status"
    lines = [f"{head},Source Trunk,Destination Trunk,Communication Type"]
    for n in range(10):
        told = "25,5,20,ANSWERED" if n < 8 else "12,12,0,NO ANSWER"
        lines.append(f"20240507_{n},2024-05-07 09:0{n}:00,Ann<1000>,1001,{told},,,Internal")
    path = tmp_path / "report.csv"
    path.write_text("\n".join(lines) + "\n")
    past = history(path, tz="UTC")
    (row,) = measures.summary(past.calls).to_dict("records")
    assert (row["calls"], row["up"], row["unknown"], row["billsec"]) == (10, 0, 8, 160.0)
    numbers = dict(past.report(tz="UTC").numbers())
    assert (numbers["answered (ASR)"], numbers["outcome unknown"]) == ("-", "8")


def test_a_call_whose_start_nobody_knows_is_left_out_of_the_load_and_counted():
    before = (None, 1200, None, None, "ANSWERED", "1")
    alone = some_calls([before]).assign(source="events")
    load = measures.Load(alone)
    assert (load.left_out, load.peak()) == (1, measures.Peak(None, None))
    assert load.busy_hour().begins is None and pd.isna(load.busy_hour().erlangs)
    found = load.erlangs("1h")
    assert found[["attempts", "left_out"]].values.tolist() == [[0, 1]]
    assert found["erlangs"].isna().all()
    assert dict(page_of(alone).numbers())["at once, at most"] == "-"
    nowhere = measures.Load(some_calls([(None, None, None, None, None, "1")]))
    assert (nowhere.left_out, nowhere.peak().calls) == (1, None)
    assert nowhere.busy_hour().begins is None

    both = some_calls([before, (1500, 2400, None, None, "BUSY", "2")]).assign(source="events")
    load = measures.Load(both)
    assert (load.left_out, load.peak().calls) == (1, 1)
    found = load.erlangs("1h")
    assert found[["attempts", "left_out"]].values.tolist() == [[1, 1]]
    assert found["erlangs"].tolist() == pytest.approx([0.25])  # 900 of 3600 seconds
    numbers = dict(page_of(both).numbers())
    assert numbers["at once, at most"] == "1 or more"
    assert numbers["start or end unknown, left out"] == "1"
    assert numbers["busy hour from 09:15"] == "0.25 E or more"


def test_a_call_of_unknown_outcome_is_left_out_of_the_load_of_talk_and_counted():
    load = measures.Load(ONE_SIDED.assign(source="cdr"), of="talk")
    assert (load.left_out, load.peak().calls) == (8, None)
    ringing = some_calls([(0, None, None, None, None, "1")]).assign(source="events")
    load = measures.Load(ringing, of="talk")
    assert (load.left_out, load.peak().calls) == (0, 0)
    stays = measures.Load(some_visits([("desk", 1.0, "ABANDONED")]), of="talk")
    assert (stays.left_out, stays.peak().calls) == (0, 0)


def of_ann(**times: list[float | None]) -> pd.DataFrame:
    count = len(next(iter(times.values())))
    found = pd.DataFrame({name: moments(seconds) for name, seconds in times.items()})
    return found.assign(agent=pd.Series(["Ann"] * count, dtype="str"))


def test_a_pause_of_unknown_length_leaves_no_occupancy():
    talks = some_visits([("desk", 5.0, "ANSWERED")])  # a talk from second 5 to 65
    session = of_ann(login=[0.0], logout=[600.0])
    over = of_ann(start=[100.0], end=[400.0])
    (ann,) = measures.agents(talks, sessions=session, pauses=over).to_dict("records")
    assert (ann["occupancy"], ann["aht"]) == (60 / 300, 60.0)
    for start, end in ((500.0, None), (None, 550.0)):
        pauses = of_ann(start=[100.0, start], end=[400.0, end])
        (ann,) = measures.agents(talks, sessions=session, pauses=pauses).to_dict("records")
        assert pd.isna(ann["occupancy"])
        assert (ann["paused"], ann["aht"]) == (300.0, 60.0)
    alone = of_ann(start=[500.0], end=[None])
    (ann,) = measures.agents(talks, sessions=session, pauses=alone).to_dict("records")
    assert pd.isna(ann["occupancy"]) and pd.isna(ann["paused"])
    wrapup = of_ann(start=[66.0], end=[None])
    (ann,) = measures.agents(talks, sessions=session, pauses=wrapup).to_dict("records")
    assert pd.isna(ann["occupancy"]) and pd.isna(ann["aht"]) and pd.isna(ann["wrapup"])


def stays(*rows: tuple[str, float | None, str | None]) -> pd.DataFrame:
    """Queue calls of (queue, wait, outcome); who has no wait has left nobody knows when."""
    found = some_visits([(queue, wait or 0.0, outcome or "") for queue, wait, outcome in rows])
    gone = pd.Series([wait is None for _, wait, _ in rows])
    return found.assign(
        outcome=pd.Series([outcome for _, _, outcome in rows], dtype="str"),
        end=found["end"].mask(gone),
        wait=found["wait"].mask(gone),
        gap=[outcome is None for _, _, outcome in rows],
        source="events",
    )


LEVELS = [
    "service_level",
    "service_level_answered",
    "service_level_short",
    "service_level_abandons",
    "abandon_rate",
]
HIDDEN = stays(
    ("desk", 4.0, "ANSWERED"),
    ("desk", 3.0, "ABANDONED"),
    ("desk", None, None),
    ("desk", 9.0, None),
    ("hall", 1.0, "ANSWERED"),
)


def test_queue_calls_that_are_over_and_of_unknown_outcome_leave_no_service_level():
    desk, hall = measures.service(HIDDEN).to_dict("records")
    assert (desk["offered"], desk["answered"], desk["abandoned"], desk["unknown"]) == (4, 1, 1, 2)
    assert all(pd.isna(desk[name]) for name in LEVELS)
    assert (desk["wait_unknown"], desk["wait_max"], desk["asa"]) == (1, 9.0, 4.0)
    assert (hall["offered"], hall["unknown"], hall["wait_unknown"]) == (1, 0, 0)
    assert [hall[name] for name in LEVELS] == [1.0, 1.0, 1.0, 1.0, 0.0]
    (both,) = measures.service(HIDDEN, by=()).to_dict("records")
    assert (both["offered"], both["unknown"]) == (5, 2)
    assert pd.isna(both["service_level"])
    strange = measures.service(some_visits([("desk", 1.0, "EATEN"), ("desk", 1.0, "FULL")]))
    assert strange[["offered", "unknown", "full"]].values.tolist() == [[2, 1, 1]]


@pytest.mark.parametrize("source", ["events", "queue_log"])
def test_who_still_waits_is_not_offered_yet_unless_a_gap_may_have_hidden_his_end(source):
    rows = stays(("desk", 4.0, "ANSWERED"), ("desk", None, None)).assign(source=source)
    (row,) = measures.service(rows.assign(gap=False)).to_dict("records")
    assert (row["offered"], row["unknown"], row["service_level"]) == (1, 0, 1.0)
    (row,) = measures.service(rows).to_dict("records")
    assert (row["offered"], row["unknown"]) == (2, 1)
    assert pd.isna(row["service_level"])


def test_waits_tell_how_many_came_to_nobody_knows_what():
    found = measures.waits(HIDDEN, step=5)
    told = found[["wait", "answered", "abandoned", "other", "unknown"]].values.tolist()
    assert told == [[0, 2, 1, 0, 0], [5, 0, 0, 0, 1]]
    assert measures.percentiles(HIDDEN, (100,))["p100"].tolist() == [9.0]


def test_the_report_says_of_how_many_queue_calls_the_outcome_is_unknown():
    page = Report(ONE_SIDED.tail(2), HIDDEN, tz="UTC")
    numbers = dict(page.numbers())
    assert (numbers["offered to queues"], numbers["outcome in queues unknown"]) == ("5", "2")
    assert (numbers["within 20 s"], numbers["gave up"]) == ("-", "-")
    assert numbers["wait unknown, left out"] == "1"
    # There is no column of other outcomes, since there are none.
    assert ["desk", "4", "1", "1", "2", "-", "4.0 s", "9.0 s", "9.0 s"] in cells(page)
    known = dict(Report(ONE_SIDED.tail(2), HIDDEN.tail(1), tz="UTC").numbers())
    assert {"outcome in queues unknown", "wait unknown, left out"}.isdisjoint(known)
