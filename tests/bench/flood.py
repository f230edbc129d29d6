"""How many events a second are heard: by us, by panoramisk, and by the bare loop, in one run.

``python -m tests.bench.flood`` prints medians and ratios; with ``--base FOLDER`` those of another
checkout of the project beside them. On a machine that has other work, trust the processor's
seconds.
"""

from __future__ import annotations

import argparse

from tests.bench.running import Readings, medians, with_base

OURS = ("ours", "notebook", "folder")
TWO = ("--headers", "Channel", "Uniqueid")
RUNS = {
    "ours, reading nothing": ("ours",),
    "ours, reading two headers": ("ours", *TWO),
    "sh.ast with live state": ("notebook",),
    "sh.ast, recording to a folder": ("folder",),
    "panoramisk": ("panoramisk",),
    "the bare recv-split-dict": ("bare",),
}
SLOW = {"stock pyst2": ("pyst2",)}
SHARE = 50  # of so many events, a slow one is sent one


def main() -> None:
    """Run each in turn, several times over, and print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--only", default="", help="a part of our names")
    arguments.add_argument("--base", help="the folder of another checkout, to compare with")
    given = arguments.parse_args()
    runs = {name: who for name, who in RUNS.items() if given.only in name or who[0] not in OURS}
    found = medians(with_base(runs, given.base, OURS), given.rounds, given.events)
    if not given.only:
        found |= medians(SLOW, given.rounds, max(100, given.events // SHARE))
    print(f"{given.events:,} events of 18 to 23 headers, median of {given.rounds}")
    for line in table(found):
        print(line)


def table(found: Readings) -> list[str]:
    """Return a line for each: how fast by the clock and by the processor, and how much memory."""
    head = f"{'':36}{'events/s':>10}{'x pano':>8}{'x bare':>8}"
    lines = [f"{head}{'cpu us':>10}{'x pano':>8}{'x bare':>8}{'peak MB':>10}"]
    for name, one in found.items():
        line = f"{name:36}{one['heard'] / one['seconds']:10,.0f}"
        line += _ratios(found, one, "seconds")
        line += f"{1e6 * one['cpu'] / one['heard']:10.1f}{_ratios(found, one, 'cpu')}"
        lines.append(f"{line}{one['peak']:10.0f}")
    return lines


def _ratios(found: Readings, one: dict[str, float], what: str) -> str:
    others = (found["panoramisk"], found["the bare recv-split-dict"])
    each = one[what] / one["heard"]
    return "".join(f"{other[what] / other['heard'] / each:8.2f}" for other in others)


if __name__ == "__main__":
    main()
