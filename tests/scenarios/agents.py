"""Agents at hot desks, who wait in AgentLogin for the calls of a queue."""

from __future__ import annotations

from tests.scenarios.play import scenario
from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Visit


def _served(stage: Stage, agent: Leg, caller: str) -> Call:
    """Play a caller of the queue whom the agent serves."""
    call = stage.calls(caller, "945")
    call.wait("up")
    begun = stage.now()
    stage.wait_until(lambda: _talks(stage), "the agent's talk")
    wait = stage.now() - begun
    talk = stage.pause(1.0)
    call.hang_up()
    stage.wait_until(lambda: len(stage.pbx.channels()) == 1, "the agent's freedom")
    assert agent.state == "up"
    return Call(
        caller=caller,
        dialled="945",
        answered_by="30",
        disposition="ANSWERED",
        hangup_by="caller",
        legs=1,
        queue="pool",
        wait=wait,
        talk=talk,
        visits=[Visit("pool", "ANSWERED", wait, "Nora")],
        tolerance=0.8,
    )


def _talks(stage: Stage) -> bool:
    """Whether the queue's caller is in a bridge; its name is the last but one of his columns."""
    channels = [
        line.split("!") for line in stage.pbx.cli("core show channels concise").splitlines()
    ]
    return any(row[5] == "Queue" and row[-2] not in ("", "(None)") for row in channels if row[5:])


def _shift(hangup_by: str) -> Call:
    return Call(caller="30", dialled="944", disposition="IVR", hangup_by=hangup_by, legs=1)


@scenario
def an_agents_shift_at_a_hot_desk(stage: Stage) -> list[Call]:
    agent = stage.calls("30", "944")
    agent.wait("up")
    stage.pause(0.5)
    first = _served(stage, agent, "2222")
    stage.pause(0.3)
    second = _served(stage, agent, "300")
    agent.hang_up()
    return [_shift("caller"), first, second]
