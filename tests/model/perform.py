"""A day of calls that a switchboard plays by plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

from tests.model.exchange import Exchange
from tests.scenarios.play import Recording
from tests.scenarios.truth import Call, Played

#: Seconds from one call to the next.
REST = 7.0


class Planned(Protocol):
    """What is to take place, of whichever kind."""

    def play(self, x: Exchange) -> list[Call]:
        """Let it take place, and tell the truth about it."""

    def by_chance(self) -> Sequence[Self]:
        """Return the ways in which it may take place, where that is a matter of chance."""


def perform(version: int, day: Sequence[Planned], folder: Path) -> Recording:
    """Let the calls of a day take place, and keep what is told of them."""
    exchange = Exchange(version)
    played = []
    for number, plan in enumerate(day):
        begun = exchange.now
        calls = plan.play(exchange)
        played.append(Played(f"call {number}", version, begun, exchange.now, calls))
        exchange.wait(REST)
    exchange.streams.save(folder)
    made = [event for event in exchange.streams.events if event["event"] == "Newchannel"]
    return Recording(
        folder,
        [
            replace(
                one,
                channels=[
                    event["uniqueid"] for event in made if one.begun <= event["time"] <= one.ended
                ],
            )
            for one in played
        ],
    )
