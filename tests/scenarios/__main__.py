"""Play scenarios on a real Asterisk: ``python -m tests.scenarios record|check [16|22] [NAME…]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.scenarios import play
from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import compare
from tests.scenarios.stage import Stage


def check(version: int, names: Sequence[str]) -> int:
    """Play them now, and tell how the calls found differ from those that took place."""
    wrong = 0
    with Stage(version) as stage:
        for played in play.play(stage, names or list(SCENARIOS)):
            found = compare(stage.sh.ast.events, played)
            wrong += bool(found)
            print(f"{version} {'wrong' if found else 'right'} {played.name}", *found, sep="\n    ")
    return wrong


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says."""
    task, *rest = arguments or ["help"]
    versions = [int(word) for word in rest if word.isdigit()] or [16, 22]
    names = [word for word in rest if not word.isdigit()]
    unknown = set(names) - set(SCENARIOS)
    if task not in ("record", "check") or unknown or not set(versions) <= {16, 22}:
        print(__doc__, *sorted(SCENARIOS), sep="\n    ", file=sys.stderr)
        return 2
    if task == "record":
        for version in versions:
            print(play.record(version))
        return 0
    return min(1, sum(check(version, names) for version in versions))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
