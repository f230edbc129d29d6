"""Play scenarios on a real Asterisk.

``python -m tests.scenarios record [16|22]`` makes the fixtures anew; ``check [16|22] [NAME…]``
plays scenarios now, and tells how what each source says differs from what took place.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import differences
from tests.scenarios.play import FIXTURES, record_all
from tests.scenarios.sources import SOURCES


def check(versions: Sequence[int], names: Sequence[str]) -> int:
    """Play them now, and tell how the calls found differ from those that took place."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for version, parts in record_all(Path(folder), versions, names).items():
            for part in parts:
                told = {source: calls(part) for source, calls in SOURCES.items()}
                for played in part.played:
                    found = {
                        source: differences(source, calls, played) for source, calls in told.items()
                    }
                    lines = [played.failed] * bool(played.failed)
                    lines += [f"{source}: {one}" for source in found for one in found[source]]
                    wrong += bool(lines)
                    verdict = "wrong" if lines else "right"
                    print(f"{version} {verdict} {played.name}", *lines, sep="\n    ")
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
        made = record_all(FIXTURES, versions, SCENARIOS, stages=1)
        failed = [
            one for parts in made.values() for part in parts for one in part.played if one.failed
        ]
        print(*(f"{one.version} {one.name}: {one.failed}" for one in failed), sep="\n")
        return min(1, len(failed))
    return min(1, check(versions, names or list(SCENARIOS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
