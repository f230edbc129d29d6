"""Twenty PBXs in one kernel: what each one more costs, and whether TAB and status still answer.

``python -m tests.bench.twenty [--pbxs 20] [--rate 100] [--minutes 2]`` starts demo PBXs, connects
them in an IPython, with the panel of one open, and measures with 1, 5, 10 and all of them, in a new
process each time. It prints a row each, and ends with 1 when something is not as it is wanted.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from unittest import mock

import psutil

import ast_notebook
from ast_notebook import demo
from ast_notebook.magics.status import Status
from tests.bench.page import Page
from tests.support.shell import TestingShell, an_ipython

STAGES = (1, 5, 10)
TIMES = 5
LINE = "%ast call "
#: Of the events of a demo's changing channels, so many tell of a change.
CHANGES = 0.32
#: Threads of each: the reader, the dispatcher, the one that compares with Asterisk's lists, and the
#: recorder, once there are 10,000 events.
A_PBX = 4


@dataclasses.dataclass(frozen=True)
class Reading:
    """What so many PBXs cost."""

    pbxs: int
    threads: int
    resident: float
    records: float
    share: float
    rate: float
    tab: float
    status: float


class Kernel:
    """An IPython with `%ast`, to which PBXs are added.

    Parameters
    ----------
    shell : TestingShell
    rate : float
        Events a second of each PBX, about.
    """

    def __init__(self, shell: TestingShell, rate: float) -> None:
        self._shell = shell
        self._rate = rate
        self._demos: list[demo.Demo] = []
        shell.run("%load_ext ast_notebook")
        self.sh: ast_notebook.SmartHome = shell.user_ns["sh"]

    def add(self) -> None:
        """Connect one more, and open the panel of the first."""
        pbx = demo.start(calls=False, channels=50, changes=self._rate * CHANGES, username="panel")
        self._demos.append(pbx)
        name = f"pbx{len(self._demos)}"
        with mock.patch.dict(os.environ, {f"AST_PASSWORD_{name.upper()}": pbx.password}):
            self._shell.run(f"%ast connect panel@{pbx.host}:{pbx.port} --name {name};")
        if len(self._demos) == 1:
            self._panel = ast_notebook.Panel(self.sh, name)
            self._page = Page(self._panel)
            self._page.look()

    def read(self, seconds: float) -> Reading:
        """Let time pass, and tell what it costs; then press TAB, and ask how it goes."""
        began, busy, heard = time.monotonic(), time.process_time(), self._heard()
        while time.monotonic() < began + seconds:
            time.sleep(min(20.0, seconds))
            self._page.look()
        took = time.monotonic() - began
        share = (time.process_time() - busy) / took
        rate = (self._heard() - heard) / took
        return Reading(
            pbxs=len(self._demos),
            threads=sum(one.name.startswith("ast-") for one in threading.enumerate()),
            resident=psutil.Process().memory_info().rss,
            records=sum(pbx.record.nbytes for pbx in self.sh.pbxs.values()),
            share=share,
            rate=rate,
            tab=timed(lambda: self.complete(LINE)),
            status=timed(lambda: repr(self.status())),
        )

    def complete(self, line: str) -> list[str]:
        """Return what TAB gives."""
        return self._shell.complete_words(line)

    def status(self) -> Status:
        """Ask how it goes."""
        self._shell.run("status = %ast status")
        found: Status = self._shell.user_ns["status"]
        return found

    def close(self) -> None:
        """End all of it."""
        with contextlib.suppress(AttributeError):
            self._panel.close()
        self._shell.run("%unload_ext ast_notebook")
        for pbx in self._demos:
            pbx.close()

    def _heard(self) -> int:
        return sum(pbx.session.events_read for pbx in self.sh.pbxs.values())


def timed(act: object) -> float:
    """Return how many milliseconds that takes, the median of some times."""
    assert callable(act)
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


@contextlib.contextmanager
def a_kernel(rate: float) -> Iterator[Kernel]:
    with an_ipython() as shell:
        kernel = Kernel(shell, rate)
        try:
            yield kernel
        finally:
            kernel.close()


def of(pbxs: int, rate: float, seconds: float) -> Reading:
    """Measure with so many PBXs."""
    with a_kernel(rate) as kernel:
        for _ in range(pbxs):
            kernel.add()
        return kernel.read(seconds)


def measure(pbxs: int, rate: float, seconds: float) -> list[Reading]:
    """Measure with ever more PBXs, each time in a new process, and print a row each."""
    found = []
    print(f"{'PBXs':>4}{'threads':>9}{'memory':>11}{'records':>11}{'processor':>11}", end="")
    print(f"{'events':>12}{'an event':>11}{'TAB':>10}{'status':>10}")
    for count in sorted({*(one for one in STAGES if one < pbxs), pbxs}):
        command = [sys.executable, "-m", "tests.bench.twenty", "--child", "--pbxs", str(count)]
        command += ["--rate", str(rate), "--minutes", str(seconds / 60)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        one = Reading(**json.loads(done.stdout.splitlines()[-1]))
        found.append(one)
        print(
            f"{one.pbxs:4}{one.threads:9}{one.resident / 1e6:8.1f} MB{one.records / 1e6:8.1f} MB"
            f"{one.share:11.1%}{one.rate:10,.0f}/s{one.share / one.rate * 1e6:8.1f} µs"
            f"{one.tab:7.1f} ms{one.status:7.1f} ms",
            flush=True,
        )
    return found


def missed(found: list[Reading]) -> Iterator[str]:
    """Say what is not as it is wanted."""
    first, last = found[0], found[-1]
    more = last.pbxs - first.pbxs
    if last.tab > 100:
        yield f"TAB takes {last.tab:.0f} ms"
    if last.status > 1000:
        yield f"%ast status takes {last.status:.0f} ms"
    for one in found:
        if one.threads > one.pbxs * A_PBX + 1:  # and the panels' publisher
            yield f"{one.threads} threads of {one.pbxs} PBXs"
    if not more:
        return
    middle = found[-2]
    for name in ("resident", "share"):
        early, late = (
            (getattr(b, name) - getattr(a, name)) / max(1, b.pbxs - a.pbxs)
            for a, b in ((first, middle), (middle, last))
        )
        if middle is not first and late > 1.5 * early:
            yield f"{name} grows faster than the number of PBXs: {early:g}, then {late:g} a PBX"


def main() -> None:
    """Measure, print, and say by the exit code whether it is as wanted."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pbxs", type=int, default=20)
    arguments.add_argument("--rate", type=float, default=100.0)
    arguments.add_argument("--minutes", type=float, default=2.0)
    arguments.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(dataclasses.asdict(of(given.pbxs, given.rate, given.minutes * 60))))
        return
    found = measure(given.pbxs, given.rate, given.minutes * 60)
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    wrong = list(missed(found))
    for each in wrong:
        print("NOT AS WANTED:", each)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
