"""A clock for lengths of time: it counts while the machine sleeps, and nobody can set it."""

from __future__ import annotations

import time

# Each of these clocks goes on while the machine sleeps: CLOCK_BOOTTIME on Linux, CLOCK_MONOTONIC on
# macOS (on Linux, that one stops), and on Windows, which has neither, Python's own monotonic.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Return the seconds since a moment that stays the same; only differences mean something."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
