"""Queues: callers who wait, members who are rung for them, and counters."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping

from ast_notebook.demo.bridge import talk
from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.configuration import QueueSettings
from ast_notebook.demo.dialling import Attempt, release
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.exchange import Exchange

#: The numbers of device states in queues.
_STATUS = {
    "NOT_INUSE": "1",
    "INUSE": "2",
    "BUSY": "3",
    "INVALID": "4",
    "UNAVAILABLE": "5",
    "RINGING": "6",
    "RINGINUSE": "7",
    "ONHOLD": "8",
}


@dataclasses.dataclass
class QueueMember:
    """A member of a queue, with its counters."""

    queue: str
    name: str
    interface: str
    state_interface: str
    membership: str
    penalty: int = 0
    is_paused: bool = False
    reason: str = ""
    in_call: bool = False
    calls: int = 0
    last_call: int = 0
    last_pause: int = 0
    login: int = dataclasses.field(default_factory=lambda: int(time.time()))

    def headers(self, pbx: Exchange, *, listed: bool = False) -> dict[str, str]:
        """Return a member's headers for events, or the shorter ones for QueueStatus."""
        names = ("Name", "Location") if listed else ("MemberName", "Interface")
        headers = {
            "Queue": self.queue,
            names[0]: self.name,
            names[1]: self.interface,
            "StateInterface": self.state_interface,
            "Membership": self.membership,
            "Penalty": str(self.penalty),
            "CallsTaken": str(self.calls),
            "LastCall": str(self.last_call),
            "LastPause": str(self.last_pause),
            "LoginTime": str(self.login),
            "InCall": str(int(self.in_call)),
            "Status": _STATUS.get(self.state(pbx), "0"),
            "Paused": str(int(self.is_paused)),
            "PausedReason": self.reason,
        }
        return {**headers, **({} if listed else {"Ringinuse": "0"}), "Wrapuptime": "0"}

    def state(self, pbx: Exchange) -> str:
        """Return the state of the member's device; a Local channel always is free."""
        return pbx.devices.states.get(self.state_interface, "NOT_INUSE")

    def is_free(self, pbx: Exchange) -> bool:
        """Tell whether the member can be rung."""
        return not self.is_paused and not self.in_call and self.state(pbx) == "NOT_INUSE"


@dataclasses.dataclass
class Entry:
    """A caller who waits."""

    channel: Channel
    position: int
    joined: float = dataclasses.field(default_factory=time.time)

    @property
    def waited(self) -> int:
        """How many seconds the caller has waited."""
        return int(time.time() - self.joined)


class Queue:
    """One queue."""

    def __init__(self, pbx: Exchange, settings: QueueSettings) -> None:
        self.name = settings.name
        self.settings = settings
        self.entries: list[Entry] = []
        self.agents: dict[str, QueueMember] = {}
        self.completed = 0
        self.abandoned = 0
        self.hold_time = 0
        self.talk_time = 0
        self._pbx = pbx
        for member in settings.members:
            self._enlist(
                QueueMember(self.name, member.name, member.interface, member.interface, "static")
            )
        pbx.devices.set(f"Queue:{self.name}_avail", "INUSE", quietly=True)

    # --- members -------------------------------------------------------------------------------

    def add(self, agent: QueueMember) -> None:
        """Add a dynamic member."""
        self._enlist(agent)
        self._tell_pause(agent)
        self._pbx.emit("agent", "QueueMemberAdded", agent.headers(self._pbx))
        if not agent.is_paused:
            self._avail("NOT_INUSE")

    def remove(self, agent: QueueMember) -> None:
        """Remove a member."""
        del self.agents[agent.interface]
        self._pbx.emit("agent", "QueueMemberRemoved", agent.headers(self._pbx))
        lamp = f"Queue:{self.name}_pause_{agent.interface}"
        self._pbx.devices.set(lamp, "NOT_INUSE")
        self._pbx.devices.forget(lamp)
        if not self._has_free():
            self._avail("INUSE")

    def pause(self, agent: QueueMember, is_paused: bool, reason: str) -> None:
        """Pause a member, or end its pause."""
        agent.is_paused = is_paused
        agent.reason = reason if is_paused else ""
        if is_paused:
            agent.last_pause = int(time.time())
        self._tell_pause(agent)
        # Asterisk 16 sends the reason under its older name, too.
        older = {} if self._pbx.profile.is_newer or not agent.reason else {"Reason": agent.reason}
        self._pbx.emit("agent", "QueueMemberPause", agent.headers(self._pbx), older)
        if not is_paused:
            self._avail("NOT_INUSE")
        elif not self._has_free():
            self._avail("INUSE")

    def device_changed(self, device: str) -> None:
        """Send the status of the members with this device."""
        for agent in self.agents.values():
            if agent.state_interface == device:
                self._pbx.emit("agent", "QueueMemberStatus", agent.headers(self._pbx))
                self._avail("NOT_INUSE" if self._has_free() else "INUSE")

    def free_agents(self) -> list[QueueMember]:
        """Return the members that can be rung."""
        return [agent for agent in self.agents.values() if agent.is_free(self._pbx)]

    def _enlist(self, agent: QueueMember) -> None:
        self.agents[agent.interface] = agent
        lamp = f"Queue:{self.name}_pause_{agent.interface}"
        if agent.membership == "static":
            self._pbx.devices.set(lamp, "NOT_INUSE", quietly=True)

    def _tell_pause(self, agent: QueueMember) -> None:
        lamp = f"Queue:{self.name}_pause_{agent.interface}"
        self._pbx.devices.set(lamp, "INUSE" if agent.is_paused else "NOT_INUSE")

    def _has_free(self) -> bool:
        return bool(self.free_agents())

    def _avail(self, state: str) -> None:
        self._pbx.devices.set(f"Queue:{self.name}_avail", state)

    # --- callers -------------------------------------------------------------------------------

    async def join(self, channel: Channel) -> None:
        """Let a caller wait until a member answers, and connect the two.

        Raises
        ------
        HungUp, Sent
            When the caller leaves, or the call is over.
        """
        pbx = self._pbx
        entry = Entry(channel, len(self.entries) + 1)
        self.entries.append(entry)
        pbx.devices.set(f"Queue:{self.name}", "RINGING")
        count = {"Queue": self.name, "Position": str(entry.position)}
        count["Count"] = str(len(self.entries))
        pbx.emit("agent", "QueueCallerJoin", channel.snapshot(), count)
        try:
            while (found := await self._ring(entry)) is None:
                await channel.wait(self.settings.retry)
        except (HungUp, Sent):
            self._abandon(entry)
            raise
        await self._connect(entry, *found)

    async def _ring(self, entry: Entry) -> tuple[Channel, QueueMember, float] | None:
        """Ring the free members, if it is this caller's turn, and return the one that answered."""
        pbx, channel = self._pbx, entry.channel
        if self.entries[0] is not entry:
            return None
        attempt = Attempt(pbx, channel)
        rung: dict[str, QueueMember] = {}
        started = time.monotonic()

        def missed(leg: Channel) -> None:
            seconds = round(time.monotonic() - started)
            headers = {**self._about(rung[leg.name]), "RingTime": str(seconds * 1000)}
            pbx.emit(
                "agent", "AgentRingNoAnswer", channel.snapshot(), leg.snapshot("Dest"), headers
            )

        def rings(leg: Channel) -> None:
            pbx.tell_application(leg)
            pbx.emit("call", "NewConnectedLine", leg.snapshot())

        attempt.on_failed, attempt.on_ringing = missed, rings
        for agent in self.free_agents():
            leg = pbx.call_out(agent.interface, parent=channel)
            if leg is None:
                continue
            rung[leg.name] = agent
            pbx.set_variable(leg, "DIALEDPEERNUMBER", agent.interface.partition("/")[2])
            leg.application, leg.data = "AppQueue", "(Outgoing Line)"
            leg.connected, leg.exten = channel.caller, channel.exten
            about = self._about(agent)
            pbx.emit("agent", "AgentCalled", channel.snapshot(), leg.snapshot("Dest"), about)
            attempt.call(leg, agent.interface)
        if not attempt.legs:
            return None
        try:
            await channel.wait(self.settings.timeout, attempt.done)
        except (HungUp, Sent):
            attempt.tell("CANCEL")
            attempt.give_up("CANCEL")
            if attempt.winner is not None:
                pbx.hangup(attempt.winner)
            raise
        leg = attempt.winner
        if leg is None:
            legs = list(attempt.legs)
            attempt.give_up("NOANSWER")
            for late in legs:
                missed(late)
            return None
        attempt.tell_answered(leg)
        attempt.tell("CANCEL")
        pbx.connect_line(channel, leg.caller)
        attempt.give_up("CANCEL", 26)
        return leg, rung[leg.name], time.monotonic() - started

    async def _connect(self, entry: Entry, leg: Channel, agent: QueueMember, rang: float) -> None:
        pbx, channel = self._pbx, entry.channel
        held = entry.waited
        self._leave(entry)
        self.hold_time = held if not self.completed else (self.hold_time + held) // 2
        times = {"HoldTime": str(held), "RingTime": str(int(rang))}
        parties = {**channel.snapshot(), **leg.snapshot("Dest"), **self._about(agent)}
        pbx.emit("agent", "AgentConnect", parties, times)
        agent.in_call = True
        talking = time.time()

        def ending(first: Channel) -> None:
            agent.in_call = False
            agent.calls += 1
            agent.last_call = int(time.time())
            seconds = int(time.time() - talking)
            self.completed += 1
            self.talk_time = seconds if self.completed == 1 else (self.talk_time + seconds) // 2
            parties = {**channel.snapshot(), **leg.snapshot("Dest"), **self._about(agent)}
            headers = {"HoldTime": str(held), "TalkTime": str(seconds)}
            reason = "transfer" if isinstance(first.why(), Sent) else "caller"
            headers["Reason"] = "agent" if first is leg else reason
            pbx.emit("agent", "AgentComplete", parties, headers)

        try:
            await talk(pbx, channel, leg, ending)
        finally:
            release(pbx, leg)
        raise HungUp

    def _abandon(self, entry: Entry) -> None:
        pbx, channel = self._pbx, entry.channel
        self.abandoned += 1
        headers = {
            "Queue": self.name,
            "Position": str(self.entries.index(entry) + 1),
            "OriginalPosition": str(entry.position),
            "HoldTime": str(entry.waited),
        }
        pbx.set_variable(channel, "ABANDONED", "TRUE")
        pbx.emit("agent", "QueueCallerAbandon", channel.snapshot(), headers)
        self._leave(entry)

    def _leave(self, entry: Entry) -> None:
        pbx = self._pbx
        position = self.entries.index(entry) + 1
        self.entries.remove(entry)
        if not self.entries:
            pbx.devices.set(f"Queue:{self.name}", "NOT_INUSE")
        headers = {"Queue": self.name, "Position": str(position), "Count": str(len(self.entries))}
        pbx.emit("agent", "QueueCallerLeave", entry.channel.snapshot(), headers)
        pbx.set_variable(entry.channel, "QUEUEPOSITION", str(position))

    def _about(self, agent: QueueMember) -> dict[str, str]:
        return {"Queue": self.name, "Interface": agent.interface, "MemberName": agent.name}


class QueueApplication:
    """All queues of the exchange."""

    def __init__(self, pbx: Exchange, settings: Mapping[str, QueueSettings]) -> None:
        self._queues = {name: Queue(pbx, one) for name, one in settings.items()}
        pbx.devices.watchers.append(self.device_changed)
        pbx.applications["Queue"] = self._queue

    async def _queue(self, channel: Channel, data: str) -> None:
        """Wait in a queue until one of its members answers."""
        await self.join(channel, arguments(data)[0])

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    def get(self, name: str) -> Queue | None:
        """Return a queue by its name."""
        return self._queues.get(name)

    def device_changed(self, device: str) -> None:
        """Tell the queues a device's new state."""
        for queue in self._queues.values():
            queue.device_changed(device)

    async def join(self, channel: Channel, name: str) -> None:
        """Let a caller wait in a queue; if there is no such queue, it does not wait."""
        queue = self._queues.get(name)
        if queue is not None:
            await queue.join(channel)
