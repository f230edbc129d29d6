"""A clock for lengths of time: it counts while the machine sleeps, and nobody can set it."""

from __future__ import annotations

import time

# Linux counts sleep by the first clock only; macOS has the second one only, which counts sleep.
# Windows has neither, and what Python calls monotonic there counts sleep.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Return the seconds since a moment that stays the same; only differences mean something."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
