"""The calls frame: its columns, their types, and how it is returned on each engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import Work, is_in_sql
from ast_notebook.moments import Moment, bounds
from ast_notebook.units import SECOND

TIMES = ("start", "answered", "end")
SECONDS = ("ring", "wait", "talk", "hold", "billsec", "pdd")
#: How the worst leg sounded; only events tell it.
VOICE = ("mos", "loss", "jitter", "rtt")
#: Every column of a calls frame, in order, whatever its source.
COLUMNS = (
    "call",
    "server",
    *TIMES,
    *SECONDS,
    "caller",
    "caller_name",
    "caller_device",
    "dialled",
    "did",
    "trunk",
    "answered_by",
    "answered_device",
    "direction",
    "disposition",
    "cause",
    "hangup_by",
    "queue",
    "transfers",
    "legs",
    "recording",
    "conference",
    *VOICE,
    "gap",
    "source",
)
WHOLE = ("cause", "transfers", "legs")
_TEXT = frozenset(COLUMNS) - {*TIMES, *SECONDS, *WHOLE, *VOICE, "gap"}


def shape(calls: nw.LazyFrame[Any], *more: str) -> nw.LazyFrame[Any]:
    """Pick the columns of a calls frame, and some more.

    Durations become seconds, times stay microseconds.
    """
    return seconds(calls, SECONDS).select(
        *(
            nw.col(name).cast(nw.String)
            if name in _TEXT
            else nw.col(name).cast(nw.Int64)
            if name in (*TIMES, *WHOLE)
            else nw.col(name).cast(nw.Float64)
            if name in VOICE
            else nw.col(name)
            for name in COLUMNS
        ),
        *more,
    )


def seconds(frame: nw.LazyFrame[Any], names: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Turn microseconds into seconds."""
    return frame.with_columns(*(nw.col(name).cast(nw.Float64) / float(SECOND) for name in names))


def pandas(frame: pd.DataFrame, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    """Give a pandas frame its types: times in UTC, and whole numbers that may be missing."""
    kinds: dict[str, Any] = dict.fromkeys(whole, "Int64")
    for name in times:
        if not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True)
        kinds[name] = "datetime64[us, UTC]"
    for name in frame.columns:
        if pd.api.types.is_object_dtype(frame[name].dtype):
            kinds.setdefault(name, "boolean" if name == "gap" else "str")
    return frame.astype(kinds)


def begun(frame: Any, since: Moment | None, until: Moment | None = None) -> Any:
    """Return the rows that began at `since` or later, and before the end of `until`.

    Parameters
    ----------
    frame : pandas.DataFrame or duckdb.DuckDBPyRelation
    since, until : datetime or str, optional
        A moment that names no zone is in local time; `until` includes the whole of a day or month.
    """
    first, last = bounds(since, until)
    if not isinstance(frame, pd.DataFrame):
        frame = frame if first is None else frame.filter(f"start >= {first}")
        return frame if last is None else frame.filter(f"start < {last}")
    if first is None and last is None:
        return frame
    wanted = pd.Series(True, frame.index)
    if first is not None:
        wanted &= frame["start"] >= pd.Timestamp(first, unit="us", tz="UTC")
    if last is not None:
        wanted &= frame["start"] < pd.Timestamp(last, unit="us", tz="UTC")
    return frame[wanted].reset_index(drop=True)


def lasting(
    frame: pd.DataFrame,
    since: Moment | None,
    times: tuple[str, str],
    until: Moment | None = None,
) -> pd.DataFrame:
    """Return the rows that overlap a period, with the parts outside of that period cut off.

    Parameters
    ----------
    frame : pandas.DataFrame
    since, until : datetime or str, optional
        As in `begun`.
    times : tuple of str
        The columns of their beginning and end; missing values stay missing.
    """
    start, end = times
    kept = frame
    begin, over = bounds(since, until)
    if begin is not None:
        first = pd.Timestamp(begin, unit="us", tz="UTC")
        kept = kept[~(kept[end] <= first)].reset_index(drop=True)
        kept[start] = kept[start].mask(kept[start] < first, first)
    if over is not None:
        last = pd.Timestamp(over, unit="us", tz="UTC")
        kept = kept[~(kept[start] >= last)].reset_index(drop=True)
        kept[end] = kept[end].mask(kept[end] > last, last)
    if since is not None or until is not None:
        kept["seconds"] = (kept[end] - kept[start]).dt.total_seconds()
    return kept


def give(
    parts: Sequence[nw.LazyFrame[Any]],
    work: Work,
    *,
    like: Any,
    order: tuple[str, ...] = ("start", "call"),
    times: tuple[str, ...] = TIMES,
    whole: tuple[str, ...] = WHOLE,
) -> Any:
    """Return kept parts as one frame of the user's kind, with times in UTC if the engine has such.

    DuckDB and Spark keep times as microseconds since 1970 UTC.
    """
    frame = nw.concat(parts, how="vertical")
    frame = frame.sort(*order)
    if is_in_sql(frame):
        return work.materialise(frame).to_native()
    frame = frame.with_columns(*(nw.col(name).cast(nw.Datetime("us", "UTC")) for name in times))
    if isinstance(like, pd.DataFrame):
        return pandas(frame.collect().to_pandas(), times, whole)
    is_lazy = isinstance(nw.from_native(like, pass_through=True), nw.LazyFrame)
    return (frame if is_lazy else frame.collect()).to_native()
