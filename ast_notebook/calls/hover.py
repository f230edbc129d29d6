"""Draws the pictures of `charts` by plotly, with details under the mouse, and with zoom."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd

from ast_notebook.calls.charts import (
    BLUE,
    GREY,
    GREY_IS_UNKNOWN,
    OF_DAY,
    ORANGE,
    WAITED,
    WAITED_NAMES,
    WEEK,
    WEEKDAYS,
    bad_by_hour,
    by_day,
    days_or_months,
    waited,
)
from ast_notebook.errors import ConfError
from ast_notebook.show import escape

try:
    from plotly import graph_objects, offline
except ImportError:
    raise ConfError(
        'pictures with hover and zoom are drawn by plotly: pip install "ast_notebook[hover]"'
    ) from None

_CLEAR = "rgba(0,0,0,0)"
#: The colour of an hour whose calls are not known.
UNKNOWN = "rgba(128,128,128,0.5)"


def heat_map(table: pd.DataFrame, *, title: str = WEEK) -> Any:
    """Draw what `charts.heat_map` draws."""
    hours = [f"{hour}:00" for hour in table.columns]
    values = table.to_numpy(dtype=float)
    cells = graph_objects.Heatmap(
        z=values, x=hours, y=list(WEEKDAYS), zmin=0, colorscale="Blues", hoverongaps=False
    )
    figure = _figure(title, cells)
    if np.isnan(values).any():
        figure.update_layout(plot_bgcolor=UNKNOWN, xaxis_title_text=GREY_IS_UNKNOWN)
    return figure.update_yaxes(autorange="reversed")


def concurrency(
    table: pd.DataFrame, *, tz: str | tzinfo = "UTC", title: str = "Calls at once"
) -> Any:
    """Draw what `charts.concurrency` draws."""
    when = table["time"].dt.tz_convert(tz).dt.tz_localize(None)
    line = {"shape": "hv", "width": 1}
    mean = graph_objects.Scatter(
        x=when, y=table["mean"], name="mean", fill="tozeroy", line=line | {"color": BLUE}
    )
    peak = graph_objects.Scatter(
        x=when, y=table["peak"], name="peak", line=line | {"color": ORANGE}
    )
    return _figure(title, mean, peak)


def days(table: pd.DataFrame, *, title: str = "Calls by day") -> Any:
    """Draw what `charts.days` draws."""
    table = days_or_months(table)
    bars = [
        graph_objects.Bar(x=table["day"], y=height, name=name, marker_color=OF_DAY[name])
        for name, height in by_day(table).items()
    ]
    return _figure(title, *bars).update_layout(barmode="stack")


def waits(table: pd.DataFrame, *, title: str = "How long callers waited") -> Any:
    """Draw what `charts.waits` draws."""
    bars = [
        graph_objects.Bar(
            x=table["wait"],
            y=table[name],
            name=WAITED_NAMES[name],
            marker_color=WAITED[name],
            offset=0,
        )
        for name in waited(table)
    ]
    return _figure(title, *bars).update_layout(barmode="stack", xaxis_title_text="seconds")


def quality(table: pd.DataFrame, *, title: str = "Bad calls by hour") -> Any:
    """Draw what `charts.quality` draws."""
    shares = 100 * bad_by_hour(table)
    hours = [f"{hour}:00" for hour in shares.index]
    figure = _figure(title, graph_objects.Bar(x=hours, y=shares, marker_color=ORANGE))
    return figure.update_layout(yaxis_title_text="percent bad")


def bars(names: pd.Series, values: pd.Series, *, title: str, most: int = 8) -> Any:
    """Draw what `charts.bars` draws."""
    # plotly takes some HTML for markup, and equal labels for one bar.
    whole = [escape(str(name)) for name in names[:most]]
    short = [escape(str(name)[:40]) for name in names[:most]]
    places = list(range(len(whole)))
    lying = graph_objects.Bar(
        x=values[:most],
        y=places,
        text=whole,
        textposition="none",
        hovertemplate="%{text}: %{x}<extra></extra>",
        orientation="h",
        marker_color=BLUE,
    )
    figure = _figure(title, lying).update_layout(height=100 + 25 * len(whole))
    figure.update_yaxes(tickvals=places, ticktext=short)
    return figure.update_yaxes(autorange="reversed", automargin=True)


def head() -> str:
    """Return what a page needs before its first picture: all of plotly.js, 5 MB."""
    return f"<script>{offline.get_plotlyjs()}</script>"


def image(figure: Any, text: str) -> str:
    """Return a picture as HTML for a page that has the `head`; parameters as of `charts.image`."""
    drawn = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"displaylogo": False, "typesetMath": False},
    )
    return f'<div role="img" aria-label="{escape(text)}">{drawn}</div>'


def _figure(title: str, *traces: Any) -> Any:
    return graph_objects.Figure(list(traces)).update_layout(
        title={"text": title, "font": {"size": 14}},
        font={"color": GREY},
        height=300,
        margin={"l": 50, "r": 20, "t": 40, "b": 40},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )
