"""A thread of its own for each thing a user binds: calls in order, bounded, and counted."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from ast_notebook.bindings.cell import Cell
from ast_notebook.errors import ConfError

logger = logging.getLogger(__name__)

IDLE = 5.0  # seconds without a call after which the thread ends
LONGEST_ERROR = 200


@dataclasses.dataclass(frozen=True)
class Row:
    """One binding as ``%ast status`` shows it; a list of them makes a DataFrame.

    Attributes
    ----------
    name, kind : str
        What is bound: a logic, an item's callback, an item's entry in the Asterisk database.
    waiting, done, failed, dropped : int
        Calls that wait, were made, raised, and were left out because too many waited.
    running_since : datetime or None
        When the call under way began.
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

    The thread, ``ast-call-NAME``, starts at the first `put` and ends when there was nothing to do
    for a few seconds. What the function raises is counted and shown, and the next call goes on.

    Parameters
    ----------
    name : str
    function : callable
    limit : int
        How many calls may wait; further ones are dropped and counted.
    cell : Cell, optional
        The notebook cell that its output goes to; the one being run now by default.
    on_error : callable, optional
        Given each error on the worker's thread, in place of showing it under the cell.

    Attributes
    ----------
    done, failed, dropped : int
        Calls made (those that raised included), calls that raised, and calls left out.
    last_error : str
        The latest error's type and message, in one line; empty if there was none.

    Raises
    ------
    ConfError
        If the function is a coroutine function, which nothing here would await.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., object],
        *,
        limit: int = 65_536,
        cell: Cell | None = None,
        on_error: Callable[[BaseException], object] | None = None,
    ) -> None:
        if inspect.iscoroutinefunction(function):
            raise ConfError(
                f"{name}: an async function cannot be bound, it would never be awaited. "
                "Write `def`: it has a thread of its own and may wait"
            )
        self.name = name
        self.limit = limit
        self.done = 0
        self.failed = 0
        self.dropped = 0
        self.last_error = ""
        self._function = function
        self._cell = cell or Cell.current()
        self._on_error = on_error
        self._queue: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        # Held for a few instructions, never around user code; one that the garbage collector
        # runs meanwhile may put, hence reentrant.
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
        """How many calls wait, the one under way not counted."""
        return self._queue.qsize()

    @property
    def is_current(self) -> bool:
        """Whether this runs on its thread."""
        return self._thread is threading.current_thread()

    @property
    def running_since(self) -> datetime | None:
        """When the call under way began; None between calls."""
        began = self._began
        return None if began is None else datetime.fromtimestamp(began, UTC)

    def row(self, kind: str) -> Row:
        """Return what ``%ast status`` shows of it, as a binding of that kind."""
        return Row(
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
        """Have the function called with `args`, after the calls put before; never waits."""
        if self._stopped or self._queue.qsize() >= self.limit:
            with self._lock:
                self.dropped += 1
                is_first = not self._stopped and not self._overflown
                self._overflown = is_first or self._overflown
            if is_first:
                logger.warning(
                    "%s: %d calls wait for one that has not ended, and further ones are left out: "
                    "make the function quicker or unbind it; %%ast status counts what is dropped",
                    self.name,
                    self.limit,
                )
            return
        self._queue.put(args)
        if not self._alive:
            try:
                self._start()
            except RuntimeError as error:  # the next put tries again, and the call waits till then
                self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Count an error that came before or beside a call, and log it if it is a new one."""
        line = one_line(error)
        is_new = line != self.last_error
        self.failed += 1
        self.last_error = line
        if is_new:
            logger.error("%s: %s", self.name, line, exc_info=error)

    def stop(self, timeout: float = 1.0) -> bool:
        """Drop the calls that wait, and end the thread after the one under way.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the thread's end; not at all on that thread itself.

        Returns
        -------
        bool
            Whether no call is under way any more.
        """
        self._stopped = True
        self._drop_waiting()
        self._queue.put(None)
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
                except RuntimeError:  # no more threads are to be had, or Python is shutting down
                    self._alive, self._thread = False, None
                    raise

    def _drop_waiting(self) -> None:
        while True:
            try:
                call = self._queue.get_nowait()
            except queue.Empty:
                return
            if call is not None:
                with self._lock:
                    self.dropped += 1

    def _run(self) -> None:
        try:
            self._cell.enter()
        except Exception as error:  # what it prints lands elsewhere, but it runs
            self.fail(error)
        while not self._stopped:
            try:
                args = self._queue.get(timeout=IDLE)
            except queue.Empty:
                # A put that sees `_alive` still set came before this, so its call is in the queue.
                self._alive = False
                if self._queue.empty():
                    return
                with self._lock:
                    if self._alive:
                        return
                    self._alive = True
                continue
            if args is not None and not self._stopped:
                self._call(args)
        self._drop_waiting()

    def _call(self, args: tuple[Any, ...]) -> None:
        self._began = time.time()
        try:
            self._function(*args)
        except BaseException as error:
            self.failed += 1
            self.last_error = one_line(error)
            self._tell(error)
        finally:
            self._began = None
            self.done += 1

    def _tell(self, error: BaseException) -> None:
        """Show an error; what showing it raises must not end the thread, and is logged."""
        try:
            if self._on_error is not None:
                self._on_error(error)
            else:
                self._cell.show_error(error, self.name)
        except BaseException:  # an error's own methods are the user's code, and may even exit
            with contextlib.suppress(BaseException):
                Cell().show_error(error, self.name)


def stop_all(workers: Iterable[Worker], timeout: float = 1.0) -> None:
    """Stop workers all at once, and wait for their threads' ends, `timeout` seconds in all."""
    stopped = list(workers)
    for worker in stopped:
        worker.stop(0)
    deadline = time.monotonic() + timeout
    for worker in stopped:
        worker.stop(max(0.0, deadline - time.monotonic()))


def tell_of_endless(workers: Iterable[Worker]) -> None:
    """Log which calls are under way still, after `stop_all`: nobody can end them from outside."""
    for worker in workers:
        if not worker.stop(0) and not worker.is_current:
            logger.warning(
                "%s: a call that began at %s has not ended, and nothing can end it but itself or "
                "the end of Python: let it look at a flag, or give what it waits for a timeout",
                worker.name,
                f"{worker.running_since:%H:%M:%S} UTC" if worker.running_since else "last",
            )


def one_line(error: BaseException) -> str:
    """Return an error's type and message, in one line of at most 200 characters."""
    try:
        message = " ".join(str(error).split())
    except BaseException:  # an error of the user's own class may fail at this too, or exit
        message = ""
    line = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return line if len(line) <= LONGEST_ERROR else line[: LONGEST_ERROR - 1] + "…"
