"""The live state as plain data, to be kept and to be put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ast_notebook.live.tracker import Tracker

#: A state, or a part of one, as JSON has it:
#:
#: - ``tables``: by name, the ``fields`` and the ``rows``, which are lists of values by key;
#: - ``rows``: by the name of a table, changed rows by key, and None for a row that is gone;
#: - ``inner``: by the name of a tracker, what it knows besides its tables;
#: - ``silent`` and ``left_out``: by the name of a table, if there is anything to tell;
#: - ``stale``: whether the connection was lost, or the state had not come yet.
State = dict[str, Any]


def inner_of(trackers: Sequence[Tracker], *, is_stale: bool) -> State:
    """Return what the state has besides the rows of its tables."""
    tables = {name: table for one in trackers for name, table in one.tables.items()}
    return {
        "inner": {type(one).__name__: inner for one in trackers if (inner := one.inner())},
        "silent": {name: table.silent for name, table in tables.items() if table.silent},
        "left_out": {name: table.left_out for name, table in tables.items() if table.left_out},
        "stale": is_stale,
    }


def whole_state(trackers: Sequence[Tracker], *, is_stale: bool) -> State:
    """Return the whole state."""
    return {
        "tables": {
            name: {
                "fields": list(table.fields),
                "rows": {key: list(row.values()) for key, row in table.rows().items()},
            }
            for tracker in trackers
            for name, table in tracker.all_tables.items()
        },
        **inner_of(trackers, is_stale=is_stale),
    }


def change_between(
    before: State, after: State, trackers: Sequence[Tracker], changed: Mapping[str, set[str]]
) -> State:
    """Return the change from one state to a later one, as a part of a state.

    `before` and `after` are results of `inner_of`, and the change has what differs in `after`.
    `changed` has the keys of the rows that changed, by table; the change has these rows, and None
    for each row that is gone.
    """
    change = {name: after[name] for name in after if after[name] != before[name]}
    rows = {}
    for tracker in trackers:
        for name, table in tracker.all_tables.items():
            if keys := changed.get(name):
                there = table.rows(keys)
                rows[name] = {key: there.get(key) for key in sorted(keys)}
    return change | ({"rows": rows} if rows else {})


def put_back(trackers: Sequence[Tracker], state: State) -> None:
    """Put a whole state, or a change, into trackers; followers get to know what changes."""
    whole = state.get("tables")
    for tracker in trackers:
        is_changed = False
        for name, table in tracker.all_tables.items():
            if whole is not None:
                saved = whole.get(name, {"fields": [], "rows": {}})
                rows = {
                    key: dict(zip(saved["fields"], values, strict=True))
                    for key, values in saved["rows"].items()
                }
                is_changed |= table.replace(rows)
            for key, row in state.get("rows", {}).get(name, {}).items():
                is_changed = True
                if row is None:
                    table.drop(key)
                else:
                    table.put(key, **row)
            if "silent" in state and name in tracker.tables:
                table.silent = str(state["silent"].get(name, ""))
            if "left_out" in state:
                table.left_out = int(state["left_out"].get(name, 0))
        inner = state.get("inner")
        if inner is not None:
            tracker.set_inner(inner.get(type(tracker).__name__, {}))
        if is_changed:
            tracker.rows_were_put()
