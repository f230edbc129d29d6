"""Finds out which linkedids are one call.

Asterisk gives every channel a linkedid, the uniqueid of the oldest channel to which it is related,
and changes it when calls come together. But this does not always happen: an attended transfer may
leave two linkedids, and parking merges none. So every pair (uniqueid, linkedid) that occurs joins
the two, and the two calls of an attended transfer, of a pickup, and of a fetched parked call are
joined, too. A conference does not join calls: each participant is in a call of his own. A linkedid
that came from an agent who waits on the line (`pools`) does not join calls, either.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np

from ast_notebook.calls.engines import Work
from ast_notebook.calls.pools import AgentChannels
from ast_notebook.calls.source import Source

Codes = np.ndarray[Any, np.dtype[Any]]

#: Events by which two calls become one, and the headers that name them.
_JOINTS = (
    ("AttendedTransfer", "origtransfererlinkedid", "secondtransfererlinkedid"),
    ("Pickup", "linkedid", "targetlinkedid"),
    ("UnParkedCall", "parkeelinkedid", "retrieverlinkedid"),
)


def calls_by_linkedid(
    source: Source,
    pairs: nw.LazyFrame[Any],
    like: nw.LazyFrame[Any],
    agent_channels: AgentChannels,
) -> nw.LazyFrame[Any]:
    """Return ``linkedid`` and ``call``, a row for each linkedid that is not the id of its call.

    Only the channels that had two linkedids, which are few, are processed in Python.

    Parameters
    ----------
    source : Source
    pairs : nw.LazyFrame
        The linkedids of channels (`aggregates.linked`).
    like : nw.LazyFrame
        A frame on the engine of the result.
    agent_channels : AgentChannels
        The channels of the agents who waited on the line.
    """
    pairs, keep = pairs.select("uniqueid", "linkedid"), source.work.keep
    first, last = nw.col("linkedid").min().alias("first"), nw.col("linkedid").max().alias("last")
    bounds = keep(pairs.group_by("uniqueid").agg(first, last))
    # A channel with two linkedids joins them; so does one that was somebody's linkedid
    # and has another itself.
    changed = bounds.filter(nw.col("first") != nw.col("last"))
    several = keep(pairs.join(changed, on="uniqueid", how="semi"))
    ids = nw.concat(
        [
            bounds.select(nw.col("first").alias("uniqueid")),
            several.select(nw.col("linkedid").alias("uniqueid")),
        ],
        how="vertical",
    )
    strays = (
        bounds.filter((nw.col("first") == nw.col("last")) & (nw.col("uniqueid") != nw.col("first")))
        .join(ids, on="uniqueid", how="semi")
        .select("uniqueid", "first")
    )
    edges = list(_rows(several)) + list(_rows(strays))
    for kind, one, other in _JOINTS:
        if source.has(one, other):
            edges += _rows(
                source.rare_events.only(kind, one=one, other=other).select("one", "other")
            )
    own = [edge for edge in edges if agent_channels.shared_linkedids.isdisjoint(edge[1:])]
    return _frame(oldest([*own, *agent_channels.replacements.items()]), like, source.work)


def _rows(frame: nw.LazyFrame[Any]) -> Iterable[tuple[str, str]]:
    for one, other in frame.collect().iter_rows():
        if isinstance(one, str) and isinstance(other, str):
            yield one, other


def age(uniqueid: str) -> tuple[float, int]:
    """Return the sort key of uniqueids by age; as text, ``….10`` would come before ``….9``."""
    seconds, _, number = uniqueid.rpartition("-")[2].partition(".")
    try:
        return float(seconds), int(number or 0)
    except ValueError:
        return float("inf"), 0


def oldest(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the oldest of all ids that each id is joined to."""
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
    """Return for each code the least of all codes that it is joined to.

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


def _frame(oldest: dict[str, str], like: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    changed = {one: call for one, call in oldest.items() if one != call}
    return work.small(
        {"linkedid": list(changed), "call": list(changed.values())},
        {"linkedid": nw.String, "call": nw.String},
        like,
    )
