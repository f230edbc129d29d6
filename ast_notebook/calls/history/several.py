"""Reads several sources as one history: the files of one kind as one log, or a whole folder."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from ast_notebook.calls.history.clock import Clock
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.joined import joined
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.order import begun
from ast_notebook.calls.history.reading import (
    HistoryOptions,
    of_files,
    parser_of,
    separator_of,
)
from ast_notebook.calls.history.records import RecordParser, records
from ast_notebook.calls.history.result import History
from ast_notebook.errors import ConfError
from ast_notebook.show import plain

#: The folders with logs of calls in the folder in which Asterisk writes its logs.
_INNER = ("cdr-csv", "cdr-custom", "cel-custom", "queue_log.d")
_LOOKED = 100  # records at the beginning of a file that tell its age
_MOST = 1000  # files of a folder that are read
#: The type of a function that reads one source which is no text file of records.
ReadOne = Callable[[Path], History]


def of_places(
    files: Iterable[Path],
    others: Iterable[History],
    wanted: HistoryOptions,
    read: ReadOne,
) -> History:
    """Read files, and join them with other sources, which were read before.

    Raises
    ------
    ConfError
        If one of them cannot be read.
    """
    return joined([*others, *_chained(files, wanted, read, None)])


def of_folder(folder: Path, wanted: HistoryOptions, read: ReadOne) -> History:
    """Read all logs of calls in a folder; ``unread`` lists the files that cannot be read.

    Raises
    ------
    ConfError
        If nothing in it can be read.
    """
    unread: dict[str, str] = {}
    found = list(_chained(_files(folder, unread), wanted, read, unread))
    if not found:
        first = "; ".join(f"{name}: {why}" for name, why in list(unread.items())[:3])
        raise ConfError(
            f"no file in {folder} can be read as a log of calls{': ' if first else ''}{first}"
        )
    made = copy.copy(joined(found))
    made.origin, made.parts = str(folder), tuple(found)
    # Names of files may have letters that no text of a frame can have.
    rows = {"file": map(plain, unread), "reason": map(plain, unread.values())}
    made.unread = pd.DataFrame({name: list(texts) for name, texts in rows.items()}, dtype="str")
    return made


def _files(folder: Path, unread: dict[str, str]) -> Iterator[Path]:
    """Yield the files of a folder, and of those of its folders that Asterisk uses for logs."""
    count = 0
    for place in (folder, *(folder / name for name in _INNER)):
        try:
            entries = sorted(os.scandir(place), key=lambda one: one.name) if place.is_dir() else []
        except OSError as error:
            unread[str(place)] = f"it cannot be read: {error.strerror}"
            continue
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_file():
                continue
            count += 1
            if count > _MOST:
                unread[entry.path] = f"only {_MOST} files of a folder are read"
                return
            yield Path(entry.path)


def _chained(
    files: Iterable[Path], wanted: HistoryOptions, read: ReadOne, unread: dict[str, str] | None
) -> Iterator[History]:
    """Yield a history for the files of each kind.

    An error is raised, or noted in `unread` if that is not None.
    """
    chains: dict[tuple[str, str], dict[Path, RecordParser]] = {}
    for path in files:
        try:
            parser = None if is_sqlite(path) else parser_of(path, wanted)
            if parser is None:
                yield read(path)
            else:
                chains.setdefault((parser.kind, separator_of(parser)), {})[path] = parser
        except ConfError as error:
            _note([path], error, unread)
    for chain in chains.values():
        try:
            yield of_files(_by_age(chain, wanted), wanted)
        except ConfError as error:
            _note(chain, error, unread)


def _by_age(chain: dict[Path, RecordParser], wanted: HistoryOptions) -> dict[Path, RecordParser]:
    """Return the files of one log with new parsers; the file with the oldest records is first."""
    if len(chain) == 1:
        return chain
    ages = {}
    for path, parser in chain.items():
        head = islice(records(lines(path, Bad()), parser), _LOOKED)
        ages[path] = begun(head, parser.kind, Clock(wanted.tz, wanted.dates))
    ordered = sorted(chain, key=lambda path: ages[path])
    return {path: fresh for path in ordered if (fresh := parser_of(path, wanted)) is not None}


def _note(paths: Iterable[Path], error: ConfError, unread: dict[str, str] | None) -> None:
    if unread is None:
        raise error from None
    for path in paths:
        unread[str(path)] = str(error).removeprefix(f"{path} ")


def is_sqlite(path: Path) -> bool:
    """Tell whether a file is an SQLite database.

    Raises
    ------
    ConfError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None
