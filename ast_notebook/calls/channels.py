"""Legs: what became of each channel, a row a channel."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import keep
from ast_notebook.calls.linkage import linkage
from ast_notebook.calls.source import Source

#: Channels that Asterisk makes for itself: nobody is at their other end.
OWN = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "Surrogate/", "Bridge/")

#: Causes that a channel hangs up with of its own accord: normal clearing, and what the two SIP
#: drivers say of a caller who gives up (Q.850 has 127 as interworking; 0 is none).
WILLING = (0, 16, 127)


def build(source: Source) -> nw.LazyFrame[Any]:
    """Return one row a channel, with times in microseconds since 1970 UTC.

    A channel that was up before the events begin has no ``start``.

    Returns
    -------
    nw.LazyFrame
        ``uniqueid call channel device local real start up end cause number name exten context
        dialled_by begun ringing rung status forwarded entered left bridges asked queue joined
        waited abandoned conference mailbox recording dialled``.
    """
    channels = keep(_channels(source))
    links = linkage(source, like=channels)
    legs = channels.join(links, on="linkedid", how="left").with_columns(
        nw.coalesce("call", "linkedid").alias("call")
    )
    for more in (
        _answers(source),
        _dials(source),
        _bridges(source),
        _requests(source),
        _queues(source),
        _applications(source),
        _conferences(source),
        _recordings(source),
    ):
        legs = legs.join(more, on="uniqueid", how="left")
    named = legs.with_columns(
        nw.col("channel").str.replace_all("-[^-]*$", "").alias("device"),
        nw.col("channel").str.starts_with("Local/").alias("local"),
    )
    own = nw.any_horizontal(
        *(nw.col("channel").str.starts_with(prefix) for prefix in OWN), ignore_nulls=True
    )
    asked = nw.when(~nw.col("up").is_null()).then(nw.col("asked_at_all"))
    whole = named.filter(~own).with_columns(
        (~nw.col("local")).alias("real"),
        nw.coalesce("number_bridged", "number_created").alias("number"),
        asked.otherwise(nw.col("asked_willingly")).alias("asked"),
        nw.when(~nw.col("begun").is_null())
        .then(nw.coalesce("rung_until", "end") - nw.col("begun"))
        .alias("rung"),
        # A telephone that is quick rings some milliseconds before Asterisk tells of its dial.
        nw.when(nw.col("ringing") >= nw.col("begun"))
        .then(nw.col("ringing"))
        .when(~nw.col("ringing").is_null())
        .then(nw.col("begun"))
        .alias("ringing"),
    )
    return keep(whole)


def _channels(source: Source) -> nw.LazyFrame[Any]:
    """Return everything that began, and what had begun before and ended."""
    new = source.only(
        "Newchannel",
        uniqueid="uniqueid",
        linkedid="linkedid",
        channel="channel",
        number_created="calleridnum",
        name="calleridname",
        exten="exten",
        context="context",
    ).rename({"time": "start"})
    ended = source.only(
        "Hangup",
        uniqueid="uniqueid",
        cause="cause",
        old_linkedid="linkedid",
        old_channel="channel",
        old_number="calleridnum",
        old_name="calleridname",
    ).rename({"time": "end"})
    before = (
        ended.join(new.select("uniqueid"), on="uniqueid", how="anti")
        .filter(~nw.col("uniqueid").is_null())
        .select(
            nw.lit(None, dtype=nw.Int64).alias("start"),
            "uniqueid",
            nw.col("old_linkedid").alias("linkedid"),
            nw.col("old_channel").alias("channel"),
            nw.col("old_number").alias("number_created"),
            nw.col("old_name").alias("name"),
            nw.lit(None, dtype=nw.String).alias("exten"),
            nw.lit(None, dtype=nw.String).alias("context"),
        )
    )
    return nw.concat([new, before], how="vertical").join(
        ended.select("uniqueid", "end", "cause"), on="uniqueid", how="left"
    )


def _answers(source: Source) -> nw.LazyFrame[Any]:
    """Return when the channel came up, and when its telephone first rang."""

    def first(state: str, name: str) -> nw.Expr:
        return nw.when(nw.col("state") == state).then(nw.col("time")).alias(name)

    return (
        source.only("Newstate", uniqueid="uniqueid", state="channelstatedesc")
        .with_columns(first("Up", "up"), first("Ringing", "ringing"))
        .group_by("uniqueid")
        .agg(nw.col("up").min(), nw.col("ringing").min())
    )


def _dials(source: Source) -> nw.LazyFrame[Any]:
    """Who rang for whom, how long, and how that ended."""
    begun = (
        source.only("DialBegin", dest="destuniqueid", dialled_by="uniqueid")
        .group_by("dest")
        .agg(nw.col("time").min().alias("begun"), nw.col("dialled_by").min())
    )
    ended = (
        source.only("DialEnd", dest="destuniqueid", status="dialstatus", forward="forward")
        .group_by("dest")
        .agg(
            nw.col("time").max().alias("rung_until"),
            nw.col("status").max(),
            nw.col("forward").max().alias("forwarded"),
        )
    )
    return begun.join(ended, on="dest", how="left").rename({"dest": "uniqueid"})


def _bridges(source: Source) -> nw.LazyFrame[Any]:
    """When the channel was bridged, and the number it had then, which is whose it is."""
    entered = (
        source.only("BridgeEnter", uniqueid="uniqueid", number="calleridnum")
        .group_by("uniqueid")
        .agg(
            nw.col("time").min().alias("entered"),
            nw.len().alias("bridges"),
            nw.col("number").min().alias("number_bridged"),
        )
    )
    left = (
        source.only("BridgeLeave", uniqueid="uniqueid")
        .group_by("uniqueid")
        .agg(nw.col("time").max().alias("left"))
    )
    return entered.join(left, on="uniqueid", how="left")


def _requests(source: Source) -> nw.LazyFrame[Any]:
    """When the other end of the channel hung up, rather than Asterisk.

    chan_pjsip tells of a channel that Asterisk refuses in the same words, but with the reason.
    """
    asked = source.only("HangupRequest", uniqueid="uniqueid", cause="cause")
    willing = nw.col("cause").is_null() | nw.col("cause").is_in(WILLING)
    return (
        asked.with_columns(nw.when(willing).then(nw.col("time")).alias("willingly"))
        .group_by("uniqueid")
        .agg(
            nw.col("time").min().alias("asked_at_all"),
            nw.col("willingly").min().alias("asked_willingly"),
        )
    )


def _queues(source: Source) -> nw.LazyFrame[Any]:
    """Return the queue joined last, and the time spent in all of them."""
    joined = source.only("QueueCallerJoin", uniqueid="uniqueid", queue="queue")
    last = joined.group_by("uniqueid").agg(
        nw.col("time").max().alias("joined"),
        nw.col("time").sum().alias("joins"),
        nw.len().alias("joined_times"),
    )
    name = (
        last.select("uniqueid", nw.col("joined").alias("time"))
        .join(joined, on=["uniqueid", "time"], how="inner")
        .group_by("uniqueid")
        .agg(nw.col("queue").max())
    )
    left = (
        source.only("QueueCallerLeave", uniqueid="uniqueid")
        .group_by("uniqueid")
        .agg(nw.col("time").sum().alias("leaves"), nw.len().alias("left_times"))
    )
    given_up = (
        source.only("QueueCallerAbandon", uniqueid="uniqueid")
        .group_by("uniqueid")
        .agg(nw.col("time").max().alias("abandoned"))
    )
    whole = nw.col("joined_times") == nw.col("left_times")
    return (
        last.join(name, on="uniqueid", how="left")
        .join(left, on="uniqueid", how="left")
        .join(given_up, on="uniqueid", how="left")
        .select(
            "uniqueid",
            "queue",
            "joined",
            nw.when(whole).then(nw.col("leaves") - nw.col("joins")).alias("waited"),
            "abandoned",
        )
    )


def _applications(source: Source) -> nw.LazyFrame[Any]:
    """Whether the channel came to a mailbox, by the dialplan's steps or by the CDR's last one."""
    steps = source.only("Newexten", uniqueid="uniqueid", application="application")
    last = source.only("Cdr", uniqueid="uniqueid", application="lastapplication")
    mailbox = nw.concat([steps, last], how="vertical").filter(nw.col("application") == "VoiceMail")
    reached = mailbox.group_by("uniqueid").agg(nw.col("time").min().alias("mailbox"))
    # What an originated channel dials once it is there.
    dialled = (
        source.only("DialBegin", uniqueid="uniqueid", number="exten")
        .filter(~nw.col("uniqueid").is_null() & ~nw.col("number").is_in(["s", "h"]))
        .group_by("uniqueid")
        .agg(nw.col("number").min().alias("dialled"))
    )
    return dialled.join(reached, on="uniqueid", how="full").select(
        nw.coalesce("uniqueid", "uniqueid_right").alias("uniqueid"), "dialled", "mailbox"
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
