"""Waits until a socket can be read; on Linux, another thread can have it look away meanwhile."""

from __future__ import annotations

import contextlib
import select
import selectors
import socket


class Lookout:
    """What a connection's reader waits for.

    On Linux, this is an epoll itself: each change of what it waits for is one call into C, which
    no KeyboardInterrupt cuts in two, and wakes no thread.

    Parameters
    ----------
    one : socket.socket

    Attributes
    ----------
    can_look_away : bool
        Whether this system has an epoll; without one, `look_away` does nothing.
    """

    can_look_away = hasattr(select, "epoll")

    def __init__(self, one: socket.socket) -> None:
        self._descriptor = one.fileno()
        self._waiting: select.epoll | selectors.BaseSelector
        if self.can_look_away:
            self._waiting = select.epoll()
        else:
            self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._descriptor, selectors.EVENT_READ)

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds at most; return whether the socket can be read, or has ended."""
        if isinstance(self._waiting, selectors.BaseSelector):
            return bool(self._waiting.select(seconds))
        return bool(self._waiting.poll(seconds, 1))

    def look_away(self) -> None:
        """Let bytes that come wake nobody, until `look` is called."""
        self._change(0)

    def look(self) -> None:
        """Let bytes wake the thread that waits, at once those that have come."""
        self._change(selectors.EVENT_READ)

    def _change(self, events: int) -> None:
        if self.can_look_away:
            # The reader may have closed it, even during this call: then nobody waits any more.
            with contextlib.suppress(ValueError, OSError):
                self._waiting.modify(self._descriptor, events)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._waiting.close()
