"""Writes marks into an archive, from which a replay knows the live state exactly.

A replay begins with a whole state, and follows the events from there. So the archive gets rows of
ours beside the events: ``LiveState`` has the whole state, after each connect and now and then;
``LiveChange`` has the changes that came from an answer of Asterisk's, and so have no event.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from ast_notebook.ami import Pending, Session
from ast_notebook.live.saving import State, change_between, inner_of, whole_state
from ast_notebook.live.table import Follower
from ast_notebook.live.tracker import Tracker

EVERY = 600.0  # seconds after which the whole state is noted again
MANY = 50_000  # events after which the whole state is noted again
LARGEST = 4_000_000  # letters of a mark; a larger mark is left out
SHARE = 20  # letters of events for one letter of marks, about; an event counts as 200


class Notes(Protocol):
    """An object that keeps marks: an archive."""

    @property
    def lost(self) -> int:
        """How many events it does not have: behind them, a replay needs a whole state."""

    def note(self, text: str, at: int) -> None:
        """Keep the text of a row of our own, made at a moment in microseconds since 1970 UTC."""


class Marks:
    """Notes the live state in the archive of a session.

    Only the dispatcher's thread may call its methods, except `is_due`.

    Parameters
    ----------
    session : Session
    trackers : sequence of Tracker
    is_stale : callable
        It tells whether the state may be out of date.
    archive : callable
        It returns the present archive; None if there is none.
    """

    def __init__(
        self,
        session: Session,
        trackers: Sequence[Tracker],
        is_stale: Callable[[], bool],
        archive: Callable[[], Notes | None],
    ) -> None:
        self._session = session
        self._trackers = trackers
        self._is_stale = is_stale
        self._archive = archive
        tables = {name: table for one in trackers for name, table in one.all_tables.items()}
        self._follower = Follower(tables)
        self._marked: Notes | None = None  # the archive that has a whole state
        self._due = 0.0
        self._due_events = 0
        self._lost = 0  # events that the archive had lost at the last whole state
        self._expected = False  # whether the whole state will be noted soon

    def is_due(self) -> bool:
        """Tell whether the whole state should be noted now; say yes only once until it is noted."""
        archive = self._archive()
        if archive is None or self._expected:
            return False
        passed = time.monotonic() >= self._due or self._session.events_read >= self._due_events
        self._expected = passed or archive is not self._marked or archive.lost != self._lost
        return self._expected

    def note_all(self) -> None:
        """Note the whole state."""
        self._expected = False
        archive = self._archive()
        if archive is None:
            return
        self._lost = archive.lost
        state = whole_state(self._trackers, is_stale=self._is_stale())
        size = self._note(archive, "LiveState", state)
        self._marked = archive
        self._due = time.monotonic() + EVERY
        self._due_events = self._session.events_read + max(MANY, SHARE * size // 200)
        self._follower.take()

    def observed(self, then: Callable[[Pending], None]) -> Callable[[Pending], None]:
        """Return a function that calls `then` with an answer, and notes what that changed."""

        def answered(pending: Pending) -> None:
            with self.observing():
                then(pending)

        return answered

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Note what changes meanwhile, since there is no event for it."""
        archive = self._archive()
        if archive is None:
            yield
            return
        self._follower.take()  # events have told of these changes
        before = inner_of(self._trackers, is_stale=self._is_stale())
        try:
            yield
        finally:
            after = inner_of(self._trackers, is_stale=self._is_stale())
            change = change_between(before, after, self._trackers, self._follower.take())
            if change:
                self._note(archive, "LiveChange", change)

    def _note(self, archive: Notes, name: str, state: State) -> int:
        """Note a state, and return how many letters that took."""
        text = json.dumps(state, separators=(",", ":"))
        at = time.time_ns() // 1000
        after = self._session.dispatched_until
        if len(text) <= LARGEST:
            row = f"Event: {name}\r\nAfter: {after}\r\nAt: {at}\r\nSnapshot: {text}"
            archive.note(row, at)
        return len(text)


def read_state(text: str) -> dict[str, Any]:
    """Return the state of a mark, from the text of its header ``Snapshot``."""
    state: dict[str, Any] = json.loads(text)
    return state
