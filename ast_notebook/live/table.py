"""Rows by key that one thread changes, any thread reads, and those who follow hear of."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

Row = dict[str, Any]

MOST = 20_000  # names come from the wire: a table does not grow without bounds


class Follower:
    """Someone who wants to know which rows changed since he last asked.

    Parameters
    ----------
    tables : mapping
        The tables to follow, by name.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._changed: dict[str, set[str]] = {}
        for name, table in tables.items():
            with table.lock:  # else a row that comes just now would be missed
                changed = self._changed[name] = set(table)
                table.followers.append(changed)

    def take(self) -> dict[str, set[str]]:
        """Return the keys that changed, or are gone, since the last time; all of them at first."""
        taken = {}
        for name, changed in self._changed.items():
            if changed:
                with self._tables[name].lock:
                    taken[name] = set(changed)
                    changed.clear()
        return taken

    def close(self) -> None:
        """Follow no more."""
        for name, changed in self._changed.items():
            table = self._tables[name]
            with table.lock:
                table.followers = [one for one in table.followers if one is not changed]


class Table:
    """Things of one kind that are there now, a row each.

    Parameters
    ----------
    fields : mapping of str to object
        The names of a row's fields, and what they are while nothing is known.
    times : iterable of str
        Those of the fields that are moments: seconds since 1970 in a row, UTC in a frame.

    Attributes
    ----------
    silent : str
        What is not known, and why: a permission that the login lacks. Empty if all is well.
    """

    def __init__(self, fields: Mapping[str, Any], times: Iterable[str] = ()) -> None:
        self.fields = dict(fields)
        self.times = tuple(times)
        self.silent = ""
        self.lock = threading.RLock()
        self.followers: list[set[str]] = []
        self._rows: dict[str, Row] = {}
        self._listed: set[str] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Any:
        """Iterate over the keys as they are now."""
        return iter(list(self._rows))

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Row | None:
        """Return a row, or None; for the dispatcher's thread, which alone changes it."""
        return self._rows.get(key)

    def rows(self, keys: Iterable[str] | None = None) -> dict[str, Row]:
        """Return copies of the rows, or of those of them that `keys` names and that are there."""
        with self.lock:
            if keys is None:
                return {key: dict(row) for key, row in self._rows.items()}
            return {key: dict(self._rows[key]) for key in keys if key in self._rows}

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame, a column a field; what is not known is missing."""
        return to_frame(self, self.rows().values())

    # --- for the dispatcher's thread -----------------------------------------------------------

    def put(self, key: str, **fields: Any) -> Row:
        """Set fields of a row, made anew if it is not there, and tell the followers."""
        with self.lock:
            row = self._rows.get(key)
            if row is None:
                if len(self._rows) >= MOST:
                    return {**self.fields, **fields}
                row = self._rows[key] = dict(self.fields)
            row.update(fields)
            if self._listed is not None:
                self._listed.add(key)
            for changed in self.followers:
                changed.add(key)
            return row

    def change(self, key: str, **fields: Any) -> Row | None:
        """Set fields of a row that is there; None if it is not."""
        return self.put(key, **fields) if key in self._rows else None

    def drop(self, key: str) -> Row | None:
        """Take a row away, and return it if it was there."""
        with self.lock:
            row = self._rows.pop(key, None)
            if row is not None:
                for changed in self.followers:
                    changed.add(key)
            return row

    def begin_list(self) -> None:
        """Take note, from here on, of the rows that are put."""
        self._listed = set()

    def keep_list(self) -> list[Row]:
        """Give the list up, and keep all rows."""
        self._listed = None
        return []

    def end_list(self) -> list[Row]:
        """Take away the rows that were not put since `begin_list`, and return them."""
        listed, self._listed = self._listed, None
        if listed is None:
            return []
        gone = [self.drop(key) for key in self if key not in listed]
        return [row for row in gone if row is not None]


def to_frame(table: Table, rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows of a table as a frame."""
    frame = pd.DataFrame(list(rows), columns=list(table.fields))
    for name, unknown in table.fields.items():
        if name in table.times:
            seconds = pd.to_numeric(frame[name])
            frame[name] = pd.to_datetime(seconds, unit="s", utc=True).dt.as_unit("us")
        elif isinstance(unknown, str):
            frame[name] = frame[name].astype("str").replace("", None)
        elif isinstance(unknown, bool):
            frame[name] = frame[name].astype("boolean" if frame[name].isna().any() else bool)
        elif unknown is None:
            frame[name] = frame[name].astype("Float64")
        else:
            frame[name] = frame[name].astype("Int64")
    return frame
