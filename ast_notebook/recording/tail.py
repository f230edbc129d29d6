"""The events that another process writes to an archive, block by block as they come."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ast_notebook.ami.elapsed import elapsed
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.layout import DAY, OPEN, SEALED, Name, day_of, named, narrowed
from ast_notebook.recording.lock import is_held
from ast_notebook.recording.segment import Blocks, joined, lost_row
from ast_notebook.recording.troubles import is_of_the_system
from ast_notebook.units import SECOND

logger = logging.getLogger(__name__)

YOUNG = 5.0  # seconds after which the recorder of an empty file has taken its lock for sure
SET = 1.0  # seconds by which a clock is set at least; a smaller difference is drift
DAYS = 2  # folders of days in which a recorder writes, at most: around midnight
#: How a file or folder is missing; a file in the place of a folder is no folder of ours.
_NONE = (FileNotFoundError, NotADirectoryError)


class ArchiveTail:
    """Follows one recorder of a PBX, and goes on with another one when it has ended.

    Nothing is written or changed.

    Parameters
    ----------
    files : ArchiveFiles
        The files of the archive, which is in a local folder.
    server : str
        The PBX.

    Attributes
    ----------
    is_alive : bool
        Whether the recorder lived at the last `poll`.
    is_resumed : bool
        Whether its file was there again at the last `poll`, after a time in which it was not.
    """

    def __init__(self, files: ArchiveFiles, server: str) -> None:
        self.is_alive = self.is_resumed = False
        self._folder = Path(files.root) / f"server={quote(server, safe='')}"
        self._server = server
        self._name: Name | None = None
        self._place = self._rows = 0  # bytes of the open file, and rows, that are passed on
        self._is_over = True  # whether nothing more comes to that file
        self._is_gone = False  # whether it was not there any more: its disk may come back
        self._last = 0  # when the last event was received
        self._clock = 0.0  # this machine's clock at that time, less the one that nobody can set
        self._after = 0  # events that another recorder received up to then are left out

    def poll(self) -> list[pa.RecordBatch]:
        """Return the blocks that came since the last poll, in columns like those of `batch_of`.

        The first time, that is all of the file to which the newest living recorder writes.
        """
        found: list[pa.RecordBatch] = []
        self.is_resumed = False
        while True:
            try:
                if self._name is not None and (self._is_gone or not self._is_over):
                    found += [narrowed(block) for block in self._read(self._name) if len(block)]
                if not self._is_over:
                    break
                following = self._following()
            except Exception:
                if found:  # the next poll raises it, so that what was read is not lost
                    break
                raise
            if following is None:
                break
            if self._name is not None and following.recorder != self._name.recorder:
                self._after = self._last_by_the_present_clock()
            self._name, self._place, self._rows, self._is_over = following, 0, 0, False
            self._is_gone = False
        self.is_alive = not self._is_over
        return found

    def _read(self, name: Name) -> list[pa.RecordBatch]:
        """Return the rest of the file."""
        path = self._path(name, OPEN)
        try:
            lives = self._lives(name)  # asked first, so that all it wrote before its end is read
            blocks = Blocks(path, self._place)
            found = joined([block for block in blocks if len(block)])
        except _NONE:
            rest = self._sealed(name)  # if it raises, the next poll tries again
            self._is_over = True
            return rest
        self._is_gone, self.is_resumed = False, self._is_gone
        self._place = blocks.place
        self._is_over = blocks.complete or not lives
        found = self._passed_on(found)
        if blocks.damaged and (lost := blocks.lost_row()) is not None:
            logger.warning("%s: %d bytes of it are damaged", path, blocks.damaged)
            found.append(lost)  # it is no row of the file, and so is not counted as one
        return found

    def _sealed(self, name: Name) -> list[pa.RecordBatch]:
        """Return the events of a file that was sealed meanwhile, but not those passed on before."""
        path = self._path(name, SEALED)
        try:
            table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        except _NONE:
            self._is_gone = True
            return []
        except (OSError, pa.ArrowException) as error:
            if is_of_the_system(error):
                raise
            logger.warning("%s is damaged, and the rest of it is passed over: %s", path, error)
            self._is_gone = False
            return [lost_row(name, self._last + 1, "the file is damaged: its rest is lost")]
        self._is_gone, self.is_resumed = False, self._is_gone
        return self._passed_on(table.slice(self._rows).to_batches())

    def _passed_on(self, blocks: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        """Note what is passed on, and leave out what was heard by an earlier recorder."""
        self._rows += sum(map(len, blocks))
        if self._after:
            blocks = [block.filter(pc.field("received_us") > self._after) for block in blocks]
        last = [block["received_us"][-1].as_py() for block in blocks if len(block)][-1:]
        if last:
            self._last, self._clock = last[0], _offset()
        return blocks

    def _last_by_the_present_clock(self) -> int:
        """Return when the last event was received.

        If the clock was set back since then, this is the moment by the clock as it is set now.
        """
        step = _offset() - self._clock
        return self._last + (int(step * SECOND) if step < -SET else 0)

    def _following(self) -> Name | None:
        """Return the file to go on with; None if nobody records now."""
        there = sorted(self._files())
        known = self._name
        if known is not None:
            later = [
                name
                for name, _ in there
                if name.recorder == known.recorder and name.number > known.number
            ]
            if later:
                return later[0]
        living = [name for name, ending in there if ending == OPEN and self._lives(name)]
        others = [one for one in living if known is None or one.recorder != known.recorder]
        if known is None or not others:
            return others[-1] if others else None
        return next(name for name, _ in there if name.recorder == others[-1].recorder)

    def _files(self) -> Iterator[tuple[Name, str]]:
        """Yield the files of the present day and of the newest days, with their endings."""
        try:
            days = sorted(one for one in self._folder.iterdir() if one.name.startswith("day="))
        except _NONE:
            return
        # A recorder whose clock was wrong may have left folders of days to come.
        now = time.time_ns() // 1000
        present = [f"day={day_of(now + days * DAY)}" for days in (-1, 0, 1)]
        for day in sorted({*days[-DAYS:], *(one for one in days if one.name in present)}):
            try:
                files = list(day.iterdir())
            except _NONE:
                continue
            for file in files:
                known = named(file.as_posix())
                if known is not None and known[1] in (OPEN, SEALED):
                    yield known

    def _path(self, name: Name, ending: str) -> Path:
        return self._folder.parent / name.path(ending)

    def _lives(self, name: Name) -> bool:
        """Tell whether a recorder has an open file locked.

        An empty file may just have been made, and a look at its lock could keep its recorder from
        taking the lock.
        """
        path = self._path(name, OPEN)
        try:
            state = path.stat()
            is_new = not state.st_size and time.time() - state.st_mtime < YOUNG
            return is_new or is_held(path)
        except _NONE:
            return False


def _offset() -> float:
    """Return this machine's clock, less the clock that nobody can set, in seconds."""
    return time.time() - elapsed()
