"""Writes the values of a report: shares, lengths of time, and differences with a sign."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook import show

#: The text for a missing value.
MISSING = "-"


def count(number: Any) -> str:
    """Return a whole number with separated thousands."""
    return MISSING if pd.isna(number) else f"{number:,.0f}"


def share(part: float) -> str:
    """Return a share in percent."""
    return MISSING if pd.isna(part) else f"{part:.1%}"


def traffic(erlangs: float) -> str:
    """Return traffic in erlangs."""
    return MISSING if pd.isna(erlangs) else f"{erlangs:.2f} E"


def span(seconds: float) -> str:
    """Return a length of time."""
    return MISSING if pd.isna(seconds) else show.span(seconds)


#: The function that writes values of each kind.
WRITTEN = {"count": count, "share": share, "traffic": traffic, "span": span}


def difference(kind: str, value: float, before: float) -> str:
    """Return the text for the difference between a value and an earlier one, with a sign.

    Parameters
    ----------
    kind : str
        One of `WRITTEN`. The difference of shares is in percentage points.
    value, before : float
        If one of them is missing, the difference is missing, too.
    """
    more = value - before
    if pd.isna(more):
        return MISSING
    size = f"{abs(more) * 100:.1f} points" if kind == "share" else WRITTEN[kind](abs(more))
    shown = show.signed(more, size)
    if kind == "count" and before > 0:
        shown += f" ({show.signed(more, share(abs(more) / before))})"
    return shown
