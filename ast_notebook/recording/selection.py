"""Selects the files of an archive to read, and finds out which parts of them cannot be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, bounds
from ast_notebook.recording import intact
from ast_notebook.recording.archive_files import ArchiveFile, ArchiveFiles
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.layout import (
    FOLDERS,
    NO_MOMENT,
    NOT_OURS,
    SCHEMA,
    TEXTS,
    Name,
    block_schema,
    check_version,
    day_of,
    is_ours,
    is_readable,
    misses,
    widened,
)
from ast_notebook.recording.segment import Blocks, joined
from ast_notebook.recording.troubles import is_of_the_system, said
from ast_notebook.warned import warn

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
_NAMED = 3  # files that a warning names
_FOOTERS = 8  # footers that are read at once
_GONE = "it was removed meanwhile"
_NOWHERE = "a link that leads nowhere"
_NO_FILE = "it is no file"
_NO_TEXT = "the name of its folder is no UTF-8"
#: A cache of valid sealed files, by path, size and time of change.
_known: set[tuple[str, int, int | None]] = set()


@dataclass
class Selection:
    """The selected files of an archive, and the parts of them that cannot be read.

    Attributes
    ----------
    torn, damaged : dict
        How many bytes of a file could not be read, by its path; `torn` has only open files.
    faults : dict
        Why row groups of a sealed file are left out, by the file's path and their numbers.
    losses : dict
        The ``RecordingLost`` rows for those row groups, each with its place in the file, by the
        name of the file.
    foreign : dict
        Why files that are named like a file of an archive were ignored, by path.
    vanished : list of str
        Files that were removed meanwhile.
    """

    archive_files: ArchiveFiles
    sealed: list[ArchiveFile]
    still_open: list[tuple[Name, list[pa.RecordBatch]]] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    torn: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    faults: dict[str, dict[int, str]] = field(default_factory=dict)
    losses: dict[Name, list[tuple[int, pa.RecordBatch]]] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    vanished: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[Name]:
        """The names of all files."""
        return [*(file.name for file in self.sealed), *(name for name, _ in self.still_open)]

    @cached_property
    def by_name(self) -> dict[Name, ArchiveFile | list[pa.RecordBatch]]:
        """The sealed file of each name, or the blocks of an open one."""
        return {**{file.name: file for file in self.sealed}, **dict(self.still_open)}

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
    place: ArchivePlace,
    since: Moment | None,
    until: Moment | None,
    servers: Collection[str] | str,
    open_folder: str | os.PathLike[str] | None,
    *,
    notes: list[str] | None = None,
    check: bool | None = True,
) -> Selection:
    """Find the files, read the open ones, and check the sealed ones for damage.

    Problems are warned of, or added to `notes` instead. If `check` is False, sealed files count as
    intact; if it is None, only those in a local folder are checked.

    Raises
    ------
    ConfError
        If there is no such folder, a file is of a later version, no file can be read, or a URL
        cannot be reached.
    """
    archive_files = ArchiveFiles(place, open_folder)
    if not archive_files.exists:
        raise ConfError(f"there is no folder {archive_files.root}, so no archive to read")
    chosen = place.ask(lambda: _select(archive_files, since, until, servers))
    # A store has no folders: what is mistyped looks like what is empty.
    is_empty = not (chosen.by_name or chosen.foreign or chosen.vanished)
    if place.is_remote and is_empty and not any(place.ask(archive_files.files)):
        raise ConfError(f"there is no file of an archive at {place.name}: check the address")
    if archive_files.is_local if check is None else check:
        place.ask(lambda: _leave_out_damaged(chosen))
    for note in _notes(chosen):
        if notes is None:
            warn(note)
        else:
            notes.append(note)
    return chosen


def _select(
    archive_files: ArchiveFiles,
    since: Moment | None,
    until: Moment | None,
    servers: Collection[str] | str,
) -> Selection:
    first, last = bounds(since, until)
    names = [servers] if isinstance(servers, str) else servers
    sealed, still_open = archive_files.files(
        names,
        None if first is None else day_of(first),
        None if last is None else day_of(max(0, last - 1)),
    )
    chosen = Selection(archive_files, [], first=first, last=last)
    chosen.foreign |= dict.fromkeys(map(_shown, archive_files.dead_links(names)), _NOWHERE)
    for file in (*sealed, *still_open):
        if not is_readable(file.path):
            chosen.foreign[_shown(file.path)] = _NO_TEXT
    _take_sealed(chosen, [file for file in sealed if is_readable(file.path)])
    condition = chosen.within()
    for file in still_open:
        if is_readable(file.path):
            _take_open(chosen, file, condition)
    chosen.sealed.sort(key=lambda file: file.name)
    return chosen


def _shown(path: str) -> str:
    """Return a path as a text that can be shown, whatever bytes are in it."""
    return path.encode(errors="backslashreplace").decode()


def _take_sealed(chosen: Selection, files: list[ArchiveFile]) -> None:
    """Take the valid sealed files."""
    with ThreadPoolExecutor(_FOOTERS) as pool:
        faults = list(pool.map(partial(_fault, chosen.archive_files), files))
    for file, fault in zip(files, faults, strict=True):
        if fault is None:
            chosen.sealed.append(file)
        elif fault == _GONE:
            chosen.vanished.append(file.path)
        else:
            chosen.foreign[file.path] = fault


def _leave_out_damaged(chosen: Selection) -> None:
    """Find the damaged row groups of sealed files, and the rows about their loss."""
    found = intact.faults(chosen.archive_files, chosen.sealed)
    for file, faults in zip(chosen.sealed, found, strict=True):
        if not faults:
            continue
        metadata = FORMAT.make_fragment(file.path, chosen.archive_files.filesystem).metadata
        column = metadata.schema.names.index("received_us")
        last = 0
        place = lost = 0
        rows: list[tuple[int, pa.RecordBatch]] = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            extremes = group.column(column).statistics
            if number in faults:
                size = sum(group.column(n).total_compressed_size for n in range(group.num_columns))
                lost += size
                moment = extremes.min if extremes is not None and extremes.has_min_max else last
                row = _loss(file.name, moment, group.num_rows, size)
                condition = chosen.within()
                rows.append((place, row if condition is None else row.filter(condition)))
            elif extremes is not None and extremes.has_min_max:
                last = extremes.max
            place += group.num_rows
        chosen.faults[file.path] = faults
        chosen.losses[file.name] = rows
        chosen.damaged[file.path] = lost


def _loss(name: Name, moment: int, events: int, size: int) -> pa.RecordBatch:
    text = (
        "Event: RecordingLost\r\nReason: the file is damaged: some of its events are lost\r\n"
        f"Events: {events}\r\nBytes: {size}"
    )
    return widened(batch_of([text], [moment]), block_schema(name))


def _notes(chosen: Selection) -> list[str]:
    """Return warnings of files that were ignored or are damaged.

    Raises
    ------
    ConfError
        If there are files to ignore, and no others.
    """
    foreign = [f"{path} ({why})" for path, why in chosen.foreign.items()]
    if foreign and not chosen.names:
        raise ConfError(f"nothing in {chosen.archive_files.place} can be read: {_some(foreign)}")
    notes = [f"passed over, take it out of the archive: {_some(foreign)}"] if foreign else []
    damaged = []
    for path, size in chosen.damaged.items():
        why = next(iter(chosen.faults.get(path, {}).values()), "")
        damaged.append(f"{path} ({size:,} bytes{': ' if why else ''}{why})")
    if damaged:
        notes.append(
            f"files are damaged, and events in the damaged parts are lost: {_some(damaged)}"
        )
    return notes


def _some(files: list[str]) -> str:
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return "; ".join(files[:_NAMED]) + more


def _fault(archive_files: ArchiveFiles, file: ArchiveFile) -> str | None:
    """Tell by its footer why a file is not a sealed file of an archive; None if it is one.

    Raises
    ------
    ConfError
        If it is of a later version.
    OSError
        If the system cannot read it.
    """
    system = archive_files.filesystem
    info = system.get_file_info(file.path)
    key = (file.path, info.size or 0, info.mtime_ns)
    if key in _known:
        return None
    if info.type == pa.fs.FileType.NotFound:
        return _NOWHERE if archive_files.is_local and Path(file.path).is_symlink() else _GONE
    if info.type != pa.fs.FileType.File:  # a pipe would be waited for
        return _NO_FILE
    try:
        with system.open_input_file(file.path) as opened:
            footer = pq.read_metadata(opened)
            columns = footer.schema.to_arrow_schema()
            has_moments = _has_moments(footer, opened)
    except FileNotFoundError:
        return _GONE
    except (pa.ArrowException, OSError) as error:
        if is_of_the_system(error):
            raise
        return said(error)
    if not is_ours(footer.metadata):
        return NOT_OURS
    check_version(footer.metadata, file.path)
    if missing := misses(columns, SCHEMA):
        return missing
    if not has_moments:
        return NO_MOMENT
    if differs := file.name.differs(footer.metadata):
        return differs
    _known.add(key)
    return None


def _has_moments(footer: pq.FileMetaData, opened: pa.NativeFile) -> bool:
    """Tell whether each event has a ``time``, and the receive time by which it is found."""
    names = footer.schema.names
    for name in ("received_us", "time_us"):
        if names.count(name) != 1:
            continue  # this is reported elsewhere
        at = names.index(name)
        nulls = [footer.row_group(n).column(at).statistics for n in range(footer.num_row_groups)]
        if all(one is not None and one.has_null_count for one in nulls):
            missing = sum(one.null_count for one in nulls)
        else:
            try:
                missing = pq.ParquetFile(opened).read(columns=[name])[name].null_count
            except (pa.ArrowException, OSError) as error:
                if is_of_the_system(error):
                    raise
                continue  # damage is reported elsewhere, too
        if missing:
            return False
    return True


def _take_open(chosen: Selection, file: ArchiveFile, condition: pc.Expression | None) -> None:
    """Read an open file or, if it was sealed meanwhile, take the sealed file of its name."""
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
        if some and (differs := file.name.differs(some[0].schema.metadata)):
            chosen.foreign[file.path] = differs
            return
        if blocks.foreign:
            chosen.foreign[file.path] = blocks.foreign
            return
        loss = blocks.loss()
        some = joined(some)
    except FileNotFoundError:
        if chosen.archive_files.rows(file.name):
            twin = f"{chosen.archive_files.root}/{file.name.path('.parquet')}"
            chosen.sealed.append(ArchiveFile(file.name, twin))
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


def by_server(name: Name) -> tuple[str, Name]:
    """Return the sort key that orders files by their PBX, and then by age."""
    return name.server, name


def dataset(archive_files: ArchiveFiles, files: Iterable[ArchiveFile]) -> ds.Dataset:
    """Return sealed files as a dataset, without reading them yet."""
    return ds.dataset(
        [file.path for file in files],
        schema=ALL,
        format=_PLAIN,
        filesystem=archive_files.filesystem,
        # No folder can be called "/", so no name of a PBX is taken for a missing one.
        partitioning=ds.HivePartitioning(FOLDERS, null_fallback="/"),
        partition_base_dir=archive_files.root,
    )


def parts_of(
    archive_files: ArchiveFiles, file: ArchiveFile, damaged: Collection[int]
) -> ds.Dataset:
    """Return the intact row groups of a sealed file as a dataset."""
    whole = _PLAIN.make_fragment(file.path, archive_files.filesystem)
    part = _PLAIN.make_fragment(
        file.path,
        archive_files.filesystem,
        (pc.field("server") == file.name.server)
        & (pc.field("day") == pa.scalar(file.name.day, pa.date32())),
        row_groups=[n for n in range(whole.metadata.num_row_groups) if n not in damaged],
    )
    return ds.FileSystemDataset([part], ALL, _PLAIN, archive_files.filesystem)
