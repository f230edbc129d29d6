"""The calls that wait until a worker makes them, in their order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from ast_notebook.clock import SystemClock

#: It makes a call's arguments of what was put, when the call is made.
Arguments = Callable[[Any], tuple[Any, ...]]


class WaitingCalls:
    """A queue of calls, which any thread may fill and empty.

    What was put is kept as it is, and no further objects are made for it: in a flood, each object
    costs time, above all in the garbage collector.
    """

    def __init__(self) -> None:
        self._runs: deque[tuple[SystemClock, Arguments, deque[Any]]] = deque()
        # It is held for a few instructions. It is reentrant, since user code that the garbage
        # collector runs meanwhile may put calls.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return sum(len(calls) for _, _, calls in tuple(self._runs))

    def put(self, clock: SystemClock, calls: Iterable[Any], arguments: Arguments) -> None:
        """Add calls at the end; those with the same clock and `arguments` are kept together."""
        with self._lock:
            last = self._runs[-1] if self._runs else None
            if last is not None and last[0] is clock and last[1] is arguments:
                last[2].extend(calls)
            else:
                self._runs.append((clock, arguments, deque(calls)))

    def take(self) -> tuple[SystemClock, tuple[Any, ...]]:
        """Remove the first call, and return its clock and its arguments.

        Raises
        ------
        IndexError
            If no call waits.
        """
        while True:
            clock, arguments, calls = self._runs[0]
            try:
                call = calls.popleft()
            except IndexError:
                self._remove(calls)
            else:
                return clock, arguments(call)

    def _remove(self, calls: deque[Any]) -> None:
        """Remove the first run of calls if all of it was taken, and nothing was added meanwhile."""
        with self._lock:
            if not calls and self._runs and self._runs[0][2] is calls:
                self._runs.popleft()
