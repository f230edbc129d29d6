"""Ten minutes of a flood: a real Asterisk 22 sends what UserEvents it can, and none may be missing.

``python -m tests.bench.load [--minutes 10] [--peers]`` starts a private Asterisk and a session as a
notebook has it, in a process of its own: recording to disk, one `*` callback, and a panel that is
looked at. Each event has a number and Asterisk's own Timestamp. What was measured is printed beside
what is wanted; it ends with 1 when anything is missing. ``--peers`` has pyst2 and panoramisk, as
they are, hear the same flood for a minute each.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.compute as pc

from tests.bench.files import numbers_of
from tests.bench.flooding import EVENT, REST, Flood, an_asterisk
from tests.lab.asterisk import Asterisk

PATIENCE = 60.0  # seconds that a client may be behind when the flood ends
FLAT = 1e6  # bytes a minute that memory may grow by

Reading = dict[str, Any]


def run(
    pbx: Asterisk,
    library: str,
    seconds: float,
    every: float = 60.0,
    folder: Path | None = None,
    patience: float = PATIENCE,
    budget: int = 64,
) -> list[Reading]:
    """Have one library hear a flood for so long, and return its readings."""
    command = [sys.executable, "-m", "tests.bench.client", library, str(pbx.port)]
    command += ["--every", str(every)]
    command += [] if folder is None else ["--folder", str(folder), "--budget", str(budget << 20)]
    with client(command) as told:
        told.get(timeout=PATIENCE)  # that it is ready
        flood = Flood(pbx)
        flood.begin()
        found: list[Reading] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not is_last(found):
            gather(told, found, left)
        flood.end(PATIENCE + seconds)
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0 and not is_last(found):
            gather(told, found, left)
        return found


@contextmanager
def client(command: list[str]) -> Iterator[queue.SimpleQueue[Reading]]:
    """Run a client, and give what it tells."""
    told: queue.SimpleQueue[Reading] = queue.SimpleQueue()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            told.put(json.loads(line))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield told
        if process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
    finally:
        process.kill()
        process.wait()
        listener.join()
        assert process.stdout is not None
        process.stdout.close()


def gather(told: queue.SimpleQueue[Reading], found: list[Reading], seconds: float) -> None:
    """Wait for the next reading, no longer than that, and print what it says of memory."""
    try:
        found.append(told.get(timeout=seconds))
    except queue.Empty:
        return
    one = found[-1]
    print(
        f"{one['seconds'] / 60:5.1f} min {one['heard']:11,} heard {one['missing']:6,} missing"
        f"   lag p99 {one['p99']:8.1f} ms   {one['processor'] / max(1, one['heard']) * 1e6:5.1f} µs"
        f" an event   {one.get('behind', 0):6,} behind   memory {one['resident'] / 1e6:6.1f} MB"
        f" ({one.get('memory', 0) / 1e6:5.1f} of it the record)",
        flush=True,
    )


def is_last(found: list[Reading]) -> bool:
    return bool(found) and found[-1].get("last", False)


def slope(readings: list[Reading]) -> float:
    """Return how many bytes a minute memory grows by, once the record's budget is used up."""
    later = readings[len(readings) // 2 :]
    if len(later) < 3:
        return float("nan")
    minutes = [one["seconds"] / 60 for one in later]
    return float(np.polyfit(minutes, [one["resident"] for one in later], 1)[0])


def report(found: list[Reading], on_disk: np.ndarray[Any, Any]) -> dict[str, bool]:
    """Print each measure beside what is wanted of it, and tell whether it is as wanted."""
    last = found[-1]
    sent = last["sent"] or 0
    grows = slope(found)
    share = last["processor"] / last["seconds"]
    each = last["processor"] / last["heard"] * 1e6
    is_whole = len(on_disk) == sent and bool((np.diff(on_disk) == 1).all())
    rows = [
        ("sent", f"{sent:,}, {sent / last['seconds']:,.0f} a second", "", True),
        ("missing in the callback", f"{last['missing']:,}", "0", last["missing"] == 0),
        ("heard by the callback", f"{last['heard']:,}", "as sent", last["heard"] == sent),
        ("again, or out of order", f"{last['again']:,}", "0", last["again"] == 0),
        ("read by the session", f"{last['read']:,}", "", last["read"] > sent),
        ("recorded", f"{last['recorded']:,}", "as read", last["recorded"] == last["read"]),
        ("read back from disk", f"{len(on_disk):,}, in order", "as sent", is_whole),
        ("lost on the way to disk", f"{last['lost']:,}", "0", last["lost"] == 0),
        ("undispatched", f"{last['undispatched']:,}", "0", last["undispatched"] == 0),
        ("callbacks dropped", f"{last['callback dropped']:,}", "0", not last["callback dropped"]),
        ("lag", lag(last), "p99 < 100 ms", last["p99"] < 100),
        ("processor", f"{share:.0%} of a core, {each:.1f} µs an event", "< 50 %", share < 0.5),
        ("memory grows by", f"{grows / 1e6:+.2f} MB a minute", "flat", not grows > FLAT),
    ]
    for name, measured, wanted, good in rows:
        print(f"{name:26} {measured:44} {wanted:14} {'ok' if good else 'MISSED'}")
    for name, seconds in sorted(last["threads"].items(), key=lambda one: -one[1]):
        if seconds > 0.01 * last["processor"]:
            print(f"    {name:30} {seconds / last['heard'] * 1e6:6.2f} µs an event")
    return {name: good for name, _, _, good in rows}


def lag(last: Reading) -> str:
    p50, p99, longest, inside = (last[name] for name in ("p50", "p99", "max", "inside"))
    return f"p50 {p50:.1f}, p99 {p99:.1f}, at most {longest:.0f} ms; here {inside:.0f}"


def report_peer(library: str, found: list[Reading]) -> None:
    """Print what became of a library that is not ours."""
    if not found:
        print(f"{library:12} heard nothing")
        return
    last = found[-1]
    ended = "heard all of it" if last["over"] else "did not hear the end"
    print(
        f"{library:12} {last['heard']:,} heard, {last['missing']:,} missing in between, "
        f"{last['heard'] / last['seconds']:,.0f} a second in {last['seconds']:.0f} s, {lag(last)}, "
        f"{last['processor'] / max(1, last['heard']) * 1e6:.1f} µs an event; {ended}"
    )


def measure(
    pbx: Asterisk, seconds: float, every: float = 60.0, budget: int = 64
) -> dict[str, bool]:
    """Run ours, print what was measured, and tell of each measure whether it is as wanted."""
    with tempfile.TemporaryDirectory(prefix="ast-load-") as temporary:
        folder = Path(temporary) / "archive"
        before = resident(pbx)
        found = run(pbx, "ours", seconds, every, folder, PATIENCE + seconds, budget)
        if not is_last(found):
            raise SystemExit(
                f"not heard to its end in {PATIENCE + seconds:.0f} s more: {found[-1:]}"
            )
        print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"memory of Asterisk: {before:.0f} MB before, {resident(pbx):.0f} MB after")
        return report(found, numbers_of(folder, pc.field("userevent") == EVENT))


def resident(pbx: Asterisk) -> float:
    """Return the memory of a running Asterisk in MB."""
    return float(psutil.Process(pbx.pid).memory_info().rss / 1e6)


#: What does not depend on how fast the machine is.
WHOLE = (
    "missing in the callback",
    "heard by the callback",
    "again, or out of order",
    "recorded",
    "read back from disk",
    "lost on the way to disk",
    "undispatched",
    "callbacks dropped",
)


def main() -> None:
    """Measure, and say by the exit code whether anything was missing."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--peers", action="store_true")
    arguments.add_argument("--rest", type=float, default=REST, help="seconds after 100 events")
    arguments.add_argument("--budget", type=int, default=64, help="MB of the record in memory")
    given = arguments.parse_args()
    seconds = given.minutes * 60
    with an_asterisk(rest=given.rest) as pbx:
        found = measure(pbx, seconds, min(60.0, seconds / 10), given.budget)
        for library in ("pyst2", "panoramisk") if given.peers else ():
            report_peer(library, run(pbx, library, min(60.0, seconds), 5.0))
    sys.exit(0 if all(found[name] for name in WHOLE) else 1)


if __name__ == "__main__":
    main()
