"""What a callback has heard of a flood: whether a number is missing, and how late each one was."""

from __future__ import annotations

import threading
import time
from typing import Any

from tests.bench.flooding import END, EVENT

_A_SECOND = 10_000  # steps of a lag
_LONGEST = 60 * _A_SECOND


class Tally:
    """Counts the events of one flood, in the order in which a callback gets them.

    Attributes
    ----------
    heard : int
        Events of the flood.
    missing, again : int
        Numbers left out, and numbers not higher than the one before.
    sent : int or None
        How many there were, once the flood has ended.
    over : threading.Event
        Set when it has.
    """

    def __init__(self) -> None:
        self.heard = self.missing = self.again = 0
        self.sent: int | None = None
        self.over = threading.Event()
        self.began: tuple[float, float] | None = None  # seconds, and seconds of the processor
        self._next = 0
        self._latest = self._slowest = 0.0
        self._lags = [0] * (_LONGEST + 1)

    def hear(self, event: Any, read: float | None = None) -> None:
        """Take an event in, of whatever library: it only has to give headers by their names.

        `read` is when it was read from the connection, where the library says so.
        """
        kind = event["UserEvent"]
        if kind == EVENT:
            number = int(event["Number"])
            now = time.time()
            lag = now - float(event["Timestamp"])
            if read is not None and now - read > self._slowest:
                self._slowest = now - read
            if number != self._next:
                if number < self._next:
                    self.again += 1
                else:
                    self.missing += number - self._next
            self._next = number + 1
            self.heard += 1
            self._lags[min(_LONGEST, max(0, int(lag * _A_SECOND)))] += 1
            if lag > self._latest:
                self._latest = lag
            if self.began is None:
                self.began = time.monotonic(), time.process_time()
        elif kind == END:
            self.sent = int(event["Sent"])
            self.missing += self.sent - self._next
            self.over.set()

    def lags(self) -> dict[str, float]:
        """Return the lag in milliseconds of half of the events, of 99 of 100, and of all.

        ``inside`` is the longest that one took from being read to the callback.
        """
        return {
            "p50": self._lag(0.5),
            "p99": self._lag(0.99),
            "max": 1000 * self._latest,
            "inside": 1000 * self._slowest,
        }

    def _lag(self, share: float) -> float:
        lags = list(self._lags)
        wanted, found = share * sum(lags), 0
        for step, count in enumerate(lags):
            found += count
            if found >= wanted:
                return 1000 * (step + 1) / _A_SECOND
        return 0.0
