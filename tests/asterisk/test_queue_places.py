"""On a real Asterisk 16 and 22: what becomes of who waits, by events, queue_log and live state."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pandas as pd
import pytest

from ast_notebook.calls import visits
from ast_notebook.calls.history import history
from tests.lab.fixtures import require
from tests.scenarios.all import SCENARIOS
from tests.scenarios.places import ABOUT, PLAYS, Waited
from tests.scenarios.stage import Stage
from tests.support.asterisk_lists import differences
from tests.support.waiting import eventually

VERSIONS = (16, 22)
#: Scenarios in which the live state is compared wherever they come to rest.
AT_REST = (
    "picked_up_by_somebody_else",
    "moved_while_waiting",
    "from_one_queue_into_the_next",
    "three_meet_in_a_conference",
    "transferred_while_it_rings_by_the_callee",
    "transferred_while_it_rings_by_the_caller",
    "transferred_after_asking_by_the_callee",
    "transferred_after_asking_with_keys_by_the_callee",
    "an_agent_answers",
    "an_agent_hangs_up",
    "one_agent_is_busy_and_the_next_answers",
    "an_agent_behind_a_local_channel_answers",
    "an_agent_transfers_the_caller",
    "parked_and_retrieved",
    "an_agent_comes_pauses_twice_and_goes",
)


@pytest.fixture(scope="module", params=VERSIONS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    require(request.param)
    with Stage(request.param) as stage:
        yield stage


@pytest.fixture(autouse=True)
def no_thread_is_left() -> None:
    """The stage's own threads stay until the last test of the module."""


def since(frame: pd.DataFrame, begun: float) -> pd.DataFrame:
    return frame[frame["start"] >= pd.Timestamp(begun - 1, unit="s", tz="UTC")]


def assert_are(found: pd.DataFrame, expected: list[Waited], *, logged: bool) -> None:
    found = found.sort_values("start", kind="stable")
    outcomes = [one.logged or one.outcome if logged else one.outcome for one in expected]
    assert found["outcome"].astype(object).tolist() == outcomes
    assert found["queue"].tolist() == [one.queue for one in expected]
    agents = found["agent"].astype(object).where(found["agent"].notna(), None)
    assert agents.tolist() == [one.agent for one in expected]
    for row, one in zip(found.to_dict("records"), expected, strict=True):
        if one.wait is not None:
            assert row["wait"] == pytest.approx(one.wait, abs=2 * ABOUT if logged else ABOUT)
        if not logged:
            assert row["caller"] == one.caller


@pytest.mark.parametrize("name", PLAYS)
def test_what_became_of_who_waited(stage: Stage, name: str) -> None:
    begun = time.time()
    expected = PLAYS[name](stage)
    stage.settle()
    assert differences(stage.sh, stage.pbx) == []
    assert_are(since(visits(stage.sh.ast.events), begun), expected, logged=False)
    past = history(stage.pbx.directories.log / "queue_log")
    assert_are(since(past.visits, begun), expected, logged=True)
    assert past.bad_count == 0


@pytest.mark.parametrize("name", AT_REST)
def test_live_state_is_asterisks_own_wherever_a_scenario_rests(
    stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def pause(seconds: float) -> float:
        begun = stage.now()
        time.sleep(seconds)
        told.extend(differences(stage.sh, stage.pbx))
        return stage.now() - begun

    monkeypatch.setattr(stage, "pause", pause)
    SCENARIOS[name](stage)
    stage.settle()
    assert told + differences(stage.sh, stage.pbx) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_who_waits_when_asterisk_is_shut_down_has_abandoned(version: int) -> None:
    require(version)
    with Stage(version) as stage:
        stage.calls("2222", "916").wait("up")
        stage.rings("200")
        log = stage.pbx.directories.log / "queue_log"
        eventually(lambda: not stage.sh.ast.live.callers.empty)
        stage.pbx.stop()
        eventually(lambda: not stage.sh.ast.session.connected())
        found = visits(stage.sh.ast.events)
        assert found["outcome"].tolist() == ["ABANDONED"]
        assert history(log).visits["outcome"].tolist() == ["ABANDONED"]
