"""The clock that gives the time to all parts which need it: this machine's, or a replay's."""

from __future__ import annotations

import time
from datetime import UTC, datetime


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

    def hold(self, calls: int, worker: object) -> None:
        """Note that a worker has to make so many calls before the time moves on."""

    def release(self, calls: int, worker: object) -> None:
        """Note that a worker will not make so many of the calls for which the time is held."""

    def began(self, worker: object) -> None:
        """Note that a worker begins one of its calls now, on the calling thread."""

    def ended(self, worker: object) -> None:
        """Note that the call which a worker began on the calling thread has returned."""


#: This machine's clock.
MACHINE = SystemClock()
