"""What events tell of channels, gathered to a row a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from ast_notebook.calls.engines import at_once
from ast_notebook.calls.source import ORDER, Source

#: What makes each order a number of as many digits, so that texts of them sort as they do.
_DIGITS = 10**18
_WIDTH = len(str(_DIGITS))


def dated(value: nw.Expr) -> nw.Expr:
    """Put the order of its event before a text: the least of several is then the first one."""
    order = (nw.col(ORDER) + _DIGITS).cast(nw.String)
    return nw.concat_str([order, value])


def undated(name: str) -> nw.Expr:
    """Return the text that `dated` put an order before."""
    return nw.col(name).str.slice(_WIDTH)


@dataclass(frozen=True)
class Fact:
    """One thing that the events of one kind tell of a channel.

    Parameters
    ----------
    kind : str
        The event.
    how : str
        How several such events make one value; the first and the last are so in time, and only
        of those that have a value, which is a text.
    of : str
        What of them: their time, or a header.
    where : narwhals.Expr, optional
        Only events of which this is true.
    """

    kind: str
    how: Literal["min", "max", "sum", "count", "first", "last"] = "min"
    of: str = "time"
    where: nw.Expr | None = None


def gather(
    source: Source, headers: dict[str, str], *, key: str = "uniqueid", **facts: Fact
) -> nw.LazyFrame[Any]:
    """Return ``uniqueid`` and these facts, missing where no event tells them.

    Parameters
    ----------
    source : Source
    headers : dict
        The headers that the facts speak of, under the names by which they do.
    key : str
        The header with the uniqueid of whom the events tell something.
    **facts : Fact
        By the names of their columns.
    """
    kinds = list(dict.fromkeys(fact.kind for fact in facts.values()))
    if source.few or not at_once(source.frame):
        # One way through the events: each of several costs as much, and a shuffle on a cluster.
        return _grouped(source, kinds, headers, key, facts)
    # But where every step is a copy of all rows, only those that are told of something.
    parts = [
        _grouped(
            source,
            [kind],
            headers,
            key,
            {k: fact for k, fact in facts.items() if fact.kind == kind},
        )
        for kind in kinds
    ]
    ids = nw.concat([part.select("uniqueid") for part in parts], how="vertical").unique()
    for part in parts:
        ids = ids.join(part, on="uniqueid", how="left")
    return ids


def _grouped(
    source: Source, kinds: list[str], headers: dict[str, str], key: str, facts: dict[str, Fact]
) -> nw.LazyFrame[Any]:
    rows = source.only(kinds, event="event", uniqueid=key, **headers, **{ORDER: ORDER}).filter(
        ~nw.col("uniqueid").is_null()
    )
    told, by, texts = [], [], []
    for name, fact in facts.items():
        of_kind = nw.col("event") == fact.kind
        where = of_kind if fact.where is None else of_kind & fact.where
        value, how = nw.col(fact.of), fact.how
        if fact.how in ("first", "last"):
            value, how = dated(value), "min" if fact.how == "first" else "max"
            texts.append(name)
        told.append(nw.when(where).then(value).alias(name))
        by.append(getattr(nw.col(name), how)())
    found = rows.select("uniqueid", *told).group_by("uniqueid").agg(*by)
    return found.with_columns(undated(name).alias(name) for name in texts) if texts else found
