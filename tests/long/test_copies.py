"""Events that are there twice, as of two frames that overlap, change no call."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ast_notebook.calls import (
    agent_pauses,
    agent_sessions,
    from_events,
    legs,
    log_of,
    visits,
)
from ast_notebook.calls.batches import BATCH
from tests.support.paths import RECORDINGS

TOLD = r"^[\d,]+ events are copies of others, as in frames that overlap: they do not count$"


def plain(events: pd.DataFrame) -> Any:
    return events


def on_polars(events: pd.DataFrame) -> Any:
    return pl.from_pandas(events)


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return pd.read_parquet(RECORDINGS / "asterisk22" / "events.parquet")


def overlapping(events: pd.DataFrame) -> pd.DataFrame:
    """Two frames, of which the middle of the events is in both."""
    third = len(events) // 3
    return pd.concat([events[: 2 * third], events[third:]], ignore_index=True)


@pytest.mark.parametrize("on", [plain, on_polars])
@pytest.mark.parametrize("made", [from_events, legs, visits, agent_sessions, agent_pauses])
def test_events_of_frames_that_overlap_count_once(
    events: pd.DataFrame, made: Callable[[Any], Any], on: Callable[[pd.DataFrame], Any]
) -> None:
    with pytest.warns(UserWarning, match=TOLD):
        found = made(on(overlapping(events)))
    wanted = made(on(events))
    if on is on_polars:
        found, wanted = found.to_pandas(), wanted.to_pandas()
    pd.testing.assert_frame_equal(found, wanted)


def test_how_often_events_are_there_once_more_is_counted(events: pd.DataFrame) -> None:
    told = events[events["event"] == "Hold"]
    with pytest.warns(UserWarning, match=rf"^{len(told)} events are copies of others"):
        from_events(pd.concat([events, told], ignore_index=True))
    several = pd.concat([events, *([told] * 3)], ignore_index=True)
    with pytest.warns(UserWarning, match=rf"^{3 * len(told)} events are copies of others"):
        log_of(several)


def test_what_two_pbxs_say_alike_is_of_two_calls(events: pd.DataFrame) -> None:
    both = pd.concat([events, events.assign(server="other")], ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = from_events(both)
    assert len(found) == 2 * len(from_events(events))
    assert found["transfers"].sum() == 2 * from_events(events)["transfers"].sum()


def test_copies_are_told_of_once_where_many_events_are_gone_through_in_batches(
    events: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ast_notebook.calls.batches.BATCH", len(events) // 6)
    assert len(events) < BATCH
    with pytest.warns(UserWarning, match=TOLD) as told:
        found = from_events(overlapping(events))
    assert len(told) == 1
    assert found["transfers"].sum() == from_events(events)["transfers"].sum()
