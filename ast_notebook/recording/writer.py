"""The writer of an archive: it writes events to one open file after the other."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from datetime import date

import pyarrow as pa

from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.columns import batch_of, in_columns, release
from ast_notebook.recording.layout import DAY, Name, by_day
from ast_notebook.recording.segment import Segment, lost_row, lost_with
from ast_notebook.recording.source import Anonymizing

logger = logging.getLogger(__name__)

FULL = 500_000  # events after which a file is sealed
OLD = 3600.0  # seconds after which a file is sealed, however few events it has
_GONE = "a file of the archive was removed or replaced: its events are lost"
_LEFT_OUT = "events could not be written in time: they are lost"


class Writer:
    """Writes events to one open file after the other, each of one day; it waits for the disk.

    Parameters
    ----------
    files : ArchiveFiles
    recorder : str
        The recorder's unique id.
    server : str
        The PBX's name.
    anonymizer : Anonymizer, optional
        It replaces numbers and names before anything is written.
    seal : callable
        Takes a file to which nothing is written any more.

    Attributes
    ----------
    written : int
        How many events are on disk.
    lost : int
        How many events were on disk in files that somebody removed or replaced.
    """

    def __init__(
        self,
        files: ArchiveFiles,
        recorder: str,
        server: str,
        anonymizer: Anonymizing | None,
        seal: Callable[[Segment], None],
    ) -> None:
        self.written = 0
        self.lost = 0
        self._files = files
        self._recorder = recorder
        self._server = server
        self._anonymizer = anonymizer
        self._seal = seal
        self._number = 0
        self._segment: Segment | None = None
        self._last = 0  # when the newest event on disk was received
        self._untold: dict[str, int] = {}  # events that no row tells of yet, by how they were lost

    def write(self, day: date, block: pa.RecordBatch) -> None:
        """Write events of one day; an OSError says that none of them is on disk."""
        if self._anonymizer is not None:
            block = self._anonymizer.block(in_columns(block))
        segment = self._segment_of(day)
        self._tell_losses(segment, block["received"][0].as_py())
        segment.write(block)
        self.written += len(block)
        self._last = block["received"][-1].as_py()

    def leave_out(self, events: int) -> None:
        """Note that events between the last one on disk and the next one were not written."""
        self._untold[_LEFT_OUT] = self._untold.get(_LEFT_OUT, 0) + events

    def _tell_losses(self, segment: Segment, following: int) -> None:
        """Write rows that tell of lost events, before an event that was received at `following`."""
        for reason, events in list(self._untold.items()):
            at = following - 1
            if reason == _LEFT_OUT and self._last:  # nothing is known from the last event on
                begin = following // DAY * DAY  # of the day whose file this is
                at = max(begin, min(self._last + 1, at))
            row = lost_row(segment.name, at, reason, missing=events)
            segment.write(row, is_own=True)
            del self._untold[reason]

    def note(self, text: str, at: int) -> None:
        """Write a row of our own behind all events on disk."""
        self._last = max(at, self._last + 1)
        for day, row in by_day(batch_of([text], [self._last])):
            self._segment_of(day).write(row, is_own=True)

    def replace_if_full(self) -> None:
        """Have the open file sealed if it is full, or an hour old, and begin the next one."""
        if self._segment is not None and _is_full(self._segment):
            with contextlib.suppress(OSError):  # its lock tells others that we live
                self._segment_of(self._segment.name.day)

    def pass_on(self) -> None:
        """End the open file, and have it sealed."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        with contextlib.suppress(OSError):  # its events are on disk all the same
            segment.end()
        if segment.events:
            self._seal(segment)
        else:
            segment.close()
        release()

    def abandon(self) -> None:
        """Leave a file that cannot be written to; the next events go to another one."""
        segment = self._segment
        if segment is not None and self.is_gone(segment):
            self._segment = None
            segment.close()
        self.pass_on()

    def is_gone(self, segment: Segment) -> bool:
        """Tell whether somebody removed or replaced the file; if so, count its lost events."""
        lost = lost_with(segment, self._files.open_folder)
        if lost is None:
            return False
        logger.warning("%s is gone or was replaced: %d events are lost", segment.path, lost)
        self.lost += lost
        self.written -= lost
        self._untold[_GONE] = self._untold.get(_GONE, 0) + lost
        return True

    def _segment_of(self, day: date) -> Segment:
        """Return the open file for events of a day."""
        segment = self._segment
        if segment is not None and (segment.name.day != day or _is_full(segment)):
            self.pass_on()
            segment = None
        if segment is None:
            self._number += 1
            name = Name(self._recorder, self._number, self._server, day)
            segment = self._segment = Segment(
                self._files.open_folder,
                name,
                pseudonyms="" if self._anonymizer is None else self._anonymizer.mark,
            )
        return segment


def _is_full(segment: Segment) -> bool:
    return segment.events >= FULL or time.monotonic() - segment.opened >= OLD
