"""The events of chosen files, block by block, without damaged parts and duplicates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.errors import ConfError
from ast_notebook.recording import intact
from ast_notebook.recording.archive_files import ArchiveFile
from ast_notebook.recording.duplicates import Rows
from ast_notebook.recording.headers import PROMOTED
from ast_notebook.recording.layout import Name
from ast_notebook.recording.selection import CODED, Selection
from ast_notebook.recording.troubles import is_of_the_system, said

_OWN = ("received", "time", "server", "event")


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
