"""Makes calls of events: one row for each call, on the engine of the events."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames
from ast_notebook.calls.aggregates import with_order, without_order
from ast_notebook.calls.batches import in_batches_by_server
from ast_notebook.calls.disposition import disposed, hung_up
from ast_notebook.calls.engines import Work, distinct
from ast_notebook.calls.events import read
from ast_notebook.calls.gaps import with_gaps
from ast_notebook.calls.hold import holds
from ast_notebook.calls.parties import begun, first_parties, whole_calls
from ast_notebook.calls.quality.worst import with_worst
from ast_notebook.calls.source import Source
from ast_notebook.calls.talk import talks

#: Columns that depend on the first party, and on everything in the call.
_OF_FIRST = (
    "billsec",
    "caller",
    "caller_device",
    "caller_name",
    "cause",
    "did",
    "dialled",
    "direction",
    "trunk",
)
_OF_ALL = (
    "answered",
    "answered_by",
    "answered_device",
    "hangup_by",
    "hold",
    "legs",
    "pdd",
    "ring",
    "start",
    "talk",
    "transfers",
    "wait",
)


def from_events(events: Any, *, trunks: Collection[str] | None = None) -> Any:
    """Make calls of events.

    Parameters
    ----------
    events : frame
        Events like ``sh.ast.events`` or of an archive's files (`docs/archive.md`), in pandas,
        Polars, PyArrow, DuckDB or Spark; times may be microseconds since 1970 UTC. The columns of
        `COLUMNS` are used, if they are there. Events that occur twice, for example because two
        frames overlap, count once, and a warning counts the copies.
    trunks : collection of str, optional
        The devices that lead to the public network, such as ``PJSIP/provider`` or ``provider``.
        Without them, the direction of a call is unknown.

    Returns
    -------
    frame
        A frame of the same kind, with a row for each call. Its columns, and their types in pandas:

        - str: ``call server caller caller_name caller_device dialled did trunk answered_by
          answered_device direction disposition hangup_by queue recording conference source``
        - datetime64[us, UTC]: ``start answered end``
        - float64, in seconds: ``ring wait talk hold billsec pdd``
        - float64, of the worst leg: ``mos loss jitter rtt``
        - Int64: ``cause transfers legs``
        - bool: ``gap``

        ``call`` is the oldest linkedid in the call. ``start`` and ``end`` are those of its first
        and last channel, and ``answered`` is when two people were first connected. ``ring`` is how
        long the answering telephone rang or, if none answered, the one that rang longest. ``wait``
        is the time in queues, ``talk`` the time in which two people were connected, on hold or not,
        and ``hold`` the time from Hold to Unhold. ``billsec`` is the time from the answer of the
        channel that the call began with (even if a menu, a queue or a mailbox answered) to its end,
        as in Asterisk's CDR. ``pdd`` (post-dial delay) is the time from the first DialBegin until
        the first telephone rang.

        ``caller`` is the number that Asterisk's CDR has as ``src``. ``answered_by`` is the number
        of the telephone that answered, or its name if it has no number of its own.
        ``caller_device`` and ``answered_device`` are the two telephones themselves, such as
        ``PJSIP/200``. An agent who waits on the line (``AgentLogin``) also counts as answering each
        of his calls. ``caller_name`` is the name with the caller's number. ``dialled`` is what the
        caller dialled first or, if the call was originated, the extension that it was connected to.

        ``direction`` is inbound if the call began on a trunk, outbound if a trunk was dialled in
        it, and else internal. ``trunk`` is that trunk, and ``did`` the number that was dialled on
        an inbound call. These three are missing if no trunks are given. ``disposition`` is ANSWERED
        if there was talk; else VOICEMAIL, ABANDONED (in a queue), CANCELLED (while it rang, by the
        caller or, as ``hangup_by`` says, by a manager), NO ANSWER, BUSY, REJECTED, FAILED, or IVR
        if Asterisk itself was all that answered. ``cause`` is the Q.850 cause of the channel that
        the call began with; ``hangup_by`` is caller, callee or pbx. ``transfers`` counts successful
        transfers. ``legs`` counts channels, but not the halves of Local channels. ``queue`` is the
        last queue in which the caller waited, and ``recording`` the file that MixMonitor wrote.
        ``conference`` is the ConfBridge that a channel of the call joined; participants of a
        conference have calls of their own.

        ``mos`` is the lowest mean opinion score that any leg of the call had in any direction, from
        1 to 4.5, by the E-model of ITU-T G.107. ``loss`` is the highest share of lost packets, in
        percent; ``jitter`` and ``rtt`` (round trip) are the highest ones, in milliseconds. Without
        reports (``read = reporting``) they are missing; `streams` tells them by leg and direction.
        ``server`` is the PBX, ``source`` is events, and ``gap``
        says that a connection was lost during the call.

        Values that are not known yet for a call that is still up are missing, such as its ``end``.
        If a call began before the events, all values that depend on its beginning are missing.

    See Also
    --------
    ast_notebook.calls.history.history : calls of an archive; ``from_events(read(folder))`` would
    first read all events into pandas, and take four times the memory.

    Examples
    --------
    >>> calls = from_events(sh.ast.events, trunks=["PJSIP/provider"])
    >>> calls.query("disposition == 'ABANDONED'")[["start", "caller", "wait"]]
    """
    whole = read(events)
    with Work(whole) as work:
        parts = [
            work.keep(calls_of(source, channels.build(source), name, trunks))
            for name, source in in_batches_by_server(whole, work)
        ]
        return frames.give(parts, work, like=events)


def calls_of(
    source: Source, legs: nw.LazyFrame[Any], server: str | None, trunks: Collection[str] | None
) -> nw.LazyFrame[Any]:
    """Return the calls of one PBX, with times in microseconds; the legs are `channels.build`'s."""
    keep = source.work.keep
    origins = keep(first_parties(legs))
    # Each kept join releases its memory before the next one begins.
    calls = keep(whole_calls(legs))
    calls = keep(calls.join(begun(legs, origins), on="call", how="inner"))
    calls = keep(
        calls.join(talks(source, legs, origins), on="call", how="left")
        .join(holds(source, legs), on="call", how="left")
        .join(_transfers(source, legs), on="call", how="left")
        .with_columns(nw.coalesce("answerer", nw.lit("")).alias("answerer"))
    )
    calls = calls.join(_answerers(legs), on="answerer", how="left")
    calls = calls.join(_picked_up(source, legs), on="answerer", how="left")
    calls = calls.with_columns(
        nw.when(nw.col("open") == 0).then(nw.col("end")).alias("end"),
        # A telephone with the caller's own number is identified by its name.
        nw.when(nw.col("answered_by") == nw.col("caller"))
        .then(nw.col("answered_peer"))
        .otherwise(nw.coalesce("answered_by", "answered_peer"))
        .alias("answered_by"),
        # A channel that an Originate reached dials by itself only later, if at all.
        nw.when(nw.col("origin_reached") > 0)
        .then(nw.coalesce("dialled_for", "dialled"))
        .otherwise(nw.coalesce("dialled", "dialled_for"))
        .alias("dialled"),
        nw.when(nw.col("caller_device").is_null())
        .then(nw.col("cause_local"))
        .otherwise(nw.col("cause"))
        .alias("cause"),
    )
    calls = with_gaps(
        hung_up(disposed(calls)), source.lost, source.work, gap=(nw.col("start"), nw.col("end"))
    )
    whole = frames.shape(
        with_worst(_directed(calls, legs, trunks), legs, source.voice).with_columns(
            nw.lit(server, dtype=nw.String).alias("server"),
            nw.lit("events").alias("source"),
            nw.when(nw.col("answered").is_null())
            .then(nw.col("longest"))
            .otherwise(nw.coalesce("rang", nw.col("answered") - nw.col("picked_begun")))
            .alias("ring"),
            # If a channel was up before the events, it is unknown when it was answered.
            nw.when((nw.col("open") == 0) & ~nw.col("origin_start").is_null())
            .then(nw.coalesce(nw.col("origin_end") - nw.col("up"), nw.lit(0)))
            .alias("billsec"),
            (nw.col("ringing") - nw.col("begun")).alias("pdd"),
            (
                (nw.col("open") > 0)
                & (nw.col("origin_waits") | (nw.col("waiting") < nw.col("origin_place")))
            ).alias("provisional"),
            nw.coalesce("transfers", nw.lit(0)).alias("transfers"),
        ),
        "begins",
        "provisional",
    )
    return _known(whole)


def _known(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Leave out values that depend on the first party, if the events do not tell who it is.

    The call may have begun before the events. A called channel that was not reached is the first
    party only if no other channel comes up.
    """
    begins = nw.col("begins") > 0
    decided = begins & ~nw.coalesce("provisional", nw.lit(False))
    is_answered = nw.col("disposition").is_in(["ANSWERED", "VOICEMAIL"])
    return calls.with_columns(
        *(nw.when(begins).then(nw.col(name)).alias(name) for name in _OF_ALL),
        *(nw.when(decided).then(nw.col(name)).alias(name) for name in _OF_FIRST),
        nw.when(begins | is_answered).then(nw.col("disposition")).alias("disposition"),
    ).drop("begins", "provisional")


def _answerers(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return legs.select(
        nw.col("uniqueid").alias("answerer"),
        # This is the number at first; later, it may be set to the dialled number, or the caller's.
        nw.col("number_created").alias("answered_by"),
        nw.col("device").str.replace_all("^[^/]*/", "").alias("answered_peer"),
        nw.col("rung").alias("rang"),
        nw.col("device").alias("answered_device"),
        # An agent who waits on the line has a call of his own.
        nw.when(nw.col("place")).then(nw.col("asked")).alias("agent_asked"),
        nw.col("asked_order").alias("agent_order"),
    )


def _picked_up(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when a telephone was dialled whose call was picked up elsewhere."""
    few = source.work.keep(
        legs.filter(~nw.col("picked").is_null()).select(
            nw.col("uniqueid").alias("answerer"), nw.col("picked").alias("target")
        )
    )
    dialled = legs.select(nw.col("uniqueid").alias("target"), nw.col("begun").alias("picked_begun"))
    return few.join(dialled, on="target", how="left").drop("target")


def _transfers(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return how many transfers of each call the events tell of."""
    linkedids = distinct(legs.select("linkedid", nw.col("call").alias("call_linked")))
    channels_of = legs.select("uniqueid", "call")
    transfers = [
        source.rare_events.only(
            kind, linkedid=linkedid, result="result", uniqueid="transfereeuniqueid"
        )
        for kind, linkedid in (
            ("BlindTransfer", "transfererlinkedid"),
            ("AttendedTransfer", "origtransfererlinkedid"),
        )
    ]
    # At the time of a transfer, a channel may have changed to the other call's linkedid. If no
    # channel began with the linkedid in the event, that is the id of the call.
    return (
        nw.concat(transfers, how="vertical")
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
    trunks = [trunks] if isinstance(trunks, str) else list(trunks)
    listed = trunks or [""]  # Arrow needs to know the type of the list

    def is_trunk(device: str) -> nw.Expr:
        peer = nw.col(device).str.replace_all("^[^/]*/", "")
        return (nw.col(device).is_in(listed) | peer.is_in(listed)) & ~nw.col(device).is_null()

    reached = (
        legs.filter(nw.col("real") & ~nw.col("begun").is_null() & is_trunk("device"))
        .select("call", with_order(nw.col("device")).alias("reached_trunk"))
        .group_by("call")
        .agg(nw.col("reached_trunk").min())
        .with_columns(without_order("reached_trunk").alias("reached_trunk"))
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
