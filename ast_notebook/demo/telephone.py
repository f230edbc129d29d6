"""Telephones, and how the people at them behave when they ring."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

from ast_notebook.demo.channel import Channel, ChannelState
from ast_notebook.demo.configuration import Device
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.walk import walk

#: The hangup causes of SIP codes that refuse a call.
_CAUSES = {404: 1, 408: 18, 480: 19, 486: 17, 503: 34, 603: 21}


@dataclasses.dataclass(frozen=True)
class Manners:
    """How people at a telephone behave when it is called.

    Parameters
    ----------
    after : float or None
        Seconds until somebody answers; None if nobody does.
    seconds : float or None
        Seconds until that person hangs up; None if the other side hangs up.
    refuses : int
        The SIP code by which the call is refused; 0 means that it is accepted.
    """

    after: float | None = 1.0
    seconds: float | None = None
    refuses: int = 0


class Telephone:
    """One telephone: it can be called, and it can call.

    Parameters
    ----------
    pbx : Exchange
        The exchange that it is connected to.
    device : Device
        Its entry in the configuration.
    """

    def __init__(self, pbx: Exchange, device: Device) -> None:
        self.device = device
        self.manners = Manners()
        self._pbx = pbx

    def __repr__(self) -> str:
        return f"<Telephone {self.device.interface}>"

    def answers(self, after: float = 0.2, seconds: float | None = None) -> None:
        """From now on it rings for a while and is answered."""
        self.manners = Manners(after, seconds)

    def only_rings(self) -> None:
        """From now on it rings, and nobody answers."""
        self.manners = Manners(after=None)

    def refuses(self, code: int = 486) -> None:
        """From now on it refuses calls."""
        self.manners = Manners(refuses=code)

    def line(self) -> TelephoneLine:
        """Return the telephone's end of one more channel."""
        return TelephoneLine(self._pbx, self.manners)

    def calls(self, number: str, seconds: float | None = None) -> Channel | None:
        """Call a number, and hang up some seconds after the answer, or never.

        If the dialplan has no such number, None is returned, and no event is sent.
        """
        pbx, device = self._pbx, self.device
        if pbx.dialplan.find(device.context, number, 1) is None:
            return None
        at_once = pbx.profile.rings_at_once
        channel = pbx.new_channel(
            device.interface,
            TelephoneLine(pbx, Manners(seconds=seconds)),
            caller=device.caller,
            context=device.context,
            exten=number,
            state=ChannelState.DOWN if at_once else ChannelState.RING,
        )
        channel.dialled = number
        pbx.set_state(channel, ChannelState.RING)
        pbx.spawn(walk(pbx, channel))
        return channel

    def hang_up(self) -> None:
        """Hang up every call."""
        for channel in list(self._pbx.devices.channels_of(self.device.interface)):
            if isinstance(channel.remote, TelephoneLine):
                channel.remote.hang_up(channel)


class TelephoneLine:
    """A telephone's end of one channel."""

    def __init__(self, pbx: Exchange, manners: Manners) -> None:
        self._pbx = pbx
        self._manners = manners
        self._timers: list[asyncio.TimerHandle] = []

    def called(self, channel: Channel) -> None:
        """Ring, or refuse."""
        code = self._manners.refuses
        if code:
            self._later(0.01, self._pbx.refuses, channel, _CAUSES.get(code, 21))
            return
        self._later(0.01, self._pbx.rings, channel)
        if self._manners.after is not None:
            self._later(max(0.02, self._manners.after), self._pbx.picks_up, channel)

    def progressed(self, channel: Channel) -> None:
        """Talk for a while after an answer; hang up at a busy tone."""
        if channel.state == ChannelState.UP and self._manners.seconds is not None:
            self._later(self._manners.seconds, self.hang_up, channel)
        elif channel.state == ChannelState.BUSY:
            busy = channel.variables.get("DIALSTATUS") == "BUSY"
            self._later(0.01, self._pbx.refuses, channel, 17 if busy else 34)

    def hears_ringing(self, channel: Channel) -> None:
        """Set the device state: a calling telephone counts as in use from now on."""
        self._pbx.devices.check(channel.device)

    def hears_sound(self, channel: Channel) -> None:
        """Do nothing, since a telephone of the demo does not react to sounds."""

    def connected(self, channel: Channel) -> None:
        """Do nothing, since a telephone of the demo has no display for the connected party."""

    def ended(self, channel: Channel) -> None:
        """Hang up, too."""
        for timer in self._timers:
            timer.cancel()

    def hang_up(self, channel: Channel) -> None:
        """Hang up from the telephone's side, before the exchange does."""
        self._pbx.hangs_up(channel, 16 if channel.bridge is not None else None)

    def _later(self, seconds: float, do: Callable[..., None], *what: object) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(seconds, do, *what))
