"""The record: every event of a session, within a budget of memory, nothing lost in silence."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.recording.archive import Anonymizing, Archive
from ast_notebook.recording.block import END, Block, size_of
from ast_notebook.recording.columns import frame, release

logger = logging.getLogger(__name__)

BLOCK = 10_000
LARGEST = 6_500_000  # bytes of memory that a block may take before it is closed
BUDGET = 256 * 1024 * 1024
CALM = 5.0  # seconds without a full block, after which there is time for columns


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
        Events that are no longer here, since the budget was used up, or that could not be kept.
    archive : Archive or None
        What keeps them on disk, after `to`.
    """

    def __init__(self, server: str = "ast", budget: int = BUDGET) -> None:
        self.server = server
        self.dropped = 0
        self.archive: Archive | None = None
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
        kept = f", {self.archive!r}" if self.archive else ""
        return (
            f"<Record of {self.server}: {len(self):,} events in {self.nbytes / 1e6:.1f} MB, "
            f"{self.dropped:,} dropped{kept}>"
        )

    @property
    def budget(self) -> int:
        """Bytes of memory that the events may take; it can be set at any time."""
        return self._budget

    @budget.setter
    def budget(self, value: int) -> None:
        least = 2 * LARGEST
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
        """Keep the texts of events; for the reader's thread: it goes on.

        The first counts as received at `received`, each other one a microsecond later. What holds
        an empty line is no event: once packed, it would be several.
        """
        if any(END in text for text in texts):
            self._add_each(texts, received)
            return
        for first in range(0, len(texts), BLOCK):
            some = texts[first : first + BLOCK] if len(texts) > BLOCK else texts
            self._add(some, received + first)

    def _add_each(self, texts: list[str], received: int) -> None:
        for number, text in enumerate(texts):
            if END not in text:
                self._add([text], received + number)
                continue
            logger.error("an event that holds an empty line cannot be kept")
            with self._lock:
                self.dropped += 1

    def _add(self, texts: list[str], received: int) -> None:
        with self._lock:
            self._open.add(texts, received)
            if len(self._open) < BLOCK and self._open.nbytes < LARGEST:
                return
            self._blocks.append(self._open)
            self._open = Block(start=self._open.start + len(self._open))
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
        calm = False
        while not self._closing:
            block = self._next()
            if block is None:
                self._wake.acquire()
                calm = False
            elif block.form == "text":
                self._try(block, block.pack)
            elif calm := not self._wake.acquire(timeout=0 if calm else CALM):
                self._try(block, partial(self._columns, block))
                release()

    def _next(self) -> Block | None:
        """Return the oldest block that is text, or else the oldest that is to be in columns."""
        with self._lock:
            open_ones = [block for block in self._blocks if not block.settled]
        texts = [block for block in open_ones if block.form == "text"]
        return next(iter(texts or open_ones), None)

    def _try(self, block: Block, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            logger.exception("%d events cannot be kept", len(block))
            with self._lock:
                if block in self._blocks:
                    self._blocks.remove(block)
                    self.dropped += len(block)

    def _columns(self, block: Block) -> pa.RecordBatch:
        """Return a block in columns, and keep it so while half of the budget is free."""
        columns = block.columns()
        with self._lock:
            if not block.settled and block in self._blocks:
                if self._size() - block.nbytes + size_of(columns) <= self._budget / 2:
                    block.keep(columns)
                else:
                    block.settled = block.form == "packed"
        return columns

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
            ``received`` (when it was read; no two events have the same) and ``time`` (Asterisk's
            own Timestamp where sent, else ``received``), both datetime64[us, UTC]; ``server``;
            ``event``; ``channel``, ``uniqueid``, ``linkedid`` (text); then a column for each header
            seen, by its name in lower case: Int64 for what counts or measures (``priority``,
            ``cause`` …), categories for all else. ``<unknown>`` and empty text are missing values;
            a header sent several times is joined by line feeds. A text where numbers are, and what
            a dialplan's UserEvent says under the name of a header that Asterisk sends with it, is
            in ``header_cause``, ``header_channel`` and so on.
        """
        with self._lock:
            kept = [*self._blocks, self._open.copy()]
        names = pa.array([events] if isinstance(events, str) else list(events), pa.string())
        earliest = None
        if since is not None:
            moment = pd.Timestamp(since).to_pydatetime()  # in local time, where it has no zone
            earliest = int(moment.timestamp() * 1_000_000)
        chosen: list[pa.RecordBatch] = []
        missing = last
        for block in reversed(kept):
            if missing is not None and missing <= 0:
                break
            if not len(block) or (earliest is not None and not block.since(earliest)):
                continue
            batch = self._columns(block)
            if earliest is not None:
                batch = batch.filter(pc.greater_equal(batch["received"], earliest))
            if len(names):
                batch = batch.filter(pc.is_in(batch["event"].cast(pa.string()), names))
            if missing is not None:
                batch = batch.slice(max(0, batch.num_rows - missing))
                missing -= batch.num_rows
            chosen.append(batch)
        return frame(chosen[::-1], self.server)

    def moments(self, last: int) -> list[int]:
        """Return when so many of the newest events were received, in microseconds since 1970 UTC.

        It takes no time, however many events are kept.
        """
        found: list[int] = []
        with self._lock:
            for block in (self._open, *reversed(self._blocks)):
                if len(found) >= last:
                    break
                found = [*block.moments(last - len(found)), *found]
        return found

    def clear(self) -> int:
        """Forget every event kept in memory, and return how many there were.

        They do not count as dropped, and an archive keeps them.

        Raises
        ------
        ConfError
            If its disk refuses them: then nothing is forgotten.
        """
        if self.archive is not None and not self.archive.flush():
            raise ConfError(
                f"{self.archive.waiting:,} events are not on disk yet ({self.archive.error}): "
                "nothing was forgotten"
            )
        with self._lock:
            count = sum(map(len, self._blocks)) + len(self._open)
            self._blocks.clear()
            self._open = Block(start=self._open.start + len(self._open))
        return count

    # --- what keeps it on disk -----------------------------------------------------------------

    def to(
        self,
        place: str | os.PathLike[str],
        retention_days: int | None = None,
        *,
        spool: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
        anonymizer: Anonymizing | None = None,
    ) -> Archive:
        """Keep every event on disk, too, from now on, until the archive is closed.

        A record has one archive: one at another place is closed, and stays there; at the same
        place it goes on. Once told to anonymize there, it does so until it is closed.

        Parameters
        ----------
        place : str or path
            A folder, or a URL that fsspec knows.
        retention_days : int, optional
            Days, before today in UTC, whose files are kept; by default all, or at the same place
            as many as before.
        spool : str or path, optional
            A local folder for files that are still written to; by default the archive's own, or
            for a URL one below the user's folder for the state of programs.
        options : dict, optional
            What fsspec is to be given besides a URL, such as credentials.
        anonymizer : Anonymizer, optional
            What replaces numbers and names before they are written; memory keeps them.

        Returns
        -------
        Archive
            What does it; it tells how many events are written, waiting and lost, and what fails.

        Raises
        ------
        ConfError
            If nothing can be kept there.
        """
        old = self.archive
        if old is not None and old.is_at(place) and anonymizer in (None, old.anonymizer):
            if retention_days is not None:
                old.retain(retention_days)
            return old
        if old is not None and old.is_at(place) and retention_days is None:
            retention_days = old.retention_days
        self.archive = Archive(
            self, place, retention_days, spool=spool, options=options, anonymizer=anonymizer
        )
        if old is not None:
            old.close()
        return self.archive

    @property
    def end(self) -> int:
        """The number of the next event to come, counted from the record's first."""
        with self._lock:
            return self._open.start + len(self._open)

    def after(self, number: int, most: int) -> tuple[int, pa.RecordBatch] | None:
        """Return the next events from a number on, in columns.

        Parameters
        ----------
        number : int
            That of the first event wanted, counted from the record's first.
        most : int
            How many to return at most.

        Returns
        -------
        tuple of int and pyarrow.RecordBatch, or None
            The number of the first event that is still here, and events from that on; None if
            there is none.
        """
        with self._lock:
            found = self._open
            for block in reversed(self._blocks):
                if found.start <= number:
                    break
                found = block
            first = max(number, found.start)
            if first >= found.start + len(found):
                # Only where what lies between was dropped: then the next block begins later.
                later = (b for b in (*self._blocks, self._open) if b.start >= first and len(b))
                found = next(later, found)
                first = max(first, found.start)
            part = found.part(first - found.start, most) if found is self._open else None
        if part is None:
            part = found.part(first - found.start, most)
        if not isinstance(part, Block):
            return first, part
        return (first, part.columns()) if len(part) else None

    def close(self) -> None:
        """End the threads; what was recorded stays readable, and what was to be kept is on disk."""
        if self.archive is not None:
            self.archive.close()
        self._closing = True
        self._wake.release()
        if self._recorder is not None:
            self._recorder.join(0.8)
