"""The thread that connects, logs in and reads, and connects again if the connection breaks."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ast_notebook.ami import failures
from ast_notebook.ami.action import Field, encode
from ast_notebook.ami.answer import Answer, Pending
from ast_notebook.ami.before12 import is_before_12
from ast_notebook.ami.connection import Connection
from ast_notebook.ami.dispatcher import Dispatcher
from ast_notebook.ami.elapsed import elapsed
from ast_notebook.ami.intake import Intake, Taken
from ast_notebook.ami.login import add_filters, greeted, log_in
from ast_notebook.ami.message import own_event
from ast_notebook.ami.open_actions import OpenActions
from ast_notebook.ami.pauses import Pauses
from ast_notebook.ami.settings import Settings
from ast_notebook.ami.shortcut import Shortcut
from ast_notebook.ami.timeouts import wait_for
from ast_notebook.errors import AstError, ConnectionLost, LoginRefused

logger = logging.getLogger(__name__)

BOOT_TIMEOUT = 1.0  # seconds; without `read = system`, FullyBooted never comes
LARGE = 32 * 1024  # bytes of a read after which there is no pause to gather more
ODD_TIMEOUT = 0.1  # seconds of silence after which a message with an odd end is complete
UNFORESEEN = 1.0  # seconds to pause after an unexpected error


class Reader:
    """The connection of a session, and the one thread that reads it.

    Parameters
    ----------
    name : str
        The session's name, for the thread and the log.
    settings : Settings
    intake : Intake
        It takes the bytes that were read.
    actions : OpenActions
    dispatcher : Dispatcher
    counts : Counter
        Where ``tries``, ``reconnects`` and ``torn`` messages are counted.
    ended : callable
        It is called when the thread ends although the session was not closed.

    Attributes
    ----------
    settings : Settings
    tls : ssl.SSLContext or None
    title, version : str
        The title and the version in the manager's greeting.
    connected_since, lost_since, next_try : float or None
        Moments, in seconds since 1970 UTC; `lost_since` is the last moment before the gap.
    last_error : str
        Why there is no connection.
    failure : Exception or None
        Why the first connection failed, once it was tried.
    was_lost : bool
        Whether a connection broke before.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        intake: Intake,
        actions: OpenActions,
        dispatcher: Dispatcher,
        counts: Counter[str],
        ended: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.tls: ssl.SSLContext | None = None
        self.title: str | None = None
        self.version = ""
        self.connected_since: float | None = None
        self.lost_since: float | None = None
        self.next_try: float | None = None
        self.last_error = ""
        self.failure: Exception | None = None
        self.was_lost = False
        self.thread = threading.Thread(target=self._run, name=f"ast-read-{name}", daemon=True)
        self.logged_in = threading.Event()
        self.closing = threading.Event()

        self._name = name
        self._intake = intake
        self._actions = actions
        self._dispatcher = dispatcher
        self._counts = counts
        self._ended = ended
        self._connection: Connection | None = None
        self._shortcut: Shortcut | None = None
        self._pauses = Pauses()
        self._tried = threading.Event()
        self._boot_deadline: float | None = None
        self._booted = self._keep_trying = False
        self._logins = 0
        self._changed = 0.0  # when it was connected or lost, on the clock of `elapsed`

    # --- for any thread ------------------------------------------------------------------------

    def change(self, **changes: Any) -> None:
        """Change settings, from the next connection on."""
        self.settings = dataclasses.replace(self.settings, **changes)

    def start(self) -> None:
        """Start the thread, and wait until it has tried to connect; see `failure`."""
        self.thread.start()
        wait_for(self._tried)

    def stop(self) -> None:
        """Log off, and have the thread end."""
        first = not self.closing.is_set()
        self.closing.set()
        self._pauses.end()
        connection = self._connection
        if connection is not None:
            if first:
                with contextlib.suppress(OSError):
                    connection.send(encode({"Action": "Logoff"}))
            connection.shut()

    def join(self, seconds: float) -> None:
        """Wait for the thread's end after `stop`, for so many seconds at most."""
        if self.thread.ident is not None and self.thread is not threading.current_thread():
            self.thread.join(seconds)

    def hurry(self) -> None:
        """Try to connect again at once, if a lost connection is waiting for its next try."""
        if not self.logged_in.is_set():
            self._pauses.hurry()

    def send(
        self,
        action: Mapping[str, Field],
        *,
        then: Callable[[Pending], None] | None = None,
        timeout: float | None = None,
        ends: str = "",
        apart: bool = False,
        waits: bool = False,
    ) -> Pending:
        """Send an action, whether or not the login is over; see `Session.ask`.

        Parameters
        ----------
        ends : str
            The ActionID of the action that is over once this one is answered.
        waits : bool
            Whether the caller does nothing else before it waits for the answer.
        """
        name = str(action.get("Action", ""))
        key = str(action.get("ActionID") or self._actions.new_id())
        # The ActionID comes first, since Asterisk may stop reading at a header that it refuses.
        front: dict[str, Field] = {"Action": name, "ActionID": key}
        # A traceback does not show the bytes behind a memoryview.
        data = memoryview(encode({**front, **action, **front}))
        connection = self._connection
        if connection is None:
            raise self.no_connection()
        pending = Pending(name, timeout or self.settings.timeout, then, ends, apart)
        send = partial(self._actions.send, key, pending, partial(connection.send, data))
        if waits and (shortcut := self._shortcut) is not None and shortcut.is_of(connection):
            shortcut.fetch(send, key, pending)
        else:
            send()
        return pending

    def no_connection(self) -> ConnectionLost:
        """Return the error that says why nothing can be sent now."""
        address = self.settings.address
        if self.closing.is_set():
            return ConnectionLost(f"the session with {address} is closed: connect again")
        if self.thread.ident is None:
            return ConnectionLost(f"the session with {address} is not connected yet: connect first")
        return ConnectionLost(
            f"there is no connection to {address} now ({self.last_error or 'being made'}); it is "
            "renewed automatically: wait, or see %ast status"
        )

    # --- the reader's thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self.closing.is_set():
                try:
                    self._open()
                    self._read()
                except (OSError, ValueError, AstError) as error:
                    pause = self._broken(error)
                except BaseException as error:
                    logger.exception("the reader of %s raised an unexpected error", self._name)
                    pause = max(self._broken(error), UNFORESEEN)
                else:
                    break
                if not self._keep_trying:
                    break
                if pause:
                    self.next_try = time.time() + pause
                    self._pauses.wait(pause)
        finally:
            self._release(ConnectionLost(f"the session with {self.settings.address} was closed"))
            self._tried.set()
            if self._keep_trying:
                self._ended()

    def _open(self) -> None:
        """Connect and log in."""
        settings = self.settings
        self._booted = False
        self._intake.begin(settings.address)
        try:
            self._connection = Connection(
                settings.host,
                settings.port,
                settings.timeout,
                self.tls,
                lambda: not self.closing.is_set(),
            )
            self._shortcut = Shortcut.of(self._connection, self._intake)
            if self.closing.is_set():  # `stop` may have been called before there was a connection
                raise ConnectionAbortedError("closed while it was being made")
        except OSError as error:
            if self.closing.is_set():
                raise self.no_connection() from None
            raise failures.unreachable(settings, error) from None
        self.title, self.version = greeted(settings, self._line, was_known=self._logins > 0)
        self._intake.translate(is_before_12(self.version))
        if settings.username:
            try:
                log_in(settings, self._exchange, is_first=lambda: not self.was_lost)
            except OSError as error:
                raise failures.unanswered(settings, error) from None
            add_filters(settings, self._exchange)
        self._restored()

    def _line(self, deadline: float) -> str:
        line = self._intake.framer.line(b"")
        while line is None:
            line = self._intake.framer.line(self._receive(deadline))
        return line

    def _exchange(self, action: Mapping[str, Field]) -> Answer:
        """Send an action on the reader's thread, and read until it is answered."""
        pending = self.send(action)
        while not pending.done:
            self._heed(self._intake.feed(self._receive(pending.deadline)))
        return pending.wait()

    def _receive(self, deadline: float) -> bytes:
        connection = self._connection
        assert connection is not None
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in the time allowed")
        data = connection.receive(left)
        if not data:
            raise ConnectionResetError("Asterisk closed the connection")
        return data

    def _restored(self) -> None:
        """Announce that the session is up, to waiting threads and in the stream of events."""
        now = elapsed()
        if self._logins:
            self._counts["reconnects"] += 1
            self._intake.tell("SessionRestored", Seconds=f"{now - self._changed:.3f}")
        self._logins += 1
        self._changed = now
        self.connected_since, self.lost_since, self.next_try = time.time(), None, None
        self.last_error = ""
        self._keep_trying = True
        self._pauses.stands()
        if self.settings.username:
            self.logged_in.set()
        self._boot_deadline = time.monotonic() + BOOT_TIMEOUT
        if self._booted:
            self._ready()
        self._tried.set()

    def _read(self) -> None:
        connection = self._connection
        assert connection is not None
        intake = self._intake
        keepalive, asked = self.settings.keepalive, False
        while not self.closing.is_set():
            booting = self._boot_deadline
            wait = keepalive if booting is None else max(0.01, booting - time.monotonic())
            is_odd, in_command = intake.framer.ends_oddly, intake.framer.in_command
            held = ODD_TIMEOUT if is_odd else self.settings.timeout if in_command else wait
            try:
                data = connection.receive(min(wait, held))
            except TimeoutError:
                self._sweep()
                if is_odd:
                    self._heed(intake.end())
                elif in_command:
                    self._heed(intake.overdue(self.settings.timeout))
                elif booting is not None:
                    self._ready()
                elif asked:
                    raise ConnectionResetError(
                        f"Asterisk gave no sign of life for {2 * keepalive:g} s"
                    ) from None
                else:
                    asked = True
                    self.send({"Action": "Ping"})
                continue
            if not data:
                raise ConnectionResetError("Asterisk closed the connection")
            asked = False
            read = time.monotonic()
            taken = intake.feed(data)
            self._heed(taken)
            self._sweep()
            self._heed(intake.overdue(self.settings.timeout))
            booting = self._boot_deadline
            if booting is not None and time.monotonic() > booting:
                self._ready()
            # This holds up no thread that waits for an answer, or sends one action after the other.
            if len(data) < LARGE and not taken.answered and not self._actions.under_way:
                pause = read + self.settings.gathering - time.monotonic()
                if pause > 0:
                    time.sleep(pause)

    def _heed(self, taken: Taken) -> None:
        for key in taken.without_end:
            if key in self._actions.under_way:
                # Asterisk answers one action after the other: the next answer ends this one.
                self.send({"Action": "Ping"}, ends=key)
        if taken.booted and self.connected_since is None:
            self._booted = True  # no action may be sent yet: the login is not over
        elif taken.booted:
            self._ready()

    def _ready(self) -> None:
        self._boot_deadline = None
        self._dispatcher.put([own_event("SessionReady")])

    def _sweep(self) -> None:
        if ended := self._actions.sweep():
            self._dispatcher.put([*ended])

    def _broken(self, error: BaseException) -> float:
        """Note that there is no connection, and return the seconds until the next try."""
        if not self._keep_trying:
            self.failure = failures.before_login(self.settings, error)
            self.last_error = str(error)
            return 0.0
        if self.connected_since is not None:
            return self._lost(error)
        self._release(ConnectionLost(f"the connection was not made: {error}"))
        former, self.last_error = self.last_error, str(error)
        if self.closing.is_set():
            return 0.0
        self._counts["tries"] += 1
        if isinstance(error, LoginRefused):
            self.last_error += f"; sh.{self._name}.reconnect() tries at once"
            if self.last_error != former:
                logger.warning("%s: %s", self._name, self.last_error)
        return self._pauses.failed(error)

    def _lost(self, error: BaseException) -> float:
        """Tell everyone who waits or listens that the connection is gone."""
        self.was_lost = True
        lost = elapsed() if self._connection is None else self._connection.current
        lasted = lost - self._changed
        self.connected_since, self._boot_deadline = None, None
        self.last_error = str(error)
        torn = int(self._intake.framer.torn)
        self._release(ConnectionLost(f"the connection to {self.settings.address} broke: {error}"))
        if not self.closing.is_set():
            since = time.time() - (elapsed() - lost)  # the clock may have been set meanwhile
            self.lost_since, self._changed = since, lost
            self._counts["torn"] += torn
            why = " ".join(str(error).split())
            self._intake.tell("SessionLost", Reason=why, Missing=str(torn), Since=f"{since:.6f}")
            logger.warning("%s: connection lost: %s; it is renewed automatically", self._name, why)
        return self._pauses.lost(lasted)

    def _release(self, error: ConnectionLost) -> None:
        """Close the connection, and fail the actions that were under way on it."""
        self.logged_in.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if ended := self._actions.fail_all(error):
            self._dispatcher.put([*ended])
