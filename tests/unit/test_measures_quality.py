"""How calls sounded: shares, means and extremes by hand, by device, trunk and hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from ast_notebook import AstError
from ast_notebook.calls import measures
from tests.support.measured import some_calls

NAN = float("nan")
CALLS = some_calls([(3600 * n, 3600 * n + 60, None, None, "ANSWERED", "0301") for n in range(5)])
CALLS = CALLS.assign(
    mos=[4.4, 3.0, NAN, 3.6, 2.0],
    loss=[0.0, 3.0, NAN, 1.0, 8.0],
    jitter=[2.0, 10.0, NAN, 6.0, 30.0],
    rtt=[10.0, NAN, NAN, 30.0, 200.0],
    trunk=pd.Series(["SIP/a", "SIP/a", "SIP/a", "SIP/b", "SIP/b"], dtype="str"),
    caller_device=pd.Series(["SIP/a", "SIP/a", "SIP/a", "SIP/b", "SIP/b"], dtype="str"),
    answered_device=pd.Series(["SIP/200", "SIP/200", None, "SIP/240", "SIP/240"], dtype="str"),
)
ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda calls: calls,
    "polars": pl.from_pandas,
    "duckdb": lambda calls: duckdb.from_arrow(pl.from_pandas(calls).to_arrow()),
}


@pytest.mark.parametrize("way", ENGINES)
def test_bad_calls_are_a_share_of_those_with_a_score(way: str):
    found: Any = measures.quality(ENGINES[way](CALLS)).squeeze()
    assert (found["calls"], found["rated"], found["bad"]) == (5, 4, 2), "3.6 is not below 3.6"
    assert found["bad_share"] == 0.5
    assert (found["mos"], found["mos_min"]) == (pytest.approx(3.25), 2.0)
    assert (found["loss"], found["loss_max"]) == (3.0, 8.0)
    assert (found["jitter"], found["jitter_max"]) == (12.0, 30.0)
    assert (found["rtt"], found["rtt_max"]) == (80.0, 200.0)


@pytest.mark.parametrize("way", ENGINES)
def test_a_call_counts_for_each_of_its_telephones(way: str):
    found = measures.quality(ENGINES[way](CALLS), by=("device",)).set_index("device")
    assert found["calls"].to_dict() == {"SIP/200": 2, "SIP/240": 2, "SIP/a": 3, "SIP/b": 2}
    assert found["bad"].to_dict() == {"SIP/200": 1, "SIP/240": 1, "SIP/a": 1, "SIP/b": 1}
    assert found.loc["SIP/b", "mos"] == pytest.approx(2.8)


def test_trunks_and_hours_are_told_apart():
    by_trunk = measures.quality(CALLS, by=("trunk",)).set_index("trunk")
    assert by_trunk["rated"].to_dict() == {"SIP/a": 2, "SIP/b": 2}
    by_hour = measures.quality(CALLS, by=("hour",), tz="Europe/Berlin").set_index("hour")
    assert by_hour.index.tolist() == [10, 11, 12, 13, 14]
    assert by_hour["bad_share"].isna().tolist() == [False, False, True, False, False]


def test_another_score_may_be_what_is_bad():
    assert measures.quality(CALLS, bad=4.0)["bad"].item() == 3


def test_calls_of_a_source_without_scores_have_none():
    found: Any = measures.quality(CALLS.drop(columns=["mos", "loss", "jitter", "rtt"])).squeeze()
    assert (found["calls"], found["rated"], found["bad"]) == (5, 0, 0)
    assert found[["bad_share", "mos", "mos_min", "loss", "rtt_max"]].isna().all()
    none: Any = measures.quality(CALLS.head(0)).squeeze()
    assert none["calls"] == 0 and pd.isna(none["mos"])


def test_what_is_asked_wrongly_is_told():
    with pytest.raises(AstError, match="from 1 to 5"):
        measures.quality(CALLS, bad=70)
    with pytest.raises(AstError, match="there is no column"):
        measures.quality(CALLS, by=("nobody",))
