"""What happened, as whoever played it knows: written beside every recording."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Seconds by which a script's own clock may differ from the PBX's: signalling takes its time.
TOLERANCE = 0.35

#: A telephone that is called like its number.
SAME = ""

#: A call's seconds, told by the script's clock and therefore about.
SECONDS = ("ring", "wait", "talk", "hold")


@dataclass(frozen=True)
class Visit:
    """A stay of the caller in a queue."""

    queue: str
    outcome: str
    wait: float
    agent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that took place. None is what is not there: nobody answered, no queue was joined."""

    caller: str | None
    #: The two telephones; what is said here is without its technology, and by default the number.
    caller_device: str | None = SAME
    dialled: str | None
    disposition: str
    answered_by: str | None = None
    answered_device: str | None = SAME
    hangup_by: str
    cause: int = 16
    legs: int
    ring: float | None = None
    wait: float | None = None
    talk: float | None = None
    hold: float | None = None
    queue: str | None = None
    transfers: int = 0
    direction: str = "internal"
    conference: str | None = None
    #: Two telephones and nothing else: Asterisk's own record has to agree with `talk`, too.
    direct: bool = False
    #: Their stays in queues, where a scenario is about these.
    visits: list[Visit] = field(default_factory=list)
    #: Of how many parts the talk was, besides those that a transfer makes.
    parts: int = 1
    tolerance: float = TOLERANCE
    #: The uniqueid of the channel that it began with.
    call: str = ""


@dataclass(frozen=True)
class Played:
    """A scenario as it was played, in seconds since 1970 UTC."""

    name: str
    version: int
    begun: float
    ended: float
    calls: list[Call] = field(default_factory=list)
    #: The uniqueids of all channels that it made.
    channels: list[str] = field(default_factory=list)
    #: What did not happen that the script waited for: nothing is known of it then.
    failed: str = ""
    #: Where the live state was not what Asterisk listed when it was over.
    live: list[str] = field(default_factory=list)


def save(played: Iterable[Played], path: Path) -> None:
    """Write a scenario a line."""
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in played))


def load(path: Path) -> list[Played]:
    """Read what `save` wrote."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Played(**{**line, "calls": [_call(call) for call in line["calls"]]}) for line in lines]


def _call(plain: dict[str, Any]) -> Call:
    visits = [Visit(**visit) for visit in plain.pop("visits", [])]
    return Call(**plain, visits=visits)
