"""Records that stand newest first, as many reports have them, turned round."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from tempfile import TemporaryFile
from typing import TypeVar

from ast_notebook.calls.history.clock import SECOND, Clock, born
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.history.records import Record

_Found = TypeVar("_Found", bound=tuple[int, object, Record | ValueError | None])
_LOOKED_AT = 2000  # records at the beginning, which tell the order of all
_MANY = 10_000  # records that are turned round at a time
#: So many times as often do moments fall as they rise, where the newest stand first.
_MOSTLY = 4
_ONE = 1  # that two records stand so tells nothing


def oldest_first(
    found: Iterable[_Found], kind: str, clock: Clock, notes: list[str]
) -> Iterator[_Found]:
    """Yield what was found, the oldest first; if it had to be turned round, note that.

    It takes a file of the system's own to do so, and no more memory for more records.

    Parameters
    ----------
    found : iterable of tuple
        A number, the text and the record, which may be none.
    kind : str
        ``cdr``, ``cel`` or ``queue_log``.
    clock : Clock
        What reads the times; it is used up by this.
    notes : list of str
        What should be known of the reading.
    """
    source = iter(found)
    head = list(islice(source, _LOOKED_AT))
    if not _falls([_moments(record, kind, clock) for _, _, record in head]):
        yield from head
        yield from source
        return
    notes.append("the newest records stand first: they were read from the last to the first")
    yield from _reversed(chain(head, source))


def _falls(moments: list[tuple[int | None, ...]]) -> bool:
    """Tell whether moments stand newest first: of several, one mostly falls, and none rises.

    Records stand by their end or by their start; the other one may go up and down.
    """
    mostly = False
    for column in zip(*(some for some in moments if some), strict=True):
        known = [moment for moment in column if moment is not None]
        rising = sum(one < other for one, other in pairwise(known))
        falling = sum(one > other for one, other in pairwise(known))
        if rising > falling:
            return False
        mostly = mostly or falling > _ONE + _MOSTLY * rising
    return mostly


def _moments(record: Record | ValueError | None, kind: str, clock: Clock) -> tuple[int | None, ...]:
    """Return by what a record may be put in order; nothing where it does not tell for sure."""
    if record is None or isinstance(record, ValueError):
        return ()
    clock.forget()
    try:
        if kind == "cdr":
            near = born(text_of(record, "uniqueid"))
            start = clock.read(record.get("start"), near)
            length = whole_of(record, "duration")
            end = clock.read(record.get("end"), near)
            if end is None and start is not None and length is not None:
                end = start + length * SECOND
            found: tuple[int | None, ...] = (start, end)
        else:
            name = "eventtime" if kind == "cel" else "time"
            found = (clock.read(record.get(name)),)
    except (ValueError, OverflowError):
        return ()
    # Within a second, Asterisk itself writes some out of order.
    return () if clock.unsure else tuple(None if one is None else one // SECOND for one in found)


def _reversed(found: Iterator[_Found]) -> Iterator[_Found]:
    places = []
    with TemporaryFile() as file:
        while some := list(islice(found, _MANY)):
            places.append(file.tell())
            pickle.dump(some, file, pickle.HIGHEST_PROTOCOL)
        for place in reversed(places):
            file.seek(place)
            # It is this process's own, and has no name by which another one could write to it.
            yield from reversed(pickle.load(file))  # noqa: S301
