"""Computes how many trunks and agents are needed: Erlang B and Erlang C."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import (
    Zone,
    aggregate_by_group,
    exact,
    one,
    quarters_of_week,
    read,
)
from ast_notebook.errors import ConfError

#: Erlangs; computing more would take minutes, and so many are a mistake.
MOST = 1_000_000

_COLUMNS = {"start": nw.Int64, "outcome": nw.String, "talk": nw.Float64}


def erlang_b(erlangs: float, trunks: int) -> float:
    """Return the share of calls that find all trunks busy, and are lost (ITU-T E.501, E.520).

    Parameters
    ----------
    erlangs : float
        The traffic offered.
    trunks : int
        The number of trunks.
    """
    _check(erlangs, trunks)
    blocked = 1.0
    for count in range(1, int(trunks) + 1):
        blocked = erlangs * blocked / (count + erlangs * blocked)
        if not blocked:  # too small for a float, and it only gets smaller
            break
    return blocked


def trunks_for(erlangs: float, blocking: float = 0.01) -> int:
    """Return how many trunks keep `erlang_b` at or below ``blocking``.

    Raises
    ------
    ConfError
        If no call may be blocked, which would need infinitely many trunks.
    """
    _check(erlangs)
    if not 0 < blocking <= 1:
        raise ConfError(
            "blocking has to be a share of the calls, above 0 and up to 1: write 0.01 for 1 %"
        )
    trunks, blocked = 0, 1.0
    while blocked > blocking:
        trunks += 1
        blocked = erlangs * blocked / (trunks + erlangs * blocked)
    return trunks


def erlang_c(erlangs: float, agents: int) -> float:
    """Return the share of calls that have to wait for an agent (Erlang's delay formula).

    The formula assumes that callers wait as long as necessary. It is 1 if there are too few agents.
    """
    _check(erlangs, agents)
    if agents <= erlangs:
        return 1.0 if erlangs else 0.0
    return _waiting(erlangs, agents, erlang_b(erlangs, agents))


def _waiting(erlangs: float, agents: int, blocked: float) -> float:
    """Return Erlang C, computed from Erlang B."""
    return agents * blocked / (agents - erlangs * (1 - blocked))


def service_level(erlangs: float, agents: int, aht: float, within: float = 20.0) -> float:
    """Return the share of calls that are answered within so many seconds, by Erlang C.

    Parameters
    ----------
    erlangs : float
        The traffic offered: calls per hour times ``aht``, divided by 3600.
    agents : int
        The number of agents who are available for calls.
    aht : float
        Average handling time of a call, in seconds.
    within : float
        Seconds.
    """
    if not 0 < aht < math.inf:
        raise ConfError(f"aht has to be the seconds that a call takes, above 0, not {aht!r}")
    _check_within(within)
    _check(erlangs, agents)
    if agents <= erlangs:
        return 0.0 if erlangs else 1.0
    return _level(erlangs, agents, erlang_b(erlangs, agents), within / aht)


def _level(erlangs: float, agents: int, blocked: float, within: float) -> float:
    """Return the service level, computed from Erlang B, within so many handling times."""
    return 1.0 - _waiting(erlangs, agents, blocked) * math.exp(-(agents - erlangs) * within)


def agents_for(
    calls: float,
    *,
    aht: float,
    per: float = 3600.0,
    target: float = 0.8,
    within: float = 20.0,
    occupancy: float | None = None,
    shrinkage: float = 0.0,
) -> int:
    """Return how many agents have to be on duty, by Erlang C.

    Parameters
    ----------
    calls : float
        Calls that come in ``per`` seconds.
    aht : float
        Average handling time of a call, in seconds.
    target, within : float
        The share of calls that should be answered within so many seconds.
    occupancy : float, optional
        The largest share of their time that agents may be busy: 0.85 leaves them 15 % of it.
    shrinkage : float
        The share of their time in which they are not available for calls.

    Raises
    ------
    ConfError
        If these numbers cannot be met, or are not valid numbers.

    Notes
    -----
    Numbers count exactly as they are written: with a shrinkage of 0.3, exactly seven of ten agents
    are there.
    """
    seconds, span = exact(aht, "aht"), exact(per, "per")
    away = exact(shrinkage, "shrinkage")
    if not 0 <= target < 1 or not 0 <= away < 1 or seconds <= 0 or span <= 0:
        raise ConfError("target and shrinkage must be below 1, aht and per must be seconds above 0")
    _check_within(within)
    traffic = exact(calls, "calls") * seconds / span
    if traffic < 0:
        raise ConfError(f"calls has to be a number from 0 on, not {calls!r}")
    # More than these do not fit into a float exactly, and an error shows them as a float.
    erlangs = float(min(traffic, Fraction(10) ** 300))
    _check(erlangs)
    if not traffic:
        return 0
    agents = math.floor(traffic) + 1
    if occupancy is not None:
        busy = exact(occupancy, "occupancy")
        if not 0 < busy <= 1:
            raise ConfError("occupancy has to be a share above 0 and up to 1: write 0.85 for 85 %")
        agents = max(agents, math.ceil(traffic / busy))
    blocked = erlang_b(erlangs, agents)
    while _level(erlangs, agents, blocked, within / float(seconds)) < target:
        agents += 1
        blocked = erlangs * blocked / (agents + erlangs * blocked)
    return math.ceil(agents / (1 - away))


def staffing(
    visits: Any,
    *,
    aht: float | None = None,
    tz: Zone = "UTC",
    target: float = 0.8,
    within: float = 20.0,
    occupancy: float | None = None,
    shrinkage: float = 0.0,
) -> pd.DataFrame:
    """Return how many agents each hour of the week needs, by the callers that came.

    Parameters
    ----------
    visits : frame
        A frame of queue calls of any engine, of one queue or of several with the same agents.
        Callers who came at an unknown time are in no hour.
    aht : float, optional
        Average handling time in seconds, including wrap-up; by default the mean talk, without
        wrap-up.
    tz : str or tzinfo
        The zone of the hours.
    target, within, occupancy, shrinkage
        As in `agents_for`.

    Returns
    -------
    pandas.DataFrame
        ``weekday`` (0 is Monday), ``hour``, ``calls`` (averaged over all such hours from the first
        call to the last, as in `heat_map`), ``erlangs``, ``agents``, and the ``service_level`` with
        so many agents.

    Raises
    ------
    ConfError
        If there was no talk from which to compute the handling time.
    """
    rows = read(visits, _COLUMNS, ("start",))
    found = aggregate_by_group(rows, ("weekday", "hour"), tz, {}, count="calls").dropna()
    names = ["weekday", "hour", "calls", "erlangs", "agents", "service_level"]
    if found.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in names})
    if aht is None:
        spoke = {
            "talk": nw.coalesce("talk", nw.lit(0.0)),
            "spoke": one(~nw.col("talk").is_null()),
        }
        talk, count = aggregate_by_group(rows, (), tz, spoke).iloc[0]
        if not talk:
            raise ConfError(
                "there was no talk, so give the handling time: aht=180 is three minutes"
            )
        aht = float(talk / count)
    table = found.astype({"weekday": "int64", "hour": "int64"})
    there = quarters_of_week(rows, tz)
    average: list[Any] = [
        Fraction(4 * int(calls), int(there[weekday, hour]))
        for weekday, hour, calls in table.itertuples(index=False)
    ]
    table["calls"] = [float(calls) for calls in average]
    table["erlangs"] = table["calls"] * aht / 3600
    given: dict[str, Any] = {"target": target, "within": within, "occupancy": occupancy}
    on_calls = [agents_for(calls, aht=aht, **given) for calls in average]
    table["agents"] = [
        agents_for(calls, aht=aht, shrinkage=shrinkage, **given) for calls in average
    ]
    table["service_level"] = [
        service_level(load, agents, aht, within)
        for load, agents in zip(table["erlangs"], on_calls, strict=True)
    ]
    return table[names]


def _check(erlangs: float, count: int = 0) -> None:
    if not 0 <= erlangs < math.inf:
        raise ConfError(f"traffic has to be a number of erlangs from 0 on, not {erlangs!r}")
    if erlangs > MOST:
        raise ConfError(
            f"{erlangs:g} erlangs are more than anybody carries: erlangs are the calls in an hour "
            "times the seconds of each, divided by 3600"
        )
    if not 0 <= count < math.inf or count != int(count):
        raise ConfError(f"trunks and agents have to be whole numbers from 0 on, not {count!r}")


def _check_within(within: float) -> None:
    if not 0 <= within < math.inf:
        raise ConfError(f"within has to be a number of seconds from 0 on, not {within!r}")
