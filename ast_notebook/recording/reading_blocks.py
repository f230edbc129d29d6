"""The events of chosen files, block by block, without damaged parts and duplicates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.recording import intact
from ast_notebook.recording.archive_files import ArchiveFile
from ast_notebook.recording.columns import narrow
from ast_notebook.recording.duplicates import Rows
from ast_notebook.recording.headers import PROMOTED
from ast_notebook.recording.layout import FOLDERS, Name, flattened
from ast_notebook.recording.selection import ALL, CODED, Selection
from ast_notebook.recording.troubles import is_of_the_system, said

#: The type of texts in `columns_of`.
WORDS = pa.dictionary(pa.int16(), pa.string())
_OWN = ("received", "time", "server", "event")
_ALL_BUT_RECORDER = [name for name in CODED.names if name != "recorder"]


def blocks_of(
    chosen: Selection,
    names: list[Name],
    repeated: dict[Name, Rows],
    columns: list[str] | None,
    where: pc.Expression | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the blocks of one server's files, oldest file first."""
    limit = pc.scalar(True) if where is None else where
    for name in names:
        for block in left(chosen, name, repeated, _needed(columns)):
            yield _limited(block.filter(limit), columns)


def left(
    chosen: Selection, name: Name, repeated: dict[Name, Rows], needed: list[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the wanted rows of a file, with rows about losses in their places."""
    losses = [(place, row.select(needed)) for place, row in chosen.losses.get(name, ())]
    within = chosen.within()
    for place, block in _of_file(chosen, name, needed):
        while losses and losses[0][0] <= place:
            yield losses.pop(0)[1]
        again = repeated.get(name)
        if again is not None:
            rest = ~again[place : place + len(block)]
            if not rest.any():
                continue
            block = block.filter(pa.array(rest))
        yield block if within is None else block.filter(within)
    yield from (row for _, row in losses)


def _of_file(
    chosen: Selection, name: Name, needed: list[str]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the blocks of a file, each with the place of its first row."""
    file = chosen.by_name[name]
    if not isinstance(file, ArchiveFile):
        place = 0
        for block in file:
            yield place, block.select(needed)
            place += len(block)
        return
    try:
        yield from intact.blocks(
            chosen.archive_files, file, needed, chosen.faults.get(file.path, {})
        )
    except FileNotFoundError:
        chosen.vanished.append(file.path)
    except (pa.ArrowException, OSError) as error:
        if is_of_the_system(error):
            raise
        raise ConfError(f"{file.path} was damaged while it was read: {said(error)}") from None


def _needed(columns: list[str] | None) -> list[str]:
    """Return the columns of the files from which the frame's columns are made."""
    if columns is None:
        return [name for name in CODED.names if name not in ("received", "time", "recorder")]
    promoted = [name for name in PROMOTED if name in columns]
    rare = set(columns).difference(PROMOTED, _OWN)
    return ["received_us", "time_us", "event", *promoted, *(["extra"] if rare else [])]


def _limited(block: pa.RecordBatch, columns: list[str] | None) -> pa.RecordBatch:
    """Leave out the pairs of unwanted headers."""
    if columns is None or "extra" not in block.schema.names:
        return block
    pairs = block["extra"]
    offsets = pairs.offsets.to_numpy()
    wanted = pc.is_in(pairs.keys, pa.array(columns, pa.string())).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(wanted)]).astype(np.int32)
    where = pa.array(np.flatnonzero(wanted[: offsets[-1]]))
    fewer = pa.MapArray.from_arrays(
        pa.array(before[offsets]), pairs.keys.take(where), pairs.items.take(where)
    )
    return block.set_column(block.schema.get_field_index("extra"), "extra", fewer)


def rows_of(
    chosen: Selection,
    name: Name,
    repeated: dict[Name, Rows],
    where: pc.Expression | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the wanted rows of a file, each block with the columns of `ALL`."""
    for block in left(chosen, name, repeated, _ALL_BUT_RECORDER):
        rows = with_folders(block, name)
        rows = rows if where is None else rows.filter(where)
        if len(rows):
            yield rows


def with_folders(block: pa.RecordBatch, name: Name) -> pa.RecordBatch:
    """Return a block of a file with the columns of `ALL`, with texts and not dictionaries."""
    count = len(block)
    flat = flattened(block, name.recorder)
    folders = [
        pa.array([value] * count, kind)
        for value, kind in zip((name.server, name.day), FOLDERS.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays([*flat.columns, *folders], schema=ALL)


def columns_of(
    chosen: Selection,
    name: Name,
    repeated: dict[Name, Rows],
    wanted: list[str],
    where: pc.Expression | None,
) -> Iterator[list[pa.Array]]:
    """Yield some columns of the wanted rows of a file: block by block, an array for each.

    Moments are microseconds since 1970 UTC, the day is a date, and others are texts in
    dictionaries, also those of rare headers; ``<unknown>`` and empty texts are missing.
    """
    for block in blocks_of(chosen, [name], repeated, wanted, where):
        if len(block):
            yield _columns(block, name, wanted)


def _columns(block: pa.RecordBatch, name: Name, wanted: list[str]) -> list[pa.Array]:
    count = len(block)
    known = {each for each in block.schema.names if block[each].null_count < count}
    nothing = pa.nulls(count, WORDS)  # shared by all such columns
    arrays = []
    for each in wanted:
        if each.removesuffix("_us") in ("received", "time"):
            arrays.append(block[f"{each.removesuffix('_us')}_us"])
        elif each == "server":
            codes = pa.array(np.zeros(count, np.int16))
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array([name.server])))
        elif each == "day":
            arrays.append(pa.array([name.day] * count))
        elif each in known and each != "extra":
            arrays.append(narrow(block[each]))
        elif "extra" in known:
            header = _header(block["extra"], each)
            arrays.append(nothing if header.null_count == count else narrow(header))
        else:
            arrays.append(nothing)
    return arrays


def _header(pairs: pa.MapArray, name: str) -> pa.DictionaryArray:
    """Return the values of one header of a column of pairs."""
    offsets = pairs.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    where = np.flatnonzero(
        pc.equal(pairs.keys.slice(first, last - first), name).to_numpy(zero_copy_only=False)
    )
    rows = np.searchsorted(offsets, where + first, side="right") - 1
    found = pairs.items.take(pa.array(where + first)).dictionary_encode()
    codes = np.full(len(pairs), -1, np.int32)
    codes[rows] = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), found.dictionary)
