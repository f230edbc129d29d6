"""What the panel costs with 1,000 channels and 200 changes a second, in a real browser.

``python -m tests.bench.panel [--minutes N]`` runs the demo PBX, JupyterLab with a kernel, and a
headless Chromium on this machine, prints the memory every five minutes, and at the end what was
measured beside what is wanted; it ends with 1 when something wanted was not reached. An hour is
``--minutes 60``.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import os
import statistics
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page

from ast_notebook import demo
from tests.support import browser
from tests.support.browser import Meter, Server
from tests.support.waiting import eventually

WARM_UP = 20.0
EVENT_TO_SCREEN = "event to screen"
MEMORY_EVERY = 300.0
UNSEEN = 30.0  # seconds in which nobody looks, to tell what the panel costs from all else
SETUP = """
import os, threading, ast_notebook
from ast_notebook.panel import Panel
sh = ast_notebook.connect(
    {host!r}, {port}, username={username!r}, password={password!r}
)
sh.ast.session._intake._recorder = None  # it has a budget, and is measured elsewhere
panel = Panel(sh)
threads = {{thread.name: thread.native_id for thread in threading.enumerate()}}
with open({facts!r}, "w") as file:
    file.write(repr({{"pid": os.getpid(), **threads}}))
ended = open({ended!r}, "w", buffering=1)
def note(event, session):
    ended.write(f"{{event['Uniqueid']}} {{event.received / 1000:.1f}}\\n")
sh.ast.session.register_event("Hangup", note)
panel
"""
# The calls that last longest stand on top, and end first: their rows go from the screen. The moment
# is that of the end of the frame in which they went.
WATCH = """() => {
    window.gone = [];
    const body = document.querySelector('.ast-panel .ast-channels tbody');
    new MutationObserver((records) => {
        const keys = records.flatMap((record) => [...record.removedNodes])
            .map((row) => row.dataset.key).filter(Boolean);
        setTimeout(() => keys.forEach((key) => window.gone.push([key, Date.now()])));
    }).observe(body, {childList: true});
}"""
TAKE = "() => window.gone.splice(0)"


@dataclasses.dataclass(frozen=True)
class Reading:
    """Seconds and bytes at one moment."""

    at: float
    publisher: float
    iopub: float
    kernel: float
    wall_busy: float
    busy: float
    heap: float
    resident: int


class Bench:
    """The parts that run, and what they are asked."""

    def __init__(self, server: Server, page: Page) -> None:
        self._facts: dict[str, int] = ast.literal_eval((server.folder / "facts").read_text())
        self._ended = server.folder / "ended"
        self._page = page
        self._wall = Meter(page)
        self._processor = Meter(page, processor=True)
        self._gone: dict[str, float] = {}

    def read(self) -> Reading:
        """Take a reading of everything."""
        heap = self._wall.memory()
        return Reading(
            at=time.monotonic(),
            publisher=self._thread("ast-publish"),
            iopub=self._thread("IOPub"),
            kernel=self._kernel(),
            wall_busy=self._wall.read()["TaskDuration"],
            busy=self._processor.read()["TaskDuration"],
            heap=heap,
            resident=self._resident(),
        )

    def go_on(self, seconds: float) -> None:
        """Let time pass, take down what went from the screen, and say what memory is in use."""
        began = told = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            time.sleep(1.0)
            for key, moment in self._page.evaluate(TAKE):
                self._gone.setdefault(key, moment)
            if now - told >= MEMORY_EVERY:
                told = now
                print(
                    f"{(now - began) / 60:5.1f} min   kernel {self._resident() / 1e6:6.1f} MB"
                    f"   browser's heap {self._wall.memory() / 1e6:5.1f} MB",
                    flush=True,
                )

    def unseen(self) -> float:
        """Return the share of a core that the kernel needs while nobody looks at the panel."""
        self._page.goto("about:blank")
        time.sleep(5.0)
        began, spent = time.monotonic(), self._kernel()
        time.sleep(UNSEEN)
        return (self._kernel() - spent) / (time.monotonic() - began)

    def delays(self) -> list[float]:
        """Milliseconds from the arrival of each Hangup to the end of the frame without its row."""
        found = []
        for line in self._ended.read_text().splitlines():
            uniqueid, _, received = line.partition(" ")
            if received and uniqueid in self._gone:
                found.append(self._gone[uniqueid] - float(received))
        return found

    def _resident(self) -> int:
        return int(psutil.Process(self._facts["pid"]).memory_info().rss)

    def _kernel(self) -> float:
        times = psutil.Process(self._facts["pid"]).cpu_times()
        return float(times.user + times.system)

    def _thread(self, name: str) -> float:
        path = Path(f"/proc/{self._facts['pid']}/task/{self._facts[name]}/stat")
        fields = path.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(started: Browser, options: argparse.Namespace) -> dict[str, bool]:
    """Run it all, print what was measured, and tell of each measure whether it is as wanted."""
    pbx = demo.start(
        channels=options.channels, changes=options.changes, calls=False, username="panel"
    )
    with pbx, Server("lab", []) as server:
        cell = SETUP.format(
            host=pbx.host,
            port=pbx.port,
            username=pbx.username,
            password=pbx.password,
            facts=str(server.folder / "facts"),
            ended=str(server.folder / "ended"),
        )
        server.write([cell])
        page = started.new_page(viewport={"width": 1400, "height": 1200})
        server.show(page)
        page.wait_for_selector(".ast-panel .ast-channels tbody tr[data-key]", timeout=60_000)
        time.sleep(WARM_UP)
        page.evaluate(WATCH)
        bench = Bench(server, page)
        first = bench.read()
        bench.go_on(options.minutes * 60)
        last = bench.read()
        delays = eventually(bench.delays)
        unseen = bench.unseen()
        print(f"{options.channels} channels, {options.changes:g} changes a second", end=", ")
        print(f"{(last.at - first.at) / 60:.1f} minutes, load {os.getloadavg()[0]:.1f}")
        return report(first, last, delays, unseen)


def report(first: Reading, last: Reading, delays: list[float], unseen: float) -> dict[str, bool]:
    """Print each measure beside what is wanted of it, and tell whether it is as wanted."""
    seconds = last.at - first.at

    def share(name: str) -> float:
        return 100 * (getattr(last, name) - getattr(first, name)) / seconds

    p95 = statistics.quantiles(delays, n=20)[18] if len(delays) > 1 else float("inf")
    panel = share("publisher") + share("iopub")
    more = share("kernel") - 100 * unseen
    rows: list[tuple[str, str, str, bool]] = [
        (
            "kernel's panel threads",
            f"{panel:.2f} % (publisher {share('publisher'):.2f}, iopub {share('iopub'):.2f})",
            "< 5 % of a core",
            panel < 5,
        ),
        (
            "kernel seen, and unseen",
            f"{share('kernel'):.2f} %, {100 * unseen:.2f} %: {more:.2f} % for the panel",
            "< 5 % of a core",
            more < 5,
        ),
        (
            "browser's main thread",
            f"{share('busy'):.1f} % (by the wall clock {share('wall_busy'):.1f})",
            "< 30 %",
            share("busy") < 30,
        ),
        (
            EVENT_TO_SCREEN,
            f"p95 {p95:.0f} ms, median {statistics.median(delays):.0f} ms of {len(delays)}",
            "p95 < 400 ms",
            p95 < 400,
        ),
        ("browser's heap", grown(first.heap, last.heap), "flat", last.heap < first.heap + 8e6),
        (
            "kernel's memory",
            grown(first.resident, last.resident),
            "flat",
            last.resident < first.resident + 12e6,
        ),
    ]
    for name, found, wanted, good in rows:
        print(f"{name:24} {found:48} {wanted:15} {'ok' if good else 'MISSED'}")
    return {name: good for name, *_, good in rows}


def grown(first: float, last: float) -> str:
    """Tell a size at the start and at the end."""
    return f"{first / 1e6:.1f} MB, then {last / 1e6:.1f} MB"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.panel")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--channels", type=int, default=1000)
    parser.add_argument("--changes", type=float, default=200.0)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure, print, and say by the exit code whether it is as wanted."""
    options = parse(arguments)
    if browser.chromium() is None:
        print("chromium is not installed: it is in Debian's package chromium")
        return 2
    with browser.browser() as started:
        return 0 if all(measure(started, options).values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
