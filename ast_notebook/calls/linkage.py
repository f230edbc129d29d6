"""Which channels are one call.

Asterisk gives every channel a linkedid, the uniqueid of the oldest channel that it has to do with,
and changes it when calls come together. Not always: those of an attended transfer may part ways
with two linkedids, and parking merges none. So every (uniqueid, linkedid) ever seen is an edge, and
so are the two calls named by an attended transfer, by a pickup and by somebody who fetches a parked
call. A conference is no edge: who meets there came by a call of his own. Nor is a linkedid that
somebody has of an agent who waits on the line (`pools`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np

from ast_notebook.calls.engines import keep, small
from ast_notebook.calls.pools import Pool
from ast_notebook.calls.source import Source

Codes = np.ndarray[Any, np.dtype[Any]]

#: Events that name two calls which are one from then on, and the headers they do it in.
_JOINTS = (
    ("AttendedTransfer", "origtransfererlinkedid", "secondtransfererlinkedid"),
    ("Pickup", "linkedid", "targetlinkedid"),
    ("UnParkedCall", "parkeelinkedid", "retrieverlinkedid"),
)


def linkage(source: Source, like: nw.LazyFrame[Any], pool: Pool) -> nw.LazyFrame[Any]:
    """Return ``linkedid`` and ``call``, a row for each linkedid that is not its call's.

    Only channels that had two linkedids come to the driver, which are few.

    Parameters
    ----------
    source : Source
    like : nw.LazyFrame
        Of the engine that the result is to be of.
    pool : Pool
        The agents that waited on the line.
    """
    seen = [_pairs(source, "uniqueid", "linkedid"), _pairs(source, "destuniqueid", "destlinkedid")]
    bounds = keep(
        nw.concat([_bounds(pairs) for pairs in seen], how="vertical")
        .group_by("uniqueid")
        .agg(nw.col("first").min(), nw.col("last").max())
    )
    # A channel with two linkedids ties them together; so does one that was somebody's linkedid
    # and has another itself.
    changed = keep(bounds.filter(nw.col("first") != nw.col("last")).select("uniqueid"))
    several = keep(
        nw.concat(
            [pairs.join(changed, on="uniqueid", how="semi") for pairs in seen], how="vertical"
        ).unique()
    )
    ids = nw.concat(
        [
            bounds.select(nw.col("first").alias("uniqueid")),
            several.select(nw.col("linkedid").alias("uniqueid")),
        ],
        how="vertical",
    ).unique()
    strays = (
        bounds.filter((nw.col("first") == nw.col("last")) & (nw.col("uniqueid") != nw.col("first")))
        .join(ids, on="uniqueid", how="semi")
        .select("uniqueid", "first")
    )
    edges = list(_rows(several)) + list(_rows(strays))
    for kind, one, other in _JOINTS:
        if source.has(one, other):
            edges += _rows(source.seldom.only(kind, one=one, other=other).select("one", "other"))
    own = [edge for edge in edges if pool.lent.isdisjoint(edge[1:])]
    return _frame(_oldest([*own, *pool.lenders.items()]), like)


def _pairs(source: Source, uniqueid: str, linkedid: str) -> nw.LazyFrame[Any]:
    """Return every linkedid that a channel had, as often as it is told."""
    pairs = source.with_value(uniqueid, uniqueid=uniqueid, linkedid=linkedid)
    return pairs.select("uniqueid", "linkedid").filter(~nw.col("linkedid").is_null())


def _bounds(pairs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    first, last = nw.col("linkedid").min().alias("first"), nw.col("linkedid").max().alias("last")
    return pairs.group_by("uniqueid").agg(first, last)


def _rows(frame: nw.LazyFrame[Any]) -> Iterable[tuple[str, str]]:
    for one, other in frame.collect().iter_rows():
        if isinstance(one, str) and isinstance(other, str):
            yield one, other


def age(uniqueid: str) -> tuple[float, int]:
    """Return what orders uniqueids by their age: text would put ``….10`` before ``….9``."""
    seconds, _, number = uniqueid.rpartition("-")[2].partition(".")
    try:
        return float(seconds), int(number or 0)
    except ValueError:
        return float("inf"), 0


def _oldest(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the oldest of all ids that each id is tied to."""
    above: dict[str, str] = {}

    def root(one: str) -> str:
        while (next_one := above.setdefault(one, one)) != one:
            above[one] = above[next_one]
            one = next_one
        return one

    for one, other in edges:
        first, second = sorted((root(one), root(other)), key=age)
        above[second] = first
    return {one: root(one) for one in above}


def joined(one: Codes, other: Codes, count: int) -> Codes:
    """Return the least of all codes that each is joined to, of so many codes.

    Parameters
    ----------
    one, other : numpy.ndarray
        Pairs of codes that belong together.
    count : int
        How many codes there are, from 0 on.
    """
    labels = np.arange(count, dtype=np.int32)
    while True:
        least = np.minimum(labels[one], labels[other])
        if (labels[one] == least).all() and (labels[other] == least).all():
            return labels
        for end in (labels[one], labels[other]):
            np.minimum.at(labels, end, least)
        labels = labels[labels]


def _frame(oldest: dict[str, str], like: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    changed = {one: call for one, call in oldest.items() if one != call}
    return small(
        {"linkedid": list(changed), "call": list(changed.values())},
        {"linkedid": nw.String, "call": nw.String},
        like,
    )
