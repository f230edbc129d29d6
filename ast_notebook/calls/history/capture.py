"""A capture of the manager's stream, as `nc` or another client's log has it, into events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.calls import memory
from ast_notebook.calls.history.lines import LONGEST, Bad
from ast_notebook.calls.source import COLUMNS
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import frame, seal

_BATCH = 10_000


def events_of(lines: Iterable[tuple[int, str]], name: str, bad: Bad) -> tuple[pd.DataFrame, int]:
    """Return the events that a capture has, as `Record.frame` does, and how many they are.

    Responses and actions are passed over. An event without a time of its own has that of the one
    before it.

    Raises
    ------
    ConfError
        If no event tells its time, or they are too many for memory.
    """
    batches: list[pa.RecordBatch] = []
    texts: list[str] = []
    count = 0
    for text in _events(lines, bad):
        texts.append(text)
        if len(texts) == _BATCH:
            count += len(texts)
            batches.append(_sealed(texts))
            texts = []
            if not memory.fits(count):
                raise ConfError(
                    f"{name} has more events than fit in memory: split it where no call is up"
                )
    count += len(texts)
    batches.append(_sealed(texts))
    if count and not any(len(batch) - batch["time"].null_count for batch in batches):
        raise ConfError(
            f"the events of {name} tell no time: Asterisk sends one if manager.conf has "
            "timestampevents = yes"
        )
    events = frame(_timed(batches), "ast")
    return events[[column for column in COLUMNS if column in events and column != "server"]], count


def _events(lines: Iterable[tuple[int, str]], bad: Bad) -> Iterator[str]:
    """Yield the texts of events."""
    block: list[str] = []
    size = begun = 0
    for number, line in chain(lines, [(0, "")]):
        if line:
            begun = begun if block else number
            size += len(line)
            if size <= LONGEST:
                block.append(line)
            continue
        if size > LONGEST:
            bad.add(begun, f"an event of more than {LONGEST} bytes", "\n".join(block))
        elif any(one.startswith("Event: ") for one in block[:2]):
            yield "\r\n".join(block)
        block, size = [], 0


def _sealed(texts: list[str]) -> pa.RecordBatch:
    return seal(texts, np.zeros(len(texts), np.int64))


def _timed(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Give events that tell no time that of the one before, and the first ones the first time."""
    whole = pd.concat([batch["time"].to_pandas() for batch in batches], ignore_index=True)
    known = whole.ffill().bfill().fillna(0).astype("int64").to_numpy()
    timed = []
    place = 0
    for batch in batches:
        part = pa.array(known[place : place + len(batch)])
        place += len(batch)
        columns = {name: batch[name] for name in batch.schema.names} | {
            "time": part,
            "received": part,
        }
        timed.append(pa.RecordBatch.from_pydict(columns))
    return timed
