"""Computes what a report shows: the measures of its calls, and those of an earlier time."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls import measures
from ast_notebook.calls.agents import PAUSE_TIMES, SESSION_TIMES
from ast_notebook.calls.frames import begun, lasting
from ast_notebook.calls.measures.grouping import Edges, Zone, check_zone, read
from ast_notebook.calls.measures.summary import ADDED_UP
from ast_notebook.calls.office import Office
from ast_notebook.calls.quality.sounded import Sounded
from ast_notebook.calls.report.numbers import Figures, Number, nothing
from ast_notebook.counted import counted
from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, earlier, moment, span
from ast_notebook.zone import people_zone

#: The most points of a line; a line over months has longer steps than minutes.
_POINTS = 1500
_YEAR = pd.Timedelta(days=366)
_TICK = pd.Timedelta("1us")
Span = tuple[pd.Timestamp, pd.Timestamp]


class Measured:
    """The measures of a report; `Report` describes the parameters, and shows the measures."""

    def __init__(
        self,
        calls: Any,
        visits: Any,
        *,
        sessions: pd.DataFrame | None = None,
        pauses: pd.DataFrame | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        month: str | None = None,
        against: str | None = None,
        covered: Span | None = None,
        tz: Zone | None = None,
        within: float = 20.0,
        title: str = "Calls",
    ) -> None:
        self.title = title
        self.tz: Zone = people_zone() if tz is None else tz
        self.within = within
        check_zone(self.tz)
        # Moments are read before calls are picked, since a day begins at midnight in this zone.
        self.since, self.until = span(since, until, month, self.tz)
        self.compared_with: Span | None = None
        #: The reason why there is nothing to compare with; empty if there is something.
        self.not_compared = ""
        self._before: list[Number] | None = None
        of_time = begun(visits, self.since, self.until)
        to_its_end = begun(calls, None, self.until)
        self.office = Office(to_its_end, since=self.since, tz=self.tz)
        #: The time of which all calls are known, if any are.
        self.covered = covered = covered or self._covered(calls)
        self._measure(begun(calls, self.since, self.until), of_time, self._known(covered))
        if sessions is not None:
            sessions = lasting(sessions, self.since, SESSION_TIMES, self.until)
        if pauses is not None:
            pauses = lasting(pauses, self.since, PAUSE_TIMES, self.until)
        self.agents = measures.agents(of_time, sessions=sessions, pauses=pauses)
        if against is not None:
            self._before = self._compare(calls, visits, against, covered)

    def _covered(self, calls: Any) -> Span | None:
        """Return the period that calls cover; it may go on to the end of the report's time.

        It does so if the report's time is over and has several days, and the last day has a call.
        """
        covered = _covered(calls, self.tz)
        if covered is None or self.since is None or self.until is None:
            return covered
        last_day = _midnight(self.until - _TICK, self.tz)
        is_over = self.until <= pd.Timestamp.now("UTC")
        if is_over and self.since < last_day <= covered[1]:
            return covered[0], max(covered[1], self.until)
        return covered

    def _known(self, covered: Span | None) -> Edges:
        """Return when the report's time begins and ends, if all its calls are known there."""
        if covered is None:
            return None, None
        begins = self.since is not None and covered[0] <= self.since
        ends = self.until is not None and self.until <= covered[1]
        return self.since if begins else None, self.until if ends else None

    def _measure(self, calls: Any, visits: Any, known: Edges) -> None:
        load = measures.Load(calls)
        self.figures = Figures(calls, visits, load, tz=self.tz, within=self.within)
        self.summary, self.overall = self.figures.summary, self.figures.overall
        self.service = measures.service(visits, within=self.within)
        self.heat_map = measures.heat_map(calls, tz=self.tz, known=known)
        quarters = load.erlangs("15min")
        self.span = _span(quarters)
        self.load = load.concurrency(_step(len(quarters)))
        self.waits = measures.waits(visits)
        self.causes = measures.causes(calls)
        self.callers = measures.top(calls, "caller")
        self.dialled = measures.top(calls, "dialled")
        self.missed = measures.missed(calls)
        self.sounded = Sounded.of(calls, self.tz)
        self.left_out = load.left_out
        self.peak = self.figures.peak
        self.busy_hour = self.figures.busy_hour
        self.days = self._days(calls, known)
        self.apart = _line_on_strays(self.days)

    def _days(self, calls: Any, known: Edges) -> pd.DataFrame:
        """Return `measures.summary` by day, with the busiest hours.

        Days without calls are in it, also at the edges of the time if all calls are known there.
        """
        days = measures.summary(calls, by=("day",), tz=self.tz).dropna(subset="day")
        days = days.set_index("day")
        if len(days):
            first, last = (
                None if edge is None else edge.tz_convert(self.tz).tz_localize(None).normalize()
                for edge in (known[0], None if known[1] is None else known[1] - _TICK)
            )
            first, last = first or days.index[0], last or days.index[-1]
            every = pd.date_range(first, last, name="day").as_unit("us")
            quiet = every[~every.isin(days.index)]
            days = days.reindex(every)
            days.loc[quiet, list(ADDED_UP)] = 0
            kinds = {name: "Int64" for name in ADDED_UP if name not in ("talk", "billsec")}
            days = days.astype(kinds)
        hours = self.busy_hour.days
        busy = hours[hours["erlangs"] > 0].set_index("day")["begins"]
        return days.assign(busiest=busy.reindex(days.index)).reset_index()

    def _compare(self, calls: Any, visits: Any, against: str, covered: Span | None) -> list[Number]:
        """Return the main numbers of the time before; they are missing if it is not known."""
        self._find_before(against, covered)
        if self.compared_with is not None and not self.not_compared:
            before, waited = (begun(frame, *self.compared_with) for frame in (calls, visits))
            load = measures.Load(before)
            figures = Figures(before, waited, load, tz=self.tz, within=self.within)
            if figures.summary["calls"][0]:
                of_time = begun(calls, self.since, self.until)
                self.office.compare(of_time, before, self._lengths)
                return figures.numbers()
            self.not_compared = "no calls of that time are known"
        return nothing(self.figures.numbers())

    def _find_before(self, against: str, covered: Span | None) -> None:
        """Find the time to compare with: as long as the known part of the report's own time."""
        if self.since is None:
            raise ConfError(
                "to compare with an earlier time, the report needs a beginning: "
                "since='last-week', or month='2026-10' (--since or --month)"
            )
        # The calendar of the report's zone counts, whatever zone a moment was given in.
        since = self.since.tz_convert(self.tz)
        begin = earlier(since, against)
        if covered is None:
            self.not_compared = "there are no calls"
            return
        end = covered[1] if self.until is None else min(self.until, covered[1])
        if end <= since:
            self.not_compared = "no calls of the time of the report itself are known"
            return
        known = since, max(end.tz_convert(self.tz), since)
        end = earlier(known[1], against)
        if end > since:
            raise ConfError(
                f"the time of the report is longer than {against}: compare with an earlier "
                "time, or let the report end earlier (until=…, --until)"
            )
        self.compared_with = begin, end
        self._lengths = _lengths(known, (begin, end))
        if covered[0] > begin:
            first = covered[0].tz_convert(self.tz)
            self.not_compared = f"calls are known only from {stamp(first)} on"

    def compared(self) -> list[tuple[Number, Number | None]]:
        """Return the main numbers that are shown, each with that of the earlier time."""
        now = self.figures.numbers()
        then: list[Number] | list[None] = self._before or [None] * len(now)
        return [(one, old) for one, old in zip(now, then, strict=True) if one.shown]

    @property
    def comparison(self) -> pd.DataFrame:
        """The main numbers as a frame: ``measure value before difference``."""
        rows = [
            (one.name, one.value, *((old.value, one.since(old)) if old else (None, None)))
            for one, old in self.compared()
        ]
        table = pd.DataFrame(rows, columns=["measure", "value", "before", "difference"])
        return table.astype(dict.fromkeys(table.columns[1:], "float64"))


def stamp(time: pd.Timestamp) -> str:
    """Return a moment as a report writes it, with the abbreviation of its zone at that moment."""
    return f"{time:%Y-%m-%d %H:%M} {time.tzname()}"


def stretch(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return the text for a period; both ends have their zone's abbreviation if these differ."""
    same = first.tzname() == last.tzname()
    return f"{f'{first:%Y-%m-%d %H:%M}' if same else stamp(first)} to {stamp(last)}"


def _covered(calls: Any, tz: Zone) -> Span | None:
    """Return the period that calls cover: from the first one's midnight to the last moment."""
    rows = read(calls, {"start": nw.Int64, "end": nw.Int64}, ("start", "end"))
    start, end = nw.col("start"), nw.col("end")
    ends = rows.select(
        start.min().alias("first"), start.max().alias("late"), end.max().alias("last")
    )
    first, late, last = ends.collect("pyarrow").to_pandas().astype(float).iloc[0]
    if pd.isna(first):
        return None
    known = max(late, late if pd.isna(last) else last)
    begin, finish = (pd.Timestamp(int(micro), unit="us", tz="UTC") for micro in (first, known))
    return _midnight(begin, tz), finish.tz_convert(tz)


def _midnight(time: pd.Timestamp, tz: Zone) -> pd.Timestamp:
    """Return the first moment of a moment's day, which is no midnight where a clock leaves it out.

    Where a clock change repeats midnight, the first one is meant.
    """
    return moment(f"{time.tz_convert(tz):%Y-%m-%d}", tz=tz)


def _lengths(known: Span, before: Span) -> tuple[float, float]:
    """Return the lengths of two periods, in seconds: by the calendar, unless both are the same.

    A day is as long as any other, although the clock is changed on it.
    """
    now, then = ((end - begin).total_seconds() for begin, end in (known, before))
    if now == then:
        return now, then
    plain = [[edge.tz_localize(None) for edge in one] for one in (known, before)]
    now, then = ((end - begin).total_seconds() for begin, end in plain)
    return now, then


def _span(quarters: pd.DataFrame) -> Span | None:
    if not quarters["attempts"].any():
        return None
    return quarters["time"].iloc[0], quarters["time"].iloc[-1] + pd.Timedelta("15min")


def _step(quarters: int) -> str:
    """Choose the shortest step with which a line has not too many points."""
    minutes = quarters * 15
    steps = ((1, "1min"), (5, "5min"), (15, "15min"), (60, "1h"), (360, "6h"))
    return next((name for length, name in steps if minutes / length <= _POINTS), "1D")


def _line_on_strays(days: pd.DataFrame) -> str:
    """Return a line on calls that began more than a year before or after the others, if any did."""
    some = days[days["calls"] > 0]
    part = (some["day"].diff() > _YEAR).cumsum()
    sums = some.groupby(part)["calls"].sum()
    if len(sums) < 2:
        return ""
    strays = some[part != sums.idxmax()]
    count = int(strays["calls"].sum())
    return (
        f"{counted(count, 'call', 'calls')} of these began more than a year before or after the "
        f"others, at first on {strays['day'].iloc[0]:%Y-%m-%d}. If a clock was wrong then, leave "
        "them out by since and until: means over days count all the time between"
    )
