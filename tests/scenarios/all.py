"""Every scenario there is."""

from tests.scenarios import (
    agents,
    announcements,
    bridged,
    clicked,
    crowd,
    elsewhere,
    identity,
    onward,
    originated,
    parked,
    people,
    queues,
    rooms,
    transfers,
    unanswered,
    waiting,
    waiting_ends,
)
from tests.scenarios.play import SCENARIOS

__all__ = [
    "SCENARIOS",
    "agents",
    "announcements",
    "bridged",
    "clicked",
    "crowd",
    "elsewhere",
    "identity",
    "onward",
    "originated",
    "parked",
    "people",
    "queues",
    "rooms",
    "transfers",
    "unanswered",
    "waiting",
    "waiting_ends",
]
