"""Finds rows whose time includes a lost connection, on every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np

from ast_notebook.calls.engines import Work, is_in_sql, lazy

_SINCE, _NEXT, _BEFORE = "gaps since", "gaps next", "gaps before"
#: Later than any moment, and earlier.
_NEVER, _EVER = 1 << 62, -(1 << 62)

Span = tuple[nw.Expr, nw.Expr]


def with_gaps(
    rows: nw.LazyFrame[Any], lost: Sequence[int], work: Work, **spans: Span
) -> nw.LazyFrame[Any]:
    """Add columns that say whether any of the moments of `lost` is between two others.

    Parameters
    ----------
    rows : nw.LazyFrame
        The rows, with times in microseconds.
    lost : sequence of int
        When a connection was lost, in any order.
    work : Work
        The computation that this is a part of.
    **spans : tuple of nw.Expr
        For each new column, the two moments. A missing first one is before all moments, and a
        missing second one is after all.
    """
    if not lost:
        return rows.with_columns(nw.lit(False).alias(name) for name in spans)
    moments = sorted(set(lost))
    # Only the first gap at or after the beginning of a span matters, so that the number of
    # conditions does not grow with the number of gaps.
    rows = rows.with_columns(
        nw.coalesce(since.cast(nw.Int64), nw.lit(moments[0])).alias(f"{_SINCE} {name}")
        for name, (since, _) in spans.items()
    )
    found = _next(rows, moments, work, list(spans))
    return found.with_columns(
        (
            (nw.col(f"{_NEXT} {name}") != _NEVER)
            & (until.is_null() | (until >= nw.col(f"{_NEXT} {name}")))
        ).alias(name)
        for name, (_, until) in spans.items()
    ).drop([f"{front} {name}" for front in (_SINCE, _NEXT) for name in spans])


def _next(
    rows: nw.LazyFrame[Any], moments: list[int], work: Work, names: list[str]
) -> nw.LazyFrame[Any]:
    """Add for each name the first of the moments at or after the row's; `_NEVER` if none is."""
    if is_in_sql(rows):
        data = {_BEFORE: [_EVER, *moments], _NEXT: [*moments, _NEVER]}
        small = work.small(data, {_BEFORE: nw.Int64, _NEXT: nw.Int64}, rows)
        for name in names:
            one = small.rename({_BEFORE: f"{_BEFORE} {name}", _NEXT: f"{_NEXT} {name}"})
            rows = _between(rows, one, name)
        return rows
    whole = rows.collect()
    ends = np.array([*moments, _NEVER], np.int64)
    return whole.with_columns(
        nw.new_series(
            f"{_NEXT} {name}",
            ends[np.searchsorted(ends[:-1], whole[f"{_SINCE} {name}"].to_numpy())],
            nw.Int64,
            backend=whole.implementation,
        )
        for name in names
    ).lazy()


def _between(rows: nw.LazyFrame[Any], small: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Join each row with the span between gaps that it begins in; narwhals has no such join."""
    since, before, after = (f"{front} {name}" for front in (_SINCE, _BEFORE, _NEXT))
    left, right = rows.to_native(), small.to_native()
    if rows.implementation.is_duckdb():
        inside = f'"{since}" > "{before}" AND "{since}" <= "{after}"'
        joined = left.set_alias("rows").join(right.set_alias("gaps"), inside, "inner")
    else:
        inside = (left[since] > right[before]) & (left[since] <= right[after])
        joined = left.join(right.hint("broadcast"), inside, "inner")
    return lazy(joined).drop(before)
