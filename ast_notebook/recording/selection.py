"""The files of an archive that a question is about."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ast_notebook.errors import ConfError
from ast_notebook.recording.layout import (
    FOLDERS,
    SCHEMA,
    TEXTS,
    Name,
    check_version,
    day_of,
    is_ours,
)
from ast_notebook.recording.segment import Blocks
from ast_notebook.recording.shelf import Found, Shelf

Moment = datetime | pd.Timestamp | str
ALL = pa.schema([*SCHEMA, *FOLDERS])
CODED = pa.schema(
    [
        pa.field(each.name, pa.dictionary(pa.int32(), pa.string())) if each.name in TEXTS else each
        for each in SCHEMA
    ]
)
_CHECKED = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
FORMAT = ds.ParquetFileFormat(dictionary_columns=TEXTS, default_fragment_scan_options=_CHECKED)
_PLAIN = ds.ParquetFileFormat(default_fragment_scan_options=_CHECKED)
_CALLER = 4  # frames between a warning and whoever asked for the events
_FOOTERS = 8  # footers that are read at once
#: Sealed files that were found in order, by path, size and time of change.
_known: set[tuple[str, int, int | None]] = set()


@dataclass
class Selection:
    """The files of an archive that a question is about, and what they do not tell.

    Attributes
    ----------
    torn, damaged : dict
        Bytes that could not be read, by the path of an open file.
    foreign : dict
        Why a file that is named like a sealed one was passed over, by its path.
    vanished : list of str
        Files that were removed meanwhile.
    """

    shelf: Shelf
    sealed: list[Found]
    still_open: list[tuple[Name, list[pa.RecordBatch]]] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    torn: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    vanished: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[Name]:
        """The names of all of them."""
        return [*(file.name for file in self.sealed), *(name for name, _ in self.still_open)]

    def within(self) -> pc.Expression | None:
        """Return the condition on the receive time; None if there is none."""
        received = pc.field("received_us")
        if self.first is None and self.last is None:
            return None
        if self.last is None:
            return received >= self.first
        if self.first is None:
            return received < self.last
        return (received >= self.first) & (received < self.last)


def select(
    place: str | os.PathLike[str],
    since: Moment | None,
    until: Moment | None,
    servers: Collection[str] | str,
    spool: str | os.PathLike[str] | None,
    options: dict[str, Any] | None,
) -> Selection:
    """Find the files, and read those that are open.

    Raises
    ------
    ConfError
        If there is no such folder, or an open file is of a later version.
    """
    shelf = Shelf(place, spool, options)
    if not shelf.exists:
        raise ConfError(f"there is no folder {shelf.root}, so no archive to read")
    first, last = _microseconds(since), _microseconds(until)
    names = [servers] if isinstance(servers, str) else servers
    sealed, still_open = shelf.files(
        names,
        None if first is None else day_of(first),
        None if last is None else day_of(max(0, last - 1)),
    )
    chosen = Selection(shelf, [], first=first, last=last)
    _take_sealed(chosen, sealed)
    condition = chosen.within()
    for file in still_open:
        _take_open(chosen, file, condition)
    chosen.sealed.sort(key=lambda file: file.name)
    return chosen


def _take_sealed(chosen: Selection, files: list[Found]) -> None:
    """Take the sealed files that are in order, and say which are not."""
    with ThreadPoolExecutor(_FOOTERS) as pool:
        faults = list(pool.map(partial(_fault, chosen.shelf), files))
    for file, fault in zip(files, faults, strict=True):
        if fault is None:
            chosen.sealed.append(file)
        else:
            chosen.foreign[file.path] = fault
    if chosen.foreign:
        named = "; ".join(f"{path} ({why})" for path, why in list(chosen.foreign.items())[:3])
        more = f" and {len(chosen.foreign) - 3} more" if len(chosen.foreign) > 3 else ""
        warnings.warn(f"passed over, take it out of the archive: {named}{more}", stacklevel=_CALLER)


def _fault(shelf: Shelf, file: Found) -> str | None:
    """Tell why a file is no sealed file of an archive, by its footer; None if it is one.

    Raises
    ------
    ConfError
        If it is of a later version.
    OSError
        If the system cannot read it.
    """
    system = shelf.filesystem
    info = system.get_file_info(file.path)
    key = (file.path, info.size or 0, info.mtime_ns)
    if key in _known or info.type == pa.fs.FileType.NotFound:
        return None
    try:
        with system.open_input_file(file.path) as opened:
            footer = pq.read_metadata(opened)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError) as error:
        # Arrow tells of what is no Parquet by an OSError, too; the system's own has a number.
        if getattr(error, "errno", None) is not None:
            raise
        return str(error).splitlines()[0][:100]
    if not is_ours(footer.metadata):
        return "it was not written by ast_notebook"
    check_version(footer.metadata, file.path)
    _known.add(key)
    return None


def _take_open(chosen: Selection, file: Found, condition: pc.Expression | None) -> None:
    """Read an open file, or take its sealed twin, where that has come in between."""
    blocks = Blocks(Path(file.path))
    try:
        some = list(blocks)
        loss = blocks.loss()
    except FileNotFoundError:
        if chosen.shelf.is_sealed(file.name):
            path = f"{chosen.shelf.root}/{file.name.path('.parquet')}"
            chosen.sealed.append(Found(file.name, path))
        else:
            chosen.vanished.append(file.path)
        return
    if blocks.damaged:
        chosen.damaged[file.path] = blocks.damaged
    if loss is not None:
        some.append(loss)
        if blocks.torn:
            chosen.torn[file.path] = blocks.torn
    if condition is not None:
        some = [block.filter(condition) for block in some]
    chosen.still_open.append((file.name, [block for block in some if len(block)]))


def _microseconds(moment: Moment | None) -> int | None:
    if moment is None:
        return None
    return int(pd.Timestamp(moment).to_pydatetime().timestamp() * 1_000_000)


def by_server(name: Name) -> tuple[str, Name]:
    """Return what sorts files by their PBX, and then by age."""
    return name.server, name


def dataset(shelf: Shelf, files: Iterable[Found]) -> ds.Dataset:
    """Return sealed files as a dataset, of which nothing is read yet."""
    return ds.dataset(
        [file.path for file in files],
        schema=ALL,
        format=_PLAIN,
        filesystem=shelf.filesystem,
        partitioning=ds.partitioning(FOLDERS, flavor="hive"),
        partition_base_dir=shelf.root,
    )
