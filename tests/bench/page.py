"""A browser's page that shows a panel, as far as the kernel sees it."""

from __future__ import annotations

import json
from typing import Any


class Page:
    """Looks at a panel, and takes what it is sent.

    Attributes
    ----------
    messages, events : int
        What it was sent, and the events that deltas told of or counted.
    """

    def __init__(self, panel: Any) -> None:
        self.messages = self.events = 0
        self._panel = panel
        panel.send = self._take

    def look(self) -> None:
        """Say that it is seen, as pages do now and then."""
        kind = {"t": "visible", "on": True} if self.messages else {"t": "hello"}
        self._panel._receive(self._panel, {**kind, "view": "page"}, [])

    def _take(self, message: Any, buffers: object = None) -> None:
        content = json.loads(json.dumps(message, allow_nan=False))
        self.messages += 1
        if content["t"] == "delta":
            self.events += len(content.get("events", ())) + content.get("dropped_events", 0)
