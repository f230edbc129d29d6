"""Makes `Event` objects of the columns in which an archive holds events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.ami import Event, plain_name
from ast_notebook.recording.headers import NUMBERS
from ast_notebook.replay.spelling import spelled
from ast_notebook.units import SECOND

_OWN = frozenset(("received", "time", "event", "extra"))
_BESIDE = pa.array([f"header_{name}" for name in sorted(NUMBERS)], pa.string())
#: Events that have the ActionID of an action, but are no entries of a list.
_NEWS = frozenset(
    ("OriginateResponse", "AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd", "UserEvent")
)
#: Events that are entries or ends of lists, even without an ActionID: anonymizing removes it.
_ENTRIES = frozenset(
    [
        "CoreShowChannel",
        "CoreShowChannelsComplete",
        "DeviceStateListComplete",
        "EndpointList",
        "EndpointListComplete",
        "ContactList",
        "ContactListComplete",
        "ExtensionStateListComplete",
        "PeerEntry",
        "PeerlistComplete",
        "RegistryEntry",
        "RegistrationsComplete",
        "OutboundRegistrationDetail",
        "OutboundRegistrationDetailComplete",
        "VoicemailUserEntry",
        "VoicemailUserEntryComplete",
        "QueueParams",
        "QueueMember",
        "QueueEntry",
        "QueueStatusComplete",
        "ConfbridgeListRooms",
        "ConfbridgeListRoomsComplete",
        "ConfbridgeList",
        "ConfbridgeListComplete",
        "ParkedCallsComplete",
    ]
)


def events_of(
    batch: pa.RecordBatch, is_wanted: Callable[[str], bool]
) -> tuple[list[int], list[Event]]:
    """Return the row of each wanted event of a batch, and the events.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Events in columns, as `recording.columns.batch_of` returns them.
    is_wanted : callable
        It is called with the name of an event, and tells whether such events are wanted.
    """
    names = batch["event"]
    wanted = np.array([is_wanted(word) for word in names.dictionary.to_pylist()], bool)
    codes = names.indices.to_numpy()
    if not wanted.any():
        return [], []
    if wanted.all():
        rows = np.arange(len(batch))
    else:
        rows = np.flatnonzero(wanted[codes])
        batch = batch.take(pa.array(rows))
    return rows.tolist(), _made(batch)


def _made(batch: pa.RecordBatch) -> list[Event]:
    count = len(batch)
    names = batch["event"]
    words, codes = names.dictionary.to_pylist(), names.indices.to_numpy()
    columns = {name: _values(batch[name]) for name in batch.schema.names if name not in _OWN}
    columns["timestamp"] = _stamps(batch["time"])
    headers: list[dict[str, str]] = [{}] * count
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(words))).tolist()
    counts = {
        name: np.bincount(codes[one.is_there], minlength=len(words))
        for name, one in columns.items()
    }
    first = 0
    for code, (word, end) in enumerate(zip(words, ends, strict=True)):
        if end > first:  # by name, since events of one name have nearly the same headers
            rows = order[first:end]
            there = {name: one for name, one in columns.items() if counts[name][code]}
            for row, mine in zip(rows.tolist(), _rows(word, there, rows), strict=True):
                headers[row] = mine
        first = end
    names = {"event": "Event"} | {plain_name(name): spelled(name) for name in columns}
    repeats = [
        (row, spelled(name))
        for name, values in columns.items()
        for row in np.flatnonzero(values.repeats()).tolist()
    ]
    if "extra" in batch.schema.names:
        rare = _put_pairs(headers, repeats, batch["extra"])
        _rename_texts(headers, batch["extra"])
        for header in rare:
            for one in (header, header.removeprefix("header_")):
                names[plain_name(one)] = one
    several: dict[int, dict[str, list[str]]] = {}
    for row, name in repeats:
        mine = headers[row]
        header = name if name in mine else name.removeprefix("header_")
        several.setdefault(row, {})[header] = mine[header].split("\n")
    events = []
    received = batch["received"].to_pylist()
    for row, (code, mine, moment) in enumerate(zip(codes.tolist(), headers, received, strict=True)):
        name = words[code]
        event = Event(mine, name, moment, "", several.get(row))
        event.share_names(names)
        event.answer = name in _ENTRIES or ("ActionID" in mine and name not in _NEWS)
        events.append(event)
    return events


class _ColumnTexts(NamedTuple):
    """The values of a column.

    ``words`` has the different texts, and None at its end; ``places`` has the place of each row's
    text among them, and ``is_there`` tells which rows have one.
    """

    words: Any
    places: Any
    is_there: Any

    def of(self, rows: Any) -> list[str | None]:
        """Return the texts of some rows, with None for a missing one."""
        texts: list[str | None] = self.words[self.places[rows]].tolist()
        return texts

    def repeats(self) -> Any:
        """Tell which texts are the values of a repeated header."""
        several = np.array([word is not None and "\n" in word for word in self.words], bool)
        return several[self.places] if several.any() else np.zeros(0, bool)


def _values(column: pa.DictionaryArray) -> _ColumnTexts:
    words = np.array([*column.dictionary.to_pylist(), None], object)
    places = column.indices.fill_null(len(words) - 1).to_numpy()
    return _ColumnTexts(words, places, places < len(words) - 1)


def _stamps(times: pa.Array) -> _ColumnTexts:
    stamps = [
        None if time is None else f"{time // SECOND}.{time % SECOND:06d}"
        for time in times.to_pylist()
    ]
    is_there = times.is_valid().to_numpy(zero_copy_only=False)
    return _ColumnTexts(np.array([*stamps, None], object), np.arange(len(stamps)), is_there)


def _rows(name: str, columns: dict[str, _ColumnTexts], rows: Any) -> Iterator[dict[str, str]]:
    """Yield the headers of some events, which have the same name."""
    heads = ["Event"]
    values: list[list[Any]] = [[name] * len(rows)]
    is_whole = True
    for column in ("privilege", "timestamp", *columns):
        if column not in columns:
            continue
        header = spelled(column)
        if header in heads:
            continue
        some = columns[column].of(rows)
        missing = some.count(None)
        if missing < len(some):
            heads.append(header)
            values.append(some)
            is_whole = is_whole and not missing
    if is_whole:
        for row in zip(*values, strict=True):
            yield dict(zip(heads, row, strict=True))
        return
    for row in zip(*values, strict=True):
        yield {head: text for head, text in zip(heads, row, strict=True) if text is not None}


def _rename_texts(headers: list[dict[str, str]], pairs: pa.MapArray) -> None:
    """Rename headers such as ``header_Duration`` to ``Duration``.

    An archive has a header under such a name if its column is one of numbers, and its value is no
    number. It keeps that name in an event that has the plain header, too.
    """
    offsets = pairs.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = pairs.keys.slice(first, last - first)
    beside = pc.is_in(keys, _BESIDE).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(beside).tolist():
        mine = headers[int(np.searchsorted(offsets, place + first, "right")) - 1]
        name = spelled(keys[place].as_py())
        plain = name.removeprefix("header_")
        if plain not in mine:  # a dialplan's UserEvent can have a header of the same name
            mine[plain] = mine.pop(name)


def _put_pairs(
    headers: list[dict[str, str]], repeats: list[tuple[int, str]], pairs: pa.MapArray
) -> set[str]:
    """Add the rare headers, which share one column of pairs, to the headers of each row.

    It returns their names.
    """
    offsets = pairs.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    keys = [spelled(key) for key in pairs.keys.slice(first, last - first).to_pylist()]
    column = pairs.items.slice(first, last - first)
    items = column.to_pylist()
    at = offsets[0]
    for row, end in enumerate(offsets[1:]):
        if end > at:
            headers[row].update(
                zip(keys[at - first : end - first], items[at - first : end - first], strict=True)
            )
        at = end
    if len(column) and pc.any(pc.match_substring(column, "\n")).as_py():
        rows = np.repeat(np.arange(len(pairs)), np.diff(offsets)).tolist()
        repeats += [
            (row, key)
            for row, key, item in zip(rows, keys, items, strict=True)
            if item is not None and "\n" in item
        ]
    return set(keys)
