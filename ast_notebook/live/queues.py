"""The queues: who waits, who works, and how it went so far."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    questions = ({"Action": "QueueStatus"},)

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
        queue = text(event, "Queue")
        interface = text(event, "Interface") or text(event, "Location")
        name = text(event, "MemberName") or text(event, "Name")
        state_interface = text(event, "StateInterface")
        status = number(event, "Status")
        self.absent.drop(f"{queue}|{interface}")
        self.members.put(
            f"{queue}|{interface}",
            queue=queue,
            interface=interface,
            agent=agent_of(name, interface, state_interface),
            name=name,
            state_interface=state_interface,
            state=STATES[status] if status < len(STATES) else "UNKNOWN",
            paused=truth(event, "Paused"),
            reason=text(event, "PausedReason") or text(event, "Reason"),
            penalty=number(event, "Penalty"),
            calls_taken=number(event, "CallsTaken"),
            last_call=float(number(event, "LastCall")) or None,
            in_call=truth(event, "InCall"),
        )

    def _removed(self, event: Event) -> None:
        interface = text(event, "Interface") or text(event, "Location")
        row = self.members.drop(f"{text(event, 'Queue')}|{interface}")
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
        row = self.callers.drop(text(event, "Uniqueid"))
        queue = text(event, "Queue")
        if row is not None:
            self._shift(queue, row["position"] + 1, -1)
        self.queues.change(queue, calls=number(event, "Count"))

    def _shift(self, queue: str, first: int, by: int) -> None:
        for key, row in self.callers.rows().items():
            if row["queue"] == queue and row["position"] >= first:
                self.callers.put(key, position=row["position"] + by)

    def _abandoned(self, event: Event) -> None:
        self._add(event, "abandoned")

    def _completed(self, event: Event) -> None:
        self._add(event, "completed")

    def _add(self, event: Event, field: str) -> None:
        row = self.queues.get(text(event, "Queue"))
        if row is not None:
            self.queues.put(row["queue"], **{field: row[field] + 1})


def _known(caller: str) -> str:
    """Return a caller of a queue's list, where ``unknown`` is what Asterisk calls nobody."""
    return "" if caller == "unknown" else caller
