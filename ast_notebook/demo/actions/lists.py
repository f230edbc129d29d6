"""Actions that list the state: channels, devices, extensions, mailboxes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ast_notebook.demo.actions.registry import (
    Headers,
    Listing,
    Reply,
    Request,
    SingleResponse,
    action,
    refuse,
)
from ast_notebook.demo.channel import Channel
from ast_notebook.demo.devices import DeviceStates
from ast_notebook.demo.functions import value_of
from ast_notebook.demo.voicemail import Mailbox


def _elapsed(channel: Channel) -> int:
    return int(time.time() - channel.since)


@action("CoreShowChannels", "system,reporting", "List currently active channels.")
def core_show_channels(request: Request) -> Reply:
    """List all channels."""

    def entries() -> Iterator[tuple[str, Headers]]:
        for channel in list(request.pbx.channels.values()):
            minutes, seconds = divmod(_elapsed(channel), 60)
            yield (
                "CoreShowChannel",
                {
                    **channel.snapshot(),
                    "Application": channel.application,
                    "ApplicationData": channel.data,
                    "Duration": f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}",
                    "BridgeId": channel.bridge.uniqueid if channel.bridge else "",
                },
            )

    return Listing("Channels will follow", entries(), "CoreShowChannelsComplete")


@action("Status", "system,call,reporting", "List channel status.")
def status(request: Request) -> Reply:
    """List one channel or all of them, in detail."""
    name = request.get("Channel")
    found = request.pbx.find(name) if name else None
    if name and found is None:
        return refuse("No such channel")
    channels = [found] if found else list(request.pbx.channels.values())
    variables = [one for one in request.get("Variables").split(",") if one]

    def entries() -> Iterator[tuple[str, Headers]]:
        for channel in channels:
            headers = dict(_status(channel))
            values = [f"{one}={value_of(request.pbx, channel, one)}" for one in variables]
            if values:
                # Each variable is a header of the same name, which a mapping can have only once.
                headers["Variable"] = "\r\nVariable: ".join(values)
            yield "Status", headers

    return Listing(
        "Channel status will follow",
        entries(),
        "StatusComplete",
        id_last=True,
        more=lambda count: {"Items": str(count)},
    )


def _status(channel: Channel) -> Headers:
    connected = channel.connected
    sound = "slin" if channel.technology == "Local" else "ulaw"
    left = 0 if channel.ends_at is None else max(0, int(channel.ends_at - time.monotonic()))
    return {
        "Privilege": "Call",
        **channel.snapshot(),
        "Type": channel.technology,
        "DNID": channel.dialled if channel.technology != "Local" else "",
        "EffectiveConnectedLineNum": connected.number or "<unknown>",
        "EffectiveConnectedLineName": connected.name or "<unknown>",
        "TimeToHangup": str(left),
        "BridgeID": channel.bridge.uniqueid if channel.bridge else "",
        "Application": channel.application,
        "Data": channel.data,
        "Nativeformats": f"({sound})",
        "Readformat": sound,
        "Readtrans": "",
        "Writeformat": sound,
        "Writetrans": "",
        "Callgroup": "0",
        "Pickupgroup": "0",
        "Seconds": str(_elapsed(channel)),
    }


@action("DeviceStateList", "call,reporting", "List the current known device states.")
def device_states(request: Request) -> Reply:
    """List the states of all devices."""
    entries = [
        ("DeviceStateChange", {"Device": device, "State": state})
        for device, state in request.pbx.devices.listed().items()
    ]
    return Listing("Device State Changes will follow", entries, "DeviceStateListComplete")


@action("PJSIPShowEndpoints", "system", "Lists PJSIP endpoints.")
def endpoints(request: Request) -> Reply:
    """List the telephones of chan_pjsip."""
    pbx = request.pbx
    if pbx.profile.technology != "PJSIP":
        return refuse("No endpoints found\n")
    entries = [
        ("EndpointList", _endpoint(name, pbx.devices, telephone.device.interface))
        for name, telephone in pbx.telephones.items()
    ]
    message = "A listing of Endpoints follows, presented as EndpointList events"
    return Listing(message, entries, "EndpointListComplete")


def _endpoint(name: str, devices: DeviceStates, interface: str) -> Headers:
    words = {"NOT_INUSE": "Not in use", "INUSE": "In use", "ONHOLD": "On Hold"}
    state = devices.states[interface]
    return {
        "ObjectType": "endpoint",
        "ObjectName": name,
        "Transport": "",
        "Aor": name,
        "Auths": "",
        "OutboundAuths": "",
        "Contacts": f"{name}/sip:{name}@127.0.0.1:5060,",
        "DeviceState": words.get(state, state.capitalize()),
        "ActiveChannels": str(len(devices.channels_of(interface))),
    }


@action("ExtensionStateList", "call,reporting", "List the current known extension states.")
def extension_states(request: Request) -> Reply:
    """List the states of all extensions."""
    pbx = request.pbx
    entries = [("ExtensionStatus", pbx.devices.extension(*place)) for place in pbx.dialplan.hints]
    return Listing("Extension Statuses will follow", entries, "ExtensionStateListComplete")


@action("ExtensionState", "call,reporting", "Check Extension Status.")
def extension_state(request: Request) -> Reply:
    """Tell the state of one extension."""
    exten = request.get("Exten")
    if not exten:
        return refuse("Extension not specified")
    context = request.get("Context") or "default"
    return SingleResponse("Extension Status", request.pbx.devices.extension(context, exten))


@action("PresenceStateList", "call,reporting", "List the current known presence states.")
def presence_states(request: Request) -> Reply:
    """List presence states; nobody has one."""
    return Listing("Presence State Changes will follow", (), "PresenceStateListComplete")


@action("MailboxCount", "call,reporting", "Check Mailbox Message Count.")
def mailbox_count(request: Request) -> Reply:
    """Count the messages of a mailbox, or of several."""
    name = request.get("Mailbox")
    if not name:
        return refuse("Mailbox not specified")
    boxes = _boxes(request, name)
    counts = {
        "Mailbox": name,
        "UrgMessages": "0",
        "NewMessages": str(sum(box.new for box in boxes)),
        "OldMessages": str(sum(box.old for box in boxes)),
    }
    return SingleResponse("Mailbox Message Count", counts)


@action("MailboxStatus", "call,reporting", "Check mailbox.")
def mailbox_status(request: Request) -> Reply:
    """Tell whether a mailbox has new messages."""
    name = request.get("Mailbox")
    if not name:
        return refuse("Mailbox not specified")
    waiting = any(box.new for box in _boxes(request, name))
    return SingleResponse("Mailbox Status", {"Mailbox": name, "Waiting": str(int(waiting))})


def _boxes(request: Request, names: str) -> list[Mailbox]:
    found = (request.pbx.mailboxes.get(name) for name in names.split(","))
    return [box for box in found if box is not None]


@action("VoicemailUsersList", "call,reporting", "List All Voicemail User Information.")
def voicemail_users(request: Request) -> Reply:
    """List all mailboxes."""
    entries = [("VoicemailUserEntry", _user(request, box)) for box in request.pbx.mailboxes]
    return Listing("Voicemail user list will follow", entries, "VoicemailUserEntryComplete")


@action("VoicemailUserStatus", "call,reporting", "Show the status of given voicemail user's info.")
def voicemail_user(request: Request) -> Reply:
    """Tell of one mailbox."""
    context, number = request.get("Context"), request.get("Mailbox")
    if not context or not number:
        return refuse("Need 'Context' and 'Mailbox' parameters.")
    box = request.pbx.mailboxes.get(f"{number}@{context}")
    if box is None:
        return SingleResponse("There is no voicemail user of the given info.")
    entries = [("VoicemailUserDetail", _user(request, box))]
    return Listing("Voicemail user detail will follow", entries, "VoicemailUserDetailComplete")


def _user(request: Request, box: Mailbox) -> Headers:
    headers = {
        "VMContext": box.context,
        "VoiceMailbox": box.number,
        "Fullname": box.owner,
        "Email": "(null)",
        "Pager": "",
        "ServerEmail": "asterisk",
        "FromString": "",
        "MailCommand": "/usr/sbin/sendmail -t",
        "Language": "",
        "TimeZone": "",
        "Callback": "",
        "Dialout": "",
        "UniqueID": "",
        "ExitContext": "",
        "SayDurationMinimum": "2",
        "SayEnvelope": "Yes",
        "SayCID": "No",
        "AttachMessage": "Yes",
        "AttachmentFormat": "",
        "DeleteMessage": "No",
        "VolumeGain": "0.00",
        "CanReview": "No",
        "CanMarkUrgent": "Yes",
        "CallOperator": "No",
        "MaxMessageCount": "100",
        "MaxMessageLength": "0",
        "NewMessageCount": str(box.new),
        "OldMessageCount": str(box.old),
    }
    if not request.pbx.profile.is_newer:
        del headers["CanMarkUrgent"]
    return headers
