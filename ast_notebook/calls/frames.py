"""The calls frame: its columns, their kinds, and how it is given back on each engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import materialise
from ast_notebook.calls.source import MICROSECOND

TIMES = ("start", "answered", "end")
SECONDS = ("ring", "wait", "talk", "hold", "billsec", "pdd")
#: Every column of a calls frame, in order, whatever it was made of.
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
    "gap",
    "source",
)
WHOLE = ("cause", "transfers", "legs")
_TEXT = frozenset(COLUMNS) - {*TIMES, *SECONDS, *WHOLE, "gap"}


def shape(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Pick the columns of a calls frame; durations become seconds, times stay microseconds."""
    return seconds(calls, SECONDS).select(
        *(
            nw.col(name).cast(nw.String)
            if name in _TEXT
            else nw.col(name).cast(nw.Int64)
            if name in (*TIMES, *WHOLE)
            else nw.col(name)
            for name in COLUMNS
        )
    )


def seconds(frame: nw.LazyFrame[Any], names: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Make seconds of microseconds."""
    return frame.with_columns(
        *(nw.col(name).cast(nw.Float64) / float(MICROSECOND) for name in names)
    )


def pandas(frame: pd.DataFrame, times: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    """Give a pandas frame its kinds: times of UTC, and whole numbers that may be missing."""
    kinds: dict[str, Any] = dict.fromkeys(whole, "Int64")
    for name in times:
        if not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True)
        kinds[name] = "datetime64[us, UTC]"
    for name in frame.columns:
        if pd.api.types.is_object_dtype(frame[name].dtype):
            kinds.setdefault(name, "str")
    return frame.astype(kinds)


def begun(frame: Any, since: datetime | None) -> Any:
    """Return the rows that began then or later; one without a zone is in local time.

    Parameters
    ----------
    frame : pandas.DataFrame or duckdb.DuckDBPyRelation
    since : datetime, optional
    """
    if since is None:
        return frame
    micro = _micro(since)
    if not isinstance(frame, pd.DataFrame):
        return frame.filter(f"start >= {micro}")
    moment = pd.Timestamp(micro, unit="us", tz="UTC")
    return frame[frame["start"] >= moment].reset_index(drop=True)


def lasting(frame: pd.DataFrame, since: datetime | None, times: tuple[str, str]) -> pd.DataFrame:
    """Return the rows that were not over then, with their times and ``seconds`` from then on.

    Parameters
    ----------
    frame : pandas.DataFrame
    since : datetime, optional
        As `begun` takes it.
    times : tuple of str
        The columns of their beginning and end; a missing beginning stays so.
    """
    if since is None:
        return frame
    start, end = times
    moment = pd.Timestamp(_micro(since), unit="us", tz="UTC")
    kept = frame[~(frame[end] <= moment)].reset_index(drop=True)
    kept[start] = kept[start].mask(kept[start] < moment, moment)
    kept["seconds"] = (kept[end] - kept[start]).dt.total_seconds()
    return kept


def _micro(moment: datetime) -> int:
    return round(pd.Timestamp(moment).to_pydatetime().timestamp() * MICROSECOND)


def give(
    parts: Sequence[nw.LazyFrame[Any]],
    *,
    like: Any,
    order: tuple[str, ...] = ("start", "call"),
    times: tuple[str, ...] = TIMES,
    whole: tuple[str, ...] = WHOLE,
) -> Any:
    """Return kept parts as one frame of the user's kind, times being times of UTC if they can be.

    DuckDB and Spark keep times as microseconds since 1970 UTC.
    """
    frame = nw.concat(parts, how="vertical")
    frame = frame.sort(*order)
    if frame.implementation.is_duckdb() or frame.implementation.is_pyspark():
        return materialise(frame).to_native()
    frame = frame.with_columns(*(nw.col(name).cast(nw.Datetime("us", "UTC")) for name in times))
    given = nw.from_native(like)
    if given.implementation.is_pandas():
        return pandas(frame.collect().to_pandas(), times, whole)
    return (frame if isinstance(given, nw.LazyFrame) else frame.collect()).to_native()
