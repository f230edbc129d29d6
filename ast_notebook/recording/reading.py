"""Reads an archive: as a frame like the record's own, or lazily if it is larger than memory."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from ast_notebook.counted import counted
from ast_notebook.moments import Moment
from ast_notebook.recording.archive_files import ArchiveFile
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.columns import frame
from ast_notebook.recording.duplicates import Rows, heard_by_several
from ast_notebook.recording.layout import Name, narrowed
from ast_notebook.recording.reading_blocks import (
    WORDS,
    blocks_of,
    columns_of,
    rows_of,
    with_folders,
)
from ast_notebook.recording.selection import (
    ALL,
    Selection,
    by_server,
    dataset,
    parts_of,
    select,
)
from ast_notebook.warned import warn


def read(
    place: str | os.PathLike[str] | ArchivePlace,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read an archive's events as one frame, also while it is being written.

    Parameters
    ----------
    place : str or path
        The folder or URL that `Record.to` was given.
    since, until : datetime or str, optional
        Only events that were received at `since` or later, and before the end of `until`. A moment
        that names no zone is in local time; `until` includes the whole of a day or a month.
    servers : collection of str, optional
        Only these PBXs.
    columns : sequence of str, optional
        Only these columns, in this order; a header that no event has becomes a column of missing
        values.
    where : pyarrow.compute.Expression, optional
        Only the events for which this is true. It may use ``event``, and those of the given
        `columns` that `scan` has.
    open_folder : str or path, optional
        The same as for `Record.to`.
    options : dict, optional
        Options for fsspec besides the URL.

    Returns
    -------
    pandas.DataFrame
        A frame like `Record.frame`, in order of arrival. An event that two recorders of one PBX
        have recorded is in it once, from the recorder with more events on that day. Where a
        recorder was killed or a file is damaged, there is a row with the event ``RecordingLost``.
        ``attrs["archive"]`` is a dictionary: ``files`` is the number of files; ``torn`` and
        ``damaged`` have for each affected file the number of bytes that are missing at its end, or
        damaged; ``foreign`` has the reason for each file that was ignored; and ``vanished`` lists
        the files that were removed meanwhile.

    Raises
    ------
    ConfError
        If there is no such folder, or a file is of a later version.

    Warns
    -----
    UserWarning
        If a file was ignored or is damaged, or if duplicates of two recorders have no time of
        Asterisk's, so that they cannot be recognised with certainty.

    Notes
    -----
    With only the columns from which calls are made, a million events take 220 MB, and 600 MB while
    they are read. For calls, use ``%ast history FOLDER``, which reads only what calls need.
    """
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    chosen = select(at, since, until, servers, open_folder)
    columns = [columns] if isinstance(columns, str) else columns
    wanted = None if columns is None else list(dict.fromkeys(columns))
    blocks: list[pa.RecordBatch] = []
    rows: list[tuple[str, int]] = []
    counts: list[int] = []  # how many rows each recorder has
    repeated = duplicates(chosen, None)
    names = sorted(chosen.names, key=by_server)
    for (server, _), own in groupby(names, lambda name: (name.server, name.recorder)):
        counts.append(0)
        for block in at.each(blocks_of(chosen, list(own), repeated, wanted, where)):
            blocks.append(narrowed(block))
            rows.append((server, len(block)))
            counts[-1] += len(block)
    result = frame(blocks, "")
    result["server"] = _servers(rows, list(dict.fromkeys(name.server for name in names)) or [""])
    if len(counts) > 1:
        received = result["received"].to_numpy("datetime64[us]").astype(np.int64)
        order = np.argsort(_arrivals(received, counts), kind="stable")
        result = result.iloc[order].reset_index(drop=True)
    if wanted is not None:
        for name in set(wanted).difference(result.columns):
            result[name] = pd.array([None] * len(result), dtype="str")
        result = result[wanted].copy()
    result.attrs["archive"] = {
        "files": len(chosen.sealed) + len(chosen.still_open) - len(chosen.vanished),
        "torn": chosen.torn,
        "damaged": chosen.damaged,
        "foreign": chosen.foreign,
        "vanished": chosen.vanished,
    }
    return result


def table(
    place: str | os.PathLike[str] | ArchivePlace,
    columns: Sequence[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    where: pc.Expression | None = None,
    notes: list[str] | None = None,
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> pa.Table:
    """Read some columns of an archive into as little memory as possible.

    The other parameters and the errors are those of `read`.

    Parameters
    ----------
    notes : list of str, optional
        Notes on the archive are added to this list; without it, warnings are given.

    Returns
    -------
    pyarrow.Table
        ``received`` and ``time`` in microseconds since 1970 UTC, and other columns as texts in
        dictionaries; the rows are in the order of the files.
    """
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    chosen = select(at, since, until, servers, open_folder, notes=notes)
    wanted = list(dict.fromkeys(columns))
    schema = pa.schema(
        (name, pa.int64() if name in ("received", "time") else WORDS) for name in wanted
    )
    repeated = duplicates(chosen, notes)
    parts = [
        pa.Table.from_arrays(arrays, schema=schema)
        for name in sorted(chosen.names, key=by_server)
        for arrays in at.each(columns_of(chosen, name, repeated, wanted, where))
    ]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def scan(
    place: str | os.PathLike[str] | ArchivePlace,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    servers: Collection[str] | str = (),
    check: bool | None = None,
    notes: list[str] | None = None,
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> ds.Dataset:
    """Return an archive as a `pyarrow.dataset.Dataset`, for archives larger than memory.

    DuckDB (``from_arrow``), Polars (``scan_pyarrow_dataset``) and `calls` accept it. The other
    parameters and the errors are those of `table`.

    Parameters
    ----------
    check : bool, optional
        Whether all files are checked, so that damaged parts are left out. By default, files of a
        folder are checked. Files of a URL are not, since checking would fetch them; there, reading
        a damaged file raises an error. Each file is checked once, with some million events per
        second.

    Returns
    -------
    pyarrow.dataset.Dataset
        It has the columns of the files: ``received`` and ``time``; ``received_us`` and ``time_us``,
        which are these two in microseconds since 1970 UTC; ``recorder``, ``event``, the frequent
        headers, ``extra`` with all others, ``server`` and ``day``. Events of open files, and of
        files with duplicates, are held in memory.
    """
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    chosen = select(at, since, until, servers, open_folder, notes=notes, check=check)
    repeated = duplicates(chosen, notes)
    return at.ask(lambda: whole(chosen, repeated))


def verify(
    place: str | os.PathLike[str] | ArchivePlace,
    *,
    servers: Collection[str] | str = (),
    open_folder: str | os.PathLike[str] | None = None,
    options: dict[str, Any] | None = None,
) -> list[str]:
    """Check an archive by the checksums in its files.

    Parameters and errors are those of `read`.

    Returns
    -------
    list of str
        The errors, with the names of the files; empty if there are none.
    """
    notes: list[str] = []
    at = ArchivePlace(place, options)
    del place, options  # a URL may hold a password, and a traceback shows what is in sight
    select(at, None, None, servers, open_folder, notes=notes)
    return notes


def whole(chosen: Selection, repeated: dict[Name, Rows]) -> ds.Dataset:
    """Return the chosen events of an archive, without damaged parts and duplicates."""
    parts = [ds.dataset(in_memory(chosen, repeated))]
    files = sound(chosen, repeated)
    if files:
        parts.append(dataset(chosen.archive_files, files))
    damaged = intact_parts(chosen, repeated)
    found = ds.dataset(parts + damaged)
    conditions = [chosen.within()]
    if damaged:
        # Without a condition, Arrow counts the rows of whole files, even if rows are left out.
        conditions.append(pc.field("received_us").is_valid())
    for condition in conditions:
        if condition is not None:
            found = found.filter(condition)
    return found


def sound(chosen: Selection, repeated: dict[Name, Rows]) -> list[ArchiveFile]:
    """Return the sealed files from which no rows are left out."""
    return [
        file
        for file in chosen.sealed
        if file.name not in repeated and file.path not in chosen.faults
    ]


def intact_parts(chosen: Selection, repeated: dict[Name, Rows]) -> list[ds.Dataset]:
    """Return the readable parts of damaged files without duplicates."""
    return [
        parts_of(chosen.archive_files, file, chosen.faults[file.path])
        for file in chosen.sealed
        if file.name not in repeated and file.path in chosen.faults
    ]


def in_memory(chosen: Selection, repeated: dict[Name, Rows]) -> pa.Table:
    """Return the events of open files and of files with duplicates, and the rows about losses."""
    held = [
        block
        for name in sorted({name for name, _ in chosen.still_open} | set(repeated), key=by_server)
        for block in rows_of(chosen, name, repeated)
    ]
    held += [
        with_folders(row, name)
        for name, rows in chosen.losses.items()
        if name not in repeated
        for _, row in rows
        if len(row)
    ]
    return pa.Table.from_batches(held, ALL)


def duplicates(chosen: Selection, notes: list[str] | None) -> dict[Name, Rows]:
    """Return the duplicate rows of all files, and warn of those that are not certain."""
    repeated: dict[Name, Rows] = {}
    by_arrival = 0
    found_out: list[str] = []
    for server, names in groupby(sorted(chosen.names, key=by_server), lambda name: name.server):
        found = chosen.archive_files.at.ask(partial(heard_by_several, chosen, list(names)))
        repeated |= found.rows
        by_arrival += found.by_arrival
        if found.mixed:
            found_out.append(
                f"{server} was recorded {found.mixed} at one time, and what both recorders heard "
                "counts twice: keep such recordings in folders of their own"
            )
    if by_arrival:
        found_out.append(
            f"{counted(by_arrival, 'event', 'events')} without Asterisk's Timestamp count as those "
            "that another recorder has, by what they say and when they arrived: with "
            "timestampevents = yes in manager.conf nearly all are known for sure"
        )
    for note in found_out:
        if notes is None:
            warn(note)
        else:
            notes.append(note)
    return repeated


def _arrivals(received: npt.NDArray[np.int64], counts: list[int]) -> npt.NDArray[np.int64]:
    """Return moments by which rows of several recorders are put in order of arrival.

    Each recorder's rows stay in their own order: if its clock was set back, later rows count as
    received no earlier than the rows before them.
    """
    ends = np.cumsum(counts)
    return np.concatenate([np.maximum.accumulate(own) for own in np.split(received, ends[:-1])])


def _servers(rows: list[tuple[str, int]], servers: list[str]) -> pd.Categorical[Any]:
    code = {server: number for number, server in enumerate(servers)}
    codes = np.repeat([code[server] for server, _ in rows], [count for _, count in rows])
    return pd.Categorical.from_codes(
        codes.astype(np.int8 if len(servers) < 128 else np.int32),
        dtype=pd.CategoricalDtype(pd.Index(servers, dtype="str")),
    )
