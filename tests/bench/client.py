"""A client of a flood, in a process of its own; it prints readings as JSON, a line each.

``python -m tests.bench.client ours|pyst2|panoramisk PORT --folder FOLDER`` is started by
``tests.bench.load``. The last reading says ``over``: whether the flood was heard to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

import ast_notebook
from tests.bench.page import Page
from tests.bench.tally import Tally

HOST, USERNAME, PASSWORD = "127.0.0.1", "admin", "secret"

Reading = dict[str, Any]


class Client:
    """What all clients tell of themselves.

    Parameters
    ----------
    every : float
        Seconds between two readings.
    """

    def __init__(self, every: float) -> None:
        self.tally = Tally()
        self._every = every
        self._process = psutil.Process()
        self._resident = math.inf

    def watch(self, lost: Callable[[], bool], more: Callable[[], Reading] = dict) -> None:
        """Tell a reading now and then, until the flood is over or the connection lost."""
        tell({"ready": True})
        told = time.monotonic()
        while not self.tally.over.wait(0.2) and not lost():
            self._resident = min(self._resident, self._process.memory_info().rss)
            if time.monotonic() - told >= self._every:
                told = time.monotonic()
                tell(self.reading() | more())

    def reading(self) -> Reading:
        """Return what was heard until now, and what that took.

        ``resident`` is the least since the reading before, so that what is needed for a moment, as
        for sealing a file, does not look like growth.
        """
        tally = self.tally
        resident, self._resident = self._resident, math.inf
        began = tally.began or (time.monotonic(), time.process_time())
        return {
            "seconds": time.monotonic() - began[0],
            "processor": time.process_time() - began[1],
            "resident": min(resident, self._process.memory_info().rss),
            "heard": tally.heard,
            "missing": tally.missing,
            "again": tally.again,
            "sent": tally.sent,
            "over": tally.over.is_set(),
            **tally.lags(),
        }


def tell(reading: Reading) -> None:
    print(json.dumps(reading), flush=True)


def threads() -> dict[str, float]:
    """Return the seconds of the processor that each thread has had."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    return {
        names[one.id]: one.user_time + one.system_time
        for one in psutil.Process().threads()
        if one.id in names
    }


def ours(port: int, every: float, folder: Path, budget: int) -> None:
    """A session as a notebook has it: recording to disk, a `*` callback, and an open panel."""
    client = Client(every)
    with ast_notebook.connect(HOST, port, username=USERNAME, password=PASSWORD) as sh:
        sh.ast.record.budget = budget
        archive = sh.ast.record.to(folder)
        hear = client.tally.hear

        @sh.ast.on("*")
        def check(event: Any) -> None:
            if event.name == "UserEvent":
                hear(event, event.received / 1e6)

        panel = ast_notebook.Panel(sh)
        page = Page(panel)

        def more() -> Reading:
            page.look()
            return {
                "read": sh.ast.session.events_read,
                "recorded": sh.ast.record.end,
                "memory": sh.ast.record.nbytes,
                "written": archive.written,
                "lost": archive.lost,
                "callback dropped": sum(worker.dropped for worker in sh.ast.callbacks.values()),
                "undispatched": sh.ast.session.counts["undispatched"],
                "behind": sh.ast.session.backlog
                + sum(w.waiting for w in sh.ast.callbacks.values()),
                "reconnects": sh.ast.session.counts["reconnects"],
                "panel messages": page.messages,
                "panel events": page.events,
                "threads": {
                    name: seconds - idle.get(name, 0.0) for name, seconds in threads().items()
                },
            }

        page.look()
        idle = threads()
        client.watch(lambda: sh.ast.session.counts["reconnects"] > 0, more)
        archive.flush(30)
        tell(client.reading() | more() | {"last": True})
        panel.close()


def pyst2(port: int, every: float) -> None:
    """pyst2's own Manager: nothing is recorded."""
    from asterisk.manager import Manager

    client = Client(every)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager = Manager()
        manager.connect(HOST, port)
        manager.login(USERNAME, PASSWORD)
    heard = client.tally.hear
    manager.register_event("UserEvent", lambda event, manager: heard(event.headers))
    client.watch(lambda: not manager.connected())
    tell(client.reading() | {"last": True})
    os._exit(0)  # its threads end only with its connection


def panoramisk(port: int, every: float) -> None:
    """Panoramisk's Manager on asyncio: nothing is recorded."""
    from panoramisk import Manager

    client = Client(every)
    lost = threading.Event()

    async def run() -> None:
        manager = Manager(host=HOST, port=port, username=USERNAME, secret=PASSWORD)
        manager.register_event("UserEvent", lambda manager, event: client.tally.hear(event))
        manager.on_disconnect = lambda *_: lost.set()
        await manager.connect()
        await asyncio.to_thread(client.watch, lost.is_set)
        tell(client.reading() | {"last": True})
        os._exit(0)

    asyncio.run(run())


def main() -> None:
    """Run one of them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("library", choices=("ours", "pyst2", "panoramisk"))
    arguments.add_argument("port", type=int)
    arguments.add_argument("--every", type=float, default=60.0)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--budget", type=int, default=64 << 20)
    given = arguments.parse_args()
    if given.library == "ours":
        ours(given.port, given.every, given.folder, given.budget)
    elif given.library == "pyst2":
        pyst2(given.port, given.every)
    else:
        panoramisk(given.port, given.every)


if __name__ == "__main__":
    main()
