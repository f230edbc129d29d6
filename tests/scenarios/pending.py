"""What is still told wrong: by source and scenario, on which Asterisks."""

from __future__ import annotations

from collections.abc import Mapping

PENDING: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "CDR with linkedid": {
        "asked_and_accepted": (16,),
        "clicked_and_a_mailbox_takes_it": (16, 22),
        "clicked_and_transferred_blindly": (16, 22),
        "forwarded_to_the_public_network": (22,),
        "transferred_twice": (16,),
        "two_calls_are_bridged_by_the_manager": (16,),
    },
    "CDR": {
        "asked_and_accepted": (16,),
        "clicked_and_a_mailbox_takes_it": (16, 22),
        "clicked_and_transferred_blindly": (16, 22),
        "forwarded_to_the_public_network": (22,),
        "transferred_twice": (16,),
        "two_calls_are_bridged_by_the_manager": (16,),
    },
    "live": {
        "clicked_and_the_source_is_busy": (16,),
        "picked_up_from_an_agent": (16, 22),
    },
}


def is_pending(version: int, source: str, name: str) -> bool:
    """Tell whether a source is known to tell a scenario wrong."""
    return version in PENDING.get(source, {}).get(name, ())
