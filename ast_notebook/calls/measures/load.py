"""How busy it was: traffic in erlangs, calls at once, the busy hour."""

from __future__ import annotations

import functools
from datetime import datetime, time
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from ast_notebook.calls.engines import tidy
from ast_notebook.calls.measures.grouping import Rows, Zone, check_zone, gather, one, read
from ast_notebook.calls.source import MICROSECOND
from ast_notebook.errors import ConfError

#: A table of more steps than this is of no use to anybody, and would fill the memory.
MOST = 5_000_000

_COLUMNS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "answered": nw.Int64,
    "talk": nw.Float64,
    "disposition": nw.String,
    "gap": nw.Boolean,
    "source": nw.String,
}
_QUARTERS = 4 * 24
Traffic = npt.NDArray[np.float64]


class Peak(NamedTuple):
    """The greatest number at once, and when that was first.

    Both are None where there were calls and of none is known how long it was.
    """

    calls: int | None
    time: pd.Timestamp | None


class BusyHour(NamedTuple):
    """The hour that is busiest day by day.

    Attributes
    ----------
    begins : datetime.time or None
        When it begins, by the local clock; None if there were no calls, or of none is known how
        long it was. It ends by midnight.
    erlangs, attempts : float
        Traffic and calls that began in it, on an average day; missing where that is not known.
    days : pandas.DataFrame
        Each day's own: ``day begins erlangs attempts``.
    """

    begins: time | None
    erlangs: float
    attempts: float
    days: pd.DataFrame


class Load:
    """When calls began and ended, second by second: of this all load is reckoned.

    Who asks for several things of the same calls asks one `Load`, and goes through them once.

    Parameters
    ----------
    calls : frame
        A calls frame (or a visits frame: then who waits is counted) of any engine.
    of : str
        ``calls`` counts from start to end, ``talk`` from answer on for the seconds of talk.
    until : datetime, optional
        Up to when a call counts that is not over; by default the last time in the frame.

    Attributes
    ----------
    left_out : int
        Calls that are no part of the load, since nobody knows how long they were: their end, or
        for ``talk`` their talk, is nothing that their source tells, or fell into a gap. A call
        counts as not over if live events tell of it and none was missed.
    """

    def __init__(self, calls: Any, *, of: str = "calls", until: datetime | None = None) -> None:
        self._edges_by = functools.partial(_edges, calls, of, until)
        self._seconds = self._edges_by(MICROSECOND)
        self.left_out = int(self._seconds["left_out"].sum())
        self._nothing_known = self.left_out > 0 and not self._seconds["starts"].any()

    def erlangs(self, step: str = "1h") -> pd.DataFrame:
        """Return the traffic carried; see `erlangs`."""
        width = _width(step)
        whole_seconds = width % MICROSECOND == 0
        edges = _coarser(self._seconds, width) if whole_seconds else self._edges_by(width)
        found = _traffic(edges, width)
        return found.assign(erlangs=np.nan) if self._nothing_known else found

    def concurrency(self, step: str = "1min") -> pd.DataFrame:
        """Return how many calls there were at once; see `concurrency`."""
        seconds = self._seconds
        width = _width(step)
        if width % MICROSECOND:
            raise ConfError(f"calls at once are counted by whole seconds, not by steps of {step!r}")
        traffic = _traffic(_coarser(seconds, width), width)
        peaks = pd.Series(0, index=traffic["time"], dtype="int64")
        if len(seconds):
            up, at = _at_once(seconds)
            inside = pd.Series(up, index=_moments(at // width * width)).groupby(level=0).max()
            # Where nothing began or ended there were as many all the time as there were before.
            before = seconds["starts"].cumsum() - seconds["ends"].cumsum()
            before.index = pd.Index(seconds.index * MICROSECOND)
            asked = traffic["time"].astype("int64").to_numpy()
            places = np.searchsorted(before.index.to_numpy(), asked, side="left") - 1
            carried = np.where(places < 0, 0, before.to_numpy()[places.clip(0)])
            peaks = inside.reindex(traffic["time"]).fillna(0).astype("int64").clip(lower=carried)
        found = pd.DataFrame(
            {
                "time": traffic["time"],
                "mean": traffic["erlangs"],
                "peak": peaks.to_numpy(),
                "left_out": traffic["left_out"],
            }
        )
        return found.assign(mean=np.nan, peak=np.nan) if self._nothing_known else found

    def peak(self) -> Peak:
        """Return the most calls at once; see `peak`."""
        if not len(self._seconds):
            return Peak(0, None)
        if self._nothing_known:
            return Peak(None, None)
        up, at = _at_once(self._seconds)
        first = int(up.argmax())
        return Peak(int(up[first]), _moments(at[first : first + 1])[0])

    def busy_hour(self, tz: Zone = "UTC") -> BusyHour:
        """Return the time-consistent busy hour; see `busy_hour`."""
        check_zone(tz)
        quarters = self.erlangs("15min")
        days = pd.DataFrame(columns=["day", "begins", "erlangs", "attempts"])
        if quarters.empty:
            return BusyHour(None, 0.0, 0.0, days)
        if self._nothing_known:
            return BusyHour(None, np.nan, np.nan, days)
        local = quarters["time"].dt.tz_convert(tz)
        quarters["day"] = local.dt.normalize().dt.tz_localize(None)
        quarters["quarter"] = local.dt.hour * 4 + local.dt.minute // 15
        grid, tried = (_by_day(quarters, value) for value in ("erlangs", "attempts"))
        hours = np.lib.stride_tricks.sliding_window_view(grid.to_numpy(), 4, axis=1).mean(axis=2)
        tries = np.lib.stride_tricks.sliding_window_view(tried.to_numpy(), 4, axis=1).sum(axis=2)
        first = grid.to_numpy()[:, : hours.shape[1]]
        best = int(_busiest(hours.mean(axis=0)[None], first.mean(axis=0)[None])[0])
        own = _busiest(hours, first)
        each = np.arange(len(own))
        days = pd.DataFrame(
            {
                "day": grid.index,
                "begins": [_clock(quarter) for quarter in own],
                "erlangs": hours[each, own],
                "attempts": tries[each, own],
            }
        )
        return BusyHour(
            _clock(best), float(hours[:, best].mean()), float(tries[:, best].mean()), days
        )


def _width(step: str) -> int:
    try:
        width = round(pd.Timedelta(step).total_seconds() * MICROSECOND)
    except ValueError:
        width = 0
    if width <= 0:
        raise ConfError(f"a step {step!r} is no length of time: write one such as 15min or 1h")
    return width


def _busiest(hours: Traffic, first: Traffic) -> npt.NDArray[np.intp]:
    """Return the busiest hour of each row: of equals, the one whose first quarter is busiest."""
    equal = np.isclose(hours, hours.max(axis=1, keepdims=True))
    found: npt.NDArray[np.intp] = np.where(equal, first, -1.0).argmax(axis=1)
    return found


def erlangs(
    calls: Any, *, step: str = "1h", of: str = "calls", until: datetime | None = None
) -> pd.DataFrame:
    """Return the traffic carried: how many calls there were at once, on average (ITU-T E.600).

    It is exact: each call counts in each step for as long as it lasted there. A call of which
    nobody knows how long it was is left out, and counted in ``left_out``.

    Parameters
    ----------
    calls : frame
        A calls frame (or a visits frame: then who waits is counted) of any engine.
    step : str
        The length of a step as pandas writes it, such as ``15min``; steps begin at whole multiples
        of it since 1970 UTC.
    of : str
        ``calls`` counts from start to end, ``talk`` from answer on for the seconds of talk.
    until : datetime, optional
        Up to when a call counts that is not over; by default the last time in the frame.

    Returns
    -------
    pandas.DataFrame
        ``time`` (UTC; where the step begins), ``erlangs``, ``attempts`` (calls that began) and
        ``left_out`` (those of them that are left out of the erlangs, which are missing where all
        are: `Load` says which).

    Raises
    ------
    ConfError
        If the steps are too short for so long a time.
    """
    return Load(calls, of=of, until=until).erlangs(step)


def concurrency(
    calls: Any, *, step: str = "1min", of: str = "calls", until: datetime | None = None
) -> pd.DataFrame:
    """Return how many calls there were at once, over time.

    Parameters
    ----------
    calls, step, of, until
        As in `erlangs`; the step is of whole seconds.

    Returns
    -------
    pandas.DataFrame
        ``time`` (UTC; where the step begins), ``mean``, ``peak`` and ``left_out``, as in `erlangs`:
        calls that had a second in common count as at once.

    Raises
    ------
    ConfError
        If the steps are no whole seconds, or too short for so long a time.
    """
    return Load(calls, of=of, until=until).concurrency(step)


def peak(calls: Any, *, of: str = "calls", until: datetime | None = None) -> Peak:
    """Return the most calls at once; calls that had a second in common count as at once.

    Parameters
    ----------
    calls, of, until
        As in `erlangs`.
    """
    return Load(calls, of=of, until=until).peak()


def busy_hour(
    calls: Any, *, tz: Zone = "UTC", of: str = "calls", until: datetime | None = None
) -> BusyHour:
    """Return the time-consistent busy hour (ITU-T E.600): the same hour of every day.

    It is the one of the hours that begin at a quarter whose traffic is greatest on an average day.

    Parameters
    ----------
    calls, of, until
        As in `erlangs`.
    tz : str or tzinfo
        The zone of the days.
    """
    return Load(calls, of=of, until=until).busy_hour(tz)


def _by_day(quarters: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a row a day and a column a quarter of an hour."""
    # The hour that a clock change repeats counts once, by its mean.
    table = quarters.pivot_table(index="day", columns="quarter", values=value, aggfunc="mean")
    return table.reindex(columns=list(range(_QUARTERS))).fillna(0.0)


def _clock(quarter: int) -> time:
    return time(int(quarter) // 4, int(quarter) % 4 * 15)


def _edges(calls: Any, of: str, until: datetime | None, width: int) -> pd.DataFrame:
    """Count starts and ends by steps.

    Returns
    -------
    pandas.DataFrame
        ``starts left_out from ends to`` by the number of the step, ``from`` and ``to`` being
        microseconds into the step; only steps in which something began or ended.
    """
    if of not in ("calls", "talk"):
        raise ConfError(f"there is no load of {of!r}: take calls or talk")
    rows = read(calls, _COLUMNS, ("start", "end", "answered"))
    known = ~nw.col("finish").is_null()
    with tidy(rows):
        rows = _spans(rows, of, until)
        starts = _counted(rows, "begin", "from", width, starts=known, left_out=~known)
        ends = _counted(rows.filter(known), "finish", "to", width, ends=known)
    return starts.join(ends, how="outer").fillna(0).astype("int64").sort_index()


def _spans(rows: Rows, of: str, until: datetime | None) -> Rows:
    """Return ``begin`` and ``finish`` of what is counted; this is missing where nobody knows it."""
    if until is None:
        last = rows.select(nw.max_horizontal("start", "end", "answered").max().alias("last"))
        found = last.collect("pyarrow")["last"].to_list()[0]
        limit = 0 if found is None else int(found)
    else:
        limit = int(pd.Timestamp(until).to_pydatetime().timestamp() * MICROSECOND)
    # A log that is written call by call, or knows a part of it, has no word for one that goes on.
    live = nw.coalesce("source", nw.lit("events")) == "events"
    still_up = nw.col("end").is_null() & live & ~nw.coalesce("gap", nw.lit(False))
    end = nw.when(still_up).then(nw.lit(limit)).otherwise(nw.col("end"))
    if of == "calls":
        begin, finish = nw.col("start"), end
    else:
        talked = ~nw.col("answered").is_null()
        answered = talked | (nw.coalesce("disposition", nw.lit("")) == "ANSWERED")
        begin = nw.when(answered).then(nw.coalesce("answered", "start"))
        spoken = (nw.col("talk") * MICROSECOND).round().cast(nw.Int64)
        over = nw.col("answered") + spoken
        # Talk may have pauses, such as music, and is no longer than the call.
        over = nw.when(over > nw.col("end")).then(nw.col("end")).otherwise(over)
        unheard = nw.when(still_up & talked).then(nw.lit(limit))
        finish = nw.coalesce(over, unheard)
    spans = rows.select(begin.alias("begin"), finish.alias("finish"))
    spans = spans.filter(~nw.col("begin").is_null())
    later = nw.col("finish") >= nw.col("begin")
    known = ~nw.col("finish").is_null()
    finish = nw.when(known & later).then(nw.col("finish")).when(known).then(nw.col("begin"))
    return spans.with_columns(finish.alias("finish"))


def _counted(rows: Rows, edge: str, into: str, width: int, **counts: nw.Expr) -> pd.DataFrame:
    """Count by steps, and add up how far into its step each edge is that the first count has."""
    rows = rows.with_columns((nw.col(edge) // width).alias("step"))
    sums: dict[str, nw.Expr] = {name: one(condition) for name, condition in counts.items()}
    offset = nw.col(edge) - nw.col("step") * width
    first = next(iter(counts.values()))
    sums[into] = nw.when(first).then(offset).otherwise(nw.lit(0))
    return gather(rows, ("step",), "UTC", sums).astype("int64").set_index("step")


def _coarser(edges: pd.DataFrame, width: int) -> pd.DataFrame:
    """Make wider steps of seconds."""
    each = edges.index.to_numpy() * MICROSECOND
    steps, into = each // width, each % width
    wide = edges.assign(
        **{
            "from": edges["from"] + edges["starts"] * into,
            "to": edges["to"] + edges["ends"] * into,
        }
    )
    return wide.groupby(steps).sum()


def _traffic(edges: pd.DataFrame, width: int) -> pd.DataFrame:
    if not len(edges):
        none = pd.DatetimeIndex([], tz="UTC").as_unit("us")
        counts = {name: np.empty(0, int) for name in ("attempts", "left_out")}
        return pd.DataFrame({"time": none, "erlangs": np.empty(0), **counts})
    first, last = int(edges.index[0]), int(edges.index[-1])
    if last - first >= MOST:
        raise ConfError(f"that would be {last - first:,} steps: take a longer step")
    every = edges.reindex(pd.RangeIndex(first, last + 1), fill_value=0)
    before = (every["starts"] - every["ends"]).cumsum() - (every["starts"] - every["ends"])
    begun = every["starts"] * width - every["from"]
    over = every["ends"] * width - every["to"]
    return pd.DataFrame(
        {
            "time": _moments(every.index.to_numpy() * width),
            "erlangs": (before * width + begun - over).to_numpy() / width,
            "attempts": (every["starts"] + every["left_out"]).to_numpy(),
            "left_out": every["left_out"].to_numpy(),
        }
    )


def _at_once(seconds: pd.DataFrame) -> tuple[Any, Any]:
    """Return how many were up in each second of the table, and when that second begins."""
    starts, ends = seconds["starts"].to_numpy(), seconds["ends"].to_numpy()
    before = np.cumsum(starts - ends) - (starts - ends)
    return before + starts, seconds.index.to_numpy() * MICROSECOND


def _moments(micro: Any) -> pd.DatetimeIndex:
    plain = np.asarray(micro, np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(plain).tz_localize("UTC")
