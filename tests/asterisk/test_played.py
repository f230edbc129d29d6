"""What is played on a real Asterisk 16 and 22 now is told right by every source.

All scenarios are played once, on several Asterisks at the same time; the tests look at what came of
it. Whether the machine is fast or slow makes no difference: what a script timed is compared to a
second, and it is told when something that a script waits for does not happen.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from tests.lab.fixtures import require
from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import differences
from tests.scenarios.knowledge import CEL
from tests.scenarios.play import record_all
from tests.scenarios.sources import SOURCES, cel_of_whole_seconds
from tests.scenarios.truth import Played

VERSIONS = (16, 22)
#: Seconds by which times may differ.
TOLERANCE = 1.0
#: All scenarios take three minutes, and a slow machine may take three times that.
pytestmark = pytest.mark.timeout(1500)


@dataclass(frozen=True)
class Performance:
    """A scenario that was played, and the calls that each source tells of.

    The last is a CEL, too, with its times cut to whole seconds.
    """

    played: Played
    calls: dict[str, pd.DataFrame]
    cut: pd.DataFrame


Performances = dict[tuple[int, str], Performance]


@pytest.fixture(scope="module")
def performances(tmp_path_factory: pytest.TempPathFactory) -> Performances:
    for version in VERSIONS:
        require(version)
    found: Performances = {}
    recordings = record_all(tmp_path_factory.mktemp("played"), VERSIONS, SCENARIOS)
    for version, parts in recordings.items():
        for part in parts:
            calls = {source: told(part) for source, told in SOURCES.items()}
            whole = cel_of_whole_seconds(part, part.folder)
            for one in part.played:
                found[version, one.name] = Performance(one, calls, whole)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_source_tells_what_was_played(
    version: int, name: str, performances: Performances
) -> None:
    one = performances[version, name]
    assert not one.played.failed
    told = {
        source: differences(source, calls, one.played, tolerance=TOLERANCE)
        for source, calls in one.calls.items()
    }
    told["CEL of whole seconds"] = differences(CEL, one.cut, one.played, tolerance=TOLERANCE)
    assert {source: wrong for source, wrong in told.items() if wrong} == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_live_state_is_what_asterisk_lists_when_it_is_over(
    version: int, name: str, performances: Performances
) -> None:
    one = performances[version, name].played
    assert not one.failed
    assert one.live == []
