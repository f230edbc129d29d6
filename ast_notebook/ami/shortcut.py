"""Lets a thread that waits for an answer take it off the socket itself, if it comes next."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from functools import partial

from ast_notebook.ami.answer import Pending
from ast_notebook.ami.connection import Connection
from ast_notebook.ami.framer import END_OF_MESSAGE
from ast_notebook.ami.intake import Intake
from ast_notebook.ami.message import Response

BRIEF = 0.002  # seconds; an answer that takes longer gains nothing by a shortcut
LOOK = 4096  # bytes that are looked at; an answer that is longer is the reader's


class Shortcut:
    """The way of an answer that wakes no other thread than the one that waits for it.

    That thread only looks at what comes. If a plain answer to its own action comes next, it takes
    it. Anything else stays in the socket, and the reader reads it as ever: events, lists, refusals
    and the end of the connection.

    Parameters
    ----------
    connection : Connection
    intake : Intake
    """

    def __init__(self, connection: Connection, intake: Intake) -> None:
        self._connection = connection
        self._intake = intake
        self._process = os.getpid()
        self._poll = select.poll()
        self._poll.register(connection.fileno(), select.POLLIN)

    @classmethod
    def of(cls, connection: Connection, intake: Intake) -> Shortcut | None:
        """Return the shortcut of a connection; None if there can be none."""
        return cls(connection, intake) if connection.can_be_looked_at else None

    def is_of(self, connection: Connection) -> bool:
        """Tell whether it is the shortcut of a connection, in the process that made it."""
        return self._connection is connection and self._process == os.getpid()

    def fetch(self, send: Callable[[], None], key: str, pending: Pending) -> None:
        """Send an action, wait a moment for its answer, and take it if it comes next."""
        connection = self._connection
        lent: list[bool] = []
        try:
            acquire(connection.lent, lent, blocking=False)
            if not lent[0]:
                send()
                return
            try:
                connection.lookout.look_away()
                send()
                # If the reader has its turn now, it wakes this thread.
                if not connection.turn.locked():
                    left = pending.deadline - time.monotonic()
                    came = self._poll.poll(1000 * max(0.0, min(left, BRIEF)))
                    # An end or an error is left to the reader, since to read it is to clear it.
                    if came and came[0][1] == select.POLLIN and not connection.turn.locked():
                        self._take(key, pending)
            finally:
                connection.lookout.look()
        finally:
            if True in lent:
                connection.lent.release()

    def _take(self, key: str, pending: Pending) -> None:
        connection = self._connection
        turn: list[bool] = []
        try:
            acquire(connection.turn, turn, blocking=True)
            with contextlib.suppress(OSError):  # it may be closed by now
                connection.finish()
                data = connection.look_at(LOOK)
                size = data.find(END_OF_MESSAGE) + len(END_OF_MESSAGE)
                response = self._intake.whole_answer(data[:size], key, pending)
                if response is None:
                    return
                taken: list[bytes] = []
                connection.unfinished = partial(self._finish, key, pending, response, taken)
                try:
                    connection.take(size, taken)
                finally:
                    connection.finish()
        finally:
            if True in turn:
                connection.turn.release()

    def _finish(self, key: str, pending: Pending, response: Response, taken: list[bytes]) -> None:
        if taken:
            self._intake.answered(key, pending, response)
        self._connection.unfinished = None


def acquire(lock: threading.Lock, result: list[bool], *, blocking: bool) -> None:
    """Acquire a lock, and append to a list whether it was acquired.

    Both are one call into C, which no KeyboardInterrupt cuts in two. After ``with lock``, a Python
    from 3.14 on may raise one before the block begins, and then nobody would release the lock.
    """
    result.extend(map(lock.acquire, (blocking,)))
