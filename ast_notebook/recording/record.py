"""The record: keeps every event of a session within a budget of memory, and counts the others."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, microseconds
from ast_notebook.recording.archive import Archive
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.block import Block, at_once, size_of
from ast_notebook.recording.columns import frame, release, with_names
from ast_notebook.recording.source import Anonymizing

logger = logging.getLogger(__name__)

BLOCK = 10_000
MOST = 2**60  # bytes of the largest budget: more than any machine has
LARGEST = 6_500_000  # bytes of memory that a block may take before it is closed
BUDGET = 256 * 1024 * 1024
CALM = 5.0  # seconds without a full block, after which there is time for columns


class Record:
    """Every event of a session, oldest first.

    The reader's thread calls `add`. The record's own thread packs each block of 10,000 events as
    soon as it is full, and puts blocks into columns while no flood is coming in. Any thread may
    read. Beyond the budget the oldest blocks are dropped and counted.

    Parameters
    ----------
    server : str
        The PBX's name, for the column ``server``.
    budget : int
        Bytes of memory that the events may take.
    clock : SystemClock
        The clock from which an age such as ``10m`` counts.

    Attributes
    ----------
    dropped : int
        How many events were dropped because of the budget, or could not be kept.
    archive : Archive or None
        The archive, after `to`.
    """

    def __init__(
        self, server: str = "ast", budget: float = BUDGET, clock: SystemClock = MACHINE
    ) -> None:
        self.server = server
        self.clock = clock
        self.dropped = 0
        self.archive: Archive | None = None
        self._budget = 0
        self._lock = threading.Lock()  # held for moments only, since the reader waits for it
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
        """How many bytes of memory the events may take; it can be set at any time."""
        return self._budget

    @budget.setter
    def budget(self, value: float) -> None:
        least = 2 * LARGEST
        if not value >= least:  # NaN is refused, too
            raise ConfError(f"a budget of {value:g} bytes is too small: give at least {least}")
        if value > MOST:
            raise ConfError(f"a budget of {value:g} bytes is too large: give at most {MOST}")
        self._budget = int(value)
        with self._lock:
            self._keep_within()

    @property
    def nbytes(self) -> int:
        """About how many bytes of memory the events take now."""
        with self._lock:
            return self._size()

    def _size(self) -> int:
        return sum(block.nbytes for block in self._blocks) + self._open.nbytes

    def add(self, texts: list[str], received: int) -> None:
        """Keep the texts of events; it returns quickly, since the reader's thread calls it.

        The first event counts as received at `received`, and each further one a microsecond later.
        """
        for first in range(0, len(texts), BLOCK):
            some = texts[first : first + BLOCK] if len(texts) > BLOCK else texts
            self._add(some, received + first)

    def _add(self, texts: list[str], received: int) -> None:
        with self._lock:
            self._open.add(texts, received)
            if len(self._open) < BLOCK and self._open.nbytes < LARGEST:
                return
            self._blocks.append(self._open)
            self._open = Block(start=self._open.start + len(self._open))
            self._keep_within()
            if self._recorder is None and not self._closing:
                name = f"ast-record-{self.server}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                with contextlib.suppress(RuntimeError):  # the next block tries again
                    thread.start()
                    self._recorder = thread
        self._wake.release()

    def _keep_within(self) -> None:
        """Drop the oldest blocks until the rest fits the budget; the caller holds the lock."""
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
        """Return the oldest block of text, or else the oldest that should be put into columns."""
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
        """Return a block in columns, and keep the columns if half of the budget is free."""
        columns = block.columns()
        with self._lock:
            if not block.settled and block in self._blocks:
                if self._size() - block.nbytes + size_of(columns) <= self._budget / 2:
                    block.keep(columns)
                else:
                    block.settled = block.form == "packed"
        return columns

    def _kept(self) -> list[Block]:
        """Return all blocks, oldest first."""
        with self._lock:
            return [*self._blocks, self._open.copy()]

    def frame(
        self,
        *,
        last: int | None = None,
        events: Collection[str] = (),
        since: Moment | None = None,
    ) -> pd.DataFrame:
        """Return the events as a frame, with a row for each event, in order of arrival.

        Parameters
        ----------
        last : int, optional
            How many events at most: the newest of those that the other parameters select.
        events : collection of str, optional
            Only events of these names.
        since : datetime or str, optional
            Only events received at this moment or later, such as ``10m``, ``8:00`` or
            ``2026-11-23``. A moment that names no zone is in local time.

        Returns
        -------
        pandas.DataFrame
            These columns come first, and are always there:

            - datetime64[us, UTC]: ``received time``
            - category: ``server event``
            - str: ``channel uniqueid linkedid``

            ``received`` is when the event was read; no two events have the same. ``time`` is
            Asterisk's own Timestamp if it was sent, else ``received``. Then follows a column for
            each header, by its name in lower case: Int64 for numbers (``priority``, ``cause`` …),
            categories for all others. ``<unknown>`` and empty texts are missing values; the values
            of a repeated header are joined by line feeds. The columns ``header_cause`` and so on
            have texts that do not fit into a column of numbers, and headers that a dialplan adds
            to its UserEvent although Asterisk sends headers of these names with it.
        """
        kept = self._kept()
        earliest = None if since is None else microseconds(since, self.clock)
        filled = filter(len, reversed(kept))
        blocks = [one for one in filled if earliest is None or one.since(earliest)]
        chosen: list[pa.RecordBatch] = []
        missing = last
        for batch in at_once(self._columns, blocks) if last is None else map(self._columns, blocks):
            if earliest is not None:
                batch = batch.filter(pc.greater_equal(batch["received"], earliest))
            batch = with_names(batch, events)
            if missing is not None:
                batch = batch.slice(max(0, batch.num_rows - missing))
                missing -= batch.num_rows
            chosen.append(batch)
            if missing is not None and missing <= 0:
                break
        return frame(chosen[::-1], self.server)

    def further(self, number: int, events: Collection[str] = ()) -> tuple[int, int, pd.DataFrame]:
        """Return the events from a number on, or only those of some names, as a frame.

        The frame is the last of three results. The first two are the numbers of the oldest event
        that is kept, and of the next event to come.
        """
        kept = self._kept()
        blocks = [block for block in kept if number < block.start + len(block)]
        found = [
            with_names(batch.slice(max(0, number - block.start)), events)
            for block, batch in zip(blocks, at_once(self._columns, blocks), strict=True)
        ]
        end = kept[-1].start + len(kept[-1])
        return kept[0].start, end, frame(found, self.server)

    def moments(self, last: int) -> list[int]:
        """Return the receive times of the newest events, in microseconds since 1970 UTC."""
        found: list[int] = []
        with self._lock:
            for block in (self._open, *reversed(self._blocks)):
                if len(found) >= last:
                    break
                found = [*block.moments(last - len(found)), *found]
        return found

    def clear(self) -> int:
        """Forget every event kept in memory, and return how many there were.

        They do not count as dropped, and an archive keeps them. Those that are not on the archive's
        disk yet stay in memory.

        Raises
        ------
        ConfError
            If the archive's disk refuses events; then nothing is forgotten.
        """
        archive = self.archive if self.archive and not self.archive.is_closed else None
        kept = self.end if archive is None else archive.written_before()
        with self._lock:
            count = sum(map(len, self._blocks)) + len(self._open)
            while self._blocks and self._blocks[0].start + len(self._blocks[0]) <= kept:
                self._blocks.popleft()
            self._open = self._open.since_number(kept)
            return count - sum(map(len, self._blocks)) - len(self._open)

    # --- what keeps it on disk -----------------------------------------------------------------

    def to(
        self,
        place: str | os.PathLike[str] | ArchivePlace,
        retention_days: int | None = None,
        *,
        open_folder: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
        anonymizer: Anonymizing | None = None,
        whole: bool = False,
    ) -> Archive:
        """Keep every event on disk, too, from now on until the archive is closed.

        A record has one archive. If it has one at another place, that is closed, and its files
        stay. An archive at the same place is continued; once it anonymizes, it does so until it is
        closed.

        Parameters
        ----------
        place : str or path
            A folder, or a URL for fsspec.
        retention_days : int, optional
            How many days before today, in UTC, are kept; by default as before, or all.
        open_folder, options, anonymizer : optional
            As for `Archive`. By default, the open files for a URL are in the user's folder for the
            state of programs. The anonymizer does not change events in memory.
        whole : bool
            Whether the events in memory are kept, too, if there was no archive yet.

        Raises
        ------
        ConfError
            If the place cannot be written to; then a former archive is continued.
        """
        at = ArchivePlace(place, options)
        del place, options  # a URL may hold a password, and a traceback shows what is in sight
        old = self.archive
        if old is not None and old.is_at(at) and anonymizer in (None, old.anonymizer):
            if retention_days is not None:
                old.retain(retention_days)
            return old
        if old is not None and old.is_at(at) and retention_days is None:
            retention_days = old.retention_days
        new = Archive(
            self,
            at,
            retention_days,
            open_folder=open_folder,
            anonymizer=anonymizer,
            after=old,
            whole=whole,
        )
        try:
            self.archive = new
            new.begin()
        except BaseException:
            if new.gives_up():
                self.archive = old
            logger.warning("recording was interrupted at a change: %r goes on", self.archive)
            raise
        return new

    @property
    def end(self) -> int:
        """The number of the next event to come, counted from the record's first."""
        with self._lock:
            return self._open.start + len(self._open)

    def after(self, number: int, most: int) -> tuple[int, pa.RecordBatch] | None:
        """Return the next events from a number on: in columns, or as `columns.TEXTS`.

        Parameters
        ----------
        number, most : int
            The first wanted event, counted from the record's first, and how many at most.

        Returns
        -------
        tuple of int and pyarrow.RecordBatch, or None
            The number of the first event from `number` on that is still kept; events from it on.
        """
        with self._lock:
            found = self._open
            for block in reversed(self._blocks):
                if found.start <= number:
                    break
                found = block
            first = max(number, found.start)
            if first >= found.start + len(found):
                # This is so only if events in between were dropped; the next block begins later.
                later = (b for b in (*self._blocks, self._open) if b.start >= first and len(b))
                found = next(later, found)
                first = max(first, found.start)
            part = found.part(first - found.start, most) if found is self._open else None
        if part is None:
            part = found.part(first - found.start, most)
        if not isinstance(part, Block):
            return first, part
        return (first, part.texts()) if len(part) else None

    def close(self) -> None:
        """End the threads; the events stay readable, and an archive has them on disk."""
        self._closing = True  # first of all: an interruption leaves no thread behind
        self._wake.release()
        if self.archive is not None:
            self.archive.close()
        if self._recorder is not None:
            self._recorder.join(0.8)
