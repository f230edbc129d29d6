"""Computes aggregates of events by channel: one row for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from ast_notebook.calls.engines import at_once
from ast_notebook.calls.quality import reports
from ast_notebook.calls.source import KINDS, NEEDED, ORDER, Source

#: This is added to each order. All of them then have the same number of digits, and their texts
#: sort like the numbers.
_DIGITS = 10**18
_WIDTH = len(str(_DIGITS))


def with_order(value: nw.Expr) -> nw.Expr:
    """Put an event's order before its text, so that the minimum of several texts is the first."""
    order = (nw.col(ORDER) + _DIGITS).cast(nw.String)
    return nw.concat_str([order, value])


def without_order(name: str) -> nw.Expr:
    """Return the texts of a column that `with_order` made, without the order."""
    return nw.col(name).str.slice(_WIDTH)


@dataclass(frozen=True)
class Aggregate:
    """One value for each channel, computed from events of one kind.

    Parameters
    ----------
    kind : str
        The name of the events.
    how : str
        How one value is made of several events. ``first`` and ``last`` are by time, and take only
        texts that are not missing.
    of : str
        The aggregated value: the time of the events, or one of their headers.
    where : narwhals.Expr, optional
        The condition that an event has to meet.
    """

    kind: str
    how: Literal["min", "max", "sum", "count", "first", "last"] = "min"
    of: str = "time"
    where: nw.Expr | None = None


def linked(source: Source) -> nw.LazyFrame[Any]:
    """Return every linkedid that a channel had: ``uniqueid linkedid``, and the least `ORDER`."""
    kinds = [kind for kind in KINDS if kind not in (*NEEDED, *reports.KINDS)]
    pairs = [
        source.only(kinds, uniqueid=uniqueid, linkedid=linkedid, **{ORDER: ORDER})
        for uniqueid, linkedid in (("uniqueid", "linkedid"), ("destuniqueid", "destlinkedid"))
    ]
    return source.work.keep(
        nw.concat(pairs, how="vertical")
        .filter(~nw.col("uniqueid").is_null() & ~nw.col("linkedid").is_null())
        .group_by("uniqueid", "linkedid")
        .agg(nw.col(ORDER).min())
    )


def aggregate_by_channel(
    source: Source, headers: dict[str, str], *, key: str = "uniqueid", **aggregates: Aggregate
) -> nw.LazyFrame[Any]:
    """Return ``uniqueid`` and the aggregates; a channel without such an event has none.

    Parameters
    ----------
    source : Source
    headers : dict
        The headers of the events, by the names that the aggregates use for them.
    key : str
        The header with the uniqueid of the channel.
    **aggregates : Aggregate
        The aggregates, by the names of their columns.
    """
    kinds = list(dict.fromkeys(aggregate.kind for aggregate in aggregates.values()))
    if source.few or not at_once(source.frame):
        # One pass over the events is enough here. Each further pass would cost as much, and would
        # need a shuffle on a cluster.
        return _grouped(source, kinds, headers, key, aggregates)
    # On this engine, every step copies all rows, so each kind of event is aggregated by itself.
    parts = [
        _grouped(
            source,
            [kind],
            headers,
            key,
            {k: aggregate for k, aggregate in aggregates.items() if aggregate.kind == kind},
        )
        for kind in kinds
    ]
    ids = nw.concat([part.select("uniqueid") for part in parts], how="vertical").unique()
    for part in parts:
        ids = ids.join(part, on="uniqueid", how="left")
    return ids


def _grouped(
    source: Source,
    kinds: list[str],
    headers: dict[str, str],
    key: str,
    aggregates: dict[str, Aggregate],
) -> nw.LazyFrame[Any]:
    rows = source.only(kinds, event="event", uniqueid=key, **headers, **{ORDER: ORDER}).filter(
        ~nw.col("uniqueid").is_null()
    )
    values, by, texts = [], [], []
    for name, aggregate in aggregates.items():
        of_kind = nw.col("event") == aggregate.kind
        where = of_kind if aggregate.where is None else of_kind & aggregate.where
        value, how = nw.col(aggregate.of), aggregate.how
        if aggregate.how in ("first", "last"):
            value, how = with_order(value), "min" if aggregate.how == "first" else "max"
            texts.append(name)
        values.append(nw.when(where).then(value).alias(name))
        by.append(getattr(nw.col(name), how)())
    found = rows.select("uniqueid", *values).group_by("uniqueid").agg(*by)
    return found.with_columns(without_order(name).alias(name) for name in texts) if texts else found
