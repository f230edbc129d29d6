"""Collects the states of several PBXs as one; each row and its key name the row's PBX."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ast_notebook.asterisk import Asterisk
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.home import SmartHome
from ast_notebook.panel import words
from ast_notebook.panel.callids import CallIds
from ast_notebook.panel.feed import Feed, Message, Row, difference
from ast_notebook.panel.items import ShownItems
from ast_notebook.panel.joins import Joins, Place
from ast_notebook.panel.messages import ConnectionRow, ItemRow, LiveRows, PanelState, PbxRow
from ast_notebook.panel.news import EVENTS_KEPT

SUMS = ("rate", "kept", "dropped")
OF_A_PBX = ("state", "stale", "address", "version", "since", "lost_since", "next_try", "error")
# The fields of each table from which ages are computed.
MOMENTS = {
    name: {
        one
        for column in table["columns"]
        if column.get("kind") in ("lasts", "ago", "until")
        for one in column["fields"]
    }
    for name, table in words.SHARED["tables"].items()
}
UNKNOWN: Row = {"stale": True, "address": "", "version": "", "error": ""}


class Feeds:
    """Collects the states of several PBXs, as `Feed` does for one.

    Parameters
    ----------
    sh : SmartHome
    names : tuple of str
        The PBXs to show; if empty, all PBXs that are connected at any time.
    items : ShownItems
    trunks : iterable of str
        Patterns of devices that are trunks between the PBXs; see `joins`.
    """

    several = True

    def __init__(
        self, sh: SmartHome, names: tuple[str, ...], items: ShownItems, trunks: Iterable[str] = ()
    ) -> None:
        self._sh = sh
        self._names = names
        self._items = items
        self._joins = Joins(trunks)
        self._lock = threading.RLock()
        self._feeds: dict[str, Feed] = {}
        self._callids: dict[str, CallIds] = {}
        self._connection: Row = {}
        self._silent: dict[str, str] = {}
        self._pbxs: dict[str, PbxRow] = {}
        self._shown_items: dict[str, ItemRow] = {}
        self._calls: dict[str, Row] = {}  # the calls of channels as they were sent, by key
        self._follows = False
        self.bind()

    # --- which PBXs ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The names of all shown PBXs."""
        return ", ".join(self._feeds) or "no PBX"

    @property
    def clock(self) -> SystemClock:
        """The clock from which the page computes ages: this machine's."""
        return MACHINE

    @property
    def pbxs(self) -> dict[str, Asterisk]:
        """The PBXs that are shown, by their names."""
        return {name: feed.pbx for name, feed in self._feeds.items() if feed.pbx is not None}

    def bind(self) -> bool:
        """Show the PBXs that are connected now, and tell whether they are others than before."""
        there = self._sh.pbxs
        wanted = [name for name in self._names or there if name in there]
        with self._lock:
            bound = [feed.bind() for feed in self._feeds.values()]
            changed = any(bound)
            # The last PBX stays when it is closed, so that its last state is still shown.
            closed = [name for name in self._feeds if name not in wanted] if wanted else []
            for name in closed:
                self._feeds.pop(name).close()
                self._callids.pop(name)
            for name in wanted:
                if name not in self._feeds:
                    self._feeds[name] = Feed(self._sh, name)
                    self._callids[name] = CallIds()
                    changed = True
            # A replay that has gone to another moment has to be followed anew.
            changed |= self._follows and not all(feed.follows for feed in self._feeds.values())
            if changed or closed:
                self.rest()  # the next `follow` begins with the full state
        return bool(changed or closed)

    @property
    def is_over(self) -> bool:
        """Whether all shown PBXs are closed."""
        return all(feed.is_over for feed in self._feeds.values())

    def close(self) -> None:
        """Stop collecting; the last state can still be read."""
        for feed in self._feeds.values():
            feed.close()

    # --- all of it -----------------------------------------------------------------------------

    def follow(self) -> None:
        """Start noting changes, unless they are noted already."""
        with self._lock:
            if self._follows:
                return
            for feed in self._feeds.values():
                feed.follow()
            self._items.forget()
            self._connection, self._silent, self._pbxs = {}, {}, {}
            self._shown_items, self._calls = {}, {}
            self._follows = True
            self.delta()

    def rest(self) -> None:
        """Stop noting changes, because nobody looks."""
        with self._lock:
            self._follows = False
            for feed in self._feeds.values():
                feed.rest()

    @property
    def follows(self) -> bool:
        """Whether changes are noted."""
        return self._follows

    def state(self, most: int | None = None) -> PanelState:
        """Return the full state; any thread may call this.

        Parameters
        ----------
        most : int, optional
            How many rows of each table at most; by default all.
        """
        with self._lock:
            states = {name: feed.state() for name, feed in self._feeds.items()}
            connections = {name: cast(Row, one["connection"]) for name, one in states.items()}
            channels = {name: one["tables"].get("channels", {}) for name, one in states.items()}
            state = self._whole(states, connections, self._calls_of(channels), self._items.rows())
        if most is not None:
            cut = {name: _first(rows, most) for name, rows in cast(Any, state["tables"]).items()}
            state["tables"] = cast(LiveRows, cut)
        return state

    def snapshot(self) -> PanelState:
        """Return the state as the deltas so far have sent it; call `follow` first."""
        with self._lock:
            states = {name: feed.snapshot() for name, feed in self._feeds.items()}
            connections = {name: feed.connection for name, feed in self._feeds.items()}
            return self._whole(states, connections, self._calls, self._shown_items)

    def _whole(
        self,
        states: Mapping[str, PanelState],
        connections: Mapping[str, Row],
        calls: Mapping[str, Row],
        items: Mapping[str, Any],
    ) -> PanelState:
        tables: dict[str, dict[str, Row]] = {}
        for name, state in states.items():
            for table, rows in cast(Any, state["tables"]).items():
                tables.setdefault(table, {}).update(_named(self._feeds[name], table, rows))
        for key, row in tables.get("channels", {}).items():
            row |= calls.get(key, {})
        number = len({row["call"] for row in calls.values()})
        tables["pbxs"] = {
            name: cast(Row, _pbx_row(name, row, states[name]["tables"].get("channels", {})))
            for name, row in connections.items()
        }
        events: list[Any] = [
            {**event, "pbx": name} for name, state in states.items() for event in state["events"]
        ]
        events.sort(key=lambda event: event["time"])
        return {
            "taken": self.clock.time(),
            "tables": cast(LiveRows, tables),
            "silent": _said({name: state["silent"] for name, state in states.items()}),
            "items": dict(items),
            "connection": self._sum(connections, number),
            "events": events[-EVENTS_KEPT:],
            "concurrency": self.points(),
        }

    # --- what changed --------------------------------------------------------------------------

    def delta(self) -> Message:
        """Return the changes since the last delta; empty if there are none."""
        message: Message = {}
        with self._lock:
            if self._follows:
                for name, feed in self._feeds.items():
                    self._take(message, name, feed.delta())
                self._changed_calls(message)
                self._changed_pbxs(message)
                self._changed_rest(message)
        return message

    def _changed_rest(self, message: Message) -> None:
        rows, gone = self._items.changes()
        self._shown_items.update(rows)
        for path in gone:
            self._shown_items.pop(path, None)
        silent = _said({name: feed.silent for name, feed in self._feeds.items()})
        connections = {name: feed.connection for name, feed in self._feeds.items()}
        number = len({row["call"] for row in self._calls.values()})
        connection = cast(Row, self._sum(connections, number))
        new = {
            "items": rows,
            "items_gone": gone,
            "silent": difference(self._silent, silent),
            "connection": difference(self._connection, connection),
        }
        self._silent, self._connection = silent, connection
        message |= {what: content for what, content in new.items() if content}

    def _take(self, message: Message, name: str, one: Message) -> None:
        """Add the changes of one PBX to a message."""
        for table, rows in one.get("set", {}).items():
            there = message.setdefault("set", {}).setdefault(table, {})
            there |= _named(self._feeds[name], table, rows)
        for table, keys in one.get("gone", {}).items():
            there = message.setdefault("gone", {}).setdefault(table, [])
            there += [f"{name} {key}" for key in keys]
        if "events" in one:
            events = [{**event, "pbx": name} for event in one["events"]]
            message["events"] = sorted(
                [*message.get("events", ()), *events], key=lambda event: event["time"]
            )
            message["dropped_events"] = message.get("dropped_events", 0) + one["dropped_events"]
        if "concurrency" in one:
            message["concurrency"] = self.points()

    def _changed_calls(self, message: Message) -> None:
        """Add the call of each channel to a message, if it changed."""
        channels = {name: feed.sent("channels") for name, feed in self._feeds.items()}
        if len(self._feeds) > 1:
            for name, pbx in self.pbxs.items():
                names = {key: row["channel"] for key, row in channels[name].items()}
                self._callids[name].ask(pbx, names)
        calls = self._calls_of(channels)
        for key, row in calls.items():
            if self._calls.get(key) != row:
                rows = message.setdefault("set", {}).setdefault("channels", {})
                rows.setdefault(key, {}).update(row)
        self._calls = calls

    def _calls_of(self, channels: Mapping[str, Mapping[str, Any]]) -> dict[str, Row]:
        callids: dict[Place, str] = {
            (name, key): callid
            for name, known in self._callids.items()
            for key, callid in list(known.known.items())
        }
        joined = self._joins.of(channels, callids) if len(channels) > 1 else {}
        calls: dict[str, Row] = {}
        for name, rows in channels.items():
            for key, row in rows.items():
                own = (name, row["linkedid"] or key)
                call, sureness = joined.get(own, (" ".join(own), ""))
                calls[f"{name} {key}"] = {"call": call, "joined": sureness}
        return calls

    def _changed_pbxs(self, message: Message) -> None:
        rows = {
            name: _pbx_row(name, feed.connection, feed.sent("channels"))
            for name, feed in self._feeds.items()
        }
        for name, row in rows.items():
            changed = difference(cast(Row, self._pbxs.get(name, {})), cast(Row, row))
            if changed:
                message.setdefault("set", {}).setdefault("pbxs", {})[name] = changed
        self._pbxs = rows

    # --- the connections -----------------------------------------------------------------------

    def _sum(self, connections: Mapping[str, Row], calls: int) -> ConnectionRow:
        states = [row.get("state", "closed") for row in connections.values()]
        best = next((one for one in ("connected", "lost") if one in states), "closed")
        one: Row = next(iter(connections.values()), {})
        total: Row = {
            "state": best,
            "name": self.name,
            "calls": calls,
            "waiting": one.get("waiting", 0),
            "failed": one.get("failed", 0),
            **{what: sum(row.get(what, 0) for row in connections.values()) for what in SUMS},
        }
        return cast(ConnectionRow, total)

    def ask(self, name: str) -> None:
        """Ask the PBX of that name for its version and start time, and wait for the answers."""
        if (feed := self._feeds.get(name)) is not None:
            feed.ask(name)

    def settle(self, seconds: float) -> None:
        """Wait until it is known who waits for a call, but no longer than so many seconds."""
        until = time.monotonic() + seconds
        for feed in list(self._feeds.values()):
            feed.settle(max(0.0, until - time.monotonic()))

    def points(self) -> list[tuple[int, int]]:
        """Return how many calls there were at once over the last hour, summed over all PBXs."""
        sums: Counter[int] = Counter()
        for feed in self._feeds.values():
            sums.update(dict(feed.points()))
        return sorted(sums.items())


def _pbx_row(name: str, connection: Row, channels: Mapping[str, Any]) -> PbxRow:
    row = {one: connection.get(one, UNKNOWN.get(one)) for one in OF_A_PBX}
    calls = {channel["linkedid"] or key for key, channel in channels.items()}
    counts = {"calls": len(calls), "channels": len(channels)}
    return cast(PbxRow, {"pbx": name, **row, "rate": connection.get("rate", 0.0), **counts})


def _named(feed: Feed, table: str, rows: Mapping[str, Row]) -> dict[str, Row]:
    """Return rows, or their changed fields, with the name of their PBX in each and in its key.

    The page computes all ages by this machine's clock, so the moments of a replay are left out.
    """
    moments = () if feed.clock is MACHINE else MOMENTS.get(table, ())
    named = {}
    for key, row in rows.items():
        known = {what: None if what in moments else value for what, value in row.items()}
        named[f"{feed.name} {key}"] = {**known, "pbx": feed.name}
    return named


def _first(rows: Mapping[str, Row], most: int) -> dict[str, Row]:
    return dict(list(rows.items())[:most])


def _said(silent: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return, for each table that is not known, the reason.

    If the reason is not the same for all PBXs, the text names each PBX with its reason.
    """
    said = {}
    for table in dict.fromkeys(table for one in silent.values() for table in one):
        reasons = {name: one.get(table, "") for name, one in silent.items()}
        if len(set(reasons.values())) == 1:
            said[table] = next(iter(reasons.values()))
        else:
            said[table] = "; ".join(f"{name}: {why}" for name, why in reasons.items() if why)
    return said
