"""A call of a queue_log: its queue calls, and the row that they make."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.queue_calls import QueueCall
from ast_notebook.calls.linkedids import age
from ast_notebook.calls.queues import REFUSED
from ast_notebook.units import SECOND

_LOOKED_AT = 100  # the most queue calls in which the caller's number is looked for
#: Columns that depend on all queues of a call.
_OF_ALL = (
    "start",
    "answered",
    "answered_by",
    "answered_device",
    "ring",
    "talk",
    "transfers",
    "wait",
)


class QueueLogCall:
    """A call, and its queue calls in the order in which they began.

    Attributes
    ----------
    ids : set of str
        The uniqueids that it has had in the log.
    is_known : bool
        Whether the log has a real uniqueid of it.
    last : int
        The time of the last entry about it.
    latest : mapping, optional
        Its last entry of a kind that cannot come twice in a row.
    queue_calls : dict
        The queue calls, in the order of their first entries.
    unsettled : dict
        The queue calls that may change if the call comes to a queue again: ABANDONED ones, and
        those without an end.

    Parameters
    ----------
    callid : str
        The uniqueid.
    moment : int
        The time of the first entry about it.
    is_known : bool
        Whether `callid` is a uniqueid; otherwise it was made up here.
    """

    def __init__(self, callid: str, moment: int, *, is_known: bool = True) -> None:
        self.ids = {callid}
        self._first = callid
        self.is_known = is_known
        self.start = self.last = moment
        self.latest: Mapping[str, Any] | None = None
        self.did: str | None = None
        self.transfers = 0
        self.failed = False
        self.queue_calls: dict[QueueCall, None] = {}
        self.unsettled: dict[QueueCall, None] = {}
        self._is_sorted = True

    @property
    def name(self) -> str | None:
        """The oldest of its uniqueids, which is the id of the call."""
        return min(self.ids, key=age) if self.is_known else None

    @property
    def caller(self) -> str | None:
        """The caller's number, by the first of its queue calls that has one."""
        few = islice(self.queue_calls, _LOOKED_AT)
        return next((one.caller for one in few if one.caller), None)

    def add(self, one: QueueCall) -> None:
        """Take in another queue call."""
        self.queue_calls[one] = self.unsettled[one] = None

    def hand_over(self, one: QueueCall, other: QueueLogCall) -> None:
        """Make a queue call part of another call."""
        del self.queue_calls[one]
        self.unsettled.pop(one, None)
        other.add(one)
        other._is_sorted = False

    def _ordered(self) -> list[QueueCall]:
        if self._is_sorted:
            return list(self.queue_calls)
        return sorted(self.queue_calls, key=lambda one: one.start)

    def is_over(self) -> bool:
        """Whether all its queue calls are over."""
        return bool(self.queue_calls) and all(one.over is not None for one in self.queue_calls)

    def row(self, begun: int) -> dict[str, Any]:
        """Return it as a row of the calls frame; `begun` is when the log begins.

        If the call began before the log, or its uniqueid is unknown, nobody knows in which other
        queues it had been. Values that depend on all of them are missing then.
        """
        made, row = born(self._first), self._row(self._ordered())
        made, row = born(self._first), self._row(self._ordered())
        # A uniqueid has whole seconds, a log may have fractions.
        if self.is_known and (made is None or made // SECOND >= begun // SECOND):
            return row
        answered = row["disposition"] == "ANSWERED"
        return row | dict.fromkeys(_OF_ALL) | {"disposition": "ANSWERED" if answered else None}

    def _row(self, queue_calls: list[QueueCall]) -> dict[str, Any]:
        waits = [one.wait for one in queue_calls if one.wait is not None]
        row: dict[str, Any] = {
            "call": self.name,
            "start": self.start if all(one.is_timed for one in queue_calls) else None,
            "did": self.did,
            # Transfers outside of queues are not logged, so 0 would be a guess.
            "transfers": self.transfers or None,
            "caller": next((one.caller for one in queue_calls if one.caller), None),
        }
        if not queue_calls:
            return row | {"disposition": "FAILED" if self.failed else None}
        last = queue_calls[-1]
        joined = [one for one in queue_calls if one.outcome not in REFUSED.values()]
        # After an exit, a transfer or an agent's hangup, the call may go on: no entry tells that.
        by_caller = last.hangup_by == "caller"
        row |= {
            "queue": last.queue,
            "wait": sum(waits) if joined and waits else None,
            "disposition": self._disposition(last),
            "hangup_by": last.hangup_by if by_caller else None,
            "end": last.over if by_caller or last.outcome == "ABANDONED" else None,
        }
        answered = [one for one in queue_calls if one.outcome == "ANSWERED"]
        if answered:
            first = answered[0]
            row |= {
                "answered": first.end,
                "answered_by": _number(first),
                "answered_device": _telephone(first),
                "ring": first.ring,
                "talk": self._talk(answered),
            }
        return row

    def _disposition(self, last: QueueCall) -> str | None:
        if any(one.outcome == "ANSWERED" for one in self.queue_calls):
            return "ANSWERED"
        if last.outcome is None:
            return "FAILED" if self.failed else None
        return "ABANDONED" if last.outcome == "ABANDONED" else "NO ANSWER"

    def _talk(self, answered: Iterable[QueueCall]) -> int | None:
        """Return the sum of the talks with agents; None if the caller may have talked elsewhere."""
        starts = sorted(one.start for one in self.queue_calls)
        total = 0
        for one in answered:
            if one.talk is None or one.over is None:
                return None
            following = bisect_right(starts, one.start)
            until = one.over + SECOND
            if one.transferred and (following == len(starts) or starts[following] > until):
                return None
            total += one.talk
        return total


def _telephone(one: QueueCall) -> str | None:
    """Return the telephone that answered; None if the log has none, or a Local channel."""
    interface = one.interface
    return None if interface is None or interface.startswith("Local/") else interface


def _number(one: QueueCall) -> str | None:
    """Return who answered: the telephone without its technology, or the agent's name."""
    telephone = _telephone(one)
    if telephone is not None:
        return telephone.partition("/")[2]
    return None if one.interface is not None and one.agent == one.interface else one.agent
