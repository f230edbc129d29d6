"""When calls began and ended, counted by steps on the frame's own engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import Rows, aggregate_by_group, one, read
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

_COLUMNS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "answered": nw.Int64,
    "talk": nw.Float64,
    "disposition": nw.String,
    "outcome": nw.String,
    "gap": nw.Boolean,
    "source": nw.String,
}


def edges_of(calls: Any, of: str, until: datetime | None, width: int) -> tuple[pd.DataFrame, int]:
    """Count starts and ends by steps.

    Returns
    -------
    pandas.DataFrame
        ``starts left_out undated from ends to``, with a row for each step in which something began
        or ended, by the number of the step. ``starts`` and ``ends`` count the rows of `calls` of
        which both are known. ``from`` adds up how many microseconds after the beginning of the step
        each of these starts is, and ``to`` does so for the ends. ``left_out`` counts rows with a
        known start and an unknown end. ``undated`` counts rows with an unknown start, in the step
        of their first known time.
    int
        How many rows have no known time at all, so that they are in no step.
    """
    if of not in ("calls", "talk"):
        raise ConfError(f"of = {of!r} is unknown: write calls or talk")
    rows = read(calls, _COLUMNS, ("start", "end", "answered"))
    has_begin, known = ~nw.col("begin").is_null(), ~nw.col("finish").is_null()
    rows = _spans(rows, of, until)
    counts = {"starts": known, "left_out": has_begin & ~known, "undated": ~has_begin}
    starts, nowhere = _counted(rows, "seen", "from", width, **counts)
    ends, _ = _counted(rows.filter(known), "finish", "to", width, ends=known)
    return starts.join(ends, how="outer").fillna(0).astype("int64").sort_index(), nowhere


def _spans(rows: Rows, of: str, until: datetime | None) -> Rows:
    """Return ``begin`` and ``finish`` of each counted row, and ``seen``, the first known of them.

    ``begin`` is missing if it is unknown, and ``finish`` is missing if either is unknown.
    """
    if until is None:
        last = rows.select(nw.max_horizontal("start", "end", "answered").max().alias("last"))
        found = collected(last)["last"].to_list()[0]
        limit = 0 if found is None else int(found)
    else:
        limit = int(pd.Timestamp(until).to_pydatetime().timestamp() * SECOND)
    # A log that is written at the end of each call, or knows only a part, does not tell active
    # calls.
    live = nw.coalesce("source", nw.lit("events")) == "events"
    still_up = nw.col("end").is_null() & live & ~nw.coalesce("gap", nw.lit(False))
    end = nw.when(still_up).then(nw.lit(limit)).otherwise(nw.col("end"))
    if of == "calls":
        begin, finish = nw.col("start"), end
    else:
        talked = ~nw.col("answered").is_null()
        outcome = nw.coalesce("disposition", "outcome")
        # A ringing call has no talk; the disposition of a call that is over may be unknown.
        unknown = outcome.is_null() & ~still_up
        rows = rows.filter(talked | (nw.coalesce(outcome, nw.lit("")) == "ANSWERED") | unknown)
        begin = nw.coalesce("answered", "start")
        spoken = (nw.col("talk") * SECOND).round().cast(nw.Int64)
        over = nw.col("answered") + spoken
        # Talk may have pauses, such as music on hold, and is never longer than the call.
        over = nw.when(over > nw.col("end")).then(nw.col("end")).otherwise(over)
        limit_of_talking = nw.when(still_up & talked).then(nw.lit(limit))
        finish = nw.coalesce(over, limit_of_talking)
    seen = nw.coalesce(begin, nw.col("answered"), nw.col("end"))
    spans = rows.select(begin.alias("begin"), finish.alias("finish"), seen.alias("seen"))
    later = nw.col("finish") >= nw.col("begin")
    known = ~nw.col("finish").is_null() & ~nw.col("begin").is_null()
    finish = nw.when(known & later).then(nw.col("finish")).when(known).then(nw.col("begin"))
    return spans.with_columns(finish.alias("finish"))


def _counted(
    rows: Rows, edge: str, into: str, width: int, **counts: nw.Expr
) -> tuple[pd.DataFrame, int]:
    """Count rows by the step that their edge is in, for each of `counts`.

    For the rows of the first count, it also adds up how far into its step each edge is. The second
    result is the number of rows without an edge, which are in no step.
    """
    rows = rows.with_columns((nw.col(edge) // width).alias("step"))
    sums: dict[str, nw.Expr] = {name: one(condition) for name, condition in counts.items()}
    offset = nw.col(edge) - nw.col("step") * width
    first = next(iter(counts.values()))
    sums[into] = nw.when(first).then(offset).otherwise(nw.lit(0))
    found = aggregate_by_group(rows, ("step",), "UTC", sums, count="rows")
    nowhere = int(found.loc[found["step"].isna(), "rows"].sum())
    found = found.drop(columns="rows").dropna(subset="step")
    return found.astype("int64").set_index("step"), nowhere
