"""The Asterisk database in a replay: entries that were written in it, or that the record has."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ast_notebook.replay.clock import ReplayClock
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.tape import Tape
from ast_notebook.replay.told import OK, REFUSED, ReplayedAnswer, not_recorded

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
        self._recorded: list[_DatabaseEntry] | None = None
        self._lock = threading.Lock()

    def follow(self, action: str, headers: Mapping[str, str]) -> None:
        """Note what an action would have written or deleted: DBPut and DBDel… do so, no others.

        A DBDelTree takes its family as a name here; Asterisk takes it as a pattern, too.
        """
        whole = f"{headers.get('Family', '')}/{headers.get('Key', '')}"
        kind = action.lower()
        changed: dict[str, str | None] = {}
        if kind == "dbput":
            changed = {whole: headers.get("Val", "")}
        elif kind == "dbdel":
            changed = {whole: None}
        elif kind == "dbdeltree" and headers.get("Family"):
            changed = {key: None for key in self._entries() if _is_below(key, headers)}
        with self._lock:
            self._writes += [_DatabaseEntry(self._clock.at, *one) for one in changed.items()]

    def get(self, action: Mapping[str, str]) -> ReplayedAnswer:
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
            return ReplayedAnswer({**REFUSED, "Message": "Database entry not found"})
        return ReplayedAnswer(OK, [("DBGetResponse", {"Family": family, "Key": key, "Val": value})])

    def tree(self, action: Mapping[str, str]) -> ReplayedAnswer:
        """Answer a DBGetTree with the entries that are known."""
        entries = [
            ("DBGetTreeResponse", {"Key": f"/{name}", "Val": value})
            for name, value in sorted(self._entries().items())
            if value is not None and _is_below(name, action)
        ]
        return ReplayedAnswer(OK, entries)

    def _entries(self) -> dict[str, str | None]:
        """Return the values of the entries that are known now; None for a deleted one."""
        if self._recorded is None:
            self._recorded = list(self._heard())
        now = self._clock.at
        with self._lock:
            known = [one for one in (*self._recorded, *self._writes) if one.at <= now]
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


def _is_below(entry: str, headers: Mapping[str, str]) -> bool:
    """Tell whether an entry is one of a tree, given the headers that name the tree."""
    top = "/".join(filter(None, (headers.get("Family"), headers.get("Key"))))
    return not top or entry == top or entry.startswith(f"{top}/")
