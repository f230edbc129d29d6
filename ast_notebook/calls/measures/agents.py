"""What agents did: calls, handling time, pauses, and how much of their time was taken."""

from __future__ import annotations

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
_PAUSES = {"agent": nw.String, "start": nw.Int64, "reason": nw.String, "seconds": nw.Float64}


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
        ``agent``, calls ``answered``, seconds of ``talk``, mean seconds that his telephone rang
        (``ring``), and

        wrapup, wrapup_from
            Seconds of wrap-up in all; ``pause`` if they were taken from pauses, missing if nothing
            tells.
        aht
            Average handling time: talk, hold included, and wrap-up, by call answered.
        sessions, logged_in, paused
            How often and how many seconds he was a member of a queue, of several at a time or of
            one, as far as these are over; and seconds of pauses that were no wrap-up.
        occupancy
            Handling time of the time that he was there for calls: logged in and not paused. Missing
            while one of his sessions is not over: nobody knows yet how long it is.
    """
    rows = read(visits, _VISITS, ("start", "end")).filter(~nw.col("agent").is_null())
    sums = {
        "talk": nw.coalesce("talk", nw.lit(0.0)),
        "ring_sum": nw.coalesce("ring", nw.lit(0.0)),
        "ring_count": one(~nw.col("ring").is_null()),
    }
    found = gather(rows, ("agent",), "UTC", sums, count="answered").set_index("agent")
    found["ring"] = ratio(found["ring_sum"], found["ring_count"])
    found = found[["answered", "talk", "ring"]]
    if sessions is not None:
        found = found.join(_logged_in(sessions), how="outer")
    if pauses is not None:
        found = found.join(_paused(rows, pauses, wrapup), how="outer")
    found = found.reindex(
        columns=["answered", "talk", "ring", "wrapup", "sessions", "logged_in", "open", "paused"]
    )
    found[["answered", "talk"]] = found[["answered", "talk"]].fillna(0)
    told = ["pause" if known else None for known in found["wrapup"].notna()]
    found["wrapup_from"] = pd.array(told, dtype="str")
    handling = found["talk"] + found["wrapup"].fillna(0)
    found["aht"] = ratio(handling, found["answered"])
    over = found["logged_in"].where(found["open"] == 0)
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
    table = rows.collect("pyarrow").to_pandas().dropna(subset="agent").sort_values("login")
    totals: dict[str, tuple[int, float, int]] = {}
    for agent, shifts in table.groupby("agent"):
        count, seconds, until = 0, 0.0, float("-inf")
        for login, logout in zip(shifts["login"], shifts["logout"], strict=True):
            if pd.isna(login) or pd.isna(logout):
                count += 1
                continue
            count += login > until
            seconds += max(0.0, logout - max(login, until))
            until = max(until, logout)
        still = int(shifts[["login", "logout"]].isna().any(axis="columns").sum())
        totals[str(agent)] = (int(count), seconds / MICROSECOND, still)
    names = ["sessions", "logged_in", "open"]
    return pd.DataFrame.from_dict(totals, orient="index", columns=names)


def _paused(rows: Rows, pauses: Any, wrapup: float) -> pd.DataFrame:
    """Part each agent's pauses into wrap-up and others; pauses are few, and come to the driver."""
    table = read(pauses, _PAUSES, ("start",)).select(*_PAUSES).collect("pyarrow").to_pandas()
    table = table.dropna(subset=["agent", "start"]).sort_values("start")
    # One pause in several queues is one.
    table = table.drop_duplicates(["agent", "start"])
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
    seconds, is_wrapup = near["seconds"].fillna(0.0), near["over"].notna()
    near["wrapup"], near["paused"] = seconds.where(is_wrapup, 0), seconds.where(~is_wrapup, 0)
    return near.groupby("agent")[["wrapup", "paused"]].sum()


def pauses_by_reason(pauses: Any) -> pd.DataFrame:
    """Return ``agent reason pauses seconds``: why agents paused, how often and how long.

    Parameters
    ----------
    pauses : frame
        What `agent_pauses` gave. Seconds are of pauses that are over.
    """
    sums = {"seconds": nw.coalesce("seconds", nw.lit(0.0))}
    rows = read(pauses, _PAUSES, ())
    found = gather(rows, ("agent", "reason"), "UTC", sums, count="pauses")
    return whole(found, ("pauses",))
