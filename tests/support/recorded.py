"""What real Asterisks sent while scenarios were played, and the calls that are made of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from ast_notebook.calls import from_events
from tests.scenarios.sources import TRUNKS
from tests.scenarios.truth import Played, load
from tests.support.paths import RECORDINGS

VERSIONS = (16, 22)


@cache
def events(version: int) -> pd.DataFrame:
    return pd.read_parquet(RECORDINGS / f"asterisk{version}" / "events.parquet")


@cache
def calls(version: int) -> pd.DataFrame:
    return from_events(events(version), trunks=TRUNKS)


@cache
def played(version: int) -> dict[str, Played]:
    return {one.name: one for one in load(RECORDINGS / f"asterisk{version}" / "truth.jsonl")}


def microseconds(times: pd.Series[pd.Timestamp]) -> list[int]:
    return times.dt.as_unit("us").astype("int64").tolist()


def texts_of(events: pd.DataFrame) -> list[str]:
    """Return events as Asterisk sent them, but for the spelling of their headers."""
    lines = [
        [f"Event: {event}", f"Timestamp: {time / 1e6:.6f}"]
        for event, time in zip(events["event"], microseconds(events["time"]), strict=True)
    ]
    own = ["event", "received", "time", "server"]
    for name, column in events.drop(columns=own, errors="ignore").items():
        is_known = column.notna()  # most events have few of the hundreds of headers
        for row, value in zip(
            np.flatnonzero(is_known), column[is_known].astype("str"), strict=True
        ):
            lines[row] += [f"{name}: {line}" for line in value.split("\n")]
    return ["\r\n".join(one) for one in lines]


def during(frame: pd.DataFrame, one: Played) -> pd.DataFrame:
    seconds = frame["time"].astype("int64") / 1e6
    return frame[(seconds >= one.begun) & (seconds <= one.ended)]
