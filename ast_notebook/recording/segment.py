"""One open file of an archive: blocks of events, each on disk as soon as it is written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa

from ast_notebook.recording import private
from ast_notebook.recording.columns import seal
from ast_notebook.recording.framing import Frames, end, packed
from ast_notebook.recording.layout import (
    OPEN,
    Name,
    block_schema,
    check_version,
    is_anonymized,
    named,
    widened,
)
from ast_notebook.recording.lock import hold, is_held

_TRIES = 10


class Segment:
    """An open file that grows by whole blocks, locked while its recorder lives.

    Parameters
    ----------
    root : pathlib.Path
        The archive's folder on the local disk; it must be there.
    name : Name
        Whose events it is to have, and of which day.
    is_anonymized : bool
        Whether pseudonyms are written to it, as it then tells about itself.

    Attributes
    ----------
    events : int
        How many it has.
    size : int
        Bytes of the file, up to the last whole block.
    opened : float
        When it was begun, by the monotonic clock.
    damaged : int
        Bytes that were found damaged when it was sealed.

    Raises
    ------
    OSError
        If the file cannot be made, or exists already; `write` and `close` raise it, too.
    """

    def __init__(self, root: Path, name: Name, *, is_anonymized: bool = False) -> None:
        self.name = name
        self.path = root / name.path(OPEN)
        self.events = 0
        self.size = 0
        self.opened = time.monotonic()
        self.damaged = 0
        self._schema = block_schema(name, is_anonymized=is_anonymized)
        root.stat()  # a disk that was taken out is not to be replaced by a folder of its name
        self._handle = _created(self.path)
        self._inode = os.fstat(self._handle).st_ino
        self.locked = hold(self._handle)

    def write(self, block: pa.RecordBatch) -> None:
        """Append a sealed block; what could be written of it only in part is taken off again."""
        self._append(packed(_stream(widened(block, self._schema))))
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
        self._append(end())

    def close(self) -> None:
        """Let go of the file, and of the lock; an empty one is removed."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            if not self.events:
                with contextlib.suppress(OSError):
                    self.path.unlink()


def _stream(block: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, block.schema) as stream:
        stream.write_batch(block)
    return bytes(sink.getvalue())


def _created(path: Path) -> int:
    # The flag O_BINARY is Windows' own.
    flags = os.O_RDWR | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # another recorder emptied the folder just now
            private.folder(path.parent)
            return private.create(path, flags)
    raise FileNotFoundError(f"{path.parent} is removed again and again")


def warm_up() -> None:
    """Do once what takes Arrow a tenth of a second the first time."""
    name = Name("0", 0, "", date.min)
    packed(_stream(widened(seal(["Event: Warm\r\nRare: 1"], [0]), block_schema(name))))


class Blocks:
    """The whole blocks of an open file, read one by one.

    After they were iterated over, the attributes tell how the file ended.

    Attributes
    ----------
    name : Name
        Whose events they are.
    torn : int
        Bytes at the end that are no whole block.
    damaged : int
        Bytes of blocks that are not what their recorder wrote.
    complete : bool
        Whether its recorder ended the file.
    is_anonymized : bool
        Whether they have pseudonyms in place of numbers and names.
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
        self.damaged = 0
        self.complete = False
        self.is_anonymized = False
        self.last = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        frames = Frames(self.path)
        for stream in frames:
            with pa.ipc.open_stream(stream) as reader:
                check_version(reader.schema.metadata, str(self.path))
                self.is_anonymized = is_anonymized(reader.schema.metadata)
                for block in reader:
                    if len(block):
                        self.last = block["received_us"][-1].as_py()
                        yield block
        self.torn, self.damaged, self.complete = frames.torn, frames.damaged, frames.complete

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
        unread = self.torn + self.damaged
        if not self.damaged and (self.complete or not (self.last or self.torn)):
            return None
        last = self.last or int(self.path.stat().st_mtime * 1_000_000)
        reason = "the recorder was killed: its last block is lost"
        if self.damaged:
            reason = "the file is damaged: some of its blocks are lost"
        text = f"Event: RecordingLost\r\nReason: {reason}\r\nBytes: {unread}"
        return widened(seal([text], [last]), block_schema(self.name))
