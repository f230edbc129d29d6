"""Makes the legs of calls: one row for each channel."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.aggregates import Aggregate, aggregate_by_channel, linked
from ast_notebook.calls.engines import distinct
from ast_notebook.calls.linkedids import calls_by_linkedid
from ast_notebook.calls.pools import agent_channels
from ast_notebook.calls.source import ORDER, Source
from ast_notebook.calls.waiting import joins
from ast_notebook.units import SECOND

#: Channels that Asterisk makes for itself, without a telephone at their ends.
OWN = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "Surrogate/", "Bridge/")

#: Causes with which a channel hangs up by itself: normal clearing, and those of the two SIP drivers
#: for a caller who gives up (127 is interworking in Q.850, and 0 means none).
WILLING = (0, 16, 127)

#: Extensions that are not a number.
NOWHERE = ("s", "h")

#: Values of QUEUESTATUS for a caller whom the queue let go, so that he did not give up.
LET_GO = ("TIMEOUT", "LEAVEEMPTY", "LEAVEUNAVAIL")

#: A channel that left its bridge this long before its end went on in the dialplan.
_AT_ONCE = SECOND // 2
#: The reason of an OriginateResponse for a channel that answered and goes on to its extension.
_ANSWERED = "4"

#: Headers that only a Newchannel has.
_MORE = {"number_created": "calleridnum", "exten": "exten"}
#: Columns from which others are made.
_WAYS = (
    "asked_willingly",
    "came_to",
    "connected_to",
    "ended_at",
    "last_left",
    "number_changed",
    "number_dialling",
    "number_ended",
    "rung_until",
)


def build(source: Source) -> nw.LazyFrame[Any]:
    """Return one row for each channel, with times in microseconds since 1970 UTC.

    A channel that was up before the events begin has no ``start``.

    Returns
    -------
    nw.LazyFrame
        ``uniqueid call linkedid channel device local real start up end cause number name exten
        dialled dialled_by begun dial_over ringing rung status given_up forwarded entered bridges
        bridge last_bridge first_left went_on asked asked_at_all queue waited abandoned moved
        conference mailbox recording picked``.
    """
    legs = _channels(source)
    pairs = linked(source)
    waiting = agent_channels(source, pairs, like=legs)
    links = calls_by_linkedid(source, pairs, like=legs, agent_channels=waiting)
    own = nw.any_horizontal(
        *(nw.col("channel").str.starts_with(prefix) for prefix in OWN), ignore_nulls=True
    )
    # A channel that began with the linkedid of such an agent belongs to a call of its own.
    replaced = nw.col("uniqueid").is_in(sorted(waiting.replacements) or [""])
    legs = (
        legs.filter(~own)
        .with_columns(
            nw.when(replaced)
            .then(nw.col("uniqueid"))
            .otherwise(nw.col("linkedid"))
            .alias("linkedid")
        )
        .join(links, on="linkedid", how="left")
    )
    for more in (_steps(source), _dials(source), _rare(source)):
        legs = legs.join(more, on="uniqueid", how="left")
    later = (nw.col("number_ended"), nw.col("number_changed"))
    dialled = ~nw.col("begun").is_null()
    asked = nw.when(~nw.col("up").is_null()).then(nw.col("asked_at_all"))
    local = nw.col("channel").str.starts_with("Local/")
    whole = legs.with_columns(
        nw.coalesce("call", "linkedid").alias("call"),
        nw.col("channel").str.replace_all("-[^-]*$", "").alias("device"),
        local.alias("local"),
        (~local).alias("real"),
        nw.col("uniqueid").is_in(sorted(waiting.agents) or [""]).alias("place"),
        nw.coalesce("number_created", *later).alias("number"),
        nw.coalesce("number_dialling", *later, "number_created").alias("number_shown"),
        nw.coalesce("connected_to", "dialled").alias("dialled"),
        asked.otherwise(nw.col("asked_willingly")).alias("asked"),
        *(nw.when(dialled).then(nw.col(name)).alias(name) for name in ("status", "forwarded")),
        # The wait of a channel that was sent elsewhere ends there.
        nw.when(~nw.col("ended_at").is_in(NOWHERE))
        .then((nw.col("came_to") != nw.col("ended_at")).cast(nw.Int64))
        .alias("moved"),
        # The extension h cleans up after a call, and may take time.
        nw.when(nw.coalesce("ended_at", nw.lit("")) != "h")
        .then(nw.col("end") - nw.col("last_left") > _AT_ONCE)
        .alias("went_on"),
        # If the callee is asked first whether he accepts the call, the dial ends only after that.
        nw.when(dialled)
        .then(nw.min_horizontal(nw.coalesce("rung_until", "end"), nw.col("up")) - nw.col("begun"))
        .alias("rung"),
        nw.when(dialled).then(nw.coalesce("rung_until", "end")).alias("dial_over"),
        # A quick telephone rings some milliseconds before the event of its dial.
        nw.when(nw.col("ringing") >= nw.col("begun"))
        .then(nw.col("ringing"))
        .when(~nw.col("ringing").is_null())
        .then(nw.col("begun"))
        .alias("ringing"),
    )
    return source.work.keep(whole.drop(*_WAYS))


def _channels(source: Source) -> nw.LazyFrame[Any]:
    """Return all channels that began, and those that began before the events but ended in them."""

    def of(kind: str, *more: str) -> nw.LazyFrame[Any]:
        headers = {
            "uniqueid": "uniqueid",
            "linkedid": "linkedid",
            "channel": "channel",
            "name": "calleridname",
            ORDER: ORDER,
        }
        found = source.only(kind, **headers, **{name: _MORE[name] for name in more})
        return found.filter(~nw.col("uniqueid").is_null())

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
    both = nw.concat([new.select(*names), before.select(*names)], how="vertical")
    # Overlapping records may have a channel twice, but a channel has one row.
    return both.unique("uniqueid", keep="first", order_by=[ORDER])


def _steps(source: Source) -> nw.LazyFrame[Any]:
    """Add when the channel came up, rang, was bridged and ended, who asked for that, and its dial.

    The channel's dial is the first extension that it dials, and its own number at its first dial.

    A hangup request comes from the channel's other end, and not from Asterisk. But chan_pjsip sends
    the same event for a channel that Asterisk refuses: with a cause, or on Asterisk 16 without one.
    Such a channel is always in the state Busy; the channel of a caller who gives up never is.
    """
    busy = ~nw.col("state").is_null() & (nw.col("state") == "Busy")
    willing = nw.col("cause").is_null() | nw.col("cause").is_in(WILLING)
    return aggregate_by_channel(
        source,
        {
            "state": "channelstatedesc",
            "cause": "cause",
            "number": "calleridnum",
            "exten": "exten",
            "into": "bridgeuniqueid",
        },
        up=Aggregate("Newstate", where=nw.col("state") == "Up"),
        ringing=Aggregate("Newstate", where=nw.col("state") == "Ringing"),
        first_left=Aggregate("BridgeLeave"),
        last_left=Aggregate("BridgeLeave", "max"),
        asked_at_all=Aggregate("HangupRequest", where=~busy),
        asked_willingly=Aggregate("HangupRequest", where=~busy & willing),
        asked_order=Aggregate("HangupRequest", of=ORDER, where=~busy),
        end=Aggregate("Hangup", "max"),
        end_order=Aggregate("Hangup", "max", ORDER),
        cause=Aggregate("Hangup", "max", "cause"),
        number_ended=Aggregate("Hangup", "max", "number"),
        ended_at=Aggregate("Hangup", "max", "exten"),
        entered=Aggregate("BridgeEnter"),
        bridges=Aggregate("BridgeEnter", "count"),
        bridge=Aggregate("BridgeEnter", "min", "into"),
        last_bridge=Aggregate("BridgeEnter", "max", "into"),
        dialled=Aggregate("DialBegin", "first", "exten", ~nw.col("exten").is_in(NOWHERE)),
        number_dialling=Aggregate("DialBegin", "first", "number"),
    )


def _dials(source: Source) -> nw.LazyFrame[Any]:
    """Add who dialled the channel, how long it rang, and how that ended."""
    forwarded = aggregate_by_channel(
        source.rare_events,
        {"forward": "forward"},
        key="destuniqueid",
        forwarded=Aggregate("DialEnd", "last", "forward"),
    )
    # A Local channel that was not answered in time says that it gave up the channel behind it.
    by_itself = ~nw.col("through").str.starts_with("Local/")
    return aggregate_by_channel(
        source,
        {"dialler": "uniqueid", "through": "channel", "dialstatus": "dialstatus"},
        key="destuniqueid",
        begun=Aggregate("DialBegin"),
        dialled_by=Aggregate("DialBegin", "first", "dialler"),
        rung_until=Aggregate("DialEnd", "max"),
        status=Aggregate("DialEnd", "last", "dialstatus"),
        given_up=Aggregate("DialEnd", "max", where=by_itself & (nw.col("dialstatus") == "CANCEL")),
    ).join(forwarded, on="uniqueid", how="left")


def _rare(source: Source) -> nw.LazyFrame[Any]:
    """Return values that few channels have: a queue, a mailbox, a conference, a recording."""
    few = source.rare_events
    parts = (_queues(source), _others(few))
    ids = distinct(nw.concat([part.select("uniqueid") for part in parts], how="vertical"))
    for part in parts:
        ids = ids.join(part, on="uniqueid", how="left")
    return source.work.keep(ids)


def _queues(whole: Source) -> nw.LazyFrame[Any]:
    """Return the last queue, the time in all queues, and how the last one ended."""
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
    by_queue = aggregate_by_channel(
        whole.rare_events,
        {
            "application": "application",
            "variable": "variable",
            "value": "value",
            "exten": "exten",
            "queue": "queue",
        },
        joined_last=Aggregate("QueueCallerJoin", "last", "queue"),
        came_to=Aggregate("QueueCallerJoin", "last", "exten"),
        leaves=Aggregate("QueueCallerLeave", "sum"),
        left_times=Aggregate("QueueCallerLeave", "count"),
        abandoned=Aggregate("QueueCallerAbandon", "max"),
        followed=Aggregate("Newexten", "max", where=nw.col("application") == "Queue"),
        let_go=Aggregate(
            "VarSet",
            "max",
            where=(nw.col("variable") == "QUEUESTATUS") & nw.col("value").is_in(LET_GO),
        ),
    )
    of_either = [by_queue.select("uniqueid"), last.select("uniqueid")]
    ids = distinct(nw.concat(of_either, how="vertical"))
    for more in (by_queue, places, last):
        ids = ids.join(more, on="uniqueid", how="left")
    waited = nw.col("joined_times") == nw.col("left_times")
    return ids.select(
        "uniqueid",
        # If several joins have the same time, the order of arrival tells the last one.
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
    """Return the mailbox and other values from rare events, by channel."""
    names = ("application", "lastapplication", "conference", "variable", "value", "exten", "reason")
    answered = (nw.col("reason") == _ANSWERED) & ~nw.col("exten").is_in(NOWHERE)
    found = aggregate_by_channel(
        source,
        {"number": "calleridnum", "target": "targetuniqueid", **{name: name for name in names}},
        # By the dialplan's steps, or by the last application of the CDR.
        mailbox=Aggregate("Newexten", where=nw.col("application") == "VoiceMail"),
        mailbox_last=Aggregate("Cdr", where=nw.col("lastapplication") == "VoiceMail"),
        conference=Aggregate("ConfbridgeJoin", "first", "conference"),
        recording=Aggregate(
            "VarSet", "first", "value", nw.col("variable") == "MIXMONITOR_FILENAME"
        ),
        number_changed=Aggregate("NewCallerid", "last", "number"),
        connected_to=Aggregate("OriginateResponse", "first", "exten", answered),
        picked=Aggregate("Pickup", "first", "target"),
    )
    mailbox = nw.min_horizontal("mailbox", "mailbox_last")
    return found.with_columns(mailbox.alias("mailbox")).drop("mailbox_last")
