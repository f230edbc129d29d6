"""The record of a PBX that is watched: events that come in columns from another one's archive."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ast_notebook.errors import ConfError
from ast_notebook.recording import Archive, Record
from ast_notebook.recording.block import Block
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.record import BLOCK
from ast_notebook.replay.tape import Piece


class WatchedRecord(Record):
    """A `Record` within a budget of memory, whose events come in columns."""

    def take(self, events: pa.RecordBatch) -> None:
        """Keep events in columns like those of `batch_of`; small blocks are joined now and then."""
        if not len(events):
            return
        with self._lock:
            end = self._open.start
            self._blocks.append(Block.of(events, end))
            self._open = Block(start=end + len(events))
            blocks = self._blocks
            while len(blocks) > 1 and self._are_to_be_joined(blocks[-2], blocks[-1]):
                last = blocks.pop()
                first = blocks.pop()
                blocks.append(Block.of(joined([first.columns(), last.columns()]), first.start))
            self._keep_within()

    @staticmethod
    def _are_to_be_joined(first: Block, second: Block) -> bool:
        return len(first) <= 2 * len(second) and len(first) + len(second) <= BLOCK

    def add(self, texts: list[str], received: int) -> None:
        """Keep the texts of events of our own, such as ``SessionLost``."""
        self.take(batch_of(texts, np.arange(received, received + len(texts), dtype=np.int64)))

    def to(self, *args: object, **kwargs: object) -> Archive:
        """Refuse to record what is recorded already.

        Raises
        ------
        ConfError
        """
        raise ConfError("a PBX that is watched is recorded already, by another process")


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return several batches as one, which has the columns of all."""
    received = np.concatenate([batch["received"].to_numpy() for batch in batches])
    (part,) = Piece(received, [], [], lambda: batches).parts()
    return part.batch
