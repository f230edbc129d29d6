"""Finds the intact row groups of sealed files, by the checksums of their pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ast_notebook.recording.archive_files import ArchiveFile, ArchiveFiles
from ast_notebook.recording.layout import TEXTS
from ast_notebook.recording.troubles import is_of_the_system, said

AT_ONCE = 30_000  # rows that are read at once, since the column of pairs is large
_THREADS = 2
#: A cache: why row groups cannot be read, by number, for files by path, size and time of change.
_checked: dict[tuple[str, int, int | None], dict[int, str]] = {}


def faults(archive_files: ArchiveFiles, files: Sequence[ArchiveFile]) -> list[dict[int, str]]:
    """Return a dictionary for each sealed file: which of its row groups are damaged, and why.

    All pages are checked, once for each unchanged file. This is done before engines read the files
    themselves, since they would take damaged bytes for values.

    Raises
    ------
    OSError
        If the system cannot read a file.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(partial(_faults, archive_files), files))


def _faults(archive_files: ArchiveFiles, file: ArchiveFile) -> dict[int, str]:
    info = archive_files.filesystem.get_file_info(file.path)
    key = (file.path, info.size or 0, info.mtime_ns)
    if key not in _checked:
        try:
            found = _gone_through(archive_files, file)
        except FileNotFoundError:
            return {}  # the reader of the file reports it
        _checked[key] = found
    return _checked[key]


def _gone_through(archive_files: ArchiveFiles, file: ArchiveFile) -> dict[int, str]:
    found: dict[int, str] = {}
    with archive_files.filesystem.open_input_file(file.path) as opened:
        parquet = _opened(opened)
        for group in range(parquet.num_row_groups):
            rows = 0
            try:
                for block in parquet.iter_batches(AT_ONCE, row_groups=[group], use_threads=False):
                    block.validate(full=True)  # Arrow takes any bytes for text
                    rows += len(block)
            except (pa.ArrowException, OSError) as error:
                if is_of_the_system(error):
                    raise
                found[group] = said(error)
                continue
            if rows != parquet.metadata.row_group(group).num_rows:
                found[group] = "it does not have as many rows as its footer says"
    return found


def blocks(
    archive_files: ArchiveFiles,
    file: ArchiveFile,
    columns: Sequence[str],
    damaged: Collection[int],
    at_once: int = AT_ONCE,
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield columns of the intact row groups, each block with the place of its first row.

    Raises
    ------
    FileNotFoundError
        If the file was removed meanwhile; `OSError` if it cannot be read.
    """
    with archive_files.filesystem.open_input_file(file.path) as opened:
        parquet = _opened(opened)
        place = 0
        for group in range(parquet.num_row_groups):
            at = place
            place += parquet.metadata.row_group(group).num_rows
            if group in damaged:
                continue
            for block in parquet.iter_batches(
                at_once, row_groups=[group], columns=list(columns), use_threads=False
            ):
                yield at, block
                at += len(block)


def _opened(file: pa.NativeFile) -> pq.ParquetFile:
    return pq.ParquetFile(file, read_dictionary=TEXTS, page_checksum_verification=True)
