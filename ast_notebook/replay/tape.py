"""The tape of a replay: the events of a record in their order, loaded in parts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ast_notebook.digits import is_count

Moments = np.ndarray[Any, Any]

STATE_ROWS = ("LiveState", "LiveChange")
PART = 10_000  # events at most in a part
LOADED = 3  # pieces that are kept in memory
LEAST = 1000  # microseconds of the shortest gap that is reported


class Part(NamedTuple):
    """Some events of a piece, in the order in which they are replayed.

    Attributes
    ----------
    batch : pyarrow.RecordBatch
        The events and marks.
    moments : numpy.ndarray
        The moment at which each row is replayed, in microseconds since 1970 UTC, in order.
    shown : pyarrow.RecordBatch
        The events without the marks, which are no events of the PBX.
    before : numpy.ndarray
        How many events of `shown` come before each row; the last entry is the count of all.
    """

    batch: pa.RecordBatch
    moments: Moments
    shown: pa.RecordBatch
    before: Moments


class TapePlace(NamedTuple):
    """A place on a tape: before a row of a part of a piece."""

    piece: int
    part: int
    row: int


class Piece:
    """A piece of a tape, such as a file of an archive.

    Parameters
    ----------
    received : numpy.ndarray
        When each event was received, in order.
    marks, lists : sequence of int
        When the ``LiveState`` rows were received, and when lists of all channels ended.
    load : callable
        It returns batches of the events in columns, as `recording.columns.batch_of` does.
    marked : int
        How many of the rows are marks.
    names : collection of str
        The names of its events.
    lost : sequence of int
        The moments after which the state is not known until the next mark or list.

    Attributes
    ----------
    rows, shown : int
        How many rows it has, and how many of them are no marks.
    first, last : int
        When its first and its last event were received.
    """

    def __init__(
        self,
        received: Moments,
        marks: Sequence[int],
        lists: Sequence[int],
        load: Callable[[], list[pa.RecordBatch]],
        marked: int = 0,
        names: Collection[str] = (),
        lost: Sequence[int] = (),
    ) -> None:
        self.rows = len(received)
        self.shown = len(received) - marked
        self.first, self.last = int(received[0]), int(received[-1])
        self.marks = marks
        self.lists = lists
        self.names = frozenset(names)
        self.lost = lost
        self._load = load

    def tells_all_by(self, moment: int) -> bool:
        """Tell whether a mark or a list in it makes all channels known at a moment."""
        known = [*self.marks[:1], *self.lists[:1]]
        return bool(known) and min(known) <= moment

    def parts(self) -> list[Part]:
        """Load its events."""
        table = pa.Table.from_batches(_alike(self._load())).combine_chunks()
        batch = table.to_batches()[0] if len(table) else pa.RecordBatch.from_pydict({})
        batch, moments = _ordered(batch)
        return [
            _part(batch.slice(first, PART), moments[first : first + PART])
            for first in range(0, len(batch), PART)
        ]


class Tape:
    """All pieces of a record; those that were used last stay loaded.

    Parameters
    ----------
    pieces : sequence of Piece
        They are in the order of their events, and none overlaps another.
    server : str
        The name of the PBX.
    """

    def __init__(self, pieces: Sequence[Piece], server: str) -> None:
        self.pieces = list(pieces)
        self.server = server
        self._loaded: OrderedDict[int, list[Part]] = OrderedDict()
        self._loading = threading.Lock()

    @property
    def first(self) -> int:
        """When the first event was received."""
        return self.pieces[0].first if self.pieces else 0

    @property
    def last(self) -> int:
        """When the last event was received."""
        return self.pieces[-1].last if self.pieces else 0

    def parts(self, number: int) -> list[Part]:
        """Return the parts of a piece."""
        with self._loading:
            found = self._loaded.get(number)
            if found is None:
                found = self._loaded[number] = self.pieces[number].parts()
                while len(self._loaded) > LOADED:
                    self._loaded.popitem(last=False)
            else:
                self._loaded.move_to_end(number)
            return found

    def gaps(self, since: int, until: int) -> list[tuple[int, int]]:
        """Return where nothing is recorded, or the state is not known, within a time.

        After a loss, the state is not known until the next mark or list.
        """
        has_marks = any(piece.marks for piece in self.pieces)
        known = [at for one in self.pieces for at in (one.marks if has_marks else one.lists)]
        lost = [at for piece in self.pieces for at in piece.lost]
        spans = [(since, known[0] if known else self.first)]
        for begin in lost:
            if begin >= spans[-1][1]:
                spans.append((begin, next((at for at in known if at >= begin), until)))
        if spans[-1][1] <= self.last:
            spans.append((self.last, until))
        inside = [(max(since, one), min(until, other)) for one, other in spans]
        return [one for one in inside if one[1] - one[0] >= LEAST]

    def piece_at(self, moment: int) -> int:
        """Return the number of the last piece that begins at a moment or before; at least 0."""
        number = 0
        for place, piece in enumerate(self.pieces):
            if piece.first <= moment:
                number = place
        return number

    def rows(self, place: TapePlace, until: int) -> Iterator[tuple[TapePlace, Part, int]]:
        """Yield the parts that have rows from a place on up to a moment.

        Each part comes with the place of its first such row, and the row after its last one.
        """
        piece, number, row = place
        while piece < len(self.pieces) and self.pieces[piece].first <= until:
            parts = self.parts(piece)
            while number < len(parts):
                part = parts[number]
                end = int(np.searchsorted(part.moments, until, "right"))
                if end > row:
                    yield TapePlace(piece, number, row), part, end
                if end < len(part.moments):
                    return
                number, row = number + 1, 0
            piece, number = piece + 1, 0


def _alike(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Give batches the same columns, with dictionary codes that have room for all words."""
    names = list(dict.fromkeys(name for batch in batches for name in batch.schema.names))
    names.sort(key=lambda name: name == "extra")
    alike = []
    for batch in batches:
        there = set(batch.schema.names)
        columns = {}
        for name in names:
            if name in there:
                column = batch[name]
                if pa.types.is_dictionary(column.type):
                    column = column.cast(_WORDS)
            else:
                column = pa.nulls(len(batch), _kind(name))
            columns[name] = column
        alike.append(pa.RecordBatch.from_pydict(columns))
    return alike


_WORDS = pa.dictionary(pa.int32(), pa.string())


def _kind(name: str) -> Any:
    if name in ("received", "time"):
        return pa.int64()
    return pa.map_(pa.string(), pa.string()) if name == "extra" else _WORDS


def _ordered(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Moments]:
    """Return the rows in the order in which they are replayed, and the moment of each.

    A mark comes right after the last event that its recorder had dispatched, and not before it was
    made.
    """
    received = batch["received"].to_numpy()
    marked = _marked(batch)
    if not marked.any():
        if (np.diff(received) < 0).any():
            order = np.argsort(received, kind="stable")
            batch, received = batch.take(pa.array(order)), received[order]
        return batch, received
    after, at = received.copy(), received.copy()
    rows = np.flatnonzero(marked)
    for row, pairs in zip(
        rows.tolist(), batch["extra"].take(pa.array(rows)).to_pylist(), strict=True
    ):
        headers = dict(pairs or ())
        numbers = [headers.get("after", ""), headers.get("at", "")]
        if all(map(is_count, numbers)):
            after[row], at[row] = map(int, numbers)
    order = np.lexsort((marked, after))
    moments = np.where(marked, at, received)[order]
    # The moment of a mark is no later than that of the event that follows it.
    moments = np.minimum.accumulate(moments[::-1])[::-1]
    return batch.take(pa.array(order)), moments


def _marked(batch: pa.RecordBatch) -> Moments:
    names = batch["event"]
    if not set(STATE_ROWS) & set(names.dictionary.to_pylist()):
        return np.zeros(len(batch), bool)
    found: Moments = pc.is_in(names, pa.array(STATE_ROWS)).to_numpy(zero_copy_only=False)
    return found


def _part(batch: pa.RecordBatch, moments: Moments) -> Part:
    marked = _marked(batch)
    before = np.concatenate([[0], np.cumsum(~marked)])
    shown = batch.filter(pa.array(~marked)) if marked.any() else batch
    return Part(batch, moments, shown, before)
