"""The applications of the dialplan: what a step can do with a channel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ast_notebook.demo import dialling
from ast_notebook.demo.channel import CAUSES, Channel, HungUp
from ast_notebook.demo.dialplan import arguments
from ast_notebook.demo.functions import assign

if TYPE_CHECKING:
    from ast_notebook.demo.pbx import Pbx

#: Seconds that an answer waits for a first sound.
FIRST_SOUND_SECONDS = 0.5
#: Seconds between the looks of one who listens: is the channel still there?
LOOK_SECONDS = 0.1

#: Where a channel goes on; None for the next step.
Place = tuple[str, str, int] | None
Application = Callable[["Pbx", Channel, str], Awaitable[Place]]


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else 0.0


async def answer(pbx: Pbx, channel: Channel, data: str) -> None:
    """Answer the call, and wait for a first sound from its far end, for half a second."""
    if channel.is_up:
        return
    channel.sound = asyncio.get_running_loop().create_future()
    pbx.answer(channel)
    await channel.wait(FIRST_SOUND_SECONDS, channel.sound)


async def dial(pbx: Pbx, channel: Channel, data: str) -> None:
    """Call devices, joined by ``&``, for so many seconds."""
    targets, seconds, *_ = [*arguments(data), "", ""]
    interfaces = [target for target in targets.split("&") if target]
    await dialling.dial(pbx, channel, interfaces, _seconds(seconds) or None)


async def goto(pbx: Pbx, channel: Channel, data: str) -> Place:
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


async def goto_if(pbx: Pbx, channel: Channel, data: str) -> Place:
    """Go on at one of two places: ``condition?then:else``."""
    condition, _, places = data.partition("?")
    then, _, otherwise = places.partition(":")
    place = then if condition.strip() not in ("", "0") else otherwise
    return await goto(pbx, channel, place) if place else None


async def hangup(pbx: Pbx, channel: Channel, data: str) -> None:
    """End the call, for a cause."""
    channel.cause = int(data) if data in map(str, CAUSES) else channel.cause
    raise HungUp


async def milliwatt(pbx: Pbx, channel: Channel, data: str) -> None:
    """Let a tone sound until somebody hangs up."""
    pbx.answer(channel)
    channel.far.hears_sound(channel)
    await channel.wait()


async def no_op(pbx: Pbx, channel: Channel, data: str) -> None:
    """Do nothing."""


async def ringing(pbx: Pbx, channel: Channel, data: str) -> None:
    """Let the caller hear it ring."""
    channel.far.hears_ringing(channel)


async def set_(pbx: Pbx, channel: Channel, data: str) -> None:
    """Set a variable or a function: ``name=value``."""
    name, _, value = data.partition("=")
    assign(pbx, channel, name.strip(), value)


async def user_event(pbx: Pbx, channel: Channel, data: str) -> None:
    """Send an event of the user's own: its name, and headers."""
    name, *headers = arguments(data)
    told = {"UserEvent": name}
    for header in headers:
        key, _, value = header.partition(":")
        told[key.strip()] = value.strip()
    pbx.emit("user", "UserEvent", channel.snapshot(), told)


async def wait(pbx: Pbx, channel: Channel, data: str) -> None:
    """Wait for so many seconds."""
    await channel.wait(_seconds(data))


async def chan_spy(pbx: Pbx, channel: Channel, data: str) -> None:
    """Hear channels whose names begin so: ``prefix,options``.

    With the option E only the first that is there, with S as long as there is one.
    """
    prefix, options, *_ = [*arguments(data), "", ""]
    pbx.answer(channel)
    while True:
        others = (one for one in pbx.channels.values() if one is not channel and one.is_up)
        heard = next((one for one in others if one.name.startswith(prefix)), None)
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


async def conf_bridge(pbx: Pbx, channel: Channel, data: str) -> None:
    """Meet in a conference room."""
    await pbx.conferences.join(channel, arguments(data)[0])


async def park(pbx: Pbx, channel: Channel, data: str) -> None:
    """Park the caller."""
    await answer(pbx, channel, "")
    slot = pbx.lot.take(channel)
    if slot is not None:
        await pbx.lot.hold(channel, slot)


async def parked_call(pbx: Pbx, channel: Channel, data: str) -> None:
    """Fetch a parked call: ``lot,space``."""
    pbx.answer(channel)
    await pbx.lot.fetch(channel, data.partition(",")[2])


async def queue(pbx: Pbx, channel: Channel, data: str) -> None:
    """Wait in a queue until one of its members answers."""
    await pbx.queues.join(channel, arguments(data)[0])


async def voice_mail(pbx: Pbx, channel: Channel, data: str) -> None:
    """Leave a message: ``box@context,options``."""
    boxes, options, *_ = [*arguments(data), ""]
    await pbx.mailboxes.record(channel, boxes.split("&")[0], options)


async def voice_mail_main(pbx: Pbx, channel: Channel, data: str) -> None:
    """Listen to messages: ``box@context,options``."""
    await pbx.mailboxes.listen(channel, arguments(data)[0])


APPLICATIONS: dict[str, Application] = {
    "Answer": answer,
    "ChanSpy": chan_spy,
    "ConfBridge": conf_bridge,
    "Dial": dial,
    "Goto": goto,
    "GotoIf": goto_if,
    "Hangup": hangup,
    "Milliwatt": milliwatt,
    "NoOp": no_op,
    "Park": park,
    "ParkedCall": parked_call,
    "Queue": queue,
    "Ringing": ringing,
    "Set": set_,
    "UserEvent": user_event,
    "VoiceMail": voice_mail,
    "VoiceMailMain": voice_mail_main,
    "Wait": wait,
}
