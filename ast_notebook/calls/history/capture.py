"""Reads a capture of the manager's stream, as from `nc` or another client's log, into events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.calls import memory
from ast_notebook.calls.history.capture_words import GREETING, Words
from ast_notebook.calls.history.lines import LONGEST, Bad
from ast_notebook.calls.history.repeats import Repeats
from ast_notebook.calls.source import COLUMNS
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import batch_of, frame
from ast_notebook.units import SECOND

_BATCH = 10_000
_TIME = re.compile(r"^Timestamp: (\d{1,11})\.(\d{1,6})\r?$", re.MULTILINE)
_OVER = 0  # it marks the end of the lines, whose numbers begin with 1
_HEADER = re.compile(r"[A-Za-z][\w()-]*:( |$)")
#: The first lines of messages, in either direction.
_BEGINNINGS = ("Event: ", "Response: ", "Action: ", "action: ", "Asterisk Call Manager")


def events_of(
    lines: Iterable[tuple[int, str]], name: str, bad: Bad, notes: list[str]
) -> tuple[pd.DataFrame, int]:
    """Return the events of a capture in a frame like `Record.frame`, and how many there were.

    The parameters and the errors are those of `batches_of`.
    """
    batches, count = batches_of(lines, name, bad, notes)
    events = frame(batches, "ast")
    return events[[column for column in COLUMNS if column in events and column != "server"]], count


def batches_of(
    lines: Iterable[tuple[int, str]], name: str, bad: Bad, notes: list[str]
) -> tuple[list[pa.RecordBatch], int]:
    """Return the events of a capture in columns, and how many there were.

    Responses, actions and repeated events are left out. An event without a time gets that of the
    event before it. Events of an Asterisk up to 11 are translated into later ones. Remarks on the
    capture are added to `notes`.

    Raises
    ------
    ConfError
        If no event has a time, or the events do not fit in memory.
    """
    batches: list[pa.RecordBatch] = []
    texts: list[str] = []
    words, repeats = Words(bad), Repeats()
    count = made = 0
    for number, text in _events(lines, bad):
        if text.startswith(GREETING):
            words.greet(text)
            continue
        count += 1
        moment = _moment(text)
        if moment is not None and repeats.has({"text": text}, moment):
            continue
        texts += words.put(number, text)
        if len(texts) >= _BATCH:
            made += len(texts)
            batches.append(_sealed(texts))
            texts = []
            if not memory.fits(made):
                raise ConfError(
                    f"{name} has more events than fit in memory: split it where no call is up"
                )
    batches.append(_sealed(texts + words.finish()))
    notes += [*words.notes, *repeats.notes()]
    if count and not any(len(batch) - batch["time"].null_count for batch in batches):
        raise ConfError(
            f"the events of {name} have no times: write timestampevents = yes into manager.conf, "
            "and capture them again"
        )
    return _timed(batches), count


def _moment(text: str) -> int | None:
    found = _TIME.search(text)
    return None if found is None else int(found[1]) * SECOND + int(found[2].ljust(6, "0"))


def _events(lines: Iterable[tuple[int, str]], bad: Bad) -> Iterator[tuple[int, str]]:
    """Yield the texts of events, and greetings, with the number of their first line."""
    block: list[str] = []
    size = begun = 0
    first = True
    for number, line in chain(lines, [(_OVER, "")]):
        if not block and line.startswith(GREETING):
            first = False
            yield number, line
            continue
        if line:
            begun = begun if block else number
            size += len(line)
            if size <= LONGEST:
                block.append(line)
            continue
        heads = _heads(block)
        if size > LONGEST:
            bad.add(begun, f"the event has more than {LONGEST} bytes", "\n".join(block))
        elif len(heads) > 1:
            for place, end in zip(heads, [*heads[1:], len(block)], strict=True):
                reason = "there is no empty line between this event and the next one"
                bad.add(begun + place, reason, "\n".join(block[place:end]))
        elif any(one.startswith("Event: ") for one in block[:2]):
            if number == _OVER:
                bad.add(begun, "the end of this event is missing", "\n".join(block))
            else:
                yield begun, "\r\n".join(block)
        elif first and _HEADER.match(block[-1] if block else "") and not _begins(block):
            bad.add(begun, "the beginning of this message is missing", "\n".join(block))
        first = first and not block
        block, size = [], 0


def _begins(block: list[str]) -> bool:
    """Tell whether any of these lines is the first line of a message."""
    return any(one.startswith(_BEGINNINGS) for one in block)


def _heads(block: list[str]) -> list[int]:
    """Return where events begin as Asterisk writes them, with Privilege in the second line."""
    return [
        place
        for place, (one, two) in enumerate(pairwise(block))
        if one.startswith("Event: ") and two.startswith("Privilege: ")
    ]


def _sealed(texts: list[str]) -> pa.RecordBatch:
    return batch_of(texts, np.zeros(len(texts), np.int64))


def _timed(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Give events without a time that of the event before them, or else the first known time."""
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
