"""Events in parts of whole calls, for engines that hold in memory all that they do.

Making calls takes several times the memory of their events. So many events are gone through part
by part; whatever has to do with each other (by a linkedid, a dial, a bridge, a transfer) is in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls.engines import at_once, lazy
from ast_notebook.calls.linkage import Codes, joined
from ast_notebook.calls.source import Source, servers

#: Events of a part, about; what is made of them in between is 1 KB an event.
A_PART = 100_000
#: Headers with ids that tell of events that they have to do with each other.
_IDS = (
    "uniqueid",
    "linkedid",
    "destuniqueid",
    "destlinkedid",
    "bridgeuniqueid",
    "targetlinkedid",
    "parkeelinkedid",
    "retrieverlinkedid",
    "transfererlinkedid",
    "origtransfererlinkedid",
    "secondtransfererlinkedid",
)
#: Events that have to do with all.
_OF_ALL = ("SessionLost", "RecordingLost")


def parted(events: nw.LazyFrame[Any]) -> Iterator[tuple[str | None, Source]]:
    """Return each PBX's name and its events, as `servers` does, perhaps one after the other part.

    Events without an id are in no part, but for those of a lost connection and those that end an
    agent's work with a caller who is gone already: these are in all.
    """
    for name, source in servers(events):
        for part in in_parts(source):
            yield name, part


def in_parts(source: Source) -> Iterator[Source]:
    """Return the events of one PBX as `parted` does."""
    if at_once(source.frame):
        for part in _parts(source.frame.collect("pyarrow").to_native()):
            yield Source(lazy(part))
    else:
        yield source


def _parts(events: pa.Table) -> Iterator[pa.Table]:
    if len(events) < 2 * A_PART:
        yield events
        return
    groups = _groups(events)
    known = groups >= 0
    # The groups by their first event: those of a part are near each other, too.
    rows = np.flatnonzero(known)
    order = pd.unique(groups[known])
    sizes = np.bincount(groups[known], minlength=int(groups.max()) + 1)
    part_of = np.zeros(len(sizes), np.int64)
    part_of[order] = np.cumsum(sizes[order]) // A_PART
    chosen = part_of[groups[known]]
    stray = pc.and_(pa.array(~known), pc.equal(events["event"], "AgentComplete"))
    of_all = events.filter(pc.or_(pc.is_in(events["event"], pa.array(_OF_ALL)), stray))
    for part in range(int(chosen.max(initial=0)) + 1):
        mine = rows[chosen == part]
        if len(mine):
            first, last = int(mine[0]), int(mine[-1]) + 1
            mask = np.zeros(last - first, bool)
            mask[mine - first] = True
            here = events.slice(first, last - first).filter(pa.array(mask))
            yield pa.concat_tables([here, of_all])


def _groups(events: pa.Table) -> Codes:
    """Return a number for each event, one for all that belong together; -1 if it has no id."""
    names = [name for name in _IDS if name in events.column_names]
    texts = {name: _coded(events[name]) for name in names}
    chunks = [chunk for some in texts.values() for chunk in _words(some).chunks]
    words = pc.unique(pa.chunked_array(chunks, pa.string()))
    anchor = np.full(len(events), -1, np.int32)
    edges = []
    for name in names:
        codes = _codes(texts[name], words)
        new = (anchor < 0) & (codes >= 0)
        anchor[new] = codes[new]
        both = (codes >= 0) & (codes != anchor)
        edges.append(pd.unique(anchor[both].astype(np.int64) * len(words) + codes[both]))
    pairs = np.concatenate(edges)
    labels = joined(pairs // len(words), pairs % len(words), len(words))
    return np.where(anchor < 0, -1, labels[anchor])


def _coded(texts: pa.ChunkedArray) -> list[pa.DictionaryArray]:
    return [
        chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        for chunk in texts.chunks
    ]


def _words(texts: list[pa.DictionaryArray]) -> pa.ChunkedArray:
    return pa.chunked_array([each.dictionary.cast(pa.string()) for each in texts], pa.string())


def _codes(texts: list[pa.DictionaryArray], words: pa.Array) -> Codes:
    """Return the place of each text among the words, -1 where there is none."""
    places = pc.index_in(_words(texts), words).to_numpy().astype(np.int32)
    parts, start = [np.zeros(0, np.int32)], 0
    for each in texts:
        codes = each.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        here = np.append(places[start : start + len(each.dictionary)], np.int32(-1))
        parts.append(here[codes])
        start += len(each.dictionary)
    return np.concatenate(parts)
