"""Two periods side by side: what differs, and whether that is more than chance."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import measures
from ast_notebook.calls.measures import chance
from ast_notebook.errors import ConfError
from tests.support.measured import office_calls


def week(answered: int, missed: int, talk: float = 60.0) -> pd.DataFrame:
    rows: list[tuple[Any, ...]]
    rows = [(60.0 * n, "inbound", "0301", "100", "ANSWERED", "200") for n in range(answered)]
    rows += [(60.0 * n, "inbound", "0302", "100", "BUSY", None) for n in range(missed)]
    calls = office_calls(rows)
    longer = calls["talk"] + np.arange(len(calls)) / 1000
    return calls.assign(talk=(longer * talk / 60.0).where(calls["disposition"] == "ANSWERED", 0.0))


def of(found: pd.DataFrame, measure: str) -> pd.Series:
    return found[found["measure"] == measure].iloc[0]


def test_counts_shares_and_durations_stand_side_by_side_with_their_tests():
    found = measures.compare(week(40, 60), week(25, 75, talk=120.0))
    calls, answered, talk = (of(found, name) for name in ("calls", "answered", "talk"))
    assert (calls["now"], calls["before"], calls["difference"]) == (100, 100, 0)
    assert (calls["ratio"], calls["p"], calls["test"]) == (1.0, 1.0, "rate ratio")
    # 40 and 25 of 100: pooled 0.325, deviation sqrt(0.325 * 0.675 * 0.02) = 0.06624, z = 2.2646.
    assert (answered["now"], answered["before"]) == (0.4, 0.25)
    assert answered["p"] == pytest.approx(math.erfc(2.2646 / math.sqrt(2)), rel=1e-3)
    assert answered["test"] == "two proportions"
    # One in forty is chance in one comparison, but several were made.
    assert answered["p"] < 0.05 and not answered["significant"]
    assert talk["now"] == pytest.approx(60.0195) and talk["before"] == pytest.approx(120.024)
    assert talk["test"] == "Mann-Whitney" and talk["significant"]
    assert (talk["calls"], talk["calls_before"]) == (40, 25)


def test_periods_of_different_length_are_compared_by_their_rates():
    # 50 calls in 5 days are as many as 70 in 7.
    found = measures.compare(week(50, 0), week(70, 0), lengths=(5, 7))
    calls = of(found, "calls")
    assert (calls["difference"], calls["ratio"], calls["p"]) == (0, 1.0, 1.0)


def test_few_calls_are_tested_exactly_or_not_at_all():
    found = measures.compare(week(3, 1), week(1, 3))
    answered, talk = of(found, "answered"), of(found, "talk")
    # The lady tasting tea: (16 + 1) / 70 on each side.
    assert answered["test"] == "Fisher" and answered["p"] == pytest.approx(34 / 70)
    assert not answered["significant"]
    assert pd.isna(talk["p"]) and pd.isna(talk["significant"]) and pd.isna(talk["test"])


def test_an_unknown_outcome_leaves_the_shares_out():
    hidden = week(40, 60)
    hidden.loc[0, "disposition"] = None
    found = measures.compare(hidden, week(25, 75))
    for name in ("answered", "busy", "missed"):
        row = of(found, name)
        assert pd.isna(row["now"]) and pd.isna(row["p"]) and pd.isna(row["significant"])
    assert of(found, "answered")["before"] == 0.25


def test_a_call_that_is_up_leaves_no_share_out():
    now = week(40, 60)
    now.loc[99, "disposition"], now.loc[99, "end"] = None, pd.NaT
    found = measures.compare(now, week(25, 75))
    assert of(found, "missed")["now"] == 59 / 99 and of(found, "answered")["now"] == 40 / 99


def test_no_direction_leaves_out_what_needs_one():
    found = measures.compare(week(4, 6).assign(direction=None), week(4, 6))
    assert of(found, "calls")["now"] == 10
    for name in ("inbound", "outbound", "missed"):
        assert pd.isna(of(found, name)["now"]) and pd.isna(of(found, name)["p"])


def test_nothing_is_compared_with_nothing():
    found = measures.compare(week(1, 1).head(0), week(1, 1).head(0))
    assert found["p"].isna().all() and found["significant"].isna().all()
    assert of(found, "calls")["now"] == 0 and pd.isna(of(found, "answered")["now"])


def test_every_engine_tells_the_same():
    one, other = week(40, 60), week(25, 75)
    expected = measures.compare(one, other)
    for make in (pl.from_pandas, lambda frame: duckdb.from_arrow(pl.from_pandas(frame).to_arrow())):
        pd.testing.assert_frame_equal(measures.compare(make(one), make(other)), expected)


@pytest.mark.parametrize("odd", [(0, 1), (1,), (1, math.nan), (1, math.inf)])
def test_lengths_that_are_none_are_refused(odd):
    with pytest.raises(ConfError, match="two positive numbers"):
        measures.compare(week(1, 1), week(1, 1), lengths=odd)


def test_two_counts_are_compared_as_in_r():
    # The example of R's package rateratio.test: 2 and 9 in 17,877 and 16,660 years, p = 0.0501.
    assert chance.rate_ratio(2, 9, 17877, 16660) == pytest.approx(0.05011, abs=1e-5)
    # 1 and 5 in equal times: of 6 tosses at most one is heads in 7 of 64, and both sides are 14.
    assert chance.rate_ratio(1, 5, 1, 1) == pytest.approx(14 / 64)
    # Many: 20,000 tosses, 10,200 heads; z = (200 - 0.5) / 70.7107 = 2.8214.
    many = chance.rate_ratio(10_200, 9_800, 1, 1)
    assert many == pytest.approx(math.erfc(2.8214 / math.sqrt(2)), rel=1e-3)
    assert math.isnan(chance.rate_ratio(0, 0, 1, 1))


def test_two_lots_are_compared_by_their_ranks():
    # 1 to 8 and 9 to 16: U = 0, mean 32, deviation sqrt(64 / 12 * 17) = 9.5219, z = 3.3082.
    apart = chance.mann_whitney(np.arange(1.0, 9.0), np.arange(9.0, 17.0))
    assert apart == pytest.approx(math.erfc(3.3082 / math.sqrt(2)), rel=1e-3)
    # Eight of 1 and eight of 2: ties of 8 and 8 make the deviation
    # sqrt(64 / 12 * (17 - 2 * (512 - 8) / (16 * 15))) = 8.2624, z = 31.5 / 8.2624 = 3.8124.
    tied = chance.mann_whitney(np.full(8, 1.0), np.full(8, 2.0))
    assert tied == pytest.approx(math.erfc(3.8124 / math.sqrt(2)), rel=1e-3)
    assert math.isnan(chance.mann_whitney(np.full(9, 1.0), np.full(9, 1.0)))
    assert math.isnan(chance.mann_whitney(np.arange(7.0), np.arange(100.0)))


def test_many_tests_are_corrected_by_holm():
    # Of three: 0.01 * 3, then 0.03 * 2, then 0.04, which is at least the one before.
    assert chance.holm([0.01, 0.04, 0.03, math.nan])[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(chance.holm([math.nan])[0])


def test_calls_that_a_queue_let_go_may_have_been_answered_elsewhere():
    """A queue_log does not tell, so the share of missed calls is unknown, as in `summary`."""
    let_go = week(3, 0).assign(disposition="NO ANSWER", source="queue_log")
    known = of(measures.compare(week(3, 1), week(3, 1)), "missed")
    unknown = of(measures.compare(pd.concat([week(3, 1), let_go]), week(3, 1)), "missed")
    assert known["now"] == 0.25
    assert math.isnan(unknown["now"]) and unknown["before"] == 0.25
    assert pd.isna(unknown["test"])
