"""How calls sounded: the share of bad ones, and what was bad about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import (
    Rows,
    Zone,
    aggregate_by_group,
    one,
    ratio,
    read,
    whole,
)
from ast_notebook.errors import ConfError
from ast_notebook.voice.emodel import BAD

_VALUES = ("mos", "loss", "jitter", "rtt")
_COLUMNS = {
    "start": nw.Int64,
    **dict.fromkeys(_VALUES, nw.Float64),
    **dict.fromkeys(("caller_device", "answered_device"), nw.String),
}


def quality(
    calls: Any, *, by: Sequence[str] = (), tz: Zone = "UTC", bad: float = BAD
) -> pd.DataFrame:
    """Tell how calls sounded.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine, or the frame of `calls.legs` or `calls.streams`, whose rows
        then count as calls do.
    by : sequence of str
        What to group by: columns such as ``trunk``, ``queue`` or ``codec``, or ``hour`` (0 to 23),
        ``weekday`` (0 is Monday) and ``day`` of the start. By ``device``, a call counts for each of
        its two telephones, whichever of them sounded bad; legs have a device of their own.
    tz : str or tzinfo
        The zone of hours and days.
    bad : float
        The score below which a call sounded bad. Below 3.6, many users are dissatisfied (ITU-T
        G.107, table B.1).

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, then:

        calls
            How many calls there were.
        rated
            How many of them have a score. A call has none if it was too short for a report (5
            seconds), if its login may not read reports, or if its codec is not rated.
        bad, bad_share
            How many of the rated calls had a score below `bad`, and their share.
        mos, mos_min
            The mean and the lowest score (ITU-T G.107), of the calls' worst legs.
        loss, jitter, rtt
            The means of the calls' worst legs: lost packets in percent, jitter and round trip in
            milliseconds, each as RTP's reports define it (RFC 3550).
        loss_max, jitter_max, rtt_max
            The greatest of each.

        Means are of the calls with a known value, and missing if there are none.

    Raises
    ------
    ConfError
        If there is no such column or zone, or `bad` is no score.

    Examples
    --------
    >>> measures.quality(sh.ast.calls(), by=("trunk",)).sort_values("bad_share")
    """
    if not 1.0 <= bad <= 5.0:
        raise ConfError(f"bad has to be a score from 1 to 5, such as 3.6, not {bad!r}")
    rows = read(calls, _COLUMNS, ("start",))
    if "device" in by and "device" not in rows.collect_schema():
        rows = _by_telephone(rows)
    sums: dict[str, nw.Expr] = {"bad": one(nw.col("mos") < bad)}
    maxima: dict[str, nw.Expr] = {"mos_least": -nw.col("mos")}
    for name in _VALUES:
        sums[f"{name}_sum"] = nw.col(name).fill_null(0.0)
        sums[f"{name}_count"] = one(~nw.col(name).is_null())
        maxima[f"{name}_max"] = nw.col(name)
    found = aggregate_by_group(rows, by, tz, sums, maxima, count="calls")
    found["rated"] = found["mos_count"]
    found = whole(found, ["calls", "rated", "bad"])
    found["bad_share"] = ratio(found["bad"], found["rated"])
    found["mos_min"] = -found["mos_least"].astype(float)
    for name in _VALUES:
        found[name] = ratio(found[f"{name}_sum"], found[f"{name}_count"])
        found[f"{name}_max"] = found[f"{name}_max"].astype(float)
    means = ["mos", "mos_min", "loss", "jitter", "rtt"]
    return found[
        [*by, "calls", "rated", "bad", "bad_share", *means, "loss_max", "jitter_max", "rtt_max"]
    ]


def _by_telephone(rows: Rows) -> Rows:
    """Return each call once for each telephone that it had, which is its ``device``."""
    caller, other = nw.col("caller_device"), nw.col("answered_device")
    second = ~other.is_null() & (nw.col("caller_device").fill_null("") != other)
    return nw.concat(
        [
            rows.with_columns(caller.alias("device")).filter(~caller.is_null()),
            rows.with_columns(other.alias("device")).filter(second),
        ],
        how="vertical",
    )
