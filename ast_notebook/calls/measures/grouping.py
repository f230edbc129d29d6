"""Grouping by columns and by the clock: sums on the frame's own engine, a small frame of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import collected, lazy, microseconds
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

Zone = str | tzinfo
Rows = nw.LazyFrame[Any]
#: The beginning and end of a time; None if unknown.
Edges = tuple[pd.Timestamp | None, pd.Timestamp | None]

#: Words to group by besides the columns: the local time of the start.
CLOCK = ("hour", "weekday", "day")
#: The offset of every time zone in use is a multiple of this (ISO 8601; the tz database).
QUARTER = 900 * SECOND
#: The columns by which numbers are compared.
NUMBERS = dict.fromkeys(
    ("caller", "caller_e164", "dialled", "dialled_e164", "dialled_number"), nw.String
)


def read(frame: Any, columns: Mapping[str, Any], times: Sequence[str]) -> Rows:
    """Return a user's frame with times in microseconds since 1970 UTC, and at least these columns.

    Parameters
    ----------
    frame : frame
        In pandas, Polars, PyArrow, DuckDB or Spark.
    columns : mapping
        Columns and their types; a column that the frame lacks has missing values.
    times : sequence of str
        Those of them that are times.
    """
    rows = microseconds(lazy(frame), times)
    schema = rows.collect_schema()
    if rows.implementation.is_pandas():
        # Arrow can have missing integers.
        rows = rows.collect("pyarrow").lazy()
    return rows.with_columns(
        *(
            nw.col(name).cast(kind) if name in schema else nw.lit(None, dtype=kind).alias(name)
            for name, kind in columns.items()
        )
    )


def with_keys(rows: Rows) -> Rows:
    """Add ``caller_key`` and ``dialled_key``: two spellings of a number have one key, if known."""
    return rows.with_columns(
        nw.coalesce("caller_e164", "caller").alias("caller_key"),
        nw.coalesce("dialled_e164", "dialled_number", "dialled").alias("dialled_key"),
    )


def aggregate_by_group(
    rows: Rows,
    by: Sequence[str],
    tz: Zone,
    sums: Mapping[str, nw.Expr],
    maxima: Mapping[str, nw.Expr] | None = None,
    *,
    count: str | None = None,
) -> pd.DataFrame:
    """Add up columns by groups, on the engine, and return a small frame that begins with ``by``.

    Parameters
    ----------
    rows : nw.LazyFrame
        A frame from `read`, with ``start`` if ``by`` has a word of `CLOCK`.
    by : sequence of str
        Columns, or words of `CLOCK` for the start in the zone ``tz``.
    sums, maxima : mapping
        The columns to add up, and to take the maximum of, by the names in the result.
    count : str, optional
        The name of a column with the number of rows, which comes before the sums.

    Raises
    ------
    ConfError
        If there is no such column or zone.
    """
    maxima = maxima or {}
    check_zone(tz)
    if isinstance(by, str):
        raise ConfError(f"by has to be a tuple or list of names: write by=({by!r},)")
    unknown = [name for name in by if name not in (*CLOCK, *rows.collect_schema())]
    if unknown:
        raise ConfError(
            f"there is no column {unknown[0]!r} to group by: take one of the frame's, or "
            f"{', '.join(CLOCK)}"
        )
    clock = [name for name in by if name in CLOCK]
    keys = [name for name in by if name not in CLOCK]
    slots = ["slot"] if clock else []
    if clock:
        rows = rows.with_columns((nw.col("start") // QUARTER).alias("slot"))
    values = {**sums, **maxima}
    counts = [] if count is None else [count]
    picked = rows.select(*keys, *slots, *(one.alias(name) for name, one in values.items()))
    added = [nw.len().alias(name) for name in counts]
    added += [nw.col(name).sum() for name in sums] + [nw.col(name).max() for name in maxima]
    total = picked.group_by(*keys, *slots).agg(*added) if keys or slots else picked.select(*added)
    small: pd.DataFrame = collected(total).to_pandas()
    added_up, names = [*counts, *sums], [*counts, *values]
    for name in names:
        if _is_text(small[name]):  # sums of DuckDB's, which are decimals
            small[name] = pd.to_numeric(small[name])
    for name in keys:
        small[name] = small[name].astype("str") if _is_text(small[name]) else small[name]
    if clock:
        local = _local(small["slot"], tz)
        small["hour"], small["weekday"] = local.dt.hour, local.dt.day_of_week
        # Some clocks change at midnight, so that there is none on that day, or there are two.
        small["day"] = local.dt.tz_localize(None).dt.normalize()
        ways = dict.fromkeys(added_up, "sum") | dict.fromkeys(maxima, "max")
        small = small.groupby(list(by), dropna=False, as_index=False).agg(ways)
    small[added_up] = small[added_up].fillna(0)
    if not by:
        return small[names]
    return small[[*by, *names]].sort_values(list(by)).reset_index(drop=True)


def quarters_of_week(rows: Rows, tz: Zone, known: Edges = (None, None)) -> pd.Series:
    """Count how often each hour of the week occurred while calls are known, in quarter hours.

    This time goes from the hour of the first start to that of the last, or from the known beginning
    to the known end. The hour that a clock change repeats counts twice, and the hour that it leaves
    out does not count. Quarters are counted, since the clocks of some zones change by half an hour.

    Parameters
    ----------
    rows : nw.LazyFrame
        A frame from `read`, with ``start``.
    tz : str or tzinfo
        The zone of the hours.
    known : tuple
        The beginning and end of the time of which all calls are known; None if unknown.

    Returns
    -------
    pandas.Series
        By ``weekday`` (0 is Monday) and ``hour``; an hour that did not occur is not in it.
    """
    start = nw.col("start")
    ends = rows.select(start.min().alias("first"), start.max().alias("last"))
    first, last = ends.collect("pyarrow").to_pandas().iloc[0]
    slots = []
    if not pd.isna(first):
        begin, end = (None if one is None else int(one.timestamp() * SECOND) for one in known)
        first = int(first) if begin is None else begin
        last = int(last) if end is None else end - 1
        slots = [first // QUARTER, last // QUARTER]
        into, later = (_local(pd.Series(slots), tz).dt.minute // 15).to_list()
        slots = list(range(slots[0] - into, slots[1] + 4 - later))
    local = _local(pd.Series(slots, dtype="int64"), tz)
    hours = pd.DataFrame({"weekday": local.dt.day_of_week, "hour": local.dt.hour})
    return hours.groupby(["weekday", "hour"]).size()


def _local(slots: pd.Series, tz: Zone) -> pd.Series:
    """Return when quarters of an hour begin, by the clock of a zone.

    Each quarter is given by its number, counted since 1970 UTC.
    """
    return pd.to_datetime(slots * QUARTER, unit="us", utc=True).dt.tz_convert(tz)


def check_zone(tz: Zone) -> None:
    """Refuse an unknown zone with an error of one line."""
    if isinstance(tz, str):
        try:
            ZoneInfo(tz)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfError(f"there is no zone {tz}: write one such as Europe/Berlin") from None


def _is_text(column: pd.Series) -> bool:
    return bool(pd.api.types.is_object_dtype(column.dtype))


def one(condition: nw.Expr) -> nw.Expr:
    """Return 1 where a condition is true, and 0 where it is false or missing."""
    # Of a literal, as in when and otherwise, Arrow makes a whole column each time.
    return condition.fill_null(value=False).cast(nw.Int64)


def not_over(undecided: nw.Expr) -> nw.Expr:
    """Return whether a call has no outcome because it is not over, as far as its source tells.

    A CDR is written when a call is over, and a CEL may tell no ends. A queue_log does not tell the
    end of a call that began before it, and a lost connection may hide an end.

    Parameters
    ----------
    undecided : nw.Expr
        Whether it has no outcome; ``start``, ``end``, ``gap`` and ``source`` are to be there.
    """
    source = nw.col("source").fill_null("events")
    endless = undecided & nw.col("end").is_null() & ~nw.col("gap").fill_null(value=False)
    logged = (source == "queue_log") & ~nw.col("start").is_null()
    return endless & ((source == "events") | logged)


def exact(value: object, name: str) -> Fraction:
    """Return a number exactly as it is written: 0.3 is three tenths, which no float is.

    Raises
    ------
    ConfError
        If it is no number, or is infinite.
    """
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ConfError(f"{name} has to be a number, not {value!r}") from None


def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Return a part divided by its whole; missing if the whole is zero."""
    found: pd.Series = part.astype(float) / whole.astype(float).where(whole > 0)
    return found


def whole(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Make these columns whole numbers."""
    return frame.astype(dict.fromkeys(names, "int64"))
