"""The last state of a panel as plain tables, for a saved notebook, nbconvert and GitHub.

The tables and columns are listed in ``tables.json``, which the page uses, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from datetime import UTC, datetime
from typing import Any

from ast_notebook.live import MOST as MOST_KEPT
from ast_notebook.panel import words
from ast_notebook.panel.words import Row, known
from ast_notebook.show import NO_MATH, escape

State = Mapping[str, Any]
Cell = Callable[[Row, State], str]

MOST = 200  # rows of a table; further ones are counted


def _text(fields: list[str]) -> Cell:
    return lambda row, state: known(next((row[one] for one in fields if row.get(one)), None))


def _number(fields: list[str]) -> Cell:
    return lambda row, state: known(row.get(fields[0]))


def _party(fields: list[str]) -> Cell:
    number, name = fields
    return lambda row, state: words.party(row, number, name) or known(row.get("channel"))


def _lasts(fields: list[str]) -> Cell:
    def cell(row: Row, state: State) -> str:
        moment = row.get(fields[0])
        return words.duration(state["taken"] - moment) if moment else ""

    return cell


def _ago(fields: list[str]) -> Cell:
    def cell(row: Row, state: State) -> str:
        moment = row.get(fields[0])
        return f"{words.age(state['taken'] - moment)} ago" if moment else ""

    return cell


def _until(fields: list[str]) -> Cell:
    def cell(row: Row, state: State) -> str:
        moment = row.get(fields[0])
        return words.duration(moment - state["taken"]) if moment else ""

    return cell


def _seconds(fields: list[str]) -> Cell:
    def cell(row: Row, state: State) -> str:
        seconds = row.get(fields[0])
        return "" if seconds is None else words.duration(seconds)

    return cell


def _waiting(row: Row, state: State) -> list[Row]:
    callers: Iterable[Row] = state["tables"].get("callers", {}).values()
    return [caller for caller in callers if caller.get("queue") == row.get("queue")]


def _longest(row: Row, state: State) -> str:
    moments = [caller["since"] for caller in _waiting(row, state) if caller.get("since")]
    return words.duration(state["taken"] - min(moments)) if moments else ""


def _mailbox_name(row: Row, state: State) -> str:
    boxes = (row.get("mailbox"), known(row.get("mailbox")).removesuffix("@default"))
    items: Iterable[Row] = state["items"].values()
    tied = (item["path"] for item in items if item.get("box") and item["box"] in boxes)
    return known(row.get("name")) or ", ".join(tied)


KINDS: dict[str, Callable[[list[str]], Cell]] = {
    "text": _text,
    "number": _number,
    "party": _party,
    "lasts": _lasts,
    "ago": _ago,
    "until": _until,
    "seconds": _seconds,
}
# The columns that need a function of their own, by table and name.
OWN: dict[tuple[str, str], Cell] = {
    ("channels", "state"): lambda row, state: words.channel_state(row),
    ("channels", "caller"): lambda row, state: words.caller(row),
    ("channels", "callee"): lambda row, state: words.callee(row),
    ("devices", "state"): lambda row, state: words.device_state(row),
    ("mailboxes", "name"): _mailbox_name,
    ("queues", "waiting"): lambda row, state: str(len(_waiting(row, state))),
    ("queues", "longest"): _longest,
    ("callers", "place"): lambda row, state: (
        f"{known(row.get('queue'))} {known(row.get('position'))}".strip()
    ),
    ("members", "state"): lambda row, state: words.member_state(row),
    ("participants", "is"): lambda row, state: words.participant_state(row),
    ("items", "value"): lambda row, state: words.item_value(row),
}


def _cells(name: str) -> dict[str, Cell]:
    """Return the function for each column of a table, by its label."""
    return {
        column["label"]: KINDS[column["kind"]](column["fields"])
        if "kind" in column
        else OWN[name, column["id"]]
        for column in words.SHARED["tables"][name]["columns"]
        if column.get("only") != "page"
    }


TABLES = {name: (table["label"], _cells(name)) for name, table in words.SHARED["tables"].items()}


def to_html(state: State) -> str:
    """Return a state of a panel as HTML in which all text is escaped.

    Parameters
    ----------
    state : mapping
        A state from `Feed.state`.
    """
    connection = state["connection"]
    moment = datetime.fromtimestamp(state["taken"], UTC)
    title = f"{connection.get('name', '')} {connection.get('address', '')}".strip()
    states = {"connected": "", "lost": ", its connection lost", "closed": ", disconnected"}
    calls = _count(connection.get("calls", 0), state["tables"].get("channels", {}))
    told = f"{states.get(connection['state'], '')} · {calls} calls"
    blocks = [
        f"<p><b>{escape(title)}</b>{escape(told)} · as it was on "
        f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time></p>'
    ]
    for name, (label, cells) in TABLES.items():
        rows = state["items"] if name == "items" else state["tables"].get(name, {})
        if silent := state["silent"].get(name):
            blocks.append(f"<p><b>{label}</b>: {escape(silent)}</p>")
        if rows:
            blocks.append(_table(label, cells, list(rows.values()), state))
    return f'<div class="{NO_MATH}">{"".join(blocks)}</div>'


def _count(number: int, rows: Sized) -> str:
    """Write a number; with ``at least`` if so many rows are kept that there may be more."""
    return f"at least {number}" if len(rows) >= MOST_KEPT else str(number)


def _table(label: str, cells: Mapping[str, Cell], rows: list[Row], state: State) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in cells)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(cell(row, state))}</td>" for cell in cells.values())
        + "</tr>"
        for row in rows[:MOST]
    )
    more = f" (the first {MOST} of {_count(len(rows), rows)})" if len(rows) > MOST else ""
    return (
        f"<table><caption>{label}{more}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
