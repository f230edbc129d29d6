"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _PLACE = 1 << 40  # behind all that is ever written: Windows denies reading what is locked

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
    """Lock an open file for as long as it is open, if nobody else holds it; never wait.

    False also where the file system knows no locks: then nobody is ever proved dead.
    """
    try:
        _lock(handle)
    except OSError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the file; True where the file system knows no locks.

    Raises
    ------
    OSError
        If the file is gone, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except PermissionError:
        handle = os.open(path, os.O_RDONLY)
    try:
        return not hold(handle)
    finally:
        os.close(handle)
