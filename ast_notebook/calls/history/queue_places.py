"""Finds queue calls that are in line or with an agent, fast for any number of them.

No caller has a hundred places at once, and no hundred callers come in one second. If a log has
more, only that many are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ast_notebook.calls.history.queue_calls import QueueCall
from ast_notebook.calls.history.queue_log_call import QueueLogCall
from ast_notebook.units import SECOND

MOST = 100  # queue calls that are checked
_Some = dict[QueueCall, None]


class Places:
    """Queue calls of one queue that are in line, or that are with an agent."""

    def __init__(self) -> None:
        self._of: dict[QueueCall, tuple[QueueLogCall, int]] = {}
        self._by_call: dict[QueueLogCall, _Some] = {}
        self._by_second: dict[int, _Some] = {}

    def put(self, one: QueueCall, call: QueueLogCall, since: int) -> None:
        """Add a queue call of a call, whose place begins at a moment."""
        self.pop(one)
        second = since // SECOND
        self._of[one] = call, second
        self._by_call.setdefault(call, {})[one] = None
        self._by_second.setdefault(second, {})[one] = None

    def pop(self, one: QueueCall) -> QueueLogCall | None:
        """Remove a queue call, and return its call; None if it was not there."""
        if one not in self._of:
            return None
        call, second = self._of.pop(one)
        for found, key in ((self._by_call, call), (self._by_second, second)):
            _drop(found, key, one)
        return call

    def owner(self, one: QueueCall) -> QueueLogCall:
        """Return the call that a queue call was part of when it came."""
        return self._of[one][0]

    def of(self, call: QueueLogCall | None) -> list[QueueCall]:
        """Return the queue calls of a call, in the order in which they came."""
        return [] if call is None else list(islice(self._by_call.get(call, ()), MOST))

    def near(self, moment: int) -> Iterator[QueueCall]:
        """Yield the queue calls whose place began within a second of a moment."""
        second = moment // SECOND
        for each in (second - 1, second, second + 1):
            yield from islice(self._by_second.get(each, ()), MOST)


def _drop(found: dict[Any, _Some], key: object, one: QueueCall) -> None:
    some = found[key]
    del some[one]
    if not some:
        del found[key]
