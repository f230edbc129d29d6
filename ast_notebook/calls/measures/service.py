"""Measures of queues: service level, waits, and how many callers gave up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.calls.measures.grouping import (
    Rows,
    Zone,
    aggregate_by_group,
    exact,
    not_over,
    one,
    ratio,
    read,
    whole,
)
from ast_notebook.calls.queues import OUTCOMES
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

#: The column of each outcome.
COUNTS = {name: name.lower().replace(" ", "_") for name in OUTCOMES}
#: Waits are counted in tenths of a second.
RESOLUTION = 0.1

_COLUMNS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "outcome": nw.String,
    "wait": nw.Float64,
    "gap": nw.Boolean,
    "source": nw.String,
}
_WAITED = ("ANSWERED", "ABANDONED")
#: The word for an unknown outcome.
UNKNOWN = "UNKNOWN"


def _read(queue_calls: Any) -> Rows:
    """Return the queue calls that are over or may be; a missing or strange outcome is UNKNOWN."""
    rows = read(queue_calls, _COLUMNS, ("start", "end"))
    outcome = nw.coalesce("outcome", nw.lit(""))
    known = nw.when(outcome.is_in(list(COUNTS))).then(outcome).otherwise(nw.lit(UNKNOWN))
    return rows.filter(~not_over(nw.col("outcome").is_null())).with_columns(known.alias("outcome"))


def service(
    visits: Any,
    *,
    within: float = 20.0,
    short: float = 5.0,
    by: Sequence[str] = ("queue",),
    tz: Zone = "UTC",
) -> pd.DataFrame:
    """Return how well queues served their callers.

    There is not only one service level: which calls count is a matter of contract, so the variants
    of COPC and of the usual queue reports are all returned. On these, the abandon rate and the
    average speed of answer, see Gans, Koole and Mandelbaum, "Telephone Call Centers: Tutorial,
    Review, and Research Prospects" (2003).

    Parameters
    ----------
    visits : frame
        A frame of queue calls of any engine. Callers who still wait do not count.
    within : float
        Seconds within which a call should be answered.
    short : float
        A caller who gives up within so many seconds does not count, since he misdialled.
    by : sequence of str
        As in `summary`; ``()`` gives one row.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        ``offered``, and the counts of which it is the sum: ``answered abandoned timeout key
        join_empty leave_empty full transferred`` and ``unknown``. An ``unknown`` caller has left
        the line, or may have, and his outcome is unknown. Any number of the ``unknown`` callers may
        have been answered, so the levels and the rate below are missing if there are any.

        wait_unknown
            How many of the offered callers have an unknown wait. They do not count in what depends
            on waits: ``within``, ``short``, the levels and all seconds.
        within, short
            How many were answered within that time, and how many gave up within the short time.
        service_level
            The share of the offered callers that was answered within the time.
        service_level_answered
            The share of the answered callers that was answered within the time.
        service_level_short
            The share that was answered within the time, of the offered callers without those who
            gave up within the short time.
        service_level_abandons
            The share of the offered callers that was answered or gave up within the time.
        abandon_rate
            The share of the offered callers that gave up.
        asa
            Average speed of answer: mean wait of the answered callers, in seconds.
        wait_mean, wait_max
            Seconds that callers waited, whatever the outcome.
        p50, p80, p90, p95
            Percentiles of the wait, in seconds (to a tenth).
    """
    rows = _read(visits)
    outcome, timed = nw.col("outcome"), ~nw.col("wait").is_null()
    wait = nw.coalesce("wait", nw.lit(0.0))
    answered, gave_up = outcome == "ANSWERED", outcome == "ABANDONED"
    waited = _micro(wait)  # an engine's seconds may differ in their last digits
    sums = {column: one(outcome == name) for name, column in COUNTS.items()}
    sums |= {
        "within": one(timed & answered & (waited <= _micro_of(within, "within"))),
        "short": one(timed & gave_up & (waited <= _micro_of(short, "short"))),
        "gave_up_within": one(timed & gave_up & (waited <= _micro_of(within, "within"))),
        "unknown": one(outcome == UNKNOWN),
        "wait_unknown": one(~timed),
        "wait_count": one(timed),
        "asa_count": one(timed & answered),
        "wait_sum": wait,
        "asa_sum": nw.when(answered).then(wait).otherwise(nw.lit(0.0)),
    }
    found = aggregate_by_group(rows, by, tz, sums, {"wait_max": wait})
    counts = [*COUNTS.values(), "unknown"]
    found = whole(found, [*counts, "wait_unknown", "within", "short", "gave_up_within"])
    found["offered"] = found[counts].sum(axis=1)
    of_waits = found["wait_count"]
    found["service_level"] = ratio(found["within"], of_waits)
    found["service_level_answered"] = ratio(found["within"], found["asa_count"])
    found["service_level_short"] = ratio(found["within"], of_waits - found["short"])
    found["service_level_abandons"] = ratio(found["within"] + found["gave_up_within"], of_waits)
    found["abandon_rate"] = ratio(found["abandoned"], found["offered"])
    levels = [name for name in map(str, found.columns) if name.startswith("service_level")]
    rates = [*levels, "abandon_rate"]
    found[rates] = found[rates].where(found["unknown"] == 0)
    found["asa"] = ratio(found["asa_sum"], found["asa_count"])
    found["wait_mean"] = ratio(found["wait_sum"], of_waits)
    found["wait_max"] = found["wait_max"].astype(float).where(of_waits > 0)
    tails = percentiles(visits, (50, 80, 90, 95), by=by, tz=tz)
    found = found.merge(tails, on=list(by), how="left") if by else found.join(tails)
    names = [*by, "offered", *counts, "wait_unknown", "within", "short", *rates, "asa"]
    return found[[*names, "wait_mean", "wait_max", "p50", "p80", "p90", "p95"]]


def waits(visits: Any, *, step: float = 5.0, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count how long callers waited, in steps.

    Parameters
    ----------
    visits : frame
        A frame of queue calls of any engine. Callers whose wait is unknown are left out; `service`
        counts them (``wait_unknown``).
    step : float
        The width of a step, in seconds.
    by : sequence of str
        Columns to group by.

    Returns
    -------
    pandas.DataFrame
        ``wait`` (where the step begins, in seconds), and how many were ``answered``, ``abandoned``,
        had an ``other`` outcome, or an ``unknown`` one. Steps without callers have no row;
        ``attrs["step"]`` is the width of a step.
    """
    outcome = nw.col("outcome")
    rows = _steps(_read(visits), step)
    sums = {
        "answered": one(outcome == "ANSWERED"),
        "abandoned": one(outcome == "ABANDONED"),
        "other": one(~outcome.is_in([*_WAITED, UNKNOWN])),
        "unknown": one(outcome == UNKNOWN),
    }
    found = whole(aggregate_by_group(rows, (*by, "step"), "UTC", sums), (*sums, "step"))
    found.insert(len(by), "wait", found.pop("step") * _micro_of(step, "step") / SECOND)
    found.attrs["step"] = float(step)
    return found


def percentiles(
    visits: Any,
    q: Sequence[float] = (50, 80, 90, 95, 99),
    *,
    by: Sequence[str] = (),
    outcome: str | None = None,
    tz: Zone = "UTC",
) -> pd.DataFrame:
    """Return percentiles of the wait.

    They are the nearest ranks of the waits in whole tenths of a second, so that they can be counted
    on any engine.

    Parameters
    ----------
    visits : frame
        A frame of queue calls of any engine; callers whose wait is unknown are left out.
    q : sequence of float
        Percentages.
    by : sequence of str
        As in `summary`.
    outcome : str, optional
        Only queue calls with this outcome, such as ``ANSWERED``.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        A column for each percentage, such as ``p95``, in seconds.

    Raises
    ------
    ConfError
        If a percentage is not a number from 0 to 100.
    """
    parts = [exact(one_of, "a percentage") / 100 for one_of in q]
    if any(not 0 <= part <= 1 for part in parts):
        raise ConfError(f"percentages have to be numbers from 0 to 100, not {list(q)!r}")
    rows = _read(visits)
    if outcome is not None:
        rows = rows.filter(nw.col("outcome") == outcome)
    counted = aggregate_by_group(_steps(rows, RESOLUTION), (*by, "step"), tz, {}, count="count")
    names = [f"p{one_of:g}" for one_of in q]
    if not by:
        return pd.DataFrame([_ranks(counted, parts)], columns=names)
    groups = counted.groupby(list(by), dropna=False, sort=True)
    found = [(*key, *_ranks(group, parts)) for key, group in groups]
    return pd.DataFrame(found, columns=[*by, *names])


def _steps(rows: Rows, step: float) -> Rows:
    """Give each known wait the number of its step; a wait on an edge belongs to the later step."""
    width = _micro_of(step, "step")
    if width <= 0:
        raise ConfError(f"step has to be a number of seconds above 0, not {step!r}")
    rows = rows.filter(~nw.col("wait").is_null())
    return rows.with_columns((_micro(nw.col("wait")) // width).alias("step"))


def _micro(seconds: nw.Expr) -> nw.Expr:
    return (seconds * SECOND).round().cast(nw.Int64)


def _micro_of(seconds: float, name: str) -> int:
    """Return whole microseconds; infinite seconds become the largest number."""
    if seconds == math.inf:
        return 2**62
    return round(exact(seconds, name) * SECOND)


def _ranks(counted: pd.DataFrame, parts: Sequence[Fraction]) -> list[float]:
    if counted.empty:
        return [float("nan")] * len(parts)
    ordered = counted.sort_values("step")
    reached = ordered["count"].cumsum().to_numpy()
    ranks = [max(1, math.ceil(part * int(reached[-1]))) for part in parts]
    steps = ordered["step"].to_numpy()[np.searchsorted(reached, ranks)]
    return [float(one_of) for one_of in np.round(steps * RESOLUTION, 1)]
