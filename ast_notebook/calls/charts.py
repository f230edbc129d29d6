"""Pictures of measures by matplotlib; they are readable on white and on black, and small."""

from __future__ import annotations

import base64
import io
from datetime import tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ast_notebook.show import escape, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Grey can be read on white and on black; the colours are told apart by the colour-blind, too.
GREY, BLUE, ORANGE, LIGHT = "#808080", "#3b82c4", "#d97706", "#9ca3af"
#: What waits came to, as `measures.waits` has it, and the colour of each.
WAITED = {"answered": BLUE, "abandoned": ORANGE, "other": LIGHT, "unknown": GREY}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: The heading of the hours of the week.
WEEK = "Calls by hour of the week, on an average such day"
#: What is said below them if there is nothing known of some.
GREY_IS_UNKNOWN = "grey: nothing is known"
_DPI = 110


def heat_map(table: pd.DataFrame, *, title: str = WEEK) -> Figure:
    """Draw the hours of the week; those that nothing is known of are grey.

    Parameters
    ----------
    table : pandas.DataFrame
        A table from `measures.heat_map`.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title, height=2.6)
    values = table.to_numpy(dtype=float)
    most = np.nan_to_num(values).max(initial=0.0)
    image = axes.imshow(values, aspect="auto", cmap="Blues", vmin=0, vmax=most or 1)
    image.set_cmap(image.get_cmap().with_extremes(bad=GREY + "80"))
    if np.isnan(values).any():
        axes.set_xlabel(GREY_IS_UNKNOWN, color=GREY, fontsize=8, loc="left")
    axes.set_yticks(range(7), WEEKDAYS)
    axes.set_xticks(range(0, 24, 2), [f"{hour}:00" for hour in range(0, 24, 2)])
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
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = _canvas(title)
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    # The axis is in UTC, and its labels are local: an hour that the clock repeats stays two hours.
    when = table["time"].dt.tz_convert("UTC").dt.tz_localize(None)
    axes.fill_between(when, table["mean"], color=BLUE, alpha=0.45, step="post", label="mean")
    axes.step(when, table["peak"], color=ORANGE, linewidth=0.9, where="post", label="peak")
    places = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(places)
    labels = ConciseDateFormatter(places, tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(labels)
    axes.set_ylim(bottom=0)
    _legend(axes)
    return figure


def waits(table: pd.DataFrame, *, title: str = "How long callers waited (s)") -> Figure:
    """Draw a histogram of waits by outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        A table from `measures.waits`.
    title : str
        The title above the picture.
    """
    figure, axes = _canvas(title)
    step = table["wait"].diff().dropna().min() if len(table) > 1 else 5.0
    below = pd.Series(0.0, table.index)
    for name, colour in WAITED.items():
        axes.bar(
            table["wait"], table[name], step * 0.9, below, align="edge", color=colour, label=name
        )
        below = below + table[name]
    # A few very long waits must not hide the others.
    reached = below.cumsum() / max(below.sum(), 1)
    shown = table["wait"][reached < 0.99].max() if len(table) else 0
    axes.set_xlim(0, max(shown if shown == shown else 0, 60) + 2 * step)
    _legend(axes)
    return figure


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
    packed = io.BytesIO()
    figure.savefig(packed, format="png", dpi=_DPI, transparent=True)
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    return (
        f'<img alt="{escape(text)}" src="data:image/png;base64,{data}" '
        'style="max-width:100%;height:auto"/>'
    )


def _canvas(title: str, *, height: float = 2.6) -> tuple[Figure, Axes]:
    # pyplot is not used, since it keeps each figure, and shows it twice in a notebook.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, height), layout="constrained")
    axes: Any = figure.add_subplot()
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.set_title(title, color=GREY, fontsize=10, loc="left")
    axes.tick_params(colors=GREY, labelsize=8)
    axes.xaxis.get_offset_text().set_color(GREY)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=8, labelcolor=GREY, loc="upper right")
