"""Counts the callers who wait for a call, after each call, for items with `ast_missed`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import thread_time
from typing import Any

import pandas as pd

from ast_notebook.ami import Event, Session
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import ConfError
from ast_notebook.live import Watch

logger = logging.getLogger(__name__)

#: Seconds after the end of a call until callers are counted, once for all calls that end meanwhile;
#: and how many times as long as a count worked the next one waits.
GATHERED, REST = 1.0, 10
EVERYBODY = "*"


class WaitingCallers:
    """Tells how many callers wait for a call, for each watched number.

    Parameters
    ----------
    session : Session
    unreturned : callable
        It returns `measures.unreturned` of all calls until now.
    same : callable
        It returns a form of a number that is the same for all its spellings: `Numbering.key`.
    """

    def __init__(
        self,
        session: Session,
        unreturned: Callable[[], pd.DataFrame],
        same: Callable[[str], str],
    ) -> None:
        self._session = session
        self._unreturned, self._same = unreturned, same
        self._watches: list[Watch] = []
        self._lock = threading.Lock()
        self._due: Callable[[], None] | None = None
        self._worker = Worker("ast_missed", self._count, on_error=self._failed, clock=session.clock)
        self._took = 0.0  # seconds that the last count worked; none at the time of a replay

    def watch(self, number: str, changed: Callable[[int], None]) -> Watch:
        """Call `changed` with the count of waiting callers that have a number, or called it.

        Parameters
        ----------
        number : str
            The number of a caller, or the number that callers dialled; ``*`` for all callers.
        changed : callable
            It is called on a worker's thread.
        """
        watch = Watch(number, changed, self._forget)
        watch.is_unsure = True
        with self._lock:
            self._watches.append(watch)
            if len(self._watches) == 1:
                self._session.register_event("Hangup", self._ended)
                self._session.register_event("SessionReady", self._ended)
        self.plan()
        return watch

    def close(self) -> None:
        """End all watches."""
        for watch in list(self._watches):
            watch.close()
        with self._lock:
            if self._due is not None:
                self._due()  # else its thread would wait until then
                self._due = None
        self._worker.stop(0)

    def _forget(self, watch: Watch) -> None:
        with self._lock:
            if watch in self._watches:
                self._watches.remove(watch)
                if not self._watches:
                    self._session.unregister_event("Hangup", self._ended)
                    self._session.unregister_event("SessionReady", self._ended)

    def _ended(self, event: Event, session: Session) -> None:
        self.plan()

    def plan(self) -> None:
        """Plan a count of the callers who wait, if anybody watches and none is planned yet."""
        with self._lock:
            if self._watches and self._due is None:
                pause = max(GATHERED, REST * self._took)
                self._due = self._session.clock.call(pause, self._start)

    def _start(self) -> None:
        with self._lock:
            self._due = None
        if self._watches and not self._worker.waiting:
            self._worker.put()

    def _count(self) -> None:
        began, worked = self._session.clock.time(), thread_time()
        try:
            found = self._unreturned()
        except ConfError as error:
            self._failed(error)
            return
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.is_unsure = False
            watch.see(self._of(found, watch.name))
        # What others on this machine do does not count, and no time passes in a replay meanwhile.
        self._took = min(self._session.clock.time() - began, thread_time() - worked)

    def _of(self, found: pd.DataFrame, number: str) -> int:
        if number == EVERYBODY:
            return len(found)
        wanted = self._same(number)
        pairs: Any = zip(found["caller"], found["dialled"], strict=True)
        return sum(wanted in {self._same(str(one)) for one in pair} for pair in pairs)

    def _failed(self, error: BaseException) -> None:
        with self._lock:
            watches = list(self._watches)
        if any(not watch.is_unsure or watch.value is None for watch in watches):
            logger.warning("ast_missed is not known: %s", error)
        for watch in watches:
            watch.is_unsure = True
