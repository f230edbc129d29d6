"""Events into calls: one row a call, on whatever engine the events are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames
from ast_notebook.calls.engines import keep, tidy
from ast_notebook.calls.facts import dated, undated
from ast_notebook.calls.hold import holds
from ast_notebook.calls.outcome import disposed, hung_up, rank_of
from ast_notebook.calls.parts import parted
from ast_notebook.calls.source import ORDER, Source, read
from ast_notebook.calls.talk import talks


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
        of the telephone that answered, or its name where it has no number of its own;
        ``caller_device`` and ``answered_device`` are the two telephones themselves, such as
        ``PJSIP/200``. An agent who waits on the line (``AgentLogin``) answers each call so.

        ``direction`` is inbound if the call began on a trunk, outbound if one was dialled in it,
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
    calls = calls.join(_picked_up(legs), on="answerer", how="left")
    calls = calls.with_columns(
        nw.when(nw.col("open") == 0).then(nw.col("end")).alias("end"),
        # A telephone with the caller's own number is told apart by its name only.
        nw.when(nw.col("answered_by") == nw.col("caller"))
        .then(nw.col("answered_peer"))
        .otherwise(nw.coalesce("answered_by", "answered_peer"))
        .alias("answered_by"),
        # Who was reached for somebody else's order dials by himself only later, if at all.
        nw.when(nw.col("origin_reached") > 0)
        .then(nw.coalesce("dialled_for", "dialled"))
        .otherwise(nw.coalesce("dialled", "dialled_for"))
        .alias("dialled"),
        nw.when(nw.col("caller_device").is_null())
        .then(nw.col("cause_local"))
        .otherwise(nw.col("cause"))
        .alias("cause"),
    )
    calls = hung_up(disposed(calls))
    return frames.shape(
        _directed(calls, legs, trunks).with_columns(
            nw.lit(server, dtype=nw.String).alias("server"),
            nw.lit("events").alias("source"),
            _gap(source.lost()).alias("gap"),
            nw.when(nw.col("answered").is_null())
            .then(nw.col("longest"))
            .otherwise(nw.coalesce("rang", nw.col("answered") - nw.col("picked_begun")))
            .alias("ring"),
            # Of a channel that was there before the events nobody knows when it was answered.
            nw.when((nw.col("open") == 0) & ~nw.col("origin_start").is_null())
            .then(nw.coalesce(nw.col("origin_end") - nw.col("up"), nw.lit(0)))
            .alias("billsec"),
            (nw.col("ringing") - nw.col("begun")).alias("pdd"),
            nw.coalesce("transfers", nw.lit(0)).alias("transfers"),
        )
    )


def _origins(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call`` and ``origin``, the channel of the call's first party.

    That is the oldest real channel that dialled by itself or came up; if there is none, the Local
    one that did, then the oldest real channel that was dialled. Of the two halves of a Local
    channel it is the one that the dialplan goes on with.
    """
    behind = 10**17  # more than any time has
    reached = nw.col("begun").is_null() | ~nw.col("up").is_null()
    rank = (
        nw.when(nw.col("real") & reached)
        .then(nw.lit(0))
        .when(nw.col("local") & ~nw.col("up").is_null())
        .then(nw.lit(2 * behind))
        .when(nw.col("real"))
        .then(nw.lit(4 * behind))
        .otherwise(nw.lit(6 * behind))
    )
    half = nw.when(nw.col("channel").str.ends_with(";1")).then(nw.lit(behind)).otherwise(nw.lit(0))
    ordered = legs.select("call", "uniqueid", (nw.col(ORDER) + rank + half).alias("order"))
    first = ordered.group_by("call").agg(nw.col("order").min())
    return (
        ordered.join(first, on=["call", "order"], how="inner")
        .group_by("call")
        .agg(nw.col("uniqueid").min().alias("origin"))
    )


def _begun(legs: nw.LazyFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return what the channel knows that each call began with."""
    real = nw.col("real")
    return origins.join(
        legs.select(
            nw.col("uniqueid").alias("origin"),
            nw.col("number_shown").alias("caller"),
            nw.col("name").alias("caller_name"),
            # The extension of a channel that was dialled is no number that it dialled.
            nw.when(real & nw.col("begun").is_null() & ~nw.col("exten").is_in(channels.NOWHERE))
            .then(nw.col("exten"))
            .when(real)
            .then(nw.col("dialled"))
            .alias("dialled"),
            "up",
            (~(nw.col("begun").is_null() | nw.col("up").is_null()) & real)
            .cast(nw.Int64)
            .alias("origin_reached"),
            nw.col("start").alias("origin_start"),
            nw.col("end").alias("origin_end"),
            nw.when(real).then(nw.col("asked")).alias("origin_asked"),
            nw.when(real).then(nw.col("asked_at_all")).alias("origin_asked_at_all"),
            nw.when(real & ~nw.col("asked").is_null())
            .then(nw.col("asked_order"))
            .alias("origin_order"),
            nw.when(real).then(nw.col("cause")).alias("cause"),
            nw.when(real).then(nw.col("device")).alias("caller_device"),
        ),
        on="origin",
        how="left",
    )


def _whole(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return what is a matter of all channels of a call together."""
    real = nw.col("real")
    dialled = ~nw.col("begun").is_null() & nw.col("forwarded").is_null()
    called, up = real & dialled, ~nw.col("up").is_null()
    party = real & ~nw.col("entered").is_null()
    rank = rank_of()
    originated = nw.col("local") & nw.col("dialled_by").is_null() & ~nw.col("begun").is_null()
    texts = {name: dated(nw.col(name)) for name in ("queue", "recording", "conference")}
    return (
        legs.with_columns(
            nw.col("end").is_null().cast(nw.Int64).alias("open"),
            real.cast(nw.Int64).alias("legs"),
            nw.when(real).then(nw.col("rung")).alias("longest"),
            nw.when(real).then(nw.col("ringing")).alias("ringing"),
            nw.when(called).then(rank).alias("rank"),
            # What a Local channel came to tells something where no telephone was behind it.
            nw.when(dialled & ~real).then(rank).alias("rank_local"),
            (called & up).cast(nw.Int64).alias("reached"),
            nw.when(called & up).then(nw.col("dial_over")).alias("asking"),
            nw.when(dialled & (nw.col("status") == "CANCEL"))
            .then(nw.col("end"))
            .alias("cancelled"),
            nw.when(dialled).then(nw.col("given_up")).alias("given_up"),
            nw.when(dialled & ~nw.col("given_up").is_null())
            .then(nw.col("begun"))
            .alias("given_up_begun"),
            nw.when(party).then(nw.col("asked")).alias("asked"),
            nw.when(party & ~nw.col("asked").is_null())
            .then(nw.col("asked_order"))
            .alias("asked_order"),
            # A Local channel that the manager originated dials for the one that it reached.
            nw.when(originated).then(dated(nw.col("dialled"))).alias("dialled_for"),
            nw.when(originated).then(nw.col("cause")).alias("cause_local"),
            *(text.alias(name) for name, text in texts.items()),
        )
        .group_by("call")
        .agg(
            nw.col("start").min(),
            nw.col("end").max(),
            nw.col("end_order").max(),
            nw.col("open").sum(),
            nw.col("legs").sum(),
            nw.col("longest").max(),
            nw.col("begun").min(),
            nw.col("ringing").min(),
            nw.col("rank").max(),
            nw.col("rank_local").max(),
            nw.col("reached").sum(),
            nw.col("asking").max(),
            nw.col("cancelled").max(),
            nw.col("given_up").max(),
            nw.col("given_up_begun").max(),
            nw.col("asked").max(),
            nw.col("asked_order").max(),
            nw.col("queue").max(),
            nw.col("dialled_for").min(),
            nw.col("cause_local").max(),
            nw.col("waited").sum().alias("waited"),
            nw.col("waited").count().alias("waits"),
            nw.col("abandoned").max(),
            nw.col("followed").max(),
            nw.col("let_go").max(),
            nw.col("moved").max(),
            nw.col("mailbox").min(),
            nw.col("recording").min(),
            nw.col("conference").min(),
        )
        .with_columns(*(undated(name).alias(name) for name in (*texts, "dialled_for")))
        .with_columns(nw.when(nw.col("waits") > 0).then(nw.col("waited")).alias("wait"))
    )


def _answerers(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return legs.select(
        nw.col("uniqueid").alias("answerer"),
        # Not what it is told to be later: the number that was dialled, or the caller's own.
        nw.col("number_created").alias("answered_by"),
        nw.col("device").str.replace_all("^[^/]*/", "").alias("answered_peer"),
        nw.col("rung").alias("rang"),
        nw.col("device").alias("answered_device"),
        # An agent on the line is in a call of his own.
        nw.when(nw.col("place")).then(nw.col("asked")).alias("agent_asked"),
        nw.col("asked_order").alias("agent_order"),
    )


def _picked_up(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when the telephone was dialled whose call somebody else picked up."""
    few = keep(
        legs.filter(~nw.col("picked").is_null()).select(
            nw.col("uniqueid").alias("answerer"), nw.col("picked").alias("target")
        )
    )
    dialled = legs.select(nw.col("uniqueid").alias("target"), nw.col("begun").alias("picked_begun"))
    return few.join(dialled, on="target", how="left").drop("target")


def _transfers(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return how many transfers Asterisk told of."""
    linkedids = legs.select("linkedid", nw.col("call").alias("call_linked")).unique()
    channels_of = legs.select("uniqueid", "call")
    told = [
        source.seldom.only(kind, linkedid=linkedid, result="result", uniqueid="transfereeuniqueid")
        for kind, linkedid in (
            ("BlindTransfer", "transfererlinkedid"),
            ("AttendedTransfer", "origtransfererlinkedid"),
        )
    ]
    # By the time of a transfer a linkedid may have become the other one's, so that the one named
    # is no channel's first; it is the call's own then.
    return (
        nw.concat(told, how="vertical")
        .filter(nw.col("result") == "Success")
        .join(channels_of, on="uniqueid", how="left")
        .join(linkedids, on="linkedid", how="left")
        .with_columns(nw.coalesce("call", "call_linked", "linkedid").alias("call"))
        .group_by("call")
        .agg(nw.len().alias("transfers"))
    )


def _directed(
    calls: nw.LazyFrame[Any], legs: nw.LazyFrame[Any], trunks: Collection[str] | None
) -> nw.LazyFrame[Any]:
    unknown = nw.lit(None, dtype=nw.String)
    if trunks is None:
        names = ("direction", "trunk", "did")
        return calls.with_columns(*(unknown.alias(name) for name in names))
    listed = list(trunks) or [""]  # Arrow wants to know what it is a list of

    def is_trunk(device: str) -> nw.Expr:
        peer = nw.col(device).str.replace_all("^[^/]*/", "")
        return (nw.col(device).is_in(listed) | peer.is_in(listed)) & ~nw.col(device).is_null()

    reached = (
        legs.filter(nw.col("real") & ~nw.col("begun").is_null() & is_trunk("device"))
        .select("call", dated(nw.col("device")).alias("reached_trunk"))
        .group_by("call")
        .agg(nw.col("reached_trunk").min())
        .with_columns(undated("reached_trunk").alias("reached_trunk"))
    )
    calls = calls.join(reached, on="call", how="left")
    inbound, answered = is_trunk("caller_device"), is_trunk("answered_device")
    return calls.with_columns(
        nw.when(inbound)
        .then(nw.lit("inbound"))
        .when(~nw.col("reached_trunk").is_null())
        .then(nw.lit("outbound"))
        .otherwise(nw.lit("internal"))
        .alias("direction"),
        nw.when(inbound)
        .then(nw.col("caller_device"))
        .when(answered)
        .then(nw.col("answered_device"))
        .otherwise(nw.col("reached_trunk"))
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
