"""Measures of agents: calls, handling time, pauses, occupancy."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import Rows, aggregate_by_group, one, ratio, read
from ast_notebook.units import SECOND

_QUEUE_CALLS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "agent": nw.String,
    "talk": nw.Float64,
    "ring": nw.Float64,
    "source": nw.String,
}
_SESSIONS = {
    "agent": nw.String,
    "queue": nw.String,
    "login": nw.Int64,
    "logout": nw.Int64,
    "gap": nw.Boolean,
}
_PAUSES = {
    "agent": nw.String,
    "queue": nw.String,
    "start": nw.Int64,
    "end": nw.Int64,
    "reason": nw.String,
    "seconds": nw.Float64,
}


def agents(
    visits: Any, *, sessions: Any = None, pauses: Any = None, wrapup: float = 10.0
) -> pd.DataFrame:
    """Return a row for each agent.

    Parameters
    ----------
    visits : frame
        A frame of queue calls of any engine.
    sessions, pauses : frame, optional
        Frames from `agent_sessions` and `agent_pauses`.
    wrapup : float
        A pause that begins within so many seconds after a talk counts as wrap-up of that talk,
        since Asterisk tells no other wrap-up.

    Returns
    -------
    pandas.DataFrame
        ``agent``, calls ``answered``, seconds of ``talk`` as far as it is known, mean seconds that
        his telephone rang (``ring``), and what follows. A queue call whose outcome or agent nobody
        knows is in no row; `service` counts the ``unknown`` ones. ``answered`` and ``talk`` are
        missing for an agent without calls if his calls may be in the row of another name. A
        queue_log may name him by his interface, such as ``PJSIP/200``, when he joins a queue, and
        by his name at his calls. In `AgentLogin`, an agent has the name of the queue's member only
        at his calls.

        wrapup, wrapup_from
            Total seconds of wrap-up; ``pause`` if they come from pauses, missing if they are
            unknown.
        aht
            Average handling time: talk, including hold, and wrap-up, per call with known talk.
            Missing if the end of a wrap-up is unknown.
        sessions, logged_in, paused
            How often and how many seconds he was a member of a queue, with time in several queues
            counted once; and seconds of pauses that were no wrap-up, counted in the same way.
            Seconds are those of sessions and pauses that are over, and missing if none is.
        occupancy
            The share of handling time in the time that he was available: logged in and not paused
            (on what it is used for: Gans, Koole and Mandelbaum, "Telephone Call Centers: Tutorial,
            Review, and Research Prospects", 2003). Missing while one of his sessions or pauses is
            not over, if the talk of one of his calls is unknown, or if a connection was lost in a
            session. It is also missing if he handled calls for longer than he was available, since
            some of his sessions are unknown then.
    """
    rows = read(visits, _QUEUE_CALLS, ("start", "end")).filter(~nw.col("agent").is_null())
    sums = {
        "talk": nw.coalesce("talk", nw.lit(0.0)),
        "talks": one(~nw.col("talk").is_null()),
        "ring_sum": nw.coalesce("ring", nw.lit(0.0)),
        "ring_count": one(~nw.col("ring").is_null()),
        "logged": one(nw.coalesce("source", nw.lit("events")) == "queue_log"),
    }
    found = aggregate_by_group(rows, ("agent",), "UTC", sums, count="answered").set_index("agent")
    found["ring"] = ratio(found["ring_sum"], found["ring_count"])
    found["talk"] = found["talk"].astype(float).where(found["talks"] > 0)
    of_log = bool(found["logged"].any())
    found = found[["answered", "talk", "talks", "ring"]]
    if sessions is not None:
        found = found.join(_logged_in(sessions), how="outer")
    if pauses is not None:
        found = found.join(_paused(rows, pauses, wrapup), how="outer")
    of_shifts = ["wrapup", "sessions", "logged_in", "open", "paused", "endless", "endless_wrapup"]
    found = found.reindex(columns=["answered", "talk", "talks", "ring", "pool", *of_shifts])
    found[["answered", "talks"]] = found[["answered", "talks"]].fillna(0)
    found["talk"] = found["talk"].mask(found["answered"] == 0, 0.0)
    renamed = _renamed(found, of_log)
    found[["answered", "talk"]] = found[["answered", "talk"]].astype("float64").mask(renamed)
    sources = ["pause" if known else None for known in found["wrapup"].notna()]
    found["wrapup_from"] = pd.array(sources, dtype="str")
    handling = found["talk"] + found["wrapup"].fillna(0)
    found["aht"] = ratio(handling, found["talks"]).mask(found["endless_wrapup"] > 0)
    all_known = (found["open"] == 0) & (found["talks"] == found["answered"])
    all_known &= ~(found["endless"] > 0)
    over = found["logged_in"].where(all_known)
    ready = over - found["paused"].fillna(0)
    occupancy = ratio(handling, ready.fillna(0))
    found["occupancy"] = occupancy.mask(occupancy > 1)
    found["sessions"] = found["sessions"].astype("Int64")
    found.index = found.index.astype("str")
    names = ["answered", "talk", "ring", "wrapup", "wrapup_from", "aht", "sessions", "logged_in"]
    found = found[[*names, "paused", "occupancy"]].rename_axis("agent").reset_index()
    found["answered"] = found["answered"].astype("Int64")
    return found.sort_values("agent").reset_index(drop=True)


def _renamed(found: pd.DataFrame, of_log: bool) -> pd.Series:
    """Tell for which agents the queue calls may be in another row.

    A queue_log has an agent's interface where he joins a queue, and his name at his calls. An agent
    in `AgentLogin` has the name of the queue's member only at his calls. If all agents with calls
    have sessions, nobody has calls of another name.
    """
    strangers = found.index[(found["answered"] > 0) & found["sessions"].isna()].astype("str")
    names = found.index.astype("str")
    interface = names.str.contains("/") & of_log & (~strangers.str.contains("/")).any()
    may_be = found["pool"].eq(True) | interface
    return may_be & (found["answered"] == 0) & (len(strangers) > 0)


def _logged_in(sessions: Any) -> pd.DataFrame:
    """Add up each agent's time in queues, with time in several queues counted once."""
    rows = read(sessions, _SESSIONS, ("login", "logout")).select(*_SESSIONS)
    table = collected(rows).to_pandas().dropna(subset="agent")
    totals: dict[str, tuple[int, float, int, bool]] = {}
    for agent, shifts in table.groupby("agent"):
        unknown = shifts[["login", "logout"]].isna().any(axis="columns")
        still = int((unknown | shifts["gap"].eq(True)).sum())
        of_pool = bool(shifts["queue"].isna().all())
        count, seconds = _union(shifts["login"], shifts["logout"], shifts["queue"])
        totals[str(agent)] = (count, seconds, still, of_pool)
    names = ["sessions", "logged_in", "open", "pool"]
    return pd.DataFrame.from_dict(totals, orient="index", columns=names)


def _union(begins: pd.Series, ends: pd.Series, queues: pd.Series) -> tuple[int, float]:
    """Return the number of spans and their total seconds, with overlapping spans merged.

    A span without a beginning or an end counts, but has no seconds; if there are no other spans,
    the sum is missing. If its end is missing, it was over when the next one of its queue began.
    """
    spans = pd.DataFrame({"begin": begins, "end": ends}).astype(float)
    known = spans.dropna()
    seconds = sum(end - begin for begin, end in _merged(known)) / SECOND
    # The same agent's spans in other queues begin and end at about the same moments.
    before = (_next(spans["begin"], queues) - SECOND).clip(lower=spans["begin"])
    spans["end"] = spans["end"].fillna(before)
    every = spans.fillna({"begin": -math.inf, "end": math.inf})
    return len(_merged(every)), seconds if len(known) else math.nan


def _next(begins: pd.Series, queues: pd.Series) -> pd.Series:
    """Return when the next span of the same queue began.

    If the queue is unknown, this is the next span of any queue, but not one that began less than
    a second later: that may belong to another queue in which the agent was at the same time.
    """
    ordered = begins.sort_values()
    of_queue = ordered.groupby(queues[ordered.index]).shift(-1)
    later = ordered.searchsorted(begins + SECOND)
    other = np.append(ordered.to_numpy(), math.nan)[later]
    return of_queue.reindex(begins.index).where(queues.notna(), other)


def _merged(spans: pd.DataFrame) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in spans.sort_values("begin").itertuples(index=False):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, max(begin, end)))
    return merged


def _read_pauses(pauses: Any) -> pd.DataFrame:
    """Collect the pauses, which are few, in pandas; a missing end is computed from the seconds."""
    rows = read(pauses, _PAUSES, ("start", "end")).select(*_PAUSES)
    table = collected(rows).to_pandas()
    lasted = (table["seconds"].astype(float) * SECOND).round()
    return table.assign(end=table["end"].astype(float).fillna(table["start"] + lasted))


def _paused(rows: Rows, pauses: Any, wrapup: float) -> pd.DataFrame:
    """Split each agent's pauses into wrap-up and others; a pause in several queues is one.

    Pauses of unknown length are ``endless``.
    """
    every = _read_pauses(pauses).dropna(subset="agent")
    endless = every[every[["start", "end"]].isna().any(axis="columns")].groupby("agent").size()
    table = every.dropna(subset="start").sort_values("start")
    spoken = (nw.coalesce("talk", nw.lit(0.0)) * SECOND).round().cast(nw.Int64)
    ends = rows.filter(~nw.col("talk").is_null()).select(
        "agent", (nw.col("end") + spoken).alias("over")
    )
    talks = collected(ends).to_pandas().dropna().sort_values("over")
    talks = talks.astype({"agent": "object", "over": "int64"})
    near = pd.merge_asof(
        table.astype({"agent": "object", "start": "int64"}),
        talks,
        left_on="start",
        right_on="over",
        by="agent",
        tolerance=round(wrapup * SECOND),
    )
    totals: dict[str, tuple[float, float, int]] = {}
    for agent, own in near.groupby("agent"):
        after = own[own["over"].notna()]
        _, seconds = _union(own["start"], own["end"], own["queue"])
        _, wrapped = _union(after["start"], after["end"], after["queue"])
        wrapped = 0.0 if after.empty and not math.isnan(seconds) else wrapped
        paused = seconds - (0.0 if math.isnan(wrapped) else wrapped)
        totals[str(agent)] = (wrapped, paused, int(after["end"].isna().sum()))
    names = ["wrapup", "paused", "endless_wrapup"]
    found = pd.DataFrame.from_dict(totals, orient="index", columns=names)
    return found.join(endless.rename("endless"), how="outer")


def pauses_by_reason(pauses: Any) -> pd.DataFrame:
    """Return ``agent reason pauses seconds``: why agents paused, how often and how long.

    Parameters
    ----------
    pauses : frame
        A frame from `agent_pauses`. A pause in several queues at a time is one. Seconds are those
        of pauses that are over, and missing if none is.
    """
    names = ["agent", "reason"]
    groups = _read_pauses(pauses).dropna(subset="start").groupby(names, dropna=False, sort=True)
    found = [(*key, *_union(own["start"], own["end"], own["queue"])) for key, own in groups]
    table = pd.DataFrame(found, columns=[*names, "pauses", "seconds"])
    return table.astype({"agent": "str", "reason": "str", "pauses": "int64", "seconds": "float64"})
