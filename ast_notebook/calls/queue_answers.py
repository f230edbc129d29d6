"""Finds who answered whom in a queue, and to which queue call an event belongs."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import Work
from ast_notebook.calls.source import Source
from ast_notebook.units import SECOND

#: The error of seconds that Asterisk tells as whole numbers, in microseconds.
_ABOUT = 2 * SECOND
#: What tells the connects of all queue calls apart.
_CONNECT = ("uniqueid", "start", "connected")


def of_queue_call(
    rows: nw.LazyFrame[Any], joined: nw.LazyFrame[Any], work: Work
) -> nw.LazyFrame[Any]:
    """Give each row the ``start`` of its queue call, which is the last one before its ``time``.

    If the rows have a column ``queue``, the queue call has to be one of that queue.
    """
    rows = work.keep(rows)
    keys = ["uniqueid", "queue"] if "queue" in rows.collect_schema() else ["uniqueid"]
    last = (
        rows.select(*keys, "time")
        .unique()
        .join(joined.select(*keys, "start"), on=keys, how="inner")
        .filter(nw.col("start") <= nw.col("time"))
        .group_by(*keys, "time")
        .agg(nw.col("start").max())
    )
    return rows.join(last, on=[*keys, "time"], how="inner")


def first(
    rows: nw.LazyFrame[Any], joined: nw.LazyFrame[Any], work: Work, time: str, *more: str
) -> nw.LazyFrame[Any]:
    """Return the first of these events of each queue call, with its time and some of its values.

    All values are those of that one event. Its time is in the column that `time` names.
    """
    found = of_queue_call(rows, joined, work).rename({"time": time})
    return earliest(found.select("uniqueid", "start", time, *more), time, *more)


def earliest(rows: nw.LazyFrame[Any], time: str, *more: str) -> nw.LazyFrame[Any]:
    """Return the earliest row of each queue call; of several at one moment, `more` decides."""
    return rows.unique(["uniqueid", "start"], keep="first", order_by=[time, *more])


def answered(
    source: Source, joined: nw.LazyFrame[Any], rung: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Return who answered each queue call, when, and how long the telephone rang.

    A queue call has several rows if the caller came to the queue again, and no event tells that.
    """
    rows = source.only(
        "AgentConnect",
        uniqueid="uniqueid",
        queue="queue",
        member="membername",
        interface="interface",
        telephone="destuniqueid",
        rang="ringtime",
    ).with_columns(nw.coalesce("member", "interface").alias("agent"))
    found = of_queue_call(rows, joined, source.work).rename({"time": "connected"})
    ring = nw.coalesce(nw.col("connected") - nw.col("begun"), nw.col("rang") * SECOND)
    return source.work.keep(
        found.join(rung, on="telephone", how="left").select(
            "uniqueid", "start", "queue", "connected", "agent", "until", ring.alias("ring")
        )
    )


def completed(source: Source, connects: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when and how an agent's work with a caller ended, as ``completed`` and ``reason``.

    ``connected`` tells which of the `connects` (`answered`) of the queue call ended then.

    The event has no uniqueid if the caller's channel has ended already. It has a different one if a
    Local channel waited in the queue, and removed itself when the agent answered. In both cases,
    the agent, and how long he has talked, tell to which queue call the event belongs.
    """
    rows = (
        source.only(
            "AgentComplete",
            uniqueid="uniqueid",
            queue="queue",
            member="membername",
            interface="interface",
            reason="reason",
            talked="talktime",
        )
        .with_columns(nw.coalesce("member", "interface").alias("agent"))
        .drop("member", "interface")
    )
    keys = ["uniqueid", "queue"]
    strange = rows.join(connects, on=keys, how="anti")
    own = _of_connect(rows.join(connects, on=keys, how="semi"), connects, keys)
    behind = _of_connect(strange, connects, ["agent", "queue"])
    late = nw.col("completed") - nw.col("talked") * SECOND - nw.col("connected")
    behind = behind.filter((late <= _ABOUT) & (late >= -_ABOUT))
    ended = nw.concat([own, behind], how="vertical")
    return ended.select(*_CONNECT, "completed", "reason").unique(
        list(_CONNECT), keep="first", order_by=["completed", "reason"]
    )


def _of_connect(
    rows: nw.LazyFrame[Any], connects: nw.LazyFrame[Any], keys: list[str]
) -> nw.LazyFrame[Any]:
    """Give each row the queue call of the last connect before it that has the same keys."""
    pairs = (
        rows.select(*keys, "time", "reason", "talked")
        .join(connects, on=keys, how="inner")
        .filter(nw.col("connected") <= nw.col("time"))
    )
    last = pairs.group_by(*keys, "time").agg(nw.col("connected").max())
    return pairs.join(last, on=[*keys, "time", "connected"], how="inner").select(
        "uniqueid", "start", "connected", nw.col("time").alias("completed"), "reason", "talked"
    )
