"""An archive of as many events as one likes, made of the recordings in ``tests/data/recordings``.

Every copy of a recording has times, uniqueids, bridges and channel names of its own, so that all
kinds of calls are in the archive as often as it takes. Of the events that calls are not made of,
so many are left out that a call has 24 events, as it has for a login that may not read the class
``dialplan``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.calls.source import KINDS, NEEDED
from ast_notebook.recording.headers import PROMOTED
from ast_notebook.recording.layout import DAY, SCHEMA, SEALED, Name, day_of
from ast_notebook.recording.sealing import ROWS, writing
from tests.support.paths import RECORDINGS

A_CALL = 24  # events
A_COPY = 15 * 60 * 1_000_000  # microseconds from one copy's beginning to that of the next
START = 1_767_225_600_000_000  # 1 January 2026
RECORDER = f"{START // 1_000_000:x}0000"

_UNIQUEID = re.compile(r"(\d{10})\.(\d+)")
_BRIDGE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_CHANNEL = re.compile(r"([A-Za-z0-9]+/.*-)([0-9a-f]{8})(;[12])?")


class _Recording:
    """One of the kept recordings, to be copied."""

    def __init__(self, path: Path) -> None:
        whole = pd.read_parquet(path)
        events = whole[_chosen(whole)].reset_index(drop=True)
        self.received = events["received"].astype("int64").to_numpy()
        self.late = self.received - events["time"].astype("int64").to_numpy()
        self.begun = int(self.received[0]) // 1_000_000 * 1_000_000
        self.columns = {
            name: _coded(events[name])
            for name in ("event", *PROMOTED)
            if name in events and events[name].notna().any()
        }
        rest = events.drop(columns=["received", "time", "server", *self.columns])
        rows, columns = np.nonzero(rest.notna().to_numpy())
        texts = rest.astype("str").to_numpy(object)
        often = np.bincount(rows, minlength=len(events))
        self.offsets = pa.array(np.append(0, np.cumsum(often)).astype(np.int32))
        self.keys = pa.array(rest.columns.to_numpy(object)[columns], pa.string())
        self.values = pa.array(texts[rows, columns], pa.string()).dictionary_encode()
        self.bare = pa.array(often == 0)

    def __len__(self) -> int:
        return len(self.received)

    def copy(self, number: int) -> pa.Table:
        """Return the events of copy `number`, as a sealed file has them."""
        shift = START + number * A_COPY - self.begun
        count = len(self)
        received = pa.array(self.received + shift)
        time = pa.array(self.received - self.late + shift)
        made: dict[str, Any] = {
            "received_us": received,
            "time_us": time,
            "recorder": pa.array([RECORDER], pa.string()).take(pa.array(np.zeros(count, int))),
            "extra": pa.MapArray.from_arrays(
                self.offsets, self.keys, _shifted(self.values, number, shift), mask=self.bare
            ),
        }
        made |= {name: _shifted(some, number, shift) for name, some in self.columns.items()}
        made["received"], made["time"] = received, time
        arrays = [
            made[field.name].cast(field.type) if field.name in made else pa.nulls(count, field.type)
            for field in SCHEMA
        ]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _chosen(events: pd.DataFrame) -> pd.Series[bool]:
    needed = events["event"].isin(KINDS)
    for kind, (header, values) in NEEDED.items():
        needed &= (events["event"] != kind) | events[header].isin(values)
    calls = events.loc[events["event"] == "Newchannel", "linkedid"].nunique()
    free = calls * A_CALL - int(needed.sum())
    others = np.flatnonzero(~needed & (events["event"] != "TestEvent"))
    needed.iloc[others[np.linspace(0, len(others) - 1, free).astype(int)]] = True
    return needed


def _coded(values: pd.Series[Any]) -> pa.DictionaryArray:
    texts = pa.array(values.astype("str").where(values.notna()), pa.string(), from_pandas=True)
    return texts.dictionary_encode()


def _shifted(values: pa.DictionaryArray, number: int, shift: int) -> pa.Array:
    """Return the texts with all ids in them made new."""
    words = [_new(word, number, shift // 1_000_000) for word in values.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(values.indices)


def _new(word: str, number: int, seconds: int) -> str:
    if found := _UNIQUEID.fullmatch(word):
        return f"{int(found[1]) + seconds}.{int(found[2]) + number * 10_000}"
    if found := _BRIDGE.fullmatch(word):
        return f"{number:08x}{found[1]}"
    if found := _CHANNEL.fullmatch(word):
        serial = (int(found[2], 16) + number * 0x1000) % (1 << 32)
        return f"{found[1]}{serial:08x}{found[3] or ''}"
    return word


@functools.cache
def _recordings() -> list[_Recording]:
    return [_Recording(RECORDINGS / f"asterisk{n}" / "events.parquet") for n in (16, 22)]


def a_copy(number: int) -> pa.Table:
    """Return the events of a copy of one recording or the other, by turns."""
    return _recordings()[number % 2].copy(number)


def copies(events: int) -> int:
    """Return how many copies, of one recording and the other by turns, have so many events."""
    lengths = [len(recording) for recording in _recordings()]
    whole, rest = divmod(events, sum(lengths))
    return 2 * whole + (rest > 0) + (rest > lengths[0])


def write(place: Path, events: int, hours: int = 24) -> int:
    """Write an archive of that many events or a few more, and return how many these are.

    A file has the events of a day, or of fewer hours, by which a day can be divided.
    """
    written = 0
    for number, (day, tables) in enumerate(_by_file(events, hours)):
        name = Name(RECORDER, number, "pbx", day_of(day * DAY))
        path = place / name.path(SEALED)
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as writer:
            group: list[pa.Table] = []
            for table in tables:
                group.append(table)
                written += len(table)
                if sum(map(len, group)) >= ROWS:
                    writer.write_table(pa.concat_tables(group), row_group_size=2 * ROWS)
                    group = []
            if group:
                writer.write_table(pa.concat_tables(group), row_group_size=2 * ROWS)
            writer.add_key_value_metadata(name.metadata())
    return written


def _by_file(events: int, hours: int) -> Iterator[tuple[int, Iterator[pa.Table]]]:
    count = copies(events)
    a_file = hours * DAY // 24 // A_COPY
    for first in range(0, count, a_file):
        numbers = range(first, min(count, first + a_file))
        yield (
            (START + first * A_COPY) // DAY,
            (a_copy(number) for number in numbers),
        )
