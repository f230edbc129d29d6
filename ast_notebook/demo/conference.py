"""Conference rooms: who is in them, who is muted, who is shown out."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING

from ast_notebook.demo.bridge import Bridge
from ast_notebook.demo.channel import Channel, HungUp, Sent

if TYPE_CHECKING:
    from ast_notebook.demo.pbx import Pbx


@dataclasses.dataclass
class Participant:
    """Somebody in a conference."""

    channel: Channel
    kicked: asyncio.Future[None]
    is_muted: bool = False
    joined: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass
class Room:
    """A conference that goes on."""

    name: str
    bridge: Bridge
    participants: dict[str, Participant] = dataclasses.field(default_factory=dict)
    is_locked: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers that every event about it has."""
        return {"Conference": self.name, **self.bridge.headers()}


class Conferences:
    """The conferences that go on; a room is there while somebody is in it."""

    def __init__(self, pbx: Pbx) -> None:
        self.rooms: dict[str, Room] = {}
        self._pbx = pbx

    async def join(self, channel: Channel, name: str) -> None:
        """Let a channel take part until it is shown out.

        Raises
        ------
        HungUp, Sent
            When the channel leaves.
        """
        pbx = self._pbx
        room = self.rooms.get(name) or self._open(name)
        participant = Participant(channel, asyncio.get_running_loop().create_future())
        for other in room.participants.values():
            pbx.records.meets(other.channel, channel)
        room.participants[channel.name] = participant
        room.bridge.enter(channel)
        flags = {"Admin": "No", "Muted": "No"}
        pbx.emit("call", "ConfbridgeJoin", room.headers(), channel.snapshot(), flags)
        is_shown_out = True
        try:
            await channel.wait(None, participant.kicked)
        except (HungUp, Sent) as why:
            is_shown_out = False
            if isinstance(why, Sent):
                pbx.arrive(channel, why)
            raise
        finally:
            self._leave(room, channel, announced=is_shown_out)

    def mute(self, room: Room, participant: Participant, is_muted: bool) -> None:
        """Mute somebody, or let them be heard again."""
        participant.is_muted = is_muted
        event = "ConfbridgeMute" if is_muted else "ConfbridgeUnmute"
        admin = {"Admin": "No"}
        self._pbx.emit("call", event, room.headers(), participant.channel.snapshot(), admin)

    def kick(self, participant: Participant) -> None:
        """Show somebody out."""
        if not participant.kicked.done():
            participant.kicked.set_result(None)

    def _open(self, name: str) -> Room:
        bridge = Bridge(self._pbx, "base", "softmix", creator="ConfBridge", name=name, hidden=1)
        room = self.rooms[name] = Room(name, bridge)
        self._pbx.emit("call", "ConfbridgeStart", room.headers())
        self._pbx.devices.set(f"confbridge:{name}", "INUSE")
        return room

    def _leave(self, room: Room, channel: Channel, *, announced: bool) -> None:
        pbx = self._pbx
        del room.participants[channel.name]
        if not announced:
            room.bridge.leave(channel)
        pbx.emit("call", "ConfbridgeLeave", room.headers(), channel.snapshot(), {"Admin": "No"})
        if announced:
            room.bridge.leave(channel)
        if not room.participants:
            del self.rooms[room.name]
            pbx.emit("call", "ConfbridgeEnd", room.headers())
            room.bridge.destroy()
            pbx.devices.set(f"confbridge:{room.name}", "NOT_INUSE")
