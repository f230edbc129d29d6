"""The record of a replay: the events of its tape up to the present moment of the replay."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa

from ast_notebook.clock import SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.recording import Archive, Record
from ast_notebook.recording.block import Block
from ast_notebook.replay.tape import Tape


class TapeBlock(Block):
    """The events of one piece of a tape up to a moment, which are read only when needed.

    Parameters
    ----------
    tape : Tape
    piece : int
        The number of the piece.
    shown : int
        How many of its events are in the block.
    start : int
        The number of the first, counted from the record's first.
    skipped : int
        How many events of the piece come before the first one in the block.
    """

    __slots__ = ("_piece", "_shown", "_skipped", "_tape")

    def __init__(self, tape: Tape, piece: int, shown: int, start: int, skipped: int = 0) -> None:
        super().__init__(start=start)
        self.settled = True
        self._tape = tape
        self._piece = piece
        self._shown = shown
        self._skipped = skipped

    def __len__(self) -> int:
        return self._shown

    @property
    def form(self) -> str:
        """The form of the events."""
        return "columns"

    def since(self, moment: int) -> bool:
        """Tell whether events of the block may have been received at that microsecond or later."""
        return self._shown > 0 and self._tape.pieces[self._piece].last >= moment

    def moments(self, last: int) -> list[int]:
        """Return the receive times of the `last` newest events."""
        received = self.columns()["received"].to_numpy()
        return [int(one) for one in received[max(0, len(received) - last) :]]

    def copy(self) -> Block:
        """Return the block itself, which does not change."""
        return self

    def part(self, first: int, most: int) -> Block | pa.RecordBatch:
        """Return at most `most` events, beginning with the one at `first`."""
        return self.columns().slice(first, most)

    def columns(self) -> pa.RecordBatch:
        """Return the events in columns."""
        shown = [part.shown for part in self._tape.parts(self._piece)]
        table = pa.Table.from_batches(shown).slice(self._skipped, self._shown).combine_chunks()
        return table.to_batches()[0] if len(table) else shown[0].slice(0, 0)


class ReplayedRecord(Record):
    """The events of a tape from a moment up to the present moment of a replay.

    They are read from the tape only when needed, so they take no memory.

    Parameters
    ----------
    tape : Tape
    since : int
        The first moment, in microseconds since 1970 UTC.
    clock : SystemClock
    """

    def __init__(self, tape: Tape, since: int, clock: SystemClock) -> None:
        super().__init__(tape.server, clock=clock)
        self._tape = tape
        self._moving = threading.Lock()
        self._now: list[Block] = [Block()]
        self._first = tape.piece_at(since)
        before = np.searchsorted(self._received(self._first), since, "left")
        self._skipped = int(before)
        self._behind: tuple[int, list[Block], int] | None = None  # blocks of the pieces before one

    def _received(self, piece: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        parts = self._tape.parts(piece)
        found: np.ndarray[tuple[int], np.dtype[np.int64]] = np.concatenate(
            [part.shown["received"].to_numpy() for part in parts]
        )
        return found

    def move(self, piece: int, shown: int) -> None:
        """Go to a place on the tape: after so many events of a piece."""
        if self._behind is None or self._behind[0] != piece:
            blocks: list[Block] = []
            start = 0
            for number in range(self._first, piece):
                count = self._tape.pieces[number].shown - self._skipped_of(number)
                if count > 0:
                    skipped = self._skipped_of(number)
                    blocks.append(TapeBlock(self._tape, number, count, start, skipped))
                    start += count
            self._behind = (piece, blocks, start)
        _, blocks, start = self._behind
        skipped = self._skipped_of(piece)
        count = shown - skipped if piece >= self._first else 0
        now = [TapeBlock(self._tape, piece, count, start, skipped)] if count > 0 else []
        with self._moving:
            self._now = [*blocks, *now, Block(start=start + max(0, count))]

    def _skipped_of(self, piece: int) -> int:
        """Return how many events of a piece came before the first moment."""
        return self._skipped if piece == self._first else 0

    def _kept(self) -> list[Block]:
        with self._moving:
            return self._now

    def __len__(self) -> int:
        return sum(map(len, self._kept()))

    @property
    def end(self) -> int:
        """The number of the event that comes next."""
        return len(self)

    def moments(self, last: int) -> list[int]:
        """Return the receive times of the newest events, in microseconds since 1970 UTC."""
        found: list[int] = []
        for block in reversed(self._kept()):
            if len(found) >= last:
                break
            found = [*block.moments(last - len(found)), *found]
        return found

    def clear(self) -> int:
        """Do nothing: the events belong to the record that is replayed."""
        return 0

    def to(self, *args: object, **kwargs: object) -> Archive:
        """Refuse to record, since the events of a replay are recorded already.

        Raises
        ------
        ConfError
        """
        raise ConfError("a replay is not recorded: its events are in its record already")
