"""Legs: what became of each channel, a row a channel."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import keep
from ast_notebook.calls.facts import Fact, gather
from ast_notebook.calls.linkage import linkage
from ast_notebook.calls.source import Source
from ast_notebook.calls.waiting import joins

#: Channels that Asterisk makes for itself: nobody is at their other end.
OWN = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "Surrogate/", "Bridge/")

#: Causes that a channel hangs up with of its own accord: normal clearing, and what the two SIP
#: drivers say of a caller who gives up (Q.850 has 127 as interworking; 0 is none).
WILLING = (0, 16, 127)

#: How an OriginateResponse says that the channel answered, and goes on to its extension.
_ANSWERED = "4"


def build(source: Source) -> nw.LazyFrame[Any]:
    """Return one row a channel, with times in microseconds since 1970 UTC.

    A channel that was up before the events begin has no ``start``.

    Returns
    -------
    nw.LazyFrame
        ``uniqueid call linkedid channel device local real start up end cause number name exten
        dialled dialled_by begun ringing rung status forwarded entered bridges bridge last_bridge
        first_left asked asked_at_all queue waited abandoned conference mailbox recording``.
    """
    legs = _channels(source)
    links = linkage(source, like=legs)
    own = nw.any_horizontal(
        *(nw.col("channel").str.starts_with(prefix) for prefix in OWN), ignore_nulls=True
    )
    legs = legs.filter(~own).join(links, on="linkedid", how="left")
    for more in (_ends(source), _dials(source), _bridges(source), _dialled(source), _rare(source)):
        legs = legs.join(more, on="uniqueid", how="left")
    dialled = ~nw.col("begun").is_null()
    asked = nw.when(~nw.col("up").is_null()).then(nw.col("asked_at_all"))
    local = nw.col("channel").str.starts_with("Local/")
    whole = legs.with_columns(
        nw.coalesce("call", "linkedid").alias("call"),
        nw.col("channel").str.replace_all("-[^-]*$", "").alias("device"),
        local.alias("local"),
        (~local).alias("real"),
        nw.coalesce("number_bridged", "number_created").alias("number"),
        asked.otherwise(nw.col("asked_willingly")).alias("asked"),
        *(nw.when(dialled).then(nw.col(name)).alias(name) for name in ("status", "forwarded")),
        nw.when(dialled).then(nw.coalesce("rung_until", "end") - nw.col("begun")).alias("rung"),
        # A telephone that is quick rings some milliseconds before Asterisk tells of its dial.
        nw.when(nw.col("ringing") >= nw.col("begun"))
        .then(nw.col("ringing"))
        .when(~nw.col("ringing").is_null())
        .then(nw.col("begun"))
        .alias("ringing"),
    )
    return keep(whole.drop("number_bridged", "number_created", "asked_willingly", "rung_until"))


def _channels(source: Source) -> nw.LazyFrame[Any]:
    """Return everything that began, and what had begun before and ended."""

    def of(kind: str) -> nw.LazyFrame[Any]:
        return source.only(
            kind,
            uniqueid="uniqueid",
            linkedid="linkedid",
            channel="channel",
            number_created="calleridnum",
            name="calleridname",
            exten="exten",
        ).filter(~nw.col("uniqueid").is_null())

    new = of("Newchannel").rename({"time": "start"})
    before = (
        of("Hangup")
        .join(new.select("uniqueid"), on="uniqueid", how="anti")
        .with_columns(
            nw.lit(None, dtype=nw.Int64).alias("start"),
            nw.lit(None, dtype=nw.String).alias("exten"),
        )
    )
    names = ("uniqueid", "start", "linkedid", "channel", "number_created", "name", "exten")
    return nw.concat([new.select(*names), before.select(*names)], how="vertical")


def _ends(source: Source) -> nw.LazyFrame[Any]:
    """When the channel came up, rang, left its bridge and ended, and who wanted that.

    It is the other end of a channel that asks for its hangup, rather than Asterisk; but chan_pjsip
    tells of a channel that Asterisk refuses in the same words, with the reason.
    """
    willing = nw.col("cause").is_null() | nw.col("cause").is_in(WILLING)
    return gather(
        source,
        {"state": "channelstatedesc", "cause": "cause"},
        up=Fact("Newstate", where=nw.col("state") == "Up"),
        ringing=Fact("Newstate", where=nw.col("state") == "Ringing"),
        first_left=Fact("BridgeLeave"),
        asked_at_all=Fact("HangupRequest"),
        asked_willingly=Fact("HangupRequest", where=willing),
        end=Fact("Hangup", "max"),
        cause=Fact("Hangup", "max", "cause"),
    )


def _dials(source: Source) -> nw.LazyFrame[Any]:
    """Who rang for the channel, how long, and how that ended."""
    forwarded = (
        source.seldom.only("DialEnd", uniqueid="destuniqueid", forwarded="forward")
        .group_by("uniqueid")
        .agg(nw.col("forwarded").max())
    )
    return gather(
        source,
        {"dialler": "uniqueid", "dialstatus": "dialstatus"},
        key="destuniqueid",
        begun=Fact("DialBegin"),
        dialled_by=Fact("DialBegin", "min", "dialler"),
        rung_until=Fact("DialEnd", "max"),
        status=Fact("DialEnd", "max", "dialstatus"),
    ).join(forwarded, on="uniqueid", how="left")


def _bridges(source: Source) -> nw.LazyFrame[Any]:
    """When the channel was bridged, and the number it had then, which is whose it is."""
    return gather(
        source,
        {"number": "calleridnum", "into": "bridgeuniqueid"},
        entered=Fact("BridgeEnter"),
        bridges=Fact("BridgeEnter", "count"),
        number_bridged=Fact("BridgeEnter", "min", "number"),
        bridge=Fact("BridgeEnter", "min", "into"),
        last_bridge=Fact("BridgeEnter", "max", "into"),
    )


def _dialled(source: Source) -> nw.LazyFrame[Any]:
    """Return what a channel dials; of an originated one, nothing else tells it."""
    dials = source.only("DialBegin", uniqueid="uniqueid", dialled="exten")
    answered = (
        source.seldom.only(
            "OriginateResponse", uniqueid="uniqueid", dialled="exten", reason="reason"
        )
        .filter(nw.col("reason") == _ANSWERED)
        .drop("reason")
    )
    return (
        nw.concat([dials, answered], how="vertical")
        .filter(~nw.col("uniqueid").is_null() & ~nw.col("dialled").is_in(["s", "h"]))
        .group_by("uniqueid")
        .agg(nw.col("dialled").min())
    )


def _rare(source: Source) -> nw.LazyFrame[Any]:
    """Return what few channels come to: a queue, a mailbox, a conference, a recording."""
    few = source.seldom
    parts = (_queues(source), _mailboxes(few), _conferences(few), _recordings(few))
    ids = nw.concat([part.select("uniqueid") for part in parts], how="vertical").unique()
    for part in parts:
        ids = ids.join(part, on="uniqueid", how="left")
    return keep(ids)


def _queues(whole: Source) -> nw.LazyFrame[Any]:
    """Return the queue joined last, and the time spent in all of them."""
    joined, source = joins(whole), whole.seldom
    last = joined.group_by("uniqueid").agg(
        nw.col("start").max().alias("joined"),
        nw.col("start").sum().alias("joins"),
        nw.len().alias("joined_times"),
    )
    name = (
        last.select("uniqueid", nw.col("joined").alias("start"))
        .join(joined, on=["uniqueid", "start"], how="inner")
        .group_by("uniqueid")
        .agg(nw.col("queue").max())
    )
    left = gather(
        source,
        {},
        leaves=Fact("QueueCallerLeave", "sum"),
        left_times=Fact("QueueCallerLeave", "count"),
        abandoned=Fact("QueueCallerAbandon", "max"),
    )
    all_left = nw.col("joined_times") == nw.col("left_times")
    return (
        last.join(name, on="uniqueid", how="left")
        .join(left, on="uniqueid", how="left")
        .select(
            "uniqueid",
            "queue",
            nw.when(all_left).then(nw.col("leaves") - nw.col("joins")).alias("waited"),
            "abandoned",
        )
    )


def _mailboxes(source: Source) -> nw.LazyFrame[Any]:
    """When the channel came to a mailbox, by the dialplan's steps or by the CDR's last one."""
    steps = source.only("Newexten", uniqueid="uniqueid", application="application")
    last = source.only("Cdr", uniqueid="uniqueid", application="lastapplication")
    return (
        nw.concat([steps, last], how="vertical")
        .filter(nw.col("application") == "VoiceMail")
        .group_by("uniqueid")
        .agg(nw.col("time").min().alias("mailbox"))
    )


def _conferences(source: Source) -> nw.LazyFrame[Any]:
    return (
        source.only("ConfbridgeJoin", uniqueid="uniqueid", conference="conference")
        .group_by("uniqueid")
        .agg(nw.col("conference").max())
    )


def _recordings(source: Source) -> nw.LazyFrame[Any]:
    return (
        source.only("VarSet", uniqueid="uniqueid", variable="variable", recording="value")
        .filter(nw.col("variable") == "MIXMONITOR_FILENAME")
        .group_by("uniqueid")
        .agg(nw.col("recording").max())
    )
