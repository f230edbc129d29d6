"""Load for tests: it keeps channels up, and changes a given number of them per second."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from ast_notebook.demo.channel import Channel
from ast_notebook.demo.configuration import Device, Party
from ast_notebook.demo.pbx import Pbx

#: The context of the telephones that dial each other.
CONTEXT = "stress"
#: The first number of the telephones for this load.
FIRST = 10_000
#: Seconds between two checks how many changes are due.
TICK = 0.05

#: The events that count as changes of a channel.
CHANGES = ("Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "Hangup")


class Stress:
    """Telephones in pairs, which call each other, talk for a while and hang up.

    Parameters
    ----------
    pbx : Pbx
        The exchange.
    channels : int
        How many channels are up.
    changes : float
        How many changes of channels there are per second; each is an event of `CHANGES`.
    """

    def __init__(self, pbx: Pbx, channels: int, changes: float) -> None:
        self.changes = 0
        self._pbx = pbx
        self._rate = changes
        self._calls: deque[Channel] = deque()
        self._free: deque[tuple[str, str]] = deque()
        technology = pbx.profile.technology
        for number in range(FIRST, FIRST + 2 * (channels // 2)):
            caller = Party(f"Desk {number - FIRST}", str(number))
            telephone = pbx.add_device(Device(technology, str(number), caller, CONTEXT))
            telephone.answers(0.0)
            pbx.dialplan.add_step(CONTEXT, str(number), "Dial", f"{technology}/{number},30")
        for number in range(FIRST, FIRST + 2 * (channels // 2), 2):
            self._free.append((str(number), str(number + 1)))

    async def go_on(self) -> None:
        """Bring all channels up, then make as many changes as wanted."""
        while self._free:
            self._begin()
            if len(self._free) % 50 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(1.0)
        began, self.changes = time.monotonic(), 0
        while True:
            await asyncio.sleep(TICK)
            due = self._rate * (time.monotonic() - began)
            # One cycle has the events from the end of one call to the talk of the next.
            while self._calls and self.changes + len(_CYCLE) <= due:
                self._end()
                self._begin()
                self.changes += len(_CYCLE)

    def _begin(self) -> None:
        if self._free:
            caller, callee = self._free.popleft()
            channel = self._pbx.telephones[caller].calls(callee)
            if channel is not None:
                self._calls.append(channel)

    def _end(self) -> None:
        channel = self._calls.popleft()
        caller = channel.caller.number
        self._pbx.telephones[caller].hang_up()
        self._free.append((caller, str(int(caller) + 1)))


#: The number of changes from the end of one call to the talk of the next.
_CYCLE = ("BridgeLeave", "Hangup", "Newchannel", "Newstate", "BridgeEnter") * 2 + ("Newstate",)
