"""Of calls that nobody made, every source tells what took place, as far as it can know it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ast_notebook.calls import visits
from ast_notebook.calls.history import history
from tests.model.dialling import Target
from tests.model.kinds import planned
from tests.model.originated import Click
from tests.model.parked import Parked
from tests.model.perform import Planned, perform
from tests.model.pickup import PickedUp
from tests.model.plans import Plan, Step, Try
from tests.model.queues import Ring, Waiting
from tests.model.rooms import Meeting
from tests.scenarios.compare import (
    answered_at_another_time,
    differences,
    queue_call_differences,
)
from tests.scenarios.knowledge import EVENTS, QUEUE_LOG
from tests.scenarios.play import Recording
from tests.scenarios.sources import SOURCES

DAYS = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def told_wrong(recording: Recording, day: list[Planned]) -> list[str]:
    """Say which source tells what of which plan wrong."""
    told = {source: calls(recording) for source, calls in SOURCES.items()}
    log = history(recording.file("queue_log.gz"), kind="queue_log", tz="UTC")
    queue_calls = {EVENTS: visits(recording.events), QUEUE_LOG: log.visits}
    times = [
        f"{source}: answered {difference}"
        for source, calls in told.items()
        for difference in answered_at_another_time(source, calls, told[EVENTS])
    ]
    return times + [
        f"{source}: {difference} ({plan})"
        for one, plan in zip(recording.played, day, strict=True)
        for source, calls in told.items()
        for difference in (
            *differences(source, calls, one),
            *(
                queue_call_differences(source, queue_calls[source], one)
                if source in queue_calls
                else ()
            ),
        )
    ]


def dialled(*tries: Step, **more: Any) -> Plan:
    return Plan("2222", "901", tries, **more)


def clicked(*tries: Step, local: str = "stays", **more: Any) -> Click:
    return Click(Target("2222", local), dialled(*tries, **more))


DOOR, HALL = (Target("200"),), (Target("240"),)
#: The first telephone is busy, and the one behind the Local channel rings in vain.
BUSY_THEN_IN_VAIN = dialled(
    Try(DOOR, 0.5, "refused"), Try((Target("240", "stays"),), 2.0, "timeout")
)
#: The same, and a manager ends the call while the second telephone rings.
BUSY_THEN_ENDED = dialled(Try(DOOR, 0.5, "refused"), Try((Target("240", "stays"),), 2.0, "ended"))
#: The first telephone rings for long, and what rings after that is picked up.
RUNG_AND_PICKED_UP = PickedUp(
    "2222", "901", (Try(DOOR, 4.0, "timeout"), Try(HALL, 0.5, "answered"))
)
#: Who fetched it hangs up at the end of a second, and the parked one stays until the next but one.
FETCHED_AND_LEFT_ALONE = Parked(
    "2222", "901", (Try(DOOR, 0.5, "answered"),), ended_by="other", after=0.485
)
#: The queue lets the caller go, after its only agent was busy.
BUSY_IN_A_QUEUE = dialled(Waiting("line", "timeout", (Ring(DOOR, 1.0, 1),)), menu=1.0)
#: Of three, one has company twice.
TALKED_IN_TWO_PARTS = Meeting(
    (("30", 5.7), ("300", 4.8), ("30", 0.6), ("2222", 5.4), ("300", 3.6), ("2222", 5.6))
)
#: He gives up as somebody rings whom the dialplan dials when the queue has let him go.
GIVEN_UP_BEHIND_A_QUEUE = dialled(
    Waiting("line", "timeout", last=Ring(DOOR, 1.0)), Try(HALL, 0.2, "cancelled"), menu=1.0
)
#: A manager ends the call as somebody rings whom the dialplan dials behind a queue.
ENDED_BEHIND_A_QUEUE = dialled(
    Waiting("line", "timeout", idle=3.9),
    Try((Target("240", "stays"), Target("71", "stays")), 1.1, "ended"),
    menu=3.0,
)
#: A manager ends the talk with an agent.
ENDED_WITH_AN_AGENT = dialled(Waiting("line", "answered", last=Ring(DOOR, 1.0)), hangs_up="pbx")
#: The manager has somebody wait in a queue, behind a Local channel.
CLICKED_AND_A_KEY = clicked(Waiting("line", "key", last=Ring(DOOR, 1.0)))
CLICKED_AND_GIVEN_UP = clicked(Try(DOOR, 1.0, "refused"), Waiting("line", "abandoned"))
CLICKED_AND_GIVEN_UP_BEHIND_A_QUEUE = clicked(
    Waiting("line", "timeout", last=Ring(DOOR, 1.0)), Try(HALL, 2.0, "cancelled")
)
#: The manager has a telephone ring, and a Local channel is dialled for it.
CLICKED_AT_A_TELEPHONE = clicked(Try((Target("240", "stays"),), 1.0, "refused"), local="")


#: What was once told wrong.
SHOWN: list[Planned] = [
    BUSY_THEN_IN_VAIN,
    BUSY_THEN_ENDED,
    RUNG_AND_PICKED_UP,
    FETCHED_AND_LEFT_ALONE,
    BUSY_IN_A_QUEUE,
    TALKED_IN_TWO_PARTS,
    GIVEN_UP_BEHIND_A_QUEUE,
    ENDED_BEHIND_A_QUEUE,
    ENDED_WITH_AN_AGENT,
    CLICKED_AND_A_KEY,
    CLICKED_AND_GIVEN_UP,
    CLICKED_AND_GIVEN_UP_BEHIND_A_QUEUE,
    CLICKED_AT_A_TELEPHONE,
]


@pytest.mark.timeout(900)
@DAYS
@example(16, SHOWN)
@example(22, SHOWN)
@given(st.sampled_from([16, 22]), st.lists(planned, min_size=1, max_size=8))
def test_every_source_tells_what_took_place(version: int, day: list[Planned]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert told_wrong(perform(version, day, Path(folder)), day) == []


@pytest.mark.parametrize("version", [16, 22])
def test_a_local_channel_that_takes_itself_away_is_no_end_of_a_talk(
    version: int, tmp_path: Path
) -> None:
    answered = Waiting("line", "answered", last=Ring(DOOR, 1.0))
    made = perform(version, [clicked(answered, local="goes", talk=5.0)], tmp_path)
    (told,) = visits(made.events).to_dict("records")
    assert (told["outcome"], told["agent"]) == ("ANSWERED", "Door")
    assert pd.isna(told["talk"])
    assert pd.isna(told["hangup_by"])
