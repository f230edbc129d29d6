"""Primings of the live state, which ask for all lists, and the pauses between them."""

from __future__ import annotations

import time

#: Seconds between a second priming and a third one, which are doubled as long as more follow.
FIRST, MOST = 0.5, 20.0
CALM = 60.0  # seconds without a further one, after which the pauses are short again


class Priming:
    """One priming; answers to an earlier one do not count for a later one.

    Parameters
    ----------
    trackers : int
        How many trackers ask.
    """

    def __init__(self, trackers: int) -> None:
        self._waiting = trackers

    def is_last(self) -> bool:
        """Note that a tracker has its answers, and tell whether it was the last one."""
        self._waiting -= 1
        return not self._waiting


class PrimingPauses:
    """The pauses between two primings of a connection.

    A caller can choose his number so that each list that names him counts as garbled. Without a
    pause, such a list would be asked for again and again as long as he is there.
    """

    def __init__(self) -> None:
        self._pause = 0.0
        self._next = 0.0

    @property
    def are_over(self) -> bool:
        """Whether the next priming may begin now."""
        return time.monotonic() >= self._next

    def begin(self) -> None:
        """Note that a priming begins."""
        is_calm = time.monotonic() > self._next + CALM
        self._pause = 0.0 if is_calm else min(max(FIRST, 2 * self._pause), MOST)

    def end(self) -> None:
        """Note that a priming is over."""
        self._next = time.monotonic() + self._pause

    def forget(self) -> None:
        """Begin anew, since the connection is lost: the next one is primed at once."""
        self._pause = self._next = 0.0
