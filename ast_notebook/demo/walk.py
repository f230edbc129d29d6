"""The way of a channel through the dialplan, step by step, until it ends."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ast_notebook.demo.applications import APPLICATIONS
from ast_notebook.demo.channel import Channel, HungUp, Sent, State
from ast_notebook.demo.functions import fill

if TYPE_CHECKING:
    from ast_notebook.demo.pbx import Pbx

logger = logging.getLogger(__name__)

#: Seconds that a busy tone is heard for, by somebody who does not hang up.
BUSY_SECONDS = 10.0


async def walk(
    pbx: Pbx, channel: Channel, start: Sent | None = None, *, in_dialplan: bool = True
) -> None:
    """Let a channel walk the dialplan from where it stands, or from `start`, and hang it up.

    `in_dialplan` says whether it is there already: else its end is no end of a dialplan.
    """
    channel.is_walking = True
    there = start or Sent((channel.context, channel.exten, channel.priority))
    try:
        while True:
            in_dialplan = in_dialplan or isinstance(there.go, tuple)
            try:
                await _follow(pbx, channel, there)
                break
            except Sent as elsewhere:
                there = elsewhere
                channel.resume()
    except HungUp:
        pass
    finally:
        if not channel.is_hung_up:
            if in_dialplan:
                about = {"Cause": "16", **channel.sip()}  # how, not why: the dialplan is at its end
                pbx.emit("call", "SoftHangupRequest", channel.snapshot(), about)
            pbx.hangup(channel)


async def _follow(pbx: Pbx, channel: Channel, there: Sent) -> None:
    if not isinstance(there.go, tuple):
        await there.go(channel)
        return
    channel.context, channel.exten, channel.priority = there.go
    steps = 0
    while step := pbx.dialplan.find(channel.context, channel.exten, channel.priority):
        steps += 1
        await run_application(pbx, channel, step.application, fill(pbx, channel, step.data))
        # A dialplan that goes round and round leaves the others their turn.
        await asyncio.sleep(0)
    if steps and not channel.is_announced:
        await _fall_through(pbx, channel)


async def run_application(pbx: Pbx, channel: Channel, name: str, data: str) -> None:
    """Run one application on a channel, and put the channel to what comes next.

    Raises
    ------
    HungUp, Sent
        When the channel is interrupted meanwhile.
    """
    run = APPLICATIONS.get(name)
    if run is None:
        logger.warning("the demo PBX has no application %s", name)
        raise HungUp
    if channel.is_announced:
        channel.is_announced = False
        channel.application, channel.data = name, data
        pbx.records.runs(channel)
    else:
        pbx.enter_application(channel, name, data)
    priority = channel.priority
    there = await run(pbx, channel, data)
    channel.check()
    channel.context, channel.exten, channel.priority = there or (
        channel.context,
        channel.exten,
        priority + 1,
    )


async def _fall_through(pbx: Pbx, channel: Channel) -> None:
    """Let who dialled in vain hear it, when the dialplan does not say what else to do."""
    if channel.variables.get("DIALSTATUS") in ("BUSY", "CONGESTION", "CHANUNAVAIL"):
        if not channel.is_up:
            pbx.set_state(channel, State.BUSY)
        await channel.wait(BUSY_SECONDS)
