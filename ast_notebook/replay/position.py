"""The place on its tape at which a replay is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ast_notebook.replay.tape import Part, Tape


class Position:
    """A place on a tape: after so many rows of a part of a piece.

    Parameters
    ----------
    tape : Tape
    moved : callable
        It is called with the number of a piece, and how many of its events were passed.
    """

    def __init__(self, tape: Tape, moved: Callable[[int, int], None]) -> None:
        self.tape = tape
        self._moved = moved
        self._piece = 0
        self._part = 0
        self._row = 0

    def seek(self, moment: int) -> None:
        """Go to the place after the last row at or before `moment`."""
        self._piece = self.tape.piece_at(moment)
        parts = self.tape.parts(self._piece)
        self._part = self._row = 0
        for number, part in enumerate(parts):
            rows = int(np.searchsorted(part.moments, moment, "right"))
            self._part, self._row = number, rows
            if rows < len(part.moments):
                break
        self._tell()

    def until(self, moment: int) -> Iterator[tuple[Part, int, int]]:
        """Yield the parts with rows up to a moment, each with its first row and the end row."""
        while self._piece < len(self.tape.pieces):
            if self._row == 0 and self._part == 0 and self.tape.pieces[self._piece].first > moment:
                return
            parts = self.tape.parts(self._piece)
            while self._part < len(parts):
                part = parts[self._part]
                end = int(np.searchsorted(part.moments, moment, "right"))
                if end > self._row:
                    yield part, self._row, end
                if end < len(part.moments):
                    return
                self._part, self._row = self._part + 1, 0
            if self._piece == len(self.tape.pieces) - 1:
                self._part, self._row = len(parts) - 1, len(parts[-1].moments)
                return
            self._piece, self._part, self._row = self._piece + 1, 0, 0

    def move(self, part: Part, row: int) -> None:
        """Go to a row of the part that was yielded last."""
        self._row = row
        self._tell()

    def _tell(self) -> None:
        parts = self.tape.parts(self._piece)
        shown = sum(len(part.shown) for part in parts[: self._part])
        self._moved(self._piece, shown + int(parts[self._part].before[self._row]))

    @property
    def next_moment(self) -> int | None:
        """The moment of the next row; None at the end of the tape."""
        for part, first, _ in Position.until(self._copy(), self.tape.last + 1):
            return int(part.moments[first])
        return None

    def _copy(self) -> Position:
        other = Position(self.tape, lambda piece, shown: None)
        other._piece, other._part, other._row = self._piece, self._part, self._row
        return other
