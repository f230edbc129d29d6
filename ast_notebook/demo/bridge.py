"""Bridges: channels that hear each other, or that wait together."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.exchange import Exchange


class Bridge:
    """Channels that are connected; events tell when one enters or leaves.

    Parameters
    ----------
    pbx : Exchange
        The exchange that sends the events.
    kind, technology : str
        Asterisk's words: ``basic`` and ``simple_bridge`` for two who talk.
    creator, name : str
        The creator, for conferences and parking lots.
    hidden : int
        How many of its channels no list shows: a conference has one, for announcements.
    """

    def __init__(
        self,
        pbx: Exchange,
        kind: str = "basic",
        technology: str = "simple_bridge",
        *,
        creator: str = "",
        name: str = "",
        hidden: int = 0,
    ) -> None:
        self.uniqueid = str(uuid.UUID(int=pbx.random.getrandbits(128), version=4))
        self.channels: list[Channel] = []
        self._pbx = pbx
        self._kind = kind
        self._technology = technology
        self._creator = creator
        self._name = name
        self._hidden = 0
        pbx.emit("call", "BridgeCreate", self.headers())
        self._hidden = hidden

    def headers(self) -> dict[str, str]:
        """Return the headers that every event about a bridge has."""
        return {
            "BridgeUniqueid": self.uniqueid,
            "BridgeType": self._kind,
            "BridgeTechnology": self._technology,
            "BridgeCreator": self._creator or "<unknown>",
            "BridgeName": self._name or "<unknown>",
            "BridgeNumChannels": str(len(self.channels) + self._hidden),
            "BridgeVideoSourceMode": "none",
        }

    def enter(self, channel: Channel) -> None:
        """Take a channel in."""
        self.channels.append(channel)
        channel.bridge = self
        if self._kind == "basic":
            # Channels that talk with each other belong to the oldest of their calls.
            oldest = min((one.linkedid for one in self.channels), key=self._pbx.age_of)
            for one in self.channels:
                one.linkedid = oldest
        self._pbx.emit("call", "BridgeEnter", self.headers(), channel.snapshot())
        self._tell_peers()

    def leave(self, channel: Channel) -> None:
        """Let a channel go."""
        if channel not in self.channels:
            return
        self.channels.remove(channel)
        channel.bridge = None
        if self._kind == "basic":
            channel.cause = channel.cause or 16
        self._pbx.set_variable(channel, "BRIDGEPEER", "", only_if_set=True)
        self._pbx.emit("call", "BridgeLeave", self.headers(), channel.snapshot())
        self._pbx.records.left(channel)

    def destroy(self) -> None:
        """End the bridge, which is empty."""
        self._hidden = 0
        self._pbx.emit("call", "BridgeDestroy", self.headers())

    def peer_of(self, channel: Channel) -> Channel | None:
        """Return the peer of a channel, if the bridge has two channels."""
        others = [one for one in self.channels if one is not channel]
        return others[0] if len(others) == 1 and self._kind == "basic" else None

    def _tell_peers(self) -> None:
        for one in self.channels:
            peer = self.peer_of(one)
            if peer is not None:
                self._pbx.set_variable(one, "BRIDGEPEER", peer.name)


async def talk(
    pbx: Exchange,
    caller: Channel,
    callee: Channel,
    ending: Callable[[Channel], None] | None = None,
) -> None:
    """Let two channels talk until one ends or is sent elsewhere.

    What becomes of the callee's channel then is left to whoever called this function.

    Parameters
    ----------
    ending : callable, optional
        It is called with the first channel that leaves, before it does.

    Raises
    ------
    HungUp, Sent
        If the caller left first.
    """
    bridge = Bridge(pbx)
    bridge.enter(callee)
    bridge.enter(caller)
    first, second = callee, caller
    try:
        await caller.wait(None, callee.interruption)
    except (HungUp, Sent):
        first, second = caller, callee
        raise
    finally:
        if isinstance(why := first.why(), Sent):
            pbx.arrive(first, why)
        if ending is not None:
            ending(first)
        bridge.leave(first)
        bridge.leave(second)
        bridge.destroy()
