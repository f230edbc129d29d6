"""What real Asterisks sent while scenarios were played, and the calls that are made of it."""

from __future__ import annotations

from functools import cache

import pandas as pd

from ast_notebook.calls import (
    from_events,
)
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


def during(frame: pd.DataFrame, one: Played) -> pd.DataFrame:
    seconds = frame["time"].astype("int64") / 1e6
    return frame[(seconds >= one.begun) & (seconds <= one.ended)]
