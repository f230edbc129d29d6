"""A queue_log's entries into visits: each stay of a caller in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.clock import SECOND
from ast_notebook.calls.history.growing import Rows
from ast_notebook.calls.history.lines import text_of, whole_of
from ast_notebook.calls.queues import REFUSED

#: What ends a stay without an agent. Asterisk logs nothing of those whom it does not let in;
#: FreePBX's own scripts and some drivers do.
_ENDS = {
    "ABANDON": "ABANDONED",
    "EXITWITHTIMEOUT": "TIMEOUT",
    "EXITWITHKEY": "KEY",
    "EXITEMPTY": "LEAVE EMPTY",
}
#: Where an entry tells how many seconds the caller had waited; the clock tells it of others.
_WAITED = {
    "CONNECT": "data1",
    "ABANDON": "data3",
    "EXITWITHTIMEOUT": "data3",
    "EXITEMPTY": "data3",
    "EXITWITHKEY": "data4",
}
_COMPLETED = {"COMPLETECALLER": "caller", "COMPLETEAGENT": "callee"}
_TRANSFERRED = ("TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER")


def waited(record: Mapping[str, Any], event: str, moment: int, joined: int | None) -> int | None:
    """Return how long somebody who joined then had waited, by the entry or else by the clock."""
    told = whole_of(record, _WAITED[event]) if event in _WAITED else None
    if told is not None:
        return told * SECOND
    return None if joined is None else moment - joined


class Stays:
    """Makes visits of a queue's log, which has whole seconds.

    A caller whom somebody moved elsewhere while he waited is one who ABANDONED here: Asterisk logs
    him so.

    Parameters
    ----------
    rows : Rows
        Where the visits go.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._open: dict[str, dict[str, Any]] = {}
        self._connected: dict[str, int] = {}

    def take(self, callid: str, moment: int, event: str, record: Mapping[str, Any]) -> None:
        """Take an entry of a call."""
        queue = text_of(record, "queuename")
        if event == "ENTERQUEUE":
            self.give(callid)
            self._open[callid] = {
                "call": callid,
                "queue": queue,
                "start": moment,
                "caller": text_of(record, "data2"),
                "position": whole_of(record, "data3"),
            }
        elif event in REFUSED:
            self._rows.append(
                {
                    "call": callid,
                    "queue": queue,
                    "start": moment,
                    "end": moment,
                    "wait": 0,
                    "outcome": REFUSED[event],
                }
            )
        elif (visit := self._open.get(callid)) is not None:
            self._go_on(callid, visit, moment, event, record)

    def _go_on(
        self,
        callid: str,
        visit: dict[str, Any],
        moment: int,
        event: str,
        record: Mapping[str, Any],
    ) -> None:
        connected = self._connected.get(callid)
        if event == "CONNECT":
            ring = whole_of(record, "data3")
            self._left(visit, moment, record, event)
            visit["agent"] = text_of(record, "agent")
            visit["ring"] = None if ring is None else ring * SECOND
            self._connected[callid] = moment
        elif event in _ENDS:
            self._left(visit, moment, record, event)
            if event == "ABANDON":
                visit["hangup_by"] = "caller"
            self.give(callid)
        elif connected is not None and (event in _COMPLETED or event in _TRANSFERRED):
            talk = whole_of(record, "data2") if event in _COMPLETED else None
            visit["talk"] = moment - connected if talk is None else talk * SECOND
            visit["hangup_by"] = _COMPLETED.get(event)
            self.give(callid)

    @staticmethod
    def _left(visit: dict[str, Any], moment: int, record: Mapping[str, Any], event: str) -> None:
        wait = waited(record, event, moment, visit["start"])
        visit |= {"end": moment, "wait": wait, "outcome": _ENDS.get(event, "ANSWERED")}

    def give(self, callid: str) -> None:
        """Take it that nothing more comes of a call's visit, if there is one."""
        visit = self._open.pop(callid, None)
        self._connected.pop(callid, None)
        if visit is not None:
            self._rows.append(visit)

    def finish(self) -> None:
        """Take it that no further entry comes."""
        for callid in list(self._open):
            self.give(callid)
