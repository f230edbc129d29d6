"""The player of a replay: it takes the place of the reader's thread of a live session."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from ast_notebook.ami.answer import Pending
from ast_notebook.ami.dispatcher import Dispatcher
from ast_notebook.ami.message import Event
from ast_notebook.clock import work_at
from ast_notebook.replay.clock import ReplayClock, time_waits
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.position import Position
from ast_notebook.replay.recorded_reader import RecordedReader, Send
from ast_notebook.replay.tape import STATE_ROWS, Part

logger = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds at most that the time waits for a call of a user's function
TICK = 0.05  # seconds between two checks for due events, while a replay plays at some speed
IDLE = 0.5  # seconds between two checks whether the replay is closed, while it stands still


class Player(RecordedReader):
    """Plays a tape: moves the clock, and hands events to the dispatcher in their order.

    Parameters
    ----------
    *arguments
        As for `Reader`.
    position : Position
        Where the replay is.
    clock : ReplayClock
    send : callable
        As for `RecordedReader`.

    Attributes
    ----------
    speed : float
        How many seconds of the record pass in a second. At 0 the replay stands still, at infinity
        it plays as fast as it can.
    failure : Exception or None
        The error that stopped the replay.
    mark : callable
        It is called with each mark. A mark is no event of the PBX, so no other function gets it.
    end : int
        The last moment that is played, in microseconds since 1970 UTC.
    """

    def __init__(self, *arguments: Any, position: Position, clock: ReplayClock, send: Send) -> None:
        closed = "the replay is closed: begin it again"
        super().__init__(*arguments, title="a replay", closed=closed, send=send)
        self.speed = 0.0
        self.mark: Callable[[Event], None] = lambda event: None
        self.end = position.tape.last
        self._position = position
        self._clock = clock
        self._speed_changed = threading.Condition()
        self._resting = threading.Event()  # set while the thread hands out nothing
        self._resting.set()
        self._told_endless = False
        self._made: tuple[Part, int, _Wanted] | None = None

    # --- for any thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; the replay stands still."""
        self.connected_since = self._clock.time()
        self.logged_in.set()
        self._dispatcher.put([Pending("Replay", math.inf, lambda _: work_at(self._clock))])
        self.thread.start()

    def stop(self) -> None:
        """Let the thread end."""
        self.closing.set()
        self._pauses.end()
        self._clock.close()
        with self._speed_changed:
            self._speed_changed.notify_all()

    def play(self, speed: float) -> None:
        """Play at a speed from now on; with 0, stop after the batch that is being handed out."""
        with self._speed_changed:
            self.speed, self.failure = speed, None
            self._speed_changed.notify_all()

    def rest(self) -> None:
        """Stand still, and wait until no event is being handed out.

        On a thread for whose calls the time waits, this returns at once.
        """
        self.play(0.0)
        if time_waits():
            return
        while not self._resting.wait(IDLE):
            if self.closing.is_set() or not self.thread.is_alive():
                return

    def wait_for_end(self, seconds: float) -> bool:
        """Wait at most so many seconds until the replay stands still, and tell whether it does."""
        with self._speed_changed:
            return self._speed_changed.wait_for(
                lambda: not self.speed or self.closing.is_set(), seconds
            )

    def forget(self) -> None:
        """Drop the `Event` objects of the present part, since functions may have changed them."""
        self._made = None

    def on_dispatcher(self, function: Callable[[], object]) -> None:
        """Call a function on the dispatcher's thread, and wait until it has returned."""
        done = threading.Event()

        def call(_: Pending) -> None:
            function()

        pending = Pending("Replay", math.inf, call)
        last = Pending("Replay", math.inf, lambda _: done.set())
        self._dispatcher.put([pending, last])
        while not done.wait(IDLE):
            if self.closing.is_set():
                return

    # --- the player's thread -------------------------------------------------------------------

    def _run(self) -> None:
        self._tried.set()
        try:
            while not self.closing.is_set():
                with self._speed_changed:
                    self._speed_changed.wait_for(lambda: self.speed or self.closing.is_set(), IDLE)
                    if not self.speed or self.closing.is_set():
                        continue
                    self._resting.clear()
                try:
                    self._play()
                except Exception as error:  # such as a file that was removed meanwhile
                    self.failure, self.speed = error, 0.0
                    logger.warning("%s stands still: %s", self._name, error)
                finally:
                    with self._speed_changed:
                        if self._clock.at >= self.end:
                            self.speed = 0.0
                        self._resting.set()
                        self._speed_changed.notify_all()
        finally:
            self.speed = 0.0
            self._resting.set()
            self.logged_in.clear()
            with self._speed_changed:
                self._speed_changed.notify_all()

    def _play(self) -> None:
        """Play at the present speed until the speed changes, or the end is reached."""
        speed = self.speed
        began, first = time.monotonic(), self._clock.at
        while self.speed == speed and not self.closing.is_set() and self._clock.at < self.end:
            if math.isinf(speed):
                self._play_until(self.end)
                continue
            passed = time.monotonic() - began
            self._play_until(min(self.end, first + int(passed * speed * 1_000_000)))
            with self._speed_changed:
                self._speed_changed.wait_for(
                    lambda: self.speed != speed or self.closing.is_set(), TICK
                )

    def _play_until(self, moment: int) -> None:
        """Hand out the events up to a moment, and do what is due until then."""
        speed = self.speed
        while not self.closing.is_set() and self.speed == speed:
            wakes = self._clock.next_due
            until = moment if wakes is None else min(moment, wakes)
            if not self._hand_out(until, speed):
                continue
            self._clock.move(max(self._clock.at, until))
            wakes = self._clock.next_due
            if wakes is None or wakes > self._clock.at:
                if until == moment:
                    return
                continue
            self.on_dispatcher(self._clock.wake)
            self._wait_for_calls()

    def _hand_out(self, until: int, speed: float) -> bool:
        """Hand out all events up to a moment.

        Return False if this ended early: something is due before that moment, the speed has
        changed, or the replay is closed.
        """
        for part, first, end in self._position.until(until):
            at = first
            while at < end:
                wakes = self._clock.next_due
                is_early = wakes is not None and wakes < until
                if is_early or self.closing.is_set() or self.speed != speed:
                    return False
                batch = _Batch(self._wanted_of(part), at, end, self._clock, self._dispatcher)
                self._give(batch)
                at = batch.reached
                self._position.move(part, at)
                self._wait_for_calls()
        return True

    def _give(self, batch: _Batch) -> None:
        done = threading.Event()
        self._intake.events += batch.end - batch.first
        self._dispatcher.put(batch)
        self._dispatcher.put([Pending("Replay", math.inf, lambda _: done.set())])
        while not done.wait(IDLE):
            if self.closing.is_set():
                return
        self._intake.events -= batch.end - batch.reached

    def _wait_for_calls(self) -> None:
        """Wait until the calls that events have started are over, since they run at this time."""
        if not self._clock.is_held:
            return
        deadline = time.monotonic() + PATIENCE
        while not self._clock.wait_until_free(0.2):
            if self.closing.is_set():
                return
            if time.monotonic() > deadline:
                self._counts["endless"] += 1
                if not self._told_endless:
                    self._told_endless = True
                    logger.warning(
                        "%s: a call of a logic or a callback has not ended for %.0f s: the replay "
                        "goes on without it. Let it wait by sh.clock.sleep",
                        self._name,
                        PATIENCE,
                    )
                return

    def _marked(self, event: Event) -> Pending:
        def take(_: Pending) -> None:
            self.mark(event)

        return Pending("Mark", math.inf, take)

    def _wanted_of(self, part: Part) -> _Wanted:
        """Return those events of a part for which functions are registered."""
        known = self._made
        version = self._dispatcher.version
        if known is None or known[0] is not part or known[1] != version:
            rows, events = events_of(part.batch, self._dispatcher.is_wanted)
            items = [self._marked(one) if one.name in STATE_ROWS else one for one in events]
            known = self._made = (part, version, _Wanted(rows, items, part.moments))
        return known[2]


class _Wanted:
    """The events of a part that are handed out, their rows, and the moments of all rows."""

    def __init__(self, rows: list[int], events: list[Event | Pending], moments: Any) -> None:
        self.rows = np.array(rows, np.int64)
        self.events = events
        self.places = rows
        self.moments: list[int] = moments.tolist()


class _Batch(Collection[Event | Pending]):
    """Events that move the clock as they are handed out; an event that starts a call is the last.

    Attributes
    ----------
    first, end : int
        The rows of the part that are to be handed out.
    reached : int
        The row after the last one that was handed out.
    """

    def __init__(
        self, wanted: _Wanted, first: int, end: int, clock: ReplayClock, dispatcher: Dispatcher
    ) -> None:
        self.first = self.reached = first
        self.end = end
        self._wanted = wanted
        self._clock = clock
        self._dispatcher = dispatcher

    def __contains__(self, event: object) -> bool:
        return any(event is one for one in self._wanted.events)

    def __len__(self) -> int:
        return self.end - self.first

    def __iter__(self) -> Iterator[Event | Pending]:
        wanted, clock, dispatcher = self._wanted, self._clock, self._dispatcher
        begin, end = np.searchsorted(wanted.rows, [self.first, self.end]).tolist()
        moments, started = wanted.moments, clock.started
        for at in range(begin, end):
            row = wanted.places[at]
            due = clock.next_due
            if due is not None and due < moments[row]:
                return
            clock.move(moments[row])
            yield wanted.events[at]
            self.reached = row + 1
            if clock.started != started or dispatcher.has_after:
                return
        self.reached = self.end
        clock.move(moments[self.end - 1])
