"""The report: the most important measures of the calls, on one page."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
from dateutil.tz import tzlocal

from ast_notebook.calls import charts, measures
from ast_notebook.calls.agents import PAUSE_TIMES, SESSION_TIMES
from ast_notebook.calls.calls import Log
from ast_notebook.calls.frames import begun, lasting
from ast_notebook.calls.measures.grouping import Zone, check_zone
from ast_notebook.calls.office import Office
from ast_notebook.moments import Moment, moment
from ast_notebook.show import NO_MATH, columns, escape, plain, table

_STYLE = """
body { margin: 2em auto; max-width: 60em; padding: 0 1em; color-scheme: light dark;
       font: 15px/1.5 system-ui, sans-serif }
"""
_TILES = "display:flex;flex-wrap:wrap;gap:8px;margin:8px 0"
_TILE = "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:6px 14px;min-width:7em"
_TABLE = "margin:14px 0;overflow-x:auto"
_NUMBER = "font-size:1.5em;font-weight:600"
#: A line over months has fewer points than minutes.
_POINTS = 1500


class Report:
    """A report of calls and queues on one page: numbers, then pictures, then tables.

    A notebook shows it as a page, and a terminal as text; each measure is also a frame.

    Attributes
    ----------
    summary : pandas.DataFrame
        `measures.summary` of all calls.
    service : pandas.DataFrame
        `measures.service` by queue; it has no rows if there were no queue calls.
    heat_map, load, waits, causes : pandas.DataFrame
        The hours of the week, the calls at once, the waits and the causes, as `measures` has them.
    callers, dialled : pandas.DataFrame
        The most frequent callers and dialled numbers.
    agents : pandas.DataFrame
        `measures.agents`.
    peak : measures.Peak
        The most calls at once.
    left_out : int
        The number of calls that the load, the peak and the busy hour leave out, because their
        beginning or end is unknown. These measures are then lower bounds.
    busy_hour : measures.BusyHour
        The busiest hour, averaged over the days.
    office : Office
        Who waits for a call, who called again, and what differs from the period before.
    """

    def __init__(
        self,
        calls: Any,
        visits: Any,
        *,
        sessions: pd.DataFrame | None = None,
        pauses: pd.DataFrame | None = None,
        since: Moment | None = None,
        tz: Zone | None = None,
        within: float = 20.0,
        title: str = "Calls",
        against: str | None = None,
    ) -> None:
        self._charts: ModuleType = charts
        self.title = title
        self.tz: Zone = tzlocal() if tz is None else tz
        self.within = within
        check_zone(self.tz)
        # Before the calls are picked: a day begins at midnight in the zone of the report.
        since = None if since is None else moment(since, tz=tz)
        self.office = Office(calls, since=since, against=against, tz=self.tz)
        calls, visits = begun(calls, since), begun(visits, since)
        if sessions is not None:
            sessions = lasting(sessions, since, SESSION_TIMES)
        if pauses is not None:
            pauses = lasting(pauses, since, PAUSE_TIMES)
        self.summary = measures.summary(calls)
        self.service = measures.service(visits, within=within)
        self.overall = measures.service(visits, within=within, by=())
        self.heat_map = measures.heat_map(calls, tz=self.tz)
        load = measures.Load(calls)
        quarters = load.erlangs("15min")
        self.span = _span(quarters)
        self.load = load.concurrency(_step(len(quarters)))
        self.waits = measures.waits(visits)
        self.causes = measures.causes(calls)
        self.callers = measures.top(calls, "caller")
        self.dialled = measures.top(calls, "dialled")
        self.agents = measures.agents(visits, sessions=sessions, pauses=pauses)
        self.left_out = load.left_out
        self.peak = load.peak()
        self.busy_hour = load.busy_hour(self.tz)

    @classmethod
    def of(cls, log: Log, **given: Any) -> Report:
        """Return the report of a log's four frames; `given` are further arguments of `Report`."""
        return cls(log.calls, log.visits, sessions=log.sessions, pauses=log.pauses, **given)

    def hovering(self) -> Report:
        """Use pictures that show details under the mouse and can be zoomed, and return the report.

        They add 5 MB, and need a browser that runs their script.

        Raises
        ------
        ConfError
            If plotly is not installed; the extra ``hover`` of ast_notebook installs it.
        """
        from ast_notebook.calls import hover

        self._charts = hover
        return self

    def numbers(self) -> list[tuple[str, str]]:
        """Return the main numbers as they are shown: names and values."""
        one, queue = self.summary.iloc[0], self.overall.iloc[0]
        rows = [("calls", f"{one['calls']:,.0f}")]
        if one["unknown"]:
            rows.append(("outcome unknown", f"{one['unknown']:,.0f}"))
        rows += [
            ("answered (ASR)", _percent(one["asr"])),
            ("delivered (NER)", _percent(one["ner"])),
            (f"average {self._talk()} (ACD)", _span_text(one["acd"])),
            ("at once, at most", self._or_more(_count(self.peak.calls))),
        ]
        if self.left_out:
            rows.append(("start or end unknown, left out", f"{self.left_out:,}"))
        if self.busy_hour.begins is not None:
            begins = f"{self.busy_hour.begins:%H:%M}"
            rows.append(
                (f"busy hour from {begins}", self._or_more(f"{self.busy_hour.erlangs:.2f} E"))
            )
        if queue["offered"]:
            rows.append(("offered to queues", f"{queue['offered']:,.0f}"))
            if queue["unknown"]:
                rows.append(("outcome in queues unknown", f"{queue['unknown']:,.0f}"))
            if queue["wait_unknown"]:
                rows.append(("wait unknown, left out", f"{queue['wait_unknown']:,.0f}"))
            rows += [
                (f"within {self.within:g} s", _percent(queue["service_level"])),
                ("gave up", _percent(queue["abandon_rate"])),
                ("speed of answer", _span_text(queue["asa"])),
            ]
        return rows + self.office.numbers()

    def _talk(self) -> str:
        """Name what calls are averaged by: a CDR has no talk, and bills menus and queues, too."""
        one = self.summary.iloc[0]
        return "billed time" if pd.isna(one["talk"]) and not pd.isna(one["acd"]) else "talk"

    def _or_more(self, shown: str) -> str:
        return f"{shown} or more" if self.left_out and shown != "-" else shown

    def __repr__(self) -> str:
        return f"{plain(self._heading())}\n\n{columns(self.numbers(), '  ')}"

    def _repr_html_(self) -> str:
        return self._body()

    def html(self) -> str:
        """Return the whole page, which needs no other file."""
        title = escape(self.title)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"/><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"/><style>{_STYLE}</style></head>'
            f"<body>{self._body()}</body></html>"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, and return its path."""
        place = Path(path).expanduser()
        place.write_text(self.html(), encoding="utf-8")
        return place

    def _heading(self) -> str:
        if self.span is None:
            none = self.summary["calls"].sum() == 0
            return f"{self.title}: {'there were none' if none else 'none began in this time'}"
        first, last = (one.tz_convert(self.tz) for one in self.span)
        zone = "" if first.tzname() == last.tzname() else f" {first.tzname()}"
        span = f"{first:%Y-%m-%d %H:%M}{zone} to {last:%Y-%m-%d %H:%M} {last.tzname()}"
        return f"{self.title} from {span}"

    def _body(self) -> str:
        tiles = "".join(
            f'<div style="{_TILE}"><div style="{_NUMBER}">{escape(value)}</div>'
            f"<div>{escape(name)}</div></div>"
            for name, value in self.numbers()
        )
        parts = [f"<h2>{escape(self._heading())}</h2>", f'<div style="{_TILES}">{tiles}</div>']
        if self.span is not None:
            parts += self._pictures()
            parts += [f'<div style="{_TABLE}">{one}</div>' for one in self._tables()]
        return f'<div class="{NO_MATH}">{"".join(parts)}</div>'

    def _pictures(self) -> Iterable[str]:
        draw = self._charts
        yield draw.head()
        yield draw.image(draw.heat_map(self.heat_map), charts.WEEK)
        yield draw.image(draw.concurrency(self.load, tz=self.tz), "Calls at once over time")
        if len(self.waits):
            yield draw.image(draw.waits(self.waits), "How long callers waited in queues")
        if len(self.causes):
            names = self.causes["name"] + " (" + self.causes["cause"].astype("str") + ")"
            figure = draw.bars(names, self.causes["calls"], title="Why calls ended (Q.850)")
            yield draw.image(figure, "Calls by the cause that they ended with")

    def _tables(self) -> Iterable[str]:
        if len(self.service):
            head = ["queue", "offered", "answered", "gave up", "other", "unknown"]
            waited = [f"within {self.within:g} s", "speed of answer", "95 % waited less than"]
            yield table([*head, *waited], self._queues())
        if len(self.agents):
            rows = (
                (
                    row["agent"],
                    _count(row["answered"]),
                    _span_text(row["aht"]),
                    _span_text(row["logged_in"]),
                    _span_text(row["paused"]),
                    _percent(row["occupancy"]),
                )
                for row in self.agents.to_dict("records")
            )
            head = ["agent", "answered", "handling time", "logged in", "paused", "occupancy"]
            yield table(head, rows)
        for name, found in (("caller", self.callers), ("dialled", self.dialled)):
            most = (
                (
                    self.office.named(row[name]),
                    f"{row['calls']:,}",
                    _count(row["answered"]),
                    _talk_text(row),
                )
                for row in found.to_dict("records")
            )
            yield table([name, "calls", "answered", "talk"], most)
        yield from self.office.tables()

    def _queues(self) -> Iterable[tuple[object, ...]]:
        for row in self.service.to_dict("records"):
            other = row["offered"] - row["answered"] - row["abandoned"] - row["unknown"]
            yield (
                row["queue"],
                f"{row['offered']:,}",
                f"{row['answered']:,}",
                f"{row['abandoned']:,}",
                f"{other:,}",
                f"{row['unknown']:,}",
                _percent(row["service_level"]),
                _span_text(row["asa"]),
                _span_text(row["p95"]),
            )


def _span(quarters: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if not quarters["attempts"].any():
        return None
    return quarters["time"].iloc[0], quarters["time"].iloc[-1] + pd.Timedelta("15min")


def _step(quarters: int) -> str:
    """Choose a step that gives a line of a sensible number of points."""
    minutes = quarters * 15
    steps = ((1, "1min"), (5, "5min"), (15, "15min"), (60, "1h"), (360, "6h"))
    return next((name for length, name in steps if minutes / length <= _POINTS), "1D")


def _count(number: Any) -> str:
    return "-" if pd.isna(number) else f"{number:,}"


def _percent(part: float) -> str:
    return "-" if pd.isna(part) else f"{part:.1%}"


def _talk_text(row: Mapping[Any, Any]) -> str:
    shown = _span_text(row["talk"])
    return f"{shown} or more" if row["talk_unknown"] and shown != "-" else shown


def _span_text(seconds: float) -> str:
    if pd.isna(seconds):
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
