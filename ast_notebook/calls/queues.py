"""Makes the frame of queue calls: a row for each time that a caller came to a queue."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.calls import channels, frames, waiting
from ast_notebook.calls.batches import in_batches_by_server
from ast_notebook.calls.disposition import AT_THE_END
from ast_notebook.calls.engines import Work
from ast_notebook.calls.events import read
from ast_notebook.calls.gaps import with_gaps
from ast_notebook.calls.queue_answers import answered, completed, earliest, first, of_queue_call
from ast_notebook.calls.source import Source

TIMES = ("start", "end")
SECONDS = ("wait", "ring", "talk")
WHOLE = ("position",)
#: Every column of the frame of queue calls, in order. They are the same for every source.
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
    "gap",
    "source",
)
#: The outcomes of queue calls. In a report, their counts add up to the offered callers.
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

#: The values of QUEUESTATUS for callers whom the queue did not let in, and below for those whom it
#: let go, each with its outcome.
REFUSED = {"FULL": "FULL", "JOINEMPTY": "JOIN EMPTY", "JOINUNAVAIL": "JOIN EMPTY"}
_LET_GO = {
    "TIMEOUT": "TIMEOUT",
    "LEAVEEMPTY": "LEAVE EMPTY",
    "LEAVEUNAVAIL": "LEAVE EMPTY",
    "WITHDRAW": "TRANSFERRED",  # by the manager's QueueWithdrawCaller
}
_HUNG_UP = {"caller": "caller", "agent": "callee"}


def visits(events: Any) -> Any:
    """Return the queue calls: a row for each time that a caller came to a queue.

    Parameters
    ----------
    events : frame
        Events as `from_events` takes them. Asterisk sends those of queues to logins with
        ``read = agent``, and those of the dialplan's steps to logins with ``read = dialplan``.

    Returns
    -------
    frame
        A row for each queue call. Its columns, and their types in pandas:

        - str: ``call server queue caller outcome agent hangup_by source``
        - datetime64[us, UTC]: ``start end``
        - float64, in seconds: ``wait ring talk``
        - Int64: ``position``
        - bool: ``gap``

        ``start`` is when the caller joined the queue, and ``end`` is when he left the line.
        ``wait`` is the number of seconds in between, and ``position`` is his first place in line.
        ``agent`` is the name of the member who answered, ``ring`` is how long the agent's telephone
        rang, and ``talk`` is how long the two were connected, on hold or not, until one of them
        hung up or was transferred. ``hangup_by`` tells who ended the talk or, if the outcome is
        ABANDONED, who ended the wait: caller, callee, or pbx, which may be a manager. ``call`` is
        the id of the call to which the queue call belongs, as in `from_events`.

        ``outcome`` is one of `OUTCOMES`: ANSWERED; ABANDONED if the call ended while the caller
        waited, whoever ended it; TIMEOUT if the queue's timeout ended the wait; KEY if he left by
        pressing a key; LEAVE EMPTY if no agent was left; TRANSFERRED if he was sent elsewhere while
        he waited; JOIN EMPTY and FULL if he was not let in, so that he has no place in line and no
        wait. The outcome is missing while he waits. If a place in line was transferred, ``call``
        and ``caller`` are those of the caller who got it.

        A caller may have waited already when the events begin, or may have come while a connection
        was lost. He has a row if an event tells that he left the line, or if Asterisk listed him at
        a connect. His ``start``, ``wait`` and ``position`` are missing, and so is his ``outcome``
        unless an agent answered or an event tells it.

        ``gap`` says that a connection was lost while he waited or talked. Values that cannot be
        known then are missing: ``end`` and ``outcome`` if he may have left meanwhile, and ``talk``
        if it may have ended meanwhile.

        Without ``read = dialplan``, callers who were not let in are missing, and LEAVE EMPTY and
        TRANSFERRED look like TIMEOUT.
    """
    whole = read(events)
    with Work(whole) as work:
        parts = [
            work.keep(queue_calls_of(source, channels.build(source), name))
            for name, source in in_batches_by_server(whole, work)
        ]
        return frames.give(parts, work, like=events, times=TIMES, whole=WHOLE)


def queue_calls_of(
    source: Source, legs: nw.LazyFrame[Any], server: str | None
) -> nw.LazyFrame[Any]:
    """Return the queue calls of one PBX, from its events and legs; times are in microseconds."""
    rung = legs.select(nw.col("uniqueid").alias("telephone"), "begun", nw.col("end").alias("until"))
    legs = legs.select(
        "uniqueid", "call", "real", "entered", nw.col("end").alias("over"), "asked_at_all"
    )
    few = source.rare_events
    joined = _places(source)
    left = few.only("QueueCallerLeave", uniqueid="uniqueid", queue="queue", number="calleridnum")
    given_up = few.only("QueueCallerAbandon", uniqueid="uniqueid", queue="queue")
    connects = answered(few, joined, rung)
    queue_calls = joined
    for more in (
        first(left, joined, few.work, "end", "number"),
        earliest(connects, "connected", "agent", "until", "ring").drop("queue"),
        first(given_up, joined, few.work, "abandoned"),
        first(_statuses(few, _LET_GO), joined, few.work, "let_go", "status"),
    ):
        queue_calls = queue_calls.join(more, on=["uniqueid", "start"], how="left")
    talks = completed(few, connects)
    queue_calls = queue_calls.join(talks, on=["uniqueid", "start", "connected"], how="left")
    queue_calls = source.work.shallow(queue_calls)
    queue_calls = (
        queue_calls.with_columns(nw.coalesce("number", "caller").alias("caller"))
        .join(_followed(few), on="uniqueid", how="left")
        .join(_last(joined), on="uniqueid", how="left")
        .join(_ends(source, joined), on="uniqueid", how="left")
    )
    queue_calls = _missed(
        queue_calls.join(legs, on="uniqueid", how="left"), source.lost, source.work
    )
    queue_calls = source.work.shallow(_outcome(_bridged(source.work.shallow(queue_calls))))
    refused = _refused(few).join(legs, on="uniqueid", how="left")
    both = nw.concat([_shape(queue_calls, server), _shape(refused, server)], how="vertical")
    return frames.seconds(both, SECONDS).select(*COLUMNS)


def _places(source: Source) -> nw.LazyFrame[Any]:
    """Return the places in line; ``timed`` says whether it is known when they were taken."""
    joined = waiting.joins(source)
    before = waiting.earlier(source, joined)
    parts = [
        rows.select(
            "uniqueid",
            "queue",
            "caller",
            "exten",
            "position",
            "start",
            nw.lit(timed).alias("timed"),
        )
        for rows, timed in ((joined, True), (before, False))
    ]
    return source.work.keep(nw.concat(parts, how="vertical"))


def _last(joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return when a channel came to a queue for the last time."""
    return joined.group_by("uniqueid").agg(nw.col("start").max().alias("last_start"))


def _ends(source: Source, joined: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the extension of the dialplan at which each channel that waited ended."""
    rows = source.only("Hangup", uniqueid="uniqueid", last_exten="exten")
    mine = rows.join(joined, on="uniqueid", how="semi")
    return mine.group_by("uniqueid").agg(nw.col("last_exten").max())


def _statuses(source: Source, known: dict[str, str]) -> nw.LazyFrame[Any]:
    rows = source.only("VarSet", uniqueid="uniqueid", variable="variable", status="value")
    mine = rows.filter((nw.col("variable") == "QUEUESTATUS") & nw.col("status").is_in(list(known)))
    return mine.select("time", "uniqueid", _renamed("status", known).alias("status"))


def _entered(source: Source) -> nw.LazyFrame[Any]:
    """Return when the dialplan sent a channel to a queue, and to which one."""
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
    """Return the callers for whom there are events of steps in the dialplan."""
    return _entered(source).group_by("uniqueid").agg(nw.len().alias("steps"))


def _refused(source: Source) -> nw.LazyFrame[Any]:
    """Return the queue calls of callers who were not let in; queues send no event for them."""
    entered = _entered(source).rename({"time": "start"})
    refused = of_queue_call(_statuses(source, REFUSED), entered, source.work)
    queues = earliest(entered, "start", "queue", "caller")
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
        nw.lit(False).alias("gap"),
    )


def _missed(queue_calls: nw.LazyFrame[Any], lost: list[int], work: Work) -> nw.LazyFrame[Any]:
    """Mark values that are unknown because a connection was lost and events may be missing.

    ``gap`` says that the connection was lost during a queue call. Each other column says that one
    event may be missing. For ``unsure_left``, it is the event that the caller left the line. For
    ``unsure_talk``, it is the end of his talk. For ``unsure_way``, it is an event that shows where
    he went on without an agent.
    """
    end, connected = nw.col("end"), nw.col("connected")
    talked = ~connected.is_null()
    over = nw.coalesce("completed", "over")
    until = nw.when(talked).then(over).otherwise(end)
    unended = talked & nw.col("completed").is_null()
    # If it is only known that a caller left, he may have come in any gap before. A caller in
    # Asterisk's list was in line at the time of the list.
    since = nw.when(nw.col("timed") | end.is_null()).then(nw.col("start"))
    queue_calls = with_gaps(
        queue_calls,
        lost,
        work,
        gap=(since, until),
        # The event of the answering agent comes right after the caller left the line.
        unsure_left=(nw.coalesce(end, nw.col("start")), end + AT_THE_END),
        unsure_talk=(connected, nw.col("over")),
        unsure_way=(nw.col("abandoned"), nw.col("over")),
    )
    return queue_calls.with_columns((unended & nw.col("unsure_talk")).alias("unsure_talk"))


def _bridged(queue_calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Set the end of the wait of callers whom a manager connected with somebody.

    No event tells that they left the queue.
    """
    without_end = nw.col("end").is_null() & nw.col("connected").is_null()
    without_end = without_end & ~nw.col("unsure_left")
    without_end = without_end & nw.col("timed") & (nw.col("entered") >= nw.col("start"))
    put_through = nw.when(without_end).then(nw.col("entered"))
    return queue_calls.with_columns(
        put_through.alias("put_through"),
        nw.coalesce(nw.col("end"), put_through).alias("end"),
    )


def _outcome(queue_calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    # Asterisk counts a caller as abandoned if he left without an agent and without a key.
    given_up = ~nw.col("abandoned").is_null()
    over = ~nw.col("over").is_null()
    heard = ~nw.col("steps").is_null()
    # If a caller hangs up in the queue, he does so before he leaves it. If he does so later, he was
    # elsewhere by then.
    asked_before = nw.col("asked_at_all") <= nw.col("abandoned")
    # `h` is the extension in which the dialplan cleans up after any hangup.
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
    timed = nw.col("timed")
    outcome = (
        nw.when(~nw.col("connected").is_null())
        .then(nw.lit("ANSWERED"))
        .when(~nw.col("status").is_null())
        .then(nw.col("status"))
        .when(given_up & asked_before)
        .then(nw.lit("ABANDONED"))
        # The events that tell his outcome may have come before the known events begin.
        .when(~timed)
        .then(nw.lit(None, dtype=nw.String))
        .when(given_up & heard & went_on)
        .then(nw.lit("TRANSFERRED"))
        .when(given_up & heard & over & ~nw.col("unsure_way"))
        .then(nw.lit("ABANDONED"))
        .when(given_up & heard)
        .then(nw.lit(None, dtype=nw.String))
        .when(given_up)
        .then(nw.lit("TIMEOUT"))
        .when(~nw.col("put_through").is_null())
        .then(nw.lit("TRANSFERRED"))
        .when(nw.col("unsure_left"))
        .then(nw.lit(None, dtype=nw.String))
        .when(~nw.col("end").is_null())
        .then(nw.lit("KEY"))
        # Asterisk sends no further events for a redirected channel that has no dialplan.
        .when(over & elsewhere)
        .then(nw.lit("TRANSFERRED"))
    )
    asked = ~nw.col("asked_at_all").is_null() & ~nw.col("unsure_talk")
    # A Local channel that removed itself did not end the talk: the agent goes on talking.
    talks_on = (
        ~nw.col("real")
        & (nw.col("reason") == "caller")
        & (nw.col("until") - nw.col("completed") > AT_THE_END)
    )
    done = ~nw.coalesce(talks_on, nw.lit(False))
    queue_calls = queue_calls.with_columns(
        nw.when(done).then(nw.col(name)).alias(name) for name in ("reason", "completed")
    )
    # If a manager hangs up one of the two, Asterisk says that the caller hung up.
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
    talk_end = nw.when(nw.col("real") & ~nw.col("unsure_talk")).then(nw.col("over"))
    return queue_calls.with_columns(
        nw.when(timed).then(nw.col("start")).alias("start"),
        outcome.alias("outcome"),
        who.alias("hangup_by"),
        (nw.coalesce(nw.col("completed"), talk_end) - nw.col("connected")).alias("talk"),
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
        *(
            nw.col(name)
            if name == "gap"
            else nw.col(name).cast(nw.Int64 if name in numbers else nw.String)
            for name in COLUMNS
        )
    )
