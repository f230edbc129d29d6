"""Who looks at a panel, as far as a kernel can know that."""

from __future__ import annotations

import threading
import time
from typing import Any

# A browser says again and again that it still looks: one that crashed cannot say that it stopped.
LEASE = 75.0
EVERYONE = "*"
WHO_HAS_NONE = "?"
PRESUMED = 60.0  # a panel just shown counts as seen for so long, until its browser speaks


class Views:
    """The browser pages that show a panel now, each by a name of its own.

    While a cell runs, the kernel may hear nothing from the browser: then no view runs out, and a
    panel just shown is presumed to be seen although nobody could say so yet.

    Attributes
    ----------
    heard : bool
        Whether any page ever spoke.
    """

    def __init__(self) -> None:
        self.heard = False
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._visible: dict[str, float] = {}
        self._presumed = 0.0

    def shown(self) -> None:
        """Take note that the panel was just displayed."""
        self._presumed = time.monotonic() + PRESUMED

    def hello(self, view: str) -> None:
        """Take note of a page that wants a snapshot."""
        with self._lock:
            self.heard = True
            self._visible[view] = time.monotonic() + LEASE
            self._waiting.add(view)

    def want(self, view: str) -> None:
        """Have a snapshot sent to a page, or to ``EVERYONE``."""
        with self._lock:
            self._waiting.add(view)

    def visible(self, view: str, on: bool) -> None:
        """Take note of a page that is looked at, or is not."""
        with self._lock:
            self.heard = True
            if on:
                self._visible[view] = time.monotonic() + LEASE
            else:
                self._visible.pop(view, None)
                self._waiting.discard(view)

    def take_waiting(self) -> set[str]:
        """Return who wants a snapshot, once."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
            return waiting

    def any(self, *, deaf_until: float) -> bool:
        """Tell whether anybody looks.

        Parameters
        ----------
        deaf_until : float
            Until when (`time.monotonic`) the kernel may have heard nothing from any browser.
        """
        now = time.monotonic()
        with self._lock:
            gone = [view for view, until in self._visible.items() if now > until]
            if gone and now - deaf_until > PRESUMED:
                for view in gone:
                    del self._visible[view]
            if self._visible:
                return True
        return not self.heard and now < max(self._presumed, deaf_until + PRESUMED)


class Busy:
    """Whether a cell runs, in which time the kernel may hear nothing from the browser."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._running = False
        self._ended = float("-inf")

    @property
    def running(self) -> bool:
        """Whether a cell runs now."""
        return self._running

    @property
    def until(self) -> float:
        """When (`time.monotonic`) the last cell ended: now, if one runs."""
        return time.monotonic() if self._running else self._ended

    def follow(self, shell: Any) -> None:
        """Be told by IPython; None, outside of it, tells nothing."""
        if shell is None or self._shell is shell:
            return
        self.leave()
        self._shell = shell
        self._running = threading.current_thread() is threading.main_thread()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def leave(self) -> None:
        """Be told no more."""
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.events.unregister("pre_run_cell", self._begin)
            shell.events.unregister("post_run_cell", self._end)
        self._running = False

    def _begin(self, info: object) -> None:
        self._running = True

    def _end(self, result: object) -> None:
        self._running, self._ended = False, time.monotonic()
