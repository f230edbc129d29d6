"""`ShownFrame`: a pandas frame whose display shows first what people look for first."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

import pandas as pd

from ast_notebook.show import NO_MATH, escape, plain, table
from ast_notebook.views import lines
from ast_notebook.views.words import text, zone_name
from ast_notebook.zone import named_zone, people_zone

#: Columns of a view by their headings, each with a text for each row.
Columns = Mapping[str, list[str]]

_SUMMARY = "margin: 6px; cursor: pointer"


@dataclass(frozen=True)
class View:
    """How a frame is displayed.

    Attributes
    ----------
    what : str
        The word for its rows, such as ``calls``.
    draw : callable
        It is called with some of the rows and a zone, and returns the columns that show them.
    empty : str
        The text for a frame without rows: it says so, and what to do.
    zone : tzinfo or None
        The zone of the shown times; by default, that of `use_zone`.
    """

    what: str
    draw: Callable[[pd.DataFrame, tzinfo], Columns]
    empty: str = ""
    zone: tzinfo | None = None


class ShownFrame(pd.DataFrame):
    """A pandas frame with many columns, whose display shows first what people look for first.

    It differs from a DataFrame only in how a notebook or a terminal shows it. Copies, pickles,
    selections and results computed from it are plain pandas frames. Columns that a user adds are
    shown, too. If columns that its view needs are missing, pandas shows it in its own way.

    Parameters
    ----------
    frame : pandas.DataFrame
    view : View
    """

    _view: View | None = None
    _first: frozenset[Any] = frozenset()

    def __init__(self, frame: pd.DataFrame, view: View | None) -> None:
        init: Any = super().__init__  # pandas' stubs have `__new__` only
        init(frame)
        self.attrs.update(frame.attrs)
        object.__setattr__(self, "_view", view)
        object.__setattr__(self, "_first", frozenset(frame.columns))

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def __reduce_ex__(self, protocol: Any) -> Any:
        return copy.copy, (self.frame,)

    @property
    def frame(self) -> pd.DataFrame:
        """The same rows as a plain pandas frame, which shows all columns, ids and times in UTC."""
        plain_frame = pd.DataFrame(self)
        plain_frame.attrs.update(self.attrs)
        return plain_frame

    def in_zone(self, zone: str | None) -> ShownFrame:
        """Return the same frame, which shows times by the clock of a zone."""
        if zone is None or self._view is None:
            return self
        return ShownFrame(self.frame, replace(self._view, zone=named_zone(zone)))

    def with_rows(self, frame: pd.DataFrame) -> ShownFrame:
        """Return another frame with the same columns, which is displayed as this one is."""
        return ShownFrame(frame, self._view)

    def __repr__(self) -> str:
        whole = self.frame
        shown = self._shown(whole)
        if shown is None:
            return repr(whole)
        view, rows, columns = shown
        if not len(self):
            return "\n".join(lines.folded(view.empty or f"no {view.what}", lines.width()))
        below = f"{self._caption(view, len(rows))}. All {len(self.columns)} columns: .frame"
        most = lines.width()
        drawn = lines.lines(columns, most)
        return "\n".join([drawn, *lines.folded(below, most)])

    def _repr_html_(self) -> Any:
        if not pd.get_option("display.notebook_repr_html"):
            return None
        theirs: Any = vars(pd.DataFrame)["_repr_html_"]
        if not str(theirs.__module__).startswith("pandas."):
            return theirs(self)  # a library such as itables, which shows all frames
        whole = self.frame
        shown = self._shown(whole)
        if shown is None:
            return theirs(whole)
        view, rows, columns = shown
        if not len(self):
            return f"<p>{escape(view.empty or f'no {view.what}')}</p>"
        drawn = table(list(columns), zip(*columns.values(), strict=True))
        with pd.option_context("display.max_colwidth", None):
            behind = plain(rows.to_html(max_cols=None, notebook=True, border=0))
        return (
            f'<div class="{NO_MATH}"><div style="overflow-x: auto">{drawn}</div>'
            f'<details><summary style="{_SUMMARY}">{escape(self._caption(view, len(rows)))}. '
            f"All {len(self.columns)} columns, with ids</summary>"
            f'<div style="overflow-x: auto">{behind}</div></details></div>'
        )

    def _shown(self, whole: pd.DataFrame) -> tuple[View, pd.DataFrame, Columns] | None:
        """Return the view, the rows to show, and their columns; None if pandas shows the frame."""
        view = self._view
        if view is None:
            return None
        rows = whole
        if len(whole) > pd.get_option("display.max_rows"):
            rows = whole.tail(2 * (pd.get_option("display.min_rows") or 10))
        try:
            columns = dict(view.draw(rows, view.zone or people_zone()))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None  # somebody has changed the columns in place
        for name in whole.columns:
            if name not in self._first:
                columns[str(name)] = [text(value) for value in rows[name]]
        return view, rows, columns

    def _caption(self, view: View, shown: int) -> str:
        """Return a line that says how many rows there are, and in which zone the times are."""
        cut = ""
        if shown < len(self):
            all_rows = f"pandas.options.display.max_rows = {len(self)} shows all"
            cut = f", of which these are the last {shown} ({all_rows})"
        return f"{view.what}: {len(self):,}{cut}; times in {zone_name(view.zone or people_zone())}"
