"""How frames of the call log are displayed: calls and queue calls."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import pandas as pd

from ast_notebook.views.frame import Columns, ShownFrame, View
from ast_notebook.views.words import duration, outcome, party, text, times


def shown_calls(
    calls: pd.DataFrame, *, zone: tzinfo | None = None, empty: str = "no calls"
) -> ShownFrame:
    """Return a calls frame whose display shows who called whom, when, and how it ended.

    Parameters
    ----------
    calls : pandas.DataFrame
        A frame as `calls.from_events` returns it.
    zone : tzinfo, optional
        The zone of the shown times; by default, that of `use_zone`.
    empty : str
        The text for a frame without calls.
    """
    return ShownFrame(calls, View("calls", _calls, empty, zone))


def shown_queue_calls(
    visits: pd.DataFrame, *, zone: tzinfo | None = None, empty: str = "no queue calls"
) -> ShownFrame:
    """Return a frame of queue calls whose display shows when, which queue, who, and the outcome."""
    return ShownFrame(visits, View("queue calls", _queue_calls, empty, zone))


def _calls(calls: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = calls.to_dict("records")
    shown = {
        **_servers(calls),
        "when": times(calls["start"], zone),
        "from": [party(row["caller"], row["caller_name"]) for row in rows],
        "to": [_dialled(row) for row in rows],
        "answered by": [text(row["answered_by"]) for row in rows],
        "result": [_became(row, row["disposition"]) for row in rows],
        # A caller waits in a queue; in other calls, while a telephone rings.
        "waited": [duration(row["ring"] if _is_none(row["wait"]) else row["wait"]) for row in rows],
    }
    # The billed time of a CDR includes menus and queues, so it is no talk.
    is_billed = bool(calls["source"].eq("cdr").all())
    name, column = ("billed", "billsec") if is_billed else ("talk", "talk")
    return {**shown, name: [duration(row[column]) for row in rows]}


def _queue_calls(visits: pd.DataFrame, zone: tzinfo) -> Columns:
    rows = visits.to_dict("records")
    return {
        **_servers(visits),
        "when": times(visits["start"], zone),
        "queue": [text(row["queue"]) for row in rows],
        "from": [text(row["caller"]) for row in rows],
        "agent": [text(row["agent"]) for row in rows],
        "result": [_became(row, row["outcome"]) for row in rows],
        "waited": [duration(row["wait"]) for row in rows],
        "talk": [duration(row["talk"]) for row in rows],
    }


def _servers(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Return a column with the PBX of each row, if there are several PBXs."""
    several = frame["server"].nunique(dropna=False) > 1
    return {"pbx": [text(name) for name in frame["server"]]} if several else {}


def _dialled(row: dict[Any, Any]) -> str:
    number, queue = row["dialled"], row["queue"]
    if _is_none(queue) or str(queue) == str(number):
        return text(number)
    return f"queue {text(queue)}" if _is_none(number) else f"{text(number)}, queue {text(queue)}"


def _became(row: dict[Any, Any], word: Any) -> str:
    # A source that has no ends of calls, such as a queue_log, still has their outcomes.
    is_over = not pd.isna(row["end"]) or row["source"] != "events"
    is_cut = row["gap"] is not pd.NA and bool(row["gap"])
    return outcome(word, is_over or is_cut) + (", connection was lost" if is_cut else "")


def _is_none(value: Any) -> bool:
    return bool(pd.isna(value))
