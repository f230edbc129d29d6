"""A lock on a file, which is released when its process ends, even if it is killed."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _PLACE = 1 << 40  # after all data, since Windows denies reading locked bytes

    def _lock(handle: int) -> None:
        place = os.lseek(handle, 0, os.SEEK_CUR)
        os.lseek(handle, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(handle, place, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold(handle: int) -> bool:
    """Lock an open file until it is closed, and tell whether that was possible; this never waits.

    The result is False if the file is locked already. It is also False on a file system without
    locks, so that no recorder there counts as dead.
    """
    try:
        _lock(handle)
    except OSError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock; True if the file system has no locks.

    Raises
    ------
    OSError
        If the file is gone, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        handle = os.open(path, os.O_RDONLY)
    try:
        return not hold(handle)
    finally:
        os.close(handle)
