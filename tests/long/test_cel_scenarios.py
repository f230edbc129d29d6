"""The channel event logs of a real Asterisk 16 and 22 tell the calls that took place.

What such a log does not know is missing: nobody who was on hold is in it, and of queues it has the
name and the waiting only where ``cel.conf`` says ``apps = queue``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls.history import history
from tests.scenarios.truth import SECONDS, Call, Played, load
from tests.support.paths import RECORDINGS

VERSIONS = (16, 22)
#: Asterisk's own words of time are whole seconds here.
WHOLE = 1.0
#: What is right or missing; all else is right.
MAY_BE_MISSING = {
    "hold",  # no event tells of it
    "queue",
    "wait",
    "disposition",  # after a queue: somebody left a message, or gave up?
}
#: A trunk has no number of its own; the recorded truth has the number that was dialled.
DEVICES = {"00897654321": "trunk"}
COLUMNS = (
    "caller",
    "dialled",
    "answered_by",
    "disposition",
    "hangup_by",
    "cause",
    "queue",
    "transfers",
    "legs",
    "direction",
    "conference",
    *SECONDS,
)


@cache
def played(version: int) -> dict[str, Played]:
    return {one.name: one for one in load(RECORDINGS / f"asterisk{version}" / "truth.jsonl")}


@cache
def calls(version: int) -> pd.DataFrame:
    past = history(RECORDINGS / f"asterisk{version}" / "cel.csv.gz", trunks=["trunk"])
    assert past.bad_count == 0
    return past.calls


@cache
def began(version: int) -> pd.DataFrame:
    """When each channel began, to the microsecond, which whole seconds do not tell."""
    events = pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet")
    return events[events["event"] == "Newchannel"][["uniqueid", "time"]]


def found(version: int, one: Played) -> list[dict[str, Any]]:
    new = began(version)
    seconds = new["time"].astype("int64") / 1e6
    there = new.loc[(seconds >= one.begun) & (seconds <= one.ended), "uniqueid"]
    rows = calls(version)[calls(version)["call"].isin(there)]
    plain = rows.astype(object).where(rows.notna(), None)
    records: list[dict[Any, Any]] = plain.to_dict("records")
    return records


def same(name: str, value: Any, truth: Any, tolerance: float) -> bool:
    if value is None and name in MAY_BE_MISSING:
        return True
    if name in SECONDS and None not in (value, truth):
        return bool(abs(value - truth) <= tolerance + WHOLE)
    if name == "answered_by":
        truth = DEVICES.get(truth, truth)
    return bool(value == truth)


def is_right(row: dict[str, Any], truth: Call) -> dict[str, Any]:
    """What is not so, with the value that is right."""
    return {
        name: (row[name], getattr(truth, name))
        for name in COLUMNS
        if not same(name, row[name], getattr(truth, name), truth.tolerance)
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", played(16))
def test_a_channel_event_log_tells_the_calls_that_took_place(version: int, name: str) -> None:
    one = played(version)[name]
    expected, rows = list(one.calls), found(version, one)
    assert len(rows) == len(expected)
    if len(expected) > 10:
        # So many began at once that their order is the PBX's business.
        rows.sort(key=lambda row: (row["caller"], row["start"]))
        expected.sort(key=lambda call: str(call.caller))
    wrong = [is_right(row, truth) for row, truth in zip(rows, expected, strict=True)]
    assert wrong == [{}] * len(expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_tells_of_no_other_call(version: int) -> None:
    assert len(calls(version)) == sum(len(one.calls) for one in played(version).values())


@pytest.mark.parametrize("version", VERSIONS)
def test_hardly_any_outcome_is_missing(version: int) -> None:
    assert calls(version)["disposition"].isna().sum() <= 1
    assert calls(version)["hangup_by"].notna().all()
