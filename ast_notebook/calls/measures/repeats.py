"""First-call resolution: the share of callers who did not have to call again soon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from ast_notebook.calls.engines import collected
from ast_notebook.calls.measures.grouping import (
    CLOCK,
    Zone,
    aggregate_by_group,
    one,
    ratio,
    read,
    whole,
)
from ast_notebook.calls.measures.unreturned import checked_directions
from ast_notebook.durations import Duration, duration
from ast_notebook.errors import ConfError

_COLUMNS = {
    "start": nw.Int64,
    "direction": nw.String,
    "disposition": nw.String,
    "caller": nw.String,
    "caller_e164": nw.String,
    "queue": nw.String,
    "answered_by": nw.String,
}


def repeats(
    calls: Any, within: Duration = "1d", *, by: Sequence[str] = ("queue",), tz: Zone = "UTC"
) -> pd.DataFrame:
    """Return how many callers called again soon, and the share that was helped by the first call.

    A first call is one from outside that somebody answered, if the same number did not call from
    outside within the span before it. It is repeated if the same number calls again within the
    span after it, whatever becomes of that call. First-call resolution is the share of first calls
    that are not repeated: one minus repeated calls divided by calls. There is no common method for
    FCR (ICMI, "Calculating First Call Resolution", 2003), so compare it with your own past alone.
    Nobody is asked whether his matter was solved: a caller with a new matter counts as one who
    calls again, and one who gives up counts as helped.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine, with directions. Numbers are compared by ``caller_e164`` where
        it is known. Callers whose number is withheld or unknown are left out.
    within : str or number or timedelta
        ``1d``, ``4h``, or seconds.
    by : sequence of str
        As in `summary`, of the first call: ``("queue",)``, ``("answered_by",)``, ``("hour",)``;
        ``()`` gives one row.
    tz : str or tzinfo
        The zone of hours and days.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``first_calls`` and ``repeated`` (int64), ``fcr`` (float64, 0 to
        1, missing without first calls), and ``undecided`` (int64): the answered calls of which it
        is unknown whether they are first calls or are repeated, since the frame does not reach far
        enough before or after them. (It reaches from its earliest start to its latest one.) These
        calls count in no other column.

    Raises
    ------
    ConfError
        If no call has a direction, ``within`` is no length of time, or there is no such column or
        zone.

    Examples
    --------
    >>> measures.repeats(calls, "1d", by=("answered_by",))
    """
    limit = duration(within, "within")
    rows = read(calls, _COLUMNS, ("start",))
    if isinstance(by, str):
        raise ConfError(f"by has to be a tuple or list of names: write by=({by!r},)")
    checked_directions(rows)
    names = [name for name in by if name not in (*CLOCK, "start")]
    number = nw.coalesce("caller_e164", "caller")
    inbound = rows.filter(
        (nw.col("direction") == "inbound") & ~nw.col("start").is_null() & number.str.contains("\\d")
    ).select(
        "start",
        number.alias("number"),
        (nw.coalesce("disposition", nw.lit("")) == "ANSWERED").alias("answered"),
        *(nw.col(name) for name in names if name in rows.collect_schema()),
    )
    table: pd.DataFrame = collected(inbound).to_pandas()
    reach = rows.select(nw.col("start").min().alias("first"), nw.col("start").max().alias("last"))
    first, last = collected(reach).to_pandas().iloc[0]
    table["number"] = pd.factorize(table["number"])[0]
    table = table.sort_values(["number", "start"], kind="stable", ignore_index=True)
    same = np.diff(table["number"].to_numpy()) == 0
    close = same & (np.diff(table["start"].to_numpy(dtype="int64")) <= limit)
    before, after = np.append(False, close)[: len(table)], np.append(close, False)[: len(table)]
    seen = (table["start"] - limit >= first) & (table["start"] + limit <= last)
    is_first = table["answered"].astype(bool) & ~before
    table = table.assign(
        decided=is_first & seen, repeated=is_first & seen & after, undecided=is_first & ~seen
    )
    sums = {name: one(nw.col(name)) for name in ("decided", "repeated", "undecided")}
    found = aggregate_by_group(read(table[is_first], {"start": nw.Int64}, ()), by, tz, sums)
    found = whole(found, list(sums)).rename(columns={"decided": "first_calls"})
    found["fcr"] = ratio(found["first_calls"] - found["repeated"], found["first_calls"])
    return found[[*by, "first_calls", "repeated", "fcr", "undecided"]]
