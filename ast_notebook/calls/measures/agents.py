"""What agents did: calls, handling time, pauses, and how much of their time was taken."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import Rows, gather, one, ratio, read, whole
from ast_notebook.calls.source import MICROSECOND

_VISITS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "agent": nw.String,
    "talk": nw.Float64,
    "ring": nw.Float64,
}
_SESSIONS = {"agent": nw.String, "login": nw.Int64, "logout": nw.Int64}
_PAUSES = {
    "agent": nw.String,
    "start": nw.Int64,
    "end": nw.Int64,
    "reason": nw.String,
    "seconds": nw.Float64,
}


def agents(
    visits: Any, *, sessions: Any = None, pauses: Any = None, wrapup: float = 10.0
) -> pd.DataFrame:
    """Return a row an agent.

    Parameters
    ----------
    visits : frame
        A visits frame of any engine.
    sessions, pauses : frame, optional
        What `agent_sessions` and `agent_pauses` gave.
    wrapup : float
        A pause that begins within so many seconds after a talk is wrap-up of that talk: Asterisk
        tells of no other.

    Returns
    -------
    pandas.DataFrame
        ``agent``, calls ``answered``, seconds of ``talk`` as far as it is known, mean seconds that
        his telephone rang (``ring``), and

        wrapup, wrapup_from
            Seconds of wrap-up in all; ``pause`` if they were taken from pauses, missing if nothing
            tells.
        aht
            Average handling time: talk, hold included, and wrap-up, by call whose talk is known.
        sessions, logged_in, paused
            How often and how many seconds he was a member of a queue, of several at a time or of
            one; and seconds of pauses, in several queues at a time or in one, that were no wrap-up.
            Seconds are of what is over, and missing where nothing is.
        occupancy
            Handling time of the time that he was there for calls: logged in and not paused. Missing
            while one of his sessions is not over, or the talk of one of his calls is not known:
            nobody knows yet how long it is.
    """
    rows = read(visits, _VISITS, ("start", "end")).filter(~nw.col("agent").is_null())
    sums = {
        "talk": nw.coalesce("talk", nw.lit(0.0)),
        "talks": one(~nw.col("talk").is_null()),
        "ring_sum": nw.coalesce("ring", nw.lit(0.0)),
        "ring_count": one(~nw.col("ring").is_null()),
    }
    found = gather(rows, ("agent",), "UTC", sums, count="answered").set_index("agent")
    found["ring"] = ratio(found["ring_sum"], found["ring_count"])
    found["talk"] = found["talk"].astype(float).where(found["talks"] > 0)
    found = found[["answered", "talk", "talks", "ring"]]
    if sessions is not None:
        found = found.join(_logged_in(sessions), how="outer")
    if pauses is not None:
        found = found.join(_paused(rows, pauses, wrapup), how="outer")
    of_shifts = ["wrapup", "sessions", "logged_in", "open", "paused"]
    found = found.reindex(columns=["answered", "talk", "talks", "ring", *of_shifts])
    found[["answered", "talks"]] = found[["answered", "talks"]].fillna(0)
    found["talk"] = found["talk"].mask(found["answered"] == 0, 0.0)
    told = ["pause" if known else None for known in found["wrapup"].notna()]
    found["wrapup_from"] = pd.array(told, dtype="str")
    handling = found["talk"] + found["wrapup"].fillna(0)
    found["aht"] = ratio(handling, found["talks"])
    all_known = (found["open"] == 0) & (found["talks"] == found["answered"])
    over = found["logged_in"].where(all_known)
    ready = over - found["paused"].fillna(0)
    found["occupancy"] = ratio(handling, ready.fillna(0))
    found["sessions"] = found["sessions"].astype("Int64")
    found.index = found.index.astype("str")
    names = ["answered", "talk", "ring", "wrapup", "wrapup_from", "aht", "sessions", "logged_in"]
    found = found[[*names, "paused", "occupancy"]].rename_axis("agent").reset_index()
    return whole(found.sort_values("agent"), ("answered",)).reset_index(drop=True)


def _logged_in(sessions: Any) -> pd.DataFrame:
    """Add up each agent's time in queues, time in several of them once."""
    rows = read(sessions, _SESSIONS, ("login", "logout")).select(*_SESSIONS)
    table = rows.collect("pyarrow").to_pandas().dropna(subset="agent")
    totals: dict[str, tuple[int, float, int]] = {}
    for agent, shifts in table.groupby("agent"):
        still = int(shifts[["login", "logout"]].isna().any(axis="columns").sum())
        totals[str(agent)] = (*_union(shifts["login"], shifts["logout"]), still)
    names = ["sessions", "logged_in", "open"]
    return pd.DataFrame.from_dict(totals, orient="index", columns=names)


def _union(begins: pd.Series, ends: pd.Series) -> tuple[int, float]:
    """Return how many spans there are where those that meet are one, and their seconds in all.

    Whose beginning or end is missing counts, and has no seconds; these are missing if all are so.
    """
    spans = pd.DataFrame({"begin": begins, "end": ends}).astype(float)
    known = spans.dropna()
    seconds = sum(end - begin for begin, end in _merged(known)) / MICROSECOND
    every = spans.fillna({"begin": -math.inf, "end": math.inf})
    return len(_merged(every)), seconds if len(known) else math.nan


def _merged(spans: pd.DataFrame) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in spans.sort_values("begin").itertuples(index=False):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, max(begin, end)))
    return merged


def _read_pauses(pauses: Any) -> pd.DataFrame:
    """Take pauses, which are few, to the driver, with the end that their seconds tell."""
    rows = read(pauses, _PAUSES, ("start", "end")).select(*_PAUSES)
    table = rows.collect("pyarrow").to_pandas().dropna(subset="start")
    lasted = (table["seconds"].astype(float) * MICROSECOND).round()
    return table.assign(end=table["end"].astype(float).fillna(table["start"] + lasted))


def _paused(rows: Rows, pauses: Any, wrapup: float) -> pd.DataFrame:
    """Part each agent's pauses into wrap-up and others, a pause in several queues being one."""
    table = _read_pauses(pauses).dropna(subset="agent").sort_values("start")
    spoken = (nw.coalesce("talk", nw.lit(0.0)) * MICROSECOND).round().cast(nw.Int64)
    ends = rows.filter(~nw.col("talk").is_null()).select(
        "agent", (nw.col("end") + spoken).alias("over")
    )
    talks = ends.collect("pyarrow").to_pandas().dropna().sort_values("over")
    talks = talks.astype({"agent": "object", "over": "int64"})
    near = pd.merge_asof(
        table.astype({"agent": "object", "start": "int64"}),
        talks,
        left_on="start",
        right_on="over",
        by="agent",
        tolerance=round(wrapup * MICROSECOND),
    )
    totals: dict[str, tuple[float, float]] = {}
    for agent, own in near.groupby("agent"):
        after = own[own["over"].notna()]
        _, seconds = _union(own["start"], own["end"])
        _, wrapped = _union(after["start"], after["end"])
        wrapped = 0.0 if after.empty and not math.isnan(seconds) else wrapped
        totals[str(agent)] = (wrapped, seconds - (0.0 if math.isnan(wrapped) else wrapped))
    return pd.DataFrame.from_dict(totals, orient="index", columns=["wrapup", "paused"])


def pauses_by_reason(pauses: Any) -> pd.DataFrame:
    """Return ``agent reason pauses seconds``: why agents paused, how often and how long.

    Parameters
    ----------
    pauses : frame
        What `agent_pauses` gave. A pause in several queues at a time is one. Seconds are of pauses
        that are over, and missing where none is.
    """
    names = ["agent", "reason"]
    groups = _read_pauses(pauses).groupby(names, dropna=False, sort=True)
    found = [(*key, *_union(own["start"], own["end"])) for key, own in groups]
    table = pd.DataFrame(found, columns=[*names, "pauses", "seconds"])
    return table.astype({"agent": "str", "reason": "str", "pauses": "int64", "seconds": "float64"})
