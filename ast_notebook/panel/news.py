"""The last events, as a panel shows them: a bounded number of each delta, and of bounded size."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from ast_notebook.ami import Event
from ast_notebook.panel.messages import EventRow

EVENTS_KEPT = 200
EVENTS_AT_ONCE = 60  # events of one delta; further ones are counted
FIRST = 20  # events of a full state
LONGEST_HEADER = 500
HEADERS = 80


class News:
    """Keeps the last events of a PBX, each with its number."""

    def __init__(self) -> None:
        self._events: deque[tuple[int, Event]] = deque(maxlen=EVENTS_KEPT)
        self._numbered = 0
        self._sent = 0

    def add(self, event: Event) -> None:
        """Keep an event; the dispatcher's thread calls this."""
        self._numbered += 1
        self._events.append((self._numbered, event))

    def begin(self, events: Iterable[Event]) -> None:
        """Forget all events, and keep these."""
        self._events.clear()
        for event in events:
            if not event.answer and event.name != "SessionReady":
                self.add(event)

    def newest(self) -> list[EventRow]:
        """Return the newest events."""
        return [_shown(number, event) for number, event in list(self._events)][-FIRST:]

    def sent(self) -> list[EventRow]:
        """Return the events that `take` has returned, as far as they are kept."""
        return [
            _shown(number, event) for number, event in list(self._events) if number <= self._sent
        ]

    def take(self) -> dict[str, Any]:
        """Return the events since the last time as a part of a delta; empty if there are none."""
        news = [one for one in list(self._events) if one[0] > self._sent]
        if not news:
            return {}
        missed = self._numbered - self._sent - len(news)
        left_out = max(0, len(news) - EVENTS_AT_ONCE)
        self._sent = news[-1][0]
        return {
            "events": [_shown(*one) for one in news[left_out:]],
            "dropped_events": max(0, missed) + left_out,
        }


def _shown(number: int, event: Event) -> EventRow:
    """Return an event for a message, with a bounded size."""
    headers: Iterable[tuple[str, str]] = event.headers.items()
    kept = {key: value[:LONGEST_HEADER] for key, value in list(headers)[:HEADERS] if key != "Event"}
    return {"n": number, "time": event.received / 1e6, "name": event.name, "headers": kept}
