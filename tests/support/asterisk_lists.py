"""What `sh.ast.live` says is up, beside the lists that Asterisk itself gives at the same moment."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from ast_notebook.ami import Event, Secret, Session, Settings
from ast_notebook.errors import ActionRefused
from ast_notebook.home import SmartHome
from tests.lab.asterisk import Asterisk

#: Seconds by which a moment may differ that Asterisk tells in whole seconds.
ABOUT = 2.0

# Until 2026, Asterisk counts a queue call twice if its end and the agent's new device state come
# at the same moment (Asterisk's issue 1736). No event tells of it.
_COUNTED_TWICE = re.compile(
    r"(queues|members): (?P<of>.*): (completed|calls_taken) is (?P<live>\d+), not (?P<listed>\d+)"
)

Rows = dict[str, dict[str, Any]]

_DEVICE_STATES = dict(
    enumerate(
        (
            "UNKNOWN",
            "NOT_INUSE",
            "INUSE",
            "BUSY",
            "INVALID",
            "UNAVAILABLE",
            "RINGING",
            "RINGINUSE",
            "ONHOLD",
        )
    )
)


def differences(sh: SmartHome, pbx: Asterisk, *, seconds: float = 20.0) -> list[str]:
    """Say where the live state is not what Asterisk lists.

    Asterisk is asked on a connection of its own, so that its answers change nothing of what they
    are compared with. Events may still be on their way, and what no event tells is found by the
    live state itself some seconds later: only what still differs after `seconds` is told. A call
    that Asterisk itself counted twice is seen by the next comparison alone, which is asked for.

    Parameters
    ----------
    sh : SmartHome
        Whose ``sh.ast`` is connected with `pbx`, with the login ``panel``.
    pbx : Asterisk
        A PBX of the lab that stands still: nobody dials or hangs up meanwhile.
    seconds : float
        How long to wait for them to agree.
    """
    settings = Settings(
        port=pbx.port, username=pbx.panel, password=Secret(pbx.password), events="off"
    )
    with Session(settings, name="lists").connect() as session:
        found = _once_settled(sh, session, seconds)
        if found and pbx.version < 20 and all(_is_counted_twice(one, sh) for one in found):
            sh.ast.live.reconcile()
            found = _once_settled(sh, session, seconds)
    return found


def _is_counted_twice(difference: str, sh: SmartHome) -> bool:
    """Tell whether Asterisk counts more calls than it told the end of, and live state does not."""
    if (told := _COUNTED_TWICE.fullmatch(difference)) is None:
        return False
    queue, _, interface = told["of"].partition("|")
    ended = sh.ast.events.query("event == 'AgentComplete'")
    ended = ended[ended["queue"] == queue]
    if interface:
        ended = ended[ended["interface"] == interface]
    return int(told["live"]) == len(ended) < int(told["listed"])


def _once_settled(sh: SmartHome, session: Session, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while True:
        before = _live(sh)
        listed = _lists(session)
        found = list(_differences(listed, before)) if before == _live(sh) else ["no rest"]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _live(sh: SmartHome) -> dict[str, Rows]:
    return {name: table.rows() for name, table in sh.ast.live.tables.items()}


def _lists(session: Session) -> dict[str, Rows]:
    """Ask for all lists; the rows have those columns of the live tables that the lists know."""
    now = time.time()
    queues = _ask(session, "QueueStatus")
    rooms = _ask(session, "ConfbridgeListRooms")
    inside = [one for room in rooms for one in _ask(session, "ConfbridgeList", room["Conference"])]
    return {
        "channels": _rows(_ask(session, "CoreShowChannels"), "Uniqueid", _channel, now),
        "queues": _rows(_named(queues, "QueueParams"), "Queue", _queue, now),
        "members": _rows(_named(queues, "QueueMember"), _member_key, _member, now),
        "callers": _rows(_named(queues, "QueueEntry"), "Uniqueid", _caller, now),
        "conferences": _rows(rooms, "Conference", _room, now),
        "participants": _rows(inside, lambda one: one.get_header("Uniqueid"), _guest, now),
        "parked": _rows(_ask(session, "ParkedCalls"), "ParkeeUniqueid", _parked, now),
        "devices": _rows(_devices(session), "Device", _device, now),
    }


def _ask(session: Session, action: str, conference: str = "") -> list[Event]:
    more = {"Conference": conference} if conference else {}
    try:
        return list(session.request({"Action": action, **more}))
    except ActionRefused:  # so says ConfbridgeListRooms of no room at all
        return []


def _named(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]


def _rows(
    events: list[Event],
    key: str | Callable[[Event], Any],
    row: Callable[[Event, float], dict[str, Any]],
    now: float,
) -> Rows:
    name = key if callable(key) else lambda event: event[key]
    return {name(event): row(event, now) for event in events}


def _text(event: Event, header: str) -> str:
    value = event.get_header(header) or ""
    return "" if value in ("<unknown>", "unknown") else value


def _channel(event: Event, now: float) -> dict[str, Any]:
    # Not since when: where one takes another's place Asterisk goes on counting that one's time.
    return {
        "channel": event["Channel"],
        "linkedid": event["Linkedid"],
        "state": event["ChannelStateDesc"],
        "caller": _text(event, "CallerIDNum"),
        "caller_name": _text(event, "CallerIDName"),
        "connected": _text(event, "ConnectedLineNum"),
        "connected_name": _text(event, "ConnectedLineName"),
        "context": _text(event, "Context"),
        "exten": _text(event, "Exten"),
        "application": _text(event, "Application"),
        "bridge": _text(event, "BridgeId"),
    }


def _queue(event: Event, now: float) -> dict[str, Any]:
    return {
        "strategy": event["Strategy"],
        "calls": int(event["Calls"]),
        "completed": int(event["Completed"]),
        "abandoned": int(event["Abandoned"]),
    }


def _member_key(event: Event) -> str:
    return f"{event['Queue']}|{event['Location']}"


def _member(event: Event, now: float) -> dict[str, Any]:
    return {
        "name": event["Name"],
        "state_interface": event["StateInterface"],
        "state": _DEVICE_STATES[int(event["Status"])],
        "paused": event["Paused"] == "1",
        "reason": _text(event, "PausedReason"),
        "penalty": int(event["Penalty"]),
        "calls_taken": int(event["CallsTaken"]),
        "last_call": float(event["LastCall"]) or None,
        "in_call": event["InCall"] == "1",
    }


def _caller(event: Event, now: float) -> dict[str, Any]:
    return {
        "queue": event["Queue"],
        "position": int(event["Position"]),
        "channel": event["Channel"],
        "caller": _text(event, "CallerIDNum"),
        "caller_name": _text(event, "CallerIDName"),
        "since": now - int(event["Wait"]),
    }


def _room(event: Event, now: float) -> dict[str, Any]:
    return {
        "parties": int(event["Parties"]),
        "locked": event["Locked"] == "Yes",
        "muted": event["Muted"] == "Yes",
    }


def _guest(event: Event, now: float) -> dict[str, Any]:
    return {
        "conference": event["Conference"],
        "channel": event["Channel"],
        "caller": _text(event, "CallerIDNum"),
        "admin": event["Admin"] == "Yes",
        "muted": event["Muted"] == "Yes",
    }


def _parked(event: Event, now: float) -> dict[str, Any]:
    return {
        "space": event["ParkingSpace"],
        "lot": event["Parkinglot"],
        "channel": event["ParkeeChannel"],
        "caller": _text(event, "ParkeeCallerIDNum"),
    }


def _devices(session: Session) -> list[Event]:
    states = _ask(session, "DeviceStateList")
    return [one for one in states if one["Device"].startswith(("PJSIP/", "SIP/"))]


def _device(event: Event, now: float) -> dict[str, Any]:
    return {"state": event["State"]}


def _differences(listed: dict[str, Rows], live: dict[str, Rows]) -> Iterator[str]:
    for name, rows in listed.items():
        there = live[name]
        for key in rows.keys() - there.keys():
            yield f"{name}: {key} is not there: {rows[key]}"
        # Live state knows more devices than those whose state ever changed.
        for key in there.keys() - rows.keys() if name != "devices" else ():
            yield f"{name}: {key} is there though Asterisk has no such: {there[key]}"
        for key in rows.keys() & there.keys():
            for field, right in rows[key].items():
                told = there[key][field]
                if not _same(field, told, right):
                    yield f"{name}: {key}: {field} is {told!r}, not {right!r}"


def _same(field: str, told: Any, right: Any) -> bool:
    if field in ("since", "last_call") and told is not None and right is not None:
        return abs(told - right) <= ABOUT
    return bool(told == right)
