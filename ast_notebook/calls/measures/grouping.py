"""Grouping by columns and by the clock: sums on the frame's own engine, a small frame of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals as nw
import pandas as pd

from ast_notebook.calls.engines import lazy, microseconds
from ast_notebook.calls.source import MICROSECOND
from ast_notebook.errors import ConfError

Zone = str | tzinfo
Rows = nw.LazyFrame[Any]

#: What one can group by besides the columns: the local time at which it began.
CLOCK = ("hour", "weekday", "day")
#: The offset of every time zone in use is a multiple of this (ISO 8601; the tz database).
QUARTER = 900 * MICROSECOND


def read(frame: Any, columns: Mapping[str, Any], times: Sequence[str]) -> Rows:
    """Take a user's frame: times in microseconds since 1970 UTC, and these columns at the least.

    Parameters
    ----------
    frame : frame
        In pandas, Polars, PyArrow, DuckDB or Spark.
    columns : mapping
        Columns and their types; one that is not there is missing everywhere.
    times : sequence of str
        Those of them that are times.
    """
    rows = microseconds(lazy(frame), times)
    schema = rows.collect_schema()
    if rows.implementation.is_pandas():
        # Arrow has whole numbers that are missing.
        rows = rows.collect("pyarrow").lazy()
    return rows.with_columns(
        *(
            nw.col(name).cast(kind) if name in schema else nw.lit(None, dtype=kind).alias(name)
            for name, kind in columns.items()
        )
    )


def gather(
    rows: Rows,
    by: Sequence[str],
    tz: Zone,
    sums: Mapping[str, nw.Expr],
    maxima: Mapping[str, nw.Expr] | None = None,
    *,
    count: str | None = None,
) -> pd.DataFrame:
    """Add up columns by groups, on the engine, and give a small frame with ``by`` in front.

    Parameters
    ----------
    rows : nw.LazyFrame
        As `read` gives it, with ``start`` where ``by`` has a word of `CLOCK`.
    by : sequence of str
        Columns, or words of `CLOCK`, of the zone ``tz``.
    sums, maxima : mapping
        What is added up, and what the greatest is wanted of, by the names in the result.
    count : str, optional
        What the number of rows is called in the result, where it stands first.

    Raises
    ------
    ConfError
        If there is no such column or zone.
    """
    maxima = maxima or {}
    check_zone(tz)
    if isinstance(by, str):
        raise ConfError(f"by takes several names: write by=({by!r},)")
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
    small: pd.DataFrame = total.collect("pyarrow").to_pandas()
    added_up, names = [*counts, *sums], [*counts, *values]
    for name in names:
        if _is_text(small[name]):  # sums of DuckDB's, which are decimals
            small[name] = pd.to_numeric(small[name])
    for name in keys:
        small[name] = small[name].astype("str") if _is_text(small[name]) else small[name]
    if clock:
        local = pd.to_datetime(small["slot"] * QUARTER, unit="us", utc=True).dt.tz_convert(tz)
        small["hour"], small["weekday"] = local.dt.hour, local.dt.day_of_week
        small["day"] = local.dt.normalize().dt.tz_localize(None)
        ways = dict.fromkeys(added_up, "sum") | dict.fromkeys(maxima, "max")
        small = small.groupby(list(by), dropna=False, as_index=False).agg(ways)
    small[added_up] = small[added_up].fillna(0)
    if not by:
        return small[names]
    return small[[*by, *names]].sort_values(list(by)).reset_index(drop=True)


def check_zone(tz: Zone) -> None:
    """Refuse a zone that there is not, in one line."""
    if isinstance(tz, str):
        try:
            ZoneInfo(tz)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfError(f"there is no zone {tz}: write one such as Europe/Berlin") from None


def _is_text(column: pd.Series) -> bool:
    return bool(pd.api.types.is_object_dtype(column.dtype))


def one(condition: nw.Expr) -> nw.Expr:
    """Return 1 where it is true, else 0."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def exact(value: object, name: str) -> Fraction:
    """Return the number that somebody wrote: 0.3 is three tenths, which no float is.

    Raises
    ------
    ConfError
        If it is none, or has no end.
    """
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ConfError(f"{name} is a number, not {value!r}") from None


def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Return part of whole; missing where there is no whole."""
    found: pd.Series = part.astype(float) / whole.astype(float).where(whole > 0)
    return found


def whole(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Make these columns whole numbers."""
    return frame.astype(dict.fromkeys(names, "int64"))
