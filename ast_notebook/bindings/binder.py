"""Ties items and logics to one PBX, and keeps the Asterisk database as the items are."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.ami.arguments import ordered
from ast_notebook.bindings.attributes import Tie
from ast_notebook.bindings.item import Change, Item, ties_of
from ast_notebook.bindings.logic import Logics
from ast_notebook.bindings.tree import Items
from ast_notebook.bindings.worker import Row, one_line
from ast_notebook.errors import ActionRefused, AstError, ConnectionLost, PermissionMissing
from ast_notebook.live import Live

logger = logging.getLogger(__name__)

# Longer than a PBX at work takes to answer; a slow one's answers come to the items later.
SETTLING = 2.0


class _Bond(Protocol):
    """One attribute of one item, tied to the PBX."""

    def close(self) -> None:
        """Untie it."""

    def row(self) -> Row | None:
        """Return how it goes; None if there is nothing to tell."""


class Binder:
    """Ties items and logics to one PBX, until `close`.

    Parameters
    ----------
    session : Session
    live : Live
        The same PBX's.
    items : Items
    logics : Logics
    name : str
        The name of the PBX, as in ``ast_dev@NAME``.
    first : bool
        Whether it is the PBX that attributes without ``@NAME`` mean.
    """

    def __init__(
        self,
        session: Session,
        live: Live,
        items: Items,
        logics: Logics,
        *,
        name: str = "ast",
        first: bool = True,
    ) -> None:
        self.name = name
        self.first = first
        self._session = session
        self._live = live
        self._items = items
        self._logics = logics
        self._bonds: dict[Item, list[_Bond]] = {}
        session.register_event("UserEvent", self._user_event)
        session.register_event("SessionReady", self._ready)
        items.attach(self)

    def __repr__(self) -> str:
        return f"<Binder {self.name} of {len(self._bonds)} items>"

    @property
    def write_failures(self) -> int:
        """How many writes to the Asterisk database failed with nobody waiting for them."""
        return sum(entry.failed for entry in self._entries())

    def status(self) -> list[Row]:
        """Return a row for each item written to the Asterisk database, and for what failed."""
        bonds = [bond for bonds in list(self._bonds.values()) for bond in list(bonds)]
        return [row for bond in bonds if (row := bond.row()) is not None]

    def close(self) -> None:
        """Untie everything; writes that wait for the connection are given up."""
        self._session.unregister_event("UserEvent", self._user_event)
        self._session.unregister_event("SessionReady", self._ready)
        self._items.detach(self)

    def bind_item(self, item: Item) -> None:
        """Tie an item by those of its attributes that mean this PBX."""
        mine = [tie for tie in ties_of(item) if self._is_meant(tie)]
        if not mine:
            return
        bonds = self._bonds.setdefault(item, [])
        item._stale_when.append(self._is_lost)
        for tie in mine:
            try:
                bonds.append(self._bond(item, tie))
            except Exception as error:  # what one tie raises is its own
                bonds.append(_Untied(item, tie, error))

    def unbind_item(self, item: Item) -> None:
        """Undo that; an item that is not tied is no error."""
        for bond in self._bonds.pop(item, []):
            try:
                bond.close()
            except Exception:
                logger.exception("%s could not be untied", item)
        if self._is_lost in item._stale_when:
            item._stale_when.remove(self._is_lost)

    def settle(self) -> None:
        """Wait until items have what the PBX was asked for them, for two seconds at most."""
        answered = threading.Event()
        try:
            # Answers come in the order of the questions.
            self._session.ask({"Action": "Ping"}, then=lambda _: answered.set())
        except AstError:
            return  # without a connection items are stale, and say so
        answered.wait(SETTLING)

    def _bond(self, item: Item, tie: Tie) -> _Bond:
        if tie.kind == "ast_db":
            return _DatabaseEntry(self._session, item, tie)
        is_device = tie.kind == "ast_dev"
        return _Watched(
            item, tie, self._live.watch_device if is_device else self._live.watch_mailbox
        )

    def _is_meant(self, tie: Tie) -> bool:
        return self.first if tie.pbx is None else tie.pbx == self.name

    def _is_lost(self) -> bool:
        return self._live.stale

    def _entries(self) -> list[_DatabaseEntry]:
        return [
            bond
            for bonds in list(self._bonds.values())
            for bond in list(bonds)
            if isinstance(bond, _DatabaseEntry)
        ]

    def _user_event(self, event: Event, session: Session) -> None:
        self._logics.start(event, self.name, first=self.first)

    def _ready(self, event: Event, session: Session) -> None:
        for entry in self._entries():
            try:
                entry.resume()
            except Exception as error:
                entry.fail(error)


class _Untied:
    """What could not be tied to the PBX, so that it can be seen."""

    def __init__(self, item: Item, tie: Tie, error: Exception) -> None:
        self._row = Row(f"{item}: {tie.written}", tie.kind, 0, 0, 1, 0, None, one_line(error))
        logger.error("%s could not be tied: %s", item, one_line(error), exc_info=error)

    def close(self) -> None:
        pass

    def row(self) -> Row:
        return self._row


class _Watched:
    """An item that has the value of a device or a mailbox."""

    def __init__(
        self, item: Item, tie: Tie, watch: Callable[[str, Callable[[Any], None]], Any]
    ) -> None:
        self._item = item
        self._tie = tie
        self._failed = 0
        self._last_error = ""
        self._closed = False
        self._watch = watch(tie.target, self._changed)

    def close(self) -> None:
        self._closed = True
        self._watch.close()

    def row(self) -> Row | None:
        if not self._failed:
            return None
        name, kind = f"{self._item}: {self._tie.written}", self._tie.kind
        return Row(name, kind, 0, 0, self._failed, 0, None, self._last_error)

    def _changed(self, value: bool | int) -> None:
        if self._closed:  # what was on its way to the dispatcher may still come
            return
        try:
            self._item._update(value, "Asterisk", self._tie.written, waits=False)
        except Exception as error:  # other items are told of the same change
            self._failed += 1
            self._last_error = one_line(error)
            logger.warning("%s was not told of a change: %s", self._item, self._last_error)


class _Write:
    """A value on its way to the Asterisk database; None deletes the entry."""

    __slots__ = ("error", "pending", "text", "waits")

    def __init__(self, text: str | None, *, waits: bool) -> None:
        self.text = text
        self.waits = waits
        self.pending: Pending | None = None
        self.error: AstError | None = None


class _DatabaseEntry:
    """An item whose changes are written to the Asterisk database, in order.

    A change is queued under the item's lock and sent once that is free, so that nothing waits
    inside. While there is no connection the latest value is kept, for `resume`. One that failed is
    kept, too, until the item is set again: others may have written theirs meanwhile.
    """

    def __init__(self, session: Session, item: Item, tie: Tie) -> None:
        self.failed = 0
        self._session = session
        self._item = item
        self._tie = tie
        self._family, _, self._key = tie.target.partition("/")
        self._done = 0
        self._last_error = ""
        self._queue: deque[_Write] = deque()
        self._latest: _Write | None = None
        self._kept: _Write | None = None
        self._closed = False
        self._lock = threading.Lock()  # while a write is sent, so that writes keep their order
        with item._lock:
            item._listeners.append(self)

    def __call__(self, change: Change) -> Callable[[], None]:
        write = _Write(self._tie.text_of(change.value), waits=change.waits)
        self._queue.append(write)
        return lambda: self._finish(write)

    @property
    def owes(self) -> bool:
        return self._kept is not None

    def close(self) -> None:
        self._closed = True
        with self._item._lock, contextlib.suppress(ValueError):
            self._item._listeners.remove(self)

    def resume(self) -> None:
        """Write the value that was kept while there was no connection; on the dispatcher."""
        with self._lock:
            kept = self._kept
            if kept is not None and kept.error is None:
                self._queue.appendleft(_Write(kept.text, waits=False))
                self._kept = None
        self._send()

    def row(self) -> Row:
        waiting = len(self._queue) + (self._kept is not None)
        name = f"{self._item.id()}: {self._family}/{self._key}"
        return Row(name, "ast_db", waiting, self._done, self.failed, 0, None, self._last_error)

    def _finish(self, write: _Write) -> None:
        """Send a write, and wait for the answer if the one who changed the item can wait."""
        self._send()
        if not write.waits:
            return
        if write.error is not None:
            raise write.error
        if write.pending is not None:
            try:
                write.pending.wait()
            except ConnectionLost as error:
                logger.info("%s is written once the connection is back: %s", self._item, error)
            except AstError as error:
                if not self._is_done(write, error):
                    self._keep(write, error)
                    raise

    def _send(self) -> None:
        with self._lock:
            while self._queue and not self._closed:
                write = self._queue.popleft()
                try:
                    write.pending = self._session.ask(
                        self._action(write), then=functools.partial(self._answered, write)
                    )
                except ConnectionLost:
                    self._latest, self._kept = None, write
                except AstError as error:
                    self._latest, self._kept = None, write
                    write.error = error
                    self._fail(write, error)
                else:
                    self._latest, self._kept = write, None

    def _action(self, write: _Write) -> dict[str, str]:
        entry = {"Family": self._family, "Key": self._key}
        if write.text is None:
            return {"Action": "DBDel", **entry}
        return ordered({"Action": "DBPut", **entry, "Val": write.text})

    @staticmethod
    def _is_done(write: _Write, error: AstError) -> bool:
        """Asterisk refuses to delete an entry that there is not: then all is as it should be."""
        refused = isinstance(error, ActionRefused) and not isinstance(error, PermissionMissing)
        return write.text is None and refused

    def _answered(self, write: _Write, pending: Pending) -> None:
        try:
            pending.wait(0)
        except ConnectionLost:
            self._keep(write)
        except AstError as error:
            if self._is_done(write, error):
                self._done += 1
            else:
                self._keep(write, error)
                self._fail(write, error)
        else:
            self._done += 1
            with self._lock:
                if self._kept is write:  # the answer came when nobody waited any more
                    self._kept = None

    def _keep(self, write: _Write, error: AstError | None = None) -> None:
        """Write it later, unless there is something newer to write."""
        with self._lock:
            if self._latest is write:
                write.error = error
                self._latest, self._kept = None, write

    def fail(self, error: BaseException) -> None:
        """Count a change that could not even become a write, or be sent."""
        self.failed += 1
        self._last_error = one_line(error)
        logger.warning(
            "%s was not written to the Asterisk database: %s", self._item, self._last_error
        )

    def _fail(self, write: _Write, error: AstError) -> None:
        self.failed += 1
        self._last_error = one_line(error)
        if not write.waits:  # else the one who waits is told
            logger.warning("%s was not written to the Asterisk database: %s", self._item, error)
