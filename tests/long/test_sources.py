"""Every source tells of a call what took place, as far as it can know it, and else nothing.

The recordings of a real Asterisk 16 and 22 are in ``tests/data/recordings``; ``python -m
tests.scenarios record`` makes them anew. What a source can know is in `tests.scenarios.knowledge`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.history import history
from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import answered_at_another_time, differences
from tests.scenarios.knowledge import CEL, EVENTS, KNOWS
from tests.scenarios.play import APART, Recording, part_of, recording
from tests.scenarios.sources import SOURCES, cel_of_whole_seconds, rows
from tests.scenarios.truth import Played
from tests.support.paths import RECORDINGS, ROOT

VERSIONS = (16, 22)
#: The parts of the recordings.
PARTS = ("", *APART)
DOCUMENT = ROOT / "docs" / "sources.md"


@cache
def recorded(version: int, part: str) -> Recording:
    return recording(version, part)


@cache
def calls(version: int, part: str, source: str) -> pd.DataFrame:
    return SOURCES[source](recorded(version, part))


def one_of(version: int, name: str) -> Played:
    (played,) = (one for one in recorded(version, part_of(name)).played if one.name == name)
    return played


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_source_tells_what_took_place_as_far_as_it_can_know(
    version: int, source: str, name: str
) -> None:
    told = calls(version, part_of(name), source)
    assert differences(source, told, one_of(version, name)) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("part", PARTS)
def test_a_channel_event_log_of_whole_seconds_tells_nothing_else(
    version: int, part: str, tmp_path: Path
) -> None:
    one = recorded(version, part)
    told = cel_of_whole_seconds(one, tmp_path)
    assert {each.name: differences(CEL, told, each) for each in one.played} == {
        each.name: [] for each in one.played
    }


#: Who ended the call, by a CEL whose times have fractions, and by one that has none.
ENDED = {
    "left_by_the_callee_and_hung_up_a_second_later": (None, None),
    "left_by_the_callee_and_ended_by_the_dialplan_a_second_later": (None, None),
    "left_by_the_callee_and_moved_on_to_an_announcement": (None, None),
    "left_by_the_agent_and_asked_how_it_was": (None, None),
    "an_agent_hangs_up": ("callee", "callee"),
    "answered_and_the_callee_hangs_up": ("callee", "callee"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ENDED)
def test_who_left_is_not_taken_for_who_ended_the_rest(
    version: int, name: str, tmp_path: Path
) -> None:
    part, played = part_of(name), one_of(version, name)
    whole = cel_of_whole_seconds(recorded(version, part), tmp_path)
    told = [
        [row["hangup_by"] for row in rows(found, played.channels).values()]
        for found in (calls(version, part, CEL), whole)
    ]
    assert told == [[by] for by in ENDED[name]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_tells_of_no_call_that_is_in_no_scenario(
    version: int, part: str, source: str
) -> None:
    channels = {channel for one in recorded(version, part).played for channel in one.channels}
    assert set(calls(version, part, source)["call"]) <= channels


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_tells_when_a_call_was_answered_as_far_as_it_can_know(
    version: int, part: str, source: str
) -> None:
    known = calls(version, part, EVENTS)
    assert answered_at_another_time(source, calls(version, part, source), known) == []


def test_the_documentation_says_what_each_source_can_know() -> None:
    section = DOCUMENT.read_text().partition("## What each source can know")[2]
    lines = section.partition("\n## ")[0].splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    (_, *sources), _, *rows = [[cell.strip() for cell in row] for row in table]
    told = {column.strip("`"): dict(zip(sources, cells, strict=True)) for column, *cells in rows}
    assert told == KNOWS


@pytest.mark.parametrize("version", VERSIONS)
def test_cel_and_events_of_the_same_hour_agree_call_by_call(version: int) -> None:
    folder = RECORDINGS / f"asterisk{version}"
    live = from_events(pd.read_parquet(folder / "events.parquet")).set_index("call")
    past = history(folder / "cel.csv.gz").calls.set_index("call")
    assert sorted(past.index) == sorted(live.index)
    past = past.loc[live.index]
    for column in ("caller", "dialled", "answered_by", "disposition", "cause", "transfers", "legs"):
        same = (past[column] == live[column]) | past[column].isna()
        assert (~same.fillna(False)).sum() <= 2, column
    assert (past["hangup_by"] != live["hangup_by"]).sum() <= 4
    assert ((past["billsec"] - live["billsec"]).abs() > 1.1).sum() == 0
    assert ((past["ring"] - live["ring"]).abs() > 1.1).sum() == 0
