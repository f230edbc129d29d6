"""Tells systemd about a service: that it is ready, what its status is, and that it is alive."""

from __future__ import annotations

import contextlib
import os
import socket
import time

from ast_notebook.digits import is_count
from ast_notebook.units import SECOND


class Service:
    """The process as a service of systemd; if it is no service, nothing is sent.

    The environment says on which socket systemd listens (``NOTIFY_SOCKET``), and how often it
    expects a sign of life (``WATCHDOG_USEC``).
    """

    def __init__(self) -> None:
        path = os.environ.get("NOTIFY_SOCKET", "")
        # A name in the abstract namespace is written with an @ in place of its zero byte.
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self._interval = _watchdog()
        self._due = 0.0

    def tell(self, *states: str) -> None:
        """Send states such as ``READY=1``; it does not matter if nobody listens."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.sendto("\n".join(states).encode(errors="backslashreplace"), self._address)

    def lives(self) -> None:
        """Send a sign of life if it is due: twice as often as systemd expects it."""
        now = time.monotonic()
        if self._interval and now >= self._due:
            self._due = now + self._interval / 2
            self.tell("WATCHDOG=1")


def _watchdog() -> float:
    """Return the seconds after which systemd misses a sign of life; 0 if it expects none."""
    text, process = (os.environ.get(name, "") for name in ("WATCHDOG_USEC", "WATCHDOG_PID"))
    is_ours = process in ("", str(os.getpid()))
    return int(text) / SECOND if is_ours and is_count(text) else 0.0
