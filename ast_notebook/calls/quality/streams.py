"""The frame of voice: a row for each leg and direction."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames
from ast_notebook.calls.batches import in_batches_by_server
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.quality.rated import DIRECTIONS, VALUES

_WHOLE = ("reports", "packets")
_KINDS = {
    **dict.fromkeys(("call", "leg", "server", "channel", "device"), nw.String),
    "start": nw.Int64,
    "direction": nw.String,
    "codec": nw.String,
    "assumed": nw.Boolean,
    **{name: nw.Int64 if name in _WHOLE else nw.Float64 for name in VALUES},
}


def streams(events: Any) -> Any:
    """Return how each leg sounded, a row for each direction.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them. Their login needs ``read = reporting``; without it, but
        with ``read = dialplan``, what Asterisk sets in RTPAUDIOQOS at the end of a channel is used.

    Returns
    -------
    frame
        A row for each leg and direction that any report is about. Its columns, and their types in
        pandas:

        - str: ``call leg server channel device direction codec``
        - datetime64[us, UTC]: ``start``
        - bool: ``assumed``
        - Int64: ``reports packets``
        - float64: ``loss loss_peak jitter rtt mes mos``

        ``leg`` is the channel's uniqueid, and ``start`` its beginning. ``direction`` is
        ``received`` for what Asterisk receives from the telephone or trunk, and ``sent`` for what
        the telephone or trunk receives from Asterisk. ``codec`` is the one that an answer to the
        action ``Status`` named, in Asterisk's word; without any, it is ``ulaw``, and ``assumed`` is
        true.

        reports
            How many reports of RTCP (RFC 3550) the values are from; 0 if they are from RTPAUDIOQOS.
        packets
            How many packets were sent in this direction until the sender's last report.
        loss
            Lost packets, in percent. From two reports on, packets are counted by their sequence
            numbers; those before the first report are taken to be as many as between two reports.
            From a single report, it is that report's fraction lost, which is at most 0.4 percent
            too low. From RTPAUDIOQOS it is a little too low: Asterisk counts lost packets until the
            last report, and received ones until the end.
        loss_peak
            The highest share lost between two reports, in percent: how bad a burst was.
        jitter
            The mean of the reports' interarrival jitter (RFC 3550, 6.4.1), in milliseconds.
        rtt
            The mean round trip between Asterisk and the other end, in milliseconds; it is the same
            in both directions, and missing until both have reported.
        mes
            The mean of Asterisk's own media experience score, from 0 to 100, which later versions
            send. It is missing in the direction ``sent``. There, many versions (22.10 as well)
            compute it from the number of all packets that were lost so far, as if that were the
            share of lost packets.
        mos
            The mean opinion score, from 1 to 4.5, that the E-model (ITU-T G.107) predicts with its
            default values, for losses at random, with the codec's values of ITU-T G.113, appendix
            I. The delay is half the round trip, a packet of 20 ms, and a buffer of twice the
            jitter; an unknown round trip is left out, so that the score tells of listening only. It
            is missing if the loss is unknown, for codecs without values in G.113, and for wideband,
            which G.107 does not cover. A codec is also taken for wideband if the time stamps of
            RTP show a clock rate above 8000 Hz. The rate of G.722 is 8000 Hz, though it is
            wideband, so that only its name tells it.
    """
    with Work(given := read(events)) as work:
        parts = []
        for server, source in in_batches_by_server(given, work):
            if source.voice is not None:
                legs = channels.build(source).select(
                    "call", "uniqueid", "channel", "device", "start"
                )
                whole = legs.join(source.voice.drop("server"), on="uniqueid", how="inner")
                parts.append(work.keep(_long(whole, server)))
        if not parts:
            nothing: dict[str, list[Any]] = {name: [] for name in _KINDS}
            parts.append(work.small(nothing, dict(_KINDS), given))
        return frames.give(
            parts,
            work,
            like=events,
            order=("start", "leg", "direction"),
            times=("start",),
            whole=_WHOLE,
        )


def _long(legs: nw.LazyFrame[Any], server: str | None) -> nw.LazyFrame[Any]:
    """Return a row for each direction of each leg of which anything is known."""
    both = []
    for direction in DIRECTIONS:
        values = {
            "leg": nw.col("uniqueid"),
            "server": nw.lit(server, dtype=nw.String),
            "direction": nw.lit(direction),
            **{name: nw.col(f"{direction}_{name}") for name in VALUES},
        }
        columns = [
            values.get(name, nw.col(name)).cast(kind).alias(name) for name, kind in _KINDS.items()
        ]
        # An answer to Status alone tells nothing but the codec.
        known = (nw.col("reports") > 0) | ~nw.col("loss").is_null()
        both.append(legs.select(*columns).filter(known))
    return nw.concat(both, how="vertical")
