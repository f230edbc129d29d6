"""What asking for the calls of a record costs, the first time and again after some new events.

``python -m tests.bench.again [--events N] [--new N]`` fills a record with copies of the recordings
(a million events by default), asks for its calls and its report, has some events come (300), and
asks again. It prints the seconds of each, and ends with 1 if asking again takes a second or more.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.recording import Record
from tests.bench.archive import a_copy, copies

AT_ONCE = 400
WANTED = 1.0  # seconds


def main() -> None:
    """Fill a record, ask, have events come, and ask again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--new", type=int, default=300)
    given = arguments.parse_args()
    record = Record(budget=4 << 30)
    texts = texts_of(given.events + given.new)
    moment = 1_767_225_600_000_000
    for number in range(0, given.events, AT_ONCE):
        some = [next(texts) for _ in range(min(AT_ONCE, given.events - number))]
        record.add(some, moment + number)
    log = CallLog("pbx", record)
    print(f"{len(record):,} events")
    timed("calls, the first time", log.calls)
    timed("calls, without new events", log.calls)
    record.add([next(texts) for _ in range(given.new)], moment + given.events)
    again = timed(f"calls, {given.new} events later", log.calls)
    timed("queue calls then", log.visits)
    timed("the report then", log.report)
    print(f"{len(log.calls()):,} calls")
    record.close()
    sys.exit(again >= WANTED)


def texts_of(count: int) -> Iterator[str]:
    """Yield so many events as Asterisk sends them, but for the spelling of their headers."""
    for number in range(copies(count)):
        for row in a_copy(number).drop_columns(["received", "received_us", "recorder"]).to_pylist():
            more = dict(row.pop("extra") or ())
            time_us, _ = row.pop("time_us"), row.pop("time")
            known = {name: one for name, one in row.items() if one is not None} | more
            front = f"Event: {known.pop('event')}\r\nTimestamp: {time_us / 1e6:.6f}"
            yield "\r\n".join([front, *(f"{name}: {one}" for name, one in known.items())])


def timed(what: str, run: Callable[[], object]) -> float:
    """Print how long a call takes, and return its seconds."""
    began = time.perf_counter()
    run()
    seconds = time.perf_counter() - began
    print(f"{what:30}{seconds:8.2f} s", flush=True)
    return seconds


if __name__ == "__main__":
    main()
