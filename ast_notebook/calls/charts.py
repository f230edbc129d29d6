"""Pictures of measures by matplotlib, which take the colour of their text from the page."""

from __future__ import annotations

import base64
import io
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ast_notebook.show import escape, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The colour of text and lines, which `image` replaces by one that fits the page.
GREY = "#808080"
#: The colour-blind can tell them apart, too, and they can be seen on white and on black.
BLUE, ORANGE, VIOLET, LIGHT = "#3b82c4", "#d97706", "#8b7fd1", "#9ca3af"
#: The outcomes of waits in `measures.waits`, the colour of each, and its name in pictures.
WAITED = {"answered": BLUE, "abandoned": ORANGE, "other": VIOLET, "unknown": LIGHT}
WAITED_NAMES = dict(zip(WAITED, WAITED, strict=True)) | {"abandoned": "gave up"}
#: The outcomes of a day's calls; others are outbound calls in vain, menus, and unknown ones.
OF_DAY = {"answered": BLUE, "missed": ORANGE, "other": LIGHT}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: The heading of the hours of the week.
WEEK = "Calls by hour of the week, on an average such day"
#: The note below the hours if the calls of some are not known.
GREY_IS_UNKNOWN = "grey: nothing is known"
_INKS = (
    "<style>:root{--ink:#4a525c}@media (prefers-color-scheme:dark){:root{--ink:#b9c1cb}}</style>"
)
#: The most days that each have a label below the picture.
_NAMED_DAYS = 14
#: The most days that have bars of their own; of a longer time, months are drawn.
_MOST_DAYS = 800
#: Inches of a picture, with letters of 8 points.
WIDTH = 4.6


def heat_map(table: pd.DataFrame, *, title: str = WEEK) -> Figure:
    """Draw the hours of the week; hours whose calls are not known are grey.

    Parameters
    ----------
    table : pandas.DataFrame
        A table from `measures.heat_map`.
    title : str
        The title above the picture.
    """
    from matplotlib.colors import LinearSegmentedColormap

    figure, axes = _canvas(title)
    values = table.to_numpy(dtype=float)
    most = np.nan_to_num(values).max(initial=0.0)
    # From transparent to blue, for white and black pages; unknown hours are grey, not transparent.
    shades = LinearSegmentedColormap.from_list("calls", [f"{BLUE}0a", BLUE]).with_extremes(
        bad=f"{GREY}60"
    )
    image = axes.imshow(
        values, aspect="auto", cmap=shades, vmin=0, vmax=most or 1, interpolation="none"
    )
    if np.isnan(values).any():
        axes.set_xlabel(GREY_IS_UNKNOWN, color=GREY, fontsize=8, loc="left")
    axes.set_yticks(range(7), WEEKDAYS)
    _hours(axes)
    for edge in axes.spines.values():
        edge.set_visible(False)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.ax.tick_params(colors=GREY, labelsize=8)
    bar.outline.set_visible(False)
    return figure


def concurrency(
    table: pd.DataFrame, *, tz: str | tzinfo = "UTC", title: str = "Calls at once"
) -> Figure:
    """Draw how many calls there were at once: the mean as an area, the peak as a line.

    Parameters
    ----------
    table : pandas.DataFrame
        A table from `measures.concurrency`.
    tz : str or tzinfo
        The zone of the times below the picture.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title)
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    # The axis is in UTC, and its labels are local: an hour that the clock repeats stays two hours.
    when = table["time"].dt.tz_convert("UTC").dt.tz_localize(None)
    axes.fill_between(when, table["mean"], color=BLUE, alpha=0.45, step="post", label="mean")
    axes.step(when, table["peak"], color=ORANGE, linewidth=0.9, where="post", label="peak")
    _dates(axes, zone)
    axes.set_ylim(bottom=0)
    _counts(axes)
    _legend(figure)
    return figure


def days(table: pd.DataFrame, *, title: str = "Calls by day") -> Figure:
    """Draw a bar for each day: how many calls were answered, were missed, or ended otherwise.

    Parameters
    ----------
    table : pandas.DataFrame
        ``day calls answered missed``, as of `measures.summary` by day.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title, height=2.2)
    table = days_or_months(table)
    below = pd.Series(0.0, table.index)
    width = 0.8 if len(table) < 2 else 0.8 * table["day"].diff().min().days
    for name, height in by_day(table).items():
        axes.bar(table["day"], height, width, below, color=OF_DAY[name], label=name)
        below = below + height
    if len(table) <= _NAMED_DAYS:
        names = [f"{WEEKDAYS[day.day_of_week]}\n{day.day}." for day in table["day"]]
        axes.set_xticks(table["day"], names)
    else:
        _dates(axes, UTC)
    _counts(axes)
    _legend(figure)
    return figure


def days_or_months(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``day calls answered missed``, by month if there are too many days to be drawn."""
    if len(table) <= _MOST_DAYS:
        return table
    counts = table.set_index("day")[["calls", "answered", "missed"]].astype(float)
    return counts.resample("MS").sum(min_count=1).reset_index()


def by_day(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the parts of each day's calls, by the names in `OF_DAY`; unknown calls are other."""
    calls = table["calls"].astype(float)
    answered, missed = (table[name].astype(float).fillna(0) for name in ("answered", "missed"))
    parts = {"answered": answered, "missed": missed, "other": calls - answered - missed}
    return {name: part for name, part in parts.items() if part.any() or name == "answered"}


def waits(table: pd.DataFrame, *, title: str = "How long callers waited") -> Figure:
    """Draw a histogram of waits by outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        A table from `measures.waits`.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title)
    step = table.attrs.get("step", 5.0)
    below = pd.Series(0.0, table.index)
    for name in waited(table):
        colour = WAITED[name]
        axes.bar(
            table["wait"],
            table[name],
            step * 0.9,
            below,
            align="edge",
            color=colour,
            label=WAITED_NAMES[name],
        )
        below = below + table[name]
    axes.set_ylim(0, 1.05 * max(below.max(), 1))
    _counts(axes)
    # A few very long waits must not hide the others.
    reached = below.cumsum() / max(below.sum(), 1)
    shown = table["wait"][reached < 0.99].max() if len(table) else 0
    end = max(shown if shown == shown else 0, 60) + 2 * step
    axes.set_xlim(0, end)
    longer = int(below[table["wait"] >= end].sum())
    more = f"; {longer:,} waited longer than {end:g}" if longer else ""
    axes.set_xlabel(f"seconds{more}", color=GREY, fontsize=8)
    _legend(figure)
    return figure


def waited(table: pd.DataFrame) -> list[str]:
    """Return the outcomes of waits that occur."""
    return [name for name in WAITED if table[name].any() or name == "answered"]


def quality(table: pd.DataFrame, *, title: str = "Bad calls by hour") -> Figure:
    """Draw the share of bad calls in each hour of the day; hours without any rated call are grey.

    Parameters
    ----------
    table : pandas.DataFrame
        `measures.quality` by hour.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title, height=1.8)
    shares = bad_by_hour(table)
    axes.bar(shares.index, 100 * shares.fillna(0), 0.8, color=ORANGE)
    unknown = shares.index[shares.isna()]
    axes.set_ylim(0, max(5.0, 105 * shares.max()) if shares.notna().any() else 5.0)
    for hour in unknown:
        axes.axvspan(hour - 0.5, hour + 0.5, color=GREY, alpha=0.25, linewidth=0)
    if len(unknown):
        axes.set_xlabel(GREY_IS_UNKNOWN, color=GREY, fontsize=8, loc="left")
    axes.set_ylabel("percent bad", color=GREY, fontsize=8)
    axes.set_xlim(-0.5, 23.5)
    _hours(axes)
    return figure


def bad_by_hour(table: pd.DataFrame) -> pd.Series:
    """Return the share of bad calls for each hour from 0 to 23."""
    shares: pd.Series = table.dropna(subset="hour").set_index("hour")["bad_share"]
    return shares.reindex(range(24)).astype(float)


def bars(names: pd.Series, values: pd.Series, *, title: str, most: int = 8) -> Figure:
    """Draw horizontal bars, the first one at the top.

    Parameters
    ----------
    names, values : pandas.Series
        The name and the length of each bar.
    title : str
        The title above the picture.
    most : int
        How many bars there are at most.
    """
    figure, axes = _canvas(title, height=0.6 + 0.25 * min(len(names), most))
    # A caller's name may hold text that matplotlib would take for mathematics.
    labels = [plain(str(name)[:40]).replace("$", r"\$") for name in names[:most]]
    axes.barh(range(len(labels)), values[:most], color=BLUE)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    return figure


def head() -> str:
    """Return the HTML that a page needs before its first picture: none."""
    return ""


def image(figure: Figure, text: str) -> str:
    """Return a picture as HTML that needs no other file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The picture.
    text : str
        A description for people who do not see it.
    """
    import matplotlib as mpl

    packed = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "ast"}):
        figure.savefig(packed, format="svg", transparent=True, metadata={"Date": None})
    drawn = packed.getvalue().replace(GREY, "var(--ink)").replace("<defs>", f"<defs>{_INKS}", 1)
    data = base64.b64encode(drawn.encode()).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/svg+xml;base64,{data}"/>'


def _canvas(title: str, *, height: float = 2.3) -> tuple[Figure, Axes]:
    # pyplot is not used, since it keeps each figure, and shows it twice in a notebook.
    from matplotlib.figure import Figure

    # A page shows it wider than this, and a narrow one hardly smaller, so that its words are read.
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes: Any = figure.add_subplot()
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.set_title(title, color=GREY, fontsize=10, loc="left")
    axes.tick_params(colors=GREY, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    return figure, axes


def _hours(axes: Axes) -> None:
    """Name every third hour of the day: there is no room for more."""
    axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])


def _counts(axes: Axes) -> None:
    """Write only whole numbers of calls, since there is no half of one."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def _dates(axes: Axes, zone: tzinfo) -> None:
    """Write the month with each day, since a month written once may fit only the last days."""
    from matplotlib.dates import DAILY, AutoDateLocator, ConciseDateFormatter

    places = AutoDateLocator(tz=zone, maxticks={DAILY: 6})  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(places)
    labels = ConciseDateFormatter(  # type: ignore[no-untyped-call]
        places,
        tz=zone,
        formats=["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"],
        zero_formats=["", "%b %Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
        show_offset=False,
    )
    axes.xaxis.set_major_formatter(labels)


def _legend(figure: Figure) -> None:
    """Explain the colours beside the picture, where no bar or line can be."""
    figure.legend(frameon=False, fontsize=8, labelcolor=GREY, loc="outside right upper")
