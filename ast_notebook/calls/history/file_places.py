"""Numbers the lines of several files that are read as one log, and tells where each line is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import pandas as pd

from ast_notebook.calls.history.lines import Bad
from ast_notebook.show import plain


class FilePlaces:
    """The files of one log, whose lines have numbers that go on from one file to the next.

    Parameters
    ----------
    names : sequence of str
        The files.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._begins = [0]  # the number before the first line of each file
        self._last = 0

    def begin(self) -> None:
        """Begin with the first file; the files may be read repeatedly."""
        self._begins = [0]
        self._last = 0

    def number(self, line: int) -> int:
        """Return the number of a line of the present file."""
        self._last = max(self._last, self._begins[-1] + line)
        return self._begins[-1] + line

    def bad_of(self, bad: Bad) -> Bad:
        """Return the object to which the bad lines of the present file are added."""
        return _BadOf(bad, self)

    def over(self) -> None:
        """End the present file."""
        self._begins.append(self._last)

    def named(self, bad: pd.DataFrame) -> pd.DataFrame:
        """Return bad records with the file of each, if there are several files."""
        if len(self._names) == 1:
            return bad
        places = [bisect_right(self._begins, line - 1) - 1 for line in bad["line"]]
        files = [plain(self._names[min(place, len(self._names) - 1)]) for place in places]
        lines = [
            line - self._begins[place] for line, place in zip(bad["line"], places, strict=True)
        ]
        found = bad.assign(line=pd.array(lines, dtype="int64"))
        found.insert(0, "file", pd.Series(files, found.index, dtype="str"))
        return found


class _BadOf(Bad):
    """Adds the bad lines of one file to those of all files."""

    def __init__(self, whole: Bad, places: FilePlaces) -> None:
        super().__init__()
        self._whole = whole
        self._places = places

    def add(self, number: int, reason: object, text: object) -> None:
        """Add a bad line."""
        self._whole.add(self._places.number(number), reason, text)
