"""What calls and the report of an archive cost: time and memory, in processes of their own.

``python -m tests.bench.calls [--events N] [--engine pandas|duckdb] [--folder PATH]`` writes an
archive of N events (5 million by default, 50 million take three minutes and 800 MB of disk), makes
calls, visits and the report of it in memory and on DuckDB, and beside them calls by a query written
by hand (``calls.sql``). The archive is copies of two recordings, so all totals have to be as many
times those of one copy of each. It prints two tables, and ends with 1 when a total is another one,
the engines disagree, or something wanted was not reached.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import psutil

from ast_notebook.calls import frames, measures, memory
from ast_notebook.calls.history import history
from ast_notebook.calls.measures.service import COUNTS
from ast_notebook.calls.measures.summary import DISPOSITIONS
from ast_notebook.calls.report import Report
from ast_notebook.recording import scan
from tests.bench.archive import copies, write

BY_HAND = Path(__file__).with_suffix(".sql")
LEFT_OUT = (
    "By hand, it leaves out: visits, answers and talk through Local channels, talk before and "
    "after a transfer, hold, transfers, who hung up, direction, trunk and DID, gaps, the ring of "
    "who answered, forwarded dials, a channel's legs from before the recording, agents who log in "
    "for a shift, two PBXs with the same uniqueids, and events that two recorders heard or that "
    "are still open. So its totals are near the right ones, and no more."
)
#: GB that each may take at most, and for how many events that is wanted.
WANTED_GB = {"pandas": (5_000_000, 1.0), "duckdb": (50_000_000, 2.0)}
WANTED_TIMES = 3.0
#: What is added up of calls, and of visits.
OF_CALLS = ("calls", *DISPOSITIONS.values(), "talk", "billsec")
OF_VISITS = ("offered", *COUNTS.values())

Found = dict[str, Any]


def main() -> None:
    """Measure, print two tables, and say what was not reached."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=5_000_000)
    arguments.add_argument("--engine", choices=("pandas", "duckdb"), action="append")
    arguments.add_argument("--folder", type=Path, help="kept, and used again if it is there")
    arguments.add_argument("--child", help=argparse.SUPPRESS)
    arguments.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        _child(given.child, given.folder, given.answer)
        return
    engines = given.engine or ["pandas", "duckdb"]
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="ast-bench-") as temporary:
        place = given.folder or Path(temporary) / "archive"
        if not place.exists():
            write(place, given.events)
        try:
            ended = _measure(place, engines, Path(temporary))
        finally:
            # subprocess leaves a child alone if the signal comes while it starts.
            for child in psutil.Process().children():
                child.kill()
                child.wait()
    sys.exit(ended)


def _measure(place: Path, engines: list[str], temporary: Path) -> int:
    events = scan(place).count_rows()
    print(f"{events:,} events")
    found = {name: _run(name, place, temporary) for name in (*engines, "by hand")}
    wanted = of_copies(copies(events), temporary)
    print(f"{'seconds':12}{'calls':>8}{'report':>9}{'CPU':>9}{'x by hand':>11}{'peak MB':>10}")
    for name, one in found.items():
        print(
            f"{name:12}{one['calls']:8.2f}{one['report']:9.2f}{one['cpu']:9.2f}"
            f"{_times(one, found):11.2f}{one['peak'] / 1e6:10,.0f}"
        )
    print(f"{'totals':20}" + "".join(f"{name:>14}" for name in (*found, "of copies")))
    for total, number in wanted.items():
        numbers = [*(one["totals"].get(total) for one in found.values()), number]
        print(f"{total:20}" + "".join(f"{'' if n is None else f'{n:,.0f}':>14}" for n in numbers))
    print(LEFT_OUT)
    missed = list(_missed(events, found, wanted))
    if len(engines) > 1:
        missed += _differences(*(_answer(temporary, name) for name in engines))
    for each in missed:
        print("NOT AS WANTED:", each)
    return 1 if missed else 0


def _times(one: Found, found: dict[str, Found]) -> float:
    return float((one["calls"] + one["report"]) / found["by hand"]["calls"])


def _missed(events: int, found: dict[str, Found], wanted: dict[str, float]) -> Iterator[str]:
    if not math.isclose(found["by hand"]["totals"]["calls"], wanted["calls"], rel_tol=0.02):
        yield "the query by hand gives quite another number of calls"
    for name, (most, limit) in WANTED_GB.items():
        if name in found:
            if events <= most * 1.01 and found[name]["peak"] > limit * 1e9:
                yield f"{name} took more than {limit:g} GB"
            totals = found[name]["totals"]
            for total, number in wanted.items():
                if not math.isclose(totals[total], number, rel_tol=1e-9):
                    yield f"{name}: {total} are {totals[total]:,} and not {number:,}"
    if "duckdb" in found and (times := _times(found["duckdb"], found)) > WANTED_TIMES:
        yield f"DuckDB took {times:.1f} times as long as the query by hand"


def of_copies(count: int, temporary: Path) -> dict[str, float]:
    """Return the totals of so many copies, by those of the first one and of the first two."""
    first, both = temporary / "first", temporary / "both"
    write(both, write(first, 1) + 1)
    one, two = (_totals(history(place).report()) for place in (first, both))
    return {total: two[total] * (count // 2) + one[total] * (count % 2) for total in two}


def _totals(page: Report) -> dict[str, float]:
    calls, visits = page.summary.iloc[0], page.overall.iloc[0]
    of_visits = {f"visits {name}": float(visits[name]) for name in OF_VISITS}
    return {name: float(calls[name]) for name in OF_CALLS} | of_visits


def _differences(one: Path, other: Path) -> list[str]:
    first, second = (
        pd.read_parquet(path).sort_values(["start", "call"], ignore_index=True)
        for path in (one, other)
    )
    try:
        pd.testing.assert_frame_equal(first, second, check_dtype=False)
    except AssertionError as error:
        return [f"the engines do not give the same calls: {error}"]
    print("The engines give the same calls.")
    return []


def _answer(temporary: Path, name: str) -> Path:
    return temporary / f"{name}.parquet"


def _run(name: str, place: Path, temporary: Path) -> Found:
    command = [sys.executable, "-m", "tests.bench.calls", "--child", name]
    command += ["--folder", str(place), "--answer", str(_answer(temporary, name))]
    # What a child that is killed leaves behind goes with the folder.
    there = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, env=there, stdout=subprocess.PIPE, text=True, check=True)
    told: Found = json.loads(done.stdout)
    return told


def _child(name: str, place: Path, answer: Path) -> None:
    """Make calls and the report, tell what that took, and only then write the calls down."""
    began, busy = time.perf_counter(), time.process_time()
    if name == "by hand":
        connection = memory.connect()
        query = BY_HAND.read_text().replace("{place}", str(place))
        connection.sql(f"CREATE TEMP TABLE calls AS {query}")
        made = reported = time.perf_counter()
        totals = dict(measures.summary(connection.table("calls")).iloc[0][list(OF_CALLS)])
    else:
        # Each where it is asked for, whatever this machine has room for.
        with mock.patch.object(memory, "fits", return_value=name == "pandas"):
            past = history(place)
        made = time.perf_counter()
        page = past.report()
        reported = time.perf_counter()
        totals = _totals(page)
    told = {
        "calls": made - began,
        "report": reported - made,
        "cpu": time.process_time() - busy,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "totals": totals,
    }
    print(json.dumps(told))
    if name == "pandas":
        calls = past.calls
        calls.assign(**{at: _microseconds(calls[at]) for at in frames.TIMES}).to_parquet(answer)
    elif name == "duckdb":
        past.frame.write_parquet(str(answer))  # type: ignore[operator]


def _microseconds(times: pd.Series[Any]) -> pd.Series[Any]:
    return times.astype("int64").astype("Int64").mask(times.isna())


if __name__ == "__main__":
    main()
