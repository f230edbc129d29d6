"""A block of events: as they came, packed while more pour in, in columns when there is time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ast_notebook.recording.columns import seal
from ast_notebook.recording.headers import Places

LINE = 16  # bytes that an event takes beside its text, in the lists
COLUMN = 2500  # bytes that a column takes beside its values: schema, buffers' headers
END = "\r\n\r\n"  # between events that are packed; no event holds it


class Block:
    """Events in their order, in the least memory that there was time for.

    Packing costs a fiftieth of putting into columns and saves nine tenths of the memory, so that
    the record keeps up with any flood; columns are made later, or when somebody wants to see them.

    Attributes
    ----------
    nbytes : int
        Bytes of memory that the events take, about.
    settled : bool
        Whether they stay as they are: in columns, or packed for want of memory.
    start : int
        The number of the first event, counted from the record's first.
    """

    __slots__ = (
        "_changing",
        "_columns",
        "_length",
        "_packed",
        "_received",
        "_texts",
        "nbytes",
        "settled",
        "start",
    )

    def __init__(
        self, texts: Sequence[str] = (), received: Sequence[int] = (), start: int = 0
    ) -> None:
        self.start = start
        self._changing = threading.Lock()
        self._texts: list[str] | None = list(texts)
        self._received: list[int] | Places = list(received)
        self._packed: bytes | None = None
        self._length = 0
        self._columns: pa.RecordBatch | None = None
        self.nbytes = 0
        self.settled = False

    def __len__(self) -> int:
        return len(self._received)

    @property
    def form(self) -> str:
        """What the events are now: ``text``, ``packed`` or ``columns``."""
        if self._columns is not None:
            return "columns"
        return "text" if self._packed is None else "packed"

    def since(self, moment: int) -> bool:
        """Tell whether any of the events was received at that microsecond or later."""
        return bool(len(self)) and int(max(self._received[0], self._received[-1])) >= moment

    def moments(self, last: int) -> list[int]:
        """Return when so many of the newest events were received."""
        return [int(one) for one in self._received[max(0, len(self) - last) :]]

    def add(self, texts: list[str], received: int) -> None:
        """Take further events in, the first read at `received`; for a block that is still text."""
        assert self._texts is not None
        assert isinstance(self._received, list)
        self._texts += texts
        self._received += range(received, received + len(texts))
        self.nbytes += sum(map(sys.getsizeof, texts)) + LINE * len(texts)

    def copy(self) -> Block:
        """Return a block of the same events, which stays as it is while this one grows."""
        assert self._texts is not None
        assert isinstance(self._received, list)
        return Block(self._texts, self._received)

    def part(self, first: int, most: int) -> Block | pa.RecordBatch:
        """Return some of the events, from the one at `first` on: in columns, if they are so."""
        with self._changing:
            if self._columns is not None:
                return self._columns.slice(first, most)
            some = slice(first, first + most)
            received = [int(one) for one in self._received[some]]
            return Block(self._unpacked()[some], received, self.start + first)

    def pack(self) -> None:
        """Compress the texts; none holds an empty line, so they come apart again."""
        with self._changing:
            if self._texts is None:
                return
            data = END.join(self._texts).encode()
            received = np.array(self._received, np.int64)
            self._length = len(data)
            # As bytes: Arrow's own buffer keeps the room that it had for the worst case.
            self._packed = pa.compress(data, codec="zstd", asbytes=True)
            self._received, self._texts = received, None
            self.nbytes = len(self._packed) + received.nbytes

    def columns(self) -> pa.RecordBatch:
        """Return the events in columns; they are made anew unless `keep` was told to keep them."""
        with self._changing:
            return self._columns or seal(self._unpacked(), self._received)

    def keep(self, columns: pa.RecordBatch) -> None:
        """Hold the events in these columns from now on."""
        with self._changing:
            self._columns, self._texts, self._packed = columns, None, None
            self.nbytes = size_of(columns)
            self.settled = True

    def _unpacked(self) -> list[str]:
        if self._texts is not None:
            return self._texts
        data = pa.decompress(self._packed, self._length, codec="zstd", asbytes=True)
        texts: list[str] = data.decode().split(END)
        return texts


def size_of(columns: pa.RecordBatch) -> int:
    """Return about how many bytes of memory columns take."""
    return int(columns.get_total_buffer_size()) + COLUMN * int(columns.num_columns)
