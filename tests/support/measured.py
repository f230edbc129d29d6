"""Calls and visits to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

MONDAY = pd.Timestamp("2026-11-23 09:00", tz="UTC")


def moments(seconds: Sequence[float | None], begin: pd.Timestamp = MONDAY) -> pd.Series:
    micro = [None if one is None else begin.value // 1000 + round(one * 1e6) for one in seconds]
    return pd.to_datetime(pd.Series(micro, dtype="Int64"), unit="us", utc=True)


def some_calls(rows: list[tuple[Any, ...]], begin: pd.Timestamp = MONDAY) -> pd.DataFrame:
    """Calls of (start, end, answered, talk, disposition, caller)."""
    start, end, answered, talk, disposition, caller = zip(*rows, strict=True) if rows else [()] * 6
    return pd.DataFrame(
        {
            "start": moments(start, begin),
            "end": moments(end, begin),
            "answered": moments(answered, begin),
            "talk": pd.Series(talk, dtype="float64"),
            "disposition": pd.Series(disposition, dtype="str"),
            "caller": pd.Series(caller, dtype="str"),
            "cause": pd.Series([16] * len(rows), dtype="Int64"),
            "dialled": pd.Series(["240"] * len(rows), dtype="str"),
        }
    )


def some_visits(rows: list[tuple[str, float, str]]) -> pd.DataFrame:
    """Visits of (queue, wait, outcome), one a minute."""
    queue, wait, outcome = map(list, zip(*rows, strict=True))
    start = [60.0 * number for number in range(len(rows))]
    return pd.DataFrame(
        {
            "queue": pd.Series(queue, dtype="str"),
            "start": moments(start),
            "end": moments([one + seconds for one, seconds in zip(start, wait, strict=True)]),
            "wait": wait,
            "outcome": pd.Series(outcome, dtype="str"),
            "talk": [60.0 if one == "ANSWERED" else None for one in outcome],
            "agent": pd.Series(
                ["Ann" if one == "ANSWERED" else None for one in outcome], dtype="str"
            ),
        }
    )


WAITS = some_visits(
    [
        ("desk", 4.0, "ANSWERED"),
        ("desk", 20.0, "ANSWERED"),
        ("desk", 30.0, "ANSWERED"),
        ("desk", 3.0, "ABANDONED"),
        ("desk", 40.0, "ABANDONED"),
        ("desk", 60.0, "TIMEOUT"),
        ("desk", 0.0, "FULL"),
        ("hall", 1.0, "TRANSFERRED"),
    ]
)


def office_calls(rows: list[tuple[Any, ...]], begin: pd.Timestamp = MONDAY) -> pd.DataFrame:
    """Calls of (start, direction, caller, dialled, disposition, answered_by), a minute each."""
    start, direction, caller, dialled, disposition, answered_by = zip(*rows, strict=True)
    talked = [one == "ANSWERED" for one in disposition]
    return pd.DataFrame(
        {
            "start": moments(start, begin),
            "end": moments([one + 60 for one in start], begin),
            "direction": pd.Series(direction, dtype="str"),
            "caller": pd.Series(caller, dtype="str"),
            "dialled": pd.Series(dialled, dtype="str"),
            "disposition": pd.Series(disposition, dtype="str"),
            "answered_by": pd.Series(answered_by, dtype="str"),
            "queue": pd.Series(["desk"] * len(rows), dtype="str"),
            "talk": pd.Series([60.0 if one else 0.0 for one in talked], dtype="float64"),
        }
    )
