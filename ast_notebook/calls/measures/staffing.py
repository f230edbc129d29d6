"""How many trunks and agents it takes: Erlang B and Erlang C."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import Zone, gather, one, read
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
    return blocked


def trunks_for(erlangs: float, blocking: float = 0.01) -> int:
    """Return how many trunks keep `erlang_b` at or below ``blocking``.

    Raises
    ------
    ConfError
        If nothing may ever be blocked: that takes trunks without end.
    """
    _check(erlangs)
    if erlangs > MOST:
        raise ConfError(
            f"{erlangs:g} erlangs are more than anybody carries: give calls an hour "
            "times their seconds by 3600"
        )
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
    blocked = erlang_b(erlangs, agents)
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
    _check(erlangs, agents)
    if agents <= erlangs:
        return 0.0 if erlangs else 1.0
    return 1.0 - erlang_c(erlangs, agents) * math.exp(-(agents - erlangs) * within / aht)


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
    """
    if not 0 <= target < 1 or not 0 <= shrinkage < 1 or aht <= 0 or per <= 0:
        raise ConfError("target and shrinkage are parts below 1, aht and per seconds above 0")
    if occupancy is not None and not 0 < occupancy <= 1:
        raise ConfError("occupancy is a part, above 0 and up to 1")
    erlangs = calls * aht / per
    _check(erlangs)
    if not erlangs:
        return 0
    agents = math.floor(erlangs) + 1
    if occupancy is not None:
        agents = max(agents, math.ceil(erlangs / occupancy))
    while service_level(erlangs, agents, aht, within) < target:
        agents += 1
    return math.ceil(agents / (1 - shrinkage))


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
    table["calls"] = table["calls"] / table["weekday"].map(days)
    table["erlangs"] = table["calls"] * aht / 3600
    on_calls = [
        agents_for(calls, aht=aht, target=target, within=within, occupancy=occupancy)
        for calls in table["calls"]
    ]
    table["agents"] = [math.ceil(agents / (1 - shrinkage)) for agents in on_calls]
    table["service_level"] = [
        service_level(load, agents, aht, within)
        for load, agents in zip(table["erlangs"], on_calls, strict=True)
    ]
    return table[names]


def _check(erlangs: float, count: int = 0) -> None:
    if not 0 <= erlangs < math.inf:
        raise ConfError(f"traffic is a number of erlangs from 0 on, not {erlangs!r}")
    if count < 0 or count != int(count):
        raise ConfError(f"trunks and agents are whole numbers from 0 on, not {count!r}")
