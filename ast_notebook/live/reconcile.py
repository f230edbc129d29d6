"""Asterisk's own lists beside what the events told: now and then, and where an event did not fit.

Not everything that happens is told by an event. So the lists are asked for on the side, what they
say otherwise is taken in, and it is counted. Nothing is taken in that events might still tell: the
lists are asked for twice, and what differs is wrong only if it differs both times and no event
changed it from before the first question on.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.errors import AnswerTimeout, AstError, ConnectionLost
from ast_notebook.live.keeper import Keeper, Question
from ast_notebook.live.table import Follower, Row, Table

EVERY = 60.0  # seconds between two looks at the lists, about
SHARE = 100  # times as long as the lists took the next look is put off
TICK = 0.5  # seconds between thoughts about whether to look
APART = 1.0  # seconds between the two lists of one look, at least
IN_DOUBT = 5.0  # seconds between two looks that events gave reason for, at least
CALM = 100  # events that wait to be dispatched; with more of them there are no looks

_UNTOLD = object()
Key = tuple[str, str]


class Reconciler:
    """Looks at the lists from a thread of its own, which ends with the session.

    Attributes
    ----------
    every : float
        Seconds between two looks, about; 0 if there are to be none but those asked for.
    corrections : Counter
        How many rows of each table had to be corrected.

    Parameters
    ----------
    session : Session
        Whose connection the lists are asked on.
    keepers : sequence of Keeper
        Of each, the tables that `Keeper.compared` lists.
    settled : callable
        Whether the tables are complete now.
    """

    def __init__(
        self, session: Session, keepers: Sequence[Keeper], settled: Callable[[], bool]
    ) -> None:
        self.every = EVERY
        self.corrections: Counter[str] = Counter()
        self._session = session
        self._keepers = [keeper for keeper in keepers if keeper.compared]
        self._settled = settled
        self._thread: threading.Thread | None = None
        self._look: _Look | None = None
        self._due = time.monotonic() + EVERY
        self._doubts_due = 0.0
        self._wanted: list[_Wanted] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to look, unless that was begun before."""
        if self._thread is None:
            name = f"ast-lists-{self._session.name}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._due = time.monotonic() + self._pause()

    def now(self, timeout: float) -> Counter[str]:
        """Look now, and return how many rows of each table had to be corrected.

        Raises
        ------
        ConnectionLost
            If there is no connection.
        AnswerTimeout
            If Asterisk does not answer in time, or too much goes on to compare anything.
        """
        wanted = _Wanted()
        if self._session.connected():
            with self._lock:
                self._wanted.append(wanted)
            if not wanted.done.wait(timeout):
                raise AnswerTimeout(f"Asterisk's lists were not all heard within {timeout:g} s")
        if wanted.found is None:
            raise ConnectionLost(
                "the connection is lost, and with it Asterisk's lists: it is made again by itself, "
                "and all is asked anew then"
            )
        return wanted.found

    # --- on a thread of its own ----------------------------------------------------------------

    def _run(self) -> None:
        while not self._session.wait_closed(TICK):
            look = self._look
            if look is not None and look.over:
                self._finish(look)
                look = None
            if not self._settled() or self._session.backlog > CALM:
                continue
            if look is None and self._is_time():
                look = self._begin()
            if look is not None and look.may_ask():
                look.ask()
        with self._lock:
            waiting = [*self._wanted, *(self._look.wanted if self._look else ())]
        for one in waiting:
            one.done.set()

    def _is_time(self) -> bool:
        now = time.monotonic()
        doubts = any(keeper.doubts for keeper in self._keepers) and now >= self._doubts_due
        return bool(self._wanted) or doubts or (self.every > 0 and now >= self._due)

    def _begin(self) -> _Look:
        for keeper in self._keepers:
            keeper.doubts = False
        with self._lock:
            wanted, self._wanted = self._wanted, []
        heard = [keeper for keeper in self._keepers if keeper.is_heard()]
        self._look = look = _Look(self._session, heard, wanted)
        return look

    def _finish(self, look: _Look) -> None:
        self._look = None
        now = time.monotonic()
        self._due = now + max(self._pause(), SHARE * look.seconds)
        self._doubts_due = now + max(IN_DOUBT, SHARE / 10 * look.seconds)
        self.corrections += look.found
        for one in look.wanted:
            one.found = None if look.failed else look.found
            one.done.set()

    def _pause(self) -> float:
        # Not all who are connected with one PBX ask it at the same moment.
        return self.every * random.uniform(0.8, 1.2)  # noqa: S311, no secret hangs on it


class _Wanted:
    """Somebody who waits for a look, and what it found; None if it came to nothing."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: Counter[str] | None = None


class _Look:
    """One comparison, of two lists each; what they are compared in runs on the dispatcher's thread.

    Attributes
    ----------
    over, failed : bool
        Whether it is done, and whether that is since an answer did not come.
    seconds : float
        How long the lists took.
    found : Counter
        How many rows of each table had to be corrected.
    """

    def __init__(
        self, session: Session, keepers: Sequence[Keeper], wanted: Sequence[_Wanted]
    ) -> None:
        self.wanted = wanted
        self.over = self.failed = False
        self.seconds = 0.0
        self.found: Counter[str] = Counter()
        self._session = session
        self._keepers = keepers
        self._follower = Follower({name: table for one in keepers for name, table in _of(one)})
        self._follower.take()
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        self._suspects: set[Key] | None = None
        self._seen: set[Key] = set()
        self._waiting = 0
        self._asked = 0.0

    def may_ask(self) -> bool:
        """Whether what was asked is answered, and the next lists are far enough from the last."""
        return not (self._waiting or self.over) and time.monotonic() >= self._asked + APART

    def ask(self) -> None:
        """Ask for all lists."""
        self._asked = time.monotonic()
        self._seen = set()
        self._waiting = len(self._keepers)
        for keeper in self._keepers:
            self._ask(keeper, list(keeper.compared), [])
        if not self._keepers:
            self._end()

    def _ask(self, keeper: Keeper, questions: list[Question], entries: list[Event]) -> None:
        """Ask one question after the other, and compare when all were answered."""

        def answered(pending: Pending) -> None:
            try:
                answer = pending.wait(0)
            except (ConnectionLost, AnswerTimeout):
                self._end(failed=True)
                return
            except AstError:  # such as ConfbridgeListRooms says where there is no room
                further: Sequence[Question] = ()
            else:
                entries.extend(answer)
                further = keeper.further(answer)
            try:
                self._ask(keeper, [*questions[1:], *further], entries)
            except Exception:
                self._end(failed=True)  # else there would be no further look
                raise

        if self.over:
            return
        if not questions:
            self._compare(keeper, entries)
            return
        try:
            self._session.ask(questions[0], then=answered, apart=True)
        except AstError:
            self._end(failed=True)

    def _compare(self, keeper: Keeper, entries: Sequence[Event]) -> None:
        for name, keys in self._follower.take().items():
            self._changed[name] |= keys
        listed, told_by = _listed(keeper, entries)
        for name, table in _of(keeper):
            rows = table.rows()
            for key in (rows.keys() | listed[name].keys()) - self._changed[name]:
                differs = _differences(table, rows.get(key), listed[name].get(key))
                if not differs or (key not in listed[name] and not keeper.whole):
                    continue
                self._seen.add((name, key))
                if self._suspects is not None and (name, key) in self._suspects:
                    self._correct(keeper, name, key, told_by.get((name, key)))
                    late = key not in rows and name in keeper.untold
                    self.found[name] += keeper.heard and not (late or differs <= keeper.untold)
        if self._waiting == 1:
            self.seconds = time.monotonic() - self._asked
            if self._suspects is None and self._seen:
                self._suspects = self._seen
            else:
                self._end()
        self._waiting -= 1

    def _correct(self, keeper: Keeper, name: str, key: str, event: Event | None) -> None:
        if event is not None:
            keeper.events[event.name](event)
        elif (row := keeper.tables[name].drop(key)) is not None:
            keeper.gone([row])

    def _end(self, *, failed: bool = False) -> None:
        if not self.over:
            self._follower.close()
            self.found = +self.found
            self.failed = failed
            self.over = True


def _of(keeper: Keeper) -> list[tuple[str, Table]]:
    return list(keeper.tables.items())


def _listed(
    keeper: Keeper, entries: Sequence[Event]
) -> tuple[dict[str, dict[str, Row]], dict[Key, Event]]:
    """Return the rows that a list's entries make, and the entry that each was made by."""
    blank = keeper.blank()
    for table in blank.tables.values():
        table.fields = dict.fromkeys(table.fields, _UNTOLD)
    touched = Follower(blank.tables)
    told_by: dict[Key, Event] = {}
    for event in entries:
        if (take := blank.events.get(event.name)) is not None:
            take(event)
            for name, keys in touched.take().items():
                for key in keys:
                    told_by.setdefault((name, key), event)
    return {name: table.rows() for name, table in blank.tables.items()}, told_by


def _differences(table: Table, there: Row | None, listed: Row | None) -> set[str]:
    """Return the fields that the list tells otherwise; what only one of them has differs in all."""
    if there is None or listed is None:
        return set(table.fields)
    return {
        field
        for field, told in listed.items()
        if told is not _UNTOLD and field not in table.times and there[field] != told
    }
