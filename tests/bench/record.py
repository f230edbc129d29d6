"""What the record costs: on the reader's thread, in memory, and when it becomes a frame.

Run it by ``python -m tests.bench.record``.
"""

from __future__ import annotations

import argparse
import resource
import threading
import time

from ast_notebook.recording import Record
from tests.bench.sender import events

AT_ONCE = 400  # events that one read of 256 KB brings
MOST = 3.0  # microseconds that an event may take of the reader's thread


def main() -> None:
    """Add events as a reader would, and make frames of them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000)
    given = arguments.parse_args()
    record = Record(budget=4 << 30)
    texts: list[str] = []
    cost = 0.0
    for number in range(0, given.events, AT_ONCE):
        at = number % 100_000
        if at == 0:
            texts = events(100_000, first=number).decode().split("\r\n\r\n")[:-1]
        part = texts[at : at + AT_ONCE]
        began = time.thread_time()
        record.add(part, 1_763_877_600_000_000 + number)
        cost += time.thread_time() - began
    while any(block.form == "text" for block in record._blocks):
        time.sleep(0.01)
    count = len(record)
    show("on the reader's thread, an event", cost / count * 1e6, "µs")
    show("in memory packed, an event", record.nbytes / count, "bytes")
    show("the newest 1,000 as a frame", timed(lambda: record.frame(last=1000)), "s")
    show("all as a frame, from packed", timed(record.frame), "s")
    show("in memory in columns, an event", record.nbytes / count, "bytes")
    show("all as a frame, from columns", timed(record.frame), "s")
    frame = record.frame()
    show("the frame's memory, an event", frame.memory_usage(deep=True).sum() / count, "bytes")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show("the process's memory at most", peak, "MB")
    show("events in all", count, "")
    record.close()
    assert cost / count * 1e6 < MOST
    assert not any(one.name.startswith("ast-") for one in threading.enumerate())


def timed(run: object) -> float:
    """Return the seconds that a call takes."""
    assert callable(run)
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def show(what: str, value: float, unit: str) -> None:
    """Print one line of the table."""
    print(f"{what:36}{value:14,.2f} {unit}")


if __name__ == "__main__":
    main()
