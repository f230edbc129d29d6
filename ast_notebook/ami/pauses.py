"""How long a session waits between its tries to connect: not to storm, and not to be banned."""

from __future__ import annotations

import threading

import tenacity

from ast_notebook.errors import LoginRefused

LONGEST = 30.0
# Behind logins that were refused one after the other: fail2ban bans who fails five times in ten
# minutes, and Asterisk's log may have two lines of each.
REFUSED = (30.0, 600.0, 1800.0)

_NETWORK = tenacity.wait_exponential(multiplier=0.5, max=LONGEST) + tenacity.wait_random(0, 0.5)


class Pauses:
    """The pauses of one session.

    Attributes
    ----------
    refused : int
        How many logins were refused since the last that was not.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._over = threading.Event()
        self._ended = False

    def behind(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds until the next try: many, where the PBX does not want the login."""
        error = state.outcome.exception() if state.outcome else None
        # Who is only in his own way is not banned, and let in once Asterisk notices the broken end.
        if isinstance(error, LoginRefused) and not error.is_in_use:
            self.refused += 1
            return REFUSED[min(self.refused, len(REFUSED)) - 1]
        return float(_NETWORK(state))

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until `hurry` or `end`."""
        self._over.wait(seconds)
        if not self._ended:
            self._over.clear()

    def hurry(self) -> None:
        """End the pause under way, or leave out the next one."""
        self._over.set()

    def reset(self) -> None:
        """Begin anew, as the connection stands."""
        self.refused = 0
        if not self._ended:
            self._over.clear()

    def end(self) -> None:
        """End all pauses."""
        self._ended = True
        self._over.set()
