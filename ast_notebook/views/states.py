"""How frames of the present state are displayed: channels, talks, queues, agents, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

import pandas as pd

from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.views.frame import Columns, ShownFrame, View
from ast_notebook.views.words import CHANNELS, DEVICES, UNKNOWN, duration, party, text, times

#: The headers that say most about an event, in this order; the panel shows the same ones.
TELLING = (
    "userevent",
    "device",
    "endpoint",
    "queue",
    "conference",
    "mailbox",
    "application",
    "appdata",
    "state",
    "hint",
    "statustext",
    "dialstring",
    "dialstatus",
    "membername",
    "cause-txt",
    "variable",
    "value",
    "disposition",
    "reason",
    "result",
    "channelstatedesc",
)
_MOST = 4


def shown_channels(
    channels: pd.DataFrame, *, empty: str = "no channels are up", clock: SystemClock = MACHINE
) -> ShownFrame:
    """Return a frame of channels whose display shows their age, their party and the other one."""
    return ShownFrame(channels, View("channels", partial(_channels, clock), empty))


def shown_talks(
    talks: pd.DataFrame, *, empty: str = "nobody is on the phone", clock: SystemClock = MACHINE
) -> ShownFrame:
    """Return a frame of people on the phone whose display shows who, with whom, and how long."""
    return ShownFrame(talks, View("people on the phone", partial(_talks, clock), empty))


def shown_queues(
    queues: pd.DataFrame, *, empty: str = "there are no queues", clock: SystemClock = MACHINE
) -> ShownFrame:
    """Return a frame of queues whose display shows callers, agents, and the outcomes of calls."""
    return ShownFrame(queues, View("queues", partial(_queues, clock), empty))


def shown_agents(agents: pd.DataFrame, *, empty: str = "no queue has an agent") -> ShownFrame:
    """Return a frame of agents whose display shows their queues and states."""
    return ShownFrame(agents, View("agents", _agents, empty))


def shown_events(events: pd.DataFrame, *, empty: str = "no events") -> ShownFrame:
    """Return a frame of events whose display shows time, name, channel and main headers."""
    return ShownFrame(events, View("events", _events, empty))


def shown_items(items: pd.DataFrame) -> ShownFrame:
    """Return a frame of items that shows their values, and when and by what they changed."""
    empty = (
        "There are no such items: %%ast items defines some, and %ast load reads them from a file."
    )
    return ShownFrame(items, View("items", _items, empty))


def shown_logics(logics: pd.DataFrame) -> ShownFrame:
    """Return a frame of logics that shows what starts each, its runs, and its last error."""
    empty = "There are no logics: %%ast logic defines one, and %ast load reads them from a file."
    return ShownFrame(logics, View("logics", _logics, empty))


def _channels(clock: SystemClock, channels: pd.DataFrame, _: tzinfo) -> Columns:
    rows = channels.to_dict("records")
    return {
        "for": _ages(channels["since"], clock),
        "device": [
            text(row["channel"] if pd.isna(row["device"]) else row["device"]) for row in rows
        ],
        "who": [party(row["caller"], row["caller_name"]) for row in rows],
        "with": [party(row["connected"], row["connected_name"]) for row in rows],
        "state": [_state(row) for row in rows],
        "runs": [text(row["application"]) for row in rows],
    }


def _state(row: Mapping[Any, Any]) -> str:
    state = CHANNELS.get(str(row["state"]), text(row["state"]).lower())
    marks = [name for name in ("held", "recorded") if not pd.isna(row[name]) and row[name]]
    words = ["on hold" if one == "held" else one for one in marks] or [state]
    if isinstance(bad := row.get("bad"), str) and bad:
        words.append(f"sounds bad: {text(bad)}")
    return ", ".join(words)


def _talks(clock: SystemClock, talks: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = talks.to_dict("records")
    return {
        "who": [party(row["caller"], row["caller_name"]) for row in rows],
        "with": [party(row["connected"], row["connected_name"]) for row in rows],
        "what": [text(row["what"]) for row in rows],
        "since": times(talks["since"], zone),
        "for": _ages(talks["since"], clock),
        "telephone": [text(row["device"]) for row in rows],
    }


def _queues(clock: SystemClock, queues: pd.DataFrame, _: tzinfo) -> Columns:
    return {
        "queue": [text(one) for one in queues["queue"]],
        "waiting": [text(one) for one in queues["waiting"]],
        "longest": _ages(queues["waiting_since"], clock),
        "agents": [text(one) for one in queues["agents"]],
        "free": [text(one) for one in queues["free"]],
        "paused": [text(one) for one in queues["paused"]],
        "answered": [text(one) for one in queues["completed"]],
        "gave up": [text(one) for one in queues["abandoned"]],
    }


def _agents(agents: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = agents.to_dict("records")
    return {
        "agent": [text(row["agent"]) for row in rows],
        "queue": [text(row["queue"]) for row in rows],
        "state": [_agent(row) for row in rows],
        "telephone": [text(row["interface"]) for row in rows],
        "calls taken": [text(row["calls_taken"]) for row in rows],
        "last call": times(agents["last_call"], zone),
    }


def _agent(row: Mapping[Any, Any]) -> str:
    state = str(row["state"])
    is_talking = state == "NOT_INUSE" and not pd.isna(row["in_call"]) and bool(row["in_call"])
    shown = "in a call" if is_talking else DEVICES.get(state, state.lower())
    if pd.isna(row["paused"]) or not row["paused"]:
        return shown
    why = "" if pd.isna(row["reason"]) else f" ({text(row['reason'])})"
    return f"paused{why}, {shown}"


def _events(events: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = events.to_dict("records")
    others = [name for name in events if str(name).endswith("channel")]
    return {
        "when": times(events["time"], zone),
        "event": [text(row["event"]) for row in rows],
        "channel": [_first(row, ["channel", *others]) for row in rows],
        "what it says": [_says(row) for row in rows],
    }


def _first(row: Mapping[Any, Any], names: list[Any]) -> str:
    known = (row[name] for name in names if name in row and not pd.isna(row[name]))
    return text(next(known, None))


def _says(row: Mapping[Any, Any]) -> str:
    found = [text(row[name]) for name in TELLING if name in row and not pd.isna(row[name])]
    return "  ".join(found[:_MOST]) or UNKNOWN


def _ages(since: pd.Series, clock: SystemClock) -> list[str]:
    """Return how long ago moments were by a clock, as the view is drawn."""
    now = clock.now()
    return [
        UNKNOWN if pd.isna(one) else duration((now - one.to_pydatetime()).total_seconds())
        for one in since
    ]


def _items(items: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = items.to_dict("records")
    columns = {name: [text(row[name]) for row in rows] for name in ("item", "type", "value")}
    return {
        **columns,
        "changed": times(pd.to_datetime(items["changed"], utc=True), zone),
        # SmartHome.py writes None for a source that nobody gave, and Init:None before all changes.
        "by": [
            UNKNOWN if row["by"] == "Init:None" else text(row["by"]).removesuffix(":None")
            for row in rows
        ],
        "stale": ["stale" if row["stale"] else "" for row in rows],
    }


def _logics(logics: pd.DataFrame, _: tzinfo) -> Columns:
    rows = logics.to_dict("records")
    counts = {name: [text(row[name]) for row in rows] for name in ("runs", "failed")}
    return {
        "logic": [text(row["logic"]) for row in rows],
        "started by": [text(row["started_by"]) for row in rows],
        "enabled": ["yes" if row["enabled"] else "no" for row in rows],
        **counts,
        "last error": [text(row["last_error"] or None) for row in rows],
    }
