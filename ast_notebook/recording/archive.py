"""A record kept on disk: written as it comes, sealed behind it, old days removed."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from ast_notebook.errors import ConfError
from ast_notebook.recording.advice import advice
from ast_notebook.recording.columns import release
from ast_notebook.recording.compact import Stopped, compact, compact_leftovers, discard, remove_old
from ast_notebook.recording.layout import Name, by_day
from ast_notebook.recording.segment import Segment, warm_up
from ast_notebook.recording.shelf import Shelf
from ast_notebook.show import escape

logger = logging.getLogger(__name__)

BLOCK = 10_000  # events that are written at once, at most: where the disk was slow …
ENOUGH = 2000  # … and how many are worth it before the time is over
FLUSH = 1.0  # seconds that an event waits at most before it is written
BUSY, CALM = 0.025, 0.05  # seconds between looks at the record, while it grows and while not
FULL = 500_000  # events of a file, at which it is sealed
OLD = 3600.0  # seconds after which it is sealed, however few they are
DAY = 86_400.0
AGAIN = 30.0  # seconds between attempts to write, at most, while the disk refuses
RESEAL = 5.0  # seconds between attempts to seal
STOP = 0.8  # seconds that the threads have to end


class Source(Protocol):
    """Whose events are kept: a `Record`, which numbers them from its first one."""

    server: str

    @property
    def end(self) -> int:
        """The number of the next event to come."""

    def after(self, number: int, most: int) -> tuple[int, pa.RecordBatch] | None:
        """Return events from a number on in columns, and the number of the first that is left."""


class Anonymizing(Protocol):
    """What replaces numbers and names: an `Anonymizer`."""

    def block(self, block: pa.RecordBatch) -> pa.RecordBatch:
        """Return a block of events as `Source.after` gives it, with pseudonyms."""


class Archive:
    """Keeps a record's events on disk, from the moment it is made.

    It never slows the reader down, and what fails never reaches it: while the disk is full or the
    folder is gone, events stay in the record's memory and are written once that is over, as far as
    the record's budget reaches. What it does not reach is counted in `lost`.

    Parameters
    ----------
    record : Source
        The record.
    place : str or path
        A folder, or a URL that fsspec knows: sealed files go there.
    retention_days : int, optional
        Days, before today in UTC, whose files are kept; all by default.
    spool : str or path, optional
        A local folder for the open files; the archive's own where that is local.
    options : dict, optional
        What fsspec is to be given besides a URL.
    anonymizer : Anonymizer, optional
        What replaces numbers and names before anything is written.

    Attributes
    ----------
    recorder : str
        This recorder's id, which no other has; it begins with the second it was made in.
    written : int
        Events that are in the archive.
    lost : int
        Events that never got there.
    error : str
        What goes wrong at present; empty when nothing does.

    Raises
    ------
    ConfError
        If the folder cannot be made, or the retention is no number of days.
    """

    def __init__(
        self,
        record: Source,
        place: str | os.PathLike[str],
        retention_days: int | None = None,
        *,
        spool: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
        anonymizer: Anonymizing | None = None,
    ) -> None:
        self.retain(retention_days)
        self.anonymizer = anonymizer
        self.shelf = Shelf(place, spool, options)
        try:
            self.shelf.create()
        except OSError as error:
            raise ConfError(f"{self.shelf.place} cannot be recorded to: {error}") from None
        self.recorder = f"{int(time.time()):08x}{secrets.token_hex(4)}"
        self.written = 0
        self.lost = 0
        self._record = record
        self._next = record.end
        self._errors: dict[str, str] = {}
        self._number = 0
        self._segment: Segment | None = None
        self._wanted = 0
        self._wake = threading.Event()
        self._flushed = threading.Condition()
        self._closing = False
        self._deadline = 0.0
        self._full: queue.SimpleQueue[Segment | None] = queue.SimpleQueue()
        self._unsealed: list[Segment] = []
        self._offsets: deque[float] = deque(maxlen=round(DAY / OLD))  # of the clock, each hour
        warm_up()
        self._writer = self._thread("archive", self._write)
        self._sealer = self._thread("seal", self._seal)

    def _thread(self, what: str, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name=f"ast-{what}-{self._record.server}", daemon=True)
        thread.start()
        return thread

    def retain(self, days: int | None) -> None:
        """Set how many days before today, in UTC, are kept; None for all."""
        if days is not None and not 1 <= days <= 100_000:
            raise ConfError(f"{days} days cannot be retained: give 1 or more")
        self.retention_days = days

    def is_at(self, place: str | os.PathLike[str]) -> bool:
        """Tell whether this is the archive of that place, and still kept."""
        return not self._closing and self.shelf.is_at(place)

    @property
    def place(self) -> str:
        """The folder or URL, as it was given, but for a password in it."""
        return self.shelf.place

    @property
    def error(self) -> str:
        """What goes wrong at present; empty when nothing does."""
        return "; ".join(self._errors.values())

    @property
    def waiting(self) -> int:
        """Events that are not on disk yet."""
        return max(0, self._record.end - self._next)

    @property
    def unsealed(self) -> int:
        """Full files that are not Parquet on the shelf yet."""
        return len(self._unsealed) + self._full.qsize()

    def __repr__(self) -> str:
        parts = [f"<Archive {self.place}: {self.written:,} events written, {self.lost:,} lost"]
        if self.anonymizer is not None:
            parts.append("anonymized")
        if self._errors:
            parts.append(self.error)
        if self._closing:
            parts.append("closed")
        return "; ".join(parts) + ">"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every event that was in the record at the call is on disk.

        Returns
        -------
        bool
            False if that did not happen in `timeout` seconds, since the disk refuses.
        """
        end = self._record.end
        with self._flushed:
            self._wanted = max(self._wanted, end)
            self._wake.set()
            self._flushed.wait_for(
                lambda: self._next >= end or not self._writer.is_alive(), timeout
            )
        return self._next >= end

    def close(self) -> None:
        """Write what is left, seal what can be sealed in a moment, and end the threads.

        What stays open is sealed by the next recorder of this folder.
        """
        self._deadline = time.monotonic() + STOP
        self._closing = True
        self._wake.set()
        self._writer.join(STOP)
        self._sealer.join(max(0.2, self._deadline + 0.2 - time.monotonic()))

    # --- the writer's thread -------------------------------------------------------------------

    def _write(self) -> None:
        written = seen = time.monotonic()  # when all was written, and when there was something new
        retry = pause = 0.0
        last = self._next
        while not self._closing:
            self._wake.wait(BUSY if time.monotonic() - seen < FLUSH else CALM)
            self._wake.clear()
            now = time.monotonic()
            end = self._record.end
            if end != last:
                last, seen = end, now
            if self._next >= end:
                written = now
            if now < retry:
                continue
            if end - self._next >= ENOUGH or now - written >= FLUSH or self._wanted > self._next:
                if self._keep(end):
                    written, pause = now, 0.0
                else:
                    pause = min(2 * pause or FLUSH, AGAIN)
                    retry = now + pause
            if self._segment is not None and self._is_full(self._segment):
                self._pass_on()
        self._keep(self._record.end)
        left = self.waiting
        if left:
            self.lost += left
            logger.warning(
                "the archive %s was closed before %d events were on disk", self.place, left
            )
        self._pass_on()
        self._full.put(None)

    def _keep(self, end: int) -> bool:
        """Write the record's events before that number; False if the disk refuses."""
        try:
            while self._next < end:
                found = self._record.after(self._next, min(BLOCK, end - self._next))
                number, block = found or (end, None)
                self.lost += number - self._next
                self._next = number
                if block is not None:
                    self._put(block)
                if self._hurried():
                    break
        except Exception as error:  # a full disk; or a file system, or Arrow, with its own errors
            since = time.strftime("%H:%M:%S")
            self._tell(
                "disk",
                f"not on disk since {since}: {advice(error)}; until then events wait in memory, "
                "as many as its budget holds",
            )
            self._abandon()
            return False
        self._errors.pop("disk", None)
        with self._flushed:
            self._flushed.notify_all()
        return True

    def _put(self, block: pa.RecordBatch) -> None:
        for day, part in by_day(block):
            if self.anonymizer is not None:
                part = self.anonymizer.block(part)
            self._segment_of(day).write(part)
            self._next += len(part)
            self.written += len(part)

    def _tell(self, what: str, text: str) -> None:
        if what not in self._errors:
            logger.warning("the archive %s: %s", self.place, text)
            self._errors[what] = text

    def _is_full(self, segment: Segment) -> bool:
        return segment.events >= FULL or time.monotonic() - segment.opened >= OLD

    def _segment_of(self, day: date) -> Segment:
        """Return the file to write events of that day to."""
        segment = self._segment
        if segment is not None and (segment.name.day != day or self._is_full(segment)):
            self._pass_on()
            segment = None
        if segment is None:
            self._number += 1
            name = Name(self.recorder, self._number, self._record.server, day)
            is_anonymized = self.anonymizer is not None
            segment = self._segment = Segment(self.shelf.spool, name, is_anonymized=is_anonymized)
        return segment

    def _pass_on(self) -> None:
        """End the open file, and have it sealed."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        with contextlib.suppress(OSError):  # what it has is there nevertheless
            segment.end()
        if segment.events:
            self._full.put(segment)
        else:
            segment.close()
        release()

    def _abandon(self) -> None:
        """Leave a file that cannot be written to, and begin another one with what it lacks."""
        segment = self._segment
        if segment is not None and self._is_gone(segment):
            self._segment = None
            segment.close()
        self._pass_on()

    def _is_gone(self, segment: Segment) -> bool:
        """Tell whether somebody removed the file, and then count its events as lost.

        While its whole folder is away, as a disk may be, the file may come back.
        """
        if segment.path.exists() or not self.shelf.spool.exists():
            return False
        logger.warning("%s is gone, with %d events", segment.path, segment.events)
        self.lost += segment.events
        self.written -= segment.events
        return True

    # --- the sealer's thread -------------------------------------------------------------------

    def _seal(self) -> None:
        self._tidy()
        tidied = time.monotonic()
        while True:
            try:
                segment = self._full.get(timeout=RESEAL)
            except queue.Empty:
                pass
            else:
                if segment is None:
                    break
                self._unsealed.append(segment)
            self._seal_each()
            if time.monotonic() - tidied >= OLD:
                self._tidy()
                tidied = time.monotonic()
        self._seal_each()
        for segment in self._unsealed:
            segment.close()

    def _seal_each(self) -> None:
        for segment in list(self._unsealed):
            gone = self._is_gone(segment)
            if not gone and not self._try("sealing", partial(self._compact, segment)):
                break
            self._unsealed.remove(segment)
            segment.close()
            discard(segment.path, segment.damaged)
        if not self._unsealed:
            self._errors.pop("sealing", None)

    def _compact(self, segment: Segment) -> None:
        sealed = compact(segment.path, self.shelf, killed=False, stop=self._hurried)
        segment.damaged = sealed.damaged
        release()

    def _tidy(self) -> None:
        """Seal what dead recorders left, and remove the days that are too old."""
        self._try("leftovers", lambda: compact_leftovers(self.shelf, self._hurried))
        days = self.retention_days
        if days is not None and not self._hurried():
            today = self._today()
            self._try("retention", lambda: remove_old(self.shelf, self._record.server, days, today))

    def _today(self) -> date:
        """Return the day in UTC; a clock that was set forward is believed after a day."""
        self._offsets.append(time.time() - time.monotonic())
        return datetime.fromtimestamp(time.monotonic() + min(self._offsets), UTC).date()

    def _hurried(self) -> bool:
        return self._closing and time.monotonic() > self._deadline

    def _try(self, what: str, work: Callable[[], object]) -> bool:
        try:
            work()
        except Stopped:
            return False
        except Exception as error:  # any store has errors of its own
            since = time.strftime("%H:%M:%S")
            self._tell(what, f"{what} not done since {since}: {advice(error)}")
            return False
        self._errors.pop(what, None)
        return True
