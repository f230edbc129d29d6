"""Checks timeouts that users give, and waits so that an interruption is seen."""

from __future__ import annotations

import numbers
import threading
import time

from ast_notebook.errors import ConfError

SLICE = 0.25  # seconds after which an interruption is seen at the latest
LONGEST = 2_000_000  # seconds, 23 days: Originate and the system count milliseconds in 31 bits


def seconds(given: object, what: str = "timeout", *, least: float | None = None) -> float:
    """Return a timeout as a number of seconds.

    Parameters
    ----------
    given : object
    what : str
        The name that error messages use.
    least : float, optional
        The least timeout that is allowed; by default, anything above 0.

    Raises
    ------
    ConfError
        If it is not a number, is too small, or is more than 23 days.
    """
    if isinstance(given, numbers.Real) and not isinstance(given, bool):
        number = float(given)
        if (number > 0 if least is None else number >= least) and number <= LONGEST:
            return number
    above = "above 0" if least is None else f"from {least:g}"
    raise ConfError(
        f"{what} = {given!r:.40} is not a number of seconds {above} to {LONGEST:,}: write one"
    )


def wait_for(event: threading.Event, limit: float | None = None) -> bool:
    """Wait until an event is set, for so many seconds at most; tell whether it is set.

    The system may hand the signal of an interruption to another thread. Then nothing wakes the
    thread that waits, and so it wakes by itself now and then.
    """
    deadline = None if limit is None else time.monotonic() + limit
    while True:
        left = SLICE if deadline is None else deadline - time.monotonic()
        if event.wait(max(0.0, min(SLICE, left))):
            return True
        if left <= 0:
            return False
