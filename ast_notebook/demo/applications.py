"""The applications of the dialplan that only need a channel and the channels that it calls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial

from ast_notebook.demo import dialling
from ast_notebook.demo.channel import CAUSES, Channel, HungUp
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.exchange import Exchange, Place
from ast_notebook.demo.functions import assign

#: Seconds that an answer waits for a first sound.
FIRST_SOUND_SECONDS = 0.5
#: Seconds between two checks of ChanSpy whether the channel is still up.
LOOK_SECONDS = 0.1


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else 0.0


async def answer(pbx: Exchange, channel: Channel, data: str) -> None:
    """Answer the call, and wait up to half a second for a first sound from its remote end."""
    if channel.is_up:
        return
    channel.sound = asyncio.get_running_loop().create_future()
    pbx.answer(channel)
    await channel.wait(FIRST_SOUND_SECONDS, channel.sound)


async def dial(pbx: Exchange, channel: Channel, data: str) -> None:
    """Call devices, which are joined by ``&``, and let them ring for the given seconds at most."""
    targets, seconds, *_ = [*arguments(data), "", ""]
    interfaces = [target for target in targets.split("&") if target]
    await dialling.dial(pbx, channel, interfaces, _seconds(seconds) or None)


async def goto(pbx: Exchange, channel: Channel, data: str) -> Place:
    """Go on elsewhere: ``[[context,]exten,]priority``, the priority by number or by label."""
    *place, priority = data.split(",")
    exten = place[-1] if place else channel.exten
    context = place[0] if len(place) > 1 else channel.context
    if re.fullmatch("[0-9]{1,9}", priority):
        return context, exten, int(priority)
    labelled = pbx.dialplan.labelled(context, exten, priority)
    if labelled is None:
        raise HungUp
    return context, exten, labelled


async def goto_if(pbx: Exchange, channel: Channel, data: str) -> Place:
    """Go on at one of two places: ``condition?then:else``."""
    condition, _, places = data.partition("?")
    then, _, otherwise = places.partition(":")
    place = then if condition.strip() not in ("", "0") else otherwise
    return await goto(pbx, channel, place) if place else None


async def hangup(pbx: Exchange, channel: Channel, data: str) -> None:
    """End the call, for a cause."""
    channel.cause = int(data) if data in map(str, CAUSES) else channel.cause
    raise HungUp


async def milliwatt(pbx: Exchange, channel: Channel, data: str) -> None:
    """Play a tone until somebody hangs up."""
    pbx.answer(channel)
    channel.remote.hears_sound(channel)
    await channel.wait()


async def no_op(pbx: Exchange, channel: Channel, data: str) -> None:
    """Do nothing."""


async def ringing(pbx: Exchange, channel: Channel, data: str) -> None:
    """Let the caller hear a ringing tone."""
    channel.remote.hears_ringing(channel)


async def set_(pbx: Exchange, channel: Channel, data: str) -> None:
    """Set a variable or a function: ``name=value``."""
    name, _, value = data.partition("=")
    assign(pbx, channel, name.strip(), value)


async def user_event(pbx: Exchange, channel: Channel, data: str) -> None:
    """Send an event of the user's own: its name, and headers."""
    name, *headers = arguments(data)
    own = {"UserEvent": name}
    for header in headers:
        key, _, value = header.partition(":")
        own[key.strip()] = value.strip()
    pbx.emit("user", "UserEvent", channel.snapshot(), own)


async def wait(pbx: Exchange, channel: Channel, data: str) -> None:
    """Wait for so many seconds."""
    await channel.wait(_seconds(data))


def _is_meant(name: str, prefix: str, whole: bool) -> bool:
    return name == prefix if whole else name.startswith(prefix)


async def chan_spy(pbx: Exchange, channel: Channel, data: str) -> None:
    """Listen to channels whose names begin with a prefix: ``prefix,options``.

    With option E, it listens to the first such channel only; with S, until there is none; with u,
    to the channel of exactly this name.
    """
    prefix, options, *_ = [*arguments(data), "", ""]
    pbx.answer(channel)
    while True:
        others = (one for one in pbx.channels.values() if one is not channel and one.is_up)
        whole = "u" in options
        heard = next((one for one in others if _is_meant(one.name, prefix, whole)), None)
        if heard is None:
            if "S" in options:
                return
            await channel.wait(LOOK_SECONDS)
            continue
        pbx.emit("call", "ChanSpyStart", channel.snapshot("Spyer"), heard.snapshot("Spyee"))
        try:
            while not heard.is_hung_up:
                await channel.wait(LOOK_SECONDS)
        finally:
            pbx.emit("call", "ChanSpyStop", channel.snapshot("Spyer"), heard.snapshot("Spyee"))
        if "E" in options:
            return


def register(pbx: Exchange) -> None:
    """Let the dialplan of an exchange use these applications."""
    for name, run in _APPLICATIONS.items():
        pbx.applications[name] = partial(run, pbx)


_APPLICATIONS: dict[str, Callable[[Exchange, Channel, str], Awaitable[Place]]] = {
    "Answer": answer,
    "ChanSpy": chan_spy,
    "Dial": dial,
    "Goto": goto,
    "GotoIf": goto_if,
    "Hangup": hangup,
    "Milliwatt": milliwatt,
    "NoOp": no_op,
    "Ringing": ringing,
    "Set": set_,
    "UserEvent": user_event,
    "Wait": wait,
}
