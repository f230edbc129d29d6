"""Places in line that change hands, or are ended by somebody else than who waits there.

They are played by ``tests/asterisk/test_queue_places.py``; each returns what became of the queue
calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.scenarios.softphone import Leg
from tests.scenarios.stage import Stage
from tests.support.asterisk_lists import differences

#: Seconds by which a script's clock may differ from Asterisk's.
ABOUT = 1.0


@dataclass(frozen=True)
class Waited:
    """A queue call; `logged` is what the queue_log has of it where it cannot know better."""

    queue: str
    outcome: str
    wait: float | None
    agent: str | None = None
    caller: str = "2222"
    logged: str | None = None


Play = Callable[[Stage], list[Waited]]
PLAYS: dict[str, Play] = {}


def play(function: Play) -> Play:
    """Put a function on the list, by its own name."""
    PLAYS[function.__name__] = function
    return function


def agree(stage: Stage) -> float:
    """Hold the live state against Asterisk's lists, and return how long that took."""
    begun = stage.now()
    told = differences(stage.sh, stage.pbx)
    assert not told, told
    return stage.now() - begun


def _asks(stage: Stage, colleague: Leg, device: str, queue: str) -> tuple[Leg, Leg, float]:
    """Let a colleague, who talks, call a queue on a second line; and 240 ring."""
    colleague.hold()
    stage.pause(0.2)
    asked = stage.calls(device, queue)
    bell = stage.rings("240")
    begun = stage.now()
    asked.wait("up", "ringing")
    stage.pause(0.6)
    return asked, bell, begun


def _talks(stage: Stage) -> tuple[Leg, Leg]:
    call = stage.calls("2222", "30")
    bell = stage.rings("30")
    stage.pause(0.2)
    bell.answer()
    stage.pause(0.4)
    return call, bell


def _handed_over(stage: Stage, queue: str) -> tuple[Leg, Leg, float]:
    call, colleague = _talks(stage)
    asked, bell, begun = _asks(stage, colleague, "30", queue)
    colleague.refer_to(asked)
    asked.wait("over")
    stage.pause(0.3)
    return call, bell, begun


@play
def handed_over_and_answered(stage: Stage) -> list[Waited]:
    call, bell, begun = _handed_over(stage, "915")
    agree(stage)
    bell.answer()
    wait = stage.now() - begun
    stage.pause(0.4)
    agree(stage)
    stage.pause(0.4)
    call.hang_up()
    return [Waited("desk", "ANSWERED", wait, "Hall")]


@play
def handed_over_before_the_queue_answered(stage: Stage) -> list[Waited]:
    """In early media chan_sip tells of no transfer, and Asterisk's list is right only later."""
    call, bell, begun = _handed_over(stage, "975")
    bell.answer()
    wait = stage.now() - begun
    stage.pause(0.4)
    agree(stage)
    call.hang_up()
    return [Waited("desk", "ANSWERED", wait, "Hall")]


@play
def handed_over_and_given_up(stage: Stage) -> list[Waited]:
    call, _, begun = _handed_over(stage, "915")
    agree(stage)
    wait = stage.now() - begun
    call.hang_up()
    return [Waited("desk", "ABANDONED", wait)]


@play
def handed_over_and_let_go_by_the_queue(stage: Stage) -> list[Waited]:
    call, colleague = _talks(stage)
    colleague.hold()
    stage.pause(0.2)
    asked = stage.calls("30", "974")
    stage.rings("200")
    asked.wait("up")
    stage.pause(0.5)
    colleague.refer_to(asked)
    asked.wait("over")
    call.wait("over", seconds=15)
    return [Waited("line", "TIMEOUT", 3.0)]


@play
def handed_over_by_keys_and_answered(stage: Stage) -> list[Waited]:
    call, colleague = _talks(stage)
    stage.action("Atxfer", Channel=stage.channel("30"), Context="phones", Exten="915")
    bell = stage.phones["240"].rings(30)  # after some words to 30
    begun = stage.now()
    stage.pause(0.6)
    colleague.hang_up()
    stage.pause(0.4)
    agree(stage)
    bell.answer()
    wait = stage.now() - begun
    stage.pause(0.4)
    agree(stage)
    stage.pause(0.4)
    call.hang_up()
    return [Waited("desk", "ANSWERED", wait, "Hall")]


@play
def handed_over_by_an_agent_who_asks_in_a_second_queue(stage: Stage) -> list[Waited]:
    call = stage.calls("2222", "916")
    bell = stage.rings("200")
    first = stage.pause(1.1)
    bell.answer()
    stage.pause(1.1)
    asked, other, begun = _asks(stage, bell, "200", "915")
    bell.refer_to(asked)
    asked.wait("over")
    stage.pause(0.3)
    agree(stage)
    other.answer()
    second = stage.now() - begun
    stage.pause(0.4)
    agree(stage)
    call.hang_up()
    return [
        Waited("narrow", "ANSWERED", first, "Door"),
        Waited("desk", "ANSWERED", second, "Hall"),
    ]


def _waits(stage: Stage, number: str = "916") -> tuple[Leg, float]:
    call = stage.calls("2222", number)
    stage.rings("200")
    begun = stage.now()
    call.wait("up")
    stage.pause(0.6)
    return call, begun


@play
def hung_up_by_the_manager_while_he_waits(stage: Stage) -> list[Waited]:
    call, begun = _waits(stage)
    agree(stage)
    stage.action("Hangup", Channel=stage.channel("2222"))
    wait = stage.now() - begun
    call.wait("over")
    return [Waited("narrow", "ABANDONED", wait)]


@play
def hung_up_by_the_command_line_while_he_waits(stage: Stage) -> list[Waited]:
    call, begun = _waits(stage)
    stage.pbx.cli(f"channel request hangup {stage.channel('2222')}")
    wait = stage.now() - begun
    call.wait("over")
    return [Waited("narrow", "ABANDONED", wait)]


@play
def hung_up_as_the_call_may_last_no_longer(stage: Stage) -> list[Waited]:
    call, _ = _waits(stage, "970")
    call.wait("over")
    return [Waited("narrow", "ABANDONED", 2.0)]


@play
def sent_away_and_hung_up_there(stage: Stage) -> list[Waited]:
    call, begun = _waits(stage)
    stage.sh.ast.redirect(stage.channel("2222"), "932", "phones")
    wait = stage.now() - begun
    stage.pause(0.4)
    agree(stage)
    call.hang_up()
    return [Waited("narrow", "TRANSFERRED", wait, logged="ABANDONED")]


@play
def sent_into_the_same_queue_again(stage: Stage) -> list[Waited]:
    call, begun = _waits(stage)
    stage.sh.ast.redirect(stage.channel("2222"), "916", "phones")
    wait = stage.now() - begun
    begun = stage.now()
    stage.pause(1.0)
    agree(stage)
    again = stage.now() - begun
    call.hang_up()
    return [Waited("narrow", "TRANSFERRED", wait), Waited("narrow", "ABANDONED", again)]


@play
def sent_away_without_a_dialplan_of_its_own(stage: Stage) -> list[Waited]:
    """Of a channel that was originated into Queue() no event tells that it left the queue."""
    stage.action(
        "Originate",
        Channel=f"{stage.tech}/30",
        Application="Queue",
        Data="narrow",
        Async="true",
        CallerID="Hall <30>",
    )
    bell = stage.rings("30")
    bell.answer()
    stage.rings("200")
    stage.pause(0.5)
    live = stage.sh.ast.live
    corrected = live.corrections.get("callers", 0)
    stage.sh.ast.redirect(stage.channel("30"), "932", "phones")
    stage.pause(0.3)
    live.reconcile()
    assert live.corrections["callers"] == corrected + 1
    agree(stage)
    bell.hang_up()
    return [Waited("narrow", "TRANSFERRED", None, caller="30", logged="ABANDONED")]


@play
def put_through_by_the_manager_while_he_waits(stage: Stage) -> list[Waited]:
    call, begun = _waits(stage)
    other = stage.calls("30", "932")
    other.wait("up")
    stage.action("Bridge", Channel1=stage.channel("2222"), Channel2=stage.channel("30"))
    wait = stage.now() - begun
    stage.pause(0.3)
    stage.sh.ast.live.reconcile()
    agree(stage)
    call.hang_up()
    other.hang_up()
    return [Waited("narrow", "TRANSFERRED", wait, logged="ABANDONED")]


@play
def a_local_channel_waits_that_takes_itself_away(stage: Stage) -> list[Waited]:
    stage.action(
        "Originate",
        Channel="Local/915@phones",
        Context="phones",
        Exten="30",
        Priority="1",
        Async="true",
        CallerID="Door <77>",
    )
    bell = stage.rings("240")
    begun = stage.now()
    behind = stage.rings("30")
    behind.answer()
    stage.pause(0.6)
    bell.answer()
    wait = stage.now() - begun
    stage.pause(0.6)
    agree(stage)
    stage.pause(0.4)
    behind.hang_up()
    return [Waited("desk", "ANSWERED", wait, "Hall", caller="30")]


@play
def answered_by_a_member_behind_a_local_channel(stage: Stage) -> list[Waited]:
    call = stage.calls("2222", "913")
    bell = stage.rings("240")
    begun = stage.now()
    stage.pause(0.5)
    bell.answer()
    wait = stage.now() - begun
    stage.pause(0.5)
    agree(stage)
    call.hang_up()
    return [Waited("far", "ANSWERED", wait, "Hall")]
