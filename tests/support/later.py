"""A clock for tests: it goes on when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.callbacks.later import Later


class Hand(Later):
    """Calls functions when a test moves the hand of its clock."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        super().__init__()
        self.now = now
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        """Return what its hand shows."""
        return self.now

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        one = (self.now + seconds, function)
        self.waiting.append(one)
        return lambda: self.waiting.remove(one) if one in self.waiting else None

    def move(self, seconds: float) -> None:
        """Let so many seconds go by, and call what is due in the order of its time."""
        end = self.now + seconds
        while due := sorted((one for one in self.waiting if one[0] <= end), key=lambda one: one[0]):
            self.waiting.remove(due[0])
            self.now = due[0][0]
            due[0][1]()
        self.now = end
