"""Events in batches of whole calls, for engines that hold all their data in memory.

Making calls takes several times the memory of their events. So a large frame of events is processed
batch by batch. Events that belong to each other (by a linkedid, a dial, a bridge or a transfer) are
in one batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.calls.engines import Work, at_once, lazy
from ast_notebook.calls.linkedids import Codes, joined
from ast_notebook.calls.source import Source, servers

#: About how many events a batch has; intermediate results take 1 KB for each event.
BATCH = 100_000
#: Headers with ids by which events belong to each other.
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
#: Events that belong to every batch.
_OF_ALL = ("SessionLost", "RecordingLost")


def in_batches_by_server(
    events: nw.LazyFrame[Any], work: Work
) -> Iterator[tuple[str | None, Source]]:
    """Yield each PBX's name and its events, as `servers` does; large frames come in batches.

    An event without an id is in no batch, with two exceptions: the events of a lost connection, and
    those that end an agent's work with a caller who is gone already, are in every batch.
    """
    for name, source in servers(events, work):
        for batch in in_batches(source):
            yield name, batch


def in_batches(source: Source) -> Iterator[Source]:
    """Yield the events of one PBX as `in_batches_by_server` does."""
    if at_once(source.frame):
        streams = None if source.streams is None else source.streams.collect().to_native()
        for batch, voice in _batches(source.frame.collect("pyarrow").to_native(), streams):
            of_voice = None if voice is None else lazy(voice)
            yield Source(lazy(batch), source.work, streams=of_voice)
    else:
        yield source


def _batches(
    events: pa.Table, streams: pa.Table | None
) -> Iterator[tuple[pa.Table, pa.Table | None]]:
    """Yield batches of events, and of the streams of RTP that their channels had."""
    if len(events) < 2 * BATCH:
        yield events, streams
        return
    all_groups = Groups(events)
    groups = all_groups.of_events
    known = groups >= 0
    # The groups are ordered by their first event, so that those of a batch are near each other.
    rows = np.flatnonzero(known)
    order = pd.unique(groups[known])
    sizes = np.bincount(groups[known], minlength=int(groups.max()) + 1)
    batch_of = np.zeros(len(sizes), np.int64)
    batch_of[order] = np.cumsum(sizes[order]) // BATCH
    chosen = batch_of[groups[known]]
    of_all = events.filter(pa.array(concerns_all(events, groups)))
    if streams is not None:
        group = all_groups.of_texts(streams["uniqueid"])
        batches = np.where(group < 0, -1, batch_of[group])
        ordered = np.argsort(batches, kind="stable")
        streams, batches = streams.take(pa.array(ordered)), batches[ordered]
    for batch in range(int(chosen.max(initial=0)) + 1):
        mine = rows[chosen == batch]
        if len(mine):
            first, last = int(mine[0]), int(mine[-1]) + 1
            mask = np.zeros(last - first, bool)
            mask[mine - first] = True
            here = events.slice(first, last - first).filter(pa.array(mask))
            voice = None
            if streams is not None:
                begin, end = np.searchsorted(batches, [batch, batch + 1])
                voice = streams.slice(int(begin), int(end - begin))
            yield pa.concat_tables([here, of_all]), voice


def concerns_all(events: pa.Table, groups: Codes) -> Codes:
    """Tell which events belong to every batch."""
    kinds = pc.is_in(events["event"], pa.array(_OF_ALL)).to_numpy()
    ends = pc.equal(events["event"], "AgentComplete").fill_null(False).to_numpy()
    found: Codes = kinds | (ends & (groups < 0))
    return found


class Groups:
    """Groups of events that belong together.

    Attributes
    ----------
    of_events : numpy.ndarray
        A number for each event, the same for all that belong together; -1 without an id.
    """

    def __init__(self, events: pa.Table) -> None:
        names = [name for name in _IDS if name in events.column_names]
        texts = {name: _coded(events[name]) for name in names}
        chunks = [chunk for some in texts.values() for chunk in _words(some).chunks]
        self._words = pc.unique(pa.chunked_array(chunks, pa.string())).drop_null()
        anchor = np.full(len(events), -1, np.int32)
        edges = []
        for name in names:
            codes = _codes(texts[name], self._words)
            new = (anchor < 0) & (codes >= 0)
            anchor[new] = codes[new]
            both = (codes >= 0) & (codes != anchor)
            edges.append(pd.unique(anchor[both].astype(np.int64) * len(self._words) + codes[both]))
        pairs = np.concatenate(edges) if edges else np.zeros(0, np.int64)
        count = len(self._words)
        self._labels = joined(pairs // max(1, count), pairs % max(1, count), count)
        self.of_events: Codes = np.full(len(events), -1, np.int64)
        known = anchor >= 0
        self.of_events[known] = self._labels[anchor[known]]

    def of_texts(self, ids: pa.ChunkedArray) -> Codes:
        """Return for each of some ids the number of its events in `of_events`, or -1."""
        places = pc.index_in(ids.cast(pa.string()), self._words).fill_null(-1).to_numpy()
        found: Codes = np.append(self._labels, -1)[places]
        return found

    def of_ids(self) -> dict[str, int]:
        """Return for each id the number that all events with this id have in `of_events`."""
        return dict(zip(self._words.to_pylist(), self._labels.tolist(), strict=True))


def _coded(texts: pa.ChunkedArray) -> list[pa.DictionaryArray]:
    return [
        chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        for chunk in texts.chunks
    ]


def _words(texts: list[pa.DictionaryArray]) -> pa.ChunkedArray:
    return pa.chunked_array([each.dictionary.cast(pa.string()) for each in texts], pa.string())


def _codes(texts: list[pa.DictionaryArray], words: pa.Array) -> Codes:
    """Return the place of each text among the words, -1 if it is missing."""
    places = pc.index_in(_words(texts), words).to_numpy().astype(np.int32)
    parts, start = [np.zeros(0, np.int32)], 0
    for each in texts:
        codes = each.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        here = np.append(places[start : start + len(each.dictionary)], np.int32(-1))
        parts.append(here[codes])
        start += len(each.dictionary)
    return np.concatenate(parts)
