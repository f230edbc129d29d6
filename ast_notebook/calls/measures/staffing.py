"""How many trunks and agents it takes: Erlang B and Erlang C."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import Zone, exact, gather, one, read
from ast_notebook.errors import ConfError

#: Erlangs; more would be reckoned for minutes, and are a mistake.
MOST = 1_000_000

_COLUMNS = {"start": nw.Int64, "outcome": nw.String, "talk": nw.Float64}


def erlang_b(erlangs: float, trunks: int) -> float:
    """Return the part of calls that finds all trunks busy, and goes away (ITU-T E.501, E.520).

    Parameters
    ----------
    erlangs : float
        The traffic offered.
    trunks : int
        How many there are.
    """
    _check(erlangs, trunks)
    blocked = 1.0
    for count in range(1, int(trunks) + 1):
        blocked = erlangs * blocked / (count + erlangs * blocked)
        if not blocked:  # less than a float can tell, and ever less from here on
            break
    return blocked


def trunks_for(erlangs: float, blocking: float = 0.01) -> int:
    """Return how many trunks keep `erlang_b` at or below ``blocking``.

    Raises
    ------
    ConfError
        If nothing may ever be blocked: that takes trunks without end.
    """
    _check(erlangs)
    if not 0 < blocking <= 1:
        raise ConfError("blocking is a part of the calls, above 0 and up to 1: 0.01 is 1 %")
    trunks, blocked = 0, 1.0
    while blocked > blocking:
        trunks += 1
        blocked = erlangs * blocked / (trunks + erlangs * blocked)
    return trunks


def erlang_c(erlangs: float, agents: int) -> float:
    """Return the part of calls that has to wait for an agent (Erlang's delay formula).

    Callers are taken to wait as long as it takes. 1 if there are not agents enough to keep up.
    """
    _check(erlangs, agents)
    if agents <= erlangs:
        return 1.0 if erlangs else 0.0
    return _waiting(erlangs, agents, erlang_b(erlangs, agents))


def _waiting(erlangs: float, agents: int, blocked: float) -> float:
    """Return Erlang C by Erlang B."""
    return agents * blocked / (agents - erlangs * (1 - blocked))


def service_level(erlangs: float, agents: int, aht: float, within: float = 20.0) -> float:
    """Return the part of calls that is answered within so many seconds, by Erlang C.

    Parameters
    ----------
    erlangs : float
        The traffic offered: calls an hour times ``aht``, by 3600.
    agents : int
        How many there are for calls.
    aht : float
        Average handling time of a call, in seconds.
    within : float
        Seconds.
    """
    if not 0 < aht < math.inf:
        raise ConfError(f"aht is the seconds that a call takes, above 0, not {aht!r}")
    _check_within(within)
    _check(erlangs, agents)
    if agents <= erlangs:
        return 0.0 if erlangs else 1.0
    return _level(erlangs, agents, erlang_b(erlangs, agents), within / aht)


def _level(erlangs: float, agents: int, blocked: float, within: float) -> float:
    """Return the service level by Erlang B, within so many handling times."""
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
        The part of calls that is to be answered within so many seconds.
    occupancy : float, optional
        The most that agents may be busy: 0.85 leaves them 15 % of their time.
    shrinkage : float
        The part of their time in which they are not there for calls.

    Raises
    ------
    ConfError
        If these numbers cannot be met, or are none.

    Notes
    -----
    Numbers are taken as they are written: with a shrinkage of 0.3 exactly seven of ten are there.
    """
    seconds, span = exact(aht, "aht"), exact(per, "per")
    away = exact(shrinkage, "shrinkage")
    if not 0 <= target < 1 or not 0 <= away < 1 or seconds <= 0 or span <= 0:
        raise ConfError("target and shrinkage are parts below 1, aht and per seconds above 0")
    _check_within(within)
    traffic = exact(calls, "calls") * seconds / span
    if traffic < 0:
        raise ConfError(f"calls is a number from 0 on, not {calls!r}")
    # A float has no room for more than these, and an error shows them as one.
    erlangs = float(min(traffic, Fraction(10) ** 300))
    _check(erlangs)
    if not traffic:
        return 0
    agents = math.floor(traffic) + 1
    if occupancy is not None:
        busy = exact(occupancy, "occupancy")
        if not 0 < busy <= 1:
            raise ConfError("occupancy is a part, above 0 and up to 1")
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
    """Return how many agents each hour of the week takes, going by the callers that came.

    Parameters
    ----------
    visits : frame
        A visits frame of any engine, of one queue or of several with the same agents.
    aht : float, optional
        Average handling time in seconds, wrap-up included; by default the mean talk, and there is
        no wrap-up in that.
    tz : str or tzinfo
        The zone of the hours.
    target, within, occupancy, shrinkage
        As in `agents_for`.

    Returns
    -------
    pandas.DataFrame
        ``weekday`` (0 is Monday), ``hour``, ``calls`` (on an average such day between the first and
        the last one), ``erlangs``, ``agents``, and the ``service_level`` that so many give.

    Raises
    ------
    ConfError
        If there was no talk to know the handling time by.
    """
    rows = read(visits, _COLUMNS, ("start",))
    found = gather(rows, ("day", "weekday", "hour"), tz, {}, count="calls")
    names = ["weekday", "hour", "calls", "erlangs", "agents", "service_level"]
    if found.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in names})
    if aht is None:
        spoke = {
            "talk": nw.coalesce("talk", nw.lit(0.0)),
            "spoke": one(~nw.col("talk").is_null()),
        }
        talk, count = gather(rows, (), tz, spoke).iloc[0]
        if not talk:
            raise ConfError("nobody talked, so give the handling time: aht=180 is three minutes")
        aht = float(talk / count)
    days = pd.Series(
        pd.date_range(found["day"].min(), found["day"].max()).day_of_week
    ).value_counts()
    table = found.groupby(["weekday", "hour"])[["calls"]].sum().reset_index()
    counts = zip(table["calls"], table["weekday"].map(days), strict=True)
    average: list[Any] = [Fraction(int(calls), int(count)) for calls, count in counts]
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
        raise ConfError(f"traffic is a number of erlangs from 0 on, not {erlangs!r}")
    if erlangs > MOST:
        raise ConfError(
            f"{erlangs:g} erlangs are more than anybody carries: give calls an hour "
            "times their seconds by 3600"
        )
    if not 0 <= count < math.inf or count != int(count):
        raise ConfError(f"trunks and agents are whole numbers from 0 on, not {count!r}")


def _check_within(within: float) -> None:
    if not 0 <= within < math.inf:
        raise ConfError(f"within is a number of seconds from 0 on, not {within!r}")
