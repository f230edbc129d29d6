"""Makes pieces of a tape, and chooses the PBX of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from ast_notebook.errors import ConfError
from ast_notebook.replay.tape import STATE_ROWS, Moments, Piece

#: The end of the list of all channels, which Asterisk gives at each connect.
LISTED = "CoreShowChannelsComplete"

#: Events behind which the state is not known.
LOST = ("SessionLost", "RecordingLost")


def texts_of(arrays: Sequence[pa.Array]) -> pa.Array:
    """Return the names of events as one dictionary array of texts."""
    whole = pa.chunked_array([array.cast(pa.string()) for array in arrays], pa.string())
    return whole.combine_chunks().dictionary_encode()


def piece_of(
    received: Moments,
    names: pa.Array,
    load: Callable[[], list[pa.RecordBatch]],
    lost: Sequence[int] = (),
) -> Piece:
    """Return a piece, from the times at which its events were received, and their names.

    `lost` has the moments from which the state is unknown although no event says so.
    """
    words = names.dictionary.to_pylist()
    codes = names.indices.to_numpy()

    def at(*wanted: str) -> Moments:
        mine = [code for code, word in enumerate(words) if word in wanted]
        return received[np.isin(codes, mine)]

    return Piece(
        np.sort(received),
        np.sort(at("LiveState")).tolist(),
        np.sort(at(LISTED)).tolist(),
        load,
        marked=len(at(*STATE_ROWS)),
        names=words,
        lost=np.sort([*at(*LOST).tolist(), *lost]).tolist(),
    )


def chosen(servers: list[str], server: str) -> str:
    """Return the PBX to replay.

    Raises
    ------
    ConfError
        If there are several PBXs and `server` names none of them, or names another one.
    """
    there = ", ".join(sorted(servers))
    if server and server not in servers:
        others = f": there is {there}" if there else ""
        raise ConfError(f"there is no PBX {server!r} in the record at that time{others}")
    if not server and len(servers) > 1:
        raise ConfError(f"the record has several PBXs: give server=, one of {there}")
    return server or (servers[0] if servers else "ast")
