"""Actions on calls: making them, ending them, and sending them elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable

from ast_notebook.demo.actions.registry import (
    Headers,
    Listing,
    Reply,
    Request,
    SingleResponse,
    action,
    refuse,
)
from ast_notebook.demo.channel import Channel, Sent
from ast_notebook.demo.configuration import Party
from ast_notebook.demo.functions import assign, set_timeout, value_of
from ast_notebook.demo.originate import ANSWERED, Order, originate
from ast_notebook.digits import is_count

#: A pattern that is longer matches no channel.
LONGEST_PATTERN = 200
#: The seconds that a timeout of 0 means.
FOR_EVER = 86_400.0


@action("Originate", "originate", "Originate a call.")
def originate_call(request: Request) -> Reply | Awaitable[Reply]:
    """Call a channel, and connect it when it answers."""
    order = _order(request)
    if isinstance(order, SingleResponse):
        return order
    pbx = request.pbx
    if not request.is_true("Async"):
        return _wait(request, order)
    action_id = request.get("ActionID")

    def done(reason: str, channel: Channel | None) -> None:
        caller = channel.caller if channel else order.caller
        headers = {
            **({"ActionID": action_id} if action_id else {}),
            "Response": "Success" if reason == ANSWERED else "Failure",
            "Channel": channel.name if channel else order.interface,
            **order.headers(),
            "Reason": reason,
            "Uniqueid": channel.uniqueid if channel else "<unknown>",
            "CallerIDNum": caller.number if order.caller and caller.number else "<unknown>",
            "CallerIDName": caller.name if order.caller and caller.name else "<unknown>",
        }
        pbx.emit("call", "OriginateResponse", headers)

    pbx.spawn(originate(pbx, order, done))
    return SingleResponse("Originate successfully queued")


async def _wait(request: Request, order: Order) -> Reply:
    """Carry out an order, and answer when its result is known."""
    known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def done(reason: str, channel: Channel | None) -> None:
        if not known.done():
            known.set_result(channel is not None)

    request.pbx.spawn(originate(request.pbx, order, done))
    if await known:
        return SingleResponse("Originate successfully queued")
    return refuse("Originate failed")


def _order(request: Request) -> Order | SingleResponse:
    """Read an order, or return a refusal that says what is wrong."""
    get, pbx = request.get, request.pbx
    if not get("Channel"):
        return refuse("Channel not specified")
    exten, context, priority = get("Exten"), get("Context"), get("Priority")
    if priority and not is_count(priority):
        labelled = pbx.dialplan.labelled(context, exten, priority)
        if labelled is None:
            return refuse("Invalid priority")
        priority = str(labelled)
    timeout = get("Timeout")
    if timeout and not is_count(timeout):
        return refuse("Invalid timeout")
    if "/" not in get("Channel"):
        return refuse("Invalid channel")
    if priority and pbx.dialplan.find(context, exten, int(priority)) is None:
        return refuse("Extension does not exist.")
    if not (priority or get("Application") or request.is_true("Async")):
        return refuse("Originate with 'Exten' requires 'Context' and 'Priority'")
    uniqueids = get("ChannelId"), get("OtherChannelId")
    if any(one.uniqueid in uniqueids for one in pbx.channels.values()):
        return refuse("Uniqueid conflict")
    return Order(
        interface=get("Channel"),
        context=context,
        exten=exten,
        priority=int(priority or 1),
        application=get("Application"),
        data=get("Data"),
        caller=Party.read(get("CallerID")),
        timeout=int(timeout or 30_000) / 1000 or FOR_EVER,
        variables=tuple(request.all("Variable")),
        uniqueids=uniqueids,
    )


@action("Hangup", "system,call", "Hangup channel.")
def hangup(request: Request) -> Reply:
    """Hang up a channel, or all whose names fit a ``/pattern/``."""
    pbx, name = request.pbx, request.get("Channel")
    if not name:
        return refuse("No channel specified")
    text = request.get("Cause")
    cause = int(text) if is_count(text) and int(text) < 128 else 0
    if len(name) > 1 and name[0] == name[-1] == "/":
        try:
            pattern = re.compile(name[1:-1][:LONGEST_PATTERN], re.IGNORECASE)
        except re.error:
            return refuse(f"Regex compile failed on: {name}")
        found = [one for one in pbx.channels.values() if pattern.search(one.name)]
        for channel in found:
            pbx.request_hangup(channel, cause)
        entries: list[tuple[str, Headers]] = [
            ("ChannelHungup", {"Channel": channel.name}) for channel in found
        ]
        end = "ChannelsHungupListComplete"
        return Listing("Channels hung up will follow", entries, end, id_last=True)
    one = pbx.find(name)
    if one is None:
        return refuse("No such channel")
    pbx.request_hangup(one, cause)
    return SingleResponse("Channel Hungup")


def _place(request: Request, prefix: str) -> tuple[str, str, int] | SingleResponse:
    context, exten = request.get(f"{prefix}Context"), request.get(f"{prefix}Exten")
    priority = request.get(f"{prefix}Priority")
    if is_count(priority) and int(priority) > 0:
        return context, exten, int(priority)
    labelled = request.pbx.dialplan.labelled(context, exten, priority) if priority else None
    if labelled is None:
        return refuse(f"{prefix}Priority is invalid")
    return context, exten, labelled


@action("Redirect", "call", "Redirect (transfer) a call.")
def redirect(request: Request) -> Reply:
    """Send one channel, or two, elsewhere in the dialplan."""
    pbx, name, other = request.pbx, request.get("Channel"), request.get("ExtraChannel")
    if not name:
        return refuse("Channel not specified")
    place = _place(request, "")
    if isinstance(place, SingleResponse):
        return place
    extra = place
    if other and request.get("ExtraExten"):
        found = _place(request, "Extra")
        if isinstance(found, SingleResponse):
            return found
        extra = found
    channel = pbx.find(name)
    if channel is None:
        return refuse(f"Channel does not exist: {name}")
    second = pbx.find(other) if other else None
    if other and second is None:
        return refuse(f"ExtraChannel does not exist: {other}")
    if not _can_go(channel) or (second is not None and not _can_go(second)):
        return refuse("Redirect failed")
    channel.interrupt(Sent(place))
    if second is None:
        return SingleResponse("Redirect successful")
    second.interrupt(Sent(extra))
    return SingleResponse("Dual Redirect successful")


def _can_go(channel: Channel) -> bool:
    """Tell whether a channel can be redirected: one that is still being dialled cannot."""
    return channel.is_walking or channel.bridge is not None


@action("BlindTransfer", "call", "Blind transfer channel(s) to the given destination")
def blind_transfer(request: Request) -> Reply:
    """Send the peer of a channel to an extension, and hang up the channel."""
    pbx, name = request.pbx, request.get("Channel")
    exten = request.get("Exten")
    if not name:
        return refuse("No channel specified")
    if not exten:
        return refuse("No extension specified")
    channel = pbx.find(name)
    if channel is None:
        return refuse("Channel specified does not exist")
    context = request.get("Context") or channel.context
    peer = channel.bridge.peer_of(channel) if channel.bridge else None
    if peer is None:
        return refuse("Transfer not permitted")
    if pbx.dialplan.find(context, exten, 1) is None:
        return refuse("Transfer failed")
    pbx.emit("call", "Unhold", channel.snapshot())
    pbx.set_variable(channel, "BLINDTRANSFER", peer.name)
    pbx.set_variable(peer, "BLINDTRANSFER", channel.name)
    pbx.emit(
        "call",
        "BlindTransfer",
        {"Result": "Success"},
        channel.snapshot("Transferer"),
        peer.snapshot("Transferee"),
        channel.bridge.headers(),
        {"IsExternal": "Yes", "Context": context, "Extension": exten},
    )
    peer.interrupt(Sent((context, exten, 1)))
    return SingleResponse("Transfer succeeded")


@action("AbsoluteTimeout", "system,call", "Set absolute timeout.")
def absolute_timeout(request: Request) -> Reply:
    """Make a channel end after some seconds."""
    if not request.get("Channel"):
        return refuse("No channel specified")
    if not request.get("Timeout"):
        return refuse("No timeout specified")
    channel = request.pbx.find(request.get("Channel"))
    if channel is None:
        return refuse("No such channel")
    set_timeout(channel, request.get("Timeout"))
    return SingleResponse("Timeout Set")


def _subject(request: Request) -> Channel | SingleResponse | None:
    """Find the channel of a variable; None for a global variable."""
    if not request.get("Variable"):
        return refuse("No variable specified")
    name = request.get("Channel")
    if not name:
        return None
    return request.pbx.find(name) or refuse("No such channel")


@action("Setvar", "call", "Sets a channel variable or function value.")
def set_variable(request: Request) -> Reply:
    """Set a variable of a channel, or a global one."""
    subject = _subject(request)
    if isinstance(subject, SingleResponse):
        return subject
    assign(request.pbx, subject, request.get("Variable"), request.get("Value"))
    return SingleResponse("Variable Set")


@action("Getvar", "call,reporting", "Gets a channel variable or function value.")
def get_variable(request: Request) -> Reply:
    """Return a variable of a channel, or a global one."""
    subject = _subject(request)
    if isinstance(subject, SingleResponse):
        return subject
    name = request.get("Variable")
    return SingleResponse(headers={"Variable": name, "Value": value_of(request.pbx, subject, name)})
