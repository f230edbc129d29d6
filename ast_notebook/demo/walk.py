"""Executes the dialplan on a channel, step by step, until the channel ends."""

from __future__ import annotations

import asyncio
import logging

from ast_notebook.demo.channel import Channel, ChannelState, HungUp, Sent
from ast_notebook.demo.exchange import Exchange
from ast_notebook.demo.functions import fill

logger = logging.getLogger(__name__)

#: Seconds after which a channel with a busy tone is hung up.
BUSY_SECONDS = 10.0


async def walk(
    pbx: Exchange, channel: Channel, start: Sent | None = None, *, in_dialplan: bool = True
) -> None:
    """Execute the dialplan on a channel, from its position or from `start`; then hang it up.

    `in_dialplan` says whether the channel executes the dialplan already.
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
                about = {"Cause": "16", **channel.sip()}  # the dialplan is at its end
                pbx.emit("call", "SoftHangupRequest", channel.snapshot(), about)
            pbx.hangup(channel)


async def _follow(pbx: Exchange, channel: Channel, there: Sent) -> None:
    if not isinstance(there.go, tuple):
        await there.go(channel)
        return
    channel.context, channel.exten, channel.priority = there.go
    steps = 0
    while step := pbx.dialplan.find(channel.context, channel.exten, channel.priority):
        steps += 1
        await run_application(pbx, channel, step.application, fill(pbx, channel, step.data))
        # A dialplan with an endless loop must leave time for other tasks.
        await asyncio.sleep(0)
    if steps and not channel.is_announced:
        await _fall_through(pbx, channel)


async def run_application(pbx: Exchange, channel: Channel, name: str, data: str) -> None:
    """Run one application on a channel, and set the channel's next step.

    Raises
    ------
    HungUp, Sent
        When the channel is interrupted meanwhile.
    """
    run = pbx.applications.get(name)
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
    there = await run(channel, data)
    channel.check()
    channel.context, channel.exten, channel.priority = there or (
        channel.context,
        channel.exten,
        priority + 1,
    )


async def _fall_through(pbx: Exchange, channel: Channel) -> None:
    """Play the tone of a failed dial, if the dialplan has no further step."""
    if channel.variables.get("DIALSTATUS") in ("BUSY", "CONGESTION", "CHANUNAVAIL"):
        if not channel.is_up:
            pbx.set_state(channel, ChannelState.BUSY)
        await channel.wait(BUSY_SECONDS)
