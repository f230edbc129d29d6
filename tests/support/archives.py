"""Archives for tests: events with numbers, and what a killed recorder leaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ast_notebook.recording import Record, relation, scan
from ast_notebook.recording import read as archived
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.layout import DAY, Name
from ast_notebook.recording.sealing import seal_leftovers
from ast_notebook.recording.segment import Segment
from tests.bench.sender import events
from tests.support.recorded import microseconds, texts_of

TEXTS = events(4000).decode().split("\r\n\r\n")[:4000]
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000


def numbered(first: int, last: int, start: float = 1_795_000_000.0) -> list[str]:
    """Return texts of events, a hundredth of a second apart, each with its number."""
    return [
        f"Event: Test\r\nTimestamp: {start + number / 100:.6f}\r\nChannel: Local/{number % 7}\r\n"
        f"Number: {number}"
        for number in range(first, last)
    ]


def numbers(frame: pd.DataFrame) -> list[int]:
    """Return the numbers of the events that a frame has."""
    return [] if "number" not in frame else frame["number"].dropna().astype(int).tolist()


def files(folder: Path, ending: str) -> list[Path]:
    """Return an archive's files, oldest first."""
    return sorted(folder.rglob(f"*{ending}"))


def leave(
    folder: Path,
    texts: list[str],
    received: int = NOON,
    *,
    server: str = "ast",
    at_once: int = 1000,
) -> Path:
    """Write an open file as a recorder does that is then killed."""
    moment = received // DAY * DAY
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).date()
    folder.mkdir(exist_ok=True)
    segment = Segment(folder, Name("00c0ffee", len(files(folder, "")) + 1, server, day))
    for first in range(0, len(texts), at_once):
        block = texts[first : first + at_once]
        segment.write(batch_of(block, [received] * len(block)))
    os.close(segment._handle)
    return segment.path


def keep_a_call(place: Path, server: str) -> None:
    """Record a call of two events to an archive, as that of a PBX of that name."""
    record = Record(server)
    record.to(place)
    second = NOON // 1_000_000
    channel = f"Timestamp: {second}.5\r\nUniqueid: {second}.1\r\nLinkedid: {second}.1"
    record.add([f"Event: {event}\r\n{channel}" for event in ("Newchannel", "Hangup")], NOON)
    record.close()


def rows_by_read(place: Path) -> int:
    """Return how many events of an archive `read` gives."""
    return len(archived(place))


def rows_by_scan(place: Path) -> int:
    """Return how many events of an archive `scan` gives."""
    return scan(place).count_rows()


def rows_by_relation(place: Path) -> int:
    """Return how many events of an archive `relation` gives."""
    return int(relation(place).count("*").fetchall()[0][0])


def spoil(path: Path, place: int) -> None:
    """Turn a byte of a file into another one."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def spoil_column(path: Path, column: str) -> None:
    """Damage a column of a sealed file, in its first row group."""
    chunk = pq.read_metadata(path).row_group(0).column(footer_names(path).index(column))
    spoil(path, chunk.data_page_offset + chunk.total_compressed_size // 2)


def record_again(folder: Path, events: pd.DataFrame, server: str) -> None:
    """Record the events of a frame to an archive, as those of a PBX of that name."""
    record = Record(server)
    record.to(folder)
    for text, received in zip(texts_of(events), microseconds(events["received"]), strict=True):
        record.add([text], received)
    assert record.archive is not None
    assert record.archive.flush(60)
    record.close()


def frame_starts(path: Path) -> list[int]:
    data = path.read_bytes()
    return [n for n in range(len(data)) if data[n : n + 4] == b"ASTB"]


def footer_names(path: Path) -> list[str]:
    schema = pq.read_metadata(path).schema
    return [schema.column(n).path for n in range(len(schema))]


def is_named_each_time(folder: Path, column: str, way: Callable[[Path], int]) -> None:
    """Damage a column of a sealed file; a way of reading warns of it as long as it is there."""
    leave(folder, numbered(0, 5000))
    leave(folder, numbered(0, 50), NOON + DAY)
    seal_leftovers(ArchiveFiles(folder))
    assert way(folder) >= 0
    path, _ = files(folder, ".parquet")  # of the earlier day
    spoil_column(path, column)
    for _ in range(2):
        with pytest.warns(UserWarning, match=f"damaged.*{path}"):
            way(folder)
    path.unlink()
    assert way(folder) >= 0
