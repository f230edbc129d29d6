"""The parking lot: calls that wait at a number until they are picked up."""

from __future__ import annotations

import asyncio
import dataclasses
import time

from ast_notebook.demo.applications import answer
from ast_notebook.demo.bridge import Bridge, talk
from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.configuration import LotSettings
from ast_notebook.demo.exchange import Exchange
from ast_notebook.digits import is_count

#: The context of calls that were not picked up; the extension is named after who parked them.
COMEBACK = "park-dial"


@dataclasses.dataclass
class Slot:
    """A parked call."""

    channel: Channel
    space: int
    parker: str
    timeout: float
    fetched: asyncio.Future[None]
    returned: asyncio.Future[None]
    since: float = dataclasses.field(default_factory=time.time)

    def headers(self, lot: str) -> dict[str, str]:
        """Return the headers that every event about it has."""
        elapsed = int(time.time() - self.since)
        return {
            **self.channel.snapshot("Parkee"),
            "ParkerDialString": self.parker,
            "Parkinglot": lot,
            "ParkingSpace": str(self.space),
            "ParkingTimeout": str(max(0, int(self.timeout - (time.time() - self.since)))),
            "ParkingDuration": str(elapsed),
        }


class ParkingLot:
    """The parking lot that every Asterisk has."""

    def __init__(self, pbx: Exchange, settings: LotSettings) -> None:
        self.settings = settings
        self.slots: dict[int, Slot] = {}
        self._pbx = pbx
        self._bridge: Bridge | None = None
        pbx.applications |= {"Park": self._park, "ParkedCall": self._parked_call}

    async def _park(self, channel: Channel, data: str) -> None:
        """Park the caller."""
        await answer(self._pbx, channel, "")
        slot = self.take(channel)
        if slot is not None:
            await self.hold(channel, slot)

    async def _parked_call(self, channel: Channel, data: str) -> None:
        """Pick up a parked call: ``lot,space``."""
        self._pbx.answer(channel)
        await self.fetch(channel, data.partition(",")[2])

    def take(
        self, channel: Channel, *, parker: str = "", timeout: float | None = None
    ) -> Slot | None:
        """Give a channel the first free space, and send the event; None if all are taken."""
        spaces = range(self.settings.first, self.settings.last + 1)
        space = next((one for one in spaces if one not in self.slots), None)
        if space is None:
            return None
        loop = asyncio.get_running_loop()
        slot = Slot(
            channel,
            space,
            parker or channel.device,
            self.settings.timeout if timeout is None else timeout,
            loop.create_future(),
            loop.create_future(),
        )
        self.slots[space] = slot
        if self._bridge is None:
            self._bridge = Bridge(
                self._pbx, "parking", "holding_bridge", creator="Parking", name=self.settings.name
            )
        self._pbx.emit("call", "ParkedCall", slot.headers(self.settings.name))
        return slot

    async def hold(self, channel: Channel, slot: Slot) -> None:
        """Let a channel wait in its space, until it is picked up or the time is over.

        Raises
        ------
        HungUp, Sent
            When the channel hangs up, or its call is over; if nobody picked it up, it is sent to
            whoever parked it.
        """
        pbx = self._pbx
        assert self._bridge is not None
        channel.resume()
        pbx.records.waits(channel, f"{self.settings.name}:{slot.space}")
        self._bridge.enter(channel)
        pbx.devices.set(self._lamp(slot), "INUSE")
        try:
            is_fetched = await channel.wait(slot.timeout, slot.fetched)
        except (HungUp, Sent):
            if slot.fetched.done():
                await slot.returned
                raise
            pbx.emit("call", "ParkedCallGiveUp", slot.headers(self.settings.name))
            self._free(slot)
            raise
        if is_fetched:
            # The channel that picked it up controls it now, and ends the wait.
            await slot.returned
            channel.check()
            raise HungUp
        self._free(slot)
        where = self._comeback(slot)
        pbx.arrive(channel, Sent(where))
        pbx.emit("call", "ParkedCallTimeOut", slot.headers(self.settings.name))
        raise Sent(where)

    async def fetch(self, channel: Channel, space: str) -> None:
        """Connect a channel with the call that is parked at a number, if there is one.

        Raises
        ------
        HungUp, Sent
            When one of them leaves.
        """
        pbx = self._pbx
        slot = self.slots.get(int(space)) if is_count(space) else None
        if slot is None or slot.fetched.done():
            return
        slot.fetched.set_result(None)
        parkee = slot.channel
        headers = slot.headers(self.settings.name)
        parked = {name: value for name, value in headers.items() if name.startswith("Parkee")}
        rest = {name: value for name, value in headers.items() if name not in parked}
        self._free(slot)
        pbx.emit("call", "UnParkedCall", parked, channel.snapshot("Retriever"), rest)
        pbx.records.meets(parkee, channel)
        pbx.connect_line(parkee, channel.caller)
        pbx.connect_line(channel, parkee.caller)
        try:
            await talk(pbx, channel, parkee)
        finally:
            slot.returned.set_result(None)
        raise HungUp

    def _free(self, slot: Slot) -> None:
        assert self._bridge is not None
        self.slots.pop(slot.space, None)
        self._pbx.devices.set(self._lamp(slot), "NOT_INUSE")
        self._bridge.leave(slot.channel)

    def _lamp(self, slot: Slot) -> str:
        return f"park:{slot.space}@{self.settings.context}"

    def _comeback(self, slot: Slot) -> tuple[str, str, int]:
        pbx, channel = self._pbx, slot.channel
        exten = slot.parker.replace("/", "_")
        pbx.dialplan.add_step(COMEBACK, exten, "Dial", f"{slot.parker},30")
        for name, value in {
            "PARKING_SPACE": str(slot.space),
            "PARKEDLOT": self.settings.name,
            "PARKER": slot.parker,
            "PARKER_FLAT": exten,
        }.items():
            pbx.set_variable(channel, name, value)
        return COMEBACK, exten, 1
