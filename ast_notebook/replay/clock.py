"""The clock of a replay: it stands still while the user's functions run."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from ast_notebook.ami.timeouts import SLICE
from ast_notebook.clock import MACHINE, MANY, SystemClock, call_alone, work_at
from ast_notebook.errors import ConnectionLost
from ast_notebook.units import SECOND


def time_waits() -> bool:
    """Tell whether the time stands still for what the calling thread does: a call, or an event."""
    return threading.current_thread().name.startswith(("ast-call-", "ast-dispatch-"))


class _Due(NamedTuple):
    """A thing to do at a moment; things are ordered by their moments, and then by their numbers."""

    at: int
    number: int
    function: Callable[[], object]
    is_sleeper: bool


class ReplayClock(SystemClock):
    """The time of a replay, which only the player moves.

    Each call of a user's function holds the time until the call returns; while the call sleeps by
    this clock, it does not hold the time. The player moves the time on when no call holds it.

    Parameters
    ----------
    at : int
        The time, in microseconds since 1970 UTC.

    Attributes
    ----------
    started : int
        How many calls have held the time so far.
    next_due : int or None
        When the next sleeper wakes or the next function is called; None if there is neither.
    """

    def __init__(self, at: int) -> None:
        self._at = at
        self._now = (at, datetime.fromtimestamp(at / SECOND, UTC).astimezone())
        self.started = 0
        self._changed = threading.Condition()
        self._held: Counter[object] = Counter()  # by worker
        self._awake = 0  # the calls of workers that do not sleep
        self._asleep: set[object] = set()
        self._working: dict[int, object] = {}  # workers by their threads
        self._dues: list[_Due] = []
        self._cancelled: set[int] = set()  # the numbers of those that are not called any more
        self.next_due: int | None = None
        self._numbers = itertools.count()
        self._closed = False

    @property
    def at(self) -> int:
        """The time, in microseconds since 1970 UTC."""
        return self._at

    @property
    def is_held(self) -> bool:
        """Whether a call holds the time: one of a worker that does not sleep."""
        return self._awake > 0

    def time(self) -> float:
        """Return the seconds since 1970 UTC."""
        return self._at / SECOND

    def now(self) -> datetime:
        """Return the time in the zone of this machine."""
        at, now = self._now
        if at != self._at:  # many items change at one time
            at = self._at
            now = datetime.fromtimestamp(at / SECOND, UTC).astimezone()
            self._now = at, now
        return now

    def sleep(self, seconds: float) -> None:
        """Wait until so many seconds of the replay's time have passed.

        Raises
        ------
        ConnectionLost
            If the replay is closed meanwhile. In a logic or a callback, a SystemExit is raised
            instead, which ends the call quietly.
        """
        over = threading.Event()
        with self._changed:
            worker = self._working.get(threading.get_ident())
            if not self._closed:
                self._plan(seconds, lambda: self._rouse(over, worker), is_sleeper=True)
                if worker is not None:
                    self._asleep.add(worker)
                    self._count(-self._held[worker])
        if not self._closed:
            while not over.wait(SLICE):
                pass  # waits in slices, so that an interruption of the cell is seen
        if self._closed:
            raise ConnectionLost("the replay is closed") if worker is None else SystemExit

    def call(self, seconds: float, function: Callable[[], object]) -> Callable[[], None]:
        """Plan the call of a function after so many seconds of the replay's time."""
        with self._changed:
            due = self._plan(seconds, function, is_sleeper=False)
        return lambda: self._cancel(due)

    def _plan(self, seconds: float, function: Callable[[], object], *, is_sleeper: bool) -> _Due:
        at = self._at + round(max(0.0, seconds) * SECOND)
        due = _Due(at, next(self._numbers), function, is_sleeper)
        heapq.heappush(self._dues, due)
        self.next_due = self._dues[0].at
        return due

    def _cancel(self, due: _Due) -> None:
        with self._changed:
            self._cancelled.add(due.number)
            if len(self._cancelled) > len(self._dues) // 2 + MANY:
                self._set([one for one in self._dues if one.number not in self._cancelled])
                self._cancelled.clear()

    def _set(self, dues: list[_Due]) -> None:
        heapq.heapify(dues)
        self._dues = dues
        self.next_due = dues[0].at if dues else None

    def _rouse(self, over: threading.Event, worker: object) -> None:
        with self._changed:
            if worker in self._asleep:
                self._asleep.discard(worker)
                self._count(self._held[worker])
        over.set()

    def hold(self, calls: int, worker: object) -> None:
        """Note that a worker has to make so many calls before the time moves on."""
        with self._changed:
            self.started += calls
            self._hold(calls, worker)

    def release(self, calls: int, worker: object) -> None:
        """Note that a worker will not make so many of the calls for which the time is held."""
        with self._changed:
            self._hold(-calls, worker)

    def began(self, worker: object) -> None:
        """Note that a worker begins one of its calls now, on the calling thread."""
        with self._changed:
            self._working[threading.get_ident()] = worker
        work_at(self)

    def ended(self, worker: object) -> None:
        """Note that the call which a worker began on the calling thread has returned."""
        work_at(MACHINE)
        with self._changed:
            self._working.pop(threading.get_ident(), None)
            self._hold(-1, worker)

    def _hold(self, calls: int, worker: object) -> None:
        self._held[worker] += calls
        if not self._held[worker]:
            del self._held[worker]
        if worker not in self._asleep:
            self._count(calls)

    def _count(self, calls: int) -> None:
        self._awake += calls
        if self._awake <= 0:
            self._changed.notify_all()

    # --- for the player ------------------------------------------------------------------------

    def move(self, at: int) -> None:
        """Set the time."""
        self._at = at

    def jump(self, at: int) -> None:
        """Set the time without letting time pass: whoever waits still has to wait as long."""
        with self._changed:
            gone = at - self._at
            self._at = at
            self._set([one._replace(at=one.at + gone) for one in self._dues])

    def wake(self) -> None:
        """Wake the sleepers and call the functions whose time has come."""
        with self._changed:
            due = []
            while self._dues and self._dues[0].at <= self._at:
                one = heapq.heappop(self._dues)
                if one.number in self._cancelled:
                    self._cancelled.discard(one.number)
                else:
                    due.append(one)
            self._set(self._dues)
        for one in due:
            call_alone(one.function)

    def wait_until_free(self, seconds: float) -> bool:
        """Wait at most so many seconds until no call holds the time, and tell whether none does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._awake <= 0 or self._closed, seconds)

    def close(self) -> None:
        """Wake all sleepers, so that their calls end; no function is called any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            sleepers = [one for one in self._dues if one.is_sleeper]
            self._set([])
        for one in sleepers:
            one.function()
