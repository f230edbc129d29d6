"""A PBX that another process records: its state, events and call log, and nothing can be sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import tzinfo

import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import Field, Pending
from ast_notebook.asterisk import Asterisk
from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.asterisk.callbacks import Callbacks
from ast_notebook.asterisk.switchboard import Switchboard
from ast_notebook.asterisk.waiting import WaitingCallers
from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConfError, NotRecorded, PermissionMissing
from ast_notebook.home import SmartHome
from ast_notebook.moments import Moment
from ast_notebook.recording.archive_files import ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.record import BUDGET
from ast_notebook.recording.tail import ArchiveTail
from ast_notebook.replay.answers import Answers, is_question
from ast_notebook.replay.archive import archive_tape
from ast_notebook.replay.choosing import chosen
from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.database import ReplayedDatabase
from ast_notebook.replay.live import ReplayedLive
from ast_notebook.replay.recent import RecentEvents
from ast_notebook.replay.tape import STATE_ROWS, Moments, Tape
from ast_notebook.replay.told import give
from ast_notebook.replay.watched_record import WatchedRecord
from ast_notebook.replay.watcher import WatchSession
from ast_notebook.replay.when import read_moment
from ast_notebook.zone import named_zone

SINCE = "1d"


class WatchedAsterisk(Asterisk):
    """A PBX as another process records it, a second ago at most.

    Its events, call log and live state are those of the record, and go on as it grows. Nothing can
    be sent to the PBX: whatever would be sent raises an error that says so.

    Parameters
    ----------
    files : ArchiveFiles
        The archive, in a local folder.
    server : str
        The PBX.
    since : int
        Events that are already recorded are read from this moment on, in microseconds since 1970
        UTC.
    name : str
        Its name: the attribute of `sh`.
    budget : float
        Bytes of memory that its events may take.
    """

    def __init__(
        self,
        files: ArchiveFiles,
        server: str,
        since: int,
        *,
        name: str = "ast",
        budget: float = BUDGET,
    ) -> None:
        self._process = os.getpid()
        self.place = files.place
        tail = ArchiveTail(files, server)
        begun = tail.poll()
        tape = _tape_until(files, server, since, begun)
        record = WatchedRecord(server, budget)
        CallLog.__init__(self, name, record)
        session = WatchSession(
            name,
            record.add,
            tail=tail,
            place=self.place,
            keep=record.take,
            send=self._answer,
        )
        Callbacks.__init__(self, session)
        recent = RecentEvents(tape)
        live = ReplayedLive(
            session, MACHINE, has_marks=recent.has_marks, has_lists=recent.has_lists
        )
        Switchboard.__init__(self, session, live)
        self.waiting = WaitingCallers(
            session, self.unreturned, lambda number: self.numbering.key(number)
        )
        session.watcher.begin(live, recent, _behind(begun))
        self._answers = Answers(live, ReplayedDatabase(Tape([], server), ReplayClock(0)), MACHINE)
        for number, piece in enumerate(tape.pieces):
            for part in tape.parts(number) if piece.last >= since else ():
                record.take(part.shown.filter(pc.field("received") >= since))
        if tape.pieces:
            live.take_from(recent.state())

    def __repr__(self) -> str:
        session = self.session
        state = "closed" if session.closed else session.last_error or "live"
        return f"<Watch {self.name} of {self.place}: {state}>"

    def connect(self) -> WatchedAsterisk:
        """Begin to follow the record."""
        self.session.connect()
        return self

    def _answer(self, action: Mapping[str, Field], pending: Pending, key: str) -> None:
        """Answer a question from the live state, or refuse an order."""
        name = pending.name
        why = f"this PBX is only watched, in the record that another process makes in {self.place}"
        if not is_question(name):
            raise PermissionMissing(
                f"{name} was not sent: {why}. To act on it, connect to it by %ast connect",
                action=name,
                reason="watched",
            )
        try:
            answer = self._answers.to({header: str(value) for header, value in action.items()})
        except NotRecorded as error:
            raise NotRecorded(
                f"{name} was not asked: {why}, and its live state does not tell",
                action=name,
                reason=error.reason,
            ) from None
        give(pending, key, answer, int(MACHINE.time() * 1_000_000))


def watch(
    folder: str | os.PathLike[str],
    *,
    since: Moment = SINCE,
    server: str = "",
    name: str = "ast",
    budget: float = BUDGET,
    tz: str | tzinfo | None = None,
) -> SmartHome:
    """Return a smart home with a PBX that another process records, such as ``ast-notebook record``.

    Its panel, live state, events, items, logics and call log are those of a connection, a second
    ago at most. Nothing can be sent to the PBX, and the folder is only read.

    Parameters
    ----------
    folder : str or path
        The archive, in a folder of this machine.
    since : datetime or str, optional
        Events that are already recorded are read from this moment on; by default, those of one day.
    server : str
        The PBX, if the archive has several.
    name : str
        The name of the attribute of `sh`.
    budget : float
        Bytes of memory that its events may take.
    tz : str or tzinfo, optional
        The zone of `since`, if it names none; by default, this machine's.

    Raises
    ------
    ConfError
        If nothing is recorded there, or it is no folder.

    Examples
    --------
    >>> with ast_notebook.watch("calls") as sh:
    ...     sh.ast.live.channels
    """
    place = ArchivePlace(folder)
    del folder  # a URL may hold a password, and a traceback shows what is in sight
    sh = SmartHome()
    try:
        sh.add(watched(place, since=since, server=server, name=name, budget=budget, tz=tz), name)
    except BaseException:
        sh.close()
        raise
    return sh


def watched(
    folder: str | os.PathLike[str] | ArchivePlace,
    *,
    since: Moment | None = None,
    server: str = "",
    name: str = "ast",
    budget: float = BUDGET,
    tz: str | tzinfo | None = None,
) -> WatchedAsterisk:
    """Return a PBX that another process records; the parameters are those of `watch`."""
    place = ArchivePlace(folder)
    del folder  # a URL may hold a password, and a traceback shows what is in sight
    if place.is_remote:
        raise ConfError(
            f"{place.name} cannot be watched: events get to a URL when their file is sealed. Watch "
            "the folder that the recorder's machine has, or replay the URL"
        )
    files = ArchiveFiles(place, None)
    there = sorted({one.name.server for some in files.files() for one in some})
    if not there:
        raise ConfError(
            f"nothing is recorded in {place.name}: record by ast-notebook record --to {place.name}"
        )
    zone = named_zone(tz) if isinstance(tz, str) else tz
    first = read_moment(SINCE if since is None else since, MACHINE, zone)
    return WatchedAsterisk(files, chosen(there, server), first, name=name, budget=budget)


def _tape_until(files: ArchiveFiles, server: str, since: int, begun: list[pa.RecordBatch]) -> Tape:
    """Return the tape of what is recorded already, up to the last event in the followed file."""
    until = _newest(begun)
    return archive_tape(files.at, since, None if until is None else until + 1, server)


def _newest(blocks: list[pa.RecordBatch]) -> int | None:
    """Return when the newest event was received, without marks; None if there is none."""
    events = [block.filter(~_is_mark(block)) for block in blocks]
    return max((int(one["received"].to_numpy().max()) for one in events if len(one)), default=None)


def _is_mark(block: pa.RecordBatch) -> Moments:
    names = block["event"].cast(pa.string())
    found: Moments = pc.is_in(names, pa.array(STATE_ROWS)).to_numpy(zero_copy_only=False)
    return found


def _behind(begun: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Return the rows of the followed file that stand behind the tape's end: marks."""
    until = _newest(begun)
    if until is None:
        return begun
    return [block.filter(pc.field("received") > until) for block in begun]
