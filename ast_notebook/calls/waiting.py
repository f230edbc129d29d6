"""Who waits in a queue: the events of one place in line, under the channel that had it last.

A place in line may change hands. A colleague who waits there for somebody transfers him in: the
queue's Join has the colleague's uniqueid, and all that comes later has the other one's.
AttendedTransfer tells of it, but not where chan_sip transfers before the call was answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import keep, small
from ast_notebook.calls.source import Source


@dataclass
class _Place:
    """A place in line that the channel which took it never left."""

    uniqueid: str
    queue: str
    start: int
    heir: str | None = None


def joins(source: Source) -> nw.LazyFrame[Any]:
    """Return the places in line: ``uniqueid queue caller exten position start``, a row each.

    ``uniqueid`` is the channel that has the place, or had it last; ``caller`` and ``exten`` are the
    number of the channel that took it, and where in the dialplan it was.

    Parameters
    ----------
    source : Source
        The events of one PBX.
    """
    if "joins" not in source.made:
        source.made["joins"] = _joins(source)
    return source.made["joins"]


def _joins(source: Source) -> nw.LazyFrame[Any]:
    rows = source.seldom.only(
        "QueueCallerJoin",
        uniqueid="uniqueid",
        queue="queue",
        caller="calleridnum",
        exten="exten",
        position="position",
    )
    joined = keep(rows.rename({"time": "start"}))
    left = source.seldom.only("QueueCallerLeave", uniqueid="uniqueid", queue="queue")
    open_ones = _beyond(joined, left).select("uniqueid", "queue").unique()
    # Those who wait at the end of the events are among these; the others are few.
    found = [
        _Place(str(uniqueid), str(queue), int(start))
        for uniqueid, queue, start in _tuples(
            joined.join(open_ones, on=["uniqueid", "queue"], how="semi").select(
                "uniqueid", "queue", "start"
            )
        )
    ]
    if not found:
        return joined
    _transferred(source, found)
    if any(place.heir is None for place in found):
        _inferred(source, found, _beyond(left, joined.rename({"start": "time"})))
    changed = [place for place in found if place.heir is not None]
    if not changed:
        return joined
    heirs = small(
        {
            "uniqueid": [place.uniqueid for place in changed],
            "start": [place.start for place in changed],
            "heir": [place.heir for place in changed],
        },
        {"uniqueid": nw.String, "start": nw.Int64, "heir": nw.String},
        source.frame,
    )
    named = joined.join(heirs, on=["uniqueid", "start"], how="left").with_columns(
        nw.coalesce("heir", "uniqueid").alias("uniqueid")
    )
    return keep(named.drop("heir"))


def _beyond(rows: nw.LazyFrame[Any], others: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the rows of channels that have more of these in a queue than of the others."""
    keys = ["uniqueid", "queue"]
    mine = rows.group_by(*keys).agg(nw.len().alias("mine"))
    theirs = others.group_by(*keys).agg(nw.len().alias("theirs"))
    more = (
        mine.join(theirs, on=keys, how="left")
        .filter(nw.col("mine") > nw.coalesce("theirs", nw.lit(0)))
        .select(*keys)
    )
    return rows.join(more, on=keys, how="semi")


def _transferred(source: Source, places: Iterable[_Place]) -> None:
    """Find the heirs of whom AttendedTransfer tells; one may transfer the place again."""
    rows = source.seldom.only(
        "AttendedTransfer",
        first="origtransfereruniqueid",
        second="secondtransfereruniqueid",
        heir="transfereeuniqueid",
        result="result",
    )
    told = sorted(_tuples(rows.select("time", "first", "second", "heir", "result")), key=_time)
    for place in places:
        holder = place.uniqueid
        for time, first, second, heir, result in told:
            if (
                result == "Success"
                and heir is not None
                and time >= place.start
                and holder in (first, second)
            ):
                holder = heir
        place.heir = None if holder == place.uniqueid else holder


def _inferred(source: Source, places: Iterable[_Place], strange: nw.LazyFrame[Any]) -> None:
    """Give the places of channels that ended in line to those who left it and had come to none."""
    leaves = sorted(_tuples(strange.select("time", "uniqueid", "queue")), key=_time)
    heirs = {place.heir for place in places}
    leaves = [leave for leave in leaves if leave[1] not in heirs]
    if not leaves:
        return
    orphaned = [place for place in places if place.heir is None]
    names = sorted({place.uniqueid for place in orphaned})
    ends = source.only("Hangup", uniqueid="uniqueid").filter(nw.col("uniqueid").is_in(names))
    over = {uniqueid: time for time, uniqueid in _tuples(ends.select("time", "uniqueid"))}
    for time, uniqueid, queue in leaves:
        ended = [
            place
            for place in orphaned
            if place.heir is None
            and place.queue == queue
            and over.get(place.uniqueid, time + 1) <= time
        ]
        if ended:  # who is first in line is first to leave it
            min(ended, key=lambda place: place.start).heir = uniqueid


def _tuples(rows: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows.collect().iter_rows()]


def _time(row: tuple[Any, ...]) -> int:
    return int(row[0])
