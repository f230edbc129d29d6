"""Rows of our own, such as marks of the live state, that wait until an archive writes them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MOST = 16_000_000  # letters that wait at most, while the disk refuses them
_WHOLE = "Event: LiveState\r\n"  # how a mark begins that needs none before it


class WaitingNotes:
    """Texts of rows, with their moments; any thread puts them, one thread writes them.

    If too many wait, the oldest are left out up to a whole state, since a change means nothing
    without the changes before it.
    """

    def __init__(self) -> None:
        self._notes: deque[tuple[int, str]] = deque()
        self._letters = 0
        self._left_out = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._notes)

    @property
    def letters(self) -> int:
        """How many letters wait."""
        return self._letters

    def put(self, text: str, at: int) -> None:
        """Add the text of a row that was made at a moment in microseconds since 1970 UTC."""
        with self._lock:
            self._notes.append((at, text))
            self._letters += len(text)
            if self._letters > MOST:
                self._left_out = True
                while self._notes and (self._letters > MOST or not self._begins_whole()):
                    self._letters -= len(self._notes.popleft()[1])

    def _begins_whole(self) -> bool:
        return self._notes[0][1].startswith(_WHOLE)

    def take_left_out(self) -> bool:
        """Tell whether any were left out since the last time."""
        with self._lock:
            left_out, self._left_out = self._left_out, False
            return left_out

    def write(self, write: Callable[[str, int], None]) -> None:
        """Write all, the oldest first; the one at which `write` raises is kept."""
        while True:
            with self._lock:
                if not self._notes:
                    return
                note = at, text = self._notes[0]
            write(text, at)
            with self._lock:
                # It may have been left out meanwhile.
                if self._notes and self._notes[0] is note:
                    self._notes.popleft()
                    self._letters -= len(text)
