"""What a disk that refuses says, and what to do about it."""

from __future__ import annotations

import errno

_ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there, or raise the quota",
    errno.ENOENT: "put the folder back, or record elsewhere by %ast record to FOLDER",
    errno.ENOTDIR: "put the folder back, or record elsewhere by %ast record to FOLDER",
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user write there",
    errno.EROFS: "make it writable, or record elsewhere by %ast record to FOLDER",
}


def advice(error: Exception) -> str:
    """Return the error's own words, and what to do where that is known."""
    known = _ADVICE.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{error}: {known}" if known else str(error)
