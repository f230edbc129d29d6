"""What the measures of an office cost: ``python -m tests.bench.office [--calls 1000000]``.

It makes up a year of calls of 20,000 numbers, and measures each on its own: who was never called
back, who called again, a year against another one, how calls sounded, which devices look like
trunks, and numbers with their names. It ends with 1 when all together take more than 10 seconds for
a million calls, of one processor's time, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from ast_notebook import PhoneBook
from ast_notebook.calls import measures, numbered
from ast_notebook.calls.office import Office
from ast_notebook.calls.trunks import guess_trunks

#: Seconds that a million calls may take.
WANTED = 10.0
NUMBERS = 20_000
_YEAR = 365 * 86_400


def year(count: int, seed: int = 1) -> pd.DataFrame:
    """Make up calls of a year: in and out, answered or not, of numbers in three spellings."""
    chance = np.random.default_rng(seed)
    start = np.sort(chance.integers(0, _YEAR, count)) * 1_000_000 + 1_767_225_600_000_000
    who = chance.integers(0, NUMBERS, count)
    spelled = np.array(
        [
            form.format(one)
            for one in range(NUMBERS)
            for form in ("030 {:07}", "+4930{:07}", "004930{:07}")
        ]
    )
    outside = spelled[who * 3 + chance.integers(0, 3, count)]
    outside[chance.random(count) < 0.05] = "anonymous"
    own = np.array([str(200 + n) for n in range(50)])[chance.integers(0, 50, count)]
    direction = np.array(["inbound", "outbound", "internal"])[
        chance.choice(3, count, p=[0.6, 0.3, 0.1])
    ]
    disposition = np.array(["ANSWERED", "NO ANSWER", "BUSY", "ABANDONED", "VOICEMAIL"])[
        chance.choice(5, count, p=[0.7, 0.12, 0.06, 0.08, 0.04])
    ]
    talked = disposition == "ANSWERED"
    inbound = direction == "inbound"
    seconds = chance.exponential(180, count)
    trunk = np.array(["PJSIP/provider", "PJSIP/backup"])[chance.integers(0, 2, count)]
    device = np.char.add("PJSIP/", own)
    loss = chance.exponential(1.0, count)
    return pd.DataFrame(
        {
            "start": pd.to_datetime(start, unit="us", utc=True),
            "end": pd.to_datetime(start + (seconds * 1e6).astype("int64"), unit="us", utc=True),
            "direction": pd.array(direction, dtype="str"),
            "caller": pd.array(np.where(inbound, outside, own), dtype="str"),
            "dialled": pd.array(np.where(direction == "outbound", outside, own), dtype="str"),
            "disposition": pd.array(disposition, dtype="str"),
            "answered_by": pd.Series(own, dtype="str").where(talked),
            "queue": pd.array(np.array(["desk", "sales"])[who % 2], dtype="str"),
            "talk": np.where(talked, seconds, 0.0),
            "wait": chance.exponential(20, count),
            "ring": chance.exponential(8, count),
            "trunk": pd.array(trunk, dtype="str"),
            "caller_device": pd.array(np.where(inbound, trunk, device), dtype="str"),
            "answered_device": pd.Series(device, dtype="str").where(talked),
            "mos": pd.Series(np.clip(4.4 - loss / 3, 1.0, 4.5)).where(talked),
            "loss": pd.Series(loss).where(talked),
            "jitter": pd.Series(chance.exponential(5.0, count)).where(talked),
            "rtt": pd.Series(chance.exponential(40.0, count)).where(talked),
        }
    )


def main() -> None:
    """Measure, print a table, and say whether that is fast enough."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=1_000_000)
    count = arguments.parse_args().calls
    calls, before = year(count), year(count, seed=2)
    book = PhoneBook([(f"+4930{n:07}", f"Caller {n}") for n in range(0, NUMBERS, 7)], country="DE")
    known = numbered(calls.head(1000), "DE", book=book)  # imports the library's plans
    steps: dict[str, Callable[[], object]] = {
        "numbers and names": lambda: numbered(calls, "DE", outside="0", book=book),
        "unreturned": lambda: measures.unreturned(known),
        "without a number": lambda: measures.without_number(known),
        "repeats by agent": lambda: measures.repeats(known, by=("answered_by",)),
        "repeats by queue": lambda: measures.repeats(known, by=("queue",)),
        "compare": lambda: measures.compare(calls, before),
        "quality by trunk": lambda: measures.quality(calls, by=("trunk",)),
        "quality by device": lambda: measures.quality(calls, by=("device",)),
        "quality by hour": lambda: measures.quality(calls, by=("hour",), tz="Europe/Berlin"),
        "guess of trunks": lambda: guess_trunks(calls),
    }
    took: dict[str, float] = {}
    for name, step in steps.items():
        began = time.process_time()
        found = step()
        took[name] = time.process_time() - began
        if name == "numbers and names":
            assert isinstance(found, pd.DataFrame)
            known = found
        print(f"{name:20}{took[name]:8.2f} s")
    total = sum(took.values())
    print(f"{'together':20}{total:8.2f} s for {count:,} calls")
    began = time.process_time()
    Office(known, tz="Europe/Berlin")
    print(f"{'a report of them':20}{time.process_time() - began:8.2f} s")
    if total > WANTED * max(1.0, count / 1e6):
        print(f"NOT AS WANTED: more than {WANTED:g} s for a million calls")
        sys.exit(1)


if __name__ == "__main__":
    main()
