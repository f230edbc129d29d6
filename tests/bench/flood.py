"""How many events a second: ours, panoramisk's, stock pyst2's, and the bare limit, in one run.

Run it by ``python -m tests.bench.flood``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.asterisk import Asterisk
from ast_notebook.recording import Record

Run = Callable[[int, int], float]


def ours(port: int, count: int) -> float:
    """Session, record and a `*` callback on the dispatcher's thread: all heard, all recorded."""
    record = Record(budget=1 << 30)
    session = Session(_settings(port), recorder=record.add)
    heard = _Counter(count)
    session.register_event("*", lambda event, session: heard.add())
    with session.connect():
        return _timed(lambda: session.ask({"Action": "Flood"}), heard, record, count)


def ours_in_a_notebook(port: int, count: int) -> float:
    """All of `sh.ast`, with live state, and a callback of the user's on a thread of its own."""
    pbx = Asterisk(_settings(port), budget=1 << 30)
    heard = _Counter(count)
    pbx.on("*")(lambda event: heard.add())
    pbx.session.connect()
    try:
        return _timed(lambda: pbx.session.ask({"Action": "Flood"}), heard, pbx.record, count)
    finally:
        pbx.close()


def panoramisk(port: int, count: int) -> float:
    """Parse and dispatch to a `*` callback; nothing is recorded."""
    from panoramisk import Manager

    async def run() -> float:
        loop = asyncio.get_running_loop()
        done, heard = asyncio.Event(), 0
        manager = Manager(
            host="127.0.0.1", port=port, username="a", secret="b", ping_delay=1000, loop=loop
        )

        def tell(manager: object, event: object) -> None:
            nonlocal heard
            heard += 1
            if heard == count:
                done.set()

        manager.register_event("*", tell)
        await manager.connect()
        await asyncio.sleep(0.2)
        began = time.perf_counter()
        manager.send_action({"Action": "Flood"})
        await done.wait()
        took = time.perf_counter() - began
        manager.close()
        return took

    return asyncio.run(run())


def stock_pyst2(port: int, count: int) -> float:
    """pyst2's own Manager, a byte at a time."""
    from asterisk.manager import Manager

    heard = _Counter(count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager = Manager()
        manager.connect("127.0.0.1", port)
        manager.login("a", "b")
        manager.register_event("*", lambda event, manager: heard.add())
        began = time.perf_counter()
        threading.Thread(
            target=manager.send_action, args=({"Action": "Flood"},), daemon=True
        ).start()
        heard.done.wait()
        took = time.perf_counter() - began
        manager._running.clear()
        manager._connected.clear()
    return took


def bare(port: int, count: int) -> float:
    """Receive, split, make a dict; no messages, no threads: the limit."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.recv(1000)
        client.sendall(b"Action: Flood\r\n\r\n")
        began = time.perf_counter()
        heard, rest = 0, b""
        while heard < count:
            rest += client.recv(262144)
            end = rest.rfind(b"\r\n\r\n")
            if end < 0:
                continue
            for text in rest[:end].decode().split("\r\n\r\n"):
                dict([line.split(": ", 1) for line in text.split("\r\n")])
                heard += 1
            rest = rest[end + 4 :]
        return time.perf_counter() - began


class _Counter:
    def __init__(self, wanted: int) -> None:
        self.count = 0
        self.wanted = wanted
        self.done = threading.Event()

    def add(self) -> None:
        self.count += 1
        if self.count >= self.wanted:
            self.done.set()


def _settings(port: int) -> Settings:
    return Settings(port=port, username="a", password=Secret("b"), timeout=120)


def _timed(flood: Callable[[], object], heard: _Counter, record: Record, count: int) -> float:
    began = time.perf_counter()
    flood()
    if not heard.done.wait(300):
        raise SystemExit(f"only {heard.count} of {count} events were heard")
    while any(block.form == "text" for block in record._blocks):  # until all are sealed, too
        time.sleep(0.001)
    took = time.perf_counter() - began
    kept = len(record) + record.dropped
    record.close()
    if kept < count or record.dropped:
        raise SystemExit(f"only {kept - record.dropped} of {count} events were recorded")
    return took


RUNS: dict[str, tuple[Run, float]] = {
    "ours: parse, record, dispatch": (ours, 1.0),
    "ours: sh.ast with live state": (ours_in_a_notebook, 1.0),
    "panoramisk: parse, dispatch": (panoramisk, 1.0),
    "the bare recv-split-dict": (bare, 1.0),
    "stock pyst2": (stock_pyst2, 0.02),
}


def main() -> None:
    """Run each in turn, several times over, and print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", help="part of a name")
    given = arguments.parse_args()
    speeds: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for name, (run, share) in RUNS.items():
            if given.only and given.only not in name:
                continue
            count = int(given.events * share)
            command = [sys.executable, "-m", "tests.bench.sender", str(count)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
                assert sender.stdout is not None
                port = int(sender.stdout.readline())
                gc.collect()
                speeds.setdefault(name, []).append(count / run(port, count))
                sender.kill()
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    reference = medians.get("panoramisk: parse, dispatch", 0)
    print(f"{given.events:,} events of 19 to 23 headers, median of {given.rounds}")
    for name, speed in medians.items():
        ratio = f"{speed / reference:6.2f} x panoramisk" if reference else ""
        print(f"{name:32}{speed:12,.0f} events/s {ratio}")


if __name__ == "__main__":
    main()
