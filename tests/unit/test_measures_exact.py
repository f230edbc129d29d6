"""Measures at their edges: what divides without a rest has none, and odd numbers are refused."""

import math
import time
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from ast_notebook.calls import measures
from ast_notebook.errors import ConfError

SHRINKAGES = ("0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.7", "0.9")


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, Fraction, str])
def test_who_is_away_is_counted_as_it_is_written(kind):
    for calls in range(1, 400, 7):
        at_work = measures.agents_for(calls, aht=180)
        for shrinkage in SHRINKAGES:
            exactly = math.ceil(at_work / (1 - Fraction(shrinkage)))
            found = measures.agents_for(calls, aht=180, shrinkage=kind(shrinkage))
            assert found == exactly, (calls, shrinkage)


@pytest.mark.parametrize("occupancy", ["0.1", "0.3", "0.6", "0.7", "0.9"])
def test_so_is_how_busy_they_may_be(occupancy):
    for calls in range(1, 300):
        erlangs = Fraction(calls) * 36 / 3600
        by_occupancy = math.ceil(erlangs / Fraction(occupancy))
        by_service = measures.agents_for(calls, aht=36)
        found = measures.agents_for(calls, aht=36, occupancy=float(occupancy))
        assert found == max(by_occupancy, by_service), calls


def test_agents_of_an_average_day_are_those_of_the_exact_average():
    # 10 calls on 3 Mondays, 1,080 s each: exactly 1 erlang, for which two at half their time do.
    start = pd.Timestamp("2026-01-05 10:00", tz="UTC")
    starts = [start + pd.Timedelta(days=7 * (number % 3)) for number in range(10)]
    visits = pd.DataFrame(
        {"queue": "q", "start": starts, "outcome": "ANSWERED", "wait": 1.0, "talk": 1080.0}
    )
    (row,) = measures.staffing(visits, target=0, within=3600, occupancy=0.5).itertuples()
    assert row.agents == 2
    (row,) = measures.staffing(visits, target=0, occupancy=0.5, shrinkage=0.6).itertuples()
    assert row.agents == 5


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1, 2.5, 1e400])
def test_a_number_of_trunks_that_is_none_is_refused_in_one_line(odd):
    with pytest.raises(ConfError, match="whole numbers"):
        measures.erlang_b(5, odd)
    with pytest.raises(ConfError, match="whole numbers"):
        measures.erlang_c(5, odd)


@pytest.mark.parametrize(
    "given",
    [
        {"calls": 1e9},
        {"calls": 1e300, "aht": 1e300},
        {"calls": math.nan},
        {"calls": math.inf},
        {"calls": -1},
        {"calls": None},
        {"calls": "many"},
        {"aht": math.nan},
        {"aht": 0},
        {"per": 0},
        {"within": math.nan},
        {"within": -5},
        {"target": 1},
        {"target": math.nan},
        {"shrinkage": 1},
        {"shrinkage": math.nan},
        {"occupancy": 0},
        {"occupancy": math.inf},
    ],
    ids=repr,
)
def test_what_cannot_be_staffed_is_refused_in_one_line(given):
    with pytest.raises(ConfError) as caught:
        measures.agents_for(**({"calls": 100, "aht": 180} | given))
    assert "\n" not in str(caught.value)


def test_large_numbers_do_not_take_long():
    began = time.monotonic()
    assert measures.erlang_b(5, 10**9) == 0
    assert measures.agents_for(10_000_000, aht=360, target=0.99) > 1_000_000
    assert measures.agents_for(1, aht=1, occupancy=1e-12) >= 277_777_777
    with pytest.raises(ConfError, match="more than anybody"):
        measures.erlang_b(1e9, 10**9)
    assert time.monotonic() - began < 30


def waited(*seconds):
    return pd.DataFrame(
        {
            "queue": "q",
            "start": pd.Timestamp("2026-01-05", tz="UTC"),
            "outcome": "ANSWERED",
            "wait": [float(one) for one in seconds],
        }
    )


@pytest.mark.parametrize("q", [7, 14, 28, 29, 55, 56, 57, 58, 7.0, 0.7])
def test_a_percentile_is_the_nearest_rank_and_not_the_one_behind(q):
    count = 1000
    (found,) = measures.percentiles(waited(*range(1, count + 1)), (q,)).iloc[0]
    assert found == math.ceil(Fraction(str(q)) * count / 100)


@pytest.mark.parametrize("q", [-1, 101, math.nan, "x"])
def test_a_percentage_that_is_none_is_refused(q):
    with pytest.raises(ConfError, match="percentage"):
        measures.percentiles(waited(1), (q,))


@pytest.mark.parametrize("within", [0.3, 20.1, 20])
def test_who_waited_just_so_long_was_answered_within_it(within):
    # As an engine may have it that multiplies microseconds by a millionth.
    near = [within, np.nextafter(within, 0), np.nextafter(within, 100), within + 0.001]
    assert measures.service(waited(*near), within=within)["within"].tolist() == [3]
    assert measures.service(waited(*near), within=math.inf)["within"].tolist() == [4]


def test_steps_of_waits_begin_where_they_are_said_to():
    found = measures.waits(waited(*[tenth / 10 for tenth in range(10)]), step=0.1)
    assert found["wait"].tolist() == [tenth / 10 for tenth in range(10)]
    assert found["answered"].tolist() == [1] * 10
    for step in (0, -1, math.nan):
        with pytest.raises(ConfError, match="step"):
            measures.waits(waited(1), step=step)
