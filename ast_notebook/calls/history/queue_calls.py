"""One queue call of a queue_log, `QueueCall`, and what a single entry tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.units import SECOND

#: The events that end a wait without an agent. Asterisk does not log callers whom it does not let
#: in, but FreePBX's own scripts and some drivers do.
ENDS = {
    "ABANDON": "ABANDONED",
    "EXITWITHTIMEOUT": "TIMEOUT",
    "EXITWITHKEY": "KEY",
    "EXITEMPTY": "LEAVE EMPTY",
    "WITHDRAW": "TRANSFERRED",  # by the manager's QueueWithdrawCaller
}
COMPLETED = {"COMPLETECALLER": "caller", "COMPLETEAGENT": "callee"}
TRANSFERRED = ("TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER")
#: The field with the seconds that the caller had waited; for other entries, the clock tells them.
_WAITED = {
    "CONNECT": "data1",
    "ABANDON": "data3",
    "EXITWITHTIMEOUT": "data3",
    "EXITEMPTY": "data3",
    "EXITWITHKEY": "data4",
    "WITHDRAW": "data3",
}
#: The field with the first position of the caller in line.
_POSITION = {"EXITWITHKEY": "data3"} | dict.fromkeys(
    ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW"), "data2"
)


def waited(record: Mapping[str, Any], event: str) -> int | None:
    """Return how long a caller had waited, in microseconds; None if the entry does not tell."""
    seconds = whole_of(record, _WAITED[event]) if event in _WAITED else None
    return None if seconds is None else seconds * SECOND


def first_position(record: Mapping[str, Any], event: str) -> int | None:
    """Return the first position of a caller in line; None if the entry does not tell."""
    return whole_of(record, _POSITION[event]) if event in _POSITION else None


@dataclass(eq=False)
class QueueCall:
    """A caller in a queue; times are in microseconds, and are whole seconds.

    Attributes
    ----------
    end : int, optional
        When he left the line.
    over : int, optional
        When the agent's work with him ended, too, so that no further entry is about him.
    transferred : bool
        Whether the agent transferred him.
    is_timed : bool
        Whether the time at which he came is known. If it is not, `start` is when he left.
    """

    queue: str | None
    start: int
    caller: str | None = None
    position: int | None = None
    end: int | None = None
    wait: int | None = None
    outcome: str | None = None
    agent: str | None = None
    interface: str | None = None
    ring: int | None = None
    talk: int | None = None
    hangup_by: str | None = None
    over: int | None = None
    transferred: bool = False
    is_timed: bool = True

    def leave(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Take the values of the entry that says that the caller left the line."""
        wait = waited(record, event)
        self.end = moment
        self.wait = wait
        if wait is None and self.is_timed:
            self.wait = moment - self.start
        self.outcome = ENDS.get(event, "ANSWERED")
        if event == "CONNECT":
            ring = whole_of(record, "data3")
            self.ring = None if ring is None else ring * SECOND
        else:
            self.over = moment

    def finish(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Take the values of the entry that says that the agent's work with him ended."""
        talk = talked(record, event)
        self.talk = moment - (self.end or moment) if talk is None else talk
        self.hangup_by = COMPLETED.get(event)
        self.transferred = event in TRANSFERRED
        self.over = moment

    def row(self, call: str | None) -> dict[str, Any]:
        """Return it as a row of the frame of queue calls."""
        names = ("queue", "start", "end", "wait", "outcome", "agent", "ring", "talk", "hangup_by")
        more = {"call": call, "caller": self.caller, "position": self.position}
        row = {name: getattr(self, name) for name in names} | more
        return row if self.is_timed else row | {"start": None}


def talked(record: Mapping[str, Any], event: str) -> int | None:
    """Return how long an agent had talked, in microseconds; None if the entry does not tell.

    The field before these seconds names who was called (``EXTEN|CONTEXT``), what was joined
    (``BRIDGE|ID``, ``APP|NAME``), or both channels that were linked (``LINK|ONE|OTHER``).
    """
    if event in COMPLETED:
        place = "data2"
    elif event == "ATTENDEDTRANSFER" and text_of(record, "data1") == "LINK":
        place = "data5"
    else:
        place = "data4"
    seconds = whole_of(record, place)
    return None if seconds is None else seconds * SECOND
