"""Decides how long to wait between tries to connect, to avoid overload and a ban."""

from __future__ import annotations

import random
import threading

from ast_notebook.errors import LoginRefused

FIRST = 0.5  # seconds; each further pause is twice as long
LONGEST = 30.0
SPREAD = 0.5  # seconds at most that are added at random, since many clients lose a PBX at once
STEADY = 10.0  # seconds that a connection must last for the next try to be made at once
# Pauses after logins that were refused one after the other: fail2ban bans an address that fails
# five times in ten minutes, and Asterisk may log two lines for each.
REFUSED = (30.0, 600.0, 1800.0)


class Pauses:
    """The pauses of one session; failed tries and connections that did not last lengthen them.

    Attributes
    ----------
    refused : int
        How many logins were refused since the last successful one.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._failed = 0
        self._short = 0
        self._over = threading.Event()
        self._ended = False

    def failed(self, error: BaseException) -> float:
        """Return the seconds until the next try, after a try that failed."""
        self._failed += 1
        # A login that is refused only as already in use is not banned; Asterisk accepts it once it
        # notices that the old connection broke.
        if isinstance(error, LoginRefused) and not error.is_in_use:
            self.refused += 1
            return REFUSED[min(self.refused, len(REFUSED)) - 1]
        return self._behind()

    def lost(self, lasted: float) -> float:
        """Return the seconds until the next try, after a connection that lasted so many seconds.

        After the first connection that broke soon, the next try comes at once; after further ones
        there is a pause, whichever side broke them.
        """
        self._short = self._short + 1 if lasted < STEADY else 0
        return self._behind()

    def stands(self) -> None:
        """Note that the connection is up."""
        self.refused = self._failed = 0
        if not self._ended:
            self._over.clear()

    def _behind(self) -> float:
        misses = self._failed + max(0, self._short - 1)
        if not misses:
            return 0.0
        pause: float = min(LONGEST, FIRST * 2 ** min(misses - 1, 10))
        return pause + random.uniform(0, SPREAD)  # noqa: S311, no secret hangs on it

    def wait(self, seconds: float) -> None:
        """Wait for so many seconds, or until `hurry` or `end` is called."""
        self._over.wait(seconds)
        if not self._ended:
            self._over.clear()

    def hurry(self) -> None:
        """End the current pause, or skip the next one."""
        self._over.set()

    def end(self) -> None:
        """End all pauses."""
        self._ended = True
        self._over.set()
