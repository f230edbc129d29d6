"""One open file of an archive: blocks of events, each on disk as soon as it is written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from ast_notebook.recording.columns import seal
from ast_notebook.recording.layout import (
    OPEN,
    Name,
    block_schema,
    check_version,
    named,
    widened,
)
from ast_notebook.recording.lock import hold, is_held

#: How an Arrow stream says that it is complete.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_TRIES = 10
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


class _Bytes:
    """What Arrow writes a block into, so that the block goes to the file as one."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(self.parts[-1])

    def take(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data

    def flush(self) -> None:
        """Do nothing: `take` is what passes things on."""


class Segment:
    """An Arrow IPC stream that grows by whole blocks, locked while its recorder lives.

    Parameters
    ----------
    root : pathlib.Path
        The archive's folder on the local disk; it must be there.
    name : Name
        Whose events it is to have, and of which day.

    Attributes
    ----------
    events : int
        How many it has.
    size : int
        Bytes of the file, up to the last whole block.
    opened : float
        When it was begun, by the monotonic clock.

    Raises
    ------
    OSError
        If the file cannot be made, or exists already; `write` and `close` raise it, too.
    """

    def __init__(self, root: Path, name: Name) -> None:
        self.name = name
        self.path = root / name.path(OPEN)
        self.events = 0
        self.size = 0
        self.opened = time.monotonic()
        self._schema = block_schema(name)
        root.stat()  # a disk that was taken out is not to be replaced by a folder of its name
        self._handle = _created(self.path)
        self._inode = os.fstat(self._handle).st_ino
        self.locked = hold(self._handle)
        self._sink = _Bytes()
        self._stream = pa.ipc.new_stream(
            pa.PythonFile(self._sink, "w"), self._schema, options=_OPTIONS
        )

    def write(self, block: pa.RecordBatch) -> None:
        """Append a sealed block; what could be written of it only in part is taken off again."""
        self._stream.write_batch(widened(block, self._schema))
        self._append(self._sink.take())
        self.events += len(block)

    def _append(self, data: bytes) -> None:
        if self.path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self.path} was replaced by another file")
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self.size)
                os.lseek(self._handle, self.size, os.SEEK_SET)
            raise
        self.size += len(data)

    def end(self) -> None:
        """Say in the file that it is complete; the lock is kept."""
        self._append(_END)

    def close(self) -> None:
        """Let go of the file, and of the lock; an empty one is removed."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            if not self.events:
                with contextlib.suppress(OSError):
                    self.path.unlink()


def _created(path: Path) -> int:
    # The flag O_BINARY is Windows' own.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another recorder emptied the folder just now
            return os.open(path, flags, 0o666)
    raise FileNotFoundError(f"{path.parent} is removed again and again")


def warm_up() -> None:
    """Do once what takes Arrow a tenth of a second the first time."""
    name = Name("0", 0, "", date.min)
    schema = block_schema(name)
    with pa.ipc.new_stream(pa.BufferOutputStream(), schema, options=_OPTIONS) as stream:
        stream.write_batch(widened(seal(["Event: Warm\r\nRare: 1"], [0]), schema))


class Blocks:
    """The whole blocks of an open file, read one by one.

    After they were iterated over, the attributes tell how the file ended.

    Attributes
    ----------
    name : Name
        Whose events they are.
    torn : int
        Bytes at the end that are no whole block.
    complete : bool
        Whether its recorder ended the file.
    last : int
        When the last event was received, in microseconds since 1970 UTC; 0 if there is none.
    """

    def __init__(self, path: Path) -> None:
        known = named(path.as_posix())
        if known is None:
            raise ValueError(f"{path} is no file of an archive")
        self.path = path
        self.name = known[0]
        self.torn = 0
        self.complete = False
        self.last = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(self.path)) as file:
            size = file.size()
            good = 0
            try:
                reader = pa.ipc.open_stream(file)
                check_version(reader.schema.metadata, str(self.path))
                while file.tell() < size:
                    good = file.tell()
                    block = reader.read_next_batch()
                    if len(block):
                        self.last = block["received_us"][-1].as_py()
                        yield block
                good = file.tell()
            except StopIteration:
                good = file.tell()
                self.complete = good == size
            except (pa.ArrowException, OSError) as error:
                # Arrow tells of a tear by an OSError, too; the system's own has a number.
                if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
                    raise
            self.torn = size - good

    def loss(self) -> pa.RecordBatch | None:
        """Return the row that tells of a recorder's sudden end; None if it ended, or still lives.

        Raises
        ------
        FileNotFoundError
            If the file has gone meanwhile.
        """
        lost = self.lost_row()  # asked first: the lock of an empty file is its recorder's to take
        return None if lost is None or is_held(self.path) else lost

    def lost_row(self) -> pa.RecordBatch | None:
        """Return that row without asking whether the recorder lives; None if it ended properly."""
        if self.complete or not (self.last or self.torn):
            return None
        last = self.last or int(self.path.stat().st_mtime * 1_000_000)
        reason = "the recorder was killed: its last block is lost"
        text = f"Event: RecordingLost\r\nReason: {reason}\r\nBytes: {self.torn}"
        return widened(seal([text], [last]), block_schema(self.name))
