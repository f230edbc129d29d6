"""Finds the next call and the next alarm on a tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ast_notebook.ami import Event
from ast_notebook.replay.messages import events_of
from ast_notebook.replay.tape import Tape

Found = tuple[int, Event]


def first_call(tape: Tape, after: int, until: int) -> Found | None:
    """Return the first event of the next call after a moment, and the moment at which it counts."""
    return _first(tape, after, until, {"Newchannel": _begins})


def first_alarm(tape: Tape, after: int, until: int) -> Found | None:
    """Return the next alarm after a moment, and the moment at which it counts."""
    return _first(tape, after, until, _ALARMS)


def _first(
    tape: Tape, after: int, until: int, wanted: Mapping[str, Callable[[Event], bool]]
) -> Found | None:
    for number in range(tape.piece_at(after), len(tape.pieces)):
        piece = tape.pieces[number]
        if piece.first > until:
            break
        if piece.names.isdisjoint(wanted):
            continue
        for part in tape.parts(number):
            if part.moments[-1] <= after:
                continue
            rows, events = events_of(part.batch, wanted.__contains__)
            for row, event in zip(rows, events, strict=True):
                moment = int(part.moments[row])
                if after < moment <= until and wanted[event.name](event):
                    return moment, event
    return None


def _begins(event: Event) -> bool:
    """Tell whether a channel is the first of its call."""
    linkedid = event.get_header("Linkedid")
    return not linkedid or linkedid == event.get_header("Uniqueid")


def _any(event: Event) -> bool:
    return True


def _says(header: str, *values: str) -> Callable[[Event], bool]:
    return lambda event: (event.get_header(header) or "").casefold() in values


#: Events that are alarms, and the condition under which each is one.
_ALARMS: dict[str, Callable[[Event], bool]] = {
    "SessionLost": _any,
    "RecordingLost": _any,
    "Shutdown": _any,
    "Alarm": _any,
    "SpanAlarm": _any,
    "ContactStatus": _says("ContactStatus", "unreachable"),
    "PeerStatus": _says("PeerStatus", "unreachable", "rejected"),
    "Registry": _says("Status", "rejected", "failed", "timeout", "no authentication"),
    "QueueCallerAbandon": _any,
    "FailedACL": _any,
    "InvalidAccountID": _any,
    "InvalidPassword": _any,
    "ChallengeResponseFailed": _any,
}
