"""Converts a frame of events to the columns of an archive, and puts back empty headers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ast_notebook.errors import ConfError
from ast_notebook.recording.headers import PROMOTED

_OWN = ("received", "time", "server", "event")
#: Headers that Asterisk sends in every event of a channel, even if they are empty. A frame leaves
#: empty headers out, but they matter: an empty header replaces the channel's earlier value.
_SNAPSHOT = (
    "calleridnum",
    "calleridname",
    "connectedlinenum",
    "connectedlinename",
    "accountcode",
    "context",
    "exten",
)
_STEPS = ("Newexten", "CoreShowChannel")
_MEMBERS = ("membername", "pausedreason", "stateinterface")


def replayable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns have texts for names.

    Raises
    ------
    ConfError
        If it has no column of events or times, or one of them is not known in each row.
    """
    frame = frame.rename(columns=str)
    missing = {"event", "time"}.difference(frame.columns)
    if missing:
        raise ConfError(
            f"the frame has no column {missing.pop()!r}: replay a frame like sh.ast.events"
        )
    if frame["event"].isna().any():
        raise ConfError(
            "the frame has rows without an event: leave them out by frame.dropna(subset=['event'])"
        )
    for name in {"time", "received"}.intersection(frame.columns):
        column = frame[name]
        if not isinstance(column.dtype, pd.DatetimeTZDtype) or column.isna().any():
            raise ConfError(
                f"the frame's column {name!r} needs a moment with a time zone in each row: make it "
                f"by pd.to_datetime(frame[{name!r}], utc=True)"
            )
    return frame


def frame_batch(frame: pd.DataFrame) -> pa.RecordBatch:
    """Return the events of a frame such as `Record.frame`, as `recording.columns.batch_of` does."""
    received = frame["received"] if "received" in frame else frame["time"]
    arrays: dict[str, Any] = {
        "received": _moments(received),
        "time": _moments(frame["time"]),
        "event": _texts(frame["event"]),
    }
    rest: dict[str, pa.Array] = {}
    filled = _filled(frame)
    for name in dict.fromkeys([*frame.columns, *filled]):
        if name in _OWN:
            continue
        values = _texts(filled.get(name, frame.get(name)))
        if values.null_count < len(values):
            (arrays if name in PROMOTED else rest)[name] = values
    if rest:
        arrays["extra"] = _pairs(rest, len(frame))
    return pa.RecordBatch.from_pydict(arrays)


def _moments(column: Any) -> pa.Array:
    return pa.array(column.astype("datetime64[us, UTC]").astype("int64").to_numpy(), pa.int64())


def _texts(column: Any) -> pa.Array:
    """Return a column's values as a dictionary array of texts."""
    if column.dtype == object:
        column = column.map(_text, na_action="ignore")
    array = pa.array(column, from_pandas=True)
    if pa.types.is_dictionary(array.type):
        words = array.dictionary.cast(pa.string())
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), words)
    if pa.types.is_floating(array.type):  # pandas makes whole numbers float if some are missing
        array = pa.array(map(_text, array.to_pylist()), pa.string())
    return array.cast(pa.string()).dictionary_encode()


def _text(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _filled(frame: pd.DataFrame) -> dict[str, Any]:
    """Return columns in which empty texts are put back, since a frame has them as missing.

    They are put back for headers that certain events always have.
    """
    events = frame["event"].astype("str")
    nothing = pd.Series(np.nan, frame.index, dtype=object)
    whole = frame["channelstatedesc"].notna() if "channelstatedesc" in frame else events == ""
    steps = events.isin(_STEPS)
    members = events.str.startswith("QueueMember")
    filled = {}
    for names, rows in (
        (_SNAPSHOT, whole),
        (("application", "appdata"), steps),
        (_MEMBERS, members),
    ):
        if rows.any():
            for name in names:
                column = frame.get(name, nothing)
                empty = rows & column.isna()
                if empty.any():
                    filled[name] = column.astype(object).mask(empty, "")
    return filled


def _pairs(columns: dict[str, pa.Array], count: int) -> pa.MapArray:
    """Return the headers that have no column of their own as one column of pairs."""
    names, items = [], []
    rows = []
    for name, values in columns.items():
        there = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        rows.append(there)
        names += [name] * len(there)
        items.append(values.take(pa.array(there)).cast(pa.string()))
    at = np.concatenate(rows)
    order = np.argsort(at, kind="stable")
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(at, minlength=count), out=offsets[1:])
    keys = pa.array(names, pa.string()).take(pa.array(order))
    values = pa.chunked_array(items).combine_chunks().take(pa.array(order))
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)
