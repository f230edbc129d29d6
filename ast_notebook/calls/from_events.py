"""Events into calls: one row a call, on whatever engine the events are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames
from ast_notebook.calls.engines import keep, tidy
from ast_notebook.calls.hold import holds
from ast_notebook.calls.parts import parted
from ast_notebook.calls.source import MICROSECOND, Source, read
from ast_notebook.calls.talk import talks

#: Who hung up within this time before the call's end has ended it; else the dialplan went on.
AT_THE_END = 1 * MICROSECOND

#: The outcome of a call that nobody answered is that of the telephone that came nearest to it,
#: by the status of its dial or, where that is not told, by its Q.850 cause.
_NO_ANSWER, _BUSY, _REJECTED, _FAILED = 4, 3, 2, 1
_STATUSES = {
    "NOANSWER": _NO_ANSWER,
    "BUSY": _BUSY,
    "CONGESTION": _FAILED,
    "CHANUNAVAIL": _FAILED,
}
_CAUSES = {17: _BUSY, 18: _NO_ANSWER, 19: _NO_ANSWER}
_CALL_REJECTED = 21


def from_events(events: Any, *, trunks: Collection[str] | None = None) -> Any:
    """Make calls of events.

    Parameters
    ----------
    events : frame
        Events as ``sh.ast.events`` has them, in pandas, Polars, PyArrow, DuckDB or Spark; times
        may be microseconds since 1970 UTC as they are in the archive. Of the columns, those of
        `COLUMNS` are used as far as they are there.
    trunks : collection of str, optional
        The devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
        Without them nobody can know the direction of a call.

    Returns
    -------
    frame
        A row a call, of the kind that was given. Times are UTC; seconds have fractions.

        ``call`` is the oldest linkedid of all that the call had; ``start`` and ``end`` are of its
        first and last channel, ``answered`` is when two people were first connected. ``ring`` is
        how long the telephone rang that answered, or else the one that rang longest; ``wait`` the
        time in queues; ``talk`` the time in which two people were connected, held or not;
        ``hold`` from Hold to Unhold; ``billsec`` from the answer of the channel that the call
        began with (be it by a menu, a queue or a mailbox) to its end, as Asterisk's CDR reckons;
        ``pdd`` (post-dial delay) from the first DialBegin to when the first telephone rang.

        ``caller`` is the number that Asterisk's CDR has as ``src``, and ``answered_by`` the number
        of the telephone that answered, or its name where no number is known; ``caller_device`` and
        ``answered_device`` are the two telephones themselves, such as ``PJSIP/200``.

        ``direction`` is inbound if the call began on a trunk, outbound if it only reached one,
        else internal. ``disposition`` is ANSWERED if there was talk; else VOICEMAIL, ABANDONED (in
        a queue), CANCELLED (while it rang, by the caller or, as ``hangup_by`` says, by a manager),
        NO ANSWER, BUSY, REJECTED, FAILED, or IVR if Asterisk itself was all that answered.
        ``cause`` is the Q.850 cause of the channel that the call began with; ``hangup_by`` is
        caller, callee or pbx. ``transfers`` counts those that succeeded. ``legs`` counts channels,
        but not the halves of Local channels. ``conference`` is the ConfBridge that somebody of the
        call joined; all who met there have calls of their own.

        What is not known yet of a call that is still up is missing, its ``end`` first of all.

    See Also
    --------
    ast_notebook.calls.history.history : calls of an archive: ``from_events(read(folder))`` has all
        its events in pandas first, and takes four times the memory.

    Examples
    --------
    >>> calls = from_events(sh.ast.events, trunks=["PJSIP/provider"])
    >>> calls.query("disposition == 'ABANDONED'")[["start", "caller", "wait"]]
    """
    whole = read(events)
    with tidy(whole):
        parts = [
            keep(calls_of(source, channels.build(source), name, trunks))
            for name, source in parted(whole)
        ]
        return frames.give(parts, like=events)


def calls_of(
    source: Source, legs: nw.LazyFrame[Any], server: str | None, trunks: Collection[str] | None
) -> nw.LazyFrame[Any]:
    """Return the calls of one PBX, with times in microseconds; the legs are `channels.build`'s."""
    origins = keep(_origins(legs))
    # Each join that is kept gives back its memory before the next one takes some.
    calls = keep(_whole(legs))
    calls = keep(calls.join(_begun(legs, origins), on="call", how="inner"))
    calls = keep(
        calls.join(talks(source, legs, origins), on="call", how="left")
        .join(holds(source, legs), on="call", how="left")
        .join(_transfers(source, legs), on="call", how="left")
        .with_columns(nw.coalesce("answerer", nw.lit("")).alias("answerer"))
    )
    calls = calls.join(_answerers(legs), on="answerer", how="left")
    calls = calls.with_columns(
        nw.when(nw.col("open") == 0).then(nw.col("end")).alias("end"),
        nw.coalesce("number", "origin_peer").alias("caller"),
        nw.when(nw.col("exten").is_null() | nw.col("exten").is_in(["s", "h"]))
        .then(nw.coalesce("dialled", "dialled_for"))
        .otherwise(nw.col("exten"))
        .alias("dialled"),
    )
    calls = _hung_up(_disposed(calls))
    return frames.shape(
        _directed(calls, trunks).with_columns(
            nw.lit(server, dtype=nw.String).alias("server"),
            nw.lit("events").alias("source"),
            _gap(source.lost()).alias("gap"),
            nw.coalesce("rang", "longest").alias("ring"),
            # Of a channel that was there before the events nobody knows when it was answered.
            nw.when((nw.col("open") == 0) & ~nw.col("origin_start").is_null())
            .then(nw.coalesce(nw.col("origin_end") - nw.col("up"), nw.lit(0)))
            .alias("billsec"),
            (nw.col("ringing") - nw.col("begun")).alias("pdd"),
            nw.max_horizontal(
                nw.coalesce("told", nw.lit(0)),
                nw.coalesce("merged", nw.lit(0)),
            ).alias("transfers"),
        )
    )


def _origins(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call`` and ``origin``: its oldest real channel that no other one dialled.

    If there is none, the oldest one that was dialled; if nobody was in it at all, a Local one.
    """
    behind = 10**17  # more than any time has
    rank = (
        nw.when(nw.col("local"))
        .then(nw.lit(2 * behind))
        .when(~nw.col("dialled_by").is_null())
        .then(nw.lit(behind))
        .otherwise(nw.lit(0))
    )
    ordered = legs.select(
        "call",
        "uniqueid",
        (nw.coalesce("start", "end", nw.lit(0)) + rank).alias("order"),
    )
    first = ordered.group_by("call").agg(nw.col("order").min())
    return (
        ordered.join(first, on=["call", "order"], how="inner")
        .group_by("call")
        .agg(nw.col("uniqueid").min().alias("origin"))
    )


def _begun(legs: nw.LazyFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return what the channel knows that each call began with."""
    return origins.join(
        legs.select(
            nw.col("uniqueid").alias("origin"),
            "number",
            nw.col("name").alias("caller_name"),
            "exten",
            "dialled",
            "up",
            nw.col("start").alias("origin_start"),
            nw.col("end").alias("origin_end"),
            nw.col("asked").alias("origin_asked"),
            nw.col("asked_at_all").alias("origin_asked_at_all"),
            "cause",
            nw.when(nw.col("real")).then(nw.col("device")).alias("caller_device"),
            nw.when(nw.col("real")).then(_peer()).alias("origin_peer"),
        ),
        on="origin",
        how="left",
    )


def _peer() -> nw.Expr:
    """Return a device without its technology."""
    return nw.col("device").str.replace_all("^[^/]*/", "")


def _whole(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return what is a matter of all channels of a call together."""
    real = nw.col("real")
    called = real & ~nw.col("begun").is_null() & nw.col("forwarded").is_null()
    rank = nw.when(nw.col("cause") == _CALL_REJECTED).then(nw.lit(_REJECTED))
    for status, worth in _STATUSES.items():
        rank = rank.when(nw.col("status") == status).then(nw.lit(worth))
    for cause, worth in _CAUSES.items():
        rank = rank.when(nw.col("cause") == cause).then(nw.lit(worth))
    # Asterisk 16 does not tell how the dial of an Originate ended that nobody answered.
    rank = rank.when(nw.col("status").is_null()).then(nw.lit(_NO_ANSWER))
    talked = ~nw.col("entered").is_null()
    return (
        legs.with_columns(
            nw.col("end").is_null().cast(nw.Int64).alias("open"),
            real.cast(nw.Int64).alias("legs"),
            nw.when(real).then(nw.col("rung")).alias("longest"),
            nw.when(real).then(nw.col("ringing")).alias("ringing"),
            nw.when(called).then(rank).alias("rank"),
            nw.when(called & (nw.col("status") == "CANCEL")).then(nw.col("end")).alias("cancelled"),
            nw.when(real & talked).then(nw.col("asked")).alias("asked"),
            # A Local channel that the manager originated dials for the one that it reached.
            nw.when(nw.col("local") & nw.col("dialled_by").is_null() & ~nw.col("begun").is_null())
            .then(nw.col("dialled"))
            .alias("dialled_for"),
        )
        .group_by("call")
        .agg(
            nw.col("start").min(),
            nw.col("end").max(),
            nw.col("open").sum(),
            nw.col("legs").sum(),
            nw.col("longest").max(),
            nw.col("begun").min(),
            nw.col("ringing").min(),
            nw.col("rank").max(),
            nw.col("cancelled").max(),
            nw.col("asked").max(),
            nw.col("queue").max(),
            nw.col("dialled_for").max(),
            nw.col("waited").sum().alias("waited"),
            nw.col("waited").count().alias("waits"),
            nw.col("abandoned").max(),
            nw.col("mailbox").min(),
            nw.col("recording").max(),
            nw.col("conference").max(),
        )
        .with_columns(nw.when(nw.col("waits") > 0).then(nw.col("waited")).alias("wait"))
    )


def _answerers(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return legs.select(
        nw.col("uniqueid").alias("answerer"),
        nw.coalesce(nw.col("number"), _peer()).alias("answered_by"),
        nw.col("rung").alias("rang"),
        nw.col("device").alias("answered_device"),
    )


def _transfers(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return how many transfers Asterisk told of, and how many calls became one without a word.

    chan_sip says nothing when a telephone transfers to somebody who still rings; but then two
    linkedids are one call, and it was neither a pickup nor the fetching of a parked call.
    """
    ids = legs.select("call", "linkedid").unique()
    blind = source.seldom.only("BlindTransfer", linkedid="transfererlinkedid", result="result")
    attended = source.seldom.only(
        "AttendedTransfer", linkedid="origtransfererlinkedid", result="result"
    )
    told = nw.concat([blind, attended], how="vertical").filter(nw.col("result") == "Success")
    fetched = nw.concat(
        [
            source.seldom.only("Pickup", linkedid="linkedid"),
            source.seldom.only("UnParkedCall", linkedid="retrieverlinkedid"),
        ],
        how="vertical",
    ).filter(~nw.col("linkedid").is_null())
    return (
        ids.group_by("call")
        .agg((nw.len()).alias("ids"))
        .join(_counted(told, ids, "told"), on="call", how="left")
        .join(_counted(fetched, ids, "fetched"), on="call", how="left")
        .select(
            "call",
            "told",
            (nw.col("ids") - 1 - nw.coalesce("fetched", nw.lit(0))).alias("merged"),
        )
    )


def _counted(rows: nw.LazyFrame[Any], ids: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    # By the time of a transfer a linkedid may have become the other one's, so that the one named
    # is no channel's first; it is the call's own then.
    return (
        rows.join(ids, on="linkedid", how="left")
        .with_columns(nw.coalesce("call", "linkedid").alias("call"))
        .group_by("call")
        .agg(nw.len().alias(name))
    )


def _disposed(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    up = ~nw.col("up").is_null()
    asked = ~nw.col("origin_asked_at_all").is_null()
    # Asterisk says abandoned of somebody who waited too long for the queue's taste, too.
    hesitation = nw.col("origin_asked_at_all") - nw.col("abandoned")
    given_up = (hesitation <= AT_THE_END) & (hesitation >= -AT_THE_END)
    return calls.with_columns(
        nw.when(~nw.col("answered").is_null())
        .then(nw.lit("ANSWERED"))
        .when(nw.col("open") > 0)
        .then(nw.lit(None, dtype=nw.String))
        .when(~nw.col("mailbox").is_null())
        .then(nw.lit("VOICEMAIL"))
        .when(given_up)
        .then(nw.lit("ABANDONED"))
        .when(~nw.col("cancelled").is_null() & asked)
        .then(nw.lit("CANCELLED"))
        .when(nw.col("rank") == _REJECTED)
        .then(nw.lit("REJECTED"))
        .when(nw.col("rank") == _BUSY)
        .then(nw.lit("BUSY"))
        .when((nw.col("rank") == _NO_ANSWER) | ~nw.col("queue").is_null())
        .then(nw.lit("NO ANSWER"))
        .when(nw.col("cancelled") >= nw.col("origin_end") - AT_THE_END)
        .then(nw.lit("CANCELLED"))
        .when(nw.col("origin_start").is_null())
        .then(nw.lit(None, dtype=nw.String))  # it began before the events: they tell only its end
        .when(up & nw.col("rank").is_null())
        .then(nw.lit("IVR"))
        .when(nw.col("rank").is_null() & ~nw.col("origin_asked").is_null())
        .then(nw.lit("CANCELLED"))
        .otherwise(nw.lit("FAILED"))
        .alias("disposition")
    )


def _hung_up(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Say who ended the call: the last one who hung up, if the call ended with that."""
    at_the_end = nw.col("end") - AT_THE_END
    asked = ~nw.col("origin_asked_at_all").is_null()
    gave_up = nw.col("disposition").is_in(["CANCELLED", "ABANDONED"]) & asked
    by_caller = (nw.col("origin_asked") >= at_the_end) | gave_up
    by_callee = nw.col("asked") >= at_the_end
    later = nw.col("asked") > nw.coalesce("origin_asked", nw.lit(0))
    return calls.with_columns(
        nw.when(nw.col("end").is_null())
        .then(nw.lit(None, dtype=nw.String))
        .when(by_callee & later)
        .then(nw.lit("callee"))
        .when(by_caller)
        .then(nw.lit("caller"))
        .otherwise(nw.lit("pbx"))
        .alias("hangup_by")
    )


def _directed(calls: nw.LazyFrame[Any], trunks: Collection[str] | None) -> nw.LazyFrame[Any]:
    unknown = nw.lit(None, dtype=nw.String)
    if trunks is None:
        names = ("direction", "trunk", "did")
        return calls.with_columns(*(unknown.alias(name) for name in names))
    listed = list(trunks) or [""]  # Arrow wants to know what it is a list of

    def is_trunk(device: str) -> nw.Expr:
        peer = nw.col(device).str.replace_all("^[^/]*/", "")
        return (nw.col(device).is_in(listed) | peer.is_in(listed)) & ~nw.col(device).is_null()

    inbound, outbound = is_trunk("caller_device"), is_trunk("answered_device")
    return calls.with_columns(
        nw.when(inbound)
        .then(nw.lit("inbound"))
        .when(outbound)
        .then(nw.lit("outbound"))
        .otherwise(nw.lit("internal"))
        .alias("direction"),
        nw.when(inbound)
        .then(nw.col("caller_device"))
        .when(outbound)
        .then(nw.col("answered_device"))
        .alias("trunk"),
        nw.when(inbound).then(nw.col("dialled")).alias("did"),
    )


def _gap(lost: list[int]) -> nw.Expr:
    """Whether a connection was lost between start and end."""
    inside = nw.lit(False)
    for time in lost:
        began = nw.coalesce("start", nw.lit(0)) <= time
        inside = inside | (began & (nw.col("end").is_null() | (nw.col("end") >= time)))
    return inside
