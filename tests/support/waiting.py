"""Waiting in tests: for a condition, with patience, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(look: Callable[[], Value | None], seconds: float = 60.0) -> Value:
    """Return what `look` gives as soon as it is true; fail with what it gave last."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: still {found!r}")
        time.sleep(0.02)
    return found


def stays(look: Callable[[], object], seconds: float = 0.5) -> bool:
    """Tell whether `look` stays true for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not look():
            return False
        time.sleep(0.02)
    return True
