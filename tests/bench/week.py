"""A week of recording: what is kept on disk is whole, sealed every hour, and goes when it is old.

``python -m tests.bench.week [--days 7] [--a-day 100000] [--retain 3]`` hands the events of a week
to the recorder, with the receive times of that week, and has the recorder see the week go by on its
own clock. At the end of each day all files are looked at, in another process than the recorder's.
``--real --hours 24`` does the same by the clock on the wall. It prints a row a day, and ends with 1
when something is not as it is documented.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ast_notebook.recording import Record
from tests.bench.clock import Clock, Wall
from tests.bench.files import Looked, look
from tests.bench.sender import CHANNEL, KINDS

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
DAY = 86_400.0
BUDGET = 16 << 20
FLAT = 2e6  # bytes a day that the recorder's process may grow by, once its memory is in use
#: How many of a day's events each of its hours has.
HOURS = (1, 1, 1, 1, 1, 2, 5, 20, 60, 90, 100, 95, 70, 80, 95, 90, 70, 40, 20, 10, 5, 3, 2, 1)
WEEKEND = 0.2

Told = dict[str, Any]


def record_days(folder: Path, days: float, a_day: int, retain: int, clock: Clock) -> Iterator[Told]:
    """Record so many days, and tell at the end of each, or ten times in less, what there is."""
    record = Record("week", BUDGET)
    with clock:
        archive = record.to(folder, retain)
        number, starts = 0, {}
        until, due = clock.now + days * DAY, DAY if days >= 1 else days * DAY / 10
        told_at = clock.now
        try:
            while True:
                starts.setdefault(str(day_of(clock.now)), number)
                texts = events(clock.now, clock.step, number, a_day)
                record.add(texts, round(clock.now * 1e6))
                number += len(texts)
                if not archive.flush(60):
                    raise SystemExit(f"not on disk: {archive!r}")
                clock.settle(lambda: archive.unsealed == 0)
                if clock.now + clock.step - told_at >= due:
                    told_at = clock.now + clock.step
                    yield told(record, clock, starts, number)
                if clock.now + clock.step >= until:
                    break  # before a midnight, at which the recorder may remove a day, or not yet
                clock.go_on()
        finally:
            record.close()
        yield told(record, clock, starts, number)


def told(record: Record, clock: Clock, starts: dict[str, int], end: int) -> Told:
    archive = record.archive
    assert archive is not None
    return {
        "now": clock.now,
        "starts": starts,
        "end": end,
        "written": archive.written,
        "lost": archive.lost,
        "error": archive.error,
        "resident": psutil.Process().memory_info().rss,
        "memory": record.nbytes,
    }


def day_of(moment: float) -> date:
    return datetime.fromtimestamp(moment, UTC).date()


def events(now: float, step: float, first: int, a_day: int) -> list[str]:
    """Return the events of the next `step` seconds, each with its number."""
    moment = datetime.fromtimestamp(now, UTC)
    weight = HOURS[moment.hour] / sum(HOURS) * (1 if moment.weekday() < 5 else WEEKEND)
    seconds = now % 3600
    # What does not come out even is in a later step of the hour.
    parts = [int(a_day * weight * (seconds + more) / 3600) for more in (0, step)]
    count = parts[1] - parts[0]
    names = list(KINDS)
    texts = []
    for number in range(first, first + count):
        name = names[number % len(names)]
        lines = (
            f"Event: {name}",
            "Privilege: call,all",
            f"Timestamp: {now + (number - first) * step / count:.6f}",
            *CHANNEL,
            *KINDS[name],
            f"Number: {number}",
        )
        texts.append("\r\n".join(lines).format(n=number // 24, priority=number % 9 + 1))
    return texts


def check(found: Told, seen: Looked, retain: int) -> list[str]:
    """Return what is not as it should be on disk."""
    wrong = list(seen.wrong)
    if found["lost"] or found["error"] or found["written"] != found["end"]:
        wrong.append(f"{found['end']:,} events were recorded: {found}")
    today = day_of(found["now"])
    kept = [day for day in map(date.fromisoformat, found["starts"]) if (today - day).days <= retain]
    if seen.days != kept:
        wrong.append(f"there are files of {seen.days}, and should be of {kept}")
    wanted = np.arange(found["starts"][str(kept[0])], found["end"])
    if not np.array_equal(seen.numbers, wanted):
        wrong.append(f"{len(seen.numbers):,} events can be read, of {len(wanted):,} that are kept")
    return wrong


def measure(given: argparse.Namespace, folder: Path) -> bool:
    """Have a process record, look at its files day by day, and tell whether all is well."""
    command = [sys.executable, "-m", "tests.bench.week", "--child", str(folder)]
    command += ["--days", str(given.days), "--a-day", str(given.a_day)]
    command += ["--retain", str(given.retain)] + (["--real"] if given.real else [])
    good, readings = True, []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            readings.append(found)
            seen = look(folder)
            wrong = check(found, seen, given.retain)
            good = good and not wrong
            print(
                f"{datetime.fromtimestamp(found['now'], UTC):%a %d %b %H:%M} "
                f"{found['end']:9,} events, {len(seen.numbers):9,} read back, "
                f"{seen.sealed:4} files sealed, {seen.still_open} open, {len(seen.days)} days, "
                f"{seen.size / 1e6:6.1f} MB on disk, memory {found['resident'] / 1e6:6.1f} MB "
                f"({found['memory'] / 1e6:4.1f} the record)",
                flush=True,
            )
            for each in wrong:
                print("    NOT AS WANTED:", each)
            process.stdin.write("go on\n")
            process.stdin.flush()
    if process.returncode:
        return False
    later = readings[len(readings) // 2 :]
    if given.days >= 0.5:  # before, memory comes into use
        grows = np.polyfit(range(len(later)), [one["resident"] for one in later], 1)[0]
        print(f"memory grows by {grows / 1e6:+.2f} MB a reading; wanted: flat")
        good = good and bool(grows < FLAT)
    return good


def child(given: argparse.Namespace) -> None:
    """Record, and go on behind each day once the other process has looked."""
    clock = Wall() if given.real else Clock(START.timestamp())
    for found in record_days(given.child, given.days, given.a_day, given.retain, clock):
        print(json.dumps(found), flush=True)
        sys.stdin.readline()


def main() -> None:
    """Measure, and say by the exit code whether all is as wanted."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=float, default=7.0)
    arguments.add_argument("--a-day", type=int, default=100_000)
    arguments.add_argument("--retain", type=int, default=3)
    arguments.add_argument("--real", action="store_true", help="by the clock on the wall")
    arguments.add_argument("--hours", type=float, help="in place of days")
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.hours is not None:
        given.days = given.hours / 24
    if given.child:
        child(given)
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ast-week-") as temporary:
        good = measure(given, Path(temporary) / "archive")
    print(f"{'all is as wanted' if good else 'NOT ALL IS AS WANTED'}, in", end=" ")
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
