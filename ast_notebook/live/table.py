"""Tables of rows by key: one thread changes them, any thread reads or follows them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ast_notebook.units import SECOND

Row = dict[str, Any]

END_OF_TIME = 253_402_128_000  # the last days of 9999, in seconds since 1970: each zone has it
MOST = 20_000  # rows of a table at most, since names come from the wire
LEFT_OUT = f"there are at least {MOST:,} of these, and those beyond are left out"


class Follower:
    """Tells which rows changed since it was last asked.

    Parameters
    ----------
    tables : mapping
        The tables to follow, by name.
    """

    def __init__(self, tables: Mapping[str, LiveTable]) -> None:
        self._tables = tables
        self._changed: dict[str, set[str]] = {}
        for name, table in tables.items():
            with table.lock:  # otherwise, a row that comes right now would be missed
                changed = self._changed[name] = set(table)
                table.followers.append(changed)

    def take(self) -> dict[str, set[str]]:
        """Return the keys that changed or went since the last time; at first, all keys."""
        taken = {}
        for name, changed in self._changed.items():
            if changed:
                with self._tables[name].lock:
                    taken[name] = set(changed)
                    changed.clear()
        return taken

    def has_news(self) -> bool:
        """Tell whether there is anything to take."""
        return any(self._changed.values())

    def close(self) -> None:
        """Stop following."""
        for name, changed in self._changed.items():
            table = self._tables[name]
            with table.lock:
                table.followers = [one for one in table.followers if one is not changed]


class LiveTable:
    """A table of the things of one kind that exist now, one row for each.

    Parameters
    ----------
    fields : mapping of str to object
        The names of a row's fields, and their values while nothing is known.
    times : iterable of str
        The fields that are moments: seconds since 1970 in a row, UTC in a frame.
    counts : iterable of str
        The fields that are whole numbers.

    Attributes
    ----------
    silent : str
        Why the table is unknown: a permission that the login lacks. Empty if it is known.
    most : float
        How many rows the table may have; further rows are left out.
    left_out : int
        How often a row was left out since the table was complete.
    listed : set of str or None
        The keys that a list under way has named so far; None while there is no list.
    """

    def __init__(
        self, fields: Mapping[str, Any], times: Iterable[str] = (), counts: Iterable[str] = ()
    ) -> None:
        self.fields = dict(fields)
        self.times = tuple(times)
        self.counts = tuple(counts)
        self.silent = ""
        self.most: float = MOST
        self.left_out = 0
        self._left_out_before = 0
        self.lock = threading.RLock()
        self.followers: list[set[str]] = []
        self._rows: dict[str, Row] = {}
        self.listed: set[str] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Any:
        """Iterate over the keys as they are now."""
        return iter(list(self._rows))

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    @property
    def missing(self) -> str:
        """What the table lacks, in words: that rows are left out, and the text of `silent`."""
        return "; ".join(filter(None, (LEFT_OUT if self.left_out else "", self.silent)))

    def get(self, key: str) -> Row | None:
        """Return a row, or None; only for the dispatcher's thread, which changes the rows."""
        return self._rows.get(key)

    def rows(self, keys: Iterable[str] | None = None) -> dict[str, Row]:
        """Return copies of the rows, or of those rows that `keys` names."""
        with self.lock:
            if keys is None:
                return {key: dict(row) for key, row in self._rows.items()}
            return {key: dict(self._rows[key]) for key in keys if key in self._rows}

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame with a column for each field; unknown values are missing."""
        return to_frame(self, self.rows().values())

    # --- for the dispatcher's thread -----------------------------------------------------------

    def put(self, key: str, **fields: Any) -> Row:
        """Set fields of a row, which is added if it is missing, and tell the followers."""
        with self.lock:
            row = self._rows.get(key)
            if row is None:
                # A list that is heard replaces the rows that are there.
                if len(self._rows if self.listed is None else self.listed) >= self.most:
                    self.left_out += 1
                    return {**self.fields, **fields}
                row = self._rows[key] = dict(self.fields)
            row.update(fields)
            if self.listed is not None:
                self.listed.add(key)
            for changed in self.followers:
                changed.add(key)
            return row

    def change(self, key: str, **fields: Any) -> Row | None:
        """Set fields of an existing row; return None if there is no such row."""
        return self.put(key, **fields) if key in self._rows else None

    def drop(self, key: str) -> Row | None:
        """Remove a row, and return it; None if there was no such row."""
        with self.lock:
            row = self._rows.pop(key, None)
            if row is not None:
                for changed in self.followers:
                    changed.add(key)
            return row

    def replace(self, rows: Mapping[str, Row]) -> bool:
        """Put other rows in place of all, in their order, and tell whether anything changed."""
        with self.lock:
            former, self._rows = self._rows, {key: self.fields | row for key, row in rows.items()}
            changed = {
                key
                for key in former.keys() | self._rows.keys()
                if former.get(key) != self._rows.get(key)
            }
            for followed in self.followers:
                followed.update(changed)
            return bool(changed)

    def begin_list(self) -> None:
        """Begin a list: from now on, note the rows that are put."""
        self.listed = set()
        self._left_out_before = self.left_out

    def give_up_list(self) -> list[Row]:
        """End a list that did not come whole: all rows are kept, and so none is returned."""
        self.listed = None
        return []

    def end_list(self) -> list[Row]:
        """Remove the rows that were not put since `begin_list`, and return them."""
        listed, self.listed = self.listed, None
        if listed is None:
            return []
        self.left_out -= self._left_out_before
        gone = [self.drop(key) for key in self if key not in listed]
        return [row for row in gone if row is not None]


def to_frame(table: LiveTable, rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows of a table as a frame."""
    frame = pd.DataFrame(list(rows), columns=list(table.fields))
    for name, unknown in table.fields.items():
        if name in table.times:
            seconds = pd.to_numeric(frame[name]).astype("float64")
            seconds = seconds.where(seconds.between(0, END_OF_TIME, inclusive="left"))
            # Of seconds with a fraction, pandas makes nanoseconds, which end in the year 2262.
            microseconds = (seconds * SECOND).round().astype("Int64")
            frame[name] = pd.to_datetime(microseconds, unit="us", utc=True)
        elif name in table.counts:
            frame[name] = frame[name].astype("Int64")
        elif isinstance(unknown, str):
            frame[name] = frame[name].astype("str").replace("", None)
        elif isinstance(unknown, bool):
            frame[name] = frame[name].astype("boolean" if frame[name].isna().any() else bool)
        else:
            frame[name] = frame[name].astype("Float64")
    return frame
