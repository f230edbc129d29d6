"""What hearing costs while events come one by one, and how late they come.

``python -m tests.bench.share`` prints the processor's seconds for 100,000 events at 2,000 a second,
the delay of 99 of 100 of these, and at 10 a second the delay of half of them: from being sent by
a process of its own until a callback has it. With ``--base FOLDER``, another checkout of the
project is measured beside this one.
"""

from __future__ import annotations

import argparse

from tests.bench.running import Readings, medians, with_base

OURS = ("ours", "notebook")
RUNS = {
    "the bare recv-split-dict": ("bare", "--lags"),
    "panoramisk": ("panoramisk", "--lags"),
    "session and record": ("ours", "--lags"),
    "sh.ast, a callback of the user's": ("notebook", "--lags"),
}


def main() -> None:
    """Run each in turn, several times over, and print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--rate", type=float, default=2000.0)
    arguments.add_argument("--seldom", type=float, default=10.0, help="events a second, for delays")
    arguments.add_argument("--base", help="the folder of another checkout, to compare with")
    given = arguments.parse_args()
    runs = with_base(RUNS, given.base, OURS)
    many = medians(runs, given.rounds, round(given.seconds * given.rate), given.rate)
    few = medians(runs, given.rounds, round(given.seconds * given.seldom), given.seldom)
    print(f"{given.rate:g} and {given.seldom:g} events a second, median of {given.rounds}")
    for line in table(many, few):
        print(line)


def table(many: Readings, few: Readings) -> list[str]:
    """Return a line for each: what it costs, and how late events come."""
    lines = [f"{'':40}{'cpu s / 100,000':>16}{'x bare':>8}{'p99 ms':>9}{'seldom: p50 ms':>16}"]
    bare = many["the bare recv-split-dict"]
    for name, one in many.items():
        cost = 100_000 * one["cpu"] / one["heard"]
        ratio = one["cpu"] / one["heard"] / (bare["cpu"] / bare["heard"])
        line = f"{name:40}{cost:16.2f}{ratio:8.2f}{one['p99']:9.2f}"
        lines.append(f"{line}{few[name]['p50']:16.2f}")
    return lines


if __name__ == "__main__":
    main()
