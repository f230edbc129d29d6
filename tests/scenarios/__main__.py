"""Play scenarios on a real Asterisk.

``python -m tests.scenarios record [16|22] [NAME…]`` makes the recordings anew, or those parts of
them that these scenarios are in; ``check [16|22] [NAME…]`` plays scenarios now, and tells how what
each source says differs from what took place.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.scenarios.all import SCENARIOS
from tests.scenarios.compare import differences
from tests.scenarios.play import part_of, record_all
from tests.scenarios.sources import SOURCES
from tests.support.paths import RECORDINGS


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


def record(versions: Sequence[int], parts: Iterable[str]) -> int:
    """Make parts of the recordings anew, and tell which scenarios failed."""
    wrong = 0
    for part in parts:
        names = [name for name in SCENARIOS if part_of(name) == part]
        made = record_all(RECORDINGS, versions, names, stages=1, part=part)
        for one in (one for several in made.values() for each in several for one in each.played):
            wrong += bool(one.failed)
            if one.failed:
                print(f"{one.version} {one.name}: {one.failed}")
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
        return min(1, record(versions, {part_of(name) for name in names or SCENARIOS}))
    return min(1, check(versions, names or list(SCENARIOS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
