"""Puts values into words for people: local times, durations, states and outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

import pandas as pd

UNKNOWN = "\N{EN DASH}"
LONGEST = 200  # letters of a value that are shown; some values are chosen by callers

#: The words for the outcomes of calls and queue calls.
OUTCOMES = {
    "ANSWERED": "answered",
    "ABANDONED": "gave up waiting",
    "BUSY": "busy",
    "CANCELLED": "hung up first",
    "FAILED": "failed",
    "FULL": "queue was full",
    "IVR": "menu only",
    "JOIN EMPTY": "no agent there",
    "KEY": "left by a key",
    "LEAVE EMPTY": "no agent left",
    "NO ANSWER": "no answer",
    "REJECTED": "rejected",
    "TIMEOUT": "waited in vain",
    "TRANSFERRED": "sent elsewhere",
    "VOICEMAIL": "voicemail",
}
#: The words for the states of devices, agents and channels; the panel has the same.
DEVICES = {
    "NOT_INUSE": "idle",
    "INUSE": "in use",
    "RINGING": "ringing",
    "RINGINUSE": "ringing in use",
    "BUSY": "busy",
    "ONHOLD": "on hold",
    "UNAVAILABLE": "unavailable",
    "INVALID": "invalid",
    "UNKNOWN": "unknown",
}
CHANNELS = {"Up": "up", "Ring": "calling", "Ringing": "ringing", "Busy": "busy", "Down": "down"}


def text(value: Any) -> str:
    """Return the text of a value, cut if it is very long; a dash stands for a missing value."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return UNKNOWN
    whole = " ".join(str(value).split()) or UNKNOWN
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}…"


def duration(seconds: Any) -> str:
    """Return seconds as 0:07, 12:34 or 1:02:03."""
    if pd.isna(seconds):
        return UNKNOWN
    minutes, rest = divmod(max(0, round(float(seconds))), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def party(number: Any, name: Any) -> str:
    """Return a party's number and name."""
    known = [text(one) for one in (number, name) if not pd.isna(one)]
    return " ".join(dict.fromkeys(known)) or UNKNOWN


def outcome(word: Any, is_over: bool) -> str:
    """Return the outcome of a call in words."""
    if pd.isna(word):
        return "unknown" if is_over else "not over yet"
    known = OUTCOMES.get(str(word), str(word).lower())
    return known if is_over else f"{known}, goes on"


def times(moments: Iterable[Any], zone: tzinfo, *, now: datetime | None = None) -> list[str]:
    """Return moments as texts in the time of a zone, as short as possible.

    The date is left out if all are today, and the year if all are in the present year.
    """
    here = [
        None if pd.isna(one) else one.to_pydatetime(warn=False).astimezone(zone) for one in moments
    ]
    now = datetime.now(zone) if now is None else now.astimezone(zone)
    known = [one for one in here if one is not None]
    form = "%H:%M:%S"
    if any(one.date() != now.date() for one in known):
        is_of_year = all(one.year == now.year for one in known)
        form = "%d %b %H:%M:%S" if is_of_year else "%Y-%m-%d %H:%M:%S"
    if len({one.utcoffset() for one in known}) > 1:
        form += " %Z"  # there is a clock change between them
    return [UNKNOWN if one is None else one.strftime(form) for one in here]


def zone_name(zone: tzinfo) -> str:
    """Return the name of a zone; of a zone without one, its present abbreviation."""
    return getattr(zone, "key", None) or datetime.now(zone).tzname() or str(zone)
