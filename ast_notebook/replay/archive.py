"""Makes a tape of an archive: each file becomes a piece; files that overlap become one piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.columns import batch_of
from ast_notebook.recording.duplicates import Rows
from ast_notebook.recording.layout import Name, narrowed
from ast_notebook.recording.reading import duplicates
from ast_notebook.recording.reading_blocks import blocks_of
from ast_notebook.recording.selection import Selection, select
from ast_notebook.replay.choosing import chosen, piece_of, texts_of
from ast_notebook.replay.tape import Moments, Piece, Tape

DAY = 86_400_000_000  # microseconds
LOOK_BACK = (DAY, 31 * DAY, None)  # how far before `since` a whole state is looked for
#: A mark for a time without a recorder, in which the live state is unknown.
_PAUSE = 'Event: LiveChange\r\nAfter: {}\r\nAt: {}\r\nSnapshot: {{"stale": true}}'


class _File(NamedTuple):
    """A file, with the times at which its events were received, and their names."""

    name: Name
    received: Moments
    names: pa.Array


def archive_tape(place: ArchivePlace, since: int | None, until: int | None, server: str) -> Tape:
    """Return the tape of an archive; the parameters and the errors are those of `tape_of`."""
    name, pieces = server, []
    for back in LOOK_BACK if since is not None else (None,):
        begin = None if since is None or back is None else max(0, since - back)
        selected = select(place, _moment(begin), _moment(until), server or (), None)
        name = chosen(sorted({one.server for one in selected.names}), server)
        pieces = list(_pieces(place, selected, name))
        if back is None or since is None or any(one.tells_all_by(since) for one in pieces):
            break
    return Tape(pieces, name)


def _moment(microseconds: int | None) -> pd.Timestamp | None:
    return None if microseconds is None else pd.Timestamp(microseconds, unit="us", tz="UTC")


def _pieces(place: ArchivePlace, selected: Selection, server: str) -> Iterator[Piece]:
    """Yield the pieces of one PBX, oldest first."""
    repeated = duplicates(selected, None)
    files = []
    for name in sorted(one for one in selected.names if one.server == server):
        blocks = list(place.each(blocks_of(selected, [name], repeated, ["received"], None)))
        blocks = [block for block in blocks if len(block)]
        if blocks:
            received = np.concatenate([block["received_us"].to_numpy() for block in blocks])
            files.append(_File(name, received, texts_of([block["event"] for block in blocks])))
    groups = _overlapping(files)
    for number, group in enumerate(groups):
        after = groups[number + 1] if number + 1 < len(groups) else []
        recorders = {file.name.recorder for file in group}
        pause = after and recorders.isdisjoint(file.name.recorder for file in after)
        yield _piece(place, selected, group, repeated, pauses=bool(pause))


def _overlapping(files: Sequence[_File]) -> list[list[_File]]:
    """Return the files in groups, by time; files whose times overlap are in one group."""
    groups: list[list[_File]] = []
    end = -1
    for file in sorted(files, key=lambda file: int(file.received.min())):
        if groups and int(file.received.min()) <= end:
            groups[-1].append(file)
        else:
            groups.append([file])
        end = max(end, int(file.received.max()))
    return groups


def _piece(
    place: ArchivePlace,
    selected: Selection,
    group: Sequence[_File],
    repeated: dict[Name, Rows],
    *,
    pauses: bool,
) -> Piece:
    names = [file.name for file in group]
    received = np.concatenate([file.received for file in group])
    event_names = texts_of([file.names for file in group])
    last = int(received.max())
    pause = batch_of([_PAUSE.format(last, last + 1)], [last + 1]) if pauses else None

    def load() -> list[pa.RecordBatch]:
        blocks = place.each(blocks_of(selected, names, repeated, None, None))
        loaded = [narrowed(block) for block in blocks if len(block)]
        return loaded if pause is None else [*loaded, pause]

    if pause is not None:
        received = np.append(received, last + 1)
        event_names = texts_of([event_names, pause["event"]])
    return piece_of(received, event_names, partial(load), [] if pause is None else [last + 1])
