"""Hands events and answers, in their order, to functions on a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from ast_notebook.ami.answer import Pending
from ast_notebook.ami.message import Event, own_event

logger = logging.getLogger(__name__)

Callback = Callable[[Event, Any], object]

BACKLOG = 100_000  # events read but not dispatched, before further ones are dropped and counted
ROUTES = 1000  # names whose functions are kept at hand; names come from the wire


class Dispatcher:
    """The functions that are registered for events, and the thread that calls them.

    Parameters
    ----------
    name : str
        The session's name, for the thread and the log.
    session : Session
        The second argument of each function.
    counts : Counter
        Where ``failed`` functions and ``undispatched`` events are counted.
    ended : callable
        Called when the thread ends.

    Attributes
    ----------
    until : int
        When the newest event that was handed out was received, in microseconds since 1970 UTC.
    version : int
        How often functions were registered or unregistered.
    """

    def __init__(
        self, name: str, session: Any, counts: Counter[str], ended: Callable[[], None]
    ) -> None:
        self._name = name
        self._session = session
        self._counts = counts
        self._ended = ended
        self._stream: queue.SimpleQueue[Collection[Event | Pending] | None] = queue.SimpleQueue()
        self._callbacks: dict[str, list[Callback]] = {}
        self._routes: dict[str, tuple[Callback, ...]] = {}
        self._registering = threading.Lock()
        self._after: list[Callable[[], object]] = []  # for the dispatcher's thread alone
        self._handed = 0  # only the reader's thread changes this
        self._dispatched = 0
        self.until = 0
        self.version = 0
        self._overflows = False  # whether the events that were read last were dropped
        self._closing = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"ast-dispatch-{name}", daemon=True)

    @property
    def backlog(self) -> int:
        """How many events were read but are not dispatched yet."""
        return self._handed - self._dispatched

    def register(self, event: str, function: Callback) -> None:
        """Have a function called for each event of that name, or ``*`` for all."""
        with self._registering:
            self._callbacks.setdefault(event, []).append(function)
            self._routes = {}
            self.version += 1

    def unregister(self, event: str, function: Callback) -> None:
        """Undo `register` for a function; a function that is not registered is no error."""
        with self._registering:
            with contextlib.suppress(ValueError):
                self._callbacks.get(event, []).remove(function)
            self._routes = {}
            self.version += 1

    def is_wanted(self, event: str) -> bool:
        """Tell whether any function is registered for events of that name."""
        return bool(self._route(event))

    @property
    def has_after(self) -> bool:
        """Whether functions wait for the end of the batch under way."""
        return bool(self._after)

    def after_batch(self, function: Callable[[], object]) -> None:
        """Have a function called once the batch under way is dispatched."""
        self._after.append(function)

    def put(self, stream: Collection[Event | Pending]) -> None:
        """Queue events and answers, however many wait already."""
        self._handed += len(stream)
        self._stream.put(stream)

    def put_heard(self, stream: Collection[Event | Pending], events: int) -> None:
        """Queue what was read; if too many events wait already, drop its events and count them.

        Parameters
        ----------
        stream : collection of Event or Pending
        events : int
            How many events to count as ``undispatched``, if those in `stream` are dropped.
        """
        if not stream:
            return
        if self.backlog > BACKLOG:
            self._counts["undispatched"] += events
            stream = [item for item in stream if type(item) is not Event]
            if not self._overflows:  # one such event is enough, since it comes after all that waits
                stream.append(own_event("SessionOverflow"))
            self._overflows = True
            if not stream:
                return
        else:
            self._overflows = False
        self.put(stream)

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """Let the thread end after the function that runs now, even if events wait."""
        self._closing.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread's end after `stop`, for so many seconds at most."""
        self._stream.put(None)
        if self.thread.ident is not None and self.thread is not threading.current_thread():
            self.thread.join(seconds)

    def _run(self) -> None:
        try:
            self._dispatch()
        finally:
            self._ended()

    def _dispatch(self) -> None:
        while (batch := self._stream.get()) is not None:
            self._hand_out(batch)
            after, self._after = self._after, []
            for function in after:
                try:
                    function()
                except BaseException:
                    self._callback_failed("a batch")
            if self._closing.is_set():
                return
            self._dispatched += len(batch)

    def _hand_out(self, batch: Collection[Event | Pending]) -> None:
        closing, session = self._closing.is_set, self._session
        for item in batch:
            if type(item) is Event:
                self.until = item.received
                route = self._routes.get(item.name)
                if route is None:
                    route = self._route(item.name)
                if route and closing():
                    return
                for callback in route:
                    try:
                        callback(item, session)
                    except BaseException:  # SystemExit, too, concerns that callback alone
                        self._callback_failed(item.name)
            elif type(item) is Pending and item.then is not None:
                if closing():
                    return
                try:
                    item.then(item)
                except BaseException:
                    self._callback_failed(item.name)

    def _route(self, name: str) -> tuple[Callback, ...]:
        with self._registering:
            named = () if name == "*" else self._callbacks.get(name, ())
            route = (*named, *self._callbacks.get("*", ()))
            if len(self._routes) < ROUTES:
                self._routes[name] = route
            return route

    def _callback_failed(self, what: str) -> None:
        self._counts["failed"] += 1
        logger.exception("%s: a function registered for %s raised", self._name, what)
