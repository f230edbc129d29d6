"""Objects in a temporary file, so that more of them take no more memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any


class Spill:
    """A temporary file of objects, which are read by their places; `spilling` opens one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0

    @property
    def end(self) -> int:
        """The place of the next object that is put."""
        return self._end

    def put(self, one: Any) -> int:
        """Write an object after all others, and return its place."""
        place = self._end
        if self._file.tell() != place:  # a seek writes what is buffered
            self._file.seek(place)
        pickle.dump(one, self._file, pickle.HIGHEST_PROTOCOL)
        self._end = self._file.tell()
        return place

    def get(self, place: int) -> Any:
        """Return the object at a place."""
        self._file.seek(place)
        # The file belongs to this process, and has no name by which another one could write to it.
        return pickle.load(self._file)  # noqa: S301

    def between(self, place: int, end: int) -> Iterator[Any]:
        """Yield the objects from one place up to another."""
        while place < end:
            found = self.get(place)
            place = self._file.tell()
            yield found


@contextmanager
def spilling() -> Iterator[Spill]:
    """Open a file of objects, which is gone at the end.

    Examples
    --------
    >>> with spilling() as spill:
    ...     places = [spill.put(word) for word in ("one", "two")]
    ...     [spill.get(place) for place in reversed(places)]
    ['two', 'one']
    """
    with TemporaryFile() as file:
        yield Spill(file)
