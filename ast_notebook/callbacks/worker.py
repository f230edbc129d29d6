"""Workers: each calls one user's function on its own thread, and drops calls if too many wait.

The calls are made in their order. All calls, dropped ones, and errors are counted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ast_notebook.callbacks.cell import Cell, users_frames
from ast_notebook.callbacks.shortened import one_line, shortened
from ast_notebook.callbacks.waiting import Arguments, WaitingCalls
from ast_notebook.clock import MACHINE, SystemClock, working_at
from ast_notebook.errors import AstError, ConfError

logger = logging.getLogger(__name__)

IDLE = 5.0  # seconds without a call after which the thread ends
SHOWN = 3  # times that an error of one kind is shown under its cell
KINDS = 100  # kinds of errors of one callback that are shown; further kinds are only counted


@dataclasses.dataclass(frozen=True)
class BindingRow:
    """One binding as ``%ast status`` shows it; a list of them makes a DataFrame.

    Attributes
    ----------
    name, kind : str
        The name of the binding, and its kind, such as a logic, an item's callback, or an item's
        entry in the Asterisk database.
    waiting, done, failed, dropped : int
        How many calls wait, how many were made, how many raised an error, and how many were dropped
        because too many waited.
    running_since : datetime or None
        When the current call began.
    last_error : str
        The latest error, in one line.
    """

    name: str
    kind: str
    waiting: int
    done: int
    failed: int
    dropped: int
    running_since: datetime | None
    last_error: str


class Worker:
    """Calls a user's function, one call at a time and in order, on a thread of its own.

    The thread, ``ast-call-NAME``, starts at the first `put` and ends after a few seconds without a
    call. Errors of the function are counted, and each kind is shown three times; after an error,
    the next call follows.

    Parameters
    ----------
    name : str
    function : callable
    limit : int
        How many calls may wait; further ones are dropped and counted.
    cell : Cell, optional
        The notebook cell that gets the output; by default, the one that runs now.
    on_error : callable, optional
        It is called with each error on the worker's thread, instead of showing the error under the
        cell.
    clock : SystemClock
        The clock that gets to know of waiting calls, since the clock of a replay stands still until
        they are made.

    Attributes
    ----------
    done, failed, dropped : int
        How many calls were made (including those that raised an error), how many raised an error,
        and how many were dropped.
    last_error : str
        The latest error's type and message, in one line; empty if there was none.

    Raises
    ------
    ConfError
        If the function is a coroutine or a generator function, since a call of it runs nothing.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., object],
        *,
        limit: int = 65_536,
        cell: Cell | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        clock: SystemClock = MACHINE,
    ) -> None:
        refuse_what_never_runs(name, function)
        self.name = name
        self.limit = limit
        self.done = 0
        self.failed = 0
        self.dropped = 0
        self.last_error = ""
        self._function = function
        self._cell = cell or Cell.current()
        self._on_error = on_error
        self._clock = clock
        self._shown: Counter[object] = Counter()
        self._calls = WaitingCalls()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # as often as calls were put
        # The lock is held for a few instructions, never around user code. It is reentrant, since
        # user code that the garbage collector runs meanwhile may call `put`.
        self._lock = threading.RLock()
        self._alive = False
        self._stopped = False
        self._overflown = False
        self._thread: threading.Thread | None = None
        self._began: float | None = None

    def __repr__(self) -> str:
        return f"<Worker {self.name}: {self.waiting} waiting, {self.done} done>"

    @property
    def waiting(self) -> int:
        """How many calls wait, without the current one."""
        return len(self._calls)

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is the worker's own."""
        return self._thread is threading.current_thread()

    @property
    def running_since(self) -> datetime | None:
        """When the current call began; None between calls."""
        began = self._began
        return None if began is None else datetime.fromtimestamp(began, UTC)

    def row(self, kind: str) -> BindingRow:
        """Return its row for ``%ast status``, as a binding of that kind."""
        return BindingRow(
            self.name,
            kind,
            self.waiting,
            self.done,
            self.failed,
            self.dropped,
            self.running_since,
            self.last_error,
        )

    def put(self, *args: Any) -> None:
        """Queue a call of the function with `args`; this never waits."""
        self.put_many([args])

    def put_many(
        self,
        calls: Sequence[Any],
        clock: SystemClock | None = None,
        arguments: Arguments = tuple,
    ) -> None:
        """Queue a call for each of these tuples of arguments, in order, and wake the thread once.

        The effect is that of a `put` for each: if too many calls wait, the last ones are dropped.
        If `clock` is given, it gets to know of the calls in place of the worker's own clock; in a
        replay, the replay's clock does. If `calls` are no tuples, `arguments` makes a tuple of each
        when the call is made.
        """
        room = 0 if self._stopped else max(0, self.limit - len(self._calls))
        if len(calls) > room:
            self._leave_out(len(calls) - room)
            calls = calls[:room]
        if not calls:
            return
        clock = working_at(clock or self._clock)
        clock.hold(len(calls), self)
        self._calls.put(clock, calls, arguments)
        self._wake.put(None)
        if not self._alive:
            try:
                self._start()
            except RuntimeError as error:  # the next put tries again, and the call waits until then
                self.fail(error)

    def _leave_out(self, calls: int) -> None:
        with self._lock:
            self.dropped += calls
            is_first = not self._stopped and not self._overflown
            self._overflown = is_first or self._overflown
        if is_first:
            logger.warning(
                "%s: %d calls wait for one that has not ended, and further ones are left out: "
                "make the function quicker or unbind it; %%ast status counts what is dropped",
                self.name,
                self.limit,
            )

    def fail(self, error: BaseException) -> None:
        """Count an error that was raised outside of a call, and log it if it is new."""
        line = one_line(error)
        self.failed += 1
        self.last_error = line
        if self._times_shown(error) == 1:
            logger.error("%s: %s", self.name, line, exc_info=shortened(error))

    def stop(self, timeout: float = 1.0) -> bool:
        """Drop the waiting calls, and end the thread after the current one.

        Parameters
        ----------
        timeout : float
            The seconds to wait for the end of the thread; a call on that thread does not wait.

        Returns
        -------
        bool
            Whether no call is being made any more.
        """
        self._stopped = True
        self._drop_waiting()
        self._wake.put(None)
        thread = self._thread
        if thread is None:
            return True
        if thread is threading.current_thread():
            return False
        thread.join(timeout)
        return not thread.is_alive()

    def _start(self) -> None:
        with self._lock:
            if self._stopped:
                self._drop_waiting()
            elif not self._alive:
                self._thread = threading.Thread(
                    target=self._run, name=f"ast-call-{self.name}", daemon=True
                )
                self._alive = True
                try:
                    self._thread.start()
                except RuntimeError:  # no more threads can start, or Python is shutting down
                    self._alive, self._thread = False, None
                    raise

    def _drop_waiting(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                clock, _ = self._calls.take()
                clock.release(1, self)
                with self._lock:
                    self.dropped += 1

    def _run(self) -> None:
        try:
            self._cell.enter()
        except Exception as error:  # its output lands elsewhere, but it runs
            self.fail(error)
        while not self._stopped:
            try:
                self._wake.get(timeout=IDLE)
            except queue.Empty:
                # A put that still saw `_alive` set came before this, so its calls are queued.
                self._alive = False
                if not self._calls:
                    return
                with self._lock:
                    if self._alive:
                        return
                    self._alive = True
            with contextlib.suppress(IndexError):  # none is left, or `stop` has dropped them
                while not self._stopped:
                    self._call(*self._calls.take())
        self._drop_waiting()

    def _call(self, clock: SystemClock, args: tuple[Any, ...]) -> None:
        self._began = time.time()
        clock.began(self)
        try:
            _check_that_it_ran(self._function(*args))
        except BaseException as error:
            self.failed += 1
            self.last_error = one_line(error)
            self._tell(error)
        finally:
            self._began = None
            self.done += 1
            clock.ended(self)

    def _tell(self, error: BaseException) -> None:
        """Show an error; an error while showing it is logged, and does not end the thread."""
        try:
            if self._on_error is not None:
                self._on_error(error)
            elif (times := self._times_shown(error)) <= SHOWN:
                self._cell.show_error(error, self.name)
                if times == SHOWN:
                    self._cell.tell(
                        f"{self.name}: this error came {SHOWN} times, and is not shown again: "
                        "%ast status counts it"
                    )
        except BaseException:  # an error's methods are the user's code, and may even exit
            with contextlib.suppress(BaseException):
                Cell().show_error(error, self.name)

    def _times_shown(self, error: BaseException) -> int:
        """Count errors of one kind: of one class and one place in the user's code."""
        first = users_frames(error.__traceback__)
        last = first
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        lines = [(one.tb_frame.f_code, one.tb_lineno) for one in (first, last) if one is not None]
        # The errors of ours say in their message alone what went wrong.
        kind = (type(error), one_line(error) if isinstance(error, AstError) else "", *lines)
        if kind not in self._shown and len(self._shown) >= KINDS:
            return SHOWN + 1
        self._shown[kind] += 1
        return self._shown[kind]


def refuse_what_never_runs(name: str, function: Callable[..., object]) -> None:
    """Raise an error if a call of a function would not run its code.

    Raises
    ------
    ConfError
        If it is a coroutine or a generator function, or an object that is called as one.
    """
    while isinstance(function, functools.partial):
        function = function.func
    for called in (function, inspect.getattr_static(type(function), "__call__", None)):
        if inspect.iscoroutinefunction(called):
            raise ConfError(
                f"{name}: an async function cannot be bound, it would never be awaited. "
                "Write `def`: it has a thread of its own and may wait"
            )
        if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
            raise ConfError(
                f"{name}: a function with `yield` cannot be bound, as calling it runs nothing of "
                "it: take the `yield` out"
            )


def _check_that_it_ran(result: object) -> None:
    """Raise an error if a call returned a coroutine or a generator, which nobody would run.

    Raises
    ------
    ConfError
    """
    if result is None:
        return
    if inspect.iscoroutine(result):
        is_new = inspect.getcoroutinestate(result) == inspect.CORO_CREATED
    elif inspect.isgenerator(result):
        is_new = inspect.getgeneratorstate(result) == inspect.GEN_CREATED
    else:
        is_new = (
            inspect.isasyncgen(result) and not result.ag_running and result.ag_frame is not None
        )
    if is_new:
        if inspect.iscoroutine(result):
            result.close()  # else Python would warn that it was never awaited
        raise ConfError(
            f"the function returned {getattr(result, '__qualname__', 'a coroutine')}, which is yet "
            "to be run, and nobody runs it: call what does the work, without async and yield"
        )


def stop_all(workers: Iterable[Worker], timeout: float = 1.0) -> None:
    """Stop workers at once, and wait at most `timeout` seconds in all for their threads to end."""
    stopped = list(workers)
    for worker in stopped:
        worker.stop(0)
    deadline = time.monotonic() + timeout
    for worker in stopped:
        worker.stop(max(0.0, deadline - time.monotonic()))


def tell_of_endless(workers: Iterable[Worker]) -> None:
    """Log the calls that still run after `stop_all`, since nothing can end them from outside."""
    for worker in workers:
        if not worker.stop(0) and not worker.is_current:
            logger.warning(
                "%s: a call that began at %s has not ended, and nothing can end it but itself or "
                "the end of Python: let it look at a flag, or give what it waits for a timeout",
                worker.name,
                f"{worker.running_since:%H:%M:%S} UTC" if worker.running_since else "last",
            )
