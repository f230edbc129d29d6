"""Files and folders that only their owner may read: they tell who called whom, and when."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def create(path: Path, flags: int) -> int:
    """Open a new file; `flags` are those of `os.open`. Its folder has to be there."""
    return os.open(path, flags | os.O_CREAT, _shared(path.parent, 0o600, 0o640))


def folder(path: Path) -> None:
    """Make a folder and those above it, as far as they are missing.

    In a folder with the setgid bit, which is how a group shares one, the group may read.
    """
    for missing in reversed([path, *path.parents]):
        if not missing.is_dir():
            missing.mkdir(_shared(missing.parent, 0o700, 0o750), exist_ok=True)


def _shared(parent: Path, alone: int, together: int) -> int:
    return together if parent.stat().st_mode & stat.S_ISGID else alone
