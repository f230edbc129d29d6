"""Decides the disposition of a call, whether it was missed, and who ended it."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ast_notebook.units import SECOND

#: The dispositions of a call that nobody took; it is missed, unless it is outbound.
MISSED = ("NO ANSWER", "BUSY", "REJECTED", "CANCELLED", "ABANDONED", "VOICEMAIL", "FAILED")
#: A party that hung up at most this long before the end of the call has ended it; otherwise, the
#: dialplan has.
AT_THE_END = 1 * SECOND
#: The same for channels that talked: Asterisk keeps the other channel of a parked call for a
#: second.
_LEFT_ALONE = 3 * SECOND // 2

#: The disposition of an unanswered call is that of the telephone that came nearest to an answer, by
#: the status of its dial or, if that is unknown, by its Q.850 cause.
_NO_ANSWER, _BUSY, _REJECTED, _FAILED = 4, 3, 2, 1
_STATUSES = {
    "NOANSWER": _NO_ANSWER,
    "BUSY": _BUSY,
    "CONGESTION": _FAILED,
    "CHANUNAVAIL": _FAILED,
}
_CAUSES = {17: _BUSY, 18: _NO_ANSWER, 19: _NO_ANSWER}
_CALL_REJECTED = 21


def may_be_elsewhere() -> nw.Expr:
    """Return whether a queue_log has a call as NO ANSWER: somebody may have answered it later."""
    source = nw.col("source").fill_null("events")
    return (source == "queue_log") & (nw.col("disposition").fill_null("") == "NO ANSWER")


def is_missed() -> nw.Expr:
    """Return whether a call was missed: nobody took it for sure, and it is not outbound."""
    nobody_took = nw.col("disposition").fill_null("").is_in(MISSED)
    return nobody_took & (nw.col("direction").fill_null("") != "outbound") & ~may_be_elsewhere()


def rank_of() -> nw.Expr:
    """Return how near a dialled channel came to an answer; missing for those that answered."""
    rank = nw.when(nw.col("cause") == _CALL_REJECTED).then(nw.lit(_REJECTED))
    for status, worth in _STATUSES.items():
        rank = rank.when(nw.col("status") == status).then(nw.lit(worth))
    for cause, worth in _CAUSES.items():
        rank = rank.when(nw.col("cause") == cause).then(nw.lit(worth))
    # Asterisk 16 does not tell how an unanswered dial of an Originate ended.
    return rank.when(nw.col("status").is_null() & nw.col("up").is_null()).then(nw.lit(_NO_ANSWER))


def disposed(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the ``disposition`` of each call."""
    up = ~nw.col("up").is_null()
    cancelled, asked = nw.col("cancelled"), nw.col("origin_asked_at_all")
    # Asterisk counts a caller as abandoned if he left neither to an agent nor by a key, even if the
    # queue let him go, or if he was sent elsewhere.
    let_go = ~nw.col("let_go").is_null() & (nw.col("let_go") >= nw.col("abandoned") - AT_THE_END)
    moved = nw.coalesce(nw.col("moved"), nw.lit(0)) > 0
    # Without the dialplan's steps, it is unknown whom the queue let go.
    followed = ~nw.col("followed").is_null()
    ended = _near(nw.col("abandoned"), asked) | (
        followed & _near(nw.col("abandoned"), nw.col("origin_end"))
    )
    # A channel that answered but is no party of the call was asked, and did not accept.
    unaccepted = nw.col("reached") > nw.col("origin_reached")
    # A queue that lets a caller go gives up its agents, too; the caller may have dialled since.
    ended_for_him = (
        ~moved
        & ~unaccepted
        & (nw.col("queue").is_null() | (nw.col("given_up_begun") > nw.col("let_go")))
        & _near(nw.col("given_up"), nw.col("origin_end"))
    )
    # A Local channel that was not answered in time hangs up the telephone behind it, whose events
    # only say that it was given up.
    in_vain = nw.col("rank_local") == _NO_ANSWER
    calls = calls.with_columns(
        nw.when(unaccepted | in_vain)
        .then(nw.lit(_NO_ANSWER))
        .otherwise(nw.coalesce("rank", "rank_local"))
        .alias("rank")
    )
    return calls.with_columns(
        nw.when(~nw.col("answered").is_null())
        .then(nw.lit("ANSWERED"))
        .when(nw.col("open") > 0)
        .then(nw.lit(None, dtype=nw.String))
        .when(~nw.col("mailbox").is_null())
        .then(nw.lit("VOICEMAIL"))
        .when(ended & ~let_go & ~moved)
        .then(nw.lit("ABANDONED"))
        .when((~moved & _near(cancelled, asked)) | (unaccepted & (asked <= nw.col("asking"))))
        .then(nw.lit("CANCELLED"))
        .when(ended_for_him)
        .then(nw.lit("CANCELLED"))
        # A caller whom a queue let go had waited in vain, even if some agents were busy or refused.
        .when(~nw.col("queue").is_null())
        .then(nw.lit("NO ANSWER"))
        .when(nw.col("rank") == _REJECTED)
        .then(nw.lit("REJECTED"))
        .when(nw.col("rank") == _BUSY)
        .then(nw.lit("BUSY"))
        .when(nw.col("rank") == _NO_ANSWER)
        .then(nw.lit("NO ANSWER"))
        .when(~moved & _near(cancelled, nw.col("origin_end")))
        .then(nw.lit("CANCELLED"))
        .when(nw.col("origin_start").is_null())
        .then(nw.lit(None, dtype=nw.String))  # it began before the events, which tell only its end
        .when(~cancelled.is_null())
        .then(nw.lit("NO ANSWER"))
        .when(up & nw.col("rank").is_null())
        .then(nw.lit("IVR"))
        .when(nw.col("rank").is_null() & ~nw.col("origin_asked").is_null())
        .then(nw.lit("CANCELLED"))
        .otherwise(nw.lit("FAILED"))
        .alias("disposition")
    )


def _near(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """Tell whether both moments are known, and nearly the same."""
    apart = one - other
    near = (apart <= AT_THE_END) & (apart >= -AT_THE_END)
    return ~one.is_null() & ~other.is_null() & near


def hung_up(calls: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add who ended the call: the party that hung up last, if that hangup ended the call."""
    at_the_end = nw.col("end") - AT_THE_END
    asked = ~nw.col("origin_asked_at_all").is_null()
    gave_up = nw.col("disposition").is_in(["CANCELLED", "ABANDONED"]) & asked
    by_caller = (nw.col("origin_asked") >= at_the_end) | gave_up
    # An agent's hangup after the end of the call belongs to a later call, or to his logout.
    by_agent = (nw.col("agent_asked") <= nw.col("end")) & (
        nw.col("agent_order") <= nw.col("end_order")
    )
    by_callee = (
        nw.max_horizontal(nw.col("asked"), nw.when(by_agent).then(nw.col("agent_asked")))
        >= nw.col("end") - _LEFT_ALONE
    )
    last = nw.max_horizontal(nw.col("asked_order"), nw.when(by_agent).then(nw.col("agent_order")))
    later = last > nw.coalesce("origin_order", nw.lit(-1))
    # If the dialplan goes on, it ends the call, and not the party that left before.
    stayed = nw.coalesce("origin_went_on", nw.lit(0)) == 0
    return calls.with_columns(
        nw.when(nw.col("end").is_null())
        .then(nw.lit(None, dtype=nw.String))
        .when(by_callee & later & stayed)
        .then(nw.lit("callee"))
        .when(by_caller)
        .then(nw.lit("caller"))
        .otherwise(nw.lit("pbx"))
        .alias("hangup_by")
    )
