"""The live state of a replay: it has the tables of `live`, and asks no PBX."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from ast_notebook.ami import Event, Session, Settings
from ast_notebook.clock import SystemClock
from ast_notebook.live import Live, Watch
from ast_notebook.live.marks import read_state
from ast_notebook.live.saving import State, put_back, whole_state
from ast_notebook.live.tracker import Tracker
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.units import SECOND

logger = logging.getLogger(__name__)

LISTING = 10 * SECOND  # after so long, a list without any event was empty, or was refused
#: The errors that the text of a mark may cause.
_NO_MARK = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
#: The event that ends the list of each tracker which asks for one list only.
_ENDS = {
    "CoreShowChannelsComplete": "ChannelTracker",
    "QueueStatusComplete": "QueueTracker",
    "ParkedCallsComplete": "ParkingTracker",
    "VoicemailUserEntryComplete": "MailboxTracker",
}


class ReplayedLive(Live):
    """The live state at the time of a replay.

    Marks in a record hold the live state that its recorder had. In a record without marks, the
    state comes from the lists that Asterisk sent at each connect: a row that is not in such a list
    is removed.

    Parameters
    ----------
    session : Session
    clock : SystemClock
    has_marks : bool
        Whether the record has marks.
    has_lists : bool
        Whether it has lists. Without marks and lists, the state is empty before the first event,
        and counts as known from there on.
    """

    def __init__(
        self, session: Session, clock: SystemClock, *, has_marks: bool, has_lists: bool
    ) -> None:
        super().__init__(session, clock)
        if not has_marks and not has_lists:
            self.stale = False
            self.primed.set()
        self._open_lists: list[Tracker] = []
        self._listing_since: int | None = None
        session.register_event("LiveState", self.hear_mark)
        session.register_event("LiveChange", self.hear_mark)
        session.register_event("RecordingLost", self._lost)
        if not has_marks:
            session.register_event("*", self._follow_lists)

    # --- what a live state asks a PBX ------------------------------------------------------------

    def reconcile(self, timeout: float = 30.0) -> dict[str, int]:
        """Return no corrections, since there is no Asterisk to compare with."""
        return {}

    def watch_mailbox(self, mailbox: str, changed: Callable[[int], None]) -> Watch:
        """Call `changed` on the dispatcher's thread with how many new messages there are."""
        watch = self._watch(self._mailbox_watches, mailbox, changed)
        self._ask({"Action": "Ping"}, lambda _: self._look_into(watch))
        return watch

    def _look_into(self, watch: Watch) -> None:
        row = self.tables["mailboxes"].get(watch.name)
        if row is not None and row["new"] is not None:
            watch.see(row["new"])

    @property
    def is_listing(self) -> bool:
        """Whether lists of a record without marks are under way."""
        return self._listing_since is not None

    # --- states ---------------------------------------------------------------------------------

    def state(self) -> State:
        """Return the whole state."""
        return whole_state(self._trackers, is_stale=self.stale)

    def take(self, state: State) -> None:
        """Take over a whole state, or a change of it; only the dispatcher's thread may call it."""
        self.stale = bool(state.get("stale", self.stale))
        put_back(self._trackers, state)
        if self.stale:
            self.primed.clear()
        else:
            self.primed.set()
        with self._lock:
            watches = list(self._device_watches)
        self._look(*watches)

    def take_from(self, other: ReplayedLive) -> None:
        """Take over another live state, with its count of calls over the last hour."""
        self.take(other.state())
        self._channels.concurrency.clear()
        self._channels.concurrency.extend(other._channels.concurrency)
        self._open_lists = [
            mine
            for mine, theirs in zip(self._trackers, other._trackers, strict=True)
            if theirs in other._open_lists
        ]
        self._listing_since = other._listing_since
        for mine, theirs in zip(self._trackers, other._trackers, strict=True):
            mine.heard, mine.doubts = theirs.heard, theirs.doubts
            for name, table in mine.tables.items():
                listed = theirs.tables[name].listed
                table.listed = None if listed is None else set(listed)

    def hear_mark(self, event: Event, session: Any = None) -> None:
        """Take over the state in a mark; only the dispatcher's thread may call it.

        A file may hold anything. After a mark that cannot be read, the state is unknown.
        """
        try:
            self.take(read_state(event.get_header("Snapshot") or ""))
        except _NO_MARK:
            logger.warning(
                "a mark of the record cannot be read: the state is unknown from there on"
            )
            self.take({"tables": {}, "stale": True})  # it may have been taken in part

    def _lost(self, event: Event, session: Session) -> None:
        super()._lost(event, session)
        for tracker in self._open_lists:
            for table in tracker.tables.values():
                table.give_up_list()
        self._open_lists, self._listing_since = [], None

    # --- lists, in a record without marks -------------------------------------------------------

    def _follow_lists(self, event: Event, session: Session) -> None:
        began = self._listing_since
        if began is not None and event.received > began + LISTING:
            self._end_lists(list(self._open_lists))
        if not event.answer:
            return
        if self.stale and began is None:
            self._begin_lists(event)
        if self._listing_since is not None and event.name in _ENDS:
            ended = [one for one in self._open_lists if type(one).__name__ == _ENDS[event.name]]
            self._end_lists(ended)

    def _begin_lists(self, first: Event) -> None:
        """Begin the lists of a connect, given the first entry of them."""
        self._channels.forget()
        self._open_lists, self._listing_since = list(self._trackers), first.received
        for tracker in self._trackers:
            for table in tracker.tables.values():
                table.begin_list()
            if (take := tracker.events.get(first.name)) is not None:
                take(first)

    def _end_lists(self, trackers: Sequence[Tracker]) -> None:
        for tracker in trackers:
            for table in tracker.tables.values():
                tracker.gone(table.end_list())
            self._open_lists.remove(tracker)
        if not self._open_lists:
            self._listing_since = None
        if self.stale and self._channels not in self._open_lists:
            self.take({"stale": False})


class Ears:
    """Stands for the session of a live state: functions register here, and `hear` calls them."""

    def __init__(self, clock: ReplayClock) -> None:
        self.clock = clock
        self.name = "past"
        self.settings = Settings(username="")
        self.counts: Counter[str] = Counter()
        self.events_read = self.dispatched_until = 0
        self._functions: dict[str, list[Callable[[Event, Any], object]]] = {}

    def connected(self) -> bool:
        """Tell that nobody can be asked."""
        return False

    def register_event(self, event: str, function: Callable[[Event, Any], object]) -> None:
        """Register a function for the events of a name; ``*`` stands for all events."""
        self._functions.setdefault(event, []).append(function)

    def is_wanted(self, name: str) -> bool:
        """Tell whether a function is registered for events of that name."""
        return name in self._functions or "*" in self._functions

    def hear(self, event: Event) -> None:
        """Call the functions that are registered for an event."""
        self.clock.move(event.received)
        for function in (*self._functions.get(event.name, ()), *self._functions.get("*", ())):
            function(event, self)


def past_live(clock: ReplayClock, *, has_marks: bool, has_lists: bool) -> tuple[Ears, ReplayedLive]:
    """Return a live state, and the `Ears` through which it gets its events."""
    ears = Ears(clock)
    session = cast(Session, ears)
    return ears, ReplayedLive(session, clock, has_marks=has_marks, has_lists=has_lists)
