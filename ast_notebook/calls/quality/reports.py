"""Reads what Asterisk tells of RTP: its reports, added up by stream, and the sums at the end.

``RTCPSent`` says what Asterisk receives from a telephone, and ``RTCPReceived`` what the telephone
receives from Asterisk; both come about every five seconds. The variable ``RTPAUDIOQOS`` is set when
a channel ends, but its count of lost packets is that of the last report.

Sums of whole numbers do not depend on the order of the events, nor on the parts in which they come.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls.engines import Work, at_once, distinct, is_in_sql

#: The events with reports, and the one that tells the codec of a channel (an answer to ``Status``).
RECEIVED, SENT, STATUS = "RTCPReceived", "RTCPSent", "Status"
KINDS = (RECEIVED, SENT, STATUS)
#: The variable with the sums at the end of a channel.
AT_END = "RTPAUDIOQOS"
#: Headers that only these events have.
COLUMNS = (
    "sentntp",
    "sentrtp",
    "sentpackets",
    "report0sourcessrc",
    "report0fractionlost",
    "report0cumulativelost",
    "report0highestsequence",
    "report0sequencenumbercycles",
    "report0iajitter",
    "rtt",
    "mes",
    "nativeformats",
)
#: How the values of several reports of a stream become one.
_SUMS = ("reports", "jitter", "rtt", "rtts", "score", "scores")
_LEAST = ("first", "stamp_first", "moment_first")
_MOST = (
    *("last", "lost", "fraction", "packets", "stamp_last", "moment_last"),
    *("end_lost", "end_received", "end_reported_lost", "end_sent"),
    *("end_rtt", "end_jitter", "end_reported_jitter"),
)
_KEYS = ("server", "uniqueid", "event", "stream", "codec")

_DIGITS = r"^[0-9]{1,10}$"
_DECIMAL = r"^[0-9]{1,10}([.][0-9]{1,12})?$"
_MILLION = 1_000_000
#: Values above these are none: RTCP has 16 and 32 bits for its fields, and a call with a round trip
#: of a minute is none.
_SHORT, _LONG = 0xFFFF, 0xFFFF_FFFF
_MINUTE, _BEST = 60, 100
#: Reports that say nothing was ever received have this sequence number.
_NONE = 0
_CYCLE = 0x10000


def are_in(events: nw.LazyFrame[Any]) -> bool:
    """Tell whether events have the columns of RTCP's reports, or of the sums at a channel's end."""
    names = events.collect_schema().names()
    return "uniqueid" in names and (
        "report0highestsequence" in names or {"variable", "value"} <= set(names)
    )


def is_report(events: nw.LazyFrame[Any]) -> nw.Expr:
    """Return the condition that an event is one of those that are read here, and nowhere else."""
    names = events.collect_schema().names()
    found = nw.col("event").is_in(KINDS)
    if "variable" not in names:
        return found
    at_end = (nw.col("event") == "VarSet") & (nw.coalesce("variable", nw.lit("")) == AT_END)
    return found | at_end


def apart(
    events: nw.LazyFrame[Any], work: Work
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any] | None]:
    """Return events without the reports, which are many, and `streams_of` them.

    Without any report, the streams are None. In SQL, the reports stay among the events: each query
    reads only the kinds of events that it needs.
    """
    if not are_in(events):
        return events, None
    condition = is_report(events)
    any_report = condition.any().alias("any")
    if at_once(events) and not events.select(any_report).collect()["any"].item():
        return events, None
    streams = streams_of(events, work)
    none = streams.select(nw.len()).collect().item() == 0
    rest = events if is_in_sql(events) else events.filter(~condition)
    return rest, None if none else streams


def streams_of(events: nw.LazyFrame[Any], work: Work) -> nw.LazyFrame[Any]:
    """Add up the reports of each stream of RTP.

    Parameters
    ----------
    events : nw.LazyFrame
        Events of any number of PBXs, with ``time`` in microseconds.
    work : Work
        The computation that they are read for.

    Returns
    -------
    nw.LazyFrame
        Kept rows with ``server uniqueid event stream codec``, where ``stream`` is the SSRC of what
        is reported on, and the rest whole numbers: how many ``reports``; the ``first`` and the
        ``last`` sequence number; packets ``lost``; the greatest ``fraction`` lost in 256ths; the
        sum of ``jitter`` in time stamp units; ``rtt`` in microseconds and how many ``rtts``;
        ``score`` in millionths and how many ``scores``; ``packets`` sent; the ``stamp`` and the
        ``moment`` (in microseconds) of the sender's first and last report; and the sums at the
        ``end``.
    """
    # Records that overlap have an event twice.
    reports = work.keep(distinct(_picked(events, nw.col("event").is_in(KINDS), *COLUMNS)))
    sums = _picked(events, nw.col("event") == "VarSet", "variable", "value").filter(
        nw.col("variable") == AT_END
    )
    names = ("server", "time", "uniqueid", "event", "variable", "value", *COLUMNS)
    # Without a report or a round trip, the sums of a channel are not used.
    rows = nw.concat(
        [
            _with(names, reports),
            _with(names, sums.filter(nw.col("value").str.contains("(^|;)rtt=[0-9.]*[1-9]"))),
            _with(names, sums.join(reports, on="uniqueid", how="semi")),
        ],
        how="vertical",
    )
    jitter = _whole("report0iajitter")
    reported = (_whole("report0highestsequence") != _NONE) & ~jitter.is_null()
    at_end = {
        "end_lost": _whole_of(_field("lp")),
        "end_received": _whole_of(_field("rxcount")),
        "end_reported_lost": _whole_of(_field("rlp")),
        "end_sent": _whole_of(_field("txcount")),
        "end_rtt": _millionths_of(_field("rtt"), _MINUTE),
        "end_jitter": _millionths_of(_field("txjitter"), _MINUTE),
        "end_reported_jitter": _millionths_of(_field("rxjitter"), _LONG),
    }
    highest = _whole("report0highestsequence") + _CYCLE * nw.coalesce(
        _whole("report0sequencenumbercycles", _SHORT), nw.lit(0)
    )
    rtt, score = _millionths("rtt", _MINUTE), _millionths("mes", _BEST)
    values = {
        "reports": nw.when(reported).then(nw.lit(1)),
        "jitter": nw.when(reported).then(jitter),
        # It is 0 until both sides have reported.
        "rtt": nw.when(rtt > 0).then(rtt),
        "rtts": nw.when(rtt > 0).then(nw.lit(1)),
        "score": score,
        "scores": nw.when(~score.is_null()).then(nw.lit(1)),
        "first": nw.when(reported).then(highest),
        "stamp_first": _whole("sentrtp"),
        "moment_first": _millionths("sentntp", _LONG),
        "last": nw.when(reported).then(highest),
        "lost": nw.when(reported).then(_whole("report0cumulativelost")),
        "fraction": nw.when(reported).then(_whole("report0fractionlost")),
        "packets": _whole("sentpackets"),
        "stamp_last": _whole("sentrtp"),
        "moment_last": _millionths("sentntp", _LONG),
        **at_end,
    }
    keys = {
        "stream": nw.coalesce("report0sourcessrc", nw.lit("")),
        "codec": nw.coalesce("nativeformats", nw.lit("")).str.replace_all("[()]", ""),
        "server": nw.coalesce("server", nw.lit("")),
    }
    picked = rows.filter(~nw.col("uniqueid").is_null()).select(
        "uniqueid",
        "event",
        *(value.alias(name) for name, value in keys.items()),
        *(value.cast(nw.Int64).alias(name) for name, value in values.items()),
    )
    return work.keep(
        picked.group_by(*_KEYS).agg(
            *(nw.col(name).sum() for name in _SUMS),
            *(nw.col(name).min() for name in _LEAST),
            *(nw.col(name).max() for name in _MOST),
        )
    )


def _picked(events: nw.LazyFrame[Any], rows: nw.Expr, *columns: str) -> nw.LazyFrame[Any]:
    """Return some events, with some columns as texts."""
    return _with(("server", "time", "uniqueid", "event", *columns), events.filter(rows))


def _with(columns: tuple[str, ...], rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return some columns as texts; those that are not there are missing."""
    names = rows.collect_schema().names()
    return rows.select(
        nw.col(name).cast(nw.String) if name in names else nw.lit(None, nw.String).alias(name)
        for name in columns
    )


def _field(name: str) -> nw.Expr:
    """Return a field of the sums at the end, such as ``lp=60``, else a text that is no number."""
    value = nw.when(nw.col("variable") == AT_END).then(nw.col("value"))
    return value.str.replace_all(f"^(.*;)?{name}=", "").str.replace_all(";.*$", "")


def _whole(name: str, most: int = _LONG) -> nw.Expr:
    return _whole_of(nw.col(name), most)


def _whole_of(text: nw.Expr, most: int = _LONG) -> nw.Expr:
    number = nw.when(text.str.contains(_DIGITS)).then(text).cast(nw.Int64)
    return nw.when(number <= most).then(number)


def _millionths(name: str, most: int) -> nw.Expr:
    return _millionths_of(nw.col(name), most)


def _millionths_of(text: nw.Expr, most: int) -> nw.Expr:
    number = nw.when(text.str.contains(_DECIMAL)).then(text).cast(nw.Float64)
    return (nw.when(number <= most).then(number) * _MILLION).round().cast(nw.Int64)
