"""Load: traffic in erlangs, calls at once, the busy hour."""

from __future__ import annotations

import functools
from datetime import datetime, time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ast_notebook.calls.measures.edges import edges_of
from ast_notebook.calls.measures.grouping import Zone, check_zone
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

#: A table with more steps than this is useless, and would fill the memory.
MOST = 5_000_000

_QUARTERS = 4 * 24
Traffic = npt.NDArray[np.float64]


class Peak(NamedTuple):
    """The highest number of calls at once, and when it was first reached.

    Both are None if there were calls, but all of unknown length.
    """

    calls: int | None
    time: pd.Timestamp | None


class BusyHour(NamedTuple):
    """The hour of the clock that is the busiest on an average day.

    Attributes
    ----------
    begins : datetime.time or None
        When it begins, by the local clock; None if there were no calls, or all have an unknown
        length. The hour ends at midnight at the latest.
    erlangs, attempts : float
        Its traffic, and the calls that began in it, on an average day; missing if unknown. A day
        does not count if the hour is before the first call or after the last one, or if a clock
        change leaves out a part of it. An hour that a clock change repeats counts once, by its
        mean.
    days : pandas.DataFrame
        The busiest hour of each day: ``day begins erlangs attempts``.
    """

    begins: time | None
    erlangs: float
    attempts: float
    days: pd.DataFrame


class Load:
    """When calls began and ended, second by second: every measure of load is computed from this.

    For several measures of the same calls, use one `Load`, which reads the calls once.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine, or one of queue calls; then the callers who wait are counted.
    of : str
        With ``calls``, a call counts from its start to its end; with ``talk``, from its answer on
        for its seconds of talk.
    until : datetime, optional
        The time until which a call that is not over counts; by default the last in the frame.

    Attributes
    ----------
    left_out : int
        How many calls are not part of the load, because their length is unknown: their start or end
        (for ``talk``, their talk or whether there was any) is not told by their source, or fell
        into a gap. A call without an end counts as not over only if live events tell of it, and
        none of them was missed, as its ``gap`` says. In a frame of queue calls, the calls without a
        known length are those with an unknown beginning or end of the wait. If there are any, the
        load is a lower bound.
    """

    def __init__(self, calls: Any, *, of: str = "calls", until: datetime | None = None) -> None:
        self._edges_by = functools.partial(edges_of, calls, of, until)
        self._seconds, nowhere = self._edges_by(SECOND)
        self.left_out = int(self._seconds[["left_out", "undated"]].to_numpy().sum()) + nowhere
        self._nothing_known = self.left_out > 0 and not self._seconds["starts"].any()

    def erlangs(self, step: str = "1h") -> pd.DataFrame:
        """Return the traffic carried; see `erlangs`."""
        width = _width(step)
        whole_seconds = width % SECOND == 0
        edges = _coarser(self._seconds, width) if whole_seconds else self._edges_by(width)[0]
        found = _traffic(edges, width)
        return found.assign(erlangs=np.nan) if self._nothing_known else found

    def concurrency(self, step: str = "1min") -> pd.DataFrame:
        """Return how many calls there were at once; see `concurrency`."""
        seconds = self._seconds
        width = _width(step)
        if width % SECOND:
            raise ConfError(f"calls at once are counted by whole seconds, not by steps of {step!r}")
        traffic = _traffic(_coarser(seconds, width), width)
        peaks = pd.Series(0, index=traffic["time"], dtype="int64")
        if len(seconds):
            up, at = _at_once(seconds)
            inside = pd.Series(up, index=_moments(at // width * width)).groupby(level=0).max()
            # If nothing began or ended in a step, there were as many all the time as before.
            before = seconds["starts"].cumsum() - seconds["ends"].cumsum()
            before.index = pd.Index(seconds.index * SECOND)
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
        if self._nothing_known:
            return Peak(None, None)
        if not len(self._seconds):
            return Peak(0, None)
        up, at = _at_once(self._seconds)
        first = int(up.argmax())
        return Peak(int(up[first]), _moments(at[first : first + 1])[0])

    def busy_hour(self, tz: Zone = "UTC") -> BusyHour:
        """Return the time-consistent busy hour; see `busy_hour`."""
        check_zone(tz)
        quarters = self.erlangs("15min")
        days = pd.DataFrame(columns=["day", "begins", "erlangs", "attempts"])
        if self._nothing_known:
            return BusyHour(None, np.nan, np.nan, days)
        if quarters.empty:
            return BusyHour(None, 0.0, 0.0, days)
        quarters = _whole_days(quarters, tz)
        grid = _by_day(quarters, "erlangs")
        known = _windows(_by_day(quarters, "known")).max(axis=2) > 0
        hours = np.where(known, _windows(grid).mean(axis=2), np.nan)
        tries = np.where(known, _windows(_by_day(quarters, "attempts")).sum(axis=2), np.nan)
        # Of equal hours, the one that begins with the most traffic, and then with the most calls.
        begins = [
            np.where(known, _by_day(quarters, value).to_numpy()[:, : hours.shape[1]], np.nan)
            for value in ("erlangs", "attempts")
        ]
        average = _average(hours)
        best = int(_busiest(average[None], *(_average(one)[None] for one in begins))[0])
        own = _busiest(hours, *begins)
        each = np.arange(len(own))
        days = pd.DataFrame(
            {
                "day": grid.index,
                "begins": [_clock(quarter) for quarter in own],
                "erlangs": hours[each, own],
                "attempts": tries[each, own],
            }
        )
        return BusyHour(_clock(best), float(average[best]), float(_average(tries)[best]), days)


def _width(step: str) -> int:
    try:
        width = round(pd.Timedelta(step).total_seconds() * SECOND)
    except ValueError:
        width = 0
    if width <= 0:
        raise ConfError(f"step = {step!r} is not a length of time: write one such as 15min or 1h")
    return width


def _busiest(hours: Traffic, *begins: Traffic) -> npt.NDArray[np.intp]:
    """Return the busiest hour of each row.

    Of equal hours, it is the one whose first quarter of an hour has the largest value in the first
    of `begins`. If these are equal, too, the next of `begins` decides, and at last the earliest
    hour is taken.
    """
    equal = np.isclose(hours, np.nanmax(hours, axis=1, keepdims=True))
    for begin in begins:
        of_equal = np.where(equal, begin, -1.0)
        equal &= np.isclose(of_equal, of_equal.max(axis=1, keepdims=True))
    found: npt.NDArray[np.intp] = equal.argmax(axis=1)
    return found


def erlangs(
    calls: Any, *, step: str = "1h", of: str = "calls", until: datetime | None = None
) -> pd.DataFrame:
    """Return the traffic carried: how many calls there were at once, on average (ITU-T E.600).

    It is exact: each call counts in each step for as long as it lasted there. A call of unknown
    length is left out, and counted in ``left_out``.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine, or one of queue calls; then the callers who wait are counted.
    step : str
        The length of a step as pandas writes it, such as ``15min``; steps begin at whole multiples
        of it since 1970 UTC.
    of : str
        With ``calls``, a call counts from its start to its end; with ``talk``, from its answer on
        for its seconds of talk.
    until : datetime, optional
        The time until which a call that is not over counts; by default the last in the frame.

    Returns
    -------
    pandas.DataFrame
        ``time`` (UTC; where the step begins), ``erlangs``, ``attempts`` (calls that began) and
        ``left_out`` (calls that are left out of the erlangs, see `Load`; if all are, the erlangs
        are missing). A call that is left out counts in the step in which it began or, if that is
        unknown, in the step in which it ended; in the latter case it is no attempt.

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

    It is the hour with the most traffic on an average day, among hours that begin at a quarter.

    Parameters
    ----------
    calls, of, until
        As in `erlangs`.
    tz : str or tzinfo
        The zone of the days.
    """
    return Load(calls, of=of, until=until).busy_hour(tz)


def _windows(grid: pd.DataFrame) -> Traffic:
    """Return the quarters of each hour that begins at a quarter, day by day."""
    found: Traffic = np.lib.stride_tricks.sliding_window_view(grid.to_numpy(float), 4, axis=1)
    return found


def _average(days: Traffic) -> Traffic:
    """Return the mean of each hour over the days that have it; missing where no day has it."""
    there = (~np.isnan(days)).sum(axis=0)
    found: Traffic = np.divide(np.nansum(days, axis=0), np.where(there, there, np.nan))
    return found


def _whole_days(quarters: pd.DataFrame, tz: Zone) -> pd.DataFrame:
    """Return all quarters of an hour that the days had, with the ``day`` and the ``quarter``.

    The ``known`` ones (1, else 0) are those from the first call to the last.
    """
    quarters = quarters.set_index("time")[["erlangs", "attempts"]]
    most = pd.Timedelta("25h")  # a day that ends summer time
    times = pd.date_range(quarters.index[0] - most, quarters.index[-1] + most, freq="15min")
    local = times.tz_convert(tz)
    day = local.tz_localize(None).normalize()
    first, last = day[times.searchsorted(quarters.index[[0, -1]])]
    every = quarters.reindex(times, fill_value=0)
    known = (times >= quarters.index[0]) & (times <= quarters.index[-1])
    every = every.assign(day=day, quarter=local.hour * 4 + local.minute // 15, known=known * 1.0)
    found: pd.DataFrame = every[(day >= first) & (day <= last)]
    return found


def _by_day(quarters: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return a row for each day and a column for each quarter of an hour.

    The hour that a clock change leaves out is missing on that day.
    """
    # The hour that a clock change repeats counts once, by its mean.
    table = quarters.pivot_table(index="day", columns="quarter", values=value, aggfunc="mean")
    return table.reindex(columns=list(range(_QUARTERS)))


def _clock(quarter: int) -> time:
    return time(int(quarter) // 4, int(quarter) % 4 * 15)


def _coarser(edges: pd.DataFrame, width: int) -> pd.DataFrame:
    """Add up steps of a second to wider steps."""
    each = edges.index.to_numpy() * SECOND
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
            "left_out": (every["left_out"] + every["undated"]).to_numpy(),
        }
    )


def _at_once(seconds: pd.DataFrame) -> tuple[Any, Any]:
    """Return how many calls were up in each second of the table, and when that second begins."""
    starts, ends = seconds["starts"].to_numpy(), seconds["ends"].to_numpy()
    before = np.cumsum(starts - ends) - (starts - ends)
    return before + starts, seconds.index.to_numpy() * SECOND


def _moments(micro: Any) -> pd.DatetimeIndex:
    plain = np.asarray(micro, np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(plain).tz_localize("UTC")
