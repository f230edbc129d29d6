"""A day of calls that a switchboard plays by plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.model.exchange import Exchange
from tests.model.plans import Plan, play
from tests.scenarios.play import Recording
from tests.scenarios.truth import Played

#: Seconds from one call to the next.
REST = 7.0


def perform(version: int, day: Sequence[Plan], folder: Path) -> Recording:
    """Let the calls of a day take place, and keep what is told of them."""
    exchange = Exchange(version)
    played = []
    for number, plan in enumerate(day):
        begun = exchange.now
        calls = play(exchange, plan)
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
