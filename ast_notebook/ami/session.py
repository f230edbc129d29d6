"""A threaded session with one Asterisk, on pyst2's `Manager`: it stays logged in by itself."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ast_notebook.ami.action import Field
from ast_notebook.ami.answer import Answer, Pending
from ast_notebook.ami.before12 import what_is_unknown
from ast_notebook.ami.dispatcher import Callback, Dispatcher
from ast_notebook.ami.intake import Intake
from ast_notebook.ami.login import add_filters, log_in
from ast_notebook.ami.message import Response
from ast_notebook.ami.open_actions import OpenActions
from ast_notebook.ami.reader import Reader
from ast_notebook.ami.secret import Secret
from ast_notebook.ami.settings import Settings
from ast_notebook.ami.timeouts import seconds
from ast_notebook.clock import MACHINE, SystemClock, working_at
from ast_notebook.errors import ActionRefused, ConfError, ConnectionLost
from ast_notebook.pyst2 import Manager

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 0.8


class Session(Manager):
    """A session with Asterisk's manager that dispatches events, and connects again by itself.

    One thread, the reader, connects, logs in, reads and parses, and hands what it read to
    `recorder` and to the dispatcher's thread, which runs the functions of `register_event`. A lost
    connection is made again after a pause that grows; the stream then holds an event
    ``SessionLost`` and later ``SessionRestored``. After each login, ``SessionReady`` says that
    Asterisk has booted and can be asked how things stand; it is dispatched, not recorded.

    pyst2's action methods (`originate`, `redirect`, `dbget` …) work, from any thread.

    Parameters
    ----------
    settings : Settings, optional
        Where and how to log in. Without a username, `connect` only connects, and you call `login`
        yourself.
    name : str
        The name of this PBX, also in the names of its threads and in what is recorded.
    recorder : callable, optional
        It is called on the reader's thread with the texts of the events that were read at once, in
        order, and the moment in microseconds since 1970 UTC; it must be quick. Events that were
        read at once count as read one microsecond after another, so that their order is known.
    clock : SystemClock
        The clock of whatever is bound to this session.

    Attributes
    ----------
    counts : Counter
        How often each odd thing happened, by its name; ``%ast status`` has words for each.
    """

    #: The result of each call if calls are never made, as in a replay; empty in other sessions.
    held_back = ""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        name: str = "ast",
        recorder: Callable[[list[str], int], None] | None = None,
        clock: SystemClock = MACHINE,
    ) -> None:
        # pyst2's own constructor only makes the queues and threads that this class replaces.
        self.name = name
        self._process = os.getpid()
        self.clock = clock
        self.hostname = socket.gethostname()
        self.counts: Counter[str] = Counter()
        self._actions = OpenActions(self.counts)
        self._dispatcher = Dispatcher(
            name, self, self.counts, partial(self._end_aloud, "hands events out")
        )
        self._intake = Intake(name, self._actions, self._dispatcher, self.counts, recorder)
        self._reader = self._new_reader(settings or Settings(username=""))
        self._reader.tls = self.settings.tls_context()  # last, because it may raise

    def _new_reader(self, settings: Settings) -> Reader:
        """Return the reader of this session; the session of a replay returns its player instead."""
        return self._reader_of(Reader, "reads", settings)

    def _reader_of(
        self, kind: Callable[..., Reader], does: str, settings: Settings, **more: Any
    ) -> Reader:
        """Return a reader of this kind for the session; its thread `does` so until its end."""
        shared = self._intake, self._actions, self._dispatcher, self.counts
        return kind(self.name, settings, *shared, partial(self._end_aloud, does), **more)

    def __del__(self) -> None:
        """Do nothing; pyst2 would wait for its threads here. Whoever connects calls `close`."""

    def __repr__(self) -> str:
        state = "connected" if self.connected() else "closed" if self.closed else "not connected"
        return f"<Session {self.name} {self.settings.address} {state}>"

    # --- opening and closing -------------------------------------------------------------------

    def connect(self, host: str | None = None, port: int | None = None) -> Session:
        """Connect, and log in if there is a username; the reader's thread runs from here on.

        Raises
        ------
        ConnectionLost
            If nothing answers there as a manager interface does.
        LoginRefused
            If the username or the password is wrong.
        """
        self._refuse_replays()
        reader = self._reader
        if self._was_opened:
            raise ConnectionLost(
                f"this session with {self.settings.address} was opened before: make a new one"
            )
        if host is not None or port is not None:
            reader.change(host=host or self.settings.host, port=port or self.settings.port)
        self._dispatcher.start()
        try:
            reader.start()
        except BaseException:
            self.close()
            raise
        failure = reader.no_connection() if self.closed else reader.failure
        if failure is not None:
            self.close()
            raise failure.with_traceback(None)
        return self

    def login(self, username: str, secret: str | Secret) -> Response:
        """Log in on a session connected without a username; each reconnect then logs in, too."""
        secret = Secret(secret)  # at once, since a traceback would show the plain text
        self._refuse_replays()
        reader = self._reader
        reader.change(username=username, password=secret)

        def ask(action: Mapping[str, Field]) -> Answer:
            return reader.send(action).wait()

        answer = log_in(self.settings, ask, is_first=lambda: not reader.was_lost)
        add_filters(self.settings, ask)
        reader.logged_in.set()
        return answer.response

    def logoff(self) -> Response:
        """Log off for good, as `close` does, and return what Asterisk says to that."""
        try:
            return self.send_action({"Action": "Logoff"})
        finally:
            self.close()

    def close(self) -> None:
        """Log off and end the threads, from any thread, within two seconds.

        In a process that was forked from the session's own, this does nothing: the connection
        belongs to the other process.
        """
        if os.getpid() != self._process:
            return
        self._dispatcher.stop()
        self._reader.stop()
        self._reader.join(CLOSE_TIMEOUT)
        self._dispatcher.join(CLOSE_TIMEOUT)

    def reconnect(self) -> None:
        """Try to connect again at once, if a lost connection is waiting for its next try."""
        self._reader.hurry()

    def __enter__(self) -> Session:
        return self if self._was_opened else self.connect()

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_closed(self, seconds: float) -> bool:
        """Wait until `close` is called, for so many seconds at most; return whether it was."""
        return self._reader.closing.wait(seconds)

    def connected(self) -> bool:
        """Whether the session is logged in now."""
        return self._reader.logged_in.is_set()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._reader.closing.is_set()

    @property
    def _was_opened(self) -> bool:
        return self._reader.thread.ident is not None

    def _end_aloud(self, what: str) -> None:
        """If one of the session's threads has ended by itself, close the session and log why."""
        if not self.closed:
            logger.critical("%s is closed, as the thread that %s has ended", self.name, what)
            self._reader.last_error = f"the thread that {what} has ended"
            self.close()

    # --- how it goes ---------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Where and how it logs in; a change counts from the next connection on."""
        return self._reader.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._reader.settings = settings

    @property
    def title(self) -> str | None:
        """The manager's greeting; None before it came."""
        return self._reader.title

    @property
    def version(self) -> str:
        """The version of the manager interface, from the greeting."""
        return self._reader.version

    @property
    def unknown(self) -> str:
        """What cannot be known because the Asterisk is so old; empty for 12 and later."""
        return what_is_unknown(self.version)

    @property
    def connected_since(self) -> float | None:
        """When it logged in, in seconds since 1970 UTC; None while it is not."""
        return self._reader.connected_since

    @property
    def lost_since(self) -> float | None:
        """When the connection was lost; None while there is one."""
        return self._reader.lost_since

    @property
    def next_try(self) -> float | None:
        """When it will try to connect again; None if it does not wait for a try."""
        return self._reader.next_try

    @property
    def last_error(self) -> str:
        """Why there is no connection; empty while there is one."""
        return self._reader.last_error

    @property
    def events_read(self) -> int:
        """How many events were read."""
        return self._intake.events

    @property
    def backlog(self) -> int:
        """How many events were read but are not dispatched yet."""
        return self._dispatcher.backlog

    @property
    def dispatched_until(self) -> int:
        """When the newest event that was dispatched was received, in microseconds since 1970."""
        return self._dispatcher.until

    # --- asking --------------------------------------------------------------------------------

    def ask(
        self,
        action: Mapping[str, Field],
        *,
        then: Callable[[Pending], None] | None = None,
        timeout: float | None = None,
        apart: bool = False,
    ) -> Pending:
        """Send an action and return at once.

        Parameters
        ----------
        action : mapping
            Headers by name, with ``Action``; a list is sent as one header for each of its values.
        then : callable, optional
            It is called with the finished `Pending` on the dispatcher's thread, at the place in the
            stream of events where the answer came.
        timeout : float, optional
            Seconds that `Pending.wait` waits; the settings' by default.
        apart : bool
            Whether the entries of a list are only in the answer, and neither recorded nor
            dispatched as events.

        Raises
        ------
        ConnectionLost
            If there is no connection now.
        UnsafeText
            If a field holds a line break; nothing was sent.
        ConfError
            If a field is no text, or the timeout is no number of seconds; or if a logic, an item or
            a callback of a replay calls this, since these send nothing to a PBX. Nothing was sent.
        """
        return self._ask(action, then=then, timeout=timeout, apart=apart)

    def _ask(
        self, action: Mapping[str, Field], *, timeout: float | None = None, **more: Any
    ) -> Pending:
        self._refuse_replays()
        if not self.connected() and self.settings.username:
            raise self._reader.no_connection()
        if timeout is not None:
            timeout = seconds(timeout)
        return self._reader.send(action, timeout=timeout, **more)

    def _refuse_replays(self) -> None:
        """Raise an error if the code that calls this runs in a replay."""
        if not self.held_back and working_at() is not MACHINE:
            raise ConfError(
                f"{self.name} is a real PBX, to which code in a replay may send nothing: ask "
                "sh.replay instead, or begin a separate replay by ast_notebook.replay"
            )

    def request(self, action: Mapping[str, Field], timeout: float | None = None) -> Answer:
        """Send an action and wait for its answer; see `ask` and `Pending.wait` for the errors."""
        if threading.current_thread() is self._reader.thread:
            raise RuntimeError(
                "the reader's thread cannot wait for an answer that only it can read"
            )
        return self._ask(action, timeout=timeout, waits=True).wait()

    def new_id(self) -> str:
        """Return an ActionID that no other session, of this process or another, gives out."""
        return self._actions.new_id()

    # --- subscribers ----------------------------------------------------------------------------

    def register_event(self, event: str, function: Callback) -> None:
        """Call `function(event, session)` for each event of that name, or ``*`` for all.

        It runs on the dispatcher's thread and should be quick. A function that raises is counted
        and logged, and holds up no other function; its return value is ignored. All functions are
        given the same event: one that changes it has to change a copy, ``event.copy()``.
        """
        self._dispatcher.register(event, function)

    def unregister_event(self, event: str, function: Callback) -> None:
        """Undo `register_event` for a function; one that is not registered is no error."""
        self._dispatcher.unregister(event, function)

    def after_batch(self, function: Callable[[], object]) -> None:
        """Call `function()` once, after the last of the events that were read at once.

        This is for functions of `register_event`, on the dispatcher's thread: they can collect what
        many events tell them, and hand it on in one go.
        """
        self._dispatcher.after_batch(function)

    # --- what else pyst2's Manager has ---------------------------------------------------------

    def send_action(self, cdict: Mapping[str, Field] | None = None, **kwargs: Field) -> Response:
        """Send an action as pyst2's method does, and return the response, an ``Error`` included."""
        action: dict[str, Field] = {**(cdict or {}), **kwargs}
        pending = self._ask(action, waits=True)
        with contextlib.suppress(ActionRefused):
            pending.wait()
        assert pending.response is not None
        return pending.response

    def next_seq(self) -> int:
        """Return a number that this session has not returned before."""
        return self._actions.next_number()

    @property
    def message_thread(self) -> threading.Thread:
        """The thread that reads."""
        return self._reader.thread

    @property
    def event_dispatch_thread(self) -> threading.Thread:
        """The thread that calls the functions of `register_event`."""
        return self._dispatcher.thread

    def message_loop(self) -> None:
        """Raise an error: the session reads on a thread of its own, from `connect` on."""
        raise NotImplementedError(
            "a Session reads on a thread of its own, from connect() on: there is no loop to run"
        )

    def event_dispatch(self) -> None:
        """Raise an error: the session dispatches on a thread of its own."""
        raise NotImplementedError(
            "a Session dispatches events on a thread of its own: give it functions by "
            "register_event()"
        )
