"""The record: every event of a session, within a budget of memory, nothing lost in silence."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Collection
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import Event
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import frame, seal

logger = logging.getLogger(__name__)

BLOCK = 2000
BUDGET = 256 * 1024 * 1024
OPEN_EVENT = 3000  # bytes that an event takes while it is an object of its own, as measured
EXPANDED = 40  # a batch's own cost, schema and buffers' headers, in units of 64 bytes a column


class Record:
    """Every event of a session, oldest first, kept in columns.

    The reader's thread calls `add`; the recorder's thread seals every 2,000 events into a block of
    columns; any thread may read. Beyond the budget the oldest blocks are dropped and counted.

    Parameters
    ----------
    server : str
        The PBX's name, for the column ``server``.
    budget : int
        Bytes of memory that the events may take.

    Attributes
    ----------
    dropped : int
        Events that are no longer here, since the budget was used up.
    """

    def __init__(self, server: str = "ast", budget: int = BUDGET) -> None:
        self.server = server
        self.dropped = 0
        self._budget = 0
        self._lock = threading.Lock()  # held for moments only: the reader waits on it
        self._open: list[Event] = []
        self._full: deque[list[Event]] = deque()
        self._blocks: deque[pa.RecordBatch] = deque()
        self._sizes: deque[int] = deque()
        self._sealed_bytes = 0
        self._sealed_events = 0
        self._wake = threading.Semaphore(0)
        self._closing = False
        self._recorder: threading.Thread | None = None
        self.budget = budget

    def __len__(self) -> int:
        with self._lock:
            return self._sealed_events + sum(map(len, self._full)) + len(self._open)

    def __repr__(self) -> str:
        return (
            f"<Record of {self.server}: {len(self):,} events in {self.nbytes / 1e6:.1f} MB, "
            f"{self.dropped:,} dropped>"
        )

    @property
    def budget(self) -> int:
        """Bytes of memory that the events may take; it can be set at any time."""
        return self._budget

    @budget.setter
    def budget(self, value: int) -> None:
        least = 2 * BLOCK * OPEN_EVENT
        if value < least:
            raise ConfError(f"a budget of {value} bytes is too small: give at least {least}")
        self._budget = int(value)
        with self._lock:
            self._keep_within()

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the events take now, about."""
        with self._lock:
            return self._size()

    def _size(self) -> int:
        waiting = sum(map(len, self._full)) + len(self._open)
        return self._sealed_bytes + waiting * OPEN_EVENT

    def add(self, events: list[Event]) -> None:
        """Keep events; for the reader's thread: it hands over and goes on."""
        with self._lock:
            self._open += events
            if len(self._open) < BLOCK:
                return
            self._full.append(self._open)
            self._open = []
            if self._recorder is None and not self._closing:
                self._recorder = threading.Thread(
                    target=self._run, name=f"ast-record-{self.server}", daemon=True
                )
                self._recorder.start()
            self._keep_within()
        self._wake.release()

    def _keep_within(self) -> None:
        """Drop the oldest until the rest is within the budget; under the lock."""
        while self._size() > self._budget and (self._blocks or len(self._full) > 1):
            if self._blocks:
                dropped = self._blocks.popleft().num_rows
                self._sealed_bytes -= self._sizes.popleft()
                self._sealed_events -= dropped
            else:
                # The one at the front may be in the recorder's hands.
                dropped = len(self._full[1])
                del self._full[1]
            self.dropped += dropped

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            with self._lock:
                if not self._full:
                    if self._closing:
                        return
                    continue
                events = self._full[0]
            try:
                block = seal(events)
            except Exception:
                logger.exception("%d events could not be put into columns", len(events))
                block = None
            with self._lock:
                self._full.popleft()
                if block is None:
                    self.dropped += len(events)
                    continue
                size = block.get_total_buffer_size() + 64 * EXPANDED * block.num_columns
                self._blocks.append(block)
                self._sizes.append(size)
                self._sealed_bytes += size
                self._sealed_events += block.num_rows
                self._keep_within()

    def frame(
        self,
        *,
        last: int | None = None,
        events: Collection[str] = (),
        since: datetime | pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """Return the events as a frame, a row an event in order of arrival.

        Parameters
        ----------
        last : int, optional
            Only so many of the newest, of those that the rest lets through.
        events : collection of str, optional
            Only events of these names.
        since : datetime, optional
            Only events received then or later; one without a zone is in local time.

        Returns
        -------
        pandas.DataFrame
            ``received`` (when it was read) and ``time`` (Asterisk's own Timestamp where sent, else
            ``received``), both datetime64[us, UTC]; ``server``; ``event``; ``channel``,
            ``uniqueid``, ``linkedid`` (text); then a column for each header seen, by its name in
            lower case: Int64 for what counts or measures (``priority``, ``cause`` …), categories
            for all else. ``<unknown>`` and empty text are missing values; a header sent several
            times is joined by line feeds.
        """
        with self._lock:
            blocks = list(self._blocks)
            waiting = [*(event for block in self._full for event in block), *self._open]
        if waiting:
            blocks.append(seal(waiting[-last:] if last and not events else waiting))
        if since is not None:
            moment = pd.Timestamp(since).to_pydatetime()  # in local time, where it has no zone
            earliest = int(moment.timestamp() * 1_000_000)
            blocks = [b.filter(pc.greater_equal(b["received"], earliest)) for b in blocks]
        if events:
            names = pa.array(list(events), pa.string())
            blocks = [b.filter(pc.is_in(b["event"].cast(pa.string()), names)) for b in blocks]
        if last is not None:
            blocks = _newest(blocks, last)
        return frame(blocks, self.server)

    def clear(self) -> int:
        """Forget every event kept, and return how many there were; they do not count as dropped."""
        with self._lock:
            count = self._sealed_events + sum(map(len, list(self._full)[1:])) + len(self._open)
            self._blocks.clear()
            self._sizes.clear()
            self._sealed_bytes = self._sealed_events = 0
            while len(self._full) > 1:
                self._full.pop()
            self._open = []
        return count

    def close(self) -> None:
        """End the recorder's thread; what was recorded stays readable."""
        self._closing = True
        self._wake.release()
        if self._recorder is not None:
            self._recorder.join(0.8)


def _newest(blocks: list[pa.RecordBatch], count: int) -> list[pa.RecordBatch]:
    kept: list[pa.RecordBatch] = []
    for block in reversed(blocks):
        if count <= 0:
            break
        part = block.slice(max(0, block.num_rows - count))
        kept.insert(0, part)
        count -= part.num_rows
    return kept
