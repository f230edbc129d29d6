"""The files of an archive that a question is about."""

from __future__ import annotations

import os
import stat
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
_GONE = "it was removed meanwhile"
_NOWHERE = "a link that leads nowhere"
_NO_FILE = "it is no file"
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
        Why what is named like a file of an archive was passed over, by its path.
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
        If there is no such folder, a file is of a later version, or none can be read of those
        that are there.
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
    chosen.foreign |= dict.fromkeys(shelf.dead_links(names), _NOWHERE)
    _take_sealed(chosen, sealed)
    condition = chosen.within()
    for file in still_open:
        _take_open(chosen, file, condition)
    chosen.sealed.sort(key=lambda file: file.name)
    _tell_foreign(chosen)
    return chosen


def _take_sealed(chosen: Selection, files: list[Found]) -> None:
    """Take the sealed files that are in order."""
    with ThreadPoolExecutor(_FOOTERS) as pool:
        faults = list(pool.map(partial(_fault, chosen.shelf), files))
    for file, fault in zip(files, faults, strict=True):
        if fault is None:
            chosen.sealed.append(file)
        elif fault == _GONE:
            chosen.vanished.append(file.path)
        else:
            chosen.foreign[file.path] = fault


def _tell_foreign(chosen: Selection) -> None:
    """Say what was passed over.

    Raises
    ------
    ConfError
        If that is all there was.
    """
    if not chosen.foreign:
        return
    named = "; ".join(f"{path} ({why})" for path, why in list(chosen.foreign.items())[:3])
    more = f" and {len(chosen.foreign) - 3} more" if len(chosen.foreign) > 3 else ""
    if not chosen.names:
        raise ConfError(f"nothing in {chosen.shelf.place} can be read: {named}{more}")
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
    if key in _known:
        return None
    if info.type == pa.fs.FileType.NotFound:
        return _NOWHERE if shelf.is_local and Path(file.path).is_symlink() else _GONE
    if info.type != pa.fs.FileType.File:  # a pipe would be waited for
        return _NO_FILE
    try:
        with system.open_input_file(file.path) as opened:
            footer = pq.read_metadata(opened)
            columns = footer.schema.to_arrow_schema()
    except FileNotFoundError:
        return _GONE
    except (pa.ArrowException, OSError) as error:
        # Arrow tells of what is no Parquet by an OSError, too; the system's own has a number.
        if getattr(error, "errno", None) is not None:
            raise
        return str(error).splitlines()[0][:100]
    if not is_ours(footer.metadata):
        return "it was not written by ast_notebook"
    check_version(footer.metadata, file.path)
    wrong = [each.name for each in SCHEMA if _type(columns, each.name) != each.type]
    if wrong:
        return f"it has no proper column {wrong[0]}"
    _known.add(key)
    return None


def _type(schema: pa.Schema, name: str) -> pa.DataType | None:
    """Return the type of the one column of that name; None if there is none, or several."""
    at = schema.get_field_index(name)
    return None if at < 0 else schema.field(at).type


def _take_open(chosen: Selection, file: Found, condition: pc.Expression | None) -> None:
    """Read an open file, or take its sealed twin, where that has come in between."""
    path = Path(file.path)
    if path.is_symlink() and not path.exists():
        chosen.foreign[file.path] = _NOWHERE
        return
    blocks = Blocks(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            chosen.foreign[file.path] = _NO_FILE
            return
        some = list(blocks)
        loss = blocks.loss()
    except FileNotFoundError:
        if chosen.shelf.is_sealed(file.name):
            twin = f"{chosen.shelf.root}/{file.name.path('.parquet')}"
            chosen.sealed.append(Found(file.name, twin))
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
