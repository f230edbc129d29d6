"""Of calls that nobody made, every source tells what took place, as far as it can know it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.model.dialling import Target
from tests.model.kinds import planned
from tests.model.parked import Parked
from tests.model.perform import Planned, perform
from tests.model.pickup import PickedUp
from tests.model.plans import Plan, Try
from tests.scenarios.compare import differences
from tests.scenarios.play import Recording
from tests.scenarios.sources import SOURCES

DAYS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def told_wrong(recording: Recording, day: list[Planned]) -> list[str]:
    """Say which source tells what of which plan wrong."""
    told = {source: calls(recording) for source, calls in SOURCES.items()}
    return [
        f"{source}: {difference} ({plan})"
        for source, calls in told.items()
        for one, plan in zip(recording.played, day, strict=True)
        for difference in differences(source, calls, one)
    ]


#: The first telephone is busy, and the one behind the Local channel rings in vain.
BUSY_THEN_IN_VAIN = Plan(
    "2222",
    "901",
    (
        Try((Target("200"),), 0.5, "refused"),
        Try((Target("240", "stays"),), 2.0, "timeout"),
    ),
)
#: The same, and a manager ends the call while the second telephone rings.
BUSY_THEN_ENDED = replace(
    BUSY_THEN_IN_VAIN,
    tries=(BUSY_THEN_IN_VAIN.tries[0], Try((Target("240", "stays"),), 2.0, "ended")),
)
#: The first telephone rings for long, and what rings after that is picked up.
RUNG_AND_PICKED_UP = PickedUp(
    "2222",
    "901",
    (Try((Target("200"),), 4.0, "timeout"), Try((Target("240"),), 0.5, "answered")),
)
#: Who fetched it hangs up at the end of a second, and the parked one stays until the next but one.
FETCHED_AND_LEFT_ALONE = Parked(
    "2222", "901", (Try((Target("200"),), 0.5, "answered"),), ended_by="other", after=0.485
)


@pytest.mark.timeout(900)
@DAYS
@example(16, [BUSY_THEN_IN_VAIN])
@example(22, [BUSY_THEN_IN_VAIN])
@example(16, [BUSY_THEN_ENDED])
@example(22, [BUSY_THEN_ENDED])
@example(16, [RUNG_AND_PICKED_UP])
@example(22, [RUNG_AND_PICKED_UP])
@example(16, [FETCHED_AND_LEFT_ALONE])
@example(22, [FETCHED_AND_LEFT_ALONE])
@given(st.sampled_from([16, 22]), st.lists(planned, min_size=1, max_size=8))
def test_every_source_tells_what_took_place(version: int, day: list[Planned]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert told_wrong(perform(version, day, Path(folder)), day) == []
