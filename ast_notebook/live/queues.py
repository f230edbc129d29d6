"""The queues: who waits, who works, and how it went so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ast_notebook.ami import Event
from ast_notebook.live.keeper import Keeper, moment, number, text, truth
from ast_notebook.live.table import Row, Table

# What the number that QueueMember calls Status says (Asterisk's device states).
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


# Seconds that Asterisk tells as whole ones may be off by so much.
ABOUT = 2.0

_DEVICE = re.compile(r"(?:hint:|\w+/)*([^@/]+)")


def agent_of(name: str, interface: str, state_interface: str) -> str:
    """Return what people call a member: its name, else the number of its device.

    FreePBX reaches agent 200 by a Local channel, and looks at a hint or a device for its state.

    >>> agent_of("", "Local/200@from-queue/n", "hint:200@ext-local")
    '200'
    """
    if name and name not in (interface, state_interface):
        return name
    found = _DEVICE.match(interface)
    return found[1] if found else interface


class Queues(Keeper):
    """Keeps the queues, their members and their callers."""

    reads = "agent"
    untold = frozenset(("holdtime", "talktime", "servicelevel"))
    questions = compared = ({"Action": "QueueStatus"},)

    def __init__(self) -> None:
        super().__init__()
        self.queues = Table(
            {
                "queue": "",
                "strategy": "",
                "calls": 0,
                "completed": 0,
                "abandoned": 0,
                "holdtime": 0,
                "talktime": 0,
                "servicelevel": 0,
            }
        )
        self.members = Table(
            {
                "queue": "",
                "interface": "",
                "agent": "",
                "name": "",
                "state_interface": "",
                "state": "UNKNOWN",
                "paused": False,
                "reason": "",
                "penalty": 0,
                "calls_taken": 0,
                "last_call": None,
                "in_call": False,
            },
            times=("last_call",),
        )
        self.callers = Table(
            {
                "queue": "",
                "position": 0,
                "channel": "",
                "uniqueid": "",
                "caller": "",
                "caller_name": "",
                "since": None,
            },
            times=("since",),
        )
        self.absent = Table(
            {
                "queue": "",
                "interface": "",
                "agent": "",
                "name": "",
                "state_interface": "",
                "penalty": 0,
                "since": None,
            },
            times=("since",),
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

    def _params(self, event: Event) -> None:
        self.queues.put(
            text(event, "Queue"),
            queue=text(event, "Queue"),
            strategy=text(event, "Strategy"),
            calls=number(event, "Calls"),
            completed=number(event, "Completed"),
            abandoned=number(event, "Abandoned"),
            holdtime=number(event, "Holdtime"),
            talktime=number(event, "TalkTime"),
            servicelevel=number(event, "ServiceLevel"),
        )

    def _member(self, event: Event) -> None:
        """Take in what an event says of a member, and leave what it does not speak of."""
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
            row["reason"] = ""  # some say why somebody works again, which is no reason of a pause
        named = {**(known or {"name": "", "state_interface": ""}), **row}
        row["agent"] = agent_of(named["name"], interface, named["state_interface"])
        self.absent.drop(key)
        if known is not None and known["in_call"] and not row.get("in_call", True):
            self._ended(event, key, known, row)
        self.members.put(key, **row)

    def _ended(self, event: Event, key: str, known: Row, row: Row) -> None:
        """Take in that a member is not in a call any more, if that is so.

        Asterisk counts a call when it ends. What it says without having counted one it said
        before the call that is known here was connected.
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
        """Take in that an agent's work with a caller ended, unless it was known by his state."""
        queue = text(event, "Queue")
        key = f"{queue}|{_interface(event)}"
        known = self.members.get(key)
        if known is None:
            self._add(queue, "completed")
        elif known["in_call"] and self._is_the_last(key, event):
            self._connected.pop(key, None)
            taken, now = known["calls_taken"] + 1, float(int(moment(event)))
            self.members.put(key, in_call=False, calls_taken=taken, last_call=now)
            self._add(queue, "completed")

    def _is_the_last(self, key: str, event: Event) -> bool:
        """Whether it is the call that the member took last: Asterisk counts no other."""
        connected = self._connected.get(key)
        if connected is None or not event.has_header("TalkTime"):
            return True
        return abs(moment(event) - number(event, "TalkTime") - connected) <= ABOUT

    def _removed(self, event: Event) -> None:
        key = f"{text(event, 'Queue')}|{_interface(event)}"
        self._connected.pop(key, None)
        row = self.members.drop(key)
        if row is not None:
            self._left(row, moment(event))

    def gone(self, rows: Sequence[Row]) -> None:
        """Remember the members that left unheard, but not of a queue that is no more."""
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
        self._caller(event, moment(event) - number(event, "Wait"))

    def _join(self, event: Event) -> None:
        self._caller(event, moment(event))
        self.queues.change(text(event, "Queue"), calls=number(event, "Count"))

    def _caller(self, event: Event, since: float) -> None:
        uniqueid = text(event, "Uniqueid")
        queue, position = text(event, "Queue"), number(event, "Position")
        known = self.callers.get(uniqueid)
        # Who comes in with a higher priority stands before others.
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
            self.doubts = True  # his place was somebody else's, and we do not know whose
        self.queues.change(text(event, "Queue"), calls=number(event, "Count"))

    def _drop(self, uniqueid: str) -> bool:
        """Take somebody out of his line; whether he was in one."""
        row = self.callers.drop(uniqueid)
        if row is not None:
            self._shift(row["queue"], row["position"] + 1, -1)
        return row is not None

    def _shift(self, queue: str, first: int, by: int) -> None:
        for key, row in self.callers.rows().items():
            if row["queue"] == queue and row["position"] >= first:
                self.callers.put(key, position=row["position"] + by)

    def _abandoned(self, event: Event) -> None:
        self._add(text(event, "Queue"), "abandoned")

    def _transferred(self, event: Event) -> None:
        """Give the place of a colleague who waited for somebody to whom he transferred it."""
        heir = text(event, "TransfereeUniqueid")
        if text(event, "Result") != "Success" or not heir:
            return
        for leg in ("SecondTransferer", "OrigTransferer"):
            row = self.callers.drop(text(event, f"{leg}Uniqueid"))
            if row is not None:
                row |= {
                    "channel": text(event, "TransfereeChannel"),
                    "uniqueid": heir,
                    "caller": text(event, "TransfereeCallerIDNum"),
                    "caller_name": text(event, "TransfereeCallerIDName"),
                }
                self.callers.put(heir, **row)

    def _renumbered(self, event: Event) -> None:
        """Take in who waits behind a Local channel: only its other half tells that he changed."""
        half, semicolon, first = text(event, "Channel").rpartition(";")
        if semicolon and first == "1" and self.callers:
            for key, row in self.callers.rows().items():
                if row["channel"] == f"{half};2":
                    self.callers.put(
                        key,
                        caller=text(event, "ConnectedLineNum"),
                        caller_name=text(event, "ConnectedLineName"),
                    )

    def _elsewhere(self, event: Event) -> None:
        """Take somebody out of his line who left it unheard, and have the list asked for."""
        row = self.callers.get(text(event, "Uniqueid"))
        if row is not None:
            self._drop(row["uniqueid"])
            self._add(row["queue"], "calls", -1)
            self.doubts = True

    def _add(self, queue: str, field: str, more: int = 1) -> None:
        row = self.queues.get(queue)
        if row is not None:
            self.queues.put(queue, **{field: max(0, row[field] + more)})


def _interface(event: Event) -> str:
    return text(event, "Interface") or text(event, "Location")


def _state(event: Event, header: str) -> str:
    status = number(event, header)
    return STATES[status] if 0 <= status < len(STATES) else "UNKNOWN"


def _last_call(event: Event, header: str) -> float | None:
    return float(number(event, header)) or None


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
    """Return a caller of a queue's list, where ``unknown`` is what Asterisk calls nobody."""
    return "" if caller == "unknown" else caller
