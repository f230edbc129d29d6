"""The Asterisk database in a replay: entries that were written in it, or that the record has."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.tape import Tape
from ast_notebook.replay.told import OK, REFUSED, Told, not_recorded

#: The events in which Asterisk answers a request for entries of its database.
TOLD = ("DBGetResponse", "DBGetTreeResponse")


class _DatabaseEntry(NamedTuple):
    at: int
    key: str
    value: str | None  # None deletes it


class ReplayedDatabase:
    """Entries of the Asterisk database at the present moment of a replay.

    Parameters
    ----------
    tape : Tape
        The record; it has the entries for which somebody asked while it was made.
    clock : ReplayClock
    """

    def __init__(self, tape: Tape, clock: ReplayClock) -> None:
        self._tape = tape
        self._clock = clock
        self._writes: list[_DatabaseEntry] = []
        self._told: list[_DatabaseEntry] | None = None
        self._lock = threading.Lock()

    def put(self, action: Mapping[str, str]) -> None:
        """Note an entry that a DBPut would have written, or a DBDel deleted."""
        key = f"{action.get('Family', '')}/{action.get('Key', '')}"
        value = None if action["Action"].lower() == "dbdel" else action.get("Val", "")
        with self._lock:
            self._writes.append(_DatabaseEntry(self._clock.at, key, value))

    def get(self, action: Mapping[str, str]) -> Told:
        """Answer a DBGet."""
        family, key = action.get("Family", ""), action.get("Key", "")
        known = self._entries()
        whole = f"{family}/{key}"
        if whole not in known:
            raise not_recorded(
                "DBGet",
                f"the entry {whole} (write it in the replay first, or read it with default=…)",
            )
        value = known[whole]
        if value is None:
            return Told({**REFUSED, "Message": "Database entry not found"})
        return Told(OK, [("DBGetResponse", {"Family": family, "Key": key, "Val": value})])

    def tree(self, action: Mapping[str, str]) -> Told:
        """Answer a DBGetTree with the entries that are known."""
        family, key = action.get("Family", ""), action.get("Key", "")
        below = "/".join(filter(None, (family, key)))
        entries = [
            ("DBGetTreeResponse", {"Key": f"/{name}", "Val": value})
            for name, value in sorted(self._entries().items())
            if value is not None and (not below or name == below or name.startswith(f"{below}/"))
        ]
        return Told(OK, entries)

    def _entries(self) -> dict[str, str | None]:
        """Return the values of the entries that are known now; None for a deleted one."""
        if self._told is None:
            self._told = list(self._heard())
        now = self._clock.at
        with self._lock:
            known = [one for one in (*self._told, *self._writes) if one.at <= now]
        return {one.key: one.value for one in known}

    def _heard(self) -> Iterator[_DatabaseEntry]:
        """Yield the entries that the record has."""
        for number, piece in enumerate(self._tape.pieces):
            if piece.names.isdisjoint(TOLD):
                continue
            for part in self._tape.parts(number):
                for event in events_of(part.batch, TOLD.__contains__)[1]:
                    key = (event.get_header("Key") or "").strip("/")
                    if event.name == TOLD[0]:
                        key = f"{event.get_header('Family') or ''}/{key}"
                    yield _DatabaseEntry(event.received, key, event.get_header("Val") or "")
