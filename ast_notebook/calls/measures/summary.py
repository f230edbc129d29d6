"""Summaries of calls: answered or not, how long, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.disposition import is_missed, may_be_elsewhere
from ast_notebook.calls.measures.grouping import (
    Edges,
    Zone,
    aggregate_by_group,
    not_over,
    one,
    quarters_of_week,
    ratio,
    read,
    whole,
)
from ast_notebook.errors import ConfError

#: The columns of calls that are used, and their types.
COLUMNS = {
    "start": nw.Int64,
    "end": nw.Int64,
    "disposition": nw.String,
    "gap": nw.Boolean,
    "source": nw.String,
    "direction": nw.String,
    "talk": nw.Float64,
    "billsec": nw.Float64,
    "ring": nw.Float64,
    "wait": nw.Float64,
    "pdd": nw.Float64,
}
#: The column of each disposition.
DISPOSITIONS = {
    "ANSWERED": "answered",
    "VOICEMAIL": "voicemail",
    "IVR": "ivr",
    "NO ANSWER": "no_answer",
    "BUSY": "busy",
    "REJECTED": "rejected",
    "CANCELLED": "cancelled",
    "ABANDONED": "abandoned",
    "FAILED": "failed",
}
#: The columns of `summary` after those that it groups by.
MEASURES = (
    *("calls", *DISPOSITIONS.values(), "up", "unknown", "missed"),
    *("asr", "ner", "acd", "pdd", "ring", "wait", "talk", "billsec", "talk_unknown"),
)
#: Columns that are 0 if there were no calls; all others are missing then.
ADDED_UP = (
    *("calls", *DISPOSITIONS.values(), "up", "unknown", "missed"),
    *("talk", "billsec", "talk_unknown"),
)


def summary(calls: Any, *, by: Sequence[str] = (), tz: Zone = "UTC") -> pd.DataFrame:
    """Count calls and how they ended.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine.
    by : sequence of str
        What to group by: columns such as ``queue``, ``trunk``, ``answered_by``, or ``hour`` (0 to
        23), ``weekday`` (0 is Monday) and ``day`` of the start. By default there is one row. Counts
        are of all calls, however many Thursdays there were: `heat_map` has an average week.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        ``calls``, then how many had each disposition. Calls that are ``up`` have none yet. A call
        is ``unknown`` if it is over, or may be over, and its source does not tell the disposition.
        Any number of the ``unknown`` calls may have been answered.

        missed
            How many calls nobody answered: all that have a disposition other than ANSWERED and
            IVR, but not the outbound ones. A call that left a message is missed, too. The count is
            missing if some calls are ``unknown``, or if a queue_log does not tell whether somebody
            answered some of them after the queue.
        asr
            Answer seizure ratio (ITU-T E.411): the share of answered calls among all calls with a
            disposition. Voicemail and a menu are not answers here, though a CDR may call them so.
            ASR and NER are missing if some calls are ``unknown``. ASR is also missing if
            a queue_log has some calls as NO ANSWER: somebody may have answered them after the
            queue, and the log does not tell that.
        ner
            Network effectiveness ratio (ITU-T E.425): the share of calls that were delivered among
            all calls with a disposition. Delivered are calls that were answered, busy, not answered
            or rejected by the telephone, or came to a mailbox, a menu or a queue; the remaining
            ones FAILED. It is missing where a source does not tell which ones FAILED: a queue_log
            never does, and a CDR has some of them as NO ANSWER.
        acd
            Average call duration, or average length of conversation (ALOC): seconds of talk of an
            answered call. If talk is unknown, as from a CDR, it is computed from ``billsec``.
        pdd
            Post-dial delay (ITU-T E.721): mean seconds from the dial to the ringing.
        ring, wait
            Mean seconds that the telephone rang, and that callers waited in queues.
        talk, billsec
            Total seconds of the calls with known values. If there were calls, a total is missing if
            no call has a known value. It is also missing if some calls were or may have been
            answered, and none of these has a known value. Calls that were not answered have no
            talk: if there were no others, ``talk`` is 0.
        talk_unknown
            How many of the calls that are over and were or may have been answered have no known
            talk. If there are any, ``talk`` is a lower bound.
    """
    return _summed(calls, by, tz)[[*by, *MEASURES]]


def _summed(calls: Any, by: Sequence[str], tz: Zone) -> pd.DataFrame:
    """Return what `summary` does, and ``elsewhere``: how many may have been answered elsewhere."""
    rows = read(calls, COLUMNS, ("start", "end"))
    spoken = nw.coalesce("talk", "billsec")
    disposition = nw.col("disposition").fill_null("")
    answered = disposition == "ANSWERED"
    undecided = ~disposition.is_in(list(DISPOSITIONS))
    source, vain = nw.col("source").fill_null("events"), disposition == "NO ANSWER"
    # A queue_log knows nothing of what came after the queue, and Asterisk writes NO ANSWER into a
    # CDR for calls that failed before they dialled, too.
    elsewhere = may_be_elsewhere()
    failures = (source == "queue_log") | ((source == "cdr") & vain)
    sums = {column: one(disposition == name) for name, column in DISPOSITIONS.items()}
    sums |= _not_over(undecided) | {"undecided": one(undecided)}
    sums |= {"elsewhere": one(elsewhere), "maybe_failed": one(failures)}
    sums["missed"] = one(is_missed())
    sums["talk_unknown"] = one(elsewhere | (answered & nw.col("talk").is_null()))
    sums |= {
        "spoken": nw.when(answered).then(nw.coalesce(spoken, nw.lit(0.0))).otherwise(nw.lit(0.0)),
        "spoke": one(answered & ~spoken.is_null()),
    }
    for name in ("pdd", "ring", "wait", "talk", "billsec"):
        sums |= {
            f"{name}_sum": nw.col(name).fill_null(0.0),
            f"{name}_count": one(~nw.col(name).is_null()),
        }
    for name in ("talk", "billsec"):
        sums[f"{name}_of_answered"] = one((answered | undecided) & ~nw.col(name).is_null())
    found = aggregate_by_group(rows, by, tz, sums, count="calls")
    # A log without any call's end does not tell which calls are up.
    found["up"] += found["open"] if found["ended"].sum() else 0
    found["unknown"] = found["undecided"] - found["up"]
    found["talk_unknown"] += found["unknown"]
    counts = ["calls", *DISPOSITIONS.values(), "up", "unknown", "elsewhere", "talk_unknown"]
    found = whole(found, counts)
    all_told = found["unknown"] + found["elsewhere"] == 0
    found["missed"] = found["missed"].astype("Int64").where(all_told)
    decided = (found["calls"] - found["up"]).where(found["unknown"] == 0)
    found["asr"] = ratio(found["answered"], decided.where(found["elsewhere"] == 0))
    found["ner"] = ratio(decided - found["failed"], decided.where(found["maybe_failed"] == 0))
    found["acd"] = ratio(found["spoken"], found["spoke"])
    for name in ("pdd", "ring", "wait"):
        found[name] = ratio(found[f"{name}_sum"], found[f"{name}_count"])
    may_have_talked = found["answered"] + found["elsewhere"] + found["undecided"] > 0
    for name, had in (("talk", may_have_talked), ("billsec", found["calls"] > 0)):
        unknown = (had & (found[f"{name}_count"] == 0)) | (
            may_have_talked & (found[f"{name}_of_answered"] == 0)
        )
        found[name] = found[f"{name}_sum"].astype(float).mask(unknown)
    return found


def _not_over(undecided: nw.Expr) -> dict[str, nw.Expr]:
    """Count the calls that are ``up`` and, of a CEL's calls, the ``open`` and the ``ended`` ones.

    If the CEL tells that any call ``ended``, the ``open`` ones are up, too.
    """
    of_cel = nw.col("source").fill_null("events") == "cel"
    endless = undecided & nw.col("end").is_null() & ~nw.col("gap").fill_null(value=False)
    return {
        "up": one(not_over(undecided)),
        "open": one(endless & of_cel),
        "ended": one(of_cel & ~nw.col("end").is_null()),
    }


def top(calls: Any, column: str = "caller", n: int = 10) -> pd.DataFrame:
    """Return who called most, or what was called most.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine.
    column : str
        ``caller``, ``dialled``, ``answered_by``, ``trunk`` or another one.
    n : int
        How many.

    Returns
    -------
    pandas.DataFrame
        ``calls``, ``answered``, ``talk`` (seconds), ``talk_unknown`` and ``billsec`` (seconds),
        the most calls first.
        ``answered`` is missing where the outcome of some is ``unknown``, as `summary` has it, or
        where a queue_log does not tell who answered them after the queue.
    """
    found = _summed(calls, (column,), "UTC")
    known = found["unknown"] + found["elsewhere"] == 0
    found["answered"] = found["answered"].astype("Int64").where(known)
    found = found[[column, "calls", "answered", "talk", "talk_unknown", "billsec"]]
    most = found.dropna(subset=column).sort_values(["calls", "talk"], ascending=False)
    return most.head(n).reset_index(drop=True)


def heat_map(
    calls: Any, *, tz: Zone = "UTC", value: str = "calls", known: Edges = (None, None)
) -> pd.DataFrame:
    """Return an average week: a row for each weekday (0 is Monday), and a column for each hour.

    Counts and sums are those of an average such day: calls at 10:00 on five Thursdays are divided
    by five, and calls in an hour that a clock change repeats count in two hours. All such hours
    count from the hour of the first call to that of the last, with calls or without.

    Parameters
    ----------
    calls : frame
        A calls frame, or one of queue calls (then ``value`` is ``calls``).
    tz : str or tzinfo
        The zone of hours and days.
    value : str
        ``calls``, or another column of `summary`. Counts and sums are 0 in hours without calls, and
        other values are missing there. All are missing for an hour of the week that did not occur
        between the first call and the last. Counts of a disposition are missing if some calls are
        ``unknown``, and those of answered calls as in `top`. Calls with an unknown beginning are in
        no hour.
    known : tuple of pandas.Timestamp or None
        The beginning and end of the time of which all calls are known, if it is longer than that
        from the first call to the last.

    Raises
    ------
    ConfError
        If `summary` has no such column.
    """
    found = _summed(calls, ("weekday", "hour"), tz)
    if value not in MEASURES:
        raise ConfError(f"there is no measure {value!r}: take one of {', '.join(MEASURES)}")
    if value in DISPOSITIONS.values():
        hidden = found["unknown"] + (found["elsewhere"] if value == "answered" else 0)
        found[value] = found[value].astype(float).where(hidden == 0)
    if value in ADDED_UP:
        # Unknown values of an hour with calls stay missing.
        week = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
        found = found.set_index(["weekday", "hour"])[[value]].reindex(week, fill_value=0)
        there = quarters_of_week(read(calls, {"start": nw.Int64}, ("start",)), tz, known)
        found = found.astype(float).div(there.reindex(week) / 4, axis=0).reset_index()
    table = found.pivot(index="weekday", columns="hour", values=value)
    table = table.reindex(index=pd.RangeIndex(7, name="weekday"))
    return table.reindex(columns=pd.RangeIndex(24, name="hour"))
