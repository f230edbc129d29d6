"""The pages that show a panel, as far as the kernel knows them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

# A browser repeats that a page is visible, since a crashed browser cannot say that it is not.
LEASE = 75.0
MOST = 200  # pages at most, since pages choose their names themselves
EVERYONE = "*"
WHO_HAS_NONE = "?"
PRESUMED = 60.0  # a new panel counts as visible for so long, until its browser answers


class Views:
    """The browser pages that show a panel now, each by its own name.

    While a cell runs, the kernel may get no messages from the browser. Meanwhile no view expires,
    and a panel that was just displayed counts as visible.

    Attributes
    ----------
    heard : bool
        Whether any page ever sent a message.
    """

    def __init__(self) -> None:
        self.heard = False
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._visible: dict[str, float] = {}
        self._presumed = 0.0

    def shown(self) -> None:
        """Note that the panel was just displayed."""
        self._presumed = time.monotonic() + PRESUMED

    def hello(self, view: str) -> None:
        """Note a page that wants a snapshot; a page may not have the name ``EVERYONE``."""
        with self._lock:
            self.heard = True
            if view != EVERYONE and self._has_room(view):
                self._visible[view] = time.monotonic() + LEASE
                self._waiting.add(view)

    def want(self, view: str) -> None:
        """Request a snapshot for a page, or for ``EVERYONE``."""
        with self._lock:
            self._waiting.add(view)

    def visible(self, view: str, on: bool) -> None:
        """Note whether a page is visible."""
        with self._lock:
            self.heard = True
            if on and self._has_room(view):
                self._visible[view] = time.monotonic() + LEASE
            elif not on:
                self._visible.pop(view, None)
                self._waiting.discard(view)

    def _has_room(self, view: str) -> bool:
        if view not in self._visible and len(self._visible) >= MOST:
            now = time.monotonic()
            self._visible = {name: until for name, until in self._visible.items() if until > now}
        return view in self._visible or len(self._visible) < MOST

    def take_waiting(self) -> set[str]:
        """Return the pages that want a snapshot, each once."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
            return waiting

    def is_due(self, *, pages_from: float) -> bool:
        """Tell whether somebody waits for a snapshot that may be sent now.

        Parameters
        ----------
        pages_from : float
            The moment (`time.monotonic`) from which pages may have one. If the kernel itself asked
            for one, for ``EVERYONE``, it may be sent before that moment, too.
        """
        with self._lock:
            is_asked = bool(self._waiting) and time.monotonic() >= pages_from
            return is_asked or EVERYONE in self._waiting

    def any(self, *, deaf_until: float) -> bool:
        """Tell whether any page is visible.

        Parameters
        ----------
        deaf_until : float
            The moment (`time.monotonic`) until which messages may not have reached the kernel.
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
    """Tells whether a cell runs; meanwhile the kernel may get no messages from the browser."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._when_ended: Callable[[], None] | None = None
        self._running = False
        self._ended = float("-inf")

    @property
    def running(self) -> bool:
        """Whether a cell runs now."""
        return self._running

    @property
    def until(self) -> float:
        """When the last cell ended (`time.monotonic`); while a cell runs, the present moment."""
        return time.monotonic() if self._running else self._ended

    def follow(self, shell: Any, ended: Callable[[], None] | None = None) -> None:
        """Register with IPython; None means that there is no IPython.

        `ended` is called at the end of each cell.
        """
        if shell is None or self._shell is shell:
            return
        self.leave()
        self._shell, self._when_ended = shell, ended
        self._running = threading.current_thread() is threading.main_thread()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def leave(self) -> None:
        """Unregister."""
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.events.unregister("pre_run_cell", self._begin)
            shell.events.unregister("post_run_cell", self._end)
        self._running = False

    def _begin(self, info: object) -> None:
        self._running = True

    def _end(self, result: object) -> None:
        self._running, self._ended = False, time.monotonic()
        if self._when_ended is not None:
            self._when_ended()
