"""Seals open files: makes Parquet files of them, sets damaged ones aside, and removes old days."""

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

from ast_notebook.errors import ConfError
from ast_notebook.recording import private
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.layout import DAMAGED, SCHEMA, SEALED, TEXTS, flattened
from ast_notebook.recording.lock import hold
from ast_notebook.recording.segment import Blocks
from ast_notebook.recording.troubles import Stopped

logger = logging.getLogger(__name__)

ROWS = 100_000  # rows of a row group of a sealed file; this bounds the memory
YOUNG = 60.0  # seconds in which a recorder may not have locked its new file yet


class Sealed(NamedTuple):
    """The result of sealing: how many events were sealed, and how many bytes are damaged."""

    events: int
    damaged: int


def seal(
    path: Path,
    archive_files: ArchiveFiles,
    *,
    killed: bool,
    stop: Callable[[], bool] = lambda: False,
) -> Sealed:
    """Seal an open file; the caller holds its lock, and discards it afterwards.

    Parameters
    ----------
    path : pathlib.Path
        The open file.
    archive_files : ArchiveFiles
        The archive that it belongs to.
    killed : bool
        Whether its recorder may have died. Then, if the file has no proper end, a row with the
        event ``RecordingLost`` tells of the loss.
    stop : callable, optional
        It is called now and then; if it returns True, sealing is given up.

    Returns
    -------
    Sealed
        The number of events is 0 if there is no sealed file, or if there was one already.

    Raises
    ------
    Stopped
        If `stop` returned True.
    OSError
        If the disk is full, or the archive cannot be reached.
    """
    blocks = Blocks(path)
    sealed = archive_files.rows(blocks.name)
    if sealed and sealed >= sum(map(len, blocks)):
        return Sealed(0, 0)  # a recorder sealed it, and died before it removed the open file
    temporary = path.with_name(f".{path.name}{SEALED}.part")
    try:
        events = _write(blocks, temporary, killed, stop)
        if events:
            archive_files.put(temporary, blocks.name)
    finally:
        temporary.unlink(missing_ok=True)
    return Sealed(events, blocks.damaged)


def discard(path: Path, damaged: int = 0) -> None:
    """Remove an open file that was sealed, and its folder if that is empty now.

    A damaged file is set aside: it is kept under another name, since some of its bytes could not be
    read.
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
    """Open a sealed file for writing; an existing one is overwritten."""
    os.close(private.create(path, os.O_WRONLY | os.O_TRUNC))
    return pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        write_page_checksum=True,
        # Pandas, Spark and Polars should see plain texts, not our dictionaries.
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
            if differs := blocks.name.differs(block.schema.metadata):
                raise ConfError(f"{blocks.path} was not sealed: {differs}")
            group.append(flattened(block, blocks.name.recorder))
            held += len(block)
            if held >= ROWS:
                writer.write_table(pa.Table.from_batches(group), row_group_size=held)
                events += held
                group, held = [], 0
            if stop():
                raise Stopped
        if blocks.foreign:
            raise ConfError(f"{blocks.path} was not sealed: {blocks.foreign}")
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
        metadata = blocks.name.metadata(pseudonyms=blocks.pseudonyms)
        writer.add_key_value_metadata(metadata | unread)
    return events + held


def seal_leftovers(archive_files: ArchiveFiles, stop: Callable[[], bool] = lambda: False) -> int:
    """Seal the files of dead recorders, and return how many events they have.

    A recorder is dead if its file's lock is free, since the lock ends with its process. An empty
    file is left alone for a minute. A file that cannot be sealed stays, and its error is raised
    after the others are sealed.
    """
    events = 0
    failed: list[Exception] = []
    for file in archive_files.open_files():
        path = Path(file.path)
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            continue  # sealed by another recorder in between, or without permission
        try:
            dead = _is_dead(path, handle)
            sealed = seal(path, archive_files, killed=True, stop=stop) if dead else None
        except FileNotFoundError:
            continue
        except Stopped:
            raise
        except Exception as error:  # this file stays; the others are sealed all the same
            failed.append(error)
            continue
        finally:
            os.close(handle)
        if sealed is not None:
            events += sealed.events
            try:
                discard(path, sealed.damaged)
            except OSError as error:
                failed.append(error)
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


def remove_old(archive_files: ArchiveFiles, server: str, days: int, today: date) -> int:
    """Remove a server's sealed files that are more than `days` UTC days older than `today`."""
    return archive_files.remove_before(today - timedelta(days=days), server)
