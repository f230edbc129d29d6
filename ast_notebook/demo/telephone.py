"""Telephones: what stands on the desks, and what the people at them do when it rings."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from ast_notebook.demo.channel import Channel, State
from ast_notebook.demo.configuration import Device
from ast_notebook.demo.walk import walk

if TYPE_CHECKING:
    from ast_notebook.demo.pbx import Pbx

#: What a code of SIP that refuses a call means as a hangup cause.
_CAUSES = {404: 1, 408: 18, 480: 19, 486: 17, 503: 34, 603: 21}


@dataclasses.dataclass(frozen=True)
class Manners:
    """What happens when a telephone is called.

    Parameters
    ----------
    after : float or None
        Seconds until somebody answers; None if nobody does.
    seconds : float or None
        Seconds until that somebody hangs up; None if they leave that to the other.
    refuses : int
        The code of SIP that the call is refused by; 0 to take it.
    """

    after: float | None = 1.0
    seconds: float | None = None
    refuses: int = 0


class Telephone:
    """One telephone: it can be called, and it can call.

    Parameters
    ----------
    pbx : Pbx
        Where it is connected.
    device : Device
        What the configuration says of it.
    """

    def __init__(self, pbx: Pbx, device: Device) -> None:
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

    def line(self) -> Line:
        """Return its end of one more channel."""
        return Line(self._pbx, self.manners)

    def calls(self, number: str, seconds: float | None = None) -> Channel | None:
        """Call a number, and hang up some seconds after the answer, or leave that to the other.

        None is returned, and nobody told, where the dialplan has no such number.
        """
        pbx, device = self._pbx, self.device
        if pbx.dialplan.find(device.context, number, 1) is None:
            return None
        at_once = pbx.profile.rings_at_once
        channel = pbx.new_channel(
            device.interface,
            Line(pbx, Manners(seconds=seconds)),
            caller=device.caller,
            context=device.context,
            exten=number,
            state=State.DOWN if at_once else State.RING,
        )
        channel.dialled = number
        pbx.set_state(channel, State.RING)
        pbx.spawn(walk(pbx, channel))
        return channel

    def hang_up(self) -> None:
        """Put the receiver down, on every call."""
        for channel in list(self._pbx.devices.channels_of(self.device.interface)):
            if isinstance(channel.far, Line):
                channel.far.hang_up(channel)


class Line:
    """A telephone's end of one channel."""

    def __init__(self, pbx: Pbx, manners: Manners) -> None:
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
        """Talk for a while after an answer; put the receiver down at a busy tone."""
        if channel.state == State.UP and self._manners.seconds is not None:
            self._later(self._manners.seconds, self.hang_up, channel)
        elif channel.state == State.BUSY:
            busy = channel.variables.get("DIALSTATUS") == "BUSY"
            self._later(0.01, self._pbx.refuses, channel, 17 if busy else 34)

    def hears_ringing(self, channel: Channel) -> None:
        """Light the lamp of who calls: a telephone counts as in use from here on."""
        self._pbx.devices.check(channel.device)

    def hears_sound(self, channel: Channel) -> None:
        """Listen; a telephone of the demo has nothing to say to that."""

    def connected(self, channel: Channel) -> None:
        """Show who it is; nobody looks."""

    def ended(self, channel: Channel) -> None:
        """Put the receiver down, too."""
        for timer in self._timers:
            timer.cancel()

    def hang_up(self, channel: Channel) -> None:
        """Put the receiver down first."""
        self._pbx.hangs_up(channel, 16 if channel.bridge is not None else None)

    def _later(self, seconds: float, do: Callable[..., None], *what: object) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(seconds, do, *what))
