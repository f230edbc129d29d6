"""How callers fared in queues: service level, waits, and how many gave up."""

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
    exact,
    gather,
    one,
    ratio,
    read,
    whole,
)
from ast_notebook.calls.queues import OUTCOMES
from ast_notebook.calls.source import MICROSECOND
from ast_notebook.errors import ConfError

#: The column of each outcome.
COUNTS = {name: name.lower().replace(" ", "_") for name in OUTCOMES}
#: Waits are told apart to a tenth of a second.
RESOLUTION = 0.1

_COLUMNS = {"start": nw.Int64, "outcome": nw.String, "wait": nw.Float64}
_WAITED = ("ANSWERED", "ABANDONED")


def _read(visits: Any) -> Rows:
    """Take visits that are over: of who still waits nobody knows what it comes to."""
    return read(visits, _COLUMNS, ("start",)).filter(~nw.col("outcome").is_null())


def service(
    visits: Any,
    *,
    within: float = 20.0,
    short: float = 5.0,
    by: Sequence[str] = ("queue",),
    tz: Zone = "UTC",
) -> pd.DataFrame:
    """Tell how queues served their callers.

    There is no one service level: which calls are counted is a matter of contract (the variants
    are those that COPC and the usual queue reports have), so each is given.

    Parameters
    ----------
    visits : frame
        A visits frame of any engine; who still waits is not counted. Whose wait is not known is
        offered, but no part of what goes by waits.
    within : float
        Seconds within which a call should be answered.
    short : float
        Seconds within which one who gives up does not count: he misdialled.
    by : sequence of str
        As in `summary`; ``()`` gives one row.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        ``offered`` and what it is the sum of: ``answered abandoned timeout key join_empty
        leave_empty full transferred``.

        within, short
            How many were answered within that time, and gave up within the short time.
        service_level
            Answered within the time, of those offered.
        service_level_answered
            … of those answered.
        service_level_short
            … of those offered, without who gave up within the short time.
        service_level_abandons
            Answered or given up within the time, of those offered.
        abandon_rate
            Given up, of those offered.
        asa
            Average speed of answer: mean seconds that those who were answered had waited.
        wait_mean, wait_max
            Seconds that callers waited, whatever came of it.
        p50, p80, p90, p95
            Seconds that so many in a hundred did not wait longer than (a tenth of a second).
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
        "wait_count": one(timed),
        "asa_count": one(timed & answered),
        "wait_sum": wait,
        "asa_sum": nw.when(answered).then(wait).otherwise(nw.lit(0.0)),
    }
    found = gather(rows, by, tz, sums, {"wait_max": wait})
    found = whole(found, [*COUNTS.values(), "within", "short", "gave_up_within"])
    found["offered"] = found[list(COUNTS.values())].sum(axis=1)
    offered = found["offered"]
    of_waits = found["wait_count"]
    found["service_level"] = ratio(found["within"], of_waits)
    found["service_level_answered"] = ratio(found["within"], found["asa_count"])
    found["service_level_short"] = ratio(found["within"], of_waits - found["short"])
    found["service_level_abandons"] = ratio(found["within"] + found["gave_up_within"], of_waits)
    found["abandon_rate"] = ratio(found["abandoned"], offered)
    found["asa"] = ratio(found["asa_sum"], found["asa_count"])
    found["wait_mean"] = ratio(found["wait_sum"], of_waits)
    found["wait_max"] = found["wait_max"].astype(float).where(of_waits > 0)
    tails = percentiles(visits, (50, 80, 90, 95), by=by, tz=tz)
    found = found.merge(tails, on=list(by), how="left") if by else found.join(tails)
    levels = [name for name in found if str(name).startswith("service_level")]
    names = [*by, "offered", *COUNTS.values(), "within", "short", *levels, "abandon_rate", "asa"]
    return found[[*names, "wait_mean", "wait_max", "p50", "p80", "p90", "p95"]]


def waits(visits: Any, *, step: float = 5.0, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count how long callers waited, in steps.

    Parameters
    ----------
    visits : frame
        A visits frame of any engine.
    step : float
        The width of a step, in seconds.
    by : sequence of str
        Columns to group by.

    Returns
    -------
    pandas.DataFrame
        ``wait`` (where the step begins, in seconds), and how many were ``answered``, ``abandoned``
        and came to something ``other``.
    """
    outcome = nw.col("outcome")
    rows = _steps(_read(visits), step)
    sums = {
        "answered": one(outcome == "ANSWERED"),
        "abandoned": one(outcome == "ABANDONED"),
        "other": one(~outcome.is_in(_WAITED)),
    }
    found = whole(gather(rows, (*by, "step"), "UTC", sums), (*sums, "step"))
    found.insert(len(by), "wait", found.pop("step") * _micro_of(step, "step") / MICROSECOND)
    return found


def percentiles(
    visits: Any,
    q: Sequence[float] = (50, 80, 90, 95, 99),
    *,
    by: Sequence[str] = (),
    outcome: str | None = None,
    tz: Zone = "UTC",
) -> pd.DataFrame:
    """Return how long so many in a hundred did not wait longer than.

    They are the nearest ranks of the waits in whole tenths of a second, so that they can be counted
    on any engine.

    Parameters
    ----------
    visits : frame
        A visits frame of any engine.
    q : sequence of float
        Percentages.
    by : sequence of str
        As in `summary`.
    outcome : str, optional
        Only visits that came to this, such as ``ANSWERED``.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        A column a percentage, such as ``p95``, in seconds.

    Raises
    ------
    ConfError
        If a percentage is none.
    """
    parts = [exact(one_of, "a percentage") / 100 for one_of in q]
    if any(not 0 <= part <= 1 for part in parts):
        raise ConfError(f"percentages are numbers from 0 to 100, not {list(q)!r}")
    rows = _read(visits)
    if outcome is not None:
        rows = rows.filter(nw.col("outcome") == outcome)
    counted = gather(_steps(rows, RESOLUTION), (*by, "step"), tz, {}, count="count")
    names = [f"p{one_of:g}" for one_of in q]
    if not by:
        return pd.DataFrame([_ranks(counted, parts)], columns=names)
    groups = counted.groupby(list(by), dropna=False, sort=True)
    found = [(*key, *_ranks(group, parts)) for key, group in groups]
    return pd.DataFrame(found, columns=[*by, *names])


def _steps(rows: Rows, step: float) -> Rows:
    """Give each known wait the number of its step; one on the edge is of the step it begins."""
    width = _micro_of(step, "step")
    if width <= 0:
        raise ConfError(f"step is a number of seconds above 0, not {step!r}")
    rows = rows.filter(~nw.col("wait").is_null())
    return rows.with_columns((_micro(nw.col("wait")) // width).alias("step"))


def _micro(seconds: nw.Expr) -> nw.Expr:
    return (seconds * MICROSECOND).round().cast(nw.Int64)


def _micro_of(seconds: float, name: str) -> int:
    """Return whole microseconds; as many as there can be, for seconds without end."""
    if seconds == math.inf:
        return 2**62
    return round(exact(seconds, name) * MICROSECOND)


def _ranks(counted: pd.DataFrame, parts: Sequence[Fraction]) -> list[float]:
    if counted.empty:
        return [float("nan")] * len(parts)
    ordered = counted.sort_values("step")
    reached = ordered["count"].cumsum().to_numpy()
    ranks = [max(1, math.ceil(part * int(reached[-1]))) for part in parts]
    steps = ordered["step"].to_numpy()[np.searchsorted(reached, ranks)]
    return [float(one_of) for one_of in np.round(steps * RESOLUTION, 1)]
