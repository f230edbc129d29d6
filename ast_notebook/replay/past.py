"""Finds the live state at any moment of a tape: from the last known whole state, forward."""

from __future__ import annotations

import bisect

import numpy as np
import pyarrow.compute as pc

from ast_notebook.ami import Event
from ast_notebook.live.saving import State
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.live import ReplayedLive, past_live
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.tape import Part, Tape, TapePlace

KEPT = 500  # states at most that are kept while a record without marks is read


class Past:
    """Finds the live state at a moment.

    Parameters
    ----------
    tape : Tape

    Attributes
    ----------
    has_marks : bool
        Whether the record holds whole states. If not, some of the states that were computed are
        kept here.
    has_lists : bool
        Whether the record holds lists of all channels.
    """

    def __init__(self, tape: Tape) -> None:
        self.has_marks = any(piece.marks for piece in tape.pieces)
        self.has_lists = any(piece.lists for piece in tape.pieces)
        self._tape = tape
        self._places: list[TapePlace] = []
        self._states: list[tuple[int, State]] = []  # moment and state at each of the places

    def at(self, moment: int) -> ReplayedLive:
        """Return the live state after all events up to a moment."""
        clock = ReplayClock(moment)
        ears, live = past_live(clock, has_marks=self.has_marks, has_lists=self.has_lists)
        begin = TapePlace(0, 0, 0)
        if self.has_marks:
            found = self._marked(moment)
            if found is not None:
                begin, mark = found
                live.hear_mark(mark)
        elif (whole := self._kept(moment)) is not None:
            begin, state = whole
            live.take(state)
        for place, part, end in self._tape.rows(begin, moment):
            batch = part.batch.slice(place.row, end - place.row)
            for event in events_of(batch, ears.is_wanted)[1]:
                ears.hear(event)
            if not self.has_marks and end == len(part.moments) and not live.is_listing:
                self._keep(TapePlace(place.piece, place.part + 1, 0), int(part.moments[-1]), live)
        clock.move(moment)
        return live

    def _marked(self, moment: int) -> tuple[TapePlace, Event] | None:
        """Return the place after the last mark with a whole state, and that mark."""
        for piece in range(self._tape.piece_at(moment), -1, -1):
            if not self._tape.pieces[piece].marks:
                continue
            parts = self._tape.parts(piece)
            for number in range(len(parts) - 1, -1, -1):
                rows = _whole_states(parts[number])
                rows = rows[parts[number].moments[rows] <= moment]
                if len(rows):
                    row = int(rows[-1])
                    batch = parts[number].batch.slice(row, 1)
                    event = events_of(batch, lambda name: True)[1][0]
                    return TapePlace(piece, number, row + 1), event
        return None

    def _kept(self, moment: int) -> tuple[TapePlace, State] | None:
        """Return the place of the last state that is kept from before a moment, and that state."""
        for place, (known, state) in zip(
            reversed(self._places), reversed(self._states), strict=True
        ):
            if known <= moment:
                return place, state
        return None

    def _keep(self, place: TapePlace, moment: int, live: ReplayedLive) -> None:
        number = bisect.bisect_left(self._places, place)
        if len(self._places) < KEPT and place not in self._places[number : number + 1]:
            self._places.insert(number, place)
            self._states.insert(number, (moment, live.state()))


def _whole_states(part: Part) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the rows of the marks with a whole state."""
    found = pc.equal(part.batch["event"], "LiveState").to_numpy(zero_copy_only=False)
    rows: np.ndarray[tuple[int], np.dtype[np.intp]] = np.flatnonzero(found)
    return rows
