"""`Asterisk`, the class of `sh.ast`: the sum of the parts in this folder."""

from __future__ import annotations

import contextlib
import os

from ast_notebook.ami import Session, Settings
from ast_notebook.ami.timeouts import wait_for
from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.asterisk.callbacks import Callbacks
from ast_notebook.asterisk.mailboxes import Mailboxes
from ast_notebook.asterisk.present import Present
from ast_notebook.asterisk.queues import Queues
from ast_notebook.asterisk.site import Site
from ast_notebook.asterisk.switchboard import Switchboard
from ast_notebook.asterisk.waiting import WaitingCallers
from ast_notebook.callbacks.worker import stop_all, tell_of_endless
from ast_notebook.errors import ConfError
from ast_notebook.live import Live
from ast_notebook.recording import Archive, Record
from ast_notebook.recording.record import BUDGET
from ast_notebook.warned import warn

ENDING = 0.2  # seconds that callbacks have to end, after everything else is closed


class Asterisk(Site, Mailboxes, Present, Switchboard, Queues, Callbacks):
    """One Asterisk: its state, its events, and the actions on it.

    Parameters
    ----------
    settings : Settings
        Its address and the login.
    name : str
        Its name: the attribute of `sh`, and the ``server`` of its events.
    budget : int
        The bytes of memory that its events may take.

    Attributes
    ----------
    session : Session
        The session with its manager interface.
    live : Live
        The present state of channels, devices, queues and more.
    record : Record
        The events that were received.
    waiting : WaitingCallers
        It counts the callers who wait for a call, for items with ``ast_missed``.
    """

    def __init__(self, settings: Settings, *, name: str = "ast", budget: float = BUDGET) -> None:
        self._process = os.getpid()
        CallLog.__init__(self, name, Record(name, budget))
        session = Session(settings, name=name, recorder=self.record.add)
        Callbacks.__init__(self, session)
        Switchboard.__init__(self, session, Live(session, archive=self._noted_in))
        self.waiting = WaitingCallers(
            session, self.unreturned, lambda number: self.numbering.key(number)
        )

    def __repr__(self) -> str:
        session = getattr(self, "session", None)
        if session is None:  # repr must work while `__init__` fails
            return f"<Asterisk {self.name}>"
        state = "connected" if session.connected() else "closed" if session.closed else "lost"
        return f"<Asterisk {self.name} at {session.settings.address}: {state}>"

    def connect(self) -> Asterisk:
        """Connect, log in and ask for the live state; see `Session.connect` for the errors."""
        self.session.connect()
        wait_for(self.live.primed, self.session.settings.timeout)
        return self

    def go_on_recording(self, former: Asterisk) -> None:
        """Keep events on disk, in the archive of a former connection with this PBX.

        The events that this connection has received so far are kept there, too, unless the former
        connection has received all of them itself.

        Warns
        -----
        UserWarning
            If events are not kept any more, because the former connection was with another PBX, or
            because nothing can be kept there.
        """
        archive = former.record.archive
        if archive is None or archive.is_closed:
            return
        failed = f"it was recorded to {archive.place} until now, and this is another PBX"
        if former.session.settings.address == self.session.settings.address:
            files = archive.archive_files
            try:
                self.record.to(
                    files.at,
                    archive.retention_days,
                    open_folder=files.open_folder,
                    anonymizer=archive.anonymizer,
                    whole=not former.hears_since(self._made),
                )
            except ConfError as error:
                failed = str(error)
            else:
                return
        warn(f"{self.name}: {failed}; to record, run %ast record to FOLDER")

    def _noted_in(self) -> Archive | None:
        """Return the archive for notes that are no events; None for an archive with pseudonyms."""
        archive = self.record.archive
        is_open = archive is not None and not archive.is_closed and archive.anonymizer is None
        return archive if is_open else None

    def hears_since(self, moment: float) -> bool:
        """Tell whether the connection has lasted since a moment, in seconds since 1970."""
        since = self.session.connected_since
        return since is not None and since <= moment

    def close(self) -> None:
        """Log off and end every thread; the events stay readable.

        In a process that was forked from its own, this does nothing.
        """
        if os.getpid() != self._process:
            return
        workers = list(self.callbacks.values())
        with contextlib.ExitStack() as last:  # an error of one leaves no other one open
            last.callback(tell_of_endless, workers)
            last.callback(stop_all, workers, ENDING)
            last.callback(self.record.close)
            for key in list(self.callbacks):
                last.callback(self.off, key)
            last.callback(self.session.close)
            self.waiting.close()
