"""Compares two periods, and tells which differences are more than chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.calls.disposition import is_missed, may_be_elsewhere
from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures import chance
from ast_notebook.calls.measures.grouping import Rows, not_over, read
from ast_notebook.calls.measures.summary import COLUMNS as OF_SUMMARY
from ast_notebook.calls.measures.summary import summary
from ast_notebook.errors import ConfError

#: The level of significance: one false alarm in twenty comparisons.
LEVEL = 0.05

_COLUMNS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "direction": nw.String,
    "disposition": nw.String,
    "gap": nw.Boolean,
    "source": nw.String,
    "talk": nw.Float64,
    "wait": nw.Float64,
    "ring": nw.Float64,
}
#: The measures of time, each with the disposition of its calls; None means calls of any.
_LASTING = {"talk": "ANSWERED", "wait": None, "ring": None}


class _Row(NamedTuple):
    measure: str
    unit: str
    now: float
    before: float
    calls: int
    calls_before: int
    p: float
    test: str


def compare(calls: Any, before: Any, *, lengths: tuple[float, float] = (1.0, 1.0)) -> pd.DataFrame:
    """Compare the calls of two periods, and tell which differences are more than chance.

    Parameters
    ----------
    calls, before : frame
        Two calls frames of any engine. They should be of periods that are alike, such as two weeks.
    lengths : tuple of float
        How long the two periods lasted, in any unit; counts are compared by the rates that this
        makes. By default, both lasted equally long.

    Returns
    -------
    pandas.DataFrame
        A row for each measure:

        - str: ``measure``, its ``unit`` (``calls``, ``share`` or ``s``), and the ``test``
        - float64: ``now`` and ``before``, the ``difference`` between them (of counts, after
          `before` is brought to the length of `calls`), the ``ratio`` of both, and ``p``, the
          probability of a difference at least as large by chance alone
        - int64: ``calls`` and ``calls_before``, on which the two values rest
        - boolean: ``significant``: whether p, corrected for the number of rows by Holm's method, is
          below 0.05

        Values that are unknown, as `summary` has it, are missing, and so are ``p`` and
        ``significant`` if there are too few calls to tell.

        calls, inbound, outbound
            Counts; test ``rate ratio``: the conditional test of two Poisson rates (Przyborowski and
            Wilenski 1940). It assumes that calls are independent of each other, so it does not take
            the effect of a holiday in one of the periods for chance.
        answered, busy, abandoned, failed
            Shares of all calls with a disposition.
        missed
            The share of calls from outside that nobody answered, as in `unreturned`.
        talk, wait, ring
            Medians, in seconds: of the talk of answered calls, of the wait in queues, and of the
            time that telephones rang. Test ``Mann-Whitney`` (1947).

        Shares are tested by ``two proportions`` (the pooled z test) or, where fewer than 5 calls
        are expected in a cell, by ``Fisher``'s exact test.

    Raises
    ------
    ConfError
        If `lengths` are not two positive numbers.

    Examples
    --------
    >>> week, last = calls[calls["start"] >= monday], calls[calls["start"] < monday]
    >>> measures.compare(week, last).query("significant")
    """
    if len(lengths) != 2 or not all(0 < one < math.inf for one in lengths):
        raise ConfError(
            f"lengths have to be two positive numbers, such as (5, 7), and not {lengths!r}"
        )
    calls, before = (_picked(frame) for frame in (calls, before))
    rows = [*_counts(calls, before, lengths), *_shares(calls, before), *_lasting(calls, before)]
    found = pd.DataFrame(rows, columns=_Row._fields)
    counts = found["unit"] == "calls"
    alike = found["before"].where(~counts, found["before"] * lengths[0] / lengths[1])
    found["difference"] = found["now"] - alike
    found["ratio"] = found["now"] / alike.where(alike > 0)
    corrected = pd.Series(chance.holm(found["p"].tolist()), found.index)
    found["significant"] = (corrected < LEVEL).astype("boolean").mask(corrected.isna())
    kinds: dict[str, Any] = dict.fromkeys(("measure", "unit", "test"), "str")
    kinds |= dict.fromkeys(("calls", "calls_before"), "int64")
    found["test"] = found["test"].mask(found["p"].isna(), None)
    names = ["measure", "unit", "now", "before", "difference", "ratio", "p", "test"]
    return found[[*names, "significant", "calls", "calls_before"]].astype(kinds)


def _picked(frame: Any) -> Rows:
    """Return a frame with the columns that are needed, brought to the engine's own form once."""
    if isinstance(frame, pd.DataFrame):
        frame = frame[[name for name in frame.columns if name in {*_COLUMNS, *OF_SUMMARY}]]
    return read(frame, _COLUMNS, ("start", "end"))


def _counts(calls: Any, before: Any, lengths: tuple[float, float]) -> Iterator[_Row]:
    now, then = (_directions(frame) for frame in (calls, before))
    for name in ("calls", "inbound", "outbound"):
        one, other = now[name], then[name]
        if one is None or other is None:
            yield _Row(name, "calls", math.nan, math.nan, 0, 0, math.nan, "")
        else:
            p = chance.rate_ratio(one, other, *lengths)
            yield _Row(name, "calls", one, other, one, other, p, "rate ratio")


def _directions(calls: Any) -> dict[str, int | None]:
    """Count the calls, and those of each direction; None if a call's direction is unknown."""
    rows = read(calls, _COLUMNS, ("start",))
    counted = rows.group_by("direction").agg(nw.len().alias("calls"))
    by = {row["direction"]: int(row["calls"]) for row in collected(counted).rows(named=True)}
    found: dict[str, int | None] = {"calls": sum(by.values())}
    for name in ("inbound", "outbound"):
        found[name] = None if by.get(None) else by.get(name, 0)
    return found


def _shares(calls: Any, before: Any) -> Iterator[_Row]:
    pairs = [summary(frame).iloc[0] for frame in (calls, before)]
    wanted: dict[str, Callable[[pd.Series], tuple[int, int] | None]] = {
        "answered": _answered,
        "busy": lambda one: _of_decided(one, "busy"),
        "abandoned": lambda one: _of_decided(one, "abandoned"),
        "failed": lambda one: None if pd.isna(one["ner"]) else _of_decided(one, "failed"),
    }
    for name, look in wanted.items():
        yield _share(name, *(look(one) for one in pairs))
    yield _share("missed", *(_missed(frame) for frame in (calls, before)))


def _answered(one: pd.Series) -> tuple[int, int] | None:
    return None if pd.isna(one["asr"]) else _of_decided(one, "answered")


def _of_decided(one: pd.Series, name: str) -> tuple[int, int] | None:
    """Return how many of the calls that are over had a disposition; None if some are unknown."""
    return None if one["unknown"] else (int(one[name]), int(one["calls"] - one["up"]))


def _missed(calls: Any) -> tuple[int, int] | None:
    """Return how many calls from outside nobody took; None if some call's kind is unknown."""
    rows = read(calls, _COLUMNS, ("start", "end"))
    rows = rows.filter(~not_over(nw.col("disposition").is_null()))
    unknown = nw.col("disposition").is_null() | may_be_elsewhere()
    of_call = {"missed": is_missed(), "unknown": unknown}
    counted = rows.with_columns(**of_call).group_by("direction", *of_call)
    of_all = missed = 0
    for row in collected(counted.agg(nw.len().alias("calls"))).rows(named=True):
        if row["direction"] is None or (row["direction"] == "inbound" and row["unknown"]):
            return None
        if row["direction"] == "inbound":
            of_all += row["calls"]
            missed += row["calls"] if row["missed"] else 0
    return missed, of_all


def _share(name: str, now: tuple[int, int] | None, then: tuple[int, int] | None) -> _Row:
    p, test = chance.shares(*now, *then) if now and then else (math.nan, "")
    (part, of_now), (part_then, of_then) = now or (0, 0), then or (0, 0)
    is_now = part / of_now if of_now else math.nan
    was_then = part_then / of_then if of_then else math.nan
    return _Row(name, "share", is_now, was_then, of_now, of_then, p, test)


def _lasting(calls: Any, before: Any) -> Iterator[_Row]:
    rows = [read(frame, _COLUMNS, ("start",)) for frame in (calls, before)]
    for name, disposition in _LASTING.items():
        one, other = (_seconds(frame, name, disposition) for frame in rows)
        p = chance.mann_whitney(one, other)
        now, then = (float(np.median(lot)) if len(lot) else math.nan for lot in (one, other))
        yield _Row(name, "s", now, then, len(one), len(other), p, "Mann-Whitney")


def _seconds(rows: Rows, name: str, disposition: str | None) -> np.ndarray:
    if disposition is not None:
        rows = rows.filter(nw.col("disposition") == disposition)
    known = rows.filter(~nw.col(name).is_null()).select(name).collect("pyarrow")
    found = known[name].to_numpy()
    # Engines differ in the last digits of seconds; rounded, equal values are equal everywhere.
    return np.round(found[~np.isnan(found)], 6)
