"""Legs: what became of each channel, a row a channel."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import keep
from ast_notebook.calls.facts import Fact, gather
from ast_notebook.calls.linkage import linkage
from ast_notebook.calls.pools import pool
from ast_notebook.calls.source import ORDER, Source
from ast_notebook.calls.waiting import joins

#: Channels that Asterisk makes for itself: nobody is at their other end.
OWN = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "Surrogate/", "Bridge/")

#: Causes that a channel hangs up with of its own accord: normal clearing, and what the two SIP
#: drivers say of a caller who gives up (Q.850 has 127 as interworking; 0 is none).
WILLING = (0, 16, 127)

#: Extensions that are nobody's number.
NOWHERE = ("s", "h")

#: What QUEUESTATUS says of somebody whom the queue let go, so that he gave up nothing.
LET_GO = ("TIMEOUT", "LEAVEEMPTY", "LEAVEUNAVAIL")

#: How an OriginateResponse says that the channel answered, and goes on to its extension.
_ANSWERED = "4"

#: What only a Newchannel tells.
_MORE = {"number_created": "calleridnum", "exten": "exten"}
#: What other columns are made of.
_WAYS = (
    "asked_willingly",
    "came_to",
    "connected_to",
    "ended_at",
    "number_changed",
    "number_dialling",
    "number_ended",
    "rung_until",
)


def build(source: Source) -> nw.LazyFrame[Any]:
    """Return one row a channel, with times in microseconds since 1970 UTC.

    A channel that was up before the events begin has no ``start``.

    Returns
    -------
    nw.LazyFrame
        ``uniqueid call linkedid channel device local real start up end cause number name exten
        dialled dialled_by begun dial_over ringing rung status given_up forwarded entered bridges
        bridge last_bridge first_left asked asked_at_all queue waited abandoned moved conference
        mailbox recording picked``.
    """
    legs = _channels(source)
    waiting = pool(source, like=legs)
    links = linkage(source, like=legs, pool=waiting)
    own = nw.any_horizontal(
        *(nw.col("channel").str.starts_with(prefix) for prefix in OWN), ignore_nulls=True
    )
    # Whoever began with the linkedid of such an agent belongs to what is tied to his own.
    lent = nw.col("uniqueid").is_in(sorted(waiting.lenders) or [""])
    legs = (
        legs.filter(~own)
        .with_columns(
            nw.when(lent).then(nw.col("uniqueid")).otherwise(nw.col("linkedid")).alias("linkedid")
        )
        .join(links, on="linkedid", how="left")
    )
    for more in (_ends(source), _dials(source), _bridges(source), _dialled(source), _rare(source)):
        legs = legs.join(more, on="uniqueid", how="left")
    told = (nw.col("number_ended"), nw.col("number_changed"))
    dialled = ~nw.col("begun").is_null()
    asked = nw.when(~nw.col("up").is_null()).then(nw.col("asked_at_all"))
    local = nw.col("channel").str.starts_with("Local/")
    whole = legs.with_columns(
        nw.coalesce("call", "linkedid").alias("call"),
        nw.col("channel").str.replace_all("-[^-]*$", "").alias("device"),
        local.alias("local"),
        (~local).alias("real"),
        nw.col("uniqueid").is_in(sorted(waiting.agents) or [""]).alias("place"),
        nw.coalesce("number_created", *told).alias("number"),
        nw.coalesce("number_dialling", *told, "number_created").alias("number_shown"),
        nw.coalesce("connected_to", "dialled").alias("dialled"),
        asked.otherwise(nw.col("asked_willingly")).alias("asked"),
        *(nw.when(dialled).then(nw.col(name)).alias(name) for name in ("status", "forwarded")),
        # Who was sent elsewhere while he waited in a queue ends there.
        nw.when(~nw.col("ended_at").is_in(NOWHERE))
        .then((nw.col("came_to") != nw.col("ended_at")).cast(nw.Int64))
        .alias("moved"),
        # The dial of who is asked first whether he takes the call ends only after that.
        nw.when(dialled)
        .then(nw.min_horizontal(nw.coalesce("rung_until", "end"), nw.col("up")) - nw.col("begun"))
        .alias("rung"),
        nw.when(dialled).then(nw.coalesce("rung_until", "end")).alias("dial_over"),
        # A telephone that is quick rings some milliseconds before Asterisk tells of its dial.
        nw.when(nw.col("ringing") >= nw.col("begun"))
        .then(nw.col("ringing"))
        .when(~nw.col("ringing").is_null())
        .then(nw.col("begun"))
        .alias("ringing"),
    )
    return keep(whole.drop(*_WAYS))


def _channels(source: Source) -> nw.LazyFrame[Any]:
    """Return everything that began, and what had begun before and ended."""

    def of(kind: str, *more: str) -> nw.LazyFrame[Any]:
        headers = {
            "uniqueid": "uniqueid",
            "linkedid": "linkedid",
            "channel": "channel",
            "name": "calleridname",
            ORDER: ORDER,
        }
        told = source.only(kind, **headers, **{name: _MORE[name] for name in more})
        return told.filter(~nw.col("uniqueid").is_null())

    new = of("Newchannel", *_MORE).rename({"time": "start"})
    before = (
        of("Hangup")
        .join(new.select("uniqueid"), on="uniqueid", how="anti")
        .with_columns(
            nw.lit(None, dtype=nw.Int64).alias("start"),
            *(nw.lit(None, dtype=nw.String).alias(name) for name in _MORE),
        )
    )
    names = ("uniqueid", "start", "linkedid", "channel", "name", ORDER, *_MORE)
    return nw.concat([new.select(*names), before.select(*names)], how="vertical")


def _ends(source: Source) -> nw.LazyFrame[Any]:
    """When the channel came up, rang, left its bridge and ended, and who wanted that.

    It is the other end of a channel that asks for its hangup, rather than Asterisk; but chan_pjsip
    tells of a channel that Asterisk refuses in the same words: with the reason, or on 16 without
    one, but always of a channel that is busy, which no caller's is who gives up.
    """
    busy = ~nw.col("state").is_null() & (nw.col("state") == "Busy")
    willing = nw.col("cause").is_null() | nw.col("cause").is_in(WILLING)
    return gather(
        source,
        {
            "state": "channelstatedesc",
            "cause": "cause",
            "number": "calleridnum",
            "exten": "exten",
        },
        up=Fact("Newstate", where=nw.col("state") == "Up"),
        ringing=Fact("Newstate", where=nw.col("state") == "Ringing"),
        first_left=Fact("BridgeLeave"),
        asked_at_all=Fact("HangupRequest", where=~busy),
        asked_willingly=Fact("HangupRequest", where=~busy & willing),
        asked_order=Fact("HangupRequest", of=ORDER, where=~busy),
        end=Fact("Hangup", "max"),
        end_order=Fact("Hangup", "max", ORDER),
        cause=Fact("Hangup", "max", "cause"),
        number_ended=Fact("Hangup", "max", "number"),
        ended_at=Fact("Hangup", "max", "exten"),
    )


def _dials(source: Source) -> nw.LazyFrame[Any]:
    """Who rang for the channel, how long, and how that ended."""
    forwarded = gather(
        source.seldom,
        {"forward": "forward"},
        key="destuniqueid",
        forwarded=Fact("DialEnd", "last", "forward"),
    )
    # A Local channel that nobody took in time says that it gave up what is behind it.
    by_itself = ~nw.col("through").str.starts_with("Local/")
    return gather(
        source,
        {"dialler": "uniqueid", "through": "channel", "dialstatus": "dialstatus"},
        key="destuniqueid",
        begun=Fact("DialBegin"),
        dialled_by=Fact("DialBegin", "first", "dialler"),
        rung_until=Fact("DialEnd", "max"),
        status=Fact("DialEnd", "last", "dialstatus"),
        given_up=Fact("DialEnd", "max", where=by_itself & (nw.col("dialstatus") == "CANCEL")),
    ).join(forwarded, on="uniqueid", how="left")


def _bridges(source: Source) -> nw.LazyFrame[Any]:
    """When the channel was bridged, and whether ever in another bridge than one."""
    return gather(
        source,
        {"into": "bridgeuniqueid"},
        entered=Fact("BridgeEnter"),
        bridges=Fact("BridgeEnter", "count"),
        bridge=Fact("BridgeEnter", "min", "into"),
        last_bridge=Fact("BridgeEnter", "max", "into"),
    )


def _dialled(source: Source) -> nw.LazyFrame[Any]:
    """Return what a channel dials first, and the number that it has then."""
    return gather(
        source,
        {"exten": "exten", "number": "calleridnum"},
        dialled=Fact("DialBegin", "first", "exten", ~nw.col("exten").is_in(NOWHERE)),
        number_dialling=Fact("DialBegin", "first", "number"),
    )


def _rare(source: Source) -> nw.LazyFrame[Any]:
    """Return what few channels come to: a queue, a mailbox, a conference, a recording."""
    few = source.seldom
    parts = (_queues(source), _others(few))
    ids = nw.concat([part.select("uniqueid") for part in parts], how="vertical").unique()
    for part in parts:
        ids = ids.join(part, on="uniqueid", how="left")
    return keep(ids)


def _queues(whole: Source) -> nw.LazyFrame[Any]:
    """Return the queue joined last, the time spent in all of them, and how the last one ended."""
    joined = joins(whole)
    places = joined.group_by("uniqueid").agg(
        nw.col("start").max().alias("joined"),
        nw.col("start").sum().alias("joins"),
        nw.len().alias("joined_times"),
    )
    last = (
        places.select("uniqueid", nw.col("joined").alias("start"))
        .join(joined, on=["uniqueid", "start"], how="inner")
        .group_by("uniqueid")
        .agg(nw.col("queue").max())
    )
    told = gather(
        whole.seldom,
        {
            "application": "application",
            "variable": "variable",
            "value": "value",
            "exten": "exten",
            "queue": "queue",
        },
        joined_last=Fact("QueueCallerJoin", "last", "queue"),
        came_to=Fact("QueueCallerJoin", "last", "exten"),
        leaves=Fact("QueueCallerLeave", "sum"),
        left_times=Fact("QueueCallerLeave", "count"),
        abandoned=Fact("QueueCallerAbandon", "max"),
        followed=Fact("Newexten", "max", where=nw.col("application") == "Queue"),
        let_go=Fact(
            "VarSet",
            "max",
            where=(nw.col("variable") == "QUEUESTATUS") & nw.col("value").is_in(LET_GO),
        ),
    )
    ids = nw.concat([told.select("uniqueid"), last.select("uniqueid")], how="vertical").unique()
    for more in (told, places, last):
        ids = ids.join(more, on="uniqueid", how="left")
    waited = nw.col("joined_times") == nw.col("left_times")
    return ids.select(
        "uniqueid",
        # Of several joins at one moment, the order of arrival tells the last one.
        nw.when(~nw.col("queue").is_null())
        .then(nw.coalesce("joined_last", "queue"))
        .alias("queue"),
        nw.when(waited).then(nw.col("leaves") - nw.col("joins")).alias("waited"),
        "abandoned",
        "followed",
        "let_go",
        "came_to",
    )


def _others(source: Source) -> nw.LazyFrame[Any]:
    """Return the mailbox and whatever else few events tell, each of one channel."""
    names = ("application", "lastapplication", "conference", "variable", "value", "exten", "reason")
    answered = (nw.col("reason") == _ANSWERED) & ~nw.col("exten").is_in(NOWHERE)
    found = gather(
        source,
        {"number": "calleridnum", "target": "targetuniqueid", **{name: name for name in names}},
        # By the dialplan's steps, or by the last one that the CDR tells.
        mailbox=Fact("Newexten", where=nw.col("application") == "VoiceMail"),
        mailbox_last=Fact("Cdr", where=nw.col("lastapplication") == "VoiceMail"),
        conference=Fact("ConfbridgeJoin", "first", "conference"),
        recording=Fact("VarSet", "first", "value", nw.col("variable") == "MIXMONITOR_FILENAME"),
        number_changed=Fact("NewCallerid", "last", "number"),
        connected_to=Fact("OriginateResponse", "first", "exten", answered),
        picked=Fact("Pickup", "first", "target"),
    )
    mailbox = nw.min_horizontal("mailbox", "mailbox_last")
    return found.with_columns(mailbox.alias("mailbox")).drop("mailbox_last")
