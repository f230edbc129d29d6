"""Every source tells of a call what took place, as far as it can know it, and else nothing.

The recordings of a real Asterisk 16 and 22 are in ``tests/fixtures``; ``python -m tests.scenarios
record`` makes them anew. What a source can know is in `tests.scenarios.knowledge`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import answered_at_another_time, differences
from tests.scenarios.knowledge import EVENTS, KNOWS
from tests.scenarios.play import Recording, recording
from tests.scenarios.sources import SOURCES

VERSIONS = (16, 22)
DOCUMENT = Path(__file__).parents[1] / "docs" / "sources.md"


@cache
def recorded(version: int) -> Recording:
    return recording(version)


@cache
def calls(version: int, source: str) -> pd.DataFrame:
    return SOURCES[source](recorded(version))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_source_tells_what_took_place_as_far_as_it_can_know(
    version: int, source: str, name: str
) -> None:
    (played,) = (one for one in recorded(version).played if one.name == name)
    assert differences(source, calls(version, source), played) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_tells_of_no_call_that_is_in_no_scenario(version: int, source: str) -> None:
    channels = {channel for one in recorded(version).played for channel in one.channels}
    assert set(calls(version, source)["call"]) <= channels


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_tells_when_a_call_was_answered_as_far_as_it_can_know(
    version: int, source: str
) -> None:
    known = calls(version, EVENTS)
    assert answered_at_another_time(source, calls(version, source), known) == []


def test_the_documentation_says_what_each_source_can_know() -> None:
    section = DOCUMENT.read_text().partition("## What each source can know")[2]
    lines = section.partition("\n## ")[0].splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    (_, *sources), _, *rows = [[cell.strip() for cell in row] for row in table]
    told = {column.strip("`"): dict(zip(sources, cells, strict=True)) for column, *cells in rows}
    assert told == KNOWS
