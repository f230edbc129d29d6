"""Makes tapes of what can be replayed: archives, Parquet files, frames and captures."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ast_notebook.errors import ConfError
from ast_notebook.recording.archive_place import ArchivePlace
from ast_notebook.recording.layout import is_ours, narrowed
from ast_notebook.replay.archive import archive_tape
from ast_notebook.replay.capture import capture_batches
from ast_notebook.replay.choosing import chosen, piece_of, texts_of
from ast_notebook.replay.frames import frame_batch
from ast_notebook.replay.tape import Piece, Tape

Source = str | os.PathLike[str] | pd.DataFrame
ROWS = 50_000  # rows of each piece of a frame


def tape_of(
    source: pd.DataFrame | ArchivePlace, since: int | None, until: int | None, server: str = ""
) -> Tape:
    """Return the tape of a source.

    Parameters
    ----------
    source : pandas.DataFrame or ArchivePlace
        A folder or URL of an archive; a Parquet file; a frame of events; or a text file with
        messages of the manager interface.
    since, until : int or None
        The tape has the events that were received at `since` or later and before `until`, in
        microseconds since 1970. For an archive, it also has earlier events, since the state at
        `since` depends on them.
    server : str
        The name of the PBX; it is needed if there are several.

    Raises
    ------
    ConfError
        If there is no such source, or it has events of several PBXs and none was chosen.
    """
    if isinstance(source, pd.DataFrame):
        tape = _of_frame(source, server)
    else:
        path = Path(source.name).expanduser()
        if source.is_remote or path.is_dir():
            tape = archive_tape(source, since, until, server)
        elif not path.exists():
            raise ConfError(f"there is no {path}, so nothing to replay")
        elif path.suffix == ".parquet":
            tape = _of_parquet(path, server)
        else:
            tape = _of_batches(capture_batches(path), "ast")
    if not tape.pieces:
        raise ConfError("there are no events at that time: nothing to replay")
    return tape


def _of_frame(frame: pd.DataFrame, server: str) -> Tape:
    missing = {"event", "time"}.difference(frame.columns)
    if missing:
        raise ConfError(
            f"the frame has no column {missing.pop()!r}: replay a frame like sh.ast.events"
        )
    if "server" in frame:
        servers = [str(name) for name in frame["server"].dropna().unique()]
        server = chosen(servers, server)
        frame = frame[frame["server"] == server] if len(servers) > 1 else frame
    received = frame["received"] if "received" in frame else frame["time"]
    if not received.is_monotonic_increasing:
        frame = frame.loc[received.sort_values(kind="stable").index]
    pieces = []
    for first in range(0, len(frame), ROWS):
        some = frame.iloc[first : first + ROWS]
        column = some["received"] if "received" in some else some["time"]
        moments = column.astype("datetime64[us, UTC]").astype("int64").to_numpy()
        names = pa.array(some["event"].astype("str"), pa.string()).dictionary_encode()
        pieces.append(piece_of(moments, names, partial(_loaded, some)))
    return Tape(pieces, server or "ast")


def _loaded(frame: pd.DataFrame) -> list[pa.RecordBatch]:
    return [frame_batch(frame)]


def _of_parquet(path: Path, server: str) -> Tape:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ConfError(f"{path} cannot be read: {error}") from None
    if not is_ours(file.metadata.metadata):
        return _of_frame(pd.read_parquet(path), server)
    batches = [narrowed(batch) for batch in file.iter_batches(ROWS)]
    return _of_batches(batches, server or "ast")


def _of_batches(batches: list[pa.RecordBatch], server: str) -> Tape:
    whole = [batch for batch in batches if len(batch)]
    pieces: list[Piece] = []
    if whole:  # as one piece, since the rows of a file may be in any order
        received = np.concatenate([batch["received"].to_numpy() for batch in whole])
        names = texts_of([batch["event"] for batch in whole])
        pieces.append(piece_of(received, names, partial(list, whole)))
    return Tape(pieces, server)
