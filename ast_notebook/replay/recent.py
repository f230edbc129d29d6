"""Keeps the last seconds of a growing record, to put a mark that comes late in its place.

A mark is a row ``LiveState`` or ``LiveChange``. While a recorder makes a mark, further events come,
and it writes the mark after them. So a mark may belong before events that a live state has already
taken in. The live state is then computed again.
"""

from __future__ import annotations

import bisect
from typing import NamedTuple

from ast_notebook.ami import Event
from ast_notebook.digits import is_count
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.live import Ears, ReplayedLive, past_live
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.past import Past
from ast_notebook.replay.tape import STATE_ROWS, Tape
from ast_notebook.units import SECOND

HELD = 10 * SECOND  # how late a mark may come


class _RecentEvent(NamedTuple):
    """An event or a mark, with its sort key: a mark comes right after the event that it names."""

    after: int
    is_mark: bool
    number: int
    event: Event


class RecentEvents:
    """The latest events and marks, and the live state before them.

    Parameters
    ----------
    tape : Tape
        Everything that is recorded so far.

    Attributes
    ----------
    has_marks, has_lists : bool
        As for `ReplayedLive`.
    """

    def __init__(self, tape: Tape) -> None:
        past = Past(tape)
        self.has_marks = past.has_marks or not past.has_lists
        self.has_lists = past.has_lists
        self._ears, self._before = self._state()
        self._recent: list[_RecentEvent] = []
        self._settled = 0  # the time of the last event that `_before` has taken in
        self._count = 0
        if tape.pieces:
            until = tape.last - HELD
            self._before.take_from(past.at(until))
            first = tape.piece_at(until)
            for number in range(first, len(tape.pieces)):
                for part in tape.parts(number):
                    for event in events_of(part.batch, self.is_wanted)[1]:
                        if event.received > until:
                            self.tell(event)
                        elif event.name not in STATE_ROWS:
                            self._settled = event.received

    def _state(self) -> tuple[Ears, ReplayedLive]:
        return past_live(ReplayClock(0), has_marks=self.has_marks, has_lists=self.has_lists)

    def is_wanted(self, name: str) -> bool:
        """Tell whether events of a name matter to the live state."""
        return self._ears.is_wanted(name)

    def tell(self, event: Event) -> bool:
        """Take an event or a mark, and return whether it is a mark that comes late.

        A mark is left out if events that came after it are no longer held, because the state has
        changed since then. This may happen if the recorder had to wait for a disk.
        """
        is_mark = event.name in STATE_ROWS
        after = event.received
        if is_mark and is_count(after_text := event.get_header("After") or ""):
            after = int(after_text)
        if after < self._settled:
            if is_mark:
                return True
            self._settled = after - HELD  # the recorder's clock was set back
        one = _RecentEvent(after, is_mark, self._count, event)
        self._count += 1
        is_late = is_mark and bool(self._recent) and one < self._recent[-1]
        bisect.insort(self._recent, one)
        if not is_mark:
            self._settle(after - HELD)
        return is_late

    def _settle(self, until: int) -> None:
        """Forget the events and marks up to a moment, after the state has taken them in."""
        count = 0
        for one in self._recent:
            if one.after > until:
                break
            self._ears.hear(one.event)
            if not one.is_mark:
                self._settled = one.after
            count += 1
        del self._recent[:count]

    def state(self) -> ReplayedLive:
        """Return the live state after all events and marks, each of them in its place."""
        ears, live = self._state()
        live.take_from(self._before)
        for one in self._recent:
            ears.hear(one.event)
        return live
