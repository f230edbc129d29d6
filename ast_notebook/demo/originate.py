"""Originate: calls that the exchange makes for the manager."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence

from ast_notebook.demo.channel import Channel, HungUp, Sent
from ast_notebook.demo.configuration import NOBODY, Party
from ast_notebook.demo.dialling import Attempt
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.functions import assign
from ast_notebook.demo.walk import run_application, walk

#: The reasons that an OriginateResponse gives: Asterisk's own numbers.
FAILED, RANG, ANSWERED, BUSY = "0", "3", "4", "5"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """An ordered call: whom to call, and how to go on when that channel answers."""

    interface: str
    context: str = ""
    exten: str = ""
    priority: int = 1
    application: str = ""
    data: str = ""
    caller: Party = NOBODY
    timeout: float = 30.0
    variables: Sequence[str] = ()
    uniqueids: tuple[str, str] = ("", "")

    def headers(self) -> dict[str, str]:
        """Return the headers that an OriginateResponse repeats."""
        if self.application:
            return {"Application": self.application, "Data": self.data}
        return {"Context": self.context, "Exten": self.exten}


async def originate(
    pbx: Exchange, order: Order, done: Callable[[str, Channel | None], None]
) -> None:
    """Carry out the order; `done` is called with the reason, and the channel if it answered."""
    leg = pbx.call_out(order.interface, uniqueids=order.uniqueids)
    if leg is None:
        done(FAILED, None)
        return
    if leg.technology == "SIP":
        leg.exten = ""
    pbx.enter_application(leg, "AppDial2", "(Outgoing Line)")
    variables = [one for header in order.variables for one in arguments(header)]
    for variable in reversed(variables):
        name, _, value = variable.partition("=")
        assign(pbx, leg, name, value)
    if order.caller:
        name, number = order.caller.name, order.caller.number
        pbx.identify(leg, Party(name or leg.caller.name, number or leg.caller.number))
        leg.connected = order.caller
        pbx.emit("call", "NewConnectedLine", leg.snapshot())
    attempt = Attempt(pbx, None)
    if not attempt.call(leg, order.interface.partition("/")[2]):
        done(FAILED, None)
        return
    with contextlib.suppress(HungUp, Sent):
        await leg.wait(order.timeout, attempt.done)
    if attempt.winner is leg:
        attempt.tell_answered(leg)
        done(ANSWERED, leg)
        await _go_on(pbx, leg, order)
    elif attempt.legs:
        done(RANG, None)
        attempt.drop(19 if pbx.profile.is_newer else 0)
    else:
        # Asterisk 22 does not know the reason any more when it sends this.
        was_busy = 17 in attempt.causes and not pbx.profile.is_newer
        done(BUSY if was_busy else FAILED, None)


async def _go_on(pbx: Exchange, leg: Channel, order: Order) -> None:
    if order.application:
        leg.is_announced = True  # without a dialplan there is no step to announce

        async def run(channel: Channel) -> None:
            await run_application(pbx, channel, order.application, order.data)

        await walk(pbx, leg, Sent(run), in_dialplan=False)
        return
    context = order.context or leg.context
    exten = order.exten or leg.exten
    await walk(pbx, leg, Sent((context, exten, order.priority)))
