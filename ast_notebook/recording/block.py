"""A block of events: as they came, packed while more pour in, in columns when there is time."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ast_notebook.recording.columns import Places, seal

TEXT = 650  # bytes that an event takes while it is text, as measured
COLUMN = 2500  # bytes that a column takes beside its values: schema, buffers' headers
_END = "\r\n\r\n"


class Block:
    """Events in their order, in the least memory that there was time for.

    Packing costs a fiftieth of putting into columns and saves nine tenths of the memory, so that
    the record keeps up with any flood; columns are made later, or when somebody wants to see them.
    """

    __slots__ = ("_changing", "_columns", "_packed", "_received", "_size", "_texts")

    def __init__(self, texts: Sequence[str] = (), received: Sequence[int] | Places = ()) -> None:
        self._changing = threading.Lock()
        self._texts: list[str] | None = list(texts)
        self._received: list[int] | Places = list(received)
        self._packed: pa.Buffer | None = None
        self._size = 0
        self._columns: pa.RecordBatch | None = None

    def __len__(self) -> int:
        return len(self._received)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the events take, about."""
        columns, packed = self._columns, self._packed
        if columns is not None:
            return int(columns.get_total_buffer_size()) + COLUMN * columns.num_columns
        if packed is not None:
            return int(packed.size) + 8 * len(self._received)
        return TEXT * len(self._received)

    @property
    def form(self) -> str:
        """What the events are now: ``text``, ``packed`` or ``columns``."""
        if self._columns is not None:
            return "columns"
        return "text" if self._packed is None else "packed"

    def add(self, texts: list[str], received: int) -> None:
        """Take further events in, read at `received`; for a block that is still text."""
        assert self._texts is not None
        assert isinstance(self._received, list)
        self._texts += texts
        self._received += [received] * len(texts)

    def copy(self, last: int | None = None) -> Block:
        """Return a block of the same events, or of so many of the newest."""
        assert self._texts is not None
        start = 0 if last is None else max(0, len(self) - last)
        return Block(self._texts[start:], self._received[start:])

    def pack(self) -> None:
        """Compress the texts; none holds an empty line, so they come apart again."""
        with self._changing:
            if self._texts is None:
                return
            data = _END.join(self._texts).encode()
            received = np.array(self._received, np.int64)
            self._size = len(data)
            self._packed = pa.compress(data, codec="zstd")
            self._received, self._texts = received, None

    def columns(self) -> pa.RecordBatch:
        """Return the events in columns, and keep them so."""
        with self._changing:
            if self._columns is None:
                self._columns = seal(self._unpacked(), self._received)
                self._texts = self._packed = None
            return self._columns

    def _unpacked(self) -> list[str]:
        if self._texts is not None:
            return self._texts
        data = pa.decompress(self._packed, self._size, codec="zstd", asbytes=True)
        texts: list[str] = data.decode().split(_END)
        return texts
