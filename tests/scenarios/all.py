"""Every scenario there is."""

from tests.scenarios import originated, people, queues, rooms, transfers, waiting
from tests.scenarios.play import SCENARIOS

__all__ = ["SCENARIOS", "originated", "people", "queues", "rooms", "transfers", "waiting"]
