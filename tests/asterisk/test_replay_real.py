"""A replay of what a real Asterisk sent has, at any moment, the live state of that moment.

The scenarios are played while a session records them, and its live state is taken down at random
moments beside it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.calls import agent_pauses, agent_sessions
from tests.lab.fixtures import require
from tests.scenarios.all import SCENARIOS
from tests.scenarios.play import play
from tests.scenarios.stage import Stage
from tests.support.beside import Beside, at, differences, state_of
from tests.support.waiting import eventually

VERSIONS = (16, 22)
MOST = 100
pytestmark = pytest.mark.timeout(1700)
#: One of four, so that the test takes minutes and no more.
PLAYED = list(SCENARIOS)[::4]


@dataclass
class Recorded:
    """A recording, and what the live session had to say beside it."""

    folder: Path
    beside: Beside
    calls: pd.DataFrame
    visits: pd.DataFrame
    events: pd.DataFrame


def _record(version: int, folder: Path) -> Recorded:
    with Stage(version) as stage:
        pbx = stage.sh.ast
        pbx.live.lists.every = 3.0
        pbx.record.to(folder)
        eventually(lambda: pbx.live._marks._marked)  # from then on the record tells all
        beside = Beside(pbx, share=0.3, most=MOST)
        half = len(PLAYED) // 2
        for some in (PLAYED[:half], PLAYED[half:]):
            for one in play(stage, some):
                assert not one.failed, one
            if some is not PLAYED[half:]:
                pbx.session._reader._connection.shut()  # as a network does that breaks
                eventually(lambda: pbx.session.counts["reconnects"] and not pbx.live.stale)
        eventually(lambda: pbx.session.backlog == 0)
        assert pbx.record.archive is not None
        assert pbx.record.archive.flush(30)
        return Recorded(folder, beside, pbx.calls(), pbx.visits(), pbx.events)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Recorded]:
    for version in VERSIONS:
        require(version)
    with ThreadPoolExecutor() as pool:
        begun = {
            version: pool.submit(_record, version, tmp_path_factory.mktemp(f"asterisk{version}"))
            for version in VERSIONS
        }
        return {version: one.result() for version, one in begun.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_state_at_random_moments_is_that_of_the_live_session(version, recordings):
    recorded = recordings[version]
    assert len(recorded.beside.samples) == MOST
    wrong = {}
    with ast_notebook.replay(recorded.folder) as sh:
        for sample in recorded.beside.samples:
            sh.replay.seek(at(sample.moment))
            if found := differences(sample.state, state_of(sh.ast)):
                wrong[sample.moment] = found
    assert wrong == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_replay_that_plays_through_has_the_same_states(version, recordings):
    recorded = recordings[version]
    wrong = {}
    with ast_notebook.replay(recorded.folder) as sh:
        for sample in sorted(recorded.beside.samples)[:: MOST // 20]:
            sh.run(at(sample.moment))
            if found := differences(sample.state, state_of(sh.ast)):
                wrong[sample.moment] = found
    assert wrong == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_queue_calls_and_agents_are_those_of_the_live_session(version, recordings):
    recorded = recordings[version]
    with ast_notebook.replay(recorded.folder) as sh:
        sh.run()
        pd.testing.assert_frame_equal(sh.ast.calls(), recorded.calls)
        pd.testing.assert_frame_equal(sh.ast.visits(), recorded.visits)
        for of in (agent_sessions, agent_pauses):
            pd.testing.assert_frame_equal(of(sh.ast.events), of(recorded.events))
