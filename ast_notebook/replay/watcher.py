"""The reader of a watched PBX: it reads the files of another process's recorder as they grow."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from ast_notebook.ami.answer import Pending
from ast_notebook.ami.elapsed import elapsed
from ast_notebook.ami.message import Event
from ast_notebook.ami.reader import Reader
from ast_notebook.ami.session import Session
from ast_notebook.ami.settings import Settings
from ast_notebook.recording.tail import ArchiveTail
from ast_notebook.replay.choosing import piece_of, texts_of
from ast_notebook.replay.live import ReplayedLive
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.recent import RecentEvents
from ast_notebook.replay.recorded_reader import RecordedReader, Send
from ast_notebook.replay.tape import STATE_ROWS, Part

logger = logging.getLogger(__name__)

LOOK = 0.2  # seconds between two looks at the files


class Watcher(RecordedReader):
    """Reads the files of an archive as they grow, and hands the events out as a session does.

    Parameters
    ----------
    *arguments
        As for `Reader`.
    tail : ArchiveTail
    place : str
        The folder, for people.
    keep : callable
        It is given all events in columns.
    send : callable
        As for `RecordedReader`.
    """

    def __init__(
        self,
        *arguments: Any,
        tail: ArchiveTail,
        place: str,
        keep: Callable[[pa.RecordBatch], None],
        send: Send,
    ) -> None:
        closed = f"the watch of {place} is closed: begin it again"
        super().__init__(*arguments, title="a record", closed=closed, send=send)
        self._tail = tail
        self._place = place
        self._keep = keep
        self._live: ReplayedLive | None = None
        self._recent: RecentEvents | None = None
        self._begun: list[pa.RecordBatch] = []

    def begin(self, live: ReplayedLive, recent: RecentEvents, blocks: list[pa.RecordBatch]) -> None:
        """Set the live state and the recent events, which take marks, and the first blocks."""
        self._live, self._recent = live, recent
        self._begun = [block for block in blocks if len(block)]

    # --- the reader's thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self.closing.is_set():
                try:
                    self._look()
                except Exception as error:  # such as a disk that does not answer for a while
                    if str(error) != self.last_error:
                        logger.warning("%s: %s", self._name, error)
                    self.last_error = str(error)
                self._tried.set()
                self.closing.wait(LOOK)
        finally:
            self.logged_in.clear()
            self._tried.set()
            self._ended()

    def _look(self) -> None:
        """Hand out new events: after the news that a recorder runs, and before that of its end."""
        blocks, self._begun = [*self._begun, *self._tail.poll()], []
        if self._tail.is_alive:
            self._live_on()
        self._hand_out(blocks)
        if not self._tail.is_alive:
            self._lose()
        elif self._tail.is_resumed:
            self._dispatcher.put([self._known_again()])

    def _hand_out(self, blocks: list[pa.RecordBatch]) -> None:
        if not blocks:
            return
        received = np.concatenate([block["received"].to_numpy() for block in blocks])
        names = texts_of([block["event"] for block in blocks])
        for part in piece_of(received, names, partial(list, blocks)).parts():
            self._keep(part.shown)
            self._intake.events += len(part.shown)
            try:
                wanted = events_of(part.batch, self._dispatcher.is_wanted)[1]
                stream = [self._handed_out(one) for one in wanted]
            except Exception as error:  # an archive may hold anything; what comes next is heard
                self._leave_out(part, error)
            else:
                self._dispatcher.put_heard(stream, len(part.shown))

    def _leave_out(self, part: Part, error: Exception) -> None:
        """Tell everyone that no function hears these events, so that the state is unknown."""
        count = len(part.shown)
        self._counts["failed"] += count
        text = "%s: %d events were handed to no function"
        logger.warning(text, self._name, count, exc_info=error)
        why = f"{count} events could not be handed out: {error!r}"
        self._intake.tell("RecordingLost", Reason=why, Missing=str(count))

    def _handed_out(self, event: Event) -> Event | Pending:
        """Return what is handed out for an event or a mark."""
        live, recent = self._live, self._recent
        assert live is not None
        assert recent is not None
        is_late = recent.is_wanted(event.name) and recent.tell(event)
        if event.name not in STATE_ROWS:
            return event
        state = recent.state() if is_late else None

        def take(_: Pending) -> None:
            if state is None:
                live.hear_mark(event)
            else:
                live.take_from(state)

        return Pending("Mark", math.inf, take)

    def _known_again(self) -> Pending:
        """Return what sets the live state to that after all events, as none was lost meanwhile."""
        live, recent = self._live, self._recent
        assert live is not None
        assert recent is not None
        state = recent.state()
        return Pending("Mark", math.inf, lambda _: live.take_from(state))

    def _live_on(self) -> None:
        self.last_error = ""
        if self.logged_in.is_set():
            return
        if self.was_lost:
            self._counts["reconnects"] += 1
            self._intake.tell("SessionRestored", Seconds=f"{elapsed() - self._changed:.3f}")
        self.connected_since, self.lost_since = time.time(), None
        self.logged_in.set()

    def _lose(self) -> None:
        """Tell everyone once that nobody records any more."""
        if self.was_lost and not self.logged_in.is_set():
            return
        why = f"nobody records into {self._place} now: start ast-notebook record again there"
        self.logged_in.clear()
        self.was_lost, self._changed, self.last_error = True, elapsed(), why
        self.connected_since, self.lost_since = None, time.time()
        self._intake.tell("SessionLost", Reason=why, Since=f"{self.lost_since:.6f}")
        logger.warning("%s: %s", self._name, why)


class WatchSession(Session):
    """A session with an archive in place of an Asterisk.

    Parameters
    ----------
    name, recorder
        As for `Session`.
    more
        The further parameters of `Watcher`.
    """

    def __init__(self, name: str, recorder: Callable[[list[str], int], None], **more: Any) -> None:
        self._parts = more
        super().__init__(Settings(host="watch", username=""), name=name, recorder=recorder)

    def _new_reader(self, settings: Settings) -> Reader:
        return self._reader_of(Watcher, "watches", settings, **self._parts)

    @property
    def watcher(self) -> Watcher:
        """The reader of the archive."""
        assert isinstance(self._reader, Watcher)
        return self._reader

    def __repr__(self) -> str:
        return f"<WatchSession {self.name}: {'closed' if self.closed else 'open'}>"
