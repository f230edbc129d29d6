"""Open files made into sealed ones: Parquet, which everything reads."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ast_notebook.recording import private
from ast_notebook.recording.layout import DAMAGED, SCHEMA, SEALED, TEXTS, flattened
from ast_notebook.recording.lock import hold
from ast_notebook.recording.segment import Blocks
from ast_notebook.recording.shelf import Shelf

logger = logging.getLogger(__name__)

ROWS = 100_000  # a group of rows of a sealed file: bounds the memory that this takes
YOUNG = 60.0  # seconds for which a file with nothing in it may be one whose lock is yet to be taken


class Stopped(Exception):
    """There was no time to finish; the open file is as it was."""


class Sealed(NamedTuple):
    """What came of an open file: how many events were sealed, and how many bytes are damaged."""

    events: int
    damaged: int


def compact(
    path: Path, shelf: Shelf, *, killed: bool, stop: Callable[[], bool] = lambda: False
) -> Sealed:
    """Make an open file a sealed one; for the one who holds its lock, and who then discards it.

    Parameters
    ----------
    path : pathlib.Path
        The open file.
    shelf : Shelf
        The archive that it belongs to.
    killed : bool
        Whether its recorder may have died: if the file has no proper end, a row tells of the
        loss, the event ``RecordingLost``.
    stop : callable, optional
        Asked now and then whether to give up.

    Returns
    -------
    Sealed
        Its events are 0 if there is no sealed file, or was one already.

    Raises
    ------
    Stopped
        If `stop` said so.
    OSError
        If the disk is full, or the shelf cannot be reached.
    """
    blocks = Blocks(path)
    if shelf.is_sealed(blocks.name):
        return Sealed(0, 0)  # by one who died before the open file was removed
    temporary = path.with_name(f".{path.name}{SEALED}.part")
    try:
        events = _write(blocks, temporary, killed, stop)
        if events:
            shelf.put(temporary, blocks.name)
    finally:
        temporary.unlink(missing_ok=True)
    return Sealed(events, blocks.damaged)


def discard(path: Path, damaged: int = 0) -> None:
    """Remove an open file that was sealed, and its folder if that is empty now.

    A damaged one is kept under another name: it has bytes that nobody has read.
    """
    if damaged:
        aside = path.with_suffix(DAMAGED)
        path.replace(aside)
        logger.warning("%s: %d bytes of it are damaged; the file is kept", aside, damaged)
        return
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def writing(path: Path) -> pq.ParquetWriter:
    """Open a sealed file to be written; one that is there already is written anew."""
    os.close(private.create(path, os.O_WRONLY | os.O_TRUNC))
    return pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        write_page_checksum=True,
        # Pandas, Spark and Polars are to see plain texts, not our dictionaries.
        store_schema=False,
        use_dictionary=[*TEXTS, "extra.key_value.key", "extra.key_value.value"],
        column_encoding=dict.fromkeys(
            ("received", "time", "received_us", "time_us"), "DELTA_BINARY_PACKED"
        ),
    )


def _write(blocks: Blocks, temporary: Path, killed: bool, stop: Callable[[], bool]) -> int:
    group: list[pa.RecordBatch] = []
    events = held = 0
    with writing(temporary) as writer:
        for block in blocks:
            group.append(flattened(block, blocks.name.recorder))
            held += len(block)
            if held >= ROWS:
                writer.write_table(pa.Table.from_batches(group), row_group_size=held)
                events += held
                group, held = [], 0
            if stop():
                raise Stopped
        lost = blocks.lost_row() if killed or blocks.damaged else None
        if lost is not None:
            if blocks.torn:
                logger.warning("%s: %d bytes at its end are torn off", blocks.path, blocks.torn)
            group.append(flattened(lost, blocks.name.recorder))
            held += 1
        if blocks.torn and not killed:
            raise OSError(f"{blocks.path}: {blocks.torn} bytes at its end cannot be read")
        if group:
            writer.write_table(pa.Table.from_batches(group), row_group_size=held)
        unread = {"torn_bytes": str(blocks.torn), "damaged_bytes": str(blocks.damaged)}
        told = blocks.name.metadata(is_anonymized=blocks.is_anonymized)
        writer.add_key_value_metadata(told | unread)
    return events + held


def compact_leftovers(shelf: Shelf, stop: Callable[[], bool] = lambda: False) -> int:
    """Seal what dead recorders left behind, and return how many events that were.

    A recorder is dead when its file's lock is free: the lock ends with its process. A file in which
    nothing is yet is left alone for a minute. One that cannot be sealed stays, and its error is
    raised once the others are.
    """
    events = 0
    failed: list[Exception] = []
    for file in shelf.open_files():
        path = Path(file.path)
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            continue  # sealed by another in between, or not ours to write
        try:
            dead = _is_dead(path, handle)
            sealed = compact(path, shelf, killed=True, stop=stop) if dead else None
        except FileNotFoundError:
            continue
        except Stopped:
            raise
        except Exception as error:  # this one stays; the others are not to wait for it
            failed.append(error)
            continue
        finally:
            os.close(handle)
        if sealed is not None:
            events += sealed.events
            discard(path, sealed.damaged)
    if failed:
        raise failed[0]
    return events


def _is_dead(path: Path, handle: int) -> bool:
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        return False
    if state.st_size == 0 and time.time() - state.st_mtime < YOUNG:
        return False
    return hold(handle) and path.stat().st_ino == state.st_ino


def remove_old(shelf: Shelf, server: str, days: int, today: date) -> int:
    """Remove a server's sealed files of more than so many UTC days before a day."""
    return shelf.remove_before(today - timedelta(days=days), server)
