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

IDLE = 5.0  # seconds without planned calls after which the thread of `call` ends
LONGEST = 86_400.0  # seconds of one wait; a lock waits for 292 years at most
MANY = 100  # cancelled calls that are kept until their time comes


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
        """Plan the call of a function after so many seconds; the returned function cancels it.

        The function must be short, and run no code of the user's: it puts calls on workers' queues.
        """
        return _alarms.call(seconds, function)

    def hold(self, calls: int, worker: object) -> None:
        """Note that a worker has to make so many calls before the time moves on."""

    def release(self, calls: int, worker: object) -> None:
        """Note that a worker will not make so many of its calls, so that the time does not wait."""

    def began(self, worker: object) -> None:
        """Note that a worker begins one of its calls now, on the calling thread."""

    def ended(self, worker: object) -> None:
        """Note that the call which a worker began on the calling thread has returned."""


class Alarms:
    """Calls functions after a delay, on the thread ``ast-later``, which runs while it has any."""

    def __init__(self) -> None:
        self._times: list[tuple[float, int]] = []  # a heap, in which cancelled calls stay a while
        self._calls: dict[int, Callable[[], object]] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        """Plan the call of a function; the returned function cancels it."""
        with self._changed:
            number = next(self._numbers)
            self._calls[number] = function
            heapq.heappush(self._times, (time.monotonic() + max(0.0, seconds), number))
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="ast-later", daemon=True)
                thread.start()  # it may raise, and the next call tries again
                self._thread = thread
            self._changed.notify()
        return lambda: self._cancel(number)

    def _cancel(self, number: int) -> None:
        with self._changed:
            if self._calls.pop(number, None) is None:
                return
            if len(self._times) > 2 * len(self._calls) + MANY:
                self._times = [one for one in self._times if one[1] in self._calls]
                heapq.heapify(self._times)
            self._changed.notify()

    def _run(self) -> None:
        while (function := self._next()) is not None:
            call_alone(function)

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next call, and return it; None after some time without planned calls."""
        with self._changed:
            while True:
                while self._times and self._times[0][1] not in self._calls:
                    heapq.heappop(self._times)
                if not self._times:
                    if not self._changed.wait(IDLE) and not self._calls:
                        self._thread = None
                        return None
                    continue
                pause = self._times[0][0] - time.monotonic()
                if pause <= 0:
                    return self._calls.pop(heapq.heappop(self._times)[1])
                self._changed.wait(min(pause, LONGEST))


def call_alone(function: Callable[[], object]) -> None:
    """Call a function whose time has come; its error is only logged."""
    try:
        function()
    except BaseException:  # other calls are made all the same
        logger.exception("a delayed call failed")


_alarms = Alarms()

#: This machine's clock.
MACHINE = SystemClock()
_here = threading.local()


def work_at(clock: SystemClock) -> None:
    """Note at which clock's time the calling thread works from now on.

    What works at the time of a replay sends nothing to a PBX.
    """
    _here.clock = clock


def working_at(otherwise: SystemClock = MACHINE) -> SystemClock:
    """Return the clock of the replay for which the calling thread works.

    If it works for none, `otherwise` is returned.
    """
    clock: SystemClock = getattr(_here, "clock", MACHINE)
    return otherwise if clock is MACHINE else clock


class AtTimeOf:
    """Work at the time of a clock for a while, in a `with`; each change of an item does so."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._former = working_at()
        work_at(self._clock)

    def __exit__(self, *_: object) -> None:
        work_at(self._former)
