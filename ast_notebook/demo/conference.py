"""Conferences: their participants, who may be muted or removed."""

from __future__ import annotations

import asyncio
import dataclasses
import time

from ast_notebook.demo.bridge import Bridge
from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.exchange import Exchange


@dataclasses.dataclass
class Participant:
    """Somebody in a conference."""

    channel: Channel
    kicked: asyncio.Future[None]
    is_muted: bool = False
    joined: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass
class Conference:
    """An active conference."""

    name: str
    bridge: Bridge
    participants: dict[str, Participant] = dataclasses.field(default_factory=dict)
    is_locked: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers that every event about it has."""
        return {"Conference": self.name, **self.bridge.headers()}


class ConfBridgeApplication:
    """The active conferences; each ends when its last participant leaves."""

    def __init__(self, pbx: Exchange) -> None:
        self.running: dict[str, Conference] = {}
        self._pbx = pbx
        pbx.applications["ConfBridge"] = self._conf_bridge

    async def _conf_bridge(self, channel: Channel, data: str) -> None:
        """Join a conference: the application ConfBridge."""
        await self.join(channel, arguments(data)[0])

    async def join(self, channel: Channel, name: str) -> None:
        """Let a channel take part until it leaves or is removed.

        Raises
        ------
        HungUp, Sent
            When the channel leaves.
        """
        pbx = self._pbx
        conference = self.running.get(name) or self._open(name)
        participant = Participant(channel, asyncio.get_running_loop().create_future())
        for other in conference.participants.values():
            pbx.records.meets(other.channel, channel)
        conference.participants[channel.name] = participant
        conference.bridge.enter(channel)
        flags = {"Admin": "No", "Muted": "No"}
        pbx.emit("call", "ConfbridgeJoin", conference.headers(), channel.snapshot(), flags)
        is_shown_out = True
        try:
            await channel.wait(None, participant.kicked)
        except (HungUp, Sent) as why:
            is_shown_out = False
            if isinstance(why, Sent):
                pbx.arrive(channel, why)
            raise
        finally:
            self._leave(conference, channel, announced=is_shown_out)

    def mute(self, conference: Conference, participant: Participant, is_muted: bool) -> None:
        """Mute somebody, or let them be heard again."""
        participant.is_muted = is_muted
        event = "ConfbridgeMute" if is_muted else "ConfbridgeUnmute"
        admin = {"Admin": "No"}
        self._pbx.emit("call", event, conference.headers(), participant.channel.snapshot(), admin)

    def kick(self, participant: Participant) -> None:
        """Remove somebody from the conference."""
        if not participant.kicked.done():
            participant.kicked.set_result(None)

    def _open(self, name: str) -> Conference:
        bridge = Bridge(self._pbx, "base", "softmix", creator="ConfBridge", name=name, hidden=1)
        conference = self.running[name] = Conference(name, bridge)
        self._pbx.emit("call", "ConfbridgeStart", conference.headers())
        self._pbx.devices.set(f"confbridge:{name}", "INUSE")
        return conference

    def _leave(self, conference: Conference, channel: Channel, *, announced: bool) -> None:
        pbx = self._pbx
        del conference.participants[channel.name]
        if not announced:
            conference.bridge.leave(channel)
        pbx.emit(
            "call", "ConfbridgeLeave", conference.headers(), channel.snapshot(), {"Admin": "No"}
        )
        if announced:
            conference.bridge.leave(channel)
        if not conference.participants:
            del self.running[conference.name]
            pbx.emit("call", "ConfbridgeEnd", conference.headers())
            conference.bridge.destroy()
            pbx.devices.set(f"confbridge:{conference.name}", "NOT_INUSE")
