"""Chooses where events are processed: in memory if there is room, or on DuckDB with its disk."""

from __future__ import annotations

import atexit
import glob
import os
import platform
import shutil
import tempfile
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError

if TYPE_CHECKING:
    import duckdb

#: Bytes that an event of an archive takes at most while calls are made in memory: half of it is for
#: the needed columns, the rest for intermediate results (``tests.bench.calls``).
AN_EVENT = 250
#: Bytes of memory that DuckDB may take at first; it uses the disk for more.
AT_MOST = 1_000_000_000

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_TAKEN = Path("/sys/fs/cgroup/memory.current")
#: The bytes that each DuckDB of ours may take, by its folder on the disk.
_limits: dict[str, int] = {}
Result = TypeVar("Result")


def available() -> int:
    """Return how many bytes of memory are available.

    This is the available memory of the system or, in a container, the rest of its limit.
    """
    free = int(psutil.virtual_memory().available)
    try:
        return max(0, min(free, int(_LIMIT.read_text()) - int(_TAKEN.read_text())))
    except (OSError, ValueError):  # no container, or one that has "max"
        return free


def fits(events: int) -> bool:
    """Tell whether calls of so many events can be made in half of the available memory."""
    return events * AN_EVENT <= available() // 2


def connect() -> duckdb.DuckDBPyConnection:
    """Open a DuckDB in memory that uses the disk if memory is short.

    Its files are in a folder of this process below the temporary one, which only its owner may
    open. They are removed with the last relation on it, and the folder with the process; those of
    a killed process are removed when another one opens a DuckDB.

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
    folder, limit = str(_room()), min(AT_MOST, available() // 2)
    _limits[folder] = limit
    return duckdb.connect(
        config={
            "memory_limit": f"{limit}B",
            "temp_directory": folder,
            "preserve_insertion_order": False,
        }
    )


def with_room(step: Callable[[], Result], relation: duckdb.DuckDBPyRelation) -> Result:
    """Run a step on DuckDB, and run it again with more memory if it had too little.

    DuckDB keeps the texts that it aggregates in memory, however much disk there is. A DuckDB that
    `connect` has opened may take twice as much each time, as long as half of the available memory
    suffices; the limit of other connections is their owner's.

    Parameters
    ----------
    step : callable
        It can be called again if it raises an error.
    relation : DuckDBPyRelation
        A relation on the connection of the step.

    Raises
    ------
    ConfError
        If there is no more memory for a DuckDB of `connect`.
    """
    import duckdb

    while True:
        try:
            return step()
        except duckdb.OutOfMemoryException:
            view = f"calls_{uuid.uuid4().hex}"
            asked: Any = relation.query(view, "SELECT current_setting('temp_directory')")
            folder = str(asked.fetchall()[0][0])
            if folder not in _limits:
                raise
            limit = min(2 * _limits[folder], _limits[folder] + available() // 2)
            if limit < 1.1 * _limits[folder]:
                raise ConfError(
                    "these events need more memory than there is: take fewer of them, such as "
                    "those of a day"
                ) from None
            _limits[folder] = limit
            relation.query(view, f"SET memory_limit = '{limit}B'")


def _room() -> Path:
    """Choose a folder for DuckDB's files, and remove those of processes that have ended."""
    place = Path(tempfile.gettempdir())
    # Processes of another machine or container, which may share the folder, cannot be checked.
    own = f"ast-calls-{platform.node()}-"
    for folder in place.glob(f"{glob.escape(own)}*"):
        number = folder.name.removeprefix(own).partition("-")[0]
        if is_count(number) and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
    private = _private(f"{own}{os.getpid()}-", str(place))
    if not private.is_dir():  # somebody cleared the temporary folder
        _private.cache_clear()
        private = _private(f"{own}{os.getpid()}-", str(place))
    # DuckDB removes a folder that it has made, but lets everybody read it.
    return private / uuid.uuid4().hex


@cache
def _private(prefix: str, place: str) -> Path:
    """Make a folder that only its owner may open, until this process ends."""
    folder = tempfile.mkdtemp(prefix=prefix, dir=place)
    process = os.getpid()

    def remove() -> None:
        if os.getpid() == process:  # and not a process that was forked from it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)
