"""One open file of an archive: blocks of events, each on disk as soon as it is written."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.recording import private
from ast_notebook.recording.columns import TEXTS, batch_of, in_columns
from ast_notebook.recording.framing import Frames, end, packed
from ast_notebook.recording.layout import (
    NO_MOMENT,
    NOT_OURS,
    OPEN,
    Name,
    block_schema,
    check_version,
    is_ours,
    misses,
    named,
    pseudonyms_of,
    widened,
)
from ast_notebook.recording.lock import hold, is_held
from ast_notebook.recording.troubles import is_of_the_system
from ast_notebook.units import SECOND

_TRIES = 10
_OWN = pa.array(["LiveState", "LiveChange", "RecordingLost"])  # events that a writer makes itself
JOINED = 10_000  # events of small blocks that are joined, at most


class Segment:
    """An open file that grows by whole blocks, locked while its recorder lives.

    Parameters
    ----------
    root : pathlib.Path
        The archive's folder on the local disk; it must exist.
    name : Name
        The name of the file, with its server and day.
    pseudonyms : str
        The mark of the pseudonyms that are written to it, which the file's metadata has, too; empty
        if there are none.

    Attributes
    ----------
    events : int
        How many events it has, rows of our own included.
    own : int
        How many of them are rows of our own, such as marks of the live state.
    size : int
        Bytes of the file, up to the last whole block.
    opened : float
        When it was created, by the monotonic clock.
    damaged : int
        How many damaged bytes were found when it was sealed.

    Raises
    ------
    OSError
        If the file cannot be made, or exists already; `write`, `mend` and `close` raise it, too.
    """

    def __init__(self, root: Path, name: Name, *, pseudonyms: str = "") -> None:
        self.name = name
        self.path = root / name.path(OPEN)
        self.events = self.own = 0
        self.size = 0
        self.opened = time.monotonic()
        self.damaged = 0
        self._is_torn = False
        self._schema = block_schema(name, pseudonyms=pseudonyms)
        root.stat()  # raises if the disk was removed, so that no folder replaces it
        self._handle = _created(self.path)
        self._inode = os.fstat(self._handle).st_ino
        self.locked = hold(self._handle)

    def write(self, block: pa.RecordBatch, *, is_own: bool = False) -> None:
        """Append events, in columns or as texts; after an error, none of them is in the file.

        Texts become columns when the file is read or sealed: a flood leaves no time for it before.
        """
        if block.schema.equals(TEXTS):
            block = block.replace_schema_metadata(self._schema.metadata)
        else:
            block = widened(block, self._schema)
        self._append(packed(_stream(block)))
        self.events += len(block)
        self.own += len(block) if is_own else 0

    @property
    def is_there(self) -> bool:
        """Whether the file is still at its place, and was not replaced by another one.

        Raises
        ------
        OSError
            If the system does not tell.
        """
        try:
            return self.path.stat().st_ino == self._inode
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _append(self, data: bytes) -> None:
        if self.path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self.path} was replaced by another file")
        self.mend()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError:
            self._is_torn = True
            with contextlib.suppress(OSError):
                self.mend()
            raise
        self.size += len(data)

    def mend(self) -> None:
        """Remove the part of a block that was written before an error, if it is still there."""
        if self._is_torn:
            os.ftruncate(self._handle, self.size)
            os.lseek(self._handle, self.size, os.SEEK_SET)
            self._is_torn = False

    def end(self) -> None:
        """Mark the file as complete; the lock is kept."""
        self._append(end())

    def close(self) -> None:
        """Close the file, and release the lock; an empty file is removed."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
            if not self.events:
                with contextlib.suppress(OSError):
                    self.path.unlink()


def _stream(block: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, block.schema) as stream:
        stream.write_batch(block)
    return sink.getvalue()


def _created(path: Path) -> int:
    # The flag O_BINARY is Windows' own.
    flags = os.O_RDWR | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # another recorder emptied the folder just now
            private.folder(path.parent)
            return private.create(path, flags)
    raise FileNotFoundError(f"{path.parent} is removed again and again")


def lost_row(
    name: Name, received: int, reason: str, unread: int = 0, *, missing: int | None = None
) -> pa.RecordBatch:
    """Return a row that says that events of a file are lost.

    It says how many bytes are unreadable and, if that is known, how many events are missing.
    """
    text = f"Event: RecordingLost\r\nReason: {reason}\r\nBytes: {unread}"
    if missing is not None:
        text += f"\r\nMissing: {missing}"
    return widened(batch_of([text], [received]), block_schema(name))


def count_of(path: Path) -> int:
    """Return how many events an open file has, without rows of our own.

    It is 0 if it is no open file, or does not exist.
    """
    try:
        names = [block["event"].cast(pa.string()) for block in Blocks(path)]
        return sum(len(one) - pc.sum(pc.is_in(one, _OWN)).as_py() for one in names)
    except (OSError, ConfError, pa.ArrowException):
        return 0


def warm_up() -> None:
    """Write a block to memory, since the first one takes Arrow a tenth of a second."""
    name = Name("0", 0, "", date.min)
    packed(_stream(widened(batch_of(["Event: Warm\r\nRare: 1"], [0]), block_schema(name))))


class _Foreign(Exception):
    """A block has a right checksum, but was not written by ast_notebook."""


class Blocks:
    """The whole blocks of an open file, read one by one.

    After the iteration, the attributes tell how the file ended.

    Parameters
    ----------
    path : pathlib.Path
    place : int
        Where to begin, in bytes: at the beginning, or where an earlier reading of the file ended.

    Attributes
    ----------
    name : Name
        The name of the file, with its server and day.
    place : int
        The end of the last whole block.
    torn : int
        Bytes at the end that are not a whole block.
    damaged : int
        Bytes of blocks that are not what their recorder wrote.
    complete : bool
        Whether its recorder ended the file.
    foreign : str
        Why it is no file of an archive, although its checksums are right; empty if it is one. A
        single foreign block counts as damaged bytes.
    pseudonyms : str
        The mark of the pseudonyms in them; empty if they have numbers and names themselves.
    last : int
        When the last event was received, in microseconds since 1970 UTC; 0 if there is none.
    """

    def __init__(self, path: Path, place: int = 0) -> None:
        known = named(path.as_posix())
        if known is None:
            raise ValueError(f"{path} is no file of an archive")
        self.path = path
        self.name = known[0]
        self._begin = self.place = place
        self._schema = block_schema(self.name)
        self.torn = 0
        self.damaged = 0
        self.complete = False
        self.foreign = ""
        self.pseudonyms = ""
        self.last = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        frames = Frames(self.path, self._begin)
        unreadable = 0
        foreign = ""
        is_known = False
        for stream in frames:
            try:
                blocks = self._checked(stream)
            except _Foreign as error:
                foreign = foreign or str(error)
                unreadable += len(stream)
                continue
            except (pa.ArrowException, KeyError, OSError) as error:
                if is_of_the_system(error):
                    raise
                unreadable += len(stream)
                continue
            is_known = is_known or bool(blocks)
            for block in blocks:
                self.last = block["received_us"][-1].as_py()
                yield block
        self.place, self.torn, self.complete = frames.place, frames.torn, frames.complete
        self.damaged = frames.damaged + unreadable
        self.foreign = "" if is_known else foreign

    def _checked(self, stream: bytes) -> list[pa.RecordBatch]:
        """Return the blocks of a frame after checks, since its checksum may have been forged."""
        with pa.ipc.open_stream(stream) as reader:
            if not is_ours(reader.schema.metadata):
                raise _Foreign(NOT_OURS)
            check_version(reader.schema.metadata, str(self.path))
            is_text = "text" in reader.schema.names
            if missing := misses(reader.schema, TEXTS if is_text else self._schema):
                raise _Foreign(missing)
            blocks = [block for block in reader if len(block)]
            for block in blocks:
                block.validate(full=True)
            if is_text:
                blocks = [self._cut(block, reader.schema) for block in blocks]
            for block in blocks:
                if block["received_us"].null_count or block["time_us"].null_count:
                    raise _Foreign(NO_MOMENT)
            self.pseudonyms = pseudonyms_of(reader.schema.metadata)
            return blocks

    def _cut(self, block: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Return texts as a block of columns, with the metadata of the file."""
        if block["text"].null_count:
            raise pa.ArrowInvalid("an event without a text")
        wide = self._schema.with_metadata(schema.metadata)
        return widened(in_columns(block.select(TEXTS.names)), wide)

    def loss(self) -> pa.RecordBatch | None:
        """Return the row about a recorder's sudden end; None if it ended properly, or still lives.

        Raises
        ------
        FileNotFoundError
            If the file has gone meanwhile.
        """
        lost = self.lost_row()  # first, since the recorder of an empty file may still take its lock
        return None if lost is None or is_held(self.path) else lost

    def lost_row(self) -> pa.RecordBatch | None:
        """Return the row that tells what of the file is lost, even if its recorder may still live.

        It is None if no block is damaged, and the file ended properly or is empty.
        """
        unread = self.torn + self.damaged
        if not self.damaged and (self.complete or not (self.last or self.torn)):
            return None
        last = self.last or int(self.path.stat().st_mtime * SECOND)
        reason = "the recorder was killed: its last block is lost"
        if self.damaged:
            reason = "the file is damaged: some of its blocks are lost"
        return lost_row(self.name, last, reason, unread)


def joined(blocks: Sequence[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Join small blocks of a file, each of which costs readers as much as thousands of events.

    A joined block has no more values in a column than its dictionaries have room for.
    """
    groups: list[list[pa.RecordBatch]] = []
    events = JOINED
    for block in blocks:
        events += len(block)
        if events > JOINED:
            groups.append([])
            events = len(block)
        groups[-1].append(block)
    return [
        group[0]
        if len(group) == 1
        else pa.Table.from_batches(group).combine_chunks().to_batches()[0]
        for group in groups
    ]


def lost_with(segment: Segment, folder: Path) -> int | None:
    """Return how many events are lost with a file that is gone or replaced; None if it is there.

    The file does not count as gone if its whole folder is missing, as with an unmounted disk, or if
    the system does not tell whether the file is there, since it may come back.
    """
    try:
        if not folder.exists() or segment.is_there:
            return None
    except OSError:
        return None
    return segment.events - segment.own - count_of(segment.path)
