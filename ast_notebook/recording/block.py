"""Blocks of events: first as text, then packed if a flood comes in, and in columns later."""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from ast_notebook.recording.columns import TEXTS, in_columns

THREADS = 4  # threads at most that make the columns of many blocks at once
LINE = 16  # bytes that an event takes besides its text
COLUMN = 2500  # bytes that a column takes besides its values: schema, buffers' headers


class Block:
    """Events in order; the more time there was, the less memory they take.

    Texts are kept as the bytes of all that were read at once, since one object for each of them
    would take more time and memory. Packing takes a fiftieth of the time of making columns, and
    saves nine tenths of the memory, so that the record keeps up with any flood. Columns are made
    later, or when the events are read.

    Attributes
    ----------
    nbytes : int
        About how many bytes of memory the events take.
    settled : bool
        Whether they stay in their form: in columns, or packed because memory is short.
    start : int
        The number of the first event, counted from the record's first.
    """

    __slots__ = (
        "_changing",
        "_columns",
        "_counts",
        "_lengths",
        "_packed",
        "_parts",
        "_received",
        "_size",
        "nbytes",
        "settled",
        "start",
    )

    def __init__(
        self, texts: Sequence[str] = (), received: Sequence[int] = (), start: int = 0
    ) -> None:
        self.start = start
        self._changing = threading.Lock()
        self._parts: list[bytes | pa.Buffer] | None = []
        self._counts: list[int] = []  # how many texts each part has
        self._lengths = array("i")  # of each text in them, in bytes
        self._received = array("q")
        self._packed: bytes | None = None
        self._size = 0  # of the packed data, in bytes before it was packed
        self._columns: pa.RecordBatch | None = None
        self.nbytes = 0
        self.settled = False
        if texts:
            self._put(texts, received)

    @classmethod
    def of(cls, columns: pa.RecordBatch, start: int = 0) -> Block:
        """Return a block of events that are in columns already."""
        block = cls(start=start)
        block._received.frombytes(columns["received"].to_numpy().tobytes())
        block.keep(columns)
        return block

    def __len__(self) -> int:
        return len(self._received)

    @property
    def form(self) -> str:
        """The present form of the events: ``text``, ``packed`` or ``columns``."""
        if self._columns is not None:
            return "columns"
        return "text" if self._packed is None else "packed"

    def since(self, moment: int) -> bool:
        """Tell whether any of the events was received at that microsecond or later."""
        # If the clock was set back, any of them may be the latest.
        return bool(len(self)) and int(np.frombuffer(self._received, np.int64).max()) >= moment

    def moments(self, last: int) -> list[int]:
        """Return the receive times of the `last` newest events."""
        return [int(one) for one in self._received[max(0, len(self) - last) :]]

    def add(self, texts: list[str], received: int) -> None:
        """Add events, of which the first was read at `received`; the block must still be text."""
        self._put(texts, range(received, received + len(texts)))

    def _put(self, texts: Sequence[str], received: Sequence[int]) -> None:
        whole = "".join(texts)
        part = whole.encode(errors="replace")
        known = (
            texts if len(part) == len(whole) else [one.encode(errors="replace") for one in texts]
        )
        self._join(part, map(len, known), received)

    def _join(
        self, part: bytes | pa.Buffer, lengths: Iterable[int], received: Iterable[int]
    ) -> None:
        assert self._parts is not None
        before = len(self._lengths)
        self._lengths.extend(lengths)
        self._received.extend(received)
        count = len(self._lengths) - before
        self._parts.append(part)
        self._counts.append(count)
        self.nbytes += len(part) + LINE * count

    def copy(self) -> Block:
        """Return a copy of the block, which does not change while this one grows."""
        return self._some(0, len(self))

    def since_number(self, number: int) -> Block:
        """Return a block of the events from a number on; this one must still be text."""
        return self._some(min(max(0, number - self.start), len(self)), len(self))

    def part(self, first: int, most: int) -> Block | pa.RecordBatch:
        """Return at most `most` events, beginning with the one at `first`.

        They are in columns if the block is in columns; otherwise, they are a block of text.
        """
        with self._changing:
            if self._columns is not None:
                return self._columns.slice(first, most)
            return self._some(first, min(len(self), first + most))

    def _some(self, first: int, end: int) -> Block:
        """Return the events from place `first` to before place `end` as a block of text."""
        some = Block(start=self.start + first)
        place = 0
        for part, lengths in self._texts():
            begin, until = max(first - place, 0), min(end - place, len(lengths))
            if begin < until:
                if until - begin < len(lengths):
                    front = sum(lengths[:begin])
                    part = part[front : front + sum(lengths[begin:until])]
                received = self._received[place + begin : place + until]
                some._join(part, lengths[begin:until], received)
            place += len(lengths)
        return some

    def _texts(self) -> Iterator[tuple[bytes | pa.Buffer, array[int]]]:
        """Yield the texts, in one part or more, with the length of each text."""
        if self._parts is None:
            yield self._unpacked()
            return
        place = 0
        for part, count in zip(self._parts, self._counts, strict=True):
            yield part, self._lengths[place : place + count]
            place += count

    def _unpacked(self) -> tuple[bytes | pa.Buffer, array[int]]:
        if self._parts is not None:
            return b"".join(self._parts), self._lengths
        data = pa.decompress(self._packed, self._size, codec="zstd")
        lengths = array("i")
        front = lengths.itemsize * len(self)
        lengths.frombytes(data[:front])
        return data[front:], lengths

    def pack(self) -> None:
        """Compress the lengths of the texts, followed by the texts themselves."""
        with self._changing:
            if self._parts is None:
                return
            data = b"".join((self._lengths.tobytes(), *self._parts))
            self._size = len(data)
            # The result is copied to bytes, since Arrow's own buffer stays as large as the worst
            # case.
            self._packed = pa.compress(data, codec="zstd", asbytes=True)
            self._parts, self._counts, self._lengths = None, [], array("i")
            self.nbytes = len(self._packed) + self._received.itemsize * len(self)

    def columns(self) -> pa.RecordBatch:
        """Return the events in columns; they are made at each call unless `keep` has kept them."""
        with self._changing:
            return self._columns or in_columns(self._unsplit())

    def texts(self) -> pa.RecordBatch:
        """Return the events as `TEXTS`; they must not be in columns yet."""
        with self._changing:
            return self._unsplit()

    def _unsplit(self) -> pa.RecordBatch:
        received = pa.array(np.asarray(self._received, np.int64))
        return pa.RecordBatch.from_arrays([received, self._strings()], schema=TEXTS)

    def keep(self, columns: pa.RecordBatch) -> None:
        """Keep the events in these columns from now on."""
        with self._changing:
            self._columns, self._parts, self._packed = columns, None, None
            self._counts, self._lengths = [], array("i")
            self.nbytes = size_of(columns)
            self.settled = True

    def _strings(self) -> pa.StringArray:
        data, lengths = self._unpacked()
        places = np.zeros(len(self) + 1, np.int32)
        np.cumsum(np.asarray(lengths), out=places[1:])
        return pa.StringArray.from_buffers(len(self), pa.py_buffer(places), pa.py_buffer(data))


def size_of(columns: pa.RecordBatch) -> int:
    """Return about how many bytes of memory columns take."""
    return int(columns.get_total_buffer_size()) + COLUMN * int(columns.num_columns)


def at_once(
    columns: Callable[[Block], pa.RecordBatch], blocks: Sequence[Block]
) -> Iterator[pa.RecordBatch]:
    """Yield the columns of blocks in their order; several threads make those of many blocks.

    This is faster on several processors, since Arrow makes columns without Python's lock.
    """
    if len(blocks) <= 2:
        yield from map(columns, blocks)
        return
    threads = min(THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="ast-columns") as pool:
        yield from pool.map(columns, blocks)
