"""Runs those who hear a flood in turn, each in a process of its own, several times over."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

Readings = dict[str, dict[str, float]]


def run(who: Sequence[str], count: int, rate: float = 0.0) -> dict[str, float]:
    """Return what `tests.bench.hear` reads with these arguments, of so many events.

    Parameters
    ----------
    rate : float
        Events a second, which come one by one; by default, they come as fast as they go.
    """
    sender_of = [sys.executable, "-m", "tests.bench.sender", str(count), "--rate", str(rate)]
    with subprocess.Popen(sender_of, stdout=subprocess.PIPE, text=True, cwd=ROOT) as sender:
        assert sender.stdout is not None
        port = sender.stdout.readline().strip()
        name, *more = who
        command = [sys.executable, "-m", "tests.bench.hear", name, port, str(count), *more]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
        finally:
            sender.kill()
    reading: dict[str, float] = json.loads(done.stdout)
    return reading


def medians(
    runs: Mapping[str, Sequence[str]], rounds: int, count: int, rate: float = 0.0
) -> Readings:
    """Run each in turn, so many times over, and return the medians of what was read."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, who in runs.items():
            found[name].append(run(who, count, rate))
    return {
        name: {key: statistics.median(one[key] for one in readings) for key in readings[0]}
        for name, readings in found.items()
    }


def with_base(
    runs: Mapping[str, Sequence[str]], base: str | None, of: Sequence[str]
) -> dict[str, Sequence[str]]:
    """Return the runs, and behind each of ours that of another checkout, if one is given."""
    found: dict[str, Sequence[str]] = {}
    for name, who in runs.items():
        found[name] = who
        if base and who[0] in of:
            found[f"{name} (base)"] = [*who, "--base", str(Path(base).resolve())]
    return found
