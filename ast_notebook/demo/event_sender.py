"""Events of the demo: each is written once and sent to every listener."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

#: Headers of an event, in order.
Headers = Mapping[str, str]


class EventListener(Protocol):
    """Receives events: a client of the manager interface."""

    def hear(self, permission: str, text: str) -> None:
        """Take an event, if its class, the `permission`, is one that this listener gets."""


class EventSender:
    """Sends events to its listeners.

    Attributes
    ----------
    listeners : list of EventListener
    """

    def __init__(self) -> None:
        self.listeners: list[EventListener] = []

    def emit(self, permission: str, name: str, *parts: Headers) -> None:
        """Send an event to every listener."""
        if not self.listeners:
            return
        lines = [
            f"Event: {name}\r\nPrivilege: {permission},all\r\nTimestamp: {time.time():.6f}\r\n"
        ]
        for part in parts:
            lines += [f"{header}: {value}\r\n" for header, value in part.items()]
        text = "".join([*lines, "\r\n"])
        for listener in self.listeners:
            listener.hear(permission, text)
