"""What became of the calls: answered or not, how long, and by whom they were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import Zone, gather, one, ratio, read, whole
from ast_notebook.errors import ConfError

_COLUMNS = {
    "start": nw.Int64,
    "disposition": nw.String,
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

#: What is 0 where there was no call; all else is not known there.
ADDED_UP = ("calls", *DISPOSITIONS.values(), "up", "talk", "billsec")


def summary(calls: Any, *, by: Sequence[str] = (), tz: Zone = "UTC") -> pd.DataFrame:
    """Count calls and how they ended.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine.
    by : sequence of str
        What to group by: columns such as ``queue``, ``trunk``, ``answered_by``, or ``hour`` (0 to
        23), ``weekday`` (0 is Monday) and ``day`` of the start. Nothing gives one row.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        ``calls``, then how many had each disposition; ``up`` have none: they are not over, or began
        before the events did, and nobody knows what became of them.

        asr
            Answer seizure ratio (ITU-T E.411): answered of all that are decided. Voicemail and a
            menu are not answers here, though a CDR may call them so.
        ner
            Network effectiveness ratio (ITU-T E.425): answered, busy, not answered and rejected by
            the telephone, of all that are decided; a call that came to a mailbox, a menu or a queue
            was delivered, too. What remains are those that FAILED.
        acd
            Average call duration, or average length of conversation (ALOC): seconds of talk of an
            answered call. Where talk is not known, as of a CDR, it is ``billsec``.
        pdd
            Post-dial delay (ITU-T E.721): mean seconds from the dial to the ringing.
        ring, wait
            Mean seconds that the telephone rang, and that callers waited in queues.
        talk, billsec
            Seconds in all, of the calls of which they are known. Missing where there were calls
            and of none they are known; who was not answered did not talk.
    """
    rows = read(calls, _COLUMNS, ("start",))
    known = ~nw.col("disposition").is_null()
    spoken = nw.coalesce("talk", "billsec")
    answered = nw.col("disposition") == "ANSWERED"
    sums = {column: one(nw.col("disposition") == name) for name, column in DISPOSITIONS.items()}
    sums |= {"up": one(~known)}
    sums |= {
        "spoken": nw.when(answered).then(nw.coalesce(spoken, nw.lit(0.0))).otherwise(nw.lit(0.0)),
        "spoke": one(answered & ~spoken.is_null()),
    }
    for name in ("pdd", "ring", "wait", "talk", "billsec"):
        sums |= {
            f"{name}_sum": nw.coalesce(name, nw.lit(0.0)),
            f"{name}_count": one(~nw.col(name).is_null()),
        }
    found = gather(rows, by, tz, sums, count="calls")
    counts = ["calls", *DISPOSITIONS.values(), "up"]
    found = whole(found, counts)
    decided = found["calls"] - found["up"]
    found["asr"] = ratio(found["answered"], decided)
    found["ner"] = ratio(decided - found["failed"], decided)
    found["acd"] = ratio(found["spoken"], found["spoke"])
    for name in ("pdd", "ring", "wait"):
        found[name] = ratio(found[f"{name}_sum"], found[f"{name}_count"])
    for name, had in (("talk", "answered"), ("billsec", "calls")):
        unknown = (found[had] > 0) & (found[f"{name}_count"] == 0)
        found[name] = found[f"{name}_sum"].astype(float).mask(unknown)
    measures = ["asr", "ner", "acd", "pdd", "ring", "wait", "talk", "billsec"]
    return found[[*by, *counts, *measures]]


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
        ``calls``, ``answered`` and ``talk`` (seconds), the most calls first.
    """
    found = summary(calls, by=(column,))[[column, "calls", "answered", "talk"]]
    most = found.dropna(subset=column).sort_values(["calls", "talk"], ascending=False)
    return most.head(n).reset_index(drop=True)


def heat_map(calls: Any, *, tz: Zone = "UTC", value: str = "calls") -> pd.DataFrame:
    """Return the hours of the week: a row a weekday (0 is Monday), a column an hour.

    Parameters
    ----------
    calls : frame
        A calls frame, or a visits frame (then ``value`` is ``calls``).
    tz : str or tzinfo
        The zone of hours and days.
    value : str
        ``calls``, or another column of `summary`. Counts and sums are 0 where there was no call;
        all else is missing there.

    Raises
    ------
    ConfError
        If `summary` has no such column.
    """
    found = summary(calls, by=("weekday", "hour"), tz=tz)
    if value not in found.columns[2:]:
        raise ConfError(
            f"there is no measure {value!r}: take one of {', '.join(found.columns[2:])}"
        )
    if value in ADDED_UP:
        # What is not known of an hour that had calls stays missing.
        week = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
        found = found.set_index(["weekday", "hour"])[[value]].reindex(week, fill_value=0)
        found = found.astype(float).reset_index()
    table = found.pivot(index="weekday", columns="hour", values=value)
    table = table.reindex(index=pd.RangeIndex(7, name="weekday"))
    return table.reindex(columns=pd.RangeIndex(24, name="hour"))
