"""An archive: it writes a record's events to files, seals the files, and removes old ones."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from typing import Any

from ast_notebook.errors import ConfError
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.layout import by_day
from ast_notebook.recording.sealer import Sealer
from ast_notebook.recording.segment import warm_up
from ast_notebook.recording.source import Anonymizing, ArchiveSource
from ast_notebook.recording.troubles import Troubles
from ast_notebook.recording.waiting_notes import WaitingNotes
from ast_notebook.recording.writer import Writer
from ast_notebook.show import escape, plain

logger = logging.getLogger(__name__)

BLOCK = 10_000  # events at most that are written at once
ENOUGH = 2000  # events that are written at once even before `FLUSH` is over
FLUSH = 0.5  # seconds that an event waits at most before it is written
BUSY, CALM = 0.025, 0.05  # seconds between two checks of the record, while it grows and otherwise
AGAIN = 30.0  # seconds between attempts to write, at most, while the disk refuses
STOP = 0.8  # seconds that the threads have to end
CLOSED = "closed: nothing more is kept on disk"


class Archive:
    """Keeps a record's events on disk; the reader's thread never waits for it, and gets no errors.

    While the disk is full or the folder is missing, events stay in the record's memory, and are
    written later. Events that the record drops meanwhile, because of its budget, count in `lost`.

    Parameters
    ----------
    record : ArchiveSource
    place : str or path
        The folder, or the URL for fsspec, of the sealed files.
    retention_days : int, optional
        How many days before today, in UTC, are kept; by default all.
    open_folder : str or path, optional
        A local folder for the open files; by default the archive's own, if that is local.
    options : dict, optional
        Options for fsspec, besides the URL.
    anonymizer : Anonymizer, optional
        It replaces numbers and names before anything is written.
    after : Archive, optional
        The record's former archive. Once the threads run, it is closed, and this one goes on.
    whole : bool
        Without `after`, whether the archive begins with the oldest event in memory; otherwise, it
        begins with the next event.

    Attributes
    ----------
    recorder : str
        This recorder's unique id; it begins with the second in which the recorder was made.

    Raises
    ------
    ConfError
        If the folder cannot be made, or the retention is no number of days.
    """

    def __init__(
        self,
        record: ArchiveSource,
        place: str | os.PathLike[str] | ArchivePlace,
        retention_days: int | None = None,
        *,
        open_folder: str | os.PathLike[str] | None = None,
        options: dict[str, Any] | None = None,
        anonymizer: Anonymizing | None = None,
        after: Archive | None = None,
        whole: bool = False,
    ) -> None:
        at = ArchivePlace(place, options)
        del place, options  # a URL may hold a password, and a traceback shows what is in sight
        self.retain(retention_days)
        self.anonymizer = anonymizer
        self.archive_files = ArchiveFiles(at, open_folder)
        self.archive_files.create()
        self.recorder = f"{int(time.time()):08x}{secrets.token_hex(4)}"
        self._record = record
        self._is_followed = False
        self._after = after
        self._next: int = (0 if whole else record.end) if after is None else after._next
        self._decided = threading.Lock()  # who takes it decides if the thread ever begins
        self._begun = threading.Event()
        self._troubles = Troubles(at)
        self._dropped = 0  # events that the record dropped, or that cannot be written
        self._wanted = 0
        self._wake = threading.Event()
        self._flushed = threading.Condition()
        self._closing = False
        self._deadline = 0.0
        self._leaves_open = False
        self._notes = WaitingNotes()
        self._writer = Writer(
            self.archive_files,
            self.recorder,
            record.server,
            anonymizer,
            seal=lambda segment: self._sealer.put(segment),
        )
        self._sealer = Sealer(
            self.archive_files,
            record.server,
            self._troubles,
            is_gone=self._writer.is_gone,
            hurried=lambda: self._leaves_open or self._hurried(),
            retention=lambda: self.retention_days,
        )
        warm_up()
        name = f"ast-archive-{record.server}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def begin(self) -> None:
        """Start the threads; after an error or interruption, `gives_up` tells whether they run."""
        self._sealer.start()
        self._thread.start()
        self._begun.wait(2 * STOP)  # by then a former archive has ended, unless its disk is slow

    def gives_up(self) -> bool:
        """Close the archive if it has not begun yet, and tell whether that was so."""
        if not self._decided.acquire(blocking=False):
            return False
        self._closing = True
        self._sealer.end()
        return True

    def retain(self, days: int | None) -> None:
        """Set how many days before today, in UTC, are kept; None keeps all."""
        if days is not None and not 1 <= days <= 100_000:
            raise ConfError(f"{days} days cannot be retained: give 1 or more")
        self.retention_days = days

    def is_at(self, place: str | os.PathLike[str] | ArchivePlace) -> bool:
        """Tell whether this is the archive at that place, and is still open."""
        return not self._closing and self.archive_files.is_at(place)

    @property
    def written(self) -> int:
        """How many events are in the archive."""
        return self._writer.written

    @property
    def lost(self) -> int:
        """How many events never got into the archive, or were lost with one of its files."""
        return self._dropped + self._writer.lost

    @property
    def is_closed(self) -> bool:
        """Whether the archive is closed, or its thread has ended, so that it keeps no events."""
        return self._closing or (self._begun.is_set() and not self._thread.is_alive())

    @property
    def place(self) -> str:
        """The folder or URL as it was given, without a password."""
        return self.archive_files.place

    @property
    def error(self) -> str:
        """What goes wrong at present; empty when nothing does."""
        return str(self._troubles)

    @property
    def waiting(self) -> int:
        """How many events are not on disk yet; 0 after the end, since no more are written."""
        if self._closing and not self._thread.is_alive():
            return 0
        return max(0, self._record.end - self._next)

    @property
    def unsealed(self) -> int:
        """How many full files are not sealed yet."""
        return self._sealer.unsealed

    def __repr__(self) -> str:
        place = plain(self.place).replace("\n", "\\n")
        hidden = "anonymized" if self.anonymizer is not None else ""
        counts = f"{self.written:,} events written, {self.lost:,} lost"
        parts = (counts, hidden, self.error, CLOSED if self._closing else "")
        return f"<Archive {place}: {'; '.join(filter(None, parts))}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"

    def note(self, text: str, at: int) -> None:
        """Write a row of ours after the present events, unless the archive has pseudonyms."""
        if self.anonymizer is None and not self._closing:
            self._notes.put(text, at)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all events of the record are on disk; False if the disk refuses too long."""
        end = self._record.end
        with self._flushed:
            self._wanted = max(self._wanted, end)
            self._wake.set()
            self._flushed.wait_for(
                lambda: self._next >= end or not self._thread.is_alive(), timeout
            )
        return self._next >= end

    def written_before(self) -> int:
        """Write all events, and return the number of the first one that is not on disk.

        A ConfError says that the disk refuses events, so that none may be removed from memory.
        """
        if not self.flush():
            raise ConfError(
                f"{self.waiting:,} events are not on disk yet ({self.error}): nothing was forgotten"
            )
        return self._next

    def close(self, seconds: float | None = None) -> None:
        """Write what is left, seal files while there is time, and end the threads.

        The time is a moment, or so many seconds. The next recorder of this folder seals the files
        that stay open.
        """
        seconds = STOP if seconds is None else seconds
        self._deadline = time.monotonic() + seconds
        self._closing = True
        self._wake.set()
        self._thread.join(seconds)
        self._sealer.thread.join(max(0.2, self._deadline + 0.2 - time.monotonic()))

    def leave_open(self) -> None:
        """Seal no further file: the next recorder of this folder does it."""
        self._leaves_open = True

    def hand_over(self, follower: Archive) -> int:
        """Close, and return the number of the first event that is left to another archive."""
        self._is_followed = True
        self.close()
        if self.archive_files.is_at(follower.archive_files.at):
            self._thread.join()  # however long its disk needs: no event may be there twice
        return self._next

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        if not self._decided.acquire(blocking=False):
            return
        if self._after is not None:
            self._next, self._after = self._after.hand_over(self), None
            self._tell_flushed()  # the former archive may have written all that is waited for
        self._begun.set()
        written = seen = time.monotonic()  # when all was written last, and when events came last
        retry = pause = 0.0
        last = self._next
        while not self._closing:
            self._wake.wait(BUSY if time.monotonic() - seen < FLUSH else CALM)
            self._wake.clear()
            now = time.monotonic()
            end = self._record.end
            if end != last:
                last, seen = end, now
            if self._next >= end and not self._notes:
                written = now
            if now < retry:
                continue
            if end - self._next >= ENOUGH or now - written >= FLUSH or self._wanted > self._next:
                if self._try_to_keep(end):
                    written, pause = now, 0.0
                else:
                    pause = min(2 * pause or FLUSH, AGAIN)
                    retry = now + pause
            self._writer.replace_if_full()
        self._try_to_keep(self._record.end)
        left = self.waiting
        if left and not self._is_followed:
            self._dropped += left
            logger.warning(
                "the archive %s was closed before %d events were on disk", self.place, left
            )
        self._writer.pass_on()
        self._sealer.end()

    def _try_to_keep(self, end: int) -> bool:
        """Write the record's events before a number; return False if that fails in any way."""
        try:
            return self._keep(end)
        except Exception as error:  # the thread goes on: nobody else would write what comes later
            self._refused(error)
            return False

    def _refused(self, error: Exception) -> None:
        then = "; until then events wait in memory, as many as its budget holds"
        self._troubles.begin("disk", "not on disk", error, then)

    def _keep(self, end: int) -> bool:
        """Write the record's events before a number; return False if the disk refuses."""
        most = BLOCK
        while self._next < end:
            try:
                self._take(min(most, end - self._next), end)
            except (OSError, MemoryError) as error:
                self._refused(error)
                self._writer.abandon()
                return False
            except Exception as error:
                # One of these events cannot be written, and the others must not wait for it.
                if most == 1:
                    self._leave_out(error)
                most = max(1, most // 10)
            else:
                most = min(BLOCK, most * 10)
            if self._hurried():
                break
        self._notes.write(self._writer.note)
        self._troubles.end("disk")
        self._tell_flushed()
        return True

    def _tell_flushed(self) -> None:
        with self._flushed:
            self._flushed.notify_all()

    def _take(self, most: int, end: int) -> None:
        number, block = self._record.after(self._next, most) or (end, None)
        self._left_out(number - self._next)
        self._next = number
        if block is not None:
            for day, part in by_day(block):
                self._writer.write(day, part)
                self._next += len(part)

    def _left_out(self, events: int) -> None:
        """Count events that are not written, and have a row tell of them."""
        self._dropped += events
        if events or self._notes.take_left_out():
            self._writer.leave_out(events)

    def _leave_out(self, error: Exception) -> None:
        """Count the next event as lost; log only the type of its error, which may quote numbers."""
        self._left_out(1)
        self._next += 1
        logger.error(
            "the archive %s: an event cannot be written (%s)", self.place, type(error).__name__
        )

    def _hurried(self) -> bool:
        return self._closing and time.monotonic() > self._deadline
