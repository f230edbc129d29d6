"""Actions on conferences and parked calls."""

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
from ast_notebook.demo.channel import Sent
from ast_notebook.demo.conference import Conference, Participant
from ast_notebook.digits import is_count


@action("ConfbridgeListRooms", "reporting", "List active conferences.")
def list_conferences(request: Request) -> Reply:
    """List the active conferences."""
    running = request.pbx.conferences.running
    if not running:
        return refuse("No active conferences.")
    entries = [
        (
            "ConfbridgeListRooms",
            {
                "Conference": conference.name,
                "Parties": str(len(conference.participants)),
                "Marked": "0",
                "Locked": "Yes" if conference.is_locked else "No",
                "Muted": "No",
            },
        )
        for conference in running.values()
    ]
    return Listing("Confbridge conferences will follow", entries, "ConfbridgeListRoomsComplete")


@action("ConfbridgeList", "reporting", "List participants in a conference.")
def list_participants(request: Request) -> Reply:
    """List the participants of a conference."""
    name = request.get("Conference")
    if not name:
        return refuse("No Conference name provided.")
    conference = _conference(request, name)
    if isinstance(conference, SingleResponse):
        return conference

    def entries() -> Iterator[tuple[str, Headers]]:
        for one in conference.participants.values():
            yield "ConfbridgeList", _participant(request, conference, one)

    return Listing("Confbridge user list will follow", entries(), "ConfbridgeListComplete")


def _participant(request: Request, conference: Conference, one: Participant) -> Headers:
    end = {"EndMarkedAny": "No"} if request.pbx.profile.is_newer else {}
    return {
        "Conference": conference.name,
        "Admin": "No",
        "MarkedUser": "No",
        "WaitMarked": "No",
        "EndMarked": "No",
        **end,
        "Waiting": "No",
        "Muted": "Yes" if one.is_muted else "No",
        "Talking": "No",
        "AnsweredTime": str(int(time.time() - one.joined)),
        **one.channel.snapshot(),
    }


def _conference(request: Request, name: str) -> Conference | SingleResponse:
    running = request.pbx.conferences.running
    if not running:
        return refuse("No active conferences.")
    return running.get(name) or refuse("No Conference by that name found.")


def _find(request: Request) -> tuple[Conference, list[Participant]] | SingleResponse:
    """Find the conference and the participants that an action names, or return a refusal."""
    name, channel = request.get("Conference"), request.get("Channel")
    if not name:
        return refuse("No Conference name provided.")
    if not channel:
        return refuse("No channel name provided.")
    conference = _conference(request, name)
    if isinstance(conference, SingleResponse):
        return conference
    if channel in ("all", "participants"):
        return conference, list(conference.participants.values())
    if channel not in conference.participants:
        return refuse("No Channel by that name found in Conference.")
    return conference, [conference.participants[channel]]


def _mute(request: Request, is_muted: bool) -> Reply:
    found = _find(request)
    if isinstance(found, SingleResponse):
        return found
    conference, participants = found
    for one in participants:
        request.pbx.conferences.mute(conference, one, is_muted)
    return SingleResponse("User muted" if is_muted else "User unmuted")


@action("ConfbridgeMute", "call", "Mute a Confbridge user.")
def mute(request: Request) -> Reply:
    """Mute somebody."""
    return _mute(request, is_muted=True)


@action("ConfbridgeUnmute", "call", "Unmute a Confbridge user.")
def unmute(request: Request) -> Reply:
    """Let somebody be heard again."""
    return _mute(request, is_muted=False)


@action("ConfbridgeKick", "call", "Kick a Confbridge user.")
def kick(request: Request) -> Reply:
    """Remove somebody from a conference."""
    found = _find(request)
    if isinstance(found, SingleResponse):
        return found
    for one in found[1]:
        request.pbx.conferences.kick(one)
    return SingleResponse("User kicked")


@action("Parkinglots", "call", "Get a list of parking lots")
def lots(request: Request) -> Reply:
    """List the parking lots."""
    settings = request.pbx.lot.settings
    entry = {
        "Name": settings.name,
        "StartSpace": str(settings.first),
        "StopSpace": str(settings.last),
        "Timeout": str(int(settings.timeout)),
    }
    return Listing("Parking lots will follow", [("Parkinglot", entry)], "ParkinglotsComplete")


@action("ParkedCalls", "call", "List parked calls.")
def parked_calls(request: Request) -> Reply:
    """List the calls that are parked."""
    lot = request.pbx.lot
    name = request.get("ParkingLot")
    if name and name != lot.settings.name:
        return refuse("Requested parking lot could not be found.")
    slots = list(lot.slots.values())
    entries = [("ParkedCall", slot.headers(lot.settings.name)) for slot in slots]
    return Listing(
        "Parked calls will follow",
        entries,
        "ParkedCallsComplete",
        id_last=True,
        more=lambda count: {"Total": str(count)},
    )


@action("Park", "call", "Park a channel.")
def park(request: Request) -> Reply:
    """Park a channel."""
    pbx, name = request.pbx, request.get("Channel")
    if not name:
        return refuse("Channel not specified")
    channel = pbx.find(name)
    if channel is None:
        return refuse(f"Channel does not exist: {name}")
    if not channel.is_up:
        return refuse("Park failure")
    if request.get("Parkinglot") not in ("", pbx.lot.settings.name):
        return refuse("Could not find parking lot: " + request.get("Parkinglot"))
    timeout = request.get("Timeout")
    slot = pbx.lot.take(
        channel,
        parker=request.get("TimeoutChannel"),
        timeout=int(timeout) / 1000 if is_count(timeout) else None,
    )
    if slot is None:
        return refuse("Park failure")
    channel.interrupt(Sent(lambda parked: pbx.lot.hold(parked, slot)))
    return SingleResponse("Park successful\r\n")
