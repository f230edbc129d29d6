"""An archive's files, looked at: whether each is as it is documented, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ast_notebook.recording import scan
from ast_notebook.recording.layout import OPEN, SEALED, day_of, named
from ast_notebook.recording.writer import FULL, OLD

SLACK = 120.0  # seconds: the recorder looks at a file's age when there is something to write


@dataclass(frozen=True)
class Looked:
    """What was found.

    Attributes
    ----------
    sealed, still_open : int
        Files.
    size : int
        Bytes of the sealed ones.
    days : list of date
        Those of which there are files.
    numbers : numpy.ndarray
        The header ``Number`` of each event.
    wrong : list of str
        What is not as it is documented.
    """

    sealed: int
    still_open: int
    size: int
    days: list[date]
    numbers: np.ndarray[Any, Any]
    wrong: list[str]


def look(folder: Path) -> Looked:
    """Look at all files; one may be open, also behind a recorder that had no time to seal it."""
    sealed = sorted(folder.rglob(f"*{SEALED}"))
    # One that is sealed already is about to be removed.
    done = {f"_{path.stem}" for path in sealed}
    still_open = [path for path in folder.rglob(f"*{OPEN}") if path.stem not in done]
    wrong = []
    if len(still_open) > 1:
        wrong.append(f"{len(still_open)} files are open")
    for path in sealed:
        wrong += _wrong_of(path)
    known = [named(str(path)) for path in (*sealed, *still_open)]
    return Looked(
        sealed=len(sealed),
        still_open=len(still_open),
        size=sum(path.stat().st_size for path in sealed),
        days=sorted({found[0].day for found in known if found is not None}),
        numbers=numbers_of(folder, pc.scalar(True)),
        wrong=wrong,
    )


def _wrong_of(path: Path) -> list[str]:
    """Tell what is not right of a sealed file: one day, an hour, and not too many events."""
    found = named(str(path))
    assert found is not None
    received = pq.read_table(path, columns=["received_us"])["received_us"].to_numpy()
    first, last = int(received[0]), int(received[-1])
    wrong = []
    if day_of(first) != found[0].day or day_of(last) != found[0].day:
        wrong.append(f"{path} has events of another day")
    if last - first > (OLD + SLACK) * 1e6:
        wrong.append(f"{path} has events of {(last - first) / 3.6e9:.1f} hours")
    if len(received) > FULL * 1.1:
        wrong.append(f"{path} has {len(received)} events")
    return wrong


def numbers_of(folder: Path, chosen: pc.Expression) -> np.ndarray[Any, Any]:
    """Return the header ``Number`` of the events on disk that are chosen, in order of arrival."""
    parts, received = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    columns = ["extra", "received_us"]
    for batch in scan(folder).scanner(columns=columns, filter=chosen).to_batches():
        number = pc.map_lookup(batch["extra"], "number", "first").cast("int64")
        parts.append(number.to_numpy(zero_copy_only=False))
        received.append(batch["received_us"].to_numpy())
    return np.concatenate(parts)[np.argsort(np.concatenate(received), kind="stable")]
