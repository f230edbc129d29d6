"""Local channels: one half is dialled, and the other half executes the dialplan."""

from __future__ import annotations

from functools import partial

from ast_notebook.demo.channel import Channel, ChannelState
from ast_notebook.demo.configuration import Party
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.walk import walk


class LocalEnd:
    """The remote end of each half of a Local channel: the other half."""

    def __init__(self, pbx: Exchange, *, optimized: bool) -> None:
        self.halves: tuple[Channel, ...] = ()
        self._pbx = pbx
        self._optimized = optimized

    def other(self, channel: Channel) -> Channel:
        """Return the other half."""
        one, two = self.halves
        return two if channel is one else one

    def called(self, channel: Channel) -> None:
        """Copy the caller's data from the first half, and start the dialplan with the second."""
        pbx = self._pbx
        one, two = self.halves
        if pbx.dialplan.find(two.context, two.exten, 1) is None:
            self.halves = ()
            pbx.hangup(two)
            pbx.request_hangup(one)
            return
        if one.connected:
            two.connected = one.connected
            pbx.identify(two, one.connected)
            pbx.emit("call", "NewConnectedLine", two.snapshot())
        pbx.emit(
            "call",
            "LocalBridge",
            one.snapshot("LocalOne"),
            two.snapshot("LocalTwo"),
            {
                "Context": two.context,
                "Exten": two.exten,
                "LocalOptimization": "Yes" if self._optimized else "No",
            },
        )
        pbx.spawn(walk(pbx, two))

    def progressed(self, channel: Channel) -> None:
        """Pass on an answer or a busy tone to the other half."""
        if not self.halves or channel is self.halves[0]:
            return
        one, two = self.halves
        if two.state == ChannelState.UP:
            self._pbx.picks_up(one)
        elif two.state == ChannelState.BUSY and not one.is_up:
            busy = two.variables.get("DIALSTATUS") == "BUSY"
            self._pbx.request_hangup(one, 17 if busy else 34)

    def hears_ringing(self, channel: Channel) -> None:
        """Make the first half ring, if it is still being dialled."""
        one, two = self.halves
        if channel is two and not one.is_up:
            self._pbx.rings(one)

    def hears_sound(self, channel: Channel) -> None:
        """Pass on the sound to the other half, if it waits for a first sound."""
        other = self.other(channel)
        if other.sound is not None and not other.sound.done():
            other.sound.set_result(None)

    def connected(self, channel: Channel) -> None:
        """Pass on the connected party to the other half, as its caller."""
        other = self.other(channel)
        if not other.is_hung_up and channel.connected != other.caller:
            self._pbx.identify(other, channel.connected)

    def ended(self, channel: Channel) -> None:
        """Hang up the other half, too."""
        if self.halves:
            self._pbx.hangs_up(self.other(channel), channel.cause)


def register(pbx: Exchange) -> None:
    """Let the exchange call Local channels."""
    pbx.technologies["LOCAL"] = partial(_call, pbx)


def _call(
    pbx: Exchange, place: str, parent: Channel | None, uniqueids: tuple[str, str]
) -> Channel | None:
    """Make the two halves of a Local channel, and return the one that is dialled."""
    name, *options = place.split("/")
    exten, _, context = name.partition("@")
    if not exten:
        return None
    device = f"Local/{name}"
    context = context or "default"
    end = LocalEnd(pbx, optimized="n" not in "".join(options))
    one = pbx.new_channel(
        device,
        end,
        caller=Party(),
        context=context,
        exten=exten,
        parent=parent,
        is_outbound=True,
        uniqueid=uniqueids[0],
        half=";1",
    )
    two = pbx.new_channel(
        device,
        end,
        caller=Party(),
        context=context,
        exten=exten,
        state=ChannelState.RING,
        parent=one,
        uniqueid=uniqueids[1],
        half=";2",
    )
    two.dialled = exten
    end.halves = (one, two)
    return one
