"""One PBX that is recorded without a notebook: it is connected, however long that takes."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.ami import Settings
from ast_notebook.ami.pauses import Pauses
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import ConfError, ConnectionLost, LoginRefused
from ast_notebook.home import SmartHome
from ast_notebook.recording import Archive

SEALING = 60.0  # seconds that sealing may take at the end
# Errors of a disk that may be over later, unlike a missing permission.
_PASSING = {
    getattr(errno, name, None)
    for name in ("ENOSPC", "EDQUOT", "EIO", "ESTALE", "ETIMEDOUT", "EHOSTDOWN", "ENOTCONN")
} - {None}


class RecordedPbx:
    """A PBX that is recorded to a folder.

    A thread makes the first connection, and tries again while nothing answers. From then on, the
    session makes a lost connection again.

    Parameters
    ----------
    name : str
        The PBX's name, which is a folder of the archive.
    settings : Settings
        Where it is and who logs in.
    site : mapping
        What plugin.conf tells of its site.
    budget : float
        Bytes of memory that its events may take.
    keep : callable
        It begins the archive of a PBX.

    Attributes
    ----------
    failure : Exception or None
        Why it cannot be recorded, if trying again would not help.
    tried : threading.Event
        Set once the first try to connect is over.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        site: Mapping[str, Any],
        budget: float,
        keep: Callable[[Asterisk], Archive],
    ) -> None:
        self.name = name
        self.settings = settings
        self.failure: Exception | None = None
        self.tried = threading.Event()
        self._site = site
        self._budget = budget
        self._keep = keep
        self._sh = SmartHome()
        self._pbx: Asterisk | None = None
        self._archive: Archive | None = None
        self._last_error = ""
        self._closing = threading.Event()
        self._pauses = Pauses()
        self._beginner = threading.Thread(target=self._begin, name=f"ast-first-{name}", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._beginner.start()

    def _begin(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    pbx = self._sh.connect(self.settings, name=self.name, budget=self._budget)
                except (ConnectionLost, LoginRefused) as error:
                    if isinstance(error, LoginRefused) and not error.is_in_use:
                        raise
                    self._last_error = str(error)
                    self.tried.set()
                    self._pauses.wait(self._pauses.failed(error))
                else:
                    pbx.tell(**self._site)
                    self._archive = self._kept(pbx)
                    self._pbx = pbx
                    return
        except Exception as error:
            self.failure = error
        finally:
            self.tried.set()

    def _kept(self, pbx: Asterisk) -> Archive:
        """Begin the archive; while its disk has no room or does not answer, try again."""
        while True:
            try:
                return self._keep(pbx)
            except ConfError as error:
                if not _may_pass(error) or self._closing.is_set():
                    raise
                self._last_error = str(error)
                self.tried.set()
                self._pauses.wait(self._pauses.failed(error))

    @property
    def is_alive(self) -> bool:
        """Whether its threads run: those that write events, or that of the first connection."""
        if self._beginner.is_alive():
            return True
        pbx, archive = self._pbx, self._archive
        if pbx is None or archive is None:
            return False
        threads = (pbx.session.message_thread, pbx.session.event_dispatch_thread)
        return all(thread.is_alive() for thread in threads) and not archive.is_closed

    def status(self) -> dict[str, Any]:
        """Return its status, as `plain_line` reads it; a value that is not known yet is None."""
        pbx, archive = self._pbx, self._archive
        state, error = "failed" if self.failure else "connecting", self.failure or self._last_error
        if pbx is not None and archive is not None:
            state = "connected" if pbx.session.connected() else "lost"
            state = "closed" if pbx.session.closed else state
            why = pbx.session.last_error if state == "lost" else ""
            error = "; ".join(filter(None, (why, archive.error)))
        return {
            "pbx": self.name,
            "state": state,
            "events": None if pbx is None else pbx.session.events_read,
            "written": None if archive is None else archive.written,
            "waiting": None if archive is None else archive.waiting,
            "lost": None if archive is None else archive.lost,
            "error": " ".join(str(error).split()),
        }

    def close(self) -> bool:
        """End the connection, write what is left, and seal the files.

        Returns
        -------
        bool
            Whether all that was left is written, and sealed unless `hurry` was called.
        """
        self._closing.set()
        self._pauses.end()
        pbxs = list(self._sh.pbxs.values())
        for pbx in pbxs:
            pbx.session.close()
        self._beginner.join(self.settings.timeout)  # it may just begin the archive
        archive = self._archive
        if archive is not None:
            lost = archive.lost
            archive.close(SEALING)
            is_whole = archive.lost + archive.waiting == lost and not archive.error
        else:
            is_whole = not any(len(pbx.record) + pbx.record.dropped for pbx in pbxs)
        self._sh.close()
        return is_whole

    def hurry(self) -> None:
        """Do not seal the remaining files; the next recorder of the folder seals them."""
        if self._archive is not None:
            self._archive.leave_open()


def _may_pass(error: ConfError) -> bool:
    """Tell whether an archive could not be begun because of an error that may be over later."""
    cause = error.__context__
    return isinstance(cause, OSError) and cause.errno in _PASSING
