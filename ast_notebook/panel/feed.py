"""The state of one PBX for a panel: a full state first, and then the changes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from ast_notebook.ami import Event, Session
from ast_notebook.asterisk import Asterisk
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.errors import AstError
from ast_notebook.home import SmartHome
from ast_notebook.live import Follower
from ast_notebook.panel import replaying
from ast_notebook.panel.items import ShownItems
from ast_notebook.panel.messages import ConnectionRow, ItemRow, LiveRows, OfReplay, PanelState
from ast_notebook.panel.news import EVENTS_KEPT, News
from ast_notebook.panel.unreturned import ENDS, UNRETURNED, Unreturned
from ast_notebook.replay import ReplayedAsterisk

Row = dict[str, Any]
Message = dict[str, Any]

COUNT_EVERY = 1.0
LOOK_AT_BINDINGS = 3.0
LOOK_AT_CONCURRENCY = 10.0


class Feed:
    """Collects the state that a panel shows, while somebody looks at it.

    Parameters
    ----------
    sh : SmartHome
    name : str
        The name of the PBX to show. If another PBX of that name is connected, that one is shown.
    items : ShownItems, optional
        The items to show, too.
    """

    several = False

    def __init__(self, sh: SmartHome, name: str, items: ShownItems | None = None) -> None:
        self.name = name
        self.pbx: Asterisk | None = None
        self._sh = sh
        self._items = items
        self._lock = threading.RLock()
        self._follower: Follower | None = None
        self._sent: dict[str, dict[str, Row]] = {}
        self._silent: dict[str, str] = {}
        self._shown_items: dict[str, ItemRow] = {}
        self._connection: Row = {}
        self._news = News()
        self._unreturned = Unreturned()
        self._rates: deque[tuple[float, int]] = deque(maxlen=5)
        self._due = dict.fromkeys(("connection", "bindings", "concurrency"), 0.0)
        self._bindings = (0, 0)
        self._versions: Row = {}
        self._last_point = 0.0
        self._present: Any = None  # the present of a replay, as it was sent last
        self._moved = False  # whether a replay has gone to another moment
        self.bind()

    @property
    def clock(self) -> SystemClock:
        """The clock from which the page computes ages."""
        return MACHINE if self.pbx is None else self.pbx.session.clock

    # --- which PBX -----------------------------------------------------------------------------

    def bind(self) -> bool:
        """Use the PBX that has the name now, and tell whether it is another one than before."""
        pbx = self._sh.pbxs.get(self.name)
        if self._moved:
            self.rest()  # so that the next state is a full one
        if pbx is None or pbx is self.pbx:
            return False
        with self._lock:
            self._unbind()
            self.pbx = pbx
            pbx.session.register_event("*", self._heard)
            if isinstance(pbx, ReplayedAsterisk):
                pbx.seek_listeners.append(self._sought)
        return True

    @property
    def pbxs(self) -> dict[str, Asterisk]:
        """The PBX, by its name."""
        return {} if self.pbx is None else {self.name: self.pbx}

    @property
    def connection(self) -> Row:
        """The state of the connection as it was sent last."""
        return self._connection

    @property
    def silent(self) -> dict[str, str]:
        """The reasons why tables are not known, as they were sent last."""
        return self._silent

    def sent(self, table: str) -> Mapping[str, Row]:
        """Return the rows of a table as the deltas so far have sent them."""
        return self._sent.get(table, {})

    @property
    def is_over(self) -> bool:
        """Whether the PBX was closed, and no other one of its name was connected since."""
        return self.pbx is None or (self.pbx.session.closed and self.name not in self._sh.pbxs)

    def close(self) -> None:
        """Stop collecting; the last state can still be read."""
        with self._lock:
            self._unbind()
            self._unreturned.close()

    def _unbind(self) -> None:
        self.rest()
        if self.pbx is not None:
            self.pbx.session.unregister_event("*", self._heard)
        if isinstance(self.pbx, ReplayedAsterisk) and self._sought in self.pbx.seek_listeners:
            self.pbx.seek_listeners.remove(self._sought)

    def _heard(self, event: Event, session: Session) -> None:
        """Keep an event; this runs on the dispatcher's thread."""
        if event.name in ENDS:
            self._unreturned.note_end()
        if not event.answer and event.name != "SessionReady":
            self._news.add(event)

    def _sought(self) -> None:
        """Take the events before a replay's new moment; this runs on the dispatcher's thread."""
        assert isinstance(self.pbx, ReplayedAsterisk)
        self._news.begin(self.pbx.newest_events(EVENTS_KEPT))
        self._unreturned.note_end()
        self._moved = True  # set last, so that the next full state has these events

    # --- all of it -----------------------------------------------------------------------------

    def follow(self) -> None:
        """Start noting changes, unless they are noted already."""
        with self._lock:
            if self._follower is None and self.pbx is not None:
                self._follower = self.pbx.live.follow()
                self._sent = {name: {} for name in (*self.pbx.live.tables, UNRETURNED)}
                self._due = dict.fromkeys(self._due, 0.0)
                if self._items is not None:
                    self._items.forget()
                self._shown_items = {}
                self._connection = {}
                self.delta()

    def rest(self) -> None:
        """Stop noting changes, because nobody looks."""
        with self._lock:
            self._moved, self._last_point = False, 0.0
            if self._follower is not None:
                self._follower.close()
                self._follower = None
            self._sent = {}

    @property
    def follows(self) -> bool:
        """Whether changes are noted."""
        return self._follower is not None

    def state(self, most: int | None = None) -> PanelState:
        """Return the full state; any thread may call this.

        Parameters
        ----------
        most : int, optional
            How many rows of each table at most; by default all.
        """
        with self._lock:
            tables = {} if self.pbx is None else self.pbx.live.tables
            rows = {name: table.rows() for name, table in tables.items()}
            rows[UNRETURNED] = self._look_at_unreturned()
            rows = {name: self._rows_of(there, most) for name, there in rows.items()}
            return {
                **self._replay(),
                "taken": self.clock.time(),
                "tables": cast(LiveRows, rows),
                "silent": self._silence(),
                "items": {} if self._items is None else self._items.rows(),
                "connection": self._connected(),
                "events": self._news.newest(),
                "concurrency": self.points(),
            }

    def snapshot(self) -> PanelState:
        """Return the state as the deltas so far have sent it; call `follow` first."""
        with self._lock:
            return {
                **self._replay(),
                "taken": self.clock.time(),
                "tables": cast(LiveRows, {name: dict(rows) for name, rows in self._sent.items()}),
                "silent": dict(self._silent),
                "items": dict(self._shown_items),
                "connection": cast(ConnectionRow, dict(self._connection)),
                "events": self._news.sent(),
                "concurrency": self.points(),
            }

    @property
    def _speed(self) -> float:
        """How many seconds a replay plays in one second, but at least 1."""
        return max(1.0, self.pbx.speed) if isinstance(self.pbx, ReplayedAsterisk) else 1.0

    def _replay(self) -> OfReplay:
        return {"replay": replaying.row(self.pbx)} if isinstance(self.pbx, ReplayedAsterisk) else {}

    @staticmethod
    def _rows_of(rows: Mapping[str, Row], most: int | None) -> dict[str, Row]:
        return dict(list(rows.items())[:most])

    # --- what changed --------------------------------------------------------------------------

    def delta(self) -> Message:
        """Return the changes since the last delta; empty if there are none."""
        with self._lock:
            message: Message = {}
            if self._follower is None or self.pbx is None:
                return message
            self._rows(message)
            self._changed(message, UNRETURNED, self._look_at_unreturned())
            self._add(message, "silent", self._changed_silence())
            self._changed_items(message)
            self._add(message, "connection", self._changed_connection())
            if self._is_due("concurrency", LOOK_AT_CONCURRENCY / self._speed):
                points = [point for point in self.points() if point[0] >= self._last_point]
                self._last_point = points[-1][0] if points else 0.0
                message["concurrency"] = points
            message |= self._news.take()
            if isinstance(self.pbx, ReplayedAsterisk):
                present = replaying.present(self.pbx)
                if present["speed"] != 0 or present != self._present:
                    message["replay"] = self._present = present
            return message

    @staticmethod
    def _add(message: Message, name: str, content: Any) -> None:
        if content:
            message[name] = content

    def _rows(self, message: Message) -> None:
        assert self._follower is not None and self.pbx is not None
        for name, keys in self._follower.take().items():
            self._changed(message, name, self.pbx.live.tables[name].rows(keys), keys)

    def _changed(
        self,
        message: Message,
        name: str,
        rows: Mapping[str, Row],
        keys: Iterable[str] | None = None,
    ) -> None:
        """Add to a message how some rows of a table differ from those that were sent.

        `keys` are the keys of rows that may have changed or gone; by default, those of all rows.
        """
        sent = self._sent[name]
        changed = {}
        for key, row in rows.items():
            known = sent.get(key)
            fields = row if known is None else difference(known, row)
            if fields:
                changed[key] = fields
                sent[key] = row
        keys = list(sent) if keys is None else keys
        gone = [key for key in keys if key not in rows and sent.pop(key, None) is not None]
        if changed:
            message.setdefault("set", {})[name] = changed
        if gone:
            message.setdefault("gone", {})[name] = gone

    def _look_at_unreturned(self) -> dict[str, Row]:
        return {} if self.pbx is None else self._unreturned.rows_of(self.pbx)

    def settle(self, seconds: float) -> None:
        """Wait until it is known who waits for a call, but no longer than so many seconds."""
        self._look_at_unreturned()
        self._unreturned.settle(seconds)

    def _changed_items(self, message: Message) -> None:
        if self._items is None:
            return
        rows, gone = self._items.changes()
        self._shown_items.update(rows)
        for path in gone:
            self._shown_items.pop(path, None)
        self._add(message, "items", rows)
        self._add(message, "items_gone", gone)

    def _silence(self) -> dict[str, str]:
        tables = {} if self.pbx is None else self.pbx.live.tables
        silent = {name: table.missing for name, table in tables.items()}
        return {**silent, UNRETURNED: self._unreturned.why}

    def _changed_silence(self) -> dict[str, str]:
        silent = self._silence()
        changed = difference(self._silent, silent)
        self._silent = silent
        return changed

    def _changed_connection(self) -> Row:
        if not self._is_due("connection", COUNT_EVERY) and not self._has_turned():
            return {}
        now: Row = {**self._connected()}
        changed = difference(self._connection, now)
        self._connection = now
        return changed

    def _has_turned(self) -> bool:
        return self._connection.get("state") != self._connection_state()

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + every
        return True

    # --- the connection ------------------------------------------------------------------------

    def _connection_state(self) -> Literal["connected", "lost", "closed"]:
        if self.pbx is None or self.pbx.session.closed:
            return "closed"
        return "connected" if self.pbx.session.connected() else "lost"

    def _connected(self) -> ConnectionRow:
        pbx = self.pbx
        if pbx is None:
            return {"state": "closed", "name": self.name}
        session = pbx.session
        if self._is_due("bindings", LOOK_AT_BINDINGS):
            rows = self._sh.bindings()
            self._bindings = (int(rows["waiting"].sum()), int(rows["failed"].sum()))
        now: ConnectionRow = {
            "state": self._connection_state(),
            "stale": pbx.live.stale,
            "name": self.name,
            "address": session.settings.address,
            "since": session.connected_since,
            "lost_since": session.lost_since,
            "next_try": session.next_try,
            "error": session.last_error,
            "rate": self._rate(session),
            "kept": len(pbx.record),
            "dropped": pbx.record.dropped + session.counts["undispatched"],
            "calls": pbx.live.calls,
            "waiting": self._bindings[0],
            "failed": self._bindings[1],
        }
        return cast(ConnectionRow, {**now, **self._versions})

    def _rate(self, session: Session) -> float:
        """Return the events per second of the last few seconds."""
        now = (time.monotonic(), session.events_read)
        rates = self._rates
        if not rates or now[0] - rates[-1][0] >= COUNT_EVERY / 2:
            rates.append(now)
        seconds, events = now[0] - rates[0][0], now[1] - rates[0][1]
        return round(events / seconds, 1) if seconds > 0 else 0.0

    def ask(self, name: str) -> None:
        """Ask the PBX of that name for its version and start time, and wait for the answers."""
        pbx = self.pbxs.get(name)
        if pbx is None:
            return
        versions = {}
        for action, header, name in (
            ("CoreSettings", "AsteriskVersion", "version"),
            ("CoreStatus", "CoreStartupDate", "up_date"),
            ("CoreStatus", "CoreStartupTime", "up_time"),
        ):
            try:
                versions[name] = pbx.action(action).response.get_header(header) or ""
            except AstError:
                versions[name] = ""
        self._versions = versions

    def points(self) -> list[tuple[int, int]]:
        """Return how many calls there were at once over the last hour: moments and numbers."""
        if self.pbx is None:
            return []
        points: Iterable[tuple[Any, Any]] = self.pbx.live.concurrency().items()
        return [(int(moment.timestamp()), int(calls)) for moment, calls in points]


def difference(known: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are new, or have another value than before."""
    return {name: value for name, value in now.items() if known.get(name, known) != value}
