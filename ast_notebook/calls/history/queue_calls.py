"""Queue calls of a queue_log: each time that a caller was in a queue, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ast_notebook.calls.history.clock import SECOND
from ast_notebook.calls.history.lines import text_of, whole_of

#: What ends a wait without an agent. Asterisk logs nothing of those whom it does not let in;
#: FreePBX's own scripts and some drivers do.
ENDS = {
    "ABANDON": "ABANDONED",
    "EXITWITHTIMEOUT": "TIMEOUT",
    "EXITWITHKEY": "KEY",
    "EXITEMPTY": "LEAVE EMPTY",
    "WITHDRAW": "TRANSFERRED",  # by the manager's QueueWithdrawCaller
}
COMPLETED = {"COMPLETECALLER": "caller", "COMPLETEAGENT": "callee"}
TRANSFERRED = ("TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER")
#: Where an entry tells how many seconds the caller had waited; the clock tells it of others.
_WAITED = {
    "CONNECT": "data1",
    "ABANDON": "data3",
    "EXITWITHTIMEOUT": "data3",
    "EXITEMPTY": "data3",
    "EXITWITHKEY": "data4",
    "WITHDRAW": "data3",
}
#: Where it tells the place in line that the caller had at first.
_POSITION = {"EXITWITHKEY": "data3"} | dict.fromkeys(
    ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW"), "data2"
)


def waited(record: Mapping[str, Any], event: str) -> int | None:
    """Return how long somebody had waited, as far as an entry tells, in microseconds."""
    told = whole_of(record, _WAITED[event]) if event in _WAITED else None
    return None if told is None else told * SECOND


def first_position(record: Mapping[str, Any], event: str) -> int | None:
    """Return the place in line that somebody had at first, as far as an entry tells."""
    return whole_of(record, _POSITION[event]) if event in _POSITION else None


@dataclass(eq=False)
class QueueCall:
    """A caller in a queue; times are in microseconds, and whole seconds.

    Attributes
    ----------
    end : int, optional
        When he left the line.
    over : int, optional
        When nothing more is to come: the agent's work with him ended as well.
    transferred : bool
        Whether the agent handed him over.
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

    def leave(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Take in that he is not in line any more."""
        told = waited(record, event)
        self.end = moment
        self.wait = moment - self.start if told is None else told
        self.outcome = ENDS.get(event, "ANSWERED")
        if event == "CONNECT":
            ring = whole_of(record, "data3")
            self.ring = None if ring is None else ring * SECOND
        else:
            self.over = moment

    def finish(self, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Take in that the agent's work with him ended."""
        told = talked(record, event)
        self.talk = moment - (self.end or moment) if told is None else told
        self.hangup_by = COMPLETED.get(event)
        self.transferred = event in TRANSFERRED
        self.over = moment

    def row(self, call: str) -> dict[str, Any]:
        """Return it as a row of the visits frame."""
        names = ("queue", "start", "end", "wait", "outcome", "agent", "ring", "talk", "hangup_by")
        more = {"call": call, "caller": self.caller, "position": self.position}
        return {name: getattr(self, name) for name in names} | more


def talked(record: Mapping[str, Any], event: str) -> int | None:
    """Return how long an agent had talked, as far as an entry tells, in microseconds.

    Before it is who was called (``EXTEN|CONTEXT``), what was joined (``BRIDGE|ID``, ``APP|NAME``),
    or both channels that were linked (``LINK|ONE|OTHER``).
    """
    if event in COMPLETED:
        place = "data2"
    elif event == "ATTENDEDTRANSFER" and text_of(record, "data1") == "LINK":
        place = "data5"
    else:
        place = "data4"
    told = whole_of(record, place)
    return None if told is None else told * SECOND
