"""Visits: each stay of a caller in a queue, and what it came to."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames, waiting
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
_LET_GO = {
    "TIMEOUT": "TIMEOUT",
    "LEAVEEMPTY": "LEAVE EMPTY",
    "LEAVEUNAVAIL": "LEAVE EMPTY",
    "WITHDRAW": "TRANSFERRED",  # by the manager's QueueWithdrawCaller
}
_HUNG_UP = {"caller": "caller", "agent": "callee"}

#: Seconds that Asterisk tells as whole ones may be off by so much, in microseconds.
_ABOUT = 2 * MICROSECOND


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

        ``outcome`` is one of `OUTCOMES`: ANSWERED; ABANDONED by a caller whose call ended while
        he waited, whoever ended it; TIMEOUT of the queue; KEY pressed to leave it; LEAVE EMPTY
        when no agent was left; TRANSFERRED to somewhere else while he waited; JOIN EMPTY and FULL
        for a caller who was not let in, who waited for nothing and has no place in line. It is
        missing while he waits. Where a place in line was transferred, ``call`` and ``caller`` are
        those of whom it was transferred to.

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
    rung = legs.select(nw.col("uniqueid").alias("telephone"), "begun", nw.col("end").alias("until"))
    legs = legs.select(
        "uniqueid", "call", "real", "entered", nw.col("end").alias("over"), "asked_at_all"
    )
    few = source.seldom
    joined = waiting.joins(source)
    left = few.only("QueueCallerLeave", uniqueid="uniqueid", queue="queue", number="calleridnum")
    given_up = few.only("QueueCallerAbandon", uniqueid="uniqueid", queue="queue")
    connects = _answered(few, joined, rung)
    stays = joined
    for more in (
        _first(left, joined, "end", "number"),
        connects.drop("queue"),
        _completed(few, connects),
        _first(given_up, joined, "abandoned"),
        _first(_statuses(few, _LET_GO), joined, "let_go", "status"),
    ):
        stays = stays.join(more, on=["uniqueid", "start"], how="left")
    stays = (
        stays.with_columns(nw.coalesce("number", "caller").alias("caller"))
        .join(_followed(few), on="uniqueid", how="left")
        .join(_last(joined), on="uniqueid", how="left")
        .join(_ends(source, joined), on="uniqueid", how="left")
    )
    stays = _outcome(_bridged(stays.join(legs, on="uniqueid", how="left")))
    refused = _refused(few).join(legs, on="uniqueid", how="left")
    both = nw.concat([_shape(stays, server), _shape(refused, server)], how="vertical")
    return frames.seconds(both, SECONDS).select(*COLUMNS)


def _of_visit(rows: nw.LazyFrame[Any], joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give each row, with its ``time``, the ``start`` of the visit it is part of: the last one.

    Rows that say in which ``queue`` they happened are of a visit to that queue.
    """
    rows = keep(rows)
    keys = ["uniqueid", "queue"] if "queue" in rows.collect_schema() else ["uniqueid"]
    last = (
        rows.select(*keys, "time")
        .unique()
        .join(joined.select(*keys, "start"), on=keys, how="inner")
        .filter(nw.col("start") <= nw.col("time"))
        .group_by(*keys, "time")
        .agg(nw.col("start").max())
    )
    return rows.join(last, on=[*keys, "time"], how="inner")


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
        queue="queue",
        member="membername",
        interface="interface",
        telephone="destuniqueid",
        rang="ringtime",
    ).with_columns(nw.coalesce("member", "interface").alias("agent"))
    first = _first(rows, joined, "connected", "queue", "agent", "telephone", "rang")
    ring = nw.coalesce(nw.col("connected") - nw.col("begun"), nw.col("rang") * MICROSECOND)
    return keep(
        first.join(rung, on="telephone", how="left").select(
            "uniqueid", "start", "queue", "connected", "agent", "until", ring.alias("ring")
        )
    )


def _completed(source: Source, connects: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when and how an agent's work with a caller ended, as ``completed`` and ``reason``.

    The event has no uniqueid where the caller's channel is gone already, and another one where a
    Local channel waited that took itself away once the agent answered. Then the agent, and how
    long he has talked, tell to which visit it belongs.
    """
    rows = (
        source.only(
            "AgentComplete",
            uniqueid="uniqueid",
            queue="queue",
            member="membername",
            interface="interface",
            reason="reason",
            talked="talktime",
        )
        .with_columns(nw.coalesce("member", "interface").alias("agent"))
        .drop("member", "interface")
    )
    keys = ["uniqueid", "queue"]
    known = connects.select(*keys).unique()
    strange = rows.join(known, on=keys, how="anti")
    own = _of_connect(rows.join(known, on=keys, how="semi"), connects, keys)
    behind = _of_connect(strange, connects, ["agent", "queue"])
    late = nw.col("completed") - nw.col("talked") * MICROSECOND - nw.col("connected")
    behind = behind.filter((late <= _ABOUT) & (late >= -_ABOUT))
    return (
        nw.concat([own, behind], how="vertical")
        .group_by("uniqueid", "start")
        .agg(nw.col("completed").min(), nw.col("reason").min())
    )


def _of_connect(
    rows: nw.LazyFrame[Any], connects: nw.LazyFrame[Any], keys: list[str]
) -> nw.LazyFrame[Any]:
    """Give each row the visit of the last connect before it, of those with the same keys."""
    pairs = (
        rows.select(*keys, "time", "reason", "talked")
        .join(connects, on=keys, how="inner")
        .filter(nw.col("connected") <= nw.col("time"))
    )
    last = pairs.group_by(*keys, "time").agg(nw.col("connected").max())
    return pairs.join(last, on=[*keys, "time", "connected"], how="inner").select(
        "uniqueid", "start", "connected", nw.col("time").alias("completed"), "reason", "talked"
    )


def _last(joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when a channel came to a queue for the last time."""
    return joined.group_by("uniqueid").agg(nw.col("start").max().alias("last_start"))


def _ends(source: Source, joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return where in the dialplan those who waited were at their end."""
    rows = source.only("Hangup", uniqueid="uniqueid", last_exten="exten")
    mine = rows.join(joined.select("uniqueid").unique(), on="uniqueid", how="semi")
    return mine.group_by("uniqueid").agg(nw.col("last_exten").max())


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


def _bridged(stays: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Say when those left who were put through to somebody by a manager: no event tells it."""
    unheard = nw.col("end").is_null() & nw.col("connected").is_null()
    put_through = nw.when(unheard & (nw.col("entered") >= nw.col("start"))).then(nw.col("entered"))
    return stays.with_columns(
        put_through.alias("put_through"),
        nw.coalesce(nw.col("end"), put_through).alias("end"),
    )


def _outcome(stays: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    # Asterisk says abandoned of everybody who left neither to an agent nor by a key.
    given_up = ~nw.col("abandoned").is_null()
    over = ~nw.col("over").is_null()
    heard = ~nw.col("steps").is_null()
    # A hangup is asked for before the queue lets him go; whoever asks later had gone elsewhere.
    asked_before = nw.col("asked_at_all") <= nw.col("abandoned")
    # `h` is where the dialplan tidies up after any hangup.
    came_by = nw.coalesce(nw.col("exten"), nw.lit(""))
    elsewhere = (nw.col("last_exten") != came_by) & (nw.col("last_exten") != "h")
    went_on = nw.any_horizontal(
        nw.col("start") < nw.col("last_start"),
        nw.col("asked_at_all") > nw.col("abandoned"),
        nw.col("entered") > nw.col("abandoned"),
        elsewhere,
        (nw.col("over") - nw.col("abandoned") > AT_THE_END) & (nw.col("last_exten") != "h"),
        ignore_nulls=True,
    )
    outcome = (
        nw.when(~nw.col("connected").is_null())
        .then(nw.lit("ANSWERED"))
        .when(~nw.col("status").is_null())
        .then(nw.col("status"))
        .when(given_up & asked_before)
        .then(nw.lit("ABANDONED"))
        .when(given_up & heard & went_on)
        .then(nw.lit("TRANSFERRED"))
        .when(given_up & heard & over)
        .then(nw.lit("ABANDONED"))
        .when(given_up & heard)
        .then(nw.lit(None, dtype=nw.String))
        .when(given_up)
        .then(nw.lit("TIMEOUT"))
        .when(~nw.col("put_through").is_null())
        .then(nw.lit("TRANSFERRED"))
        .when(~nw.col("end").is_null())
        .then(nw.lit("KEY"))
        # Of a channel without a dialplan that is redirected Asterisk tells no more.
        .when(over & elsewhere)
        .then(nw.lit("TRANSFERRED"))
    )
    asked = ~nw.col("asked_at_all").is_null()
    # A Local channel that took itself away has not hung up on the agent, who talks on.
    talks_on = (
        ~nw.col("real")
        & (nw.col("reason") == "caller")
        & (nw.col("until") - nw.col("completed") > AT_THE_END)
    )
    done = ~nw.coalesce(talks_on, nw.lit(False))
    stays = stays.with_columns(
        nw.when(done).then(nw.col(name)).alias(name) for name in ("reason", "completed")
    )
    # If a manager hangs up either of them, Asterisk tells that the caller did.
    by_manager = (nw.col("reason") == "caller") & nw.col("real") & ~asked
    who = (
        nw.when(by_manager)
        .then(nw.lit("pbx"))
        .when(~nw.col("reason").is_null())
        .then(_renamed("reason", _HUNG_UP))
        .when(~nw.col("connected").is_null() & nw.col("real") & asked)
        .then(nw.lit("caller"))
        .when((outcome == "ABANDONED") & asked)
        .then(nw.lit("caller"))
        .when(outcome == "ABANDONED")
        .then(nw.lit("pbx"))
    )
    told = nw.when(nw.col("real")).then(nw.col("over"))
    return stays.with_columns(
        outcome.alias("outcome"),
        who.alias("hangup_by"),
        (nw.coalesce(nw.col("completed"), told) - nw.col("connected")).alias("talk"),
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
