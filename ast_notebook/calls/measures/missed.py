"""Missed calls: who called in vain, how often, when, and whether he was reached later."""

from __future__ import annotations

import re
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.disposition import is_missed
from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import NUMBERS, read, with_keys

_COLUMNS = {
    "start": nw.Int64,
    **NUMBERS,
    "direction": nw.String,
    "disposition": nw.String,
    "source": nw.String,
}


def missed(calls: Any, n: int = 10) -> pd.DataFrame:
    """Return who called in vain, those with the most missed calls first.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine. `summary` says which calls are missed; calls with an unknown
        outcome are not among them.
    n : int
        How many callers are returned.

    Returns
    -------
    pandas.DataFrame
        ``caller``, ``missed`` (how many calls), the ``first`` and the ``last`` of them, and
        ``reached``. The last row, after the ``n`` callers, has the calls without a number, whose
        caller is missing. Times are in UTC.

        reached
            When that number was next in a call that somebody answered, after the last missed
            one, whoever called. It is missing if these calls have none, and if the caller's text
            has no digit, such as ``anonymous``, which may be anybody. Numbers are compared as
            `unreturned` does.
    """
    rows = with_keys(read(calls, _COLUMNS, ("start",)))
    start = nw.col("start")
    found = (
        rows.filter(is_missed())
        .group_by("caller", "caller_key")
        .agg(nw.len().alias("missed"), start.min().alias("first"), start.max().alias("last"))
    )
    every = collected(found).to_pandas().astype({"caller": "str", "missed": "int64"})
    every = every.sort_values(["missed", "last", "caller"], ascending=[False, False, True])
    known = every["caller"].notna()
    table = pd.concat([every[known].head(n), every[~known]]).reset_index(drop=True)
    names = table["caller_key"].dropna().tolist() or [""]
    answered = rows.filter(nw.coalesce("disposition", nw.lit("")) == "ANSWERED")
    talks = answered.filter(nw.col("caller_key").is_in(names) | nw.col("dialled_key").is_in(names))
    small = collected(talks.select("start", "caller_key", "dialled_key")).to_pandas()
    long = pd.concat(
        [
            small[["start", side]].set_axis(["start", "number"], axis=1)
            for side in ("caller_key", "dialled_key")
        ]
    )
    keys = table.pop("caller_key")
    table["reached"] = [
        _after(long, key, last) for key, last in zip(keys, table["last"], strict=True)
    ]
    for name in ("first", "last", "reached"):
        table[name] = pd.to_datetime(table[name].astype("Int64"), unit="us", utc=True)
    return table


def _after(talks: pd.DataFrame, number: Any, last: Any) -> int | None:
    """Return when a number was first in a talk after a moment."""
    if pd.isna(number) or pd.isna(last) or re.search("[0-9]", number) is None:
        return None  # `anonymous` and the like may be somebody else each time
    later = talks["start"][(talks["number"] == number) & (talks["start"] > last)]
    return int(later.min()) if len(later) else None
