"""The publisher: one thread of a kernel that sends the changes of all panels to the browser."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

logger = logging.getLogger(__name__)

THREAD = "ast-publish"
TIMEOUT = 1.0  # seconds that `remove` waits for the thread to end


class Published(Protocol):
    """A panel, as the publisher calls it."""

    def publish(self) -> float:
        """Send the changes, and return the seconds until it should be called again."""


class Publisher:
    """Calls each panel when it is due, on a thread that runs as long as there are panels."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._due: dict[Published, float] = {}
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._due)

    def add(self, panel: Published) -> None:
        """Add a panel; the first one starts the thread."""
        with self._wake:
            self._due[panel] = 0.0
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                thread.start()  # it may raise, and the next panel tries again
                self._thread = thread
            self._wake.notify()

    def remove(self, panel: Published) -> None:
        """Remove a panel; with the last one the thread ends, and this waits for it."""
        with self._wake:
            self._due.pop(panel, None)
            thread = None if self._due else self._thread
            self._wake.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(TIMEOUT)

    def wake(self, panel: Published) -> None:
        """Call a panel at once."""
        with self._wake:
            if panel in self._due:
                self._due[panel] = 0.0
                self._wake.notify()

    def _run(self) -> None:
        while (panel := self._next()) is not None:
            try:
                pause = panel.publish()
            except BaseException:  # an item's value may be of a user's class
                logger.exception("a panel could not be brought up to date")
                pause = 1.0
            with self._wake:
                if self._due.get(panel) == float("inf"):  # otherwise it was woken meanwhile
                    self._due[panel] = time.monotonic() + pause

    def _next(self) -> Published | None:
        """Wait until a panel is due; None when there is none left."""
        with self._wake:
            while self._due:
                panel = min(self._due, key=lambda one: self._due[one])
                wait = self._due[panel] - time.monotonic()
                if wait <= 0:
                    self._due[panel] = float("inf")
                    return panel
                self._wake.wait(wait)
            self._thread = None
            return None
