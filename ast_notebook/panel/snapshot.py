"""The last state of a panel as plain tables: what a saved notebook, nbconvert and GitHub show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ast_notebook.show import NO_MATH, escape

Row = Mapping[str, Any]
Cell = Callable[[Row, float], str]

MOST = 200  # rows of a table; the rest is counted

STATES = {
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


def _text(name: str) -> Cell:
    def cell(row: Row, taken: float) -> str:
        value = row.get(name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "" if value is None else str(value)

    return cell


def _both(first: str, second: str) -> Cell:
    return lambda row, taken: " ".join(str(row[one]) for one in (first, second) if row.get(one))


def _state(row: Row, taken: float) -> str:
    return STATES.get(row.get("state", ""), str(row.get("state", "")))


def _lasted(row: Row, taken: float) -> str:
    since = row.get("since")
    if since is None:
        return ""
    minutes, seconds = divmod(max(0, int(taken - since)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _value(row: Row, taken: float) -> str:
    value = row.get("value")
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _called(row: Row) -> bool:
    """Tell whether the PBX called this leg, whose own number then is the one that was called."""
    if row.get("application") in ("AppDial", "AppQueue"):
        return True
    return row.get("uniqueid") != row.get("linkedid") and not row.get("exten")


def _caller(row: Row, taken: float) -> str:
    return (OTHER if _called(row) else CALLER)(row, taken)


def _callee(row: Row, taken: float) -> str:
    return (CALLER if _called(row) else OTHER)(row, taken) or str(row.get("exten", ""))


def _who(row: Row, taken: float) -> str:
    return CALLER(row, taken) or str(row.get("channel", ""))


CALLER = _both("caller", "caller_name")
OTHER = _both("connected", "connected_name")
PARTS: dict[str, tuple[str, dict[str, Cell]]] = {
    "channels": (
        "Channels",
        {
            "channel": _text("channel"),
            "state": _text("state"),
            "caller": _caller,
            "callee": _callee,
            "application": _text("application"),
            "for": _lasted,
        },
    ),
    "devices": (
        "Devices",
        {
            "device": _text("device"),
            "state": _state,
            "name": _text("name"),
            "extension": _text("extension"),
            "reachable": _text("reachable"),
        },
    ),
    "registrations": (
        "Trunks",
        {"trunk": _text("trunk"), "server": _text("server"), "state": _text("state")},
    ),
    "mailboxes": (
        "Mailboxes",
        {"mailbox": _text("mailbox"), "new": _text("new"), "old": _text("old")},
    ),
    "queues": (
        "Queues",
        {
            "queue": _text("queue"),
            "waiting": _text("calls"),
            "answered": _text("completed"),
            "given up": _text("abandoned"),
        },
    ),
    "callers": (
        "Waiting in queues",
        {
            "queue": _text("queue"),
            "position": _text("position"),
            "caller": _who,
            "for": _lasted,
        },
    ),
    "members": (
        "Agents",
        {
            "queue": _text("queue"),
            "agent": _text("agent"),
            "state": _state,
            "paused": _both("paused", "reason"),
        },
    ),
    "absent": (
        "Logged out of queues",
        {"queue": _text("queue"), "agent": _text("agent"), "for": _lasted},
    ),
    "participants": (
        "In conferences",
        {
            "conference": _text("conference"),
            "caller": _who,
            "muted": _text("muted"),
            "for": _lasted,
        },
    ),
    "parked": (
        "Parked calls",
        {"space": _text("space"), "caller": _who, "by": _text("parker"), "for": _lasted},
    ),
}
ITEMS: dict[str, Cell] = {"item": _text("path"), "value": _value, "by": _text("by")}


def to_html(state: Mapping[str, Any]) -> str:
    """Return a state of a panel as HTML in which all text is escaped.

    Parameters
    ----------
    state : mapping
        What `Feed.state` gives.
    """
    taken = state["taken"]
    connection = state["connection"]
    moment = datetime.fromtimestamp(taken, UTC)
    title = f"{connection.get('name', '')} {connection.get('address', '')}".strip()
    words = {"connected": "", "lost": ", its connection lost", "closed": ", disconnected"}
    told = f"{words.get(connection['state'], '')} · {connection.get('calls', 0)} calls"
    blocks = [
        f"<p><b>{escape(title)}</b>{escape(told)} · as it was on "
        f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time></p>'
    ]
    for name, (caption, cells) in PARTS.items():
        silent = state["silent"].get(name)
        rows = state["parts"].get(name, {}).values()
        if silent:
            blocks.append(f"<p><b>{caption}</b>: {escape(silent)}</p>")
        if rows:
            blocks.append(_table(caption, cells, rows, taken))
    if state["items"]:
        blocks.append(_table("Items", ITEMS, state["items"].values(), taken))
    return f'<div class="{NO_MATH}">{"".join(blocks)}</div>'


def _table(caption: str, cells: Mapping[str, Cell], rows: Iterable[Row], taken: float) -> str:
    rows = list(rows)
    head = "".join(f'<th scope="col">{name}</th>' for name in cells)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(cell(row, taken))}</td>" for cell in cells.values())
        + "</tr>"
        for row in rows[:MOST]
    )
    more = f" (the first {MOST} of {len(rows)})" if len(rows) > MOST else ""
    return (
        f"<table><caption>{caption}{more}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
