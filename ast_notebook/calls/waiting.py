"""Finds who waits in a queue: a row for each place in line, with the channel that had it last.

Somebody else may get a place in line: a colleague calls the queue, waits, and transfers somebody
into his place. QueueCallerJoin has the colleague's uniqueid, and all later events have the uniqueid
of the person who was transferred. The event AttendedTransfer reports the change, unless chan_sip
transfers a call that is not answered yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from ast_notebook.calls.source import Source
from ast_notebook.units import SECOND


@dataclass
class _Place:
    """A place in line that a channel did not leave; ``new_holder`` is the channel that got it."""

    uniqueid: str
    queue: str
    start: int
    new_holder: str | None = None


def joins(source: Source) -> nw.LazyFrame[Any]:
    """Return a row for each place in line: ``uniqueid queue caller exten position start``.

    ``uniqueid`` is the channel that has the place, or had it last. ``caller`` is the number of the
    channel that first took it, and ``exten`` that channel's extension.

    Parameters
    ----------
    source : Source
        The events of one PBX.
    """
    if "joins" not in source.made:
        source.made["joins"] = _joins(source)
    return source.made["joins"]


def _joins(source: Source) -> nw.LazyFrame[Any]:
    rows = source.rare_events.only(
        "QueueCallerJoin",
        uniqueid="uniqueid",
        queue="queue",
        caller="calleridnum",
        exten="exten",
        position="position",
    )
    joined = source.work.keep(rows.rename({"time": "start"}))
    left = source.rare_events.only("QueueCallerLeave", uniqueid="uniqueid", queue="queue")
    open_ones = _beyond(joined, left)
    # Channels that still wait at the end of the events are among these. There are few others.
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
    if any(place.new_holder is None for place in found):
        _inferred(source, found, _beyond(left, joined.rename({"start": "time"})))
    changed = [place for place in found if place.new_holder is not None]
    if not changed:
        return joined
    new_holders = source.work.small(
        {
            "uniqueid": [place.uniqueid for place in changed],
            "start": [place.start for place in changed],
            "new_holder": [place.new_holder for place in changed],
        },
        {"uniqueid": nw.String, "start": nw.Int64, "new_holder": nw.String},
        source.frame,
    )
    named = joined.join(new_holders, on=["uniqueid", "start"], how="left").with_columns(
        nw.coalesce("new_holder", "uniqueid").alias("uniqueid")
    )
    return source.work.keep(named.drop("new_holder"))


def earlier(source: Source, joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the places in line that were taken before the events begin, or in a gap.

    Such a place is known if somebody left a line and no event tells that he came to it, or if he is
    in Asterisk's list of waiting callers, which is asked for at each connect. The columns are those
    of `joins`. It is unknown when such a place was taken. Its ``start`` is a moment that stands for
    that: a second before the caller left the line or, if he still waits, the time of the last list
    that has him.

    Parameters
    ----------
    source : Source
        The events of one PBX.
    joined : nw.LazyFrame
        The result of `joins`.
    """
    few, keys = source.rare_events, ["uniqueid", "queue"]
    left = few.only("QueueCallerLeave", uniqueid="uniqueid", queue="queue")
    came = joined.group_by(*keys).agg(nw.col("start").min())
    gone = (
        left.group_by(*keys)
        .agg(nw.col("time").min())
        .join(came, on=keys, how="left")
        .filter(nw.col("start").is_null() | (nw.col("time") < nw.col("start")))
        .select(*keys, (nw.col("time") - SECOND).alias("start"))
    )
    listed = few.only("QueueEntry", uniqueid="uniqueid", queue="queue")
    waits = listed.group_by(*keys).agg(nw.col("time").max().alias("start"))
    for others in (joined, left):
        waits = waits.join(others, on=keys, how="anti")
    # A caller does not wait if he transferred his place or his channel ended. A place that was
    # transferred is known when its new owner leaves it.
    transfers = {"one": "origtransfereruniqueid", "other": "secondtransfereruniqueid"}
    attended = few.only("AttendedTransfer", **transfers)
    over = [attended.select(nw.col(name).alias("uniqueid")) for name in transfers]
    over.append(source.only("Hangup", uniqueid="uniqueid").select("uniqueid"))
    ended = nw.concat(over, how="vertical")
    waits = waits.join(ended, on="uniqueid", how="anti").select(*keys, "start")
    found = nw.concat([gone, waits], how="vertical").filter(~nw.col("uniqueid").is_null())
    text = nw.lit(None, dtype=nw.String)
    return source.work.keep(
        found.select(
            *keys,
            text.alias("caller"),
            text.alias("exten"),
            nw.lit(None, dtype=nw.Int64).alias("position"),
            "start",
        )
    )


def _beyond(rows: nw.LazyFrame[Any], others: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the `rows` of each channel in a queue that has more `rows` than `others`."""
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
    """Find the new holders that AttendedTransfer names; these may transfer the place again."""
    rows = source.rare_events.only(
        "AttendedTransfer",
        first="origtransfereruniqueid",
        second="secondtransfereruniqueid",
        new_holder="transfereeuniqueid",
        result="result",
    )
    transfers = sorted(
        _tuples(rows.select("time", "first", "second", "new_holder", "result")), key=_time
    )
    for place in places:
        holder = place.uniqueid
        for time, first, second, new_holder, result in transfers:
            if (
                result == "Success"
                and new_holder is not None
                and time >= place.start
                and holder in (first, second)
            ):
                holder = new_holder
        place.new_holder = None if holder == place.uniqueid else holder


def _inferred(source: Source, places: Iterable[_Place], strange: nw.LazyFrame[Any]) -> None:
    """Find further new holders, for places whose channel has ended.

    Such a new holder is a channel that left the queue without having joined it.
    """
    leaves = sorted(_tuples(strange.select("time", "uniqueid", "queue")), key=_time)
    new_holders = {place.new_holder for place in places}
    # A channel that left after a gap may have joined in the gap, and others may have left in it.
    lost = source.lost
    leaves = [leave for leave in leaves if leave[1] not in new_holders]
    if not leaves:
        return
    unassigned = [place for place in places if place.new_holder is None]
    names = sorted({place.uniqueid for place in unassigned})
    ends = source.only("Hangup", uniqueid="uniqueid").filter(nw.col("uniqueid").is_in(names))
    over = {uniqueid: time for time, uniqueid in _tuples(ends.select("time", "uniqueid"))}
    for time, uniqueid, queue in leaves:
        ended = [
            place
            for place in unassigned
            if place.new_holder is None
            and place.queue == queue
            and over.get(place.uniqueid, time + 1) <= time
            and not any(place.start <= moment <= time for moment in lost)
        ]
        if ended:  # the first in line leaves first
            min(ended, key=lambda place: place.start).new_holder = uniqueid


def _tuples(rows: nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows.collect().iter_rows()]


def _time(row: tuple[Any, ...]) -> int:
    return int(row[0])
