"""Makes files and folders that only their owner may read, since they tell who called whom."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def create(path: Path, flags: int) -> int:
    """Open a new file; `flags` are those of `os.open`. Its folder has to be there."""
    return os.open(path, flags | os.O_CREAT, _shared(path.parent, 0o600, 0o640))


def folder(path: Path) -> None:
    """Make a folder and the missing folders above it.

    In a folder with the setgid bit, by which a group shares it, the group may read.
    """
    for missing in reversed([path, *path.parents]):
        if not missing.is_dir():
            missing.mkdir(_shared(missing.parent, 0o700, 0o750), exist_ok=True)


def are_alike(one: Path, other: Path) -> bool:
    """Tell whether new files in two folders can be read by the same users."""
    first, second = (folder.stat() for folder in (one, other))
    shared = {first.st_mode & stat.S_ISGID, second.st_mode & stat.S_ISGID}
    return shared == {0} or (len(shared) == 1 and first.st_gid == second.st_gid)


def _shared(parent: Path, alone: int, together: int) -> int:
    return together if parent.stat().st_mode & stat.S_ISGID else alone
