"""`ast-notebook record` before a real Asterisk: kills, restarts, a full disk, an hour under load.

``python -m tests.bench.recorder [--kills 20] [--restarts 5] [--full 30] [--minutes 60]`` records
what an Asterisk 22 says: numbers, some hundred a second. The recorder is killed (SIGKILL) again and
again; the PBX is killed and started again; the disk has no room for some seconds; and there is an
hour under load, during which the folder is watched as well. 0 leaves a part out. For each part it
prints what was measured beside what is wanted, and it ends with 1 when anything is not as wanted.

The disk is a small one in memory, which root can mount. For others, the recorder's own writes are
refused, as a full disk refuses them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

import ast_notebook
from ast_notebook.ami import Event
from ast_notebook.recording import read
from ast_notebook.recording.archive import BLOCK
from tests.bench.speaker import EVENT, Speaker, an_asterisk
from tests.lab.asterisk import Asterisk
from tests.support.recorder import RecorderProcess
from tests.support.waiting import eventually

RATE = 300.0  # numbers a second
EVERY = 0.2  # seconds between two lines of the recorder's
PATIENCE = 120.0
UNSURE = 2.0  # seconds before a PBX was killed in which it may not have sent what it had said
ROOM = 6 << 20  # bytes of the small disk
BUDGET = 16  # MB
FLAT = 1e6  # bytes a minute that the recorder's memory may grow by


class Measure(NamedTuple):
    """What was measured, beside what is wanted."""

    what: str
    measured: str
    wanted: str
    is_good: bool


def recorder(pbx: Asterisk, folder: Path, *more: object, **others: str) -> RecorderProcess:
    """Start a recorder."""
    where = f"{pbx.panel}@127.0.0.1:{pbx.port}"
    given = (where, "--to", folder, "--every", EVERY, "--budget", BUDGET, *more)
    return RecorderProcess(*given, password=pbx.password, **others)


def is_connected(one: RecorderProcess) -> bool:
    return one.last.get("state") == "connected" and bool(one.last.get("written"))


def on_disk(folder: Path) -> list[int]:
    found = read(folder)
    return [int(one) for one in found.loc[found["userevent"] == EVENT, "number"]]


def once_and_in_order(numbers: list[int]) -> bool:
    return all(first < second for first, second in pairwise(numbers))


# --- kill -9 -------------------------------------------------------------------------------


def kill(pbx: Asterisk, folder: Path, times: int, longest: float = 3.0) -> list[Measure]:
    """Kill the recorder again and again, and see what is missing each time."""
    lost: list[int] = []
    seconds: list[float] = []
    holes = 0
    with Speaker(pbx, RATE) as speaker:
        for attempt in range(times):
            before = on_disk(folder) if attempt else []
            with recorder(pbx, folder) as one:
                eventually(lambda one=one: is_connected(one), PATIENCE)  # type: ignore[misc]
                begun = time.time()
                time.sleep(random.uniform(0.0, longest))
                eventually(lambda begun=begun: speaker.between(begun, time.time()), PATIENCE)  # type: ignore[misc]
                killed = time.time()
                one.process.send_signal(signal.SIGKILL)
                one.wait()
            after = on_disk(folder)
            assert after[: len(before)] == before, "what was on disk has changed"
            said = speaker.between(begun, killed)
            mine = set(after[len(before) :])
            last = max(mine, default=-1)
            holes += sum(number not in mine for number in said if number < last)
            missing = [number for number in said if number > last]
            lost.append(len(missing))
            at = {number: at for at, number in list(speaker.said)}
            seconds.append(killed - at[missing[0]] if missing else 0.0)
    with recorder(pbx, folder) as one:  # it seals what the killed ones have left
        eventually(lambda: is_connected(one), PATIENCE)
        code = one.stop()
    found = read(folder)
    told = int((found["event"] == "RecordingLost").sum())
    left = [path for path in folder.rglob("*.arrows") if path.stat().st_size]
    return [
        Measure("kills", f"{times}", "", True),
        Measure("missing before the last block", f"{holes}", "0", not holes),
        Measure(
            "missing behind it, each time",
            f"{min(lost)} to {max(lost)} of {RATE:.0f} a second, {max(seconds):.2f} s at most",
            f"a block: {BLOCK:,}",
            max(lost) <= BLOCK,
        ),
        Measure("rows RecordingLost", f"{told}", f"{times}", told == times),
        Measure("twice, or out of order", "", "0", once_and_in_order(on_disk(folder))),
        Measure("left unsealed at the end", f"{len(left)}", "0", not left),
        Measure("exit code", f"{code}", "0", code == 0),
    ]


# --- restarts of Asterisk -----------------------------------------------------------------------


def restart(pbx: Asterisk, folder: Path, times: int) -> list[Measure]:
    """Kill the PBX and start it again, and see what is missing while it was there."""
    up: list[tuple[float, float]] = []
    with Speaker(pbx, RATE) as speaker, recorder(pbx, folder) as one:
        for _ in range(times + 1):
            if up:
                pbx.kill()
                eventually(lambda: one.last["state"] == "lost", PATIENCE)
                pbx.start()
            eventually(lambda: one.last.get("state") == "connected", PATIENCE)
            begun = time.time()
            eventually(lambda begun=begun: len(speaker.between(begun, time.time())) > 100, PATIENCE)  # type: ignore[misc]
            up.append((begun, time.time() - UNSURE))
        time.sleep(UNSURE)
        code = one.stop()
    found = read(folder)
    there = on_disk(folder)
    known = set(there)
    missing = sum(number not in known for span in up for number in speaker.between(*span))
    gaps = [int((found["event"] == name).sum()) for name in ("SessionLost", "SessionRestored")]
    return [
        Measure("kills of Asterisk", f"{times}", "", True),
        Measure("missing while it was up", f"{missing}", "0", not missing),
        Measure("twice, or out of order", "", "0", once_and_in_order(there)),
        Measure("rows of each gap, two", f"{gaps}", f"{times} each", gaps == [times] * 2),
        Measure("exit code", f"{code}", "0", code == 0),
    ]


# --- a full disk --------------------------------------------------------------------------------

#: Runs the command line, and refuses to write to files of the archive while a file is there.
REFUSING = """
import errno, os, pathlib, sys
write, full, folder = os.write, os.environ["FULL"], os.environ["FOLDER"]

def writes(handle, data):
    if os.path.exists(full) and os.readlink(f"/proc/self/fd/{handle}").startswith(folder):
        raise OSError(errno.ENOSPC, "No space left on device")
    return write(handle, data)

os.write = writes
from ast_notebook.__main__ import main
sys.exit(main())
"""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Have a folder on a disk that can be filled, and emptied again."""
    folder.mkdir(parents=True, exist_ok=True)
    filler = folder / "filler"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder], check=True)

    def fills() -> None:
        with contextlib.suppress(OSError), filler.open("wb", 0) as file:
            while True:
                file.write(bytes(4096))

    try:
        yield fills, filler.unlink
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(pbx: Asterisk, folder: Path, seconds: float, *, is_real: bool) -> list[Measure]:
    """Record while the disk is full for so long, and see what is told, and missing afterwards."""
    with contextlib.ExitStack() as stack:
        if is_real:
            fills, empties = stack.enter_context(small_disk(folder))
            one = stack.enter_context(recorder(pbx, folder))
        else:
            folder.mkdir(parents=True)
            full = folder.with_name("is-full")
            fills, empties = full.touch, full.unlink
            one = stack.enter_context(
                recorder(pbx, folder, program=REFUSING, FULL=str(full), FOLDER=str(folder))
            )
        speaker = stack.enter_context(Speaker(pbx, RATE))
        eventually(lambda: is_connected(one), PATIENCE)
        begun = time.time()
        eventually(lambda: len(speaker.between(begun, time.time())) > 100, PATIENCE)
        fills()
        eventually(lambda: "make room there" in one.last["error"], PATIENCE)
        told = one.last["error"]
        time.sleep(seconds)
        waiting, state = one.last["waiting"], one.last["state"]
        empties()
        eventually(lambda: not one.last["error"], PATIENCE)
        again = time.time()
        eventually(lambda: len(speaker.between(again, time.time())) > 100, PATIENCE)
        until = time.time()
        time.sleep(UNSURE)
        code = one.stop()
        there, end = on_disk(folder), one.last
    known = set(there)
    missing = sum(number not in known for number in speaker.between(begun, until))
    return [
        Measure("the disk is full for", f"{seconds:.0f} s and more", "", True),
        Measure("what is told", told.partition(";")[0], "make room there", True),
        Measure("meanwhile", f"{state}, {waiting:,} wait", "connected", state == "connected"),
        Measure("missing", f"{missing}", "0", not missing),
        Measure("counted as lost", f"{end['lost']}", "0", not end["lost"]),
        Measure("twice, or out of order", "", "0", once_and_in_order(there)),
        Measure("exit code", f"{code}", "0", code == 0),
    ]


# --- under load ---------------------------------------------------------------------------------


def load(pbx: Asterisk, folder: Path, minutes: float, rate: float) -> list[Measure]:
    """Record under load for so long, and watch the folder meanwhile."""
    lags: list[float] = []
    heard: list[int] = []
    memory: list[tuple[float, int]] = []
    with Speaker(pbx, rate) as speaker, recorder(pbx, folder, "--days", 30) as one:
        eventually(lambda: is_connected(one), PATIENCE)
        process = psutil.Process(one.process.pid)
        with ast_notebook.watch(folder, budget=float(BUDGET << 20)) as sh:
            eventually(lambda: not sh.ast.live.stale, PATIENCE)

            @sh.ast.on("UserEvent")
            def hear(event: Event) -> None:
                lags.append(time.time() - event.received / 1e6)
                heard.append(int(event["Number"]))

            begun = time.time()
            while time.time() < begun + 60 * minutes:
                time.sleep(min(5.0, 60 * minutes / 10))
                memory.append((time.time(), process.memory_info().rss))
            until = time.time()
            said = speaker.between(begun, until)
            eventually(lambda: heard and heard[-1] >= said[-1], PATIENCE)
            watched = list(heard)
        used = process.cpu_times()
        code = one.stop()
    there, end = on_disk(folder), one.last
    known = set(there)
    missing = sum(number not in known for number in said)
    later = memory[len(memory) // 2 :]
    grows = 0.0
    if len(later) > 2:
        grows = 60 * float(np.polyfit([at for at, _ in later], [size for _, size in later], 1)[0])
    is_flat = minutes < 10 or grows < FLAT
    share = (used.user + used.system) / (60 * minutes)
    p50, p99 = (float(one) for one in np.percentile(lags, [50, 99]))
    return [
        Measure("said", f"{len(said):,}, {len(said) / minutes / 60:,.0f} a second", "", True),
        Measure("missing on disk", f"{missing}, {end['lost']} counted", "0", not missing),
        Measure("twice, or out of order", "", "0", once_and_in_order(there)),
        Measure("the watch hears each once", "", "", watched == sorted(set(watched))),
        Measure(
            "the watch is behind",
            f"p50 {p50:.2f} s, p99 {p99:.2f} s, at most {max(lags):.2f} s",
            "1 s",
            p99 <= 1.0,
        ),
        Measure("memory grows by", f"{grows / 1e6:+.2f} MB a minute", "flat", is_flat),
        Measure("memory", f"{memory[-1][1] / 1e6:.0f} MB", "", True),
        Measure("processor", f"{share:.0%} of a core", "", True),
        Measure("exit code", f"{code}", "0", code == 0),
    ]


def told(name: str, measures: list[Measure]) -> bool:
    """Print measures, and tell whether all are as wanted."""
    print(f"\n{name}")
    for one in measures:
        good = "ok" if one.is_good else "MISSED"
        print(f"  {one.what:34} {one.measured:60} {one.wanted:18} {good}", flush=True)
    return all(one.is_good for one in measures)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recorder")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--full", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=RATE, help="numbers a second, under load")
    given = parser.parse_args()
    good = True
    with an_asterisk() as pbx, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.kills:
            good &= told("kill -9", kill(pbx, folder / "killed", given.kills))
        if given.restarts:
            good &= told("restarts", restart(pbx, folder / "restarted", given.restarts))
        if given.full:
            is_real = os.geteuid() == 0
            good &= told("full disk", fill(pbx, folder / "full", given.full, is_real=is_real))
        if given.minutes:
            good &= told("load", load(pbx, folder / "load", given.minutes, given.rate))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
