"""Keeps the present problems of an archive, and gives advice on errors of disks and stores."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable

from ast_notebook.recording.archive_place import ArchivePlace

logger = logging.getLogger(__name__)

_ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there, or raise the quota",
    errno.ENOENT: "put the folder back, or record elsewhere by %ast record to FOLDER",
    errno.ENOTDIR: "put the folder back, or record elsewhere by %ast record to FOLDER",
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user write there",
    errno.EROFS: "make it writable, or record elsewhere by %ast record to FOLDER",
}


def advice(error: Exception, place: ArchivePlace) -> str:
    """Return an error's own words, and what to do about it if that is known."""
    known = _ADVICE.get(error.errno or 0) if isinstance(error, OSError) else None
    words = place.plain(error) or type(error).__name__
    return f"{words}: {known}" if known else words


def is_of_the_system(error: Exception) -> bool:
    """Tell whether an error comes from the system, and not from Arrow because of damaged bytes.

    Arrow raises an OSError for damage, too, but only the system's own errors have a number.
    """
    return getattr(error, "errno", None) is not None


def said(error: Exception) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:100]


class Stopped(Exception):
    """There was no time to finish, and everything is as it was."""


class Troubles:
    """The present problems of an archive; each kind is logged when it begins.

    Parameters
    ----------
    place : ArchivePlace
        Where the archive is.
    """

    def __init__(self, place: ArchivePlace) -> None:
        self._place = place
        self._present: dict[str, str] = {}

    def __str__(self) -> str:
        return "; ".join(self._present.values())

    def begin(self, kind: str, what: str, error: Exception, then: str = "") -> None:
        """Note that something is not done because of an error, unless its kind is noted already."""
        if kind not in self._present:
            since = time.strftime("%H:%M:%S")
            text = f"{what} since {since}: {advice(error, self._place)}{then}"
            logger.warning("the archive %s: %s", self._place.name, text)
            self._present[kind] = text

    def end(self, kind: str) -> None:
        """Note that a kind of problem is over, if it was present."""
        self._present.pop(kind, None)

    def attempt(self, kind: str, work: Callable[[], object]) -> bool:
        """Do some work, and tell whether it was done."""
        try:
            work()
        except Stopped:
            return False
        except Exception as error:  # any store has errors of its own
            self.begin(kind, f"{kind} not done", error)
            return False
        self.end(kind)
        return True
