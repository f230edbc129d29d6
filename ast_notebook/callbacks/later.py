"""Calls functions after a delay, all on one thread; an object with another clock can replace it."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

IDLE = 5.0  # seconds without planned calls after which the thread ends


class Later:
    """Calls functions after a delay, on the thread ``ast-later``.

    The thread runs while calls are planned.

    The functions must be short, and run no code of the user's: they put calls on workers' queues.
    Code that needs a delay gets such an object as a parameter, so that a replay can give it one
    with another clock.
    """

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def time(self) -> float:
        """Return the seconds since 1970 UTC."""
        return time.time()

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        """Plan the call of a function after so many seconds; the returned function cancels it."""
        with self._changed:
            number = next(self._numbers)
            heapq.heappush(self._calls, (time.monotonic() + max(0.0, seconds), number, function))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ast-later", daemon=True)
                self._thread.start()
            self._changed.notify()
        return lambda: self._cancel(number)

    def _cancel(self, number: int) -> None:
        with self._changed:
            before = len(self._calls)
            self._calls = [one for one in self._calls if one[1] != number]
            heapq.heapify(self._calls)
            if len(self._calls) != before:
                self._changed.notify()

    def _run(self) -> None:
        while (function := self._next()) is not None:
            try:
                function()
            except Exception:  # other calls are made all the same
                logger.exception("a delayed call failed")

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next call, and return it; None after some time without planned calls."""
        with self._changed:
            while True:
                if not self._calls:
                    if not self._changed.wait(IDLE) and not self._calls:
                        self._thread = None
                        return None
                    continue
                pause = self._calls[0][0] - time.monotonic()
                if pause <= 0:
                    return heapq.heappop(self._calls)[2]
                self._changed.wait(pause)


#: The object that is used by default.
LATER = Later()
