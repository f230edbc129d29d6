"""Makes calls of channels: the first party of each, and the values of all its channels together."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls import channels
from ast_notebook.calls.aggregates import with_order, without_order
from ast_notebook.calls.disposition import rank_of
from ast_notebook.calls.source import ORDER


def first_parties(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call`` and ``origin``, the channel of the call's first party.

    That is the oldest real channel that dialled by itself or came up. If there is none, it is the
    oldest Local channel that came up, or else the oldest real channel that was dialled. If it is a
    Local channel, the half that executes the dialplan is returned.
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


def begun(legs: nw.LazyFrame[Any], origins: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the values from the channel with which each call began."""
    real = nw.col("real")
    return origins.join(
        legs.select(
            nw.col("uniqueid").alias("origin"),
            nw.col("number_shown").alias("caller"),
            nw.col("name").alias("caller_name"),
            # The extension of a dialled channel is not a number that it dialled.
            nw.when(real & nw.col("begun").is_null() & ~nw.col("exten").is_in(channels.NOWHERE))
            .then(nw.col("exten"))
            .when(real)
            .then(nw.col("dialled"))
            .alias("dialled"),
            "up",
            (~(nw.col("begun").is_null() | nw.col("up").is_null()) & real)
            .cast(nw.Int64)
            .alias("origin_reached"),
            (~real | (~nw.col("begun").is_null() & nw.col("up").is_null())).alias("origin_waits"),
            nw.col(ORDER).alias("origin_place"),
            nw.col("start").alias("origin_start"),
            nw.col("end").alias("origin_end"),
            nw.when(real).then(nw.col("asked")).alias("origin_asked"),
            nw.when(real).then(nw.col("asked_at_all")).alias("origin_asked_at_all"),
            nw.when(real & ~nw.col("asked").is_null())
            .then(nw.col("asked_order"))
            .alias("origin_order"),
            nw.col("went_on").cast(nw.Int64).alias("origin_went_on"),
            nw.when(real).then(nw.col("cause")).alias("cause"),
            nw.when(real).then(nw.col("device")).alias("caller_device"),
        ),
        on="origin",
        how="left",
    )


def whole_calls(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the values that all channels of a call have together."""
    real = nw.col("real")
    dialled = ~nw.col("begun").is_null() & nw.col("forwarded").is_null()
    called, up = real & dialled, ~nw.col("up").is_null()
    party = real & ~nw.col("entered").is_null()
    rank = rank_of()
    originated = nw.col("local") & nw.col("dialled_by").is_null() & ~nw.col("begun").is_null()
    texts = {name: with_order(nw.col(name)) for name in ("queue", "recording", "conference")}
    return (
        legs.with_columns(
            nw.col("end").is_null().cast(nw.Int64).alias("open"),
            # An older channel that is called and not reached yet may become the first party.
            nw.when(real & ~nw.col("begun").is_null() & nw.col("up").is_null())
            .then(nw.when(nw.col("end").is_null()).then(nw.col(ORDER)))
            .alias("waiting"),
            ((nw.col("uniqueid") == nw.col("call")) & ~nw.col("start").is_null())
            .cast(nw.Int64)
            .alias("begins"),
            real.cast(nw.Int64).alias("legs"),
            nw.when(real).then(nw.col("rung")).alias("longest"),
            nw.when(real).then(nw.col("ringing")).alias("ringing"),
            nw.when(called).then(rank).alias("rank"),
            # The result of a Local channel counts if there was no telephone behind it.
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
            # A Local channel that the manager originated dials for the channel that it reached.
            nw.when(originated).then(with_order(nw.col("dialled"))).alias("dialled_for"),
            nw.when(originated).then(nw.col("cause")).alias("cause_local"),
            *(text.alias(name) for name, text in texts.items()),
        )
        .group_by("call")
        .agg(
            nw.col("start").min(),
            nw.col("end").max(),
            nw.col("end_order").max(),
            nw.col("open").sum(),
            nw.col("begins").max(),
            nw.col("waiting").min(),
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
        .with_columns(*(without_order(name).alias(name) for name in (*texts, "dialled_for")))
        .with_columns(nw.when(nw.col("waits") > 0).then(nw.col("waited")).alias("wait"))
    )
