"""First-call resolution: who called again within a day of the first call."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import measures
from ast_notebook.errors import ConfError
from tests.support.measured import office_calls

HOUR = 3600
DAY = 24 * HOUR
ANN, BEN, CLEO, DORA = "03011111", "03022222", "03033333", "03044444"

WEEK = office_calls(
    [
        (0, "internal", "200", "201", "ANSWERED", "201"),  # the frame begins here
        (HOUR, "inbound", CLEO, "100", "ANSWERED", "200"),  # who knows what was yesterday
        # Ann is answered, and calls twice more: her first call is repeated, and no other is first.
        (2 * DAY, "inbound", ANN, "100", "ANSWERED", "200"),
        (2 * DAY + 3 * HOUR, "inbound", ANN, "100", "NO ANSWER", None),
        (2 * DAY + 5 * HOUR, "inbound", ANN, "100", "ANSWERED", "201"),
        # Ben is answered once, and again 25 hours later: two first calls, both solved.
        (2 * DAY, "inbound", BEN, "100", "ANSWERED", "201"),
        (3 * DAY + HOUR, "inbound", BEN, "100", "ANSWERED", "200"),
        # Nobody answered Dora's first try, so that what she got through with is not her first call.
        (2 * DAY, "inbound", DORA, "100", "NO ANSWER", None),
        (2 * DAY + 60, "inbound", DORA, "100", "ANSWERED", "200"),
        (3 * DAY, "inbound", "anonymous", "100", "ANSWERED", "200"),
        (3 * DAY, "inbound", "anonymous", "100", "ANSWERED", "200"),
        (6 * DAY, "inbound", ANN, "100", "ANSWERED", "200"),  # who knows what comes tomorrow
        (6 * DAY + HOUR, "internal", "200", "201", "ANSWERED", "201"),
    ]
)


def test_a_first_call_is_solved_unless_its_caller_calls_again_within_a_day():
    (row,) = measures.repeats(WEEK).to_dict("records")
    # First calls: Ann's and Ben's two. One of the three is repeated.
    assert (row["queue"], row["first_calls"], row["repeated"]) == ("desk", 3, 1)
    assert row["fcr"] == pytest.approx(2 / 3)
    assert row["undecided"] == 2


def test_they_are_told_by_who_took_the_first_call():
    one, two = measures.repeats(WEEK, by=("answered_by",)).to_dict("records")
    assert (one["answered_by"], one["first_calls"], one["repeated"], one["fcr"]) == (
        "200",
        2,
        1,
        0.5,
    )
    assert (two["answered_by"], two["first_calls"], two["repeated"], two["fcr"]) == (
        "201",
        1,
        0,
        1.0,
    )


def test_a_longer_span_makes_more_of_them_repeated():
    (row,) = measures.repeats(WEEK, "26h", by=()).to_dict("records")
    # Ben's second call, 25 hours later, is now a repeat of his first.
    assert (row["first_calls"], row["repeated"], row["fcr"]) == (2, 2, 0.0)


def test_a_frame_of_one_day_tells_no_share():
    day = WEEK[WEEK["start"] < WEEK["start"].min() + pd.Timedelta(hours=12)]
    (row,) = measures.repeats(day, by=()).to_dict("records")
    assert (row["first_calls"], row["undecided"]) == (0, 1)
    assert pd.isna(row["fcr"])


def test_every_engine_tells_the_same():
    expected = measures.repeats(WEEK, by=("answered_by",))
    on_duckdb = duckdb.from_arrow(pl.from_pandas(WEEK).to_arrow())
    for frame in (pl.from_pandas(WEEK), pl.from_pandas(WEEK).lazy(), on_duckdb):
        pd.testing.assert_frame_equal(measures.repeats(frame, by=("answered_by",)), expected)


def test_none_is_a_frame_of_the_same_columns():
    none = measures.repeats(WEEK.head(0))
    assert none.empty
    assert list(none.columns) == ["queue", "first_calls", "repeated", "fcr", "undecided"]
    assert measures.repeats(WEEK.head(0), by=()).to_dict("records")[0]["first_calls"] == 0


def test_what_cannot_be_grouped_by_is_refused():
    with pytest.raises(ConfError, match="no column 'planet'"):
        measures.repeats(WEEK, by=("planet",))
    with pytest.raises(ConfError, match="by has to be a tuple or list"):
        measures.repeats(WEEK, by="queue")
    with pytest.raises(ConfError, match="trunks="):
        measures.repeats(WEEK.assign(direction=None))
