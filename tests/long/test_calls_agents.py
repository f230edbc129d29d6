"""Agents who wait on the line (AgentLogin): each of their callers has a call of his own."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ast_notebook.calls import from_events
from tests.support.made_up import Channel, Script


class Desk:
    """An agent's shift, as Asterisk 12 to 22 tell it."""

    def __init__(self, script: Script, *, told: str) -> None:
        self.script = script
        self.agent = script.new("PJSIP/6150", "6150", exten="811")
        script.up(self.agent)
        if told == "AgentLogin":
            script.say("AgentLogin", self.agent, agent="71")
        self.kind = "agent_hold" if told == "bridge" else None
        script.enter("pool", self.agent, bridgetype=self.kind)

    def takes(self, other: Channel, bridge: str) -> Channel:
        """The agent is connected to who waits in a bridge; from then on both share a linkedid."""
        self.script.leave(self.agent)
        self.script.enter(bridge, self.agent)
        caller = other.with_linkedid(self.agent)
        self.script.up(caller)
        return caller

    def waits_again(self) -> None:
        self.script.leave(self.agent)
        self.script.enter("pool", self.agent, bridgetype=self.kind)

    def goes(self) -> None:
        self.script.wait(5)
        self.script.ask(self.agent)
        self.script.end(self.agent)


def joins(script: Script, number: str) -> Channel:
    caller = script.new(f"PJSIP/{number}", number, exten="501")
    script.up(caller)
    script.say("QueueCallerJoin", caller, queue="orders", position="1")
    script.wait(1)
    return caller


def asks(script: Script, caller: Channel, bridge: str) -> tuple[Channel, Channel]:
    """The queue dials the agent by a Local channel."""
    first, second = script.local("71", of=caller)
    script.dials(caller, first, "501")
    script.enter(bridge, second)
    return first, second


def connected(script: Script, caller: Channel, first: Channel, bridge: str) -> None:
    script.up(first)
    script.dialled(caller, first, "ANSWER")
    script.say("QueueCallerLeave", caller, queue="orders")
    script.enter(f"{bridge} and caller", first, caller)


def over(script: Script, caller: Channel, first: Channel, second: Channel) -> None:
    script.ask(caller)
    script.end(first, second, caller)


def by_queue(script: Script, desk: Desk, number: str) -> None:
    """A caller of the queue talks with the agent for four seconds."""
    caller = joins(script, number)
    first, second = asks(script, caller, f"b{number}")
    second = desk.takes(second, f"b{number}")
    connected(script, caller, first, f"b{number}")
    script.wait(4)
    over(script, caller, first, second)
    desk.waits_again()
    script.wait(2)


def found(script: Script) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The agent's own call, and those of his callers."""
    calls = from_events(script.frame())
    rows = calls.astype(object).where(calls.notna(), None).to_dict("records")
    (own,) = (row for row in rows if row["dialled"] == "811")
    return own, [row for row in rows if row is not own]


@pytest.mark.parametrize("told", ["AgentLogin", "bridge"])
@pytest.mark.parametrize("callers", [["6101"], ["6101", "6102", "6103"]])
def test_each_caller_of_a_shift_has_a_call_of_his_own(told: str, callers: list[str]) -> None:
    script = Script()
    desk = Desk(script, told=told)
    for number in callers:
        by_queue(script, desk, number)
    desk.goes()
    own, others = found(script)
    assert [row["caller"] for row in others] == callers
    for row in others:
        assert (row["disposition"], row["queue"], row["dialled"]) == ("ANSWERED", "orders", "501")
        assert (row["answered_by"], row["answered_device"]) == ("6150", "PJSIP/6150")
        assert (row["talk"], row["wait"]) == pytest.approx((4, 1), abs=0.1)
        assert (row["legs"], row["transfers"], row["hangup_by"]) == (1, 0, "caller")
    assert (own["disposition"], own["caller"], own["queue"]) == ("IVR", "6150", None)
    assert own["billsec"] == pytest.approx(sum(7 for _ in callers) + 5, abs=0.2)
    assert pd.isna(own["talk"])


def test_agents_who_wait_together_do_not_talk() -> None:
    script = Script()
    first, second = Desk(script, told="bridge"), Desk(script, told="bridge")
    script.wait(3)
    for desk in (first, second):
        desk.goes()
    calls = from_events(script.frame())
    assert list(calls["disposition"]) == ["IVR", "IVR"]


def test_who_waited_before_the_agent_came_lends_him_no_call() -> None:
    """The oldest linkedid wins: the agent gets that of his first caller, and hands it on."""
    script = Script()
    callers = [joins(script, "6101"), joins(script, "6102")]
    desk = Desk(script, told="AgentLogin")
    oldest = callers[0].linkedid
    for number, caller in enumerate(callers):
        first, second = asks(script, caller, f"b{number}")
        desk.agent = desk.agent.with_linkedid(oldest)
        second = desk.takes(second, f"b{number}")
        connected(script, caller, first, f"b{number}")
        script.wait(4)
        over(script, caller, first, second)
        desk.waits_again()
    desk.goes()
    own, others = found(script)
    assert own["disposition"] == "IVR"
    assert [(row["caller"], row["answered_by"]) for row in others] == [
        ("6101", "6150"),
        ("6102", "6150"),
    ]


@pytest.mark.parametrize("by_agent", [False, True])
def test_an_agent_who_is_asked_for_by_the_dialplan(by_agent: bool) -> None:
    script = Script()
    desk = Desk(script, told="bridge")
    script.wait(3)
    caller = script.new("PJSIP/6101", "6101", exten="821")
    script.enter("b", caller)
    script.wait(1)
    caller = desk.takes(caller, "b")
    script.wait(4)
    script.ask(desk.agent if by_agent else caller)
    script.end(caller, desk.agent)
    own, (call,) = found(script)
    assert (call["disposition"], call["answered_by"]) == ("ANSWERED", "6150")
    assert call["hangup_by"] == ("callee" if by_agent else "caller")
    assert call["talk"] == pytest.approx(4, abs=0.1)
    assert own["disposition"] == "IVR"


@pytest.mark.parametrize("agent_again", [False, True])
def test_what_follows_for_a_caller_of_an_agent_stays_his_own(agent_again: bool) -> None:
    """All that is dialled for him has the agent's linkedid by then, from its beginning."""
    script = Script()
    desk = Desk(script, told="AgentLogin")
    caller = joins(script, "6101")
    first, second = asks(script, caller, "b")
    second = desk.takes(second, "b")
    connected(script, caller, first, "b")
    script.wait(4)
    script.say(
        "BlindTransfer",
        result="Success",
        transfererlinkedid=desk.agent.linkedid,
        transfereeuniqueid=second.uniqueid,
    )
    script.leave(second)
    desk.waits_again()
    third, fourth = script.local("240", of=second)
    script.dials(second, third, "240")
    telephone = script.new("PJSIP/240", "240", of=fourth)
    script.dials(fourth, telephone, "240")
    script.up(telephone)
    script.enter("c", telephone, fourth)
    script.enter("d", third, second)
    script.wait(6)
    if agent_again:
        by_queue(script, desk, "6102")
    over(script, caller, first, second)
    script.end(telephone, third, fourth)
    desk.goes()
    own, others = found(script)
    assert [row["caller"] for row in others] == ["6101", "6102"][: 1 + agent_again]
    assert (others[0]["legs"], others[0]["transfers"]) == (2, 1)
    assert others[0]["talk"] == pytest.approx(10 + 7 * agent_again, abs=0.2)
    assert (own["legs"], own["transfers"]) == (1, 0)
