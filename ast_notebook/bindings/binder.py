"""Binds items and logics to one PBX, and writes items' values to the Asterisk database."""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.ami.arguments import ordered
from ast_notebook.bindings.attributes import BindingAttribute
from ast_notebook.bindings.item import Item, bindings_of, state_of
from ast_notebook.bindings.live_values import watch_value
from ast_notebook.bindings.logic import Logics
from ast_notebook.bindings.state import Change
from ast_notebook.bindings.tree import Items
from ast_notebook.callbacks.later import LATER, Later
from ast_notebook.callbacks.worker import BindingRow, one_line
from ast_notebook.errors import (
    ActionRefused,
    AstError,
    ConfError,
    ConnectionLost,
    PermissionMissing,
)
from ast_notebook.live import Live, Watch

logger = logging.getLogger(__name__)

# Longer than a working PBX takes to answer; later answers set the items later.
SETTLING = 2.0


_Watching = Callable[[str, Callable[[Any], None]], Watch]


class _Binding(Protocol):
    """One attribute of one item, bound to the PBX."""

    def close(self) -> None:
        """Unbind it."""

    def row(self) -> BindingRow | None:
        """Return its row for the status; None if it has none."""


class Binder:
    """Binds items and logics to one PBX, until `close`.

    Parameters
    ----------
    session : Session
    live : Live
        The live state of the same PBX.
    items : Items
    logics : Logics
    name : str
        The name of the PBX, as in ``ast_dev@NAME``.
    first : bool
        Whether it is the PBX that attributes without ``@NAME`` mean.
    missed : callable, optional
        `WaitingCallers.watch`, which watches how many callers wait for a call.
    later : Later
        It calls functions after a while.
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
        missed: _Watching | None = None,
        later: Later = LATER,
    ) -> None:
        self._missed, self._later = missed, later
        self.name = name
        self.first = first
        self._session = session
        self._live = live
        self._items = items
        self._logics = logics
        self._bindings: dict[Item, list[_Binding]] = {}
        session.register_event("UserEvent", self._user_event)
        session.register_event("SessionReady", self._ready)
        items.attach(self)

    def __repr__(self) -> str:
        return f"<Binder {self.name} of {len(self._bindings)} items>"

    @property
    def write_failures(self) -> int:
        """How many writes to the Asterisk database failed while no thread waited for them."""
        return sum(entry.failed for entry in self._entries())

    def status(self) -> list[BindingRow]:
        """Return a row for each binding to the Asterisk database, and for any other that failed."""
        bindings = [
            binding for bindings in list(self._bindings.values()) for binding in list(bindings)
        ]
        return [row for binding in bindings if (row := binding.row()) is not None]

    def close(self) -> None:
        """Unbind everything; writes that wait for the connection are given up."""
        self._session.unregister_event("UserEvent", self._user_event)
        self._session.unregister_event("SessionReady", self._ready)
        self._items.detach(self)

    def bind_item(self, item: Item) -> None:
        """Bind an item by those of its attributes that name this PBX."""
        mine = [attribute for attribute in bindings_of(item) if self._is_meant(attribute)]
        if not mine:
            return
        bindings = self._bindings.setdefault(item, [])
        state_of(item).clock = self._session.clock
        state_of(item).stale_when(self._is_lost)
        for attribute in mine:
            try:
                bindings.append(self._bind(item, attribute))
            except Exception as error:  # an error of one attribute leaves the others bound
                bindings.append(_FailedBinding(item, attribute, error))

    def unbind_item(self, item: Item) -> None:
        """Unbind an item; one that is not bound is no error."""
        for binding in self._bindings.pop(item, []):
            try:
                binding.close()
            except Exception:
                logger.exception("%s could not be unbound", item)
        state_of(item).not_stale_when(self._is_lost)

    def settle(self) -> None:
        """Wait until items have their values from the PBX, for two seconds at most."""
        answered = threading.Event()
        try:
            # Answers come in the order of the questions.
            self._session.ask({"Action": "Ping"}, then=lambda _: answered.set())
        except AstError:
            return  # without a connection items are stale, and say so
        answered.wait(SETTLING)

    def _bind(self, item: Item, attribute: BindingAttribute) -> _Binding:
        if attribute.kind == "ast_db":
            return _DatabaseBinding(self._session, item, attribute)
        return _WatchedBinding(item, attribute, self._watching(attribute))

    def _watching(self, attribute: BindingAttribute) -> _Watching:
        """Start to watch the value that an attribute names, and return the watch."""
        if attribute.kind == "ast_dev":
            return self._live.watch_device
        if attribute.kind == "ast_box":
            return self._live.watch_mailbox
        if attribute.kind == "ast_missed":
            if self._missed is None:
                raise ConfError(f"no calls are kept for ast_missed = {attribute.written}")
            return self._missed
        return lambda _, changed: watch_value(self._live, self._later, attribute, changed)

    def _is_meant(self, attribute: BindingAttribute) -> bool:
        return self.first if attribute.pbx is None else attribute.pbx == self.name

    def _is_lost(self) -> bool:
        return self._live.stale

    def _entries(self) -> list[_DatabaseBinding]:
        return [
            binding
            for bindings in list(self._bindings.values())
            for binding in list(bindings)
            if isinstance(binding, _DatabaseBinding)
        ]

    def _user_event(self, event: Event, session: Session) -> None:
        self._logics.start(event, self.name, first=self.first, clock=session.clock)

    def _ready(self, event: Event, session: Session) -> None:
        for entry in self._entries():
            try:
                entry.resume()
            except Exception as error:
                entry.fail(error)


class _FailedBinding:
    """An attribute that could not be bound to the PBX; `status` shows its error."""

    def __init__(self, item: Item, attribute: BindingAttribute, error: Exception) -> None:
        self._row = BindingRow(
            f"{item}: {attribute.written}", attribute.kind, 0, 0, 1, 0, None, one_line(error)
        )
        logger.error("%s could not be bound: %s", item, one_line(error), exc_info=error)

    def close(self) -> None:
        pass

    def row(self) -> BindingRow:
        return self._row


class _WatchedBinding:
    """An item whose value comes from the PBX: that of a device, a mailbox, a queue and so on."""

    def __init__(
        self,
        item: Item,
        attribute: BindingAttribute,
        watch: _Watching,
    ) -> None:
        self._item = item
        self._attribute = attribute
        self._failed = 0
        self._last_error = ""
        self._closed = False
        self._watch = watch(attribute.target, self._changed)
        state_of(item).stale_when(self._is_unsure)

    def close(self) -> None:
        self._closed = True
        self._watch.close()
        state_of(self._item).not_stale_when(self._is_unsure)

    def _is_unsure(self) -> bool:
        return self._watch.is_unsure

    def row(self) -> BindingRow | None:
        if not self._failed:
            return None
        name, kind = f"{self._item}: {self._attribute.written}", self._attribute.kind
        return BindingRow(name, kind, 0, 0, self._failed, 0, None, self._last_error)

    def _changed(self, value: Any) -> None:
        if self._closed:  # a change may still be on its way from the dispatcher
            return
        try:
            state_of(self._item).update(
                self._item, value, "Asterisk", self._attribute.written, waits=False
            )
        except Exception as error:  # other items get the same change
            self._failed += 1
            self._last_error = one_line(error)
            logger.warning("%s did not take a change: %s", self._item, self._last_error)


class _Write:
    """A value on its way to the Asterisk database; None deletes the entry."""

    __slots__ = ("error", "pending", "text", "waits")

    def __init__(self, text: str | None, *, waits: bool) -> None:
        self.text = text
        self.waits = waits
        self.pending: Pending | None = None
        self.error: AstError | None = None


class _DatabaseBinding:
    """An item whose changes are written to the Asterisk database, in order.

    A change is queued under the item's lock and sent once the lock is free, so that nothing waits
    while holding it. Without a connection, the latest value is kept for `resume`. A value that
    failed is kept, too, but only written when the item is set again, because somebody else may have
    written the entry meanwhile.
    """

    def __init__(self, session: Session, item: Item, attribute: BindingAttribute) -> None:
        self.failed = 0
        self._session = session
        self._item = item
        self._attribute = attribute
        self._family, _, self._key = attribute.target.partition("/")
        self._done = 0
        self._last_error = ""
        self._queue: deque[_Write] = deque()
        self._latest: _Write | None = None
        self._kept: _Write | None = None
        self._closed = False
        self._lock = threading.Lock()  # held while a write is sent, so that writes keep their order
        state_of(item).listen(self)

    def __call__(self, change: Change) -> Callable[[], None]:
        write = _Write(self._attribute.text_of(change.value), waits=change.waits)
        self._queue.append(write)
        return lambda: self._finish(write)

    @property
    def owes(self) -> bool:
        return self._kept is not None

    def close(self) -> None:
        self._closed = True
        state_of(self._item).leave(self)

    def resume(self) -> None:
        """Write the value kept while there was no connection; for the dispatcher's thread."""
        with self._lock:
            kept = self._kept
            if kept is not None and kept.error is None:
                self._queue.appendleft(_Write(kept.text, waits=False))
                self._kept = None
        self._send()

    def row(self) -> BindingRow:
        waiting = len(self._queue) + (self._kept is not None)
        name = f"{self._item.id()}: {self._family}/{self._key}"
        return BindingRow(
            name, "ast_db", waiting, self._done, self.failed, 0, None, self._last_error
        )

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
        """Tell whether Asterisk refused to delete an entry because there is none."""
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
                if self._kept is write:  # the answer came when no thread waited any more
                    self._kept = None

    def _keep(self, write: _Write, error: AstError | None = None) -> None:
        """Keep a write for later, unless there is a newer one."""
        with self._lock:
            if self._latest is write:
                write.error = error
                self._latest, self._kept = None, write

    def fail(self, error: BaseException) -> None:
        """Count a change that could not be written."""
        self.failed += 1
        self._last_error = one_line(error)
        logger.warning(
            "%s was not written to the Asterisk database: %s", self._item, self._last_error
        )

    def _fail(self, write: _Write, error: AstError) -> None:
        self.failed += 1
        self._last_error = one_line(error)
        if not write.waits:  # the waiting thread gets the error otherwise
            logger.warning("%s was not written to the Asterisk database: %s", self._item, error)
