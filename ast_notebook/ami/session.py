"""A threaded session with one Asterisk, on pyst2's `Manager`: it stays logged in by itself."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import queue
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import tenacity

from ast_notebook.ami import failures
from ast_notebook.ami.answer import Answer, Pending
from ast_notebook.ami.before12 import Before12, is_before_12, what_is_unknown
from ast_notebook.ami.connection import BLOCK, Connection
from ast_notebook.ami.message import Event, Field, Framer, Response, encode, parse
from ast_notebook.ami.pauses import LONGEST, Pauses
from ast_notebook.ami.secret import Secret
from ast_notebook.ami.settings import Settings
from ast_notebook.ami.sieve import Sieve
from ast_notebook.errors import ActionRefused, AnswerTimeout, AstError, ConnectionLost, LoginRefused

if TYPE_CHECKING:

    class Manager:
        """pyst2's `Manager`, which is untyped."""
else:
    from asterisk.manager import Manager

logger = logging.getLogger(__name__)

Callback = Callable[[Event, "Session"], object]

BACKLOG = 100_000  # events read but not dispatched, before further ones are dropped and counted
BOOT_PATIENCE = 1.0  # a login without `read = system` never hears FullyBooted
CLOSING_PATIENCE = 0.8
GATHERING = 0.005  # seconds from one read to the next, so that a flood comes in large parts
ODD_PATIENCE = 0.1  # a message whose end is odd is over when nothing follows for so long
SECOND = 1_000_000  # in microseconds
GIVEN_UP = 1000  # actions that may be answered after all, when nobody waits any more
SWEEPING = 1.0  # seconds between looks for actions that were never answered
STEADY = 10.0  # seconds that a connection lasts before the next one is not held back


class Session(Manager):
    """A session with Asterisk's manager that reads, answers, dispatches and comes back by itself.

    One thread, the reader, connects, logs in, reads and parses, and hands what it read to
    `recorder` and to the dispatcher's thread, which runs the functions of `register_event`. A lost
    connection is made again after a pause that grows; the stream then holds an event
    ``SessionLost`` and later ``SessionRestored``. ``SessionReady`` says that Asterisk has booted
    and can be asked how things stand, after each login; it is dispatched, not recorded.

    pyst2's action methods (`originate`, `redirect`, `dbget` …) work, from any thread.

    Parameters
    ----------
    settings : Settings, optional
        Where and how to log in. Without a username, `connect` only connects, and `login` is yours.
    name : str
        The name of this PBX: of its threads, and in what is recorded.
    recorder : callable, optional
        Given the texts of the events read at once, and when that was in microseconds since 1970
        UTC, on the reader's thread, in order; it must be quick. Events read at once count as read
        a microsecond after each other, so that their order can be told.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        name: str = "ast",
        recorder: Callable[[list[str], int], None] | None = None,
    ) -> None:
        # pyst2's own constructor only makes the queues and threads that this class replaces.
        self.settings = settings or Settings(username="")
        self.name = name
        self.title: str | None = None
        self.version = ""
        self.hostname = socket.gethostname()
        self.counts: Counter[str] = Counter()
        self.events_read = 0
        self.connected_since: float | None = None
        self.lost_since: float | None = None
        self.next_try: float | None = None
        self.last_error = ""

        self._recorder = recorder
        self._prefix = f"ast-{uuid.uuid4().hex[:12]}"
        self._numbers = itertools.count()
        self._pending: dict[str, Pending] = {}
        self._given_up: dict[str, None] = {}
        self._stream: queue.SimpleQueue[list[Event | Pending] | None] = queue.SimpleQueue()
        self._callbacks: dict[str, list[Callback]] = {}
        self._routes: dict[str, tuple[Callback, ...]] = {}
        self._registering = threading.Lock()
        self._handed = 0  # written by the reader alone, as the next is by the dispatcher
        self._dispatched = 0

        self._connection: Connection | None = None
        self._framer = Framer()
        self._sieve = Sieve(name, self.settings.address, self.counts)
        self._before12: Before12 | None = None
        self._logged_in = threading.Event()
        self._closing = threading.Event()
        self._pauses = Pauses()
        self._tried = threading.Event()
        self._failure: Exception | None = None
        self._boot_deadline: float | None = None
        self._booted = False
        self._keep_trying = False
        self._logins = 0
        self._moment = 0  # when the next event counts as read, if it comes at once
        self._changed = 0.0  # when it was connected or lost, by a clock that nobody sets
        self._short_ones = 0
        self._next_sweep = 0.0
        self._reader: threading.Thread | None = None
        self._dispatcher: threading.Thread | None = None
        self._tls = self.settings.tls_context()  # last, as it may raise

    def __del__(self) -> None:
        """Do nothing, where pyst2 would wait for its threads: `close` is for who connected."""

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
        if self._reader is not None:
            raise ConnectionLost(f"this session with {self.settings.address} was opened before")
        if host is not None or port is not None:
            self._change(host=host or self.settings.host, port=port or self.settings.port)
        self._dispatcher = _started(self._dispatch, f"ast-dispatch-{self.name}")
        self._reader = _started(self._run, f"ast-read-{self.name}")
        try:
            self._tried.wait()
        except BaseException:
            self.close()
            raise
        if self.closed:
            self._failure = self._no_connection()
        if self._failure is not None:
            self.close()
            raise self._failure.with_traceback(None)
        return self

    def login(self, username: str, secret: str | Secret) -> Response:
        """Log in on a session that was connected without a username, and at each reconnect."""
        secret = Secret(secret)  # at once: a traceback shows the text that it was
        self._change(username=username, password=secret)
        action = {"Action": "Login", "Username": username, "Events": self.settings.events}
        try:
            proof = self._proof(lambda asked: self._send(asked).wait())
            response = self._send({**action, **proof}).wait().response
        except ActionRefused as error:
            raise failures.refused(self.settings, error) from None
        self._logged_in.set()
        return response

    def close(self) -> None:
        """Log off and end the threads, from any thread, within two seconds."""
        first = not self._closing.is_set()
        self._closing.set()
        self._pauses.end()
        connection = self._connection
        if connection is not None:
            if first:
                with contextlib.suppress(OSError):
                    connection.send(encode({"Action": "Logoff"}))
            connection.shut()
        current = threading.current_thread()
        if self._reader is not None and self._reader is not current:
            self._reader.join(CLOSING_PATIENCE)
        self._stream.put(None)
        if self._dispatcher is not None and self._dispatcher is not current:
            self._dispatcher.join(CLOSING_PATIENCE)

    def reconnect(self) -> None:
        """Try at once to connect again, where a lost connection waits for its next try."""
        if not self.connected():
            self._pauses.hurry()

    def __enter__(self) -> Session:
        return self if self._reader else self.connect()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing.is_set()

    @property
    def unknown(self) -> str:
        """What cannot be known of so old an Asterisk; empty for one of 12 or later."""
        return what_is_unknown(self.version)

    def wait_closed(self, seconds: float) -> bool:
        """Wait until `close` is called, no longer than so many seconds; whether it was."""
        return self._closing.wait(seconds)

    def connected(self) -> bool:
        """Whether the session is logged in now."""
        return self._logged_in.is_set()

    def _change(self, **changes: Any) -> None:
        self.settings = dataclasses.replace(self.settings, **changes)

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
            Headers by name, with ``Action``; a list is sent as one header a value.
        then : callable, optional
            Called with the `Pending`, done, on the dispatcher's thread, at the place in the stream
            of events where the answer came.
        timeout : float, optional
            Seconds that `Pending.wait` waits; the settings' by default.
        apart : bool
            Whether the entries of a list are in the answer alone, and neither recorded nor
            dispatched as the events that they are.

        Raises
        ------
        ConnectionLost
            If there is no connection now.
        UnsafeText
            If a field holds a line break; nothing was sent.
        """
        if not self._logged_in.is_set() and self.settings.username:
            raise self._no_connection()
        return self._send(action, then=then, timeout=timeout, apart=apart)

    def request(self, action: Mapping[str, Field], timeout: float | None = None) -> Answer:
        """Send an action and wait for its answer; see `ask` and `Pending.wait` for the errors."""
        if threading.current_thread() is self._reader:
            raise RuntimeError("the reader's thread cannot wait for what it alone can read")
        return self.ask(action, timeout=timeout).wait()

    def send_action(self, cdict: Mapping[str, Field] | None = None, **kwargs: Field) -> Response:
        """Send an action as pyst2's method does, and return the response, an ``Error`` included."""
        action: dict[str, Field] = {**(cdict or {}), **kwargs}
        pending = self.ask(action)
        with contextlib.suppress(ActionRefused):
            pending.wait()
        assert pending.response is not None
        return pending.response

    def new_id(self) -> str:
        """Return an ActionID that no other session, of this process or another, gives out."""
        return f"{self._prefix}-{next(self._numbers)}"

    def _send(
        self,
        action: Mapping[str, Field],
        *,
        then: Callable[[Pending], None] | None = None,
        timeout: float | None = None,
        ends: str = "",
        apart: bool = False,
    ) -> Pending:
        name = str(action.get("Action", ""))
        key = str(action.get("ActionID") or self.new_id())
        # In front, as Asterisk may read no further than to what it refuses.
        front: dict[str, Field] = {"Action": name, "ActionID": key}
        data = encode({**front, **action, **front})
        connection = self._connection
        if connection is None:
            raise self._no_connection()
        pending = Pending(name, timeout or self.settings.timeout, then, ends, apart)
        if self._pending.setdefault(key, pending) is not pending:
            raise ValueError(f"an action with the ActionID {key} is under way")
        try:
            connection.send(data)
        except OSError as error:
            self._pending.pop(key, None)
            failed = error.with_traceback(None)  # its frames hold what was to be sent
        except BaseException:
            self._pending.pop(key, None)
            raise
        else:
            return pending
        del data
        raise ConnectionLost(f"{name} could not be sent: {failed}")

    def _no_connection(self) -> ConnectionLost:
        if self.closed:
            return ConnectionLost(
                f"the session with {self.settings.address} is closed: connect again"
            )
        if self._reader is None:
            return ConnectionLost(f"not connected to {self.settings.address} yet: connect first")
        return ConnectionLost(
            f"no connection to {self.settings.address} now ({self.last_error or 'being made'}); "
            "it is made again by itself: wait, or see %ast status"
        )

    # --- the reader's thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    self._rest()
                    self._open_with_patience()
                    self._read()
                except (OSError, ValueError, AstError) as error:
                    self._lose(error)
                except BaseException as error:
                    logger.exception("the reader of %s met what it should not", self.name)
                    self._lose(error)
                    self._closing.wait(1)
                if not self._keep_trying:
                    break
        finally:
            self._release(ConnectionLost(f"the session with {self.settings.address} was closed"))
            self._tried.set()
            if self._keep_trying:
                self._end_aloud("reads")

    def _end_aloud(self, what: str) -> None:
        """Close the session, and say so, where one of its threads ended by itself."""
        if not self._closing.is_set():
            logger.critical("%s is closed, as the thread that %s has ended", self.name, what)
            self.last_error = f"the thread that {what} has ended"
            self.close()

    def _rest(self) -> None:
        """Wait where the last connections broke soon: not all of a storm is Asterisk's doing."""
        if self._short_ones > 1:
            pause = min(LONGEST, 0.25 * 2 ** min(self._short_ones, 10))
            self.next_try = time.time() + pause
            self._pauses.wait(pause)

    def _open_with_patience(self) -> None:
        """Connect and log in; again and again once that has succeeded before."""
        if not self._keep_trying:
            self._open()
            return
        tenacity.Retrying(
            wait=self._pauses.behind,
            stop=tenacity.stop_when_event_set(self._closing),
            sleep=self._pauses.wait,
            retry=tenacity.retry_if_exception_type((OSError, ValueError, AstError)),
            before_sleep=self._before_pause,
            reraise=True,
        )(self._open)

    def _before_pause(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self.counts["tries"] += 1
        told, self.last_error = self.last_error, str(error)
        self.next_try = time.time() + state.upcoming_sleep
        if isinstance(error, LoginRefused):
            self.last_error += f"; sh.{self.name}.reconnect() tries at once"
            if self.last_error != told:
                logger.warning("%s: %s", self.name, self.last_error)

    def _open(self) -> None:
        settings = self.settings
        self._release(ConnectionLost("the connection was made anew"))
        self._framer, self._booted = Framer(), False
        self._sieve = Sieve(self.name, settings.address, self.counts)
        try:
            self._connection = Connection(
                settings.host,
                settings.port,
                settings.timeout,
                self._tls,
                lambda: not self._closing.is_set(),
            )
            if self._closing.is_set():  # `close` may have come too early to see the connection
                raise ConnectionAbortedError("closed while it was being made")
        except OSError as error:
            if self.closed:
                raise self._no_connection() from None
            raise failures.unreachable(settings, error) from None
        self._greet()
        if settings.username:
            self._log_in()
        self._restore()

    def _greet(self) -> None:
        """Read the banner: nothing is sent to what is not the manager of an Asterisk."""
        deadline = time.monotonic() + self.settings.timeout
        banner = self._framer.line(b"")
        while banner is None:
            try:
                banner = self._framer.line(self._receive(deadline))
            except OSError as error:
                was_known = self._logins > 0
                raise failures.ungreeted(self.settings, error, was_known=was_known) from None
        if not banner.startswith(self.settings.greeting):
            raise failures.foreign(self.settings, banner)
        title, _, version = banner.partition("/")
        self.title, self.version = title.strip(), version.strip()
        self._before12 = Before12() if is_before_12(self.version) else None

    def _log_in(self) -> None:
        settings = self.settings
        action: dict[str, Field] = {
            "Action": "Login",
            "Username": settings.username,
            "Events": settings.events,
        }
        try:
            self._exchange({**action, **self._proof(self._exchange)})
        except ActionRefused as error:
            raise failures.refused(settings, error) from None
        except OSError as error:
            raise failures.unanswered(settings, error) from None
        for text in settings.filters:
            self._exchange({"Action": "Filter", "Operation": "Add", "Filter": text})

    def _proof(self, ask: Callable[[Mapping[str, Field]], Answer]) -> dict[str, Field]:
        """Return what proves the password, in the way that was set."""
        settings = self.settings
        if settings.sends_password:
            return {"Secret": settings.password}
        encode({"Action": "Login", "Secret": settings.password})  # refused alike, and not sent
        answer = ask({"Action": "Challenge", "AuthType": "MD5"}).response
        challenge = answer.get_header("Challenge")
        if not challenge:
            raise ActionRefused("it gave no challenge", action="Challenge")
        return {"AuthType": "MD5", "Key": settings.password.answer(challenge)}

    def _exchange(self, action: Mapping[str, Field]) -> Answer:
        """Ask on the reader's thread, reading on until it is answered."""
        pending = self._send(action)
        while not pending.done:
            self._pump(self._receive(pending.deadline))
        return pending.wait()

    def _receive(self, deadline: float) -> bytes:
        connection = self._connection
        assert connection is not None
        patience = deadline - time.monotonic()
        if patience <= 0:
            raise TimeoutError("no answer in the time allowed")
        data = connection.receive(patience)
        if not data:
            raise ConnectionResetError("Asterisk closed the connection")
        return data

    def _restore(self) -> None:
        """Say that the session stands, to those who wait for it and in the stream."""
        now = time.monotonic()
        if self._logins:
            self.counts["reconnects"] += 1
            self._tell("SessionRestored", Seconds=f"{now - self._changed:.3f}")
        self._logins += 1
        self._changed = now
        self.connected_since, self.lost_since, self.next_try = time.time(), None, None
        self.last_error = ""
        self._keep_trying = True
        self._pauses.reset()
        if self.settings.username:
            self._logged_in.set()
        self._boot_deadline = time.monotonic() + BOOT_PATIENCE
        if self._booted:
            self._ready()
        self._tried.set()

    def _read(self) -> None:
        connection = self._connection
        assert connection is not None
        patience, asked = self.settings.keepalive, False
        while not self._closing.is_set():
            booting = self._boot_deadline
            wait = patience if booting is None else max(0.01, booting - time.monotonic())
            is_odd = self._framer.ends_oddly
            try:
                data = connection.receive(min(wait, ODD_PATIENCE) if is_odd else wait)
            except TimeoutError:
                self._sweep()
                if is_odd:
                    self._take(self._framer.end())
                elif booting is not None:
                    self._ready()
                elif asked:
                    raise ConnectionResetError(
                        f"Asterisk gave no sign of life for {2 * patience:g} s"
                    ) from None
                else:
                    asked = True
                    self._send({"Action": "Ping"})
                continue
            if not data:
                raise ConnectionResetError("Asterisk closed the connection")
            asked = False
            read = time.monotonic()
            answered = self._pump(data)
            self._sweep()
            booting = self._boot_deadline
            if booting is not None and time.monotonic() > booting:
                self._ready()
            # Who waits for an answer, or asks one thing after the other, is not held up.
            if len(data) < BLOCK and not answered and not self._pending:
                time.sleep(max(0.0, read + GATHERING - time.monotonic()))

    def _pump(self, data: bytes) -> bool:
        """Turn bytes into messages, and hand them to whom they belong.

        Returns
        -------
        bool
            Whether any of them was an answer, or the end of one.
        """
        return self._take(self._framer.feed(data))

    def _translated(self, texts: list[str]) -> list[str]:
        """Put what an Asterisk up to 11 says into the words of later ones."""
        assert self._before12 is not None
        found: list[str] = []
        for text in texts:
            try:
                found += self._before12.translate(text)
            except Exception:
                self.counts["untranslated"] += 1
                logger.exception("%s: an event that cannot be translated", self.name)
                found.append(text)
        return found

    def _take(self, texts: list[str]) -> bool:
        texts = self._sieve.fresh(texts)
        if self._before12 is not None:
            texts = self._translated(texts)
        first = received = self._next_moment()
        pending = self._pending
        stream: list[Event | Pending] = []
        no_news: set[int] = set()
        without_end: list[str] = []
        garbled = 0
        booted = answered = False
        for number, text in enumerate(texts):
            message = parse(text, received)
            key = message.headers.get("ActionID")
            garbled += message.is_garbled
            if isinstance(message, Event):
                if key in self._given_up:
                    self.counts["unclaimed"] += 1
                    no_news.add(number)
                    continue
                received += 1
                stream.append(message)
                if message.name == "FullyBooted":
                    booted = True
                if key is None or (waiting := pending.get(key)) is None:
                    continue
                if waiting.apart:
                    stream.pop()
                    no_news.add(number)
                    received -= 1
                complete = waiting.enter(message, len(text))
                if waiting.is_too_long:
                    self._give_up(key)
            else:
                no_news.add(number)
                if key is None or (waiting := pending.get(key)) is None:
                    self.counts["unmatched"] += 1
                    continue
                complete = waiting.respond(message)
                if waiting.has_no_end:
                    without_end.append(key)
            if complete:
                answered = True
                self._finish(key, waiting, stream)
        answered = answered or bool(no_news)
        if no_news:
            texts = [text for number, text in enumerate(texts) if number not in no_news]
        if garbled:
            self._sieve.garbled(garbled)
            stream.append(_own_event("SessionOverflow"))
        self._moment = received
        self._record(texts, first)
        self._hand_over(stream, len(texts))
        for key in without_end:
            if key in pending:
                # Asterisk answers one action after the other: the next answer is behind all of it.
                self._send({"Action": "Ping"}, ends=key)
        if booted and self.connected_since is None:
            self._booted = True  # nobody may ask yet: the login is not over
        elif booted:
            self._ready()
        return answered

    def _next_moment(self) -> int:
        """Return the microsecond in which the next event counts as read: later than all before.

        A clock that was set back by more than a second is followed.
        """
        now = time.time_ns() // 1000
        if now >= self._moment - SECOND:
            return max(now, self._moment)
        behind = (self._moment - now) / SECOND
        logger.warning(
            "%s: this machine's clock was set back by %.0f s, and `received` with it: the events "
            "stand in the order in which they came",
            self.name,
            behind,
        )
        return now

    def _finish(self, key: str, pending: Pending, stream: list[Event | Pending]) -> None:
        ended: Pending | None = pending
        while ended is not None:
            self._pending.pop(key, None)
            ended.finish()
            if ended.then is not None:
                stream.append(ended)
            key = ended.ends
            ended = self._pending.get(key)

    def _record(self, texts: list[str], received: int) -> None:
        self.events_read += len(texts)
        if self._recorder is not None and texts:
            try:
                self._recorder(texts, received)
            except BaseException:
                self.counts["unrecorded"] += len(texts)
                logger.exception("%s: what records the events raised", self.name)

    def _hand_over(self, stream: list[Event | Pending], events: int) -> None:
        if not stream:
            return
        if self.backlog > BACKLOG:
            self.counts["undispatched"] += events
            stream = [item for item in stream if type(item) is not Event]
            stream.append(_own_event("SessionOverflow"))
        self._put(stream)

    def _put(self, stream: list[Event | Pending]) -> None:
        self._handed += len(stream)
        self._stream.put(stream)

    def _ready(self) -> None:
        self._boot_deadline = None
        self._put([_own_event("SessionReady")])

    def _tell(self, name: str, **headers: str) -> None:
        """Put an event of our own into the record and the stream."""
        event = _own_event(name, **headers)
        event.received = self._next_moment()
        self._moment = event.received + 1
        text = "\r\n".join(f"{key}: {value}" for key, value in event.headers.items())
        self._record([text], event.received)
        self._put([event])

    def _lose(self, error: BaseException) -> None:
        """Take note that the connection is gone, and tell everyone who waits or listens."""
        self._logged_in.clear()
        if self.connected_since is not None:
            lasted = time.monotonic() - self._changed
            self._short_ones = self._short_ones + 1 if lasted < STEADY else 0
        self.connected_since, self._boot_deadline = None, None
        self.last_error = str(error)
        if not self._keep_trying:
            self._failure = failures.before_login(self.settings, error)
            return
        torn = int(self._framer.torn)
        self._release(ConnectionLost(f"the connection to {self.settings.address} broke: {error}"))
        if self.lost_since is None and not self._closing.is_set():
            self.lost_since, self._changed = time.time(), time.monotonic()
            self.counts["torn"] += torn
            self._tell("SessionLost", Reason=" ".join(str(error).split()), Missing=str(torn))
            logger.warning("%s: connection lost: %s; it is made again by itself", self.name, error)

    def _release(self, error: ConnectionLost) -> None:
        """Give the connection back, and fail the actions that were under way on it."""
        self._logged_in.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._fail(list(self._pending), error)

    def _sweep(self) -> None:
        """Give up actions that were not answered in time, now and then."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEPING
        for key, one in list(self._pending.items()):
            if one.is_overdue:
                self._fail([key], AnswerTimeout(f"Asterisk has not answered {one.name} in time"))
                self._give_up(key)

    def _give_up(self, key: str) -> None:
        """Keep in mind that what still comes of an answer is for nobody."""
        self._given_up[key] = None
        if len(self._given_up) > GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]

    def _fail(self, keys: list[str], error: AstError) -> None:
        for key in keys:
            pending = self._pending.pop(key, None)
            if pending is not None:
                pending.finish(error)
                self.counts["unanswered"] += 1
                if pending.then is not None:
                    self._put([pending])

    # --- the dispatcher's thread ---------------------------------------------------------------

    def register_event(self, event: str, function: Callback) -> None:
        """Have `function(event, session)` called for each event of that name, or ``*`` for all.

        It runs on the dispatcher's thread and should be quick. One that raises is counted and
        logged, and holds up no other; what it returns is of no account.
        """
        with self._registering:
            self._callbacks.setdefault(event, []).append(function)
            self._routes = {}

    def unregister_event(self, event: str, function: Callback) -> None:
        """Take a function of `register_event` back; one that is not there is no error."""
        with self._registering:
            with contextlib.suppress(ValueError):
                self._callbacks.get(event, []).remove(function)
            self._routes = {}

    def _route(self, name: str) -> tuple[Callback, ...]:
        with self._registering:
            route = (*self._callbacks.get(name, ()), *self._callbacks.get("*", ()))
            if len(self._routes) < 1000:  # names come from the wire
                self._routes[name] = route
            return route

    def _dispatch(self) -> None:
        try:
            self._dispatch_each()
        finally:
            self._end_aloud("hands events out")

    def _dispatch_each(self) -> None:
        take, closing = self._stream.get, self._closing.is_set
        while (batch := take()) is not None:
            for item in batch:
                if closing():
                    return
                if type(item) is Event:
                    route = self._routes.get(item.name)
                    for callback in self._route(item.name) if route is None else route:
                        try:
                            callback(item, self)
                        except BaseException:  # SystemExit, too, is that callback's alone
                            self._callback_failed(item.name)
                elif type(item) is Pending and item.then is not None:
                    try:
                        item.then(item)
                    except BaseException:
                        self._callback_failed(item.name)
            self._dispatched += len(batch)

    def _callback_failed(self, what: str) -> None:
        self.counts["failed"] += 1
        logger.exception("%s: a function registered for %s raised", self.name, what)

    @property
    def backlog(self) -> int:
        """How many events were read but are not dispatched yet."""
        return self._handed - self._dispatched


def _own_event(name: str, **headers: str) -> Event:
    return Event({"Event": name, **headers}, name, time.time_ns() // 1000)


def _started(run: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
