"""How long a day of a million events takes to be replayed, and to be sought in.

``python -m tests.bench.replay [--events 1000000] [--seeks 20]`` makes an archive of a day out of
the recordings of real Asterisks, replays it through the live state, 50 items and 10 logics, and
goes to moments at random. It ends with 1 if the day takes more than 15 s, or a seek more than 2 s.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

import ast_notebook
from ast_notebook.live.marks import MANY
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.layout import (
    DAY,
    SEALED,
    Name,
    block_schema,
    day_of,
    flattened,
    narrowed,
    widened,
)
from ast_notebook.recording.sealing import writing
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.live import past_live
from ast_notebook.replay.messages import events_of
from tests.bench import archive

RUN, SEEK = 15.0, 2.0  # seconds at most
AN_HOUR = DAY // 24
ITEMS, LOGICS = 50, 10


def write_day(folder: Path, events: int) -> int:
    """Write an archive of a day, with marks as a recorder leaves them; return how many events."""
    copies = archive.copies(events)
    archive.A_COPY = DAY // (copies + 1)
    clock = ReplayClock(0)
    ears, live = past_live(clock, has_marks=True, has_lists=True)
    live.take({"stale": False})
    written = unmarked = 0
    for number, hour in enumerate(_hours(copies), 1):
        name = Name(archive.RECORDER, number, "pbx", day_of(archive.START))
        path = folder / name.path(SEALED)
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as writer:
            for table in hour:
                unmarked += len(table)
                if not written or unmarked >= MANY:
                    unmarked = 0
                    first = table["received_us"][0].as_py() - 2
                    mark = (
                        f"Event: LiveState\r\nAfter: {first}\r\nAt: {first + 1}\r\n"
                        f"Snapshot: {json.dumps(live.state(), separators=(',', ':'))}"
                    )
                    row = widened(batch_of([mark], [first + 1]), block_schema(name))
                    writer.write_table(pa.Table.from_batches([flattened(row, name.recorder)]))
                writer.write_table(table)
                written += len(table)
                for batch in table.to_batches():
                    for event in events_of(narrowed(batch), ears.is_wanted)[1]:
                        ears.hear(event)
            writer.add_key_value_metadata(name.metadata())
    return written


def _hours(copies: int) -> Iterator[list[pa.Table]]:
    some: list[pa.Table] = []
    for number in range(copies):
        table = archive.a_copy(number)
        if some and (
            table["received_us"][0].as_py() // AN_HOUR
            != some[0]["received_us"][0].as_py() // AN_HOUR
        ):
            yield some
            some = []
        some.append(table)
    yield some


def bind(sh: ast_notebook.SmartHome, ran: list[int]) -> None:
    """Bind 50 items to devices, and 10 logics to UserEvents."""
    devices = ["200", "240", "300", "30", "2222", "71", "72"]
    sh.load_items(
        {
            f"item{number}": {"type": "bool", "ast_dev": devices[number % len(devices)]}
            for number in range(ITEMS)
        }
    )
    names = ["Call", "Bell", "Door"]
    for number in range(LOGICS):
        sh.add_logic(f"logic{number}", lambda: ran.append(1), userevent=names[number % 3])


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seeks", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "day"
        written = write_day(place, given.events)
        ran: list[int] = []
        began = time.perf_counter()
        with ast_notebook.replay(place) as sh:
            opened = time.perf_counter() - began
            bind(sh, ran)
            began, began_cpu = time.perf_counter(), time.process_time()
            sh.run()
            lasted, busy = time.perf_counter() - began, time.process_time() - began_cpu
            changes = int(sum(item.last_change() > sh.replay.since for item in sh.return_items()))
            print(f"{written:,} events: opened in {opened:.2f} s, replayed in {lasted:.1f} s")
            print(f"of which the processor worked {busy:.1f} s")
            print(f"{len(ran):,} runs of logics, {changes} items changed")
            chance = random.Random(1)
            first, last = sh.replay.since.value, sh.replay.until.value
            took = []
            for _ in range(given.seeks):
                moment = pd.Timestamp(chance.randrange(first, last), tz="UTC")
                began = time.perf_counter()
                sh.replay.seek(moment)
                took.append(time.perf_counter() - began)
        began = time.perf_counter()
        with ast_notebook.replay(place, at=pd.Timestamp((first + last) // 2, tz="UTC")):
            took.append(time.perf_counter() - began)
        mean = sum(took) / len(took)
        print(f"{len(took)} seeks: {mean:.2f} s on average, {max(took):.2f} s at most;")
        print(f"the last one opened the archive, too: {took[-1]:.2f} s")
    if lasted > RUN or max(took) > SEEK:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
