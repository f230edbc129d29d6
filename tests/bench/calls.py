"""What it costs to make calls of an archive: time and memory, in processes of their own.

``python -m tests.bench.calls [--events N] [--engine pandas|duckdb] [--folder PATH]`` writes an
archive of N events (5 million by default, 50 million take three minutes and 800 MB of disk), makes
calls of it in memory and on DuckDB, and beside them by a query written by hand (``calls.sql``). It
prints one table, and ends with 1 when the engines disagree or something wanted was not reached.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook.calls import frames, from_events, memory
from ast_notebook.calls.history import archive_calls
from ast_notebook.calls.history.archived import in_memory
from ast_notebook.recording import scan
from tests.bench.archive import write

BY_HAND = Path(__file__).with_suffix(".sql")
LEFT_OUT = (
    "By hand, it leaves out: answers and talk through Local channels, talk before and after a "
    "transfer, hold, transfers, who hung up, direction, trunk and DID, gaps, the ring of who "
    "answered, forwarded dials, a channel's legs from before the recording, two PBXs with the "
    "same uniqueids, and events that two recorders heard or that are still open."
)
#: GB that each may take at most, and for how many events that is wanted.
WANTED_GB = {"pandas": (5_000_000, 1.0), "duckdb": (50_000_000, 2.0)}
WANTED_TIMES = 3.0


def main() -> None:
    """Measure, print a table, and say what was not reached."""
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
    with tempfile.TemporaryDirectory(prefix="ast-bench-") as temporary:
        place = given.folder or Path(temporary) / "archive"
        if not place.exists():
            write(place, given.events)
        ended = _measure(place, engines, Path(temporary))
    sys.exit(ended)


def _measure(place: Path, engines: list[str], temporary: Path) -> int:
    events = scan(place).count_rows()
    print(f"{events:,} events")
    found: dict[str, dict[str, Any]] = {}
    for name in (*engines, "by hand"):
        answer = temporary / f"{name}.parquet"
        found[name] = _run(name, place, answer) | {"answer": answer}
    hand = found["by hand"]
    print(f"{'':10}{'calls':>12}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}{'x by hand':>11}")
    for name, one in found.items():
        print(
            f"{name:10}{one['calls']:12,}{one['seconds']:10.2f}{one['cpu']:10.2f}"
            f"{one['peak'] / 1e6:10,.0f}{one['seconds'] / hand['seconds']:11.2f}"
        )
    print(LEFT_OUT)
    missed = list(_missed(events, found))
    if len(engines) > 1:
        missed += _differences(*(found[name]["answer"] for name in engines))
    for each in missed:
        print("NOT AS WANTED:", each)
    return 1 if missed else 0


def _missed(events: int, found: dict[str, dict[str, Any]]) -> list[str]:
    missed = []
    for name, (most, limit) in WANTED_GB.items():
        if name in found and events <= most * 1.01 and found[name]["peak"] > limit * 1e9:
            missed.append(f"{name} took more than {limit:g} GB")
    times = found["duckdb"]["seconds"] / found["by hand"]["seconds"] if "duckdb" in found else 0
    if times > WANTED_TIMES:
        missed.append(f"DuckDB took {times:.1f} times as long as the query by hand")
    return missed


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


def _run(name: str, place: Path, answer: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.calls", "--child", name]
    command += ["--folder", str(place), "--answer", str(answer)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _child(name: str, place: Path, answer: Path) -> None:
    """Make calls, tell what that took, and only then write them down."""
    began, busy = time.perf_counter(), time.process_time()
    calls: Any
    if name == "pandas":
        made = from_events(in_memory(place)).to_pandas()
        calls = frames.pandas(made, frames.TIMES, frames.WHOLE)
        count = len(calls)
    else:
        if name == "duckdb":
            calls = archive_calls(place)
        else:
            connection = memory.connect()
            query = BY_HAND.read_text().replace("{place}", str(place))
            connection.sql(f"CREATE TEMP TABLE calls AS {query}")
            calls = connection.table("calls")
        count = calls.aggregate("count(*)").fetchall()[0][0]
    told = {
        "calls": count,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - busy,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))
    if name == "pandas":
        calls.assign(**{at: _microseconds(calls[at]) for at in frames.TIMES}).to_parquet(answer)
    else:
        calls.write_parquet(str(answer))


def _microseconds(times: pd.Series[Any]) -> pd.Series[Any]:
    return times.astype("int64").astype("Int64").mask(times.isna())


if __name__ == "__main__":
    main()
