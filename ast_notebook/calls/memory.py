"""Where events are reckoned: in memory if there is room for them, else on DuckDB and its disk."""

from __future__ import annotations

import glob
import os
import platform
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError

if TYPE_CHECKING:
    import duckdb

#: What an event of an archive takes at most while calls are made in memory, in bytes: half of it
#: are the columns that calls are made of, the rest is room to work in (``tests.bench.calls``).
AN_EVENT = 250
#: What DuckDB may take, in bytes; what it needs beyond goes to the disk.
AT_MOST = 1_000_000_000

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_TAKEN = Path("/sys/fs/cgroup/memory.current")


def available() -> int:
    """Return how many bytes of memory may still be taken without others having to give way.

    That is what the system calls available or, in a container with a limit, what is left of it.
    """
    free = int(psutil.virtual_memory().available)
    try:
        return max(0, min(free, int(_LIMIT.read_text()) - int(_TAKEN.read_text())))
    except (OSError, ValueError):  # no container, or one that has "max"
        return free


def fits(events: int) -> bool:
    """Tell whether calls of so many events can be made in half of the memory that is there."""
    return events * AN_EVENT <= available() // 2


def connect() -> duckdb.DuckDBPyConnection:
    """Open a DuckDB in memory that goes to the disk for all that is too much.

    Its files are in the folder for temporary ones, and go when the last relation on it goes; those
    of a process that was killed go when the next one opens a DuckDB.

    Raises
    ------
    ConfError
        If DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise ConfError(
            "these are more events than fit in memory: pip install duckdb, or take fewer of them"
        ) from None
    return duckdb.connect(
        config={
            "memory_limit": f"{min(AT_MOST, available() // 2)}B",
            "temp_directory": str(_room()),
            "preserve_insertion_order": False,
        }
    )


def _room() -> Path:
    """Choose a folder for what is too much, and remove those of processes that are no more."""
    place = Path(tempfile.gettempdir())
    # Of another machine or container, which may have the same folder, nobody can tell.
    own = f"ast-calls-{platform.node()}-"
    for folder in place.glob(f"{glob.escape(own)}*"):
        number = folder.name.removeprefix(own).partition("-")[0]
        if is_count(number) and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
    return place / f"{own}{os.getpid()}-{uuid.uuid4().hex}"
