"""The report as a page: headings, numbers with their meanings, pictures and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from ast_notebook.calls import charts
from ast_notebook.calls.office import MEANINGS
from ast_notebook.calls.report import values
from ast_notebook.calls.report.measured import Measured, stretch
from ast_notebook.calls.report.numbers import SOURCES, Number
from ast_notebook.show import NO_MATH, escape

_STYLE = Path(__file__).with_suffix(".css")
#: Notebooks put the terms of a list beside what is said of them. Each term has this style itself,
#: since JupyterLab takes the style sheet out of a notebook that it does not trust.
_BELOW = ' style="float: none; width: auto"'
#: The most rows of the table of days; the picture has all days.
_DAYS = 31
_WEEKDAYS = charts.WEEKDAYS
#: Names of rows of so many letters stay in one line, and longer ones are folded.
_NARROW, _LONG = 16, ' class="ast-long"'


def document(found: Measured, draw: ModuleType) -> str:
    """Return the report as a complete page, which needs no other file.

    Parameters
    ----------
    found : Measured
        The measures to show.
    draw : module
        The module that draws the pictures: `charts`, or `hover`, which has the same functions.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"/>'
        f"<title>{escape(found.title)}</title>"
        f'<meta name="viewport" content="width=device-width"/>{_style()}</head>'
        f'<body class="ast-report-page"><main class="ast-report {NO_MATH}">'
        f"{''.join(_parts(found, draw, 1))}</main></body></html>"
    )


def fragment(found: Measured, draw: ModuleType) -> str:
    """Return the report for a notebook, with lower headings, since a notebook has its own."""
    parts = "".join(_parts(found, draw, 2))
    return f'{_style()}<div class="ast-report {NO_MATH}">{parts}</div>'


def period(found: Measured) -> str:
    """Return the period of the report in words, in its zone."""
    if found.span is None:
        if found.summary["calls"].sum():
            return "none began in this time"
        if found.covered is None:
            return "there were none"
        known = stretch(*(one.tz_convert(found.tz) for one in found.covered))
        return f"there were none in this time; calls are known from {known}"
    first, last = (one.tz_convert(found.tz) for one in found.span)
    return stretch(found.since or first, found.until or last)


def sentence_on_before(found: Measured) -> str:
    """Return a line on the period to compare with, or why there is none; empty if not asked for."""
    if found.compared_with is None:
        return f"Nothing to compare with: {found.not_compared}" if found.not_compared else ""
    span = stretch(*found.compared_with)
    if found.not_compared:
        return f"Nothing to compare with from {span}: {found.not_compared}"
    return f"Compared with {span}. Differences are computed before the numbers are rounded."


def _style() -> str:
    return f"<style>{_STYLE.read_text(encoding='utf-8')}</style>"


def _parts(found: Measured, draw: ModuleType, level: int) -> Iterator[str]:
    before = sentence_on_before(found)
    line = period(found) if found.span is None else f"From {period(found)}"
    if isinstance(found.tz, str):
        line += f". Times are in {found.tz}."
    lines = "".join(f"<p>{escape(one)}</p>" for one in (line, found.apart, before) if one)
    yield f'<div class="ast-head"><h{level}>{escape(found.title)}</h{level}>{lines}</div>'
    tiles = "".join(_tile(one, old) for one, old in found.compared())
    yield _section("At a glance", f"<dl>{tiles}</dl>", level)
    if found.span is None:
        return
    if len(found.service):
        yield _section("Queues", _queues(found), level)
    yield draw.head()
    yield '<div class="ast-columns">'
    for heading, content in _sections(found, draw):
        yield _section(heading, content, level)
    yield "</div>"


def _sections(found: Measured, draw: ModuleType) -> Iterator[tuple[str, str]]:
    figure = draw.days(found.days, title="")
    yield "Calls by day", draw.image(figure, "Calls by day") + _days(found)
    yield "Missed calls", _missed(found)
    if html := _office(found):
        yield "Who waits, and who called again", html
    if html := found.office.compared(_table):
        yield "What differs by more than chance", html
    picture = draw.image(draw.heat_map(found.heat_map, title=""), charts.WEEK)
    yield charts.WEEK, picture
    if found.sounded.known:
        yield "How calls sounded", _sounded(found, draw)
    figure = draw.concurrency(found.load, tz=found.tz, title="")
    yield "Calls at once", draw.image(figure, "Calls at once over time")
    if len(found.waits):
        picture = draw.image(draw.waits(found.waits, title=""), "How long callers waited in queues")
        yield "How long callers waited", picture
    if len(found.agents):
        yield "Agents", _agents(found)
    if len(found.causes):
        names = found.causes["name"] + " (" + found.causes["cause"].astype("str") + ")"
        figure = draw.bars(names, found.causes["calls"], title="")
        picture = draw.image(figure, "Calls by the cause that they ended with")
        html = f"<p>The causes are those of {_link('ITU-T Q.850')}.</p>"
        yield "Why calls ended", picture + html
    for name, top in (("caller", found.callers), ("dialled", found.dialled)):
        if len(top):
            heading = "Who called most" if name == "caller" else "What was called most"
            yield heading, _most(name, top, found)


def _section(heading: str, content: str, level: int) -> str:
    title = f"<h{level + 1}>{escape(heading)}</h{level + 1}>"
    return f"<section>{title}{content}</section>"


def _tile(one: Number, before: Number | None) -> str:
    change = ""
    if before is not None and not pd.isna(before.value):
        change = f"<dd{_BELOW}>{escape(one.change(before))}</dd>"
        change += f"<dd{_BELOW}>before {escape(before.text)}</dd>"
    source = f" {_link(one.source)}" if one.source else ""
    return _framed(one.name, one.text, change, f"{escape(one.meaning)}{source}")


def _framed(name: str, value: str, change: str, meaning: str) -> str:
    """Return a number in a frame; `change` and `meaning` are HTML."""
    return (
        f"<div><dt{_BELOW}>{escape(name)}</dt>"
        f'<dd{_BELOW} class="ast-value">{escape(value)}</dd>{change}'
        f'<dd{_BELOW} class="ast-meaning">{meaning}</dd></div>'
    )


def _link(source: str) -> str:
    return f'<a href="{escape(SOURCES[source])}">{escape(source)}</a>'


def _days(found: Measured) -> str:
    shown = found.days.tail(_DAYS)
    rows = (
        (
            f"{_WEEKDAYS[row['day'].day_of_week]} {row['day']:%Y-%m-%d}",
            values.count(row["calls"]),
            values.count(row["answered"]),
            values.count(row["missed"]),
            values.span(row["acd"]),
            values.MISSING if pd.isna(row["busiest"]) else f"{row['busiest']:%H:%M}",
        )
        for row in shown.to_dict("records")
    )
    caption = "Each day" if len(shown) == len(found.days) else f"The last {_DAYS} days"
    caption += "; the other calls ended in a menu, were outbound in vain, or are unknown"
    length = f"average {'billed time' if found.figures.billed else 'talk'}"
    head = ["day", "calls", "answered", "missed", length, "busiest hour from"]
    return _table(caption, head, rows)


def _missed(found: Measured) -> str:
    if found.missed.empty:
        return "<p>None.</p>"
    rows = (
        (
            "without a number" if pd.isna(row["caller"]) else found.office.named(row["caller"]),
            values.count(row["missed"]),
            _moment(row["first"], found),
            _moment(row["last"], found),
            _moment(row["reached"], found),
        )
        for row in found.missed.to_dict("records")
    )
    head = ["caller", "missed", "first", "last", "reached since"]
    shown, every = found.missed["missed"].sum(), found.summary["missed"][0]
    whose = "Whose calls nobody answered"
    if not pd.isna(every) and shown < every:
        whose = f"Who called in vain most often: {shown:,} of the {every:,} missed calls"
    return _table(f"{whose}, and whether they were reached since", head, rows)


def _moment(time: Any, found: Measured) -> str:
    return values.MISSING if pd.isna(time) else f"{time.tz_convert(found.tz):%Y-%m-%d %H:%M}"


def _queues(found: Measured) -> str:
    service = found.service.assign(gave_up=found.service["abandoned"])
    service["other"] = service["offered"] - service[["answered", "abandoned", "unknown"]].sum(
        axis=1
    )
    # What no queue has needs no column.
    rare = [name for name in ("other", "unknown") if service[name].any()]
    rows = (
        (
            row["queue"],
            *(values.count(row[name]) for name in ("offered", "answered", "gave_up", *rare)),
            values.share(row["service_level"]),
            values.span(row["asa"]),
            values.span(row["wait_max"]),
            values.span(row["p95"]),
        )
        for row in service.to_dict("records")
    )
    head = ["queue", "offered", "answered", "gave up", *rare]
    waited = [f"within {found.within:g} s", "speed of answer", "longest wait"]
    return _table("Each queue", [*head, *waited, "95 % waited at most"], rows)


def _agents(found: Measured) -> str:
    rows = (
        (
            row["agent"],
            values.count(row["answered"]),
            values.span(row["aht"]),
            values.span(row["logged_in"]),
            values.span(row["paused"]),
            values.share(row["occupancy"]),
        )
        for row in found.agents.to_dict("records")
    )
    head = ["agent", "answered", "handling time", "logged in", "paused", "occupancy"]
    return _table("Each agent", head, rows)


def _office(found: Measured) -> str:
    tiles = "".join(
        _framed(name, value, "", escape(MEANINGS[name])) for name, value in found.office.numbers()
    )
    return (f"<dl>{tiles}</dl>" if tiles else "") + "".join(found.office.tables(_table))


def _sounded(found: Measured, draw: ModuleType) -> str:
    """Return the share of bad calls, a picture over the day, and the worst devices and trunks."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in found.sounded.lines())
    figure = draw.quality(found.sounded.by_hour, title="")
    picture: str = draw.image(figure, "Bad calls by hour")
    return lines + picture + "".join(found.sounded.tables(_table))


def _most(name: str, top: pd.DataFrame, found: Measured) -> str:
    billed = found.figures.billed
    rows = (
        (
            found.office.named(row[name]),
            values.count(row["calls"]),
            values.count(row["answered"]),
            values.span(row["billsec"]) if billed else _talk(row),
        )
        for row in top.to_dict("records")
    )
    head = [name, "calls", "answered", "billed time" if billed else "talk"]
    return _table(f"The {len(top)} most frequent", head, rows)


def _talk(row: dict[Any, Any]) -> str:
    shown = values.span(row["talk"])
    return f"{shown} or more" if row["talk_unknown"] and shown != values.MISSING else shown


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table whose first column names the rows; a wide table scrolls within the page."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row"{_LONG if len(str(first)) > _NARROW else ""}>{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="ast-scroll" tabindex="0" role="group" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
