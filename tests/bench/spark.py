"""What a second executor brings: calls of one archive on Spark, with one executor and with two.

``python -m tests.bench.spark [--events N …] [--executors 1 2] [--rounds 1]`` writes an archive of N
events (a million by default, in files of an hour), and makes calls of it on ``local-cluster`` with
so many executors, each with a core and a heap of 512 MB (``--heap``), in processes of their own. It
prints a table of medians: seconds by the clock, how many times the first number of executors is
faster or slower, seconds of the processor (of the driver and of the executors), the memory that an
executor took at most (its JVM and its Python together), and the most rows that the driver collected
at once. It ends with 1 if totals differ from those of the copies of which the archive is made, or
an executor took more than 1 GB.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import narwhals as nw
import psutil

from ast_notebook.calls import measures
from ast_notebook.calls.history import archive_calls
from ast_notebook.recording import scan
from tests.bench.archive import copies, write
from tests.bench.calls import OF_CALLS, of_copies
from tests.support.spark_elsewhere import SETTINGS, a_session

WANTED_GB = 1.0
EXECUTOR = "CoarseGrainedExecutorBackend"  # a word of the command line of an executor

Found = dict[str, Any]


class Watch(threading.Thread):
    """Looks at the executors below this process, until it is stopped.

    Attributes
    ----------
    peaks : dict
        The most bytes of memory that each executor had, with its children, by its process id.
    """

    def __init__(self) -> None:
        super().__init__(name="watch", daemon=True)
        self.peaks: dict[int, int] = defaultdict(int)
        self._spent: dict[int, float] = {}
        self._over = threading.Event()

    @property
    def spent(self) -> float:
        """How many seconds of the processor the executors and their children took."""
        return sum(self._spent.values())

    def run(self) -> None:
        """Look four times a second."""
        while not self._over.wait(0.25):
            self.look()

    def look(self) -> None:
        """Look once."""
        for one in psutil.Process().children(recursive=True):
            try:
                if not any(EXECUTOR in word for word in one.cmdline()):
                    continue
                family = [one, *one.children(recursive=True)]
                taken = sum(each.memory_info().rss for each in family)
                self.peaks[one.pid] = max(self.peaks[one.pid], taken)
                for each in family:
                    times = each.cpu_times()
                    self._spent[each.pid] = times.user + times.system
            except psutil.NoSuchProcess:
                continue

    def stop(self) -> None:
        """Look a last time, and end."""
        self._over.set()
        self.join()
        self.look()


def main() -> None:
    """Measure, print a table, and say what was not reached."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, nargs="+", default=[1_000_000])
    arguments.add_argument("--executors", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--heap", default="512m", help="the heap of an executor's JVM")
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(_measured(given.child, given.executors[0], given.heap)))
        return
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"{'events':>11}{'executors':>10}{'seconds':>9}{'x':>6}{'CPU driver':>12}"
        f"{'executors':>10}{'peak MB':>9}{'rows':>9}"
    )
    missed: list[str] = []
    for events in given.events:
        missed += _of_archive(events, given.executors, given.rounds, given.heap)
    for each in missed:
        print("NOT AS WANTED:", each)
    sys.exit(1 if missed else 0)


def _of_archive(events: int, executors: list[int], rounds: int, heap: str) -> Iterator[str]:
    """Print a line for each number of executors, and yield what was not reached."""
    with tempfile.TemporaryDirectory(prefix="ast-bench-") as temporary:
        place = Path(temporary) / "archive"
        count = write(place, events, hours=1)
        wanted = of_copies(copies(events), Path(temporary))
        runs: dict[int, list[Found]] = {number: [] for number in executors}
        for _ in range(rounds):
            for number, found in runs.items():
                found.append(_run(place, number, heap))
    alone = 0.0
    for number, found in runs.items():
        median = {
            name: statistics.median(one[name] for one in found)
            for name in ("seconds", "driver", "executors", "peak", "rows")
        }
        alone = alone or median["seconds"]
        print(
            f"{count:11,}{number:10}{median['seconds']:9.1f}{alone / median['seconds']:6.2f}"
            f"{median['driver']:12.1f}{median['executors']:10.1f}{median['peak'] / 1e6:9,.0f}"
            f"{median['rows']:9,.0f}",
            flush=True,
        )
        if max(one["peak"] for one in found) > WANTED_GB * 1e9:
            yield f"an executor of {number} took more than {WANTED_GB:g} GB"
        for one in found:
            for name in OF_CALLS:
                if not math.isclose(one["totals"][name], wanted[name], rel_tol=1e-9):
                    yield f"{number}: {name} are {one['totals'][name]:,}, not {wanted[name]:,}"


def _run(place: Path, executors: int, heap: str) -> Found:
    command = [sys.executable, "-m", "tests.bench.spark", "--child", str(place)]
    command += ["--executors", str(executors), "--heap", heap]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: Found = json.loads(done.stdout.splitlines()[-1])
    return told


def _measured(place: Path, executors: int, heap: str) -> Found:
    """Make the calls of an archive, and return what that took, and what calls there are."""
    settings = SETTINGS | {
        "spark.executor.memory": heap,
        "spark.log.level": "ERROR",
        "spark.scheduler.minRegisteredResourcesRatio": "1",  # the first task waits for all
    }
    rows: list[int] = []
    collect = nw.LazyFrame.collect

    def counted(frame: nw.LazyFrame[Any], *given: Any, **more: Any) -> nw.DataFrame[Any]:
        found = collect(frame, *given, **more)
        rows.append(len(found))
        return found

    with tempfile.TemporaryDirectory() as scratch:
        session = a_session(f"local-cluster[{executors},1,1024]", Path(scratch), settings)
        scan(place).count_rows()  # the files are checked, which is done once
        session.range(100).count()
        watch = Watch()
        watch.look()
        before = watch.spent
        watch.start()
        began, busy = time.perf_counter(), _spent_here()
        with mock.patch.object(nw.LazyFrame, "collect", counted):
            calls = archive_calls(place, session=session)
        seconds, busy = time.perf_counter() - began, _spent_here() - busy
        watch.stop()
        totals = measures.summary(calls).iloc[0]
        session.stop()
    return {
        "seconds": seconds,
        "driver": busy,
        "executors": watch.spent - before,
        "peak": max(watch.peaks.values()),
        "rows": max(rows),
        "totals": {name: float(totals[name]) for name in OF_CALLS},
    }


def _spent_here() -> float:
    """Return the seconds of the processor that this process and the driver's JVM took."""
    here = psutil.Process()
    java = [one for one in here.children() if one.name() == "java"]
    return sum(sum(one.cpu_times()[:2]) for one in (here, *java))


if __name__ == "__main__":
    main()
