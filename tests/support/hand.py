"""A clock for tests: it goes on when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.clock import SystemClock


class Hand(SystemClock):
    """Tells a time of its own, and calls functions when a test moves its hand."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.seconds = now
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.seconds

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        one = (self.seconds + seconds, function)
        self.waiting.append(one)
        return lambda: self.waiting.remove(one) if one in self.waiting else None

    def move(self, seconds: float) -> None:
        """Let so many seconds go by, and call what is due in the order of its time."""
        end = self.seconds + seconds
        while due := sorted((one for one in self.waiting if one[0] <= end), key=lambda one: one[0]):
            self.waiting.remove(due[0])
            self.seconds = due[0][0]
            due[0][1]()
        self.seconds = end
