"""Computes how long somebody was on hold in each call."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import narwhals as nw

from ast_notebook.calls.source import ORDER, Source


def holds(source: Source, legs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return ``call`` and ``hold`` in microseconds, for the calls with somebody on hold.

    A hold lasts from ``Hold`` to ``Unhold``, or until the holder leaves the bridge or hangs up. If
    two channels hold each other, both times count. The channels that hold are few, and are
    processed in Python.
    """
    names = {"uniqueid": "uniqueid", ORDER: ORDER}
    held = source.rare_events.only("Hold", **names)
    rows = (
        nw.concat(
            [
                held.with_columns(nw.lit(1, dtype=nw.Int64).alias("holds")),
                source.only(("Unhold", "BridgeLeave", "Hangup"), **names).with_columns(
                    nw.lit(0, dtype=nw.Int64).alias("holds")
                ),
            ],
            how="vertical",
        )
        .join(held, on="uniqueid", how="semi")
        .join(legs.select("uniqueid", "call"), on="uniqueid", how="inner")
        .select("call", "uniqueid", ORDER, "holds", "time")
        .collect()
    )
    total: dict[str, int] = {}
    ordered = sorted(rows.iter_rows())
    for (call, _), steps in groupby(ordered, key=lambda row: row[:2]):
        since: int | None = None
        total.setdefault(call, 0)
        for *_, holds_now, time in steps:
            if holds_now and since is None:
                since = int(time)
            elif not holds_now and since is not None:
                total[call] += int(time) - since
                since = None
    return source.work.small(
        {"call": list(total), "hold": list(total.values())},
        {"call": nw.String, "hold": nw.Int64},
        legs,
    )
