"""The thread that seals the full files of an archive, and removes the files of old days."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.columns import release
from ast_notebook.recording.sealing import discard, remove_old, seal, seal_leftovers
from ast_notebook.recording.segment import Segment
from ast_notebook.recording.troubles import Troubles

DAY = 86_400.0
RESEAL = 5.0  # seconds between attempts to seal
TIDY = 3600.0  # seconds between checks for files of dead recorders and for days that are too old


class Sealer:
    """Seals the full files of one recorder, one after the other.

    After a failure it waits before it tries again, and then begins with another file.

    Parameters
    ----------
    files : ArchiveFiles
    server : str
        The PBX's name.
    troubles : Troubles
        It gets every failure.
    is_gone : callable
        It tells whether somebody removed or replaced a file. Such a file is left alone.
    hurried : callable
        It tells whether sealing has to be given up, because there is no time left.
    retention : callable
        It returns how many days before today, in UTC, are kept; None means all.

    Attributes
    ----------
    thread : threading.Thread
        Starts with `start`, and ends after `end`.
    """

    def __init__(
        self,
        files: ArchiveFiles,
        server: str,
        troubles: Troubles,
        is_gone: Callable[[Segment], bool],
        hurried: Callable[[], bool],
        retention: Callable[[], int | None],
    ) -> None:
        self._files = files
        self._server = server
        self._troubles = troubles
        self._is_gone = is_gone
        self._hurried = hurried
        self._retention = retention
        self._full: queue.SimpleQueue[Segment | None] = queue.SimpleQueue()
        self._unsealed: list[Segment] = []
        self._offsets: deque[float] = deque(maxlen=round(DAY / TIDY))  # of the clock, each hour
        self.thread = threading.Thread(target=self._run, name=f"ast-seal-{server}", daemon=True)

    @property
    def unsealed(self) -> int:
        """Full files that are not sealed yet."""
        return len(self._unsealed) + self._full.qsize()

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def put(self, segment: Segment) -> None:
        """Take a file to which nothing is written any more."""
        self._full.put(segment)

    def end(self) -> None:
        """Let the thread end after it has tried to seal all files."""
        self._full.put(None)

    def _run(self) -> None:
        self.tidy()
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
            if time.monotonic() - tidied >= TIDY:
                self.tidy()
                tidied = time.monotonic()
        self._seal_each()
        for segment in self._unsealed:
            with contextlib.suppress(OSError):
                segment.close()

    def _seal_each(self) -> None:
        attempt = self._troubles.attempt
        for segment in list(self._unsealed):
            gone = self._is_gone(segment)
            sealed = not gone and attempt("sealing", partial(self._seal, segment))
            self._unsealed.remove(segment)
            if not gone and not sealed:
                self._unsealed.append(segment)  # it may be the only one that fails
                break
            with contextlib.suppress(OSError):
                segment.close()
            if not gone:
                # If this fails, the file belongs to no recorder from now on, so that it is sealed
                # and removed with the files of dead recorders.
                attempt(
                    "removal of what is sealed", partial(discard, segment.path, segment.damaged)
                )
        if not self._unsealed:
            self._troubles.end("sealing")

    def _seal(self, segment: Segment) -> None:
        segment.mend()
        sealed = seal(segment.path, self._files, killed=False, stop=self._hurried)
        segment.damaged = sealed.damaged
        release()

    def tidy(self) -> None:
        """Seal the files of dead recorders, and remove days that are too old."""
        attempt, days = self._troubles.attempt, self._retention()
        attempt("leftovers", lambda: seal_leftovers(self._files, self._hurried))
        if days is not None and not self._hurried():
            today = self._today()
            attempt("retention", lambda: remove_old(self._files, self._server, days, today))

    def _today(self) -> date:
        """Return the day in UTC; of all settings of the clock in the last day, the earliest counts.

        So a clock that was set forward by mistake makes no file old for about a day.
        """
        self._offsets.append(time.time() - time.monotonic())
        return datetime.fromtimestamp(time.monotonic() + min(self._offsets), UTC).date()
