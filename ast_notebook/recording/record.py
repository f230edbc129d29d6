"""The record: every event of a session, within a budget of memory, nothing lost in silence."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.recording.block import TEXT, Block
from ast_notebook.recording.columns import frame

logger = logging.getLogger(__name__)

BLOCK = 10_000
BUDGET = 256 * 1024 * 1024
CALM = 0.5  # seconds without a full block, after which there is time for columns


class Record:
    """Every event of a session, oldest first.

    The reader's thread calls `add`. The recorder's thread packs every 10,000 events into a block at
    once, and puts blocks into columns while no flood is coming in. Any thread may read. Beyond the
    budget the oldest blocks are dropped and counted.

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
        self._open = Block()
        self._blocks: deque[Block] = deque()
        self._wake = threading.Semaphore(0)
        self._closing = False
        self._recorder: threading.Thread | None = None
        self.budget = budget

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._blocks)) + len(self._open)

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
        least = 2 * BLOCK * TEXT
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
        return sum(block.nbytes for block in self._blocks) + self._open.nbytes

    def add(self, texts: list[str], received: int) -> None:
        """Keep the texts of events, read at `received`; for the reader's thread: it goes on."""
        with self._lock:
            self._open.add(texts, received)
            if len(self._open) < BLOCK:
                return
            self._blocks.append(self._open)
            self._open = Block()
            self._keep_within()
            if self._recorder is None and not self._closing:
                self._recorder = threading.Thread(
                    target=self._run, name=f"ast-record-{self.server}", daemon=True
                )
                self._recorder.start()
        self._wake.release()

    def _keep_within(self) -> None:
        """Drop the oldest until the rest is within the budget; under the lock."""
        excess = self._size() - self._budget
        while excess > 0 and self._blocks:
            block = self._blocks.popleft()
            excess -= block.nbytes
            self.dropped += len(block)

    # --- the recorder's thread -----------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            block = self._next("packed") or self._next("columns")
            if block is None:
                self._wake.acquire()
            elif block.form == "text":
                self._try(block, block.pack)
            elif not self._wake.acquire(timeout=CALM):
                self._try(block, block.columns)

    def _next(self, form: str) -> Block | None:
        """Return the oldest block that is not in that form, nor a better one."""
        poorer = {"packed": ("text",), "columns": ("text", "packed")}[form]
        with self._lock:
            return next((one for one in self._blocks if one.form in poorer), None)

    def _try(self, block: Block, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            logger.exception("%d events cannot be kept", len(block))
            with self._lock:
                if block in self._blocks:
                    self._blocks.remove(block)
                    self.dropped += len(block)
        with self._lock:
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
            kept = [*self._blocks, self._open.copy(None if events else last)]
        blocks = [block.columns() for block in kept if len(block)]
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
            count = sum(map(len, self._blocks)) + len(self._open)
            self._blocks.clear()
            self._open = Block()
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
