"""The state of a panel as plain tables: HTML for a saved notebook, and text for a terminal.

The tables and columns are listed in ``tables.json``, which the page uses, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from datetime import UTC, datetime
from typing import Any

from ast_notebook.live import MOST as MOST_KEPT
from ast_notebook.panel import words
from ast_notebook.panel.words import Row, known
from ast_notebook.show import NO_MATH, columns, escape, plain

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
    queue = (row.get("pbx"), row.get("queue"))
    return [caller for caller in callers if (caller.get("pbx"), caller.get("queue")) == queue]


def _longest(row: Row, state: State) -> str:
    moments = [caller["since"] for caller in _waiting(row, state) if caller.get("since")]
    return words.duration(state["taken"] - min(moments)) if moments else ""


def _mailbox_name(row: Row, state: State) -> str:
    boxes = (row.get("mailbox"), known(row.get("mailbox")).removesuffix("@default"))
    items: Iterable[Row] = state["items"].values()
    mine = (item for item in items if item.get("pbx") == row.get("pbx"))
    tied = (item["path"] for item in mine if item.get("box") and item["box"] in boxes)
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
    ("pbxs", "state"): lambda row, state: known(row.get("state")),
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


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the state, as texts.

    Attributes
    ----------
    label : str
    silent : str
        The reason why it is not known, or only in part.
    head : list of str
    rows : list of list of str
    more : str
        A note on how many rows there are, if only the first ones are here.
    """

    label: str
    silent: str
    head: list[str]
    rows: list[list[str]]
    more: str


def tables(state: State) -> Iterator[Table]:
    """Return the tables that have rows, or a reason why they are not known.

    Parameters
    ----------
    state : mapping
        A state from `Feed.state`.
    """
    for name, (label, cells) in TABLES.items():
        rows = state["items"] if name == "items" else state["tables"].get(name, {})
        silent = state["silent"].get(name, "")
        if not rows and not silent:
            continue
        several = "pbxs" in state["tables"] and name != "pbxs"
        first = list(rows.values())[:MOST]
        texts = [[cell(row, state) for cell in cells.values()] for row in first]
        if several:
            texts = [
                [line[0], words.pbx(row), *line[1:]] for line, row in zip(texts, first, strict=True)
            ]
        head = [*cells]
        more = f" (the first {MOST} of {_count(len(rows), rows)})" if len(rows) > MOST else ""
        yield Table(label, silent, [head[0], "PBX", *head[1:]] if several else head, texts, more)


def _title(state: State) -> tuple[str, str, datetime]:
    """Return the PBX, a text about its connection, and the moment of the state."""
    connection = state["connection"]
    title = f"{connection.get('name', '')} {connection.get('address', '')}".strip()
    states = {"connected": "", "lost": ", its connection lost", "closed": ", disconnected"}
    calls = _count(connection.get("calls", 0), state["tables"].get("channels", {}))
    status = (
        f"{states.get(connection['state'], '')} · {calls} {'call' if calls == '1' else 'calls'}"
    )
    return title, status, datetime.fromtimestamp(state["taken"], UTC)


def html_head(state: State) -> str:
    """Return the line above the tables, with the moment, as HTML."""
    title, status, moment = _title(state)
    return (
        f"<p><b>{escape(title)}</b>{escape(status)} · as it was on "
        f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time></p>'
    )


def html_tables(state: State) -> str:
    """Return the tables as HTML in which all text is escaped."""
    blocks = []
    for one in tables(state):
        if one.silent:
            blocks.append(f"<p><b>{one.label}</b>: {escape(one.silent)}</p>")
        if one.rows:
            blocks.append(_html(one))
    return f'<div class="{NO_MATH}">{"".join(blocks)}</div>'


def to_html(state: State) -> str:
    """Return a state of a panel as HTML in which all text is escaped.

    Parameters
    ----------
    state : mapping
        A state from `Feed.state`.
    """
    return f'<div class="{NO_MATH}">{html_head(state)}</div>{html_tables(state)}'


def to_text(state: State) -> str:
    """Return a state of a panel as text for a terminal, without control characters.

    Parameters
    ----------
    state : mapping
        A state from `Feed.state`.
    """
    title, status, moment = _title(state)
    blocks = [f"{plain(title)}{status} · {moment.astimezone():%Y-%m-%d %H:%M:%S %z}"]
    for one in tables(state):
        lines = [f"{one.label}{one.more}"]
        if one.silent:
            lines.append(f"  {plain(one.silent)}")
        if one.rows:
            lines.append(
                columns([one.head, *([_one_line(cell) for cell in row] for row in one.rows)], "  ")
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _count(number: int, rows: Sized) -> str:
    """Write a number, with ``at least`` if the table is full, so that rows may be missing."""
    return f"at least {number}" if len(rows) >= MOST_KEPT else str(number)


def _html(one: Table) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in one.head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in one.rows
    )
    return (
        f"<table><caption>{one.label}{one.more}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
