"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _PLACE = 1 << 40  # behind all data: Windows denies reading locked bytes

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
    """Lock an open file until it is closed, and return whether that was done; this never waits.

    The result is False if the file is locked already, and also if the file system has no locks;
    then no recorder counts as dead.
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
