"""Visits: each stay of a caller in a queue, and what it came to."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames
from ast_notebook.calls.engines import keep, tidy
from ast_notebook.calls.outcome import AT_THE_END
from ast_notebook.calls.parts import parted
from ast_notebook.calls.source import MICROSECOND, Source, read

TIMES = ("start", "end")
SECONDS = ("wait", "ring", "talk")
WHOLE = ("position",)
#: Every column of a visits frame, in order, whatever it was made of.
COLUMNS = (
    "call",
    "server",
    "queue",
    "caller",
    *TIMES,
    "wait",
    "outcome",
    "agent",
    "ring",
    "talk",
    "hangup_by",
    "position",
    "source",
)
#: What a visit comes to; the counts of a report are of these, and add up to the callers offered.
OUTCOMES = (
    "ANSWERED",
    "ABANDONED",
    "TIMEOUT",
    "KEY",
    "JOIN EMPTY",
    "LEAVE EMPTY",
    "FULL",
    "TRANSFERRED",
)

#: QUEUESTATUS of those whom Asterisk did not let in, and of those whom it let go.
REFUSED = {"FULL": "FULL", "JOINEMPTY": "JOIN EMPTY", "JOINUNAVAIL": "JOIN EMPTY"}
_LET_GO = {"TIMEOUT": "TIMEOUT", "LEAVEEMPTY": "LEAVE EMPTY", "LEAVEUNAVAIL": "LEAVE EMPTY"}
_HUNG_UP = {"caller": "caller", "agent": "callee"}


def visits(events: Any) -> Any:
    """Return a row for each time that a caller came to a queue.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them; the manager tells those of queues to logins with
        ``read = agent``, and what the dialplan does to logins with ``read = dialplan``.

    Returns
    -------
    frame
        ``call server queue caller start end wait outcome agent ring talk hangup_by position
        source``: ``start`` is when the caller joined and ``end`` when he left the line, UTC;
        ``wait`` the seconds between, ``position`` his place in line at first. ``agent`` is the
        member who answered, by his name, ``ring`` how long the telephone rang at which he did, and
        ``talk`` how long they were connected, on hold or not, up to the agent's or the caller's end
        or a transfer.

        ``outcome`` is one of `OUTCOMES`: ANSWERED; ABANDONED by a caller who hung up; TIMEOUT of
        the queue; KEY pressed to leave it; LEAVE EMPTY when no agent was left; TRANSFERRED to
        somewhere else while he waited; JOIN EMPTY and FULL for a caller who was not let in, who
        waited for nothing and has no place in line. It is missing while he waits.

        Without ``read = dialplan`` nobody was ever not let in, and LEAVE EMPTY and TRANSFERRED
        look like TIMEOUT.
    """
    whole = read(events)
    with tidy(whole):
        parts = [
            keep(visits_of(source, channels.build(source), name)) for name, source in parted(whole)
        ]
        return frames.give(parts, like=events, times=TIMES, whole=WHOLE)


def visits_of(source: Source, legs: nw.LazyFrame[Any], server: str | None) -> nw.LazyFrame[Any]:
    """Return the visits of one PBX, with times in microseconds; the legs are `channels.build`'s."""
    rung = legs.select(nw.col("uniqueid").alias("telephone"), "begun")
    legs = legs.select("uniqueid", "call", nw.col("end").alias("over"), "asked_at_all")
    source = source.seldom
    joined = keep(
        source.only(
            "QueueCallerJoin",
            uniqueid="uniqueid",
            queue="queue",
            caller="calleridnum",
            position="position",
        ).rename({"time": "start"})
    )
    left = source.only("QueueCallerLeave", uniqueid="uniqueid")
    completed = source.only("AgentComplete", uniqueid="uniqueid", reason="reason")
    given_up = source.only("QueueCallerAbandon", uniqueid="uniqueid")
    stays = joined
    for more in (
        _first(left, joined, "end"),
        _answered(source, joined, rung),
        _first(completed, joined, "completed", "reason"),
        _first(given_up, joined, "abandoned"),
        _first(_statuses(source, _LET_GO), joined, "let_go", "status"),
    ):
        stays = stays.join(more, on=["uniqueid", "start"], how="left")
    stays = stays.join(_followed(source), on="uniqueid", how="left")
    stays = _outcome(stays.join(legs, on="uniqueid", how="left"))
    refused = _refused(source).join(legs, on="uniqueid", how="left")
    both = nw.concat([_shape(stays, server), _shape(refused, server)], how="vertical")
    return frames.seconds(both, SECONDS).select(*COLUMNS)


def _of_visit(rows: nw.LazyFrame[Any], joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give each row, with its ``time``, the ``start`` of the visit it is part of: the last one."""
    rows = keep(rows)
    starts = joined.select("uniqueid", "start")
    last = (
        rows.select("uniqueid", "time")
        .unique()
        .join(starts, on="uniqueid", how="inner")
        .filter(nw.col("start") <= nw.col("time"))
        .group_by("uniqueid", "time")
        .agg(nw.col("start").max())
    )
    return rows.join(last, on=["uniqueid", "time"], how="inner")


def _first(
    rows: nw.LazyFrame[Any], joined: nw.LazyFrame[Any], time: str, *more: str
) -> nw.LazyFrame[Any]:
    """Return when a visit had the first of these events, as ``time``, and what it said."""
    return (
        _of_visit(rows, joined)
        .group_by("uniqueid", "start")
        .agg(nw.col("time").min().alias(time), *(nw.col(name).min() for name in more))
    )


def _answered(
    source: Source, joined: nw.LazyFrame[Any], rung: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    rows = source.only(
        "AgentConnect",
        uniqueid="uniqueid",
        member="membername",
        interface="interface",
        telephone="destuniqueid",
        rang="ringtime",
    ).with_columns(nw.coalesce("member", "interface").alias("agent"))
    first = _first(rows, joined, "connected", "agent", "telephone", "rang")
    ring = nw.coalesce(nw.col("connected") - nw.col("begun"), nw.col("rang") * MICROSECOND)
    return first.join(rung, on="telephone", how="left").select(
        "uniqueid", "start", "connected", "agent", ring.alias("ring")
    )


def _statuses(source: Source, known: dict[str, str]) -> nw.LazyFrame[Any]:
    rows = source.only("VarSet", uniqueid="uniqueid", variable="variable", status="value")
    mine = rows.filter((nw.col("variable") == "QUEUESTATUS") & nw.col("status").is_in(list(known)))
    return mine.select("time", "uniqueid", _renamed("status", known).alias("status"))


def _entered(source: Source) -> nw.LazyFrame[Any]:
    """Return when the dialplan sent whom to which queue."""
    steps = source.only(
        "Newexten",
        uniqueid="uniqueid",
        application="application",
        data="appdata",
        caller="calleridnum",
    ).filter(nw.col("application") == "Queue")
    return steps.select(
        "time", "uniqueid", "caller", nw.col("data").str.replace_all(",.*$", "").alias("queue")
    )


def _followed(source: Source) -> nw.LazyFrame[Any]:
    """Return the callers of whom the dialplan's steps were told."""
    return _entered(source).group_by("uniqueid").agg(nw.len().alias("steps"))


def _refused(source: Source) -> nw.LazyFrame[Any]:
    """Return visits of those who were not let in, of whom no event of the queue tells."""
    entered = _entered(source).rename({"time": "start"})
    refused = _of_visit(_statuses(source, REFUSED), entered)
    queues = entered.group_by("uniqueid", "start").agg(
        nw.col("queue").min(), nw.col("caller").min()
    )
    none = nw.lit(None, dtype=nw.Int64)
    text = nw.lit(None, dtype=nw.String)
    return refused.join(queues, on=["uniqueid", "start"], how="left").select(
        "uniqueid",
        "queue",
        "caller",
        "start",
        nw.col("start").alias("end"),
        nw.col("status").alias("outcome"),
        text.alias("agent"),
        none.alias("ring"),
        none.alias("talk"),
        text.alias("hangup_by"),
        none.alias("position"),
    )


def _outcome(stays: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    # Asterisk says abandoned of everybody who left neither to an agent nor by a key.
    hesitation = nw.col("asked_at_all") - nw.col("abandoned")
    hung_up = (hesitation <= AT_THE_END) & (hesitation >= -AT_THE_END)
    heard = ~nw.col("steps").is_null()
    outcome = (
        nw.when(~nw.col("connected").is_null())
        .then(nw.lit("ANSWERED"))
        .when(~nw.col("status").is_null())
        .then(nw.col("status"))
        .when(~nw.col("abandoned").is_null() & hung_up)
        .then(nw.lit("ABANDONED"))
        .when(~nw.col("abandoned").is_null() & heard)
        .then(nw.lit("TRANSFERRED"))
        .when(~nw.col("abandoned").is_null())
        .then(nw.lit("TIMEOUT"))
        .when(~nw.col("end").is_null())
        .then(nw.lit("KEY"))
    )
    who = (
        nw.when(~nw.col("reason").is_null())
        .then(_renamed("reason", _HUNG_UP))
        # Asterisk 22 was seen not to tell of a completion when the caller hung up.
        .when(~nw.col("connected").is_null() & ~nw.col("asked_at_all").is_null())
        .then(nw.lit("caller"))
        .when(outcome == "ABANDONED")
        .then(nw.lit("caller"))
    )
    return stays.with_columns(
        outcome.alias("outcome"),
        who.alias("hangup_by"),
        (nw.coalesce("completed", "over") - nw.col("connected")).alias("talk"),
    )


def _renamed(column: str, names: dict[str, str]) -> nw.Expr:
    given: Any = nw.when(nw.lit(False)).then(nw.lit(None, dtype=nw.String))
    for old, new in names.items():
        given = given.when(nw.col(column) == old).then(nw.lit(new))
    renamed: nw.Expr = given
    return renamed


def _shape(rows: nw.LazyFrame[Any], server: str | None) -> nw.LazyFrame[Any]:
    whole = rows.with_columns(
        nw.coalesce("call", "uniqueid").alias("call"),
        nw.lit(server, dtype=nw.String).alias("server"),
        (nw.col("end") - nw.col("start")).alias("wait"),
        nw.lit("events").alias("source"),
    )
    numbers = (*TIMES, *SECONDS, *WHOLE)
    return whole.select(
        *(nw.col(name).cast(nw.Int64 if name in numbers else nw.String) for name in COLUMNS)
    )
