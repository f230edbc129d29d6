"""Compares the live state with Asterisk's own lists, regularly and after unexpected events.

Asterisk does not send an event for every change. So the session also asks for Asterisk's lists, and
rows that differ from them are corrected and counted. A difference may also mean that an event is
still on its way. Therefore the lists are asked for twice, and a row is corrected only if it differs
both times and no event changed it since before the first question.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost
from ast_notebook.live.table import Follower, LiveTable, Row
from ast_notebook.live.tracker import Question, Tracker

EVERY = 60.0  # about how many seconds are between two comparisons
SHARE = 100  # the next comparison waits this many times the duration of the lists
TICK = 0.5  # seconds between two checks whether a comparison is due
APART = 1.0  # at least so many seconds are between the two lists of one comparison
IN_DOUBT, IN_DOUBT_MOST = 5.0, 20.0  # seconds between comparisons after unexpected events
CALM = 100  # if more events than this wait to be dispatched, nothing is compared

_NOT_LISTED = object()
Key = tuple[str, str]
Observed = Callable[[Callable[[Pending], None]], Callable[[Pending], None]]


class Reconciler:
    """Compares tables with the lists, on a thread of its own that ends with the session.

    Attributes
    ----------
    every : float
        About how many seconds are between two comparisons. With 0, only `now` and unexpected events
        start a comparison.
    corrections : Counter
        How many rows of each table had to be corrected.
    doubt_pause : float
        Seconds between two comparisons after unexpected events. The pause is doubled as long as
        nothing has to be corrected.

    Parameters
    ----------
    session : Session
        The session on which the lists are asked for.
    trackers : sequence of Tracker
        The trackers whose tables are compared, as `Tracker.compared` says.
    settled : callable
        It tells whether the tables are complete now.
    observed : callable
        It wraps a function that takes an answer, as `Marks.observed` does.
    ticked : callable
        It is called twice a second while the tables are complete.
    """

    def __init__(
        self,
        session: Session,
        trackers: Sequence[Tracker],
        settled: Callable[[], bool],
        observed: Observed,
        ticked: Callable[[], None],
    ) -> None:
        self.every = EVERY
        self.corrections: Counter[str] = Counter()
        self._session = session
        self._trackers = [tracker for tracker in trackers if tracker.compared]
        self._settled = settled
        self._observed = observed
        self._ticked = ticked
        self._thread: threading.Thread | None = None
        self._look: _Comparison | None = None
        self._due = time.monotonic() + EVERY
        self._doubts_due = 0.0
        self.doubt_pause = 0.0
        self._wanted: list[_ComparisonRequest] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the thread, unless it runs already."""
        if self._thread is None:
            name = f"ast-lists-{self._session.name}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            thread.start()  # it may raise, and the next connection tries again
            self._thread = thread
        self._due = time.monotonic() + self._pause()

    def now(self, timeout: float) -> Counter[str]:
        """Compare now, and return how many rows of each table had to be corrected.

        Raises
        ------
        ConnectionLost
            If there is no connection.
        AnswerTimeout
            If Asterisk does not answer in time, or too many changes make a comparison impossible.
        """
        wanted = _ComparisonRequest()
        if self._session.connected():
            with self._lock:
                self._wanted.append(wanted)
            if not wanted.done.wait(timeout):
                raise AnswerTimeout(f"Asterisk's lists did not all come within {timeout:g} s")
        if wanted.found is None:
            raise ConnectionLost(
                "the connection was lost before Asterisk's lists came: it is made again by "
                "itself, and then the lists are asked for again"
            )
        return wanted.found

    @property
    def is_idle(self) -> bool:
        """Whether no comparison is under way."""
        return self._look is None

    # --- on a thread of its own ----------------------------------------------------------------

    def _run(self) -> None:
        while not self._session.wait_closed(TICK):
            look = self._look
            if look is not None and look.over:
                self._finish(look)
                look = None
            if not self._settled() or self._session.backlog > CALM:
                continue
            self._ticked()
            if look is None and self._is_time():
                look = self._begin()
            if look is not None and look.may_ask():
                look.ask()
        with self._lock:
            waiting = [*self._wanted, *(self._look.wanted if self._look else ())]
        for one in waiting:
            one.done.set()

    def _is_time(self) -> bool:
        return self._whole_is_due() or self._doubts_are_due()

    def _doubts_are_due(self) -> bool:
        in_doubt = any(tracker.doubts for tracker in self._trackers)
        return in_doubt and time.monotonic() >= self._doubts_due

    def _whole_is_due(self) -> bool:
        return bool(self._wanted) or (self.every > 0 and time.monotonic() >= self._due)

    def _begin(self) -> _Comparison:
        """Begin to compare all lists or, if only unexpected events ask, the lists they concern."""
        is_whole = self._whole_is_due()
        heard = [
            tracker
            for tracker in self._trackers
            if tracker.is_heard() and (is_whole or tracker.doubts)
        ]
        for tracker in self._trackers:
            tracker.doubts = False
        with self._lock:
            wanted, self._wanted = self._wanted, []
        self._look = look = _Comparison(
            self._session, heard, wanted, self._observed, is_whole=is_whole
        )
        return look

    def _finish(self, look: _Comparison) -> None:
        self._look = None
        now = time.monotonic()
        if look.is_whole:
            self._due = now + max(self._pause(), SHARE * look.seconds)
        if look.found:
            self.doubt_pause = 0.0
        elif not look.is_whole:
            self.doubt_pause = min(2 * self.doubt_pause, IN_DOUBT_MOST)
        self.doubt_pause = max(IN_DOUBT, self.doubt_pause)
        self._doubts_due = now + max(self.doubt_pause, SHARE / 10 * look.seconds)
        self.corrections += look.found
        for one in look.wanted:
            one.found = None if look.failed else look.found
            one.done.set()

    def _pause(self) -> float:
        # The delay is random, so that not all clients of a PBX ask it at the same moment.
        return self.every * random.uniform(0.8, 1.2)  # noqa: S311, no secret depends on it


class _ComparisonRequest:
    """A request for a comparison; ``found`` has the corrections, or None if it failed."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: Counter[str] | None = None


class _Comparison:
    """One comparison, which asks for each list twice; it runs on the dispatcher's thread.

    Attributes
    ----------
    over, failed : bool
        Whether it is done, and whether it failed because an answer did not come.
    seconds : float
        How long it took until all lists had come.
    found : Counter
        How many rows of each table had to be corrected.
    """

    def __init__(
        self,
        session: Session,
        trackers: Sequence[Tracker],
        wanted: Sequence[_ComparisonRequest],
        observed: Observed,
        *,
        is_whole: bool,
    ) -> None:
        self.is_whole = is_whole
        self.wanted = wanted
        self._observed = observed
        self.over = self.failed = False
        self.seconds = 0.0
        self.found: Counter[str] = Counter()
        self._session = session
        self._trackers = trackers
        self._follower = Follower({name: table for one in trackers for name, table in _of(one)})
        self._follower.take()
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        self._suspects: set[Key] | None = None
        self._seen: set[Key] = set()
        self._left_out: dict[str, int] = {}
        self._waiting = 0
        self._asked = 0.0

    def may_ask(self) -> bool:
        """Tell whether all questions are answered and the second lists may be asked for."""
        return not (self._waiting or self.over) and time.monotonic() >= self._asked + APART

    def ask(self) -> None:
        """Ask for all lists."""
        self._asked = time.monotonic()
        self._seen = set()
        self._left_out = {
            name: table.left_out for one in self._trackers for name, table in _of(one)
        }
        self._waiting = len(self._trackers)
        for tracker in self._trackers:
            self._ask(tracker, list(tracker.compared), [])
        if not self._trackers:
            self._end()

    def _ask(self, tracker: Tracker, questions: list[Question], entries: list[Event]) -> None:
        """Ask one question after the other, and compare when all are answered."""

        def answered(pending: Pending) -> None:
            try:
                answer = pending.wait(0)
            except (ConnectionLost, AnswerTimeout):
                self._end(failed=True)
                return
            except AstError:  # for instance, ConfbridgeListRooms finds no conference
                further: Sequence[Question] = ()
            else:
                entries.extend(answer)
                further = tracker.further(answer)
            try:
                self._ask(tracker, [*questions[1:], *further], entries)
            except Exception:
                self._end(failed=True)  # otherwise no further comparison would begin
                raise

        while questions and not self.over:
            try:
                self._session.ask(questions[0], then=self._observed(answered), apart=True)
            except ConnectionLost:
                self._end(failed=True)
            except AstError:  # a name from the wire may make a question impossible: leave it out
                questions = questions[1:]
            else:
                return
        if not self.over:
            self._compare(tracker, entries)

    def _compare(self, tracker: Tracker, entries: Sequence[Event]) -> None:
        for name, keys in self._follower.take().items():
            self._changed[name] |= keys
        listed, told_by = _listed(tracker, entries)
        for name, table in _of(tracker):
            rows = table.rows()
            missing = listed[name].keys() - rows.keys()
            if not missing and 0 < table.left_out == self._left_out[name]:
                table.left_out = 0
                tracker.filled()
            beyond = missing if len(rows) >= table.most else set()
            for key in (rows.keys() | listed[name].keys()) - self._changed[name] - beyond:
                differs = _differences(table, rows.get(key), listed[name].get(key))
                if not differs or (key not in listed[name] and not tracker.is_asked(rows[key])):
                    continue
                self._seen.add((name, key))
                if self._suspects is not None and (name, key) in self._suspects:
                    self._correct(tracker, name, key, told_by.get((name, key)))
                    late = key in missing and (name in tracker.untold or table.left_out > 0)
                    self.found[name] += tracker.heard and not (late or differs <= tracker.untold)
        if self._waiting == 1:
            self.seconds = time.monotonic() - self._asked
            if self._suspects is None and self._seen:
                self._suspects = self._seen
            else:
                self._end()
        self._waiting -= 1

    def _correct(self, tracker: Tracker, name: str, key: str, event: Event | None) -> None:
        if event is not None:
            tracker.events[event.name](event)
        elif (row := tracker.tables[name].drop(key)) is not None:
            tracker.gone([row])

    def _end(self, *, failed: bool = False) -> None:
        if not self.over:
            self._follower.close()
            self.found = +self.found
            self.failed = failed
            self.over = True


def _of(tracker: Tracker) -> list[tuple[str, LiveTable]]:
    return list(tracker.tables.items())


def _listed(
    tracker: Tracker, entries: Sequence[Event]
) -> tuple[dict[str, dict[str, Row]], dict[Key, Event]]:
    """Return the rows that a list's entries make, and the entry of each row."""
    blank = tracker.blank()
    for table in blank.tables.values():
        table.fields = dict.fromkeys(table.fields, _NOT_LISTED)
        table.most = math.inf  # a limit might leave out rows that the compared table has
    touched = Follower(blank.tables)
    told_by: dict[Key, Event] = {}
    for event in entries:
        if (take := blank.events.get(event.name)) is not None:
            take(event)
            for name, keys in touched.take().items():
                for key in keys:
                    told_by.setdefault((name, key), event)
    return {name: table.rows() for name, table in blank.tables.items()}, told_by


def _differences(table: LiveTable, there: Row | None, listed: Row | None) -> set[str]:
    """Return the fields that differ from the list; all of them if only one side has the row."""
    if there is None or listed is None:
        return set(table.fields)
    return {
        field
        for field, value in listed.items()
        if value is not _NOT_LISTED and field not in table.times and there[field] != value
    }
