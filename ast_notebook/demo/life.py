"""The calls of a small office: between colleagues, from the door and from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ast_notebook.demo.channel import Channel
from ast_notebook.demo.configuration import Party
from ast_notebook.demo.originate import Order, originate
from ast_notebook.demo.pbx import Pbx

#: Seconds from one call to the next.
SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 7.0
#: Seconds that people talk.
SHORTEST_TALK, LONGEST_TALK = 4.0, 20.0

#: Callers from outside; the name of the first has a comma, as real names do.
VISITORS = (
    Party("Smith, John", "5551"),
    Party("Müller GmbH", "5552"),
    Party("Aylin", "5553"),
    Party("", "5554"),
)

# The telephones and numbers of the sample configuration that are used.
OFFICE, DOOR, HALL, KITCHEN, GARAGE = "2222", "200", "240", "30", "300"
SUPPORT, CONFERENCE, MESSAGES, SPEAKER, TONE = "610", "620", "500", "601", "600"


class Life:
    """People at the telephones of the sample configuration.

    Parameters
    ----------
    pbx : Pbx
        The PBX; its random numbers decide who calls whom.
    """

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._random = pbx.random
        self._scenes: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (8, self.colleagues),
            (3, self.visitor_at_the_door),
            (3, self.customer),
            (3, self.message),
            (2, self.listen),
            (2, self.support),
            (2, self.button),
            (1, self.conference),
        ]

    async def go_on(self) -> None:
        """Make a random call every few seconds, for ever."""
        await asyncio.sleep(0.3)
        await self.colleagues()
        weights = [weight for weight, _ in self._scenes]
        while True:
            await asyncio.sleep(self._random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
            _, scene = self._random.choices(self._scenes, weights)[0]
            await scene()

    async def colleagues(self) -> None:
        """One calls another; now and then somebody is not there, or is busy."""
        caller, callee = self._random.sample([OFFICE, DOOR, HALL, KITCHEN, GARAGE], 2)
        telephone = self._pbx.telephones[callee]
        chance = self._random.random()
        if chance < 0.1:
            telephone.refuses()
        elif chance < 0.2:
            telephone.only_rings()
        else:
            telephone.answers(self._random.uniform(1.0, 4.0))
        self._pbx.telephones[caller].calls(callee, self._talk())
        await asyncio.sleep(0.5)
        # Other calls to it are handled as always.
        telephone.answers(1.0)

    async def visitor_at_the_door(self) -> None:
        """Somebody rings at the door, and the hall or the office speaks with them."""
        callee = self._random.choice([HALL, OFFICE])
        visitor = self._random.choice(VISITORS)
        order = Order(
            interface=self._pbx.telephones[DOOR].device.interface,
            context="door",
            exten=callee,
            caller=Party(visitor.name, "100"),
        )
        self._originate(order)

    async def customer(self) -> None:
        """Somebody from outside calls the office."""
        order = Order(
            interface=f"Local/{self._random.choice([OFFICE, HALL])}@home/n",
            context="phones",
            exten=SPEAKER,
            caller=self._random.choice(VISITORS),
        )
        self._originate(order)

    async def message(self) -> None:
        """Somebody leaves a message for the office."""
        order = Order(
            interface=f"Local/{SPEAKER}@phones/n",
            context="phones",
            exten="*22",
            caller=self._random.choice(VISITORS),
        )
        self._originate(order)

    async def listen(self) -> None:
        """Let the office listen to its messages."""
        channel = self._pbx.telephones[OFFICE].calls(MESSAGES, 5.0)
        if channel is not None:
            for _ in range(4):
                channel.keys.put_nowait("1")

    async def support(self) -> None:
        """Somebody calls the support desk."""
        caller = self._random.choice([KITCHEN, GARAGE, OFFICE])
        self._pbx.telephones[caller].calls(SUPPORT, self._talk())

    async def button(self) -> None:
        """Somebody presses a button: a light goes on, or off."""
        number = f"80{self._random.randrange(2)}"
        self._pbx.telephones[self._random.choice([HALL, KITCHEN])].calls(number)

    async def conference(self) -> None:
        """Three telephones meet in a conference."""
        for name in self._random.sample([OFFICE, HALL, KITCHEN, GARAGE], 3):
            self._pbx.telephones[name].calls(CONFERENCE, self._talk())
            await asyncio.sleep(self._random.uniform(0.2, 1.5))

    def _talk(self) -> float:
        return self._random.uniform(SHORTEST_TALK, LONGEST_TALK)

    def _originate(self, order: Order) -> None:
        self._pbx.spawn(originate(self._pbx, order, self._limit))

    def _limit(self, reason: str, channel: Channel | None) -> None:
        """End a call after some time, since neither of its telephones hangs up."""
        if channel is not None:
            asyncio.get_running_loop().call_later(
                self._talk(), self._pbx.request_hangup, channel, 16
            )
