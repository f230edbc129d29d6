"""Computes loss, jitter and round trip of each direction of a leg, and its MOS by the E-model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import narwhals as nw

from ast_notebook.calls.quality.reports import RECEIVED, SENT
from ast_notebook.voice import emodel
from ast_notebook.voice.codecs import ASSUMED, CODECS

if TYPE_CHECKING:
    from ast_notebook.calls.engines import Work

#: The directions of voice, as Asterisk sees them, and the events that report on them.
DIRECTIONS = {"received": SENT, "sent": RECEIVED}
#: The columns of a direction.
VALUES = ("reports", "packets", "loss", "loss_peak", "jitter", "rtt", "mes", "mos")

#: Time stamps in a second for narrowband codecs; of the wideband ones, only G.722 has as many.
_RATE = 8000
#: Other clock rates of RTP, and how much a measured one may differ from them.
_RATES = (16000, 24000, 32000, 48000)
_TOLERANCE = 0.1
#: The milliseconds of voice in a packet, before which it cannot be sent.
_PACKET = 20.0
#: Milliseconds of delay beyond which nothing gets worse: the score is the least one.
_LONGEST = 3000


def rated(streams: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    """Return a row for each leg: ``server uniqueid codec assumed``, and `VALUES` by direction.

    The names of the values begin with the direction: ``received_loss``. Loss is in percent, jitter
    and round trip are in milliseconds.

    Parameters
    ----------
    streams : nw.LazyFrame
        Rows of `reports.streams_of`.
    work : Work
        The computation.
    """
    count, span = nw.col("reports"), nw.col("last") - nw.col("first")
    several = (count > 1) & (span > 0)
    # No report counts the packets before the first one: take as many as between two others.
    expected = span * count / (count - 1)
    loss = (
        nw.when(several)
        .then(nw.col("lost") * 100.0 / expected)
        .otherwise(nw.when(count == 1).then(nw.col("fraction") * (100.0 / 256)))
    )
    rows = streams.with_columns(loss.clip(0.0, 100.0).alias("loss"))
    parts: list[nw.Expr] = []
    values: list[nw.Expr] = []
    for direction, event in DIRECTIONS.items():
        # The sender of a direction tells how much it sent and by which clock, the receiver the
        # rest.
        other = next(one for one in DIRECTIONS.values() if one != event)
        mine, of_sender = nw.col("event") == event, nw.col("event") == other
        known = mine & ~nw.col("loss").is_null()
        columns = {
            "reports": (nw.when(mine).then(nw.col("reports")), "sum"),
            "weight": (nw.when(known).then(nw.col("reports")), "sum"),
            "weighted": (nw.when(known).then(nw.col("loss") * nw.col("reports")), "sum"),
            "fraction": (nw.when(mine).then(nw.col("fraction")), "max"),
            "jitters": (nw.when(mine).then(nw.col("jitter")), "sum"),
            "score": (nw.when(mine).then(nw.col("score")), "sum"),
            "scores": (nw.when(mine).then(nw.col("scores")), "sum"),
            "packets": (nw.when(of_sender).then(nw.col("packets")), "max"),
            "rate": (nw.when(of_sender).then(_rate()), "max"),
        }
        for name, (value, how) in columns.items():
            parts.append(value.alias(f"{direction}_{name}"))
            values.append(getattr(nw.col(f"{direction}_{name}"), how)())
    ends = ("lost", "received", "reported_lost", "sent", "rtt", "jitter", "reported_jitter")
    parts += [nw.col(f"end_{name}") for name in ends] + [nw.col("rtt"), nw.col("rtts")]
    values += [nw.col(f"end_{name}").max() for name in ends]
    values += [nw.col("rtt").sum(), nw.col("rtts").sum()]
    codec = nw.col("codec")
    named = nw.when((codec != "") & ~codec.str.contains("[|]")).then(codec)
    legs = (
        rows.select("server", "uniqueid", named.alias("codec"), *parts)
        .group_by("server", "uniqueid")
        .agg(nw.col("codec").max(), *values)
    )
    return work.keep(_with_mos(work.keep(_in_units(work.keep(legs))), work))


def _rate() -> nw.Expr:
    """Return the clock rate of a stream's time stamps by its reports, or that of telephony."""
    seconds = (nw.col("moment_last") - nw.col("moment_first")) / 1e6
    measured = (nw.col("stamp_last") - nw.col("stamp_first")) / nw.when(seconds > 0).then(seconds)
    rate = nw.lit(_RATE)
    for other in _RATES:
        near = (measured > other * (1 - _TOLERANCE)) & (measured < other * (1 + _TOLERANCE))
        rate = nw.when(near).then(nw.lit(other)).otherwise(rate)
    return rate


def _in_units(legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Turn sums into percent and milliseconds; without reports, take the sums at the end."""
    # What both sides have lost is known at the end if each has heard a report of the other.
    has_end = nw.col("end_rtt") > 0
    at_end = {
        "received": (
            nw.col("end_lost"),
            nw.col("end_lost") + nw.col("end_received"),
            nw.col("end_jitter"),
        ),
        "sent": (
            nw.col("end_reported_lost"),
            nw.col("end_sent"),
            # Asterisk 16 has always 0 there.
            nw.when(nw.col("end_reported_jitter") > 0).then(nw.col("end_reported_jitter")),
        ),
    }
    made = []
    for direction, (lost, all_packets, jitter) in at_end.items():

        def of(name: str, direction: str = direction) -> nw.Expr:
            return nw.col(f"{direction}_{name}")

        reports, weight = of("reports"), of("weight")
        rate = nw.coalesce(of("rate"), nw.lit(_RATE))
        none = nw.coalesce(reports, nw.lit(0)) == 0
        values = {
            "reports": nw.coalesce(reports, nw.lit(0)),
            "packets": nw.coalesce(of("packets"), nw.when(all_packets > 0).then(all_packets)),
            "loss": nw.when(weight > 0)
            .then(of("weighted") / nw.when(weight > 0).then(weight))
            .otherwise(
                nw.when(none & has_end & (all_packets > 0)).then(
                    lost * 100.0 / nw.when(all_packets > 0).then(all_packets)
                )
            )
            .clip(0.0, 100.0),
            "loss_peak": of("fraction") * (100.0 / 256),
            "jitter": nw.when(~none)
            .then(of("jitters") * 1000.0 / (nw.when(~none).then(reports) * rate))
            .otherwise(nw.when(none & has_end).then(jitter / 1000.0)),
            "mes": of("score") / 1e6 / nw.when(of("scores") > 0).then(of("scores")),
            "rate": rate,
        }
        made += [value.alias(f"{direction}_{name}") for name, value in values.items()]
    rtts = nw.when(nw.col("rtts") > 0).then(nw.col("rtts"))
    at_last = nw.when(has_end).then(nw.col("end_rtt") / 1000.0)
    rtt = nw.coalesce(nw.col("rtt") / 1000.0 / rtts, at_last)
    return legs.with_columns(*made, rtt.alias("rtt")).with_columns(
        *(nw.col("rtt").alias(f"{direction}_rtt") for direction in DIRECTIONS),
        # Asterisk's score of this direction takes the count of lost packets for a share.
        nw.lit(None, nw.Float64).alias("sent_mes"),
        nw.col("codec").is_null().alias("assumed"),
        nw.coalesce("codec", nw.lit(ASSUMED)).alias("codec"),
    )


def _with_mos(legs: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    """Add the MOS of each direction, if the E-model holds for it."""
    ie = bpl = nw.lit(None, nw.Float64)
    for name, codec in CODECS.items():
        here = nw.col("codec") == name
        ie = nw.when(here).then(nw.lit(codec.ie)).otherwise(ie)
        if codec.bpl is not None:
            bpl = nw.when(here).then(nw.lit(codec.bpl)).otherwise(bpl)
    # Nested steps are small for an engine, but a single expression of all of it is huge.
    legs = legs.with_columns(ie.alias("ie"), bpl.alias("bpl"))
    table = _impairments(legs, work)
    for direction in DIRECTIONS:
        loss, jitter = nw.col(f"{direction}_loss"), nw.col(f"{direction}_jitter")
        # A buffer of twice the jitter catches nearly all that comes late.
        waits = _PACKET + 2 * nw.coalesce(jitter, nw.lit(0.0))
        delay = nw.coalesce(nw.col("rtt"), nw.lit(0.0)) / 2 + waits
        # Engines round a half in different ways, but all have the same floor.
        delay = (delay.clip(0.0, float(_LONGEST)) + 0.5).floor().cast(nw.Int64)
        # Without loss, it does not matter how robust a codec is.
        robust = nw.when(loss > 0).then(nw.col("bpl")).otherwise(nw.lit(1.0))
        equipment = emodel.equipment_impairment(loss, nw.col("ie"), nw.col("robust"))
        rating = emodel.DEFAULT.basic - nw.col("by_delay") - nw.col("equipment")
        narrow = nw.col(f"{direction}_rate") == _RATE
        score = nw.when(narrow).then(emodel.score(nw.col("rating")).clip(emodel.LEAST, None))
        legs = (
            legs.with_columns(delay.alias("delay"), robust.alias("robust"))
            .join(table, on="delay", how="left")
            .with_columns(equipment.alias("equipment"))
            .with_columns(rating.clip(0.0, 100.0).alias("rating"))
            .with_columns(score.alias(f"{direction}_mos"))
            .drop("delay", "robust", "by_delay", "equipment", "rating")
        )
    return legs


@cache
def _by_delay() -> tuple[float, ...]:
    return tuple(emodel.delay_impairment(float(delay)) for delay in range(_LONGEST + 1))


def _impairments(like: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    """Return the impairment by each whole millisecond of delay, so that no row computes it."""
    delays: list[Any] = list(range(_LONGEST + 1))
    columns = {"delay": delays, "by_delay": list(_by_delay())}
    return work.small(columns, {"delay": nw.Int64, "by_delay": nw.Float64}, like)
