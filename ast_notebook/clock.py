"""The clock that gives the time to all parts which need it: this machine's, or a replay's."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

logger = logging.getLogger(__name__)

IDLE = 5.0  # seconds without a call to come after which the thread of `call` ends


class SystemClock:
    """The clock of this machine, and the base of the clock of a replay.

    The clock of a replay stands still while the user's functions run. So workers report the calls
    that they have to make; this machine's clock ignores that.
    """

    def time(self) -> float:
        """Return the seconds since 1970 UTC."""
        return time.time()

    def now(self) -> datetime:
        """Return the time in the zone of this machine."""
        return datetime.fromtimestamp(self.time(), UTC).astimezone()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(max(0.0, seconds))

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        """Call a function after so many seconds; the result cancels that.

        The function is short, and runs no code of the user's: it puts calls on workers' queues.
        """
        return _alarms.call(seconds, function)

    def hold(self, calls: int, worker: object) -> None:
        """Note that a worker has to make so many calls before the time moves on."""

    def release(self, calls: int, worker: object) -> None:
        """Note that a worker will not make so many of the calls for which the time is held."""

    def began(self, worker: object) -> None:
        """Note that a worker begins one of its calls now, on the calling thread."""

    def ended(self, worker: object) -> None:
        """Note that the call which a worker began on the calling thread has returned."""


class _Alarms:
    """Calls functions after a while, on a thread of its own, ``ast-later``, while it has any."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
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
            call_alone(function)

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next call; None once there has been none for a while."""
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


def call_alone(function: Callable[[], object]) -> None:
    """Call a function whose time has come; its error concerns no other."""
    try:
        function()
    except Exception:
        logger.exception("a call that waited for its time failed")


_alarms = _Alarms()

#: This machine's clock.
MACHINE = SystemClock()
