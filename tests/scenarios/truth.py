"""What happened, as whoever played it knows: written beside every recording."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Seconds by which a script's own clock may differ from the PBX's: signalling takes its time.
TOLERANCE = 0.35

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
    dialled: str | None
    disposition: str
    answered_by: str | None = None
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
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Played:
    """A scenario as it was played, in seconds since 1970 UTC."""

    name: str
    version: int
    begun: float
    ended: float
    calls: list[Call] = field(default_factory=list)


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


def differences(expected: Call, found: dict[str, Any]) -> list[str]:
    """Say where a call that was found is not the one that took place."""
    told = []
    for name, truth in asdict(expected).items():
        if name in ("direct", "tolerance", "conference", "visits"):
            continue
        value = found[name]
        if name in SECONDS and truth is not None and value is not None:
            same = abs(value - truth) <= expected.tolerance
        else:
            same = value == truth
        if not same:
            told.append(f"{name} is {value!r}, not {truth!r}")
    return told
