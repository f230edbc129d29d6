"""Puts values into words for the saved picture: the same words that the page has in ``js/``.

Examples in ``tests/page/words.json`` test both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

SHARED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "tables.json").read_text(encoding="utf-8")
)


def known(value: object) -> str:
    """Return the text of a value; empty if it is not known."""
    return "" if value is None else str(value)


def party(row: Row, number: str, name: str) -> str:
    """Return number and name of a party."""
    return "  ".join(known(row.get(one)) for one in (number, name) if row.get(one))


def duration(seconds: float) -> str:
    """Return a duration as 0:07, 12:34 or 1:02:03."""
    minutes, seconds = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def age(seconds: float) -> str:
    """Return an age, roughly: 12 s, 3 min, 2 h, 5 d."""
    whole = max(0, int(seconds))
    for least, unit, word in ((172800, 86400, "d"), (3600, 3600, "h"), (60, 60, "min")):
        if whole >= least:
            return f"{whole // unit}\N{NO-BREAK SPACE}{word}"
    return f"{whole}\N{NO-BREAK SPACE}s"


def device_state(row: Row) -> str:
    """Return the state of a device in words."""
    state = known(row.get("state"))
    return str(SHARED["device_states"].get(state, state.lower()))


def channel_state(row: Row) -> str:
    """Return the state of a channel in words."""
    written = known(row.get("state"))
    state = SHARED["channel_states"].get(written, written.lower())
    if row.get("held"):
        state = "on hold"
    marks = ["rec"] if row.get("recorded") else []
    marks += [f"⚠ sounds bad: {row['bad']}"] if row.get("bad") else []
    return " · ".join([str(state), *marks])


def member_state(row: Row) -> str:
    """Return the state of an agent in words."""
    in_call = row.get("in_call") and row.get("state") == "NOT_INUSE"
    state = "in a call" if in_call else device_state(row)
    if not row.get("paused"):
        return state
    return f"paused: {row['reason']}, {state}" if row.get("reason") else f"paused, {state}"


def participant_state(row: Row) -> str:
    """Return the state of a participant of a conference in words."""
    state = "muted" if row.get("muted") else "talking" if row.get("talking") else "listening"
    return f"{state}, admin" if row.get("admin") else state


def item_value(row: Row) -> str:
    """Return an item's value in words."""
    value = row.get("value")
    text = ("on" if value else "off") if isinstance(value, bool) else known(value)
    return f"{text} (stale)" if row.get("stale") else text


def pbx(row: Row) -> str:
    """Return the PBX of a row, with "probably" if its call seems to be on another PBX, too."""
    name = known(row.get("pbx"))
    return f"{name} (probably)" if row.get("joined") == "probably" else name


def _is_called(row: Row) -> bool:
    """Tell whether the PBX called this leg, so that its own number is the called one."""
    if row.get("application") in ("AppDial", "AppQueue"):
        return True
    return row.get("uniqueid") != row.get("linkedid") and not row.get("exten")


def _own(row: Row) -> str:
    return party(row, "caller", "caller_name")


def _other(row: Row) -> str:
    return party(row, "connected", "connected_name")


def caller(row: Row) -> str:
    """Return the caller of a channel's call."""
    return _other(row) if _is_called(row) else _own(row)


def callee(row: Row) -> str:
    """Return the called party of a channel's call, or the extension if nobody was reached yet."""
    return (_own(row) if _is_called(row) else _other(row)) or known(row.get("exten"))
