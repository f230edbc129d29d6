"""The queues: their callers, their members, and their counts so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ast_notebook.ami import Event
from ast_notebook.live.table import LiveTable, Row
from ast_notebook.live.tracker import Tracker, begun, moment, number, text, truth

# The device states that the number Status of a QueueMember means.
STATES = (
    "UNKNOWN",
    "NOT_INUSE",
    "INUSE",
    "BUSY",
    "INVALID",
    "UNAVAILABLE",
    "RINGING",
    "RINGINUSE",
    "ONHOLD",
)

# The counts and means that Asterisk keeps for a queue.
_COUNTED = ("calls", "completed", "abandoned", "holdtime", "talktime", "servicelevel")

# The largest error, in seconds, of times that Asterisk sends in whole seconds.
ABOUT = 2.0

_DEVICE = re.compile(r"(?:hint:|\w+/)*([^@/]+)")


def agent_of(name: str, interface: str, state_interface: str) -> str:
    """Return the name of a member for people: its name, else the number of its device.

    FreePBX reaches agent 200 by a Local channel, and takes its state from a hint or a device.

    >>> agent_of("", "Local/200@from-queue/n", "hint:200@ext-local")
    '200'
    """
    if name and name not in (interface, state_interface):
        return name
    found = _DEVICE.match(interface)
    return found[1] if found else interface


class QueueTracker(Tracker):
    """Tracks the queues, their members and their callers."""

    reads = "agent"
    of_others = frozenset(("AttendedTransfer", "NewConnectedLine", "BridgeEnter", "Hangup"))
    untold = frozenset(("holdtime", "talktime", "servicelevel"))
    questions = compared = ({"Action": "QueueStatus"},)

    def __init__(self) -> None:
        super().__init__()
        self.queues = LiveTable(
            {
                "queue": "",
                "strategy": "",
                **dict.fromkeys(_COUNTED),
            },
            counts=_COUNTED,
        )
        self.members = LiveTable(
            {
                "queue": "",
                "interface": "",
                "agent": "",
                "name": "",
                "state_interface": "",
                "state": "UNKNOWN",
                "paused": False,
                "reason": "",
                "penalty": None,
                "calls_taken": None,
                "last_call": None,
                "in_call": False,
            },
            times=("last_call",),
            counts=("penalty", "calls_taken"),
        )
        self.callers = LiveTable(
            {
                "queue": "",
                "position": None,
                "channel": "",
                "uniqueid": "",
                "caller": "",
                "caller_name": "",
                "since": None,
            },
            times=("since",),
            counts=("position",),
        )
        self.absent = LiveTable(
            {
                "queue": "",
                "interface": "",
                "agent": "",
                "name": "",
                "state_interface": "",
                "penalty": None,
                "since": None,
            },
            times=("since",),
            counts=("penalty",),
        )
        self.remembered = {"absent": self.absent}
        self.tables = {"queues": self.queues, "members": self.members, "callers": self.callers}
        self._connected: dict[str, float] = {}
        member = dict.fromkeys(
            (
                "QueueMember",
                "QueueMemberAdded",
                "QueueMemberStatus",
                "QueueMemberPause",
                "QueueMemberPaused",  # before Asterisk 12
                "QueueMemberPenalty",
                "QueueMemberRinginuse",
            ),
            self._member,
        )
        self.events = {
            "QueueParams": self._params,
            "QueueEntry": self._entry,
            "QueueMemberRemoved": self._removed,
            "QueueCallerJoin": self._join,
            "QueueCallerLeave": self._leave,
            "QueueCallerAbandon": self._abandoned,
            "AttendedTransfer": self._transferred,
            "NewConnectedLine": self._renumbered,
            "BridgeEnter": self._elsewhere,
            "Hangup": self._elsewhere,
            "AgentConnect": self._agent_connected,
            "AgentComplete": self._completed,
            **member,
        }

    def inner(self) -> dict[str, Any]:
        """Return since when members talk with callers."""
        return {"connected": dict(self._connected)} if self._connected else {}

    def set_inner(self, inner: dict[str, Any]) -> None:
        """Replace what it knows besides its tables by what `inner` returned."""
        self._connected = dict(inner.get("connected", {}))

    def _params(self, event: Event) -> None:
        self.queues.put(
            text(event, "Queue"),
            queue=text(event, "Queue"),
            strategy=text(event, "Strategy"),
            calls=number(event, "Calls"),
            completed=number(event, "Completed"),
            abandoned=number(event, "Abandoned"),
            holdtime=_mean(event, "Holdtime"),
            talktime=_mean(event, "TalkTime"),
            servicelevel=number(event, "ServiceLevel"),
        )

    def _member(self, event: Event) -> None:
        """Set the fields of a member that an event has, and leave the others."""
        queue, interface = text(event, "Queue"), _interface(event)
        key = f"{queue}|{interface}"
        known = self.members.get(key)
        row: Row = {"queue": queue, "interface": interface}
        for field, headers, read in _OF_MEMBERS:
            for header in headers:
                if event.has_header(header):
                    row[field] = read(event, header)
                    break
        if not row.get("paused", known is not None and known["paused"]):
            row["reason"] = ""  # the event may have a reason for its end
        named = {**(known or {"name": "", "state_interface": ""}), **row}
        row["agent"] = agent_of(named["name"], interface, named["state_interface"])
        self.absent.drop(key)
        if known is not None and known["in_call"] and not row.get("in_call", True):
            self._ended(event, key, known, row)
        self.members.put(key, **row)

    def _ended(self, event: Event, key: str, known: Row, row: Row) -> None:
        """Note that a member is not in a call any more, if an event shows it.

        Asterisk counts a call when it ends. So an event with the same CallsTaken as before does not
        show the end of the current call: Asterisk sent it before that call was connected.
        """
        if event.name == "QueueMember":
            self._connected.pop(key, None)
        elif row.get("calls_taken", known["calls_taken"]) == known["calls_taken"]:
            del row["in_call"]
        else:
            self._connected.pop(key, None)
            self._add(row["queue"], "completed")

    def _agent_connected(self, event: Event) -> None:
        key = f"{text(event, 'Queue')}|{_interface(event)}"
        if self.members.change(key, in_call=True) is not None:
            self._connected[key] = moment(event)

    def _completed(self, event: Event) -> None:
        """Note that an agent's call with a caller ended, unless his state showed it already."""
        queue = text(event, "Queue")
        key = f"{queue}|{_interface(event)}"
        known = self.members.get(key)
        if known is None:
            self._add(queue, "completed")
        elif known["in_call"] and self._is_the_last(key, event):
            self._connected.pop(key, None)
            taken, now = known["calls_taken"], float(int(moment(event)))
            more = None if taken is None else taken + 1
            self.members.put(key, in_call=False, calls_taken=more, last_call=now)
            self._add(queue, "completed")

    def _is_the_last(self, key: str, event: Event) -> bool:
        """Tell whether an event is of the member's last call; Asterisk counts only that one."""
        connected, began = self._connected.get(key), begun(event, "TalkTime")
        return connected is None or began is None or abs(began - connected) <= ABOUT

    def _removed(self, event: Event) -> None:
        key = f"{text(event, 'Queue')}|{_interface(event)}"
        self._connected.pop(key, None)
        row = self.members.drop(key)
        if row is not None:
            self._left(row, moment(event))

    def gone(self, rows: Sequence[Row]) -> None:
        """Remember members that left while events were missed, if their queue still exists."""
        for row in rows:
            if "interface" in row:
                self._left(row, None)
        for key, row in self.absent.rows().items():
            if row["queue"] not in self.queues:
                self.absent.drop(key)

    def _left(self, row: Row, since: float | None) -> None:
        known = {name: row[name] for name in self.absent.fields if name != "since"}
        self.absent.put(f"{row['queue']}|{row['interface']}", **known, since=since)

    def _entry(self, event: Event) -> None:
        self._caller(event, begun(event, "Wait"))

    def _join(self, event: Event) -> None:
        self._caller(event, moment(event))
        self.queues.change(text(event, "Queue"), calls=number(event, "Count"))

    def _caller(self, event: Event, since: float | None) -> None:
        uniqueid = text(event, "Uniqueid")
        queue, position = text(event, "Queue"), number(event, "Position")
        known = self.callers.get(uniqueid)
        # A caller with a higher priority is placed before others.
        if known is None:
            self._shift(queue, position, 1)
        self.callers.put(
            uniqueid,
            queue=queue,
            position=position,
            channel=text(event, "Channel"),
            uniqueid=uniqueid,
            caller=_known(text(event, "CallerIDNum")),
            caller_name=_known(text(event, "CallerIDName")),
            since=known["since"] if known else since,
        )

    def _leave(self, event: Event) -> None:
        if not self._drop(text(event, "Uniqueid")):
            self.doubts = True  # the position belonged to another caller, who is not known
        self.queues.change(text(event, "Queue"), calls=number(event, "Count"))

    def _drop(self, uniqueid: str) -> bool:
        """Remove a caller from its queue; tell whether it was in one."""
        row = self.callers.drop(uniqueid)
        if row is not None:
            place = row["position"]
            self._shift(row["queue"], None if place is None else place + 1, -1)
        return row is not None

    def _shift(self, queue: str, first: int | None, by: int) -> None:
        """Move the callers of a queue from a position on, as far as positions are known."""
        for key, row in self.callers.rows().items():
            place = row["position"]
            if first is not None and place is not None and row["queue"] == queue and place >= first:
                self.callers.put(key, position=place + by)

    def _abandoned(self, event: Event) -> None:
        self._add(text(event, "Queue"), "abandoned")

    def _transferred(self, event: Event) -> None:
        """Give a waiting colleague's position to the caller whom he transferred into the queue."""
        transferee = text(event, "TransfereeUniqueid")
        if text(event, "Result") != "Success" or not transferee:
            return
        for leg in ("SecondTransferer", "OrigTransferer"):
            row = self.callers.drop(text(event, f"{leg}Uniqueid"))
            if row is not None:
                row |= {
                    "channel": text(event, "TransfereeChannel"),
                    "uniqueid": transferee,
                    "caller": text(event, "TransfereeCallerIDNum"),
                    "caller_name": text(event, "TransfereeCallerIDName"),
                }
                self.callers.put(transferee, **row)

    def _renumbered(self, event: Event) -> None:
        """Note who waits behind a Local channel: only events of its other half tell of a change."""
        if not self.callers:
            return
        half, semicolon, first = text(event, "Channel").rpartition(";")
        if semicolon and first == "1":
            for key, row in self.callers.rows().items():
                if row["channel"] == f"{half};2":
                    self.callers.put(
                        key,
                        caller=text(event, "ConnectedLineNum"),
                        caller_name=text(event, "ConnectedLineName"),
                    )

    def _elsewhere(self, event: Event) -> None:
        """Remove a caller that left while events were missed, and ask for the list."""
        row = self.callers.get(text(event, "Uniqueid")) if self.callers else None
        if row is not None:
            self._drop(row["uniqueid"])
            self._add(row["queue"], "calls", -1)
            self.doubts = True

    def _add(self, queue: str, field: str, more: int = 1) -> None:
        row = self.queues.get(queue)
        if row is not None and row[field] is not None:
            self.queues.put(queue, **{field: max(0, row[field] + more)})


def _interface(event: Event) -> str:
    return text(event, "Interface") or text(event, "Location")


def _state(event: Event, header: str) -> str:
    status = number(event, header)
    return STATES[status] if status is not None and 0 <= status < len(STATES) else "UNKNOWN"


def _last_call(event: Event, header: str) -> float | None:
    return float(number(event, header) or 0) or None


# The fields of a member, the headers that tell them, and how each is read.
_OF_MEMBERS: tuple[tuple[str, tuple[str, ...], Callable[[Event, str], Any]], ...] = (
    ("name", ("MemberName", "Name"), text),
    ("state_interface", ("StateInterface",), text),
    ("state", ("Status",), _state),
    ("paused", ("Paused",), truth),
    ("reason", ("PausedReason", "Reason"), text),
    ("penalty", ("Penalty",), number),
    ("calls_taken", ("CallsTaken",), number),
    ("last_call", ("LastCall",), _last_call),
    ("in_call", ("InCall",), truth),
)


def _known(caller: str) -> str:
    """Return a caller from a queue's list, where ``unknown`` stands for a missing number."""
    return "" if caller == "unknown" else caller


def _mean(event: Event, name: str) -> int | None:
    """Return a mean of a queue, in seconds; it is missing where 0 means that there was no call."""
    value = number(event, name)
    return value if value or number(event, "Completed") else None
