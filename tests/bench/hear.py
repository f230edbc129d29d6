"""Who hears a flood, in a process of its own; it prints what that took as JSON.

``python -m tests.bench.hear WHO PORT COUNT`` is started by ``tests.bench.flood`` and
``tests.bench.share``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE = 16  # of so many events, one tells how late it came


class Tally:
    """Counts events, and looks at some headers of each.

    Parameters
    ----------
    count : int
        How many there will be.
    headers : sequence of str
        What is looked at.
    lags : bool
        Whether to look how late some of them come.
    """

    def __init__(self, count: int, headers: list[str], *, lags: bool) -> None:
        self.heard = 0
        self.over = threading.Event()
        self._count = count
        self._headers = headers
        self._sample = min(SAMPLE, max(1, count // 100)) if lags else 0
        self._lags: list[float] = []
        self._began = self._began_cpu = 0.0

    def begin(self) -> None:
        """Begin to measure."""
        self._began_cpu, self._began = time.process_time(), time.perf_counter()

    def hear(self, event: Any) -> None:
        """Take an event in, of whatever library: it only has to give headers by their names."""
        for header in self._headers:
            event[header]
        self.heard += 1
        if self._sample and self.heard % self._sample == 0:
            self._lags.append(time.time() - float(event["Timestamp"]))
        if self.heard == self._count:
            self.over.set()

    def wait(self) -> None:
        """Wait until all were heard."""
        if not self.over.wait(300):
            raise SystemExit(f"only {self.heard} of {self._count} events were heard")

    def reading(self) -> dict[str, float]:
        """Return what it took until now."""
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._began_cpu
        reading = {
            "heard": self.heard,
            "seconds": seconds,
            "cpu": cpu,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        if lags := sorted(self._lags):
            reading["p50"] = 1000 * lags[len(lags) // 2]
            reading["p99"] = 1000 * lags[len(lags) * 99 // 100]
        return reading


def ours(port: int, count: int, tally: Tally) -> dict[str, float]:
    """Session and record, and a `*` callback on the dispatcher's thread."""
    from ast_notebook.ami import Session
    from ast_notebook.recording import Record

    record = Record(budget=1 << 30)
    session = Session(_settings(port), recorder=record.add)
    with _ready(session):
        session.register_event("*", lambda event, session: tally.hear(event))
        return _ours(session, tally, record, count)


def in_a_notebook(port: int, count: int, tally: Tally) -> dict[str, float]:
    """All of `sh.ast`, with live state, and a callback of the user's on a thread of its own."""
    return _in_a_notebook(port, count, tally, "")


def to_a_folder(port: int, count: int, tally: Tally) -> dict[str, float]:
    """The same, and all that is heard is kept on disk, too."""
    with tempfile.TemporaryDirectory() as folder:
        return _in_a_notebook(port, count, tally, folder)


def _in_a_notebook(port: int, count: int, tally: Tally, folder: str) -> dict[str, float]:
    from ast_notebook.asterisk import Asterisk

    pbx = Asterisk(_settings(port), budget=1 << 30)
    try:
        _ready(pbx.session)
        if folder:
            pbx.record.to(folder)
        pbx.on("*")(tally.hear)
        return _ours(pbx.session, tally, pbx.record, count)
    finally:
        pbx.close()


def _ready(session: Any) -> Any:
    """Connect, and wait until what is asked at each connect is answered."""
    ready = threading.Event()
    session.register_event("SessionReady", lambda event, session: ready.set())
    session.connect()
    if not ready.wait(30):
        raise SystemExit("the session was not ready in time")
    time.sleep(0.2)
    return session


def _ours(session: Any, tally: Tally, record: Any, count: int) -> dict[str, float]:
    tally.begin()
    session.ask({"Action": "Flood"})
    tally.wait()
    while any(block.form == "text" for block in record._blocks):  # until all are packed, too
        time.sleep(0.001)
    if record.archive is not None and not record.archive.flush(60):
        raise SystemExit(f"not on disk: {record.archive!r}")
    reading = tally.reading()
    kept = len(record) if record.archive is None else record.archive.written
    if kept < count or record.dropped:
        raise SystemExit(f"only {kept} of {count} events were recorded")
    return reading


def _settings(port: int) -> Any:
    from ast_notebook.ami import Secret, Settings

    return Settings(port=port, username="a", password=Secret("b"), timeout=120)


def panoramisk(port: int, count: int, tally: Tally) -> dict[str, float]:
    """Parse and dispatch to a `*` callback; nothing is recorded."""
    from panoramisk import Manager

    async def run() -> dict[str, float]:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        manager = Manager(
            host="127.0.0.1", port=port, username="a", secret="b", ping_delay=1000, loop=loop
        )

        def tell(manager: object, event: object) -> None:
            tally.hear(event)
            if tally.over.is_set():
                over.set()

        manager.register_event("*", tell)
        await manager.connect()
        await asyncio.sleep(0.5)
        tally.begin()
        manager.send_action({"Action": "Flood"})
        await over.wait()
        reading = tally.reading()
        manager.close()
        return reading

    return asyncio.run(run())


def stock_pyst2(port: int, count: int, tally: Tally) -> dict[str, float]:
    """pyst2's own Manager, a byte at a time."""
    from asterisk.manager import Manager

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager = Manager()
        manager.connect("127.0.0.1", port)
        manager.login("a", "b")
    manager.register_event("*", lambda event, manager: tally.hear(event.headers))
    tally.begin()
    threading.Thread(target=manager.send_action, args=({"Action": "Flood"},), daemon=True).start()
    tally.wait()
    reading = tally.reading()
    manager._running.clear()
    manager._connected.clear()
    return reading


def bare(port: int, count: int, tally: Tally) -> dict[str, float]:
    """Receive, split, make a dict; no messages, no threads: the limit."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.recv(1000)
        tally.begin()
        client.sendall(b"Action: Flood\r\n\r\n")
        rest = b""
        while not tally.over.is_set():
            rest += client.recv(262144)
            end = rest.rfind(b"\r\n\r\n")
            if end < 0:
                continue
            for text in rest[:end].decode().split("\r\n\r\n"):
                event = dict([line.split(": ", 1) for line in text.split("\r\n")])
                if "Event" in event:
                    tally.hear(event)
            rest = rest[end + 4 :]
        return tally.reading()


WHO: dict[str, Callable[[int, int, Tally], dict[str, float]]] = {
    "ours": ours,
    "notebook": in_a_notebook,
    "folder": to_a_folder,
    "panoramisk": panoramisk,
    "bare": bare,
    "pyst2": stock_pyst2,
}


def main() -> None:
    """Run one of them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("who", choices=WHO)
    arguments.add_argument("port", type=int)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--headers", nargs="*", default=[])
    arguments.add_argument("--lags", action="store_true", help="look how late some of them come")
    arguments.add_argument("--base", help="the folder of another checkout, to measure that")
    given = arguments.parse_args()
    if given.base:
        sys.path.insert(0, given.base)
        import ast_notebook

        sys.path.remove(given.base)
        if not Path(ast_notebook.__file__).is_relative_to(given.base):
            raise SystemExit(f"there is no ast_notebook in {given.base}")
    tally = Tally(given.count, given.headers, lags=given.lags)
    reading = WHO[given.who](given.port, given.count, tally)
    print(json.dumps(reading), flush=True)


if __name__ == "__main__":
    main()
