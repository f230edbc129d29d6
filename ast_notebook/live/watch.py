"""Watches: on a device, a mailbox, or a value that is computed from the live tables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ast_notebook.live.table import Follower, LiveTable

logger = logging.getLogger(__name__)

#: It computes a value from the rows of the tables; None while it is unknown.
Compute = Callable[[], Any]


class Watch:
    """A watch on one device, one mailbox or one value, until `close`.

    Attributes
    ----------
    value : bool or int or None
        The current value; None until it is known.
    is_unsure : bool
        Whether the value may be wrong, because channels were left out of the table, or because it
        cannot be known now.
    """

    def __init__(self, name: str, changed: Callable[[Any], None], forget: Callable[[Watch], None]):
        self.name = name
        self.value: Any = None
        self.is_unsure = False
        self._closed = False
        self._changed = changed
        self._forget = forget

    def see(self, value: Any) -> None:
        """Set the value, and report it if it is new; for the dispatcher's thread."""
        if value == self.value or self._closed:
            return
        self.value = value
        try:
            self._changed(value)
        except BaseException:  # the next watch must be told all the same
            logger.exception("a function that watches %s raised an error", self.name)

    def close(self) -> None:
        """End the watch."""
        self._closed = True
        self._forget(self)


class ValueWatches:
    """Watches on values that are computed from tables; an event that changes one calls its watch.

    Parameters
    ----------
    tables : mapping
        The tables, by name.
    is_settled : callable
        It tells whether the tables are known and complete; until then, no values are computed.
    """

    def __init__(self, tables: Mapping[str, LiveTable], is_settled: Callable[[], bool]) -> None:
        self._tables = tables
        self._is_settled = is_settled
        self._follower: Follower | None = None
        self._watches: dict[Watch, tuple[frozenset[str], Compute]] = {}
        # Values are computed at events and by the clock; the lock keeps them in order.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._watches)

    def watch(
        self,
        name: str,
        tables: Collection[str],
        compute: Compute,
        changed: Callable[[Any], None],
    ) -> Watch:
        """Call `changed` with the value whenever a change of these tables makes it another one."""
        watch = Watch(name, changed, self._forget)
        with self._lock:
            if self._follower is None:
                self._follower = Follower(self._tables)
            self._watches[watch] = (frozenset(tables), compute)
        self.look(every=True)
        return watch

    def look(self, *, every: bool = False) -> None:
        """Compute the values of which a table changed, or all of them."""
        follower = self._follower
        if follower is None or not self._is_settled() or not (every or follower.has_news()):
            return
        with self._lock:
            changed = follower.take().keys()
            for watch, (tables, compute) in list(self._watches.items()):
                if every or not tables.isdisjoint(changed):
                    self._see(watch, tables, compute)

    def _see(self, watch: Watch, tables: Collection[str], compute: Compute) -> None:
        value = compute()
        watch.is_unsure = value is None or any(self._tables[name].missing for name in tables)
        if value is not None:
            watch.see(value)

    def _forget(self, watch: Watch) -> None:
        with self._lock:
            self._watches.pop(watch, None)
            if not self._watches and self._follower is not None:
                self._follower.close()
                self._follower = None
