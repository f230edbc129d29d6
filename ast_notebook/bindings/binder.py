"""Binds items and logics to one PBX."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from ast_notebook.ami import Event, Session
from ast_notebook.bindings.attributes import BindingAttribute
from ast_notebook.bindings.database_entry import EntryWriter
from ast_notebook.bindings.definition import Definition
from ast_notebook.bindings.item import Item, bindings_of, state_of
from ast_notebook.bindings.live_values import watch_value
from ast_notebook.bindings.logic import Logics
from ast_notebook.bindings.tree import Items
from ast_notebook.callbacks import BindingRow, one_line
from ast_notebook.clock import AtTimeOf, SystemClock, working_at
from ast_notebook.errors import (
    AstError,
    ConfError,
)
from ast_notebook.live import Live, Watch

logger = logging.getLogger(__name__)

# Seconds; a working PBX answers sooner. Answers that come later still set the items.
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
    ) -> None:
        self._missed = missed
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
        kept = [one.attribute for one in bindings if isinstance(one, EntryWriter)]
        state_of(item).clock = self._session.clock
        state_of(item).stale_when(self._is_lost)
        for attribute in mine:
            if attribute in kept:
                continue
            try:
                bindings.append(self._bind(item, attribute))
            except Exception as error:  # an error of one attribute leaves the others bound
                bindings.append(_FailedBinding(item, attribute, error))

    def unbind_item(self, item: Item, anew: Definition | None = None) -> None:
        """Unbind an item; one that is not bound is no error.

        If it is to be defined anew, an entry of the Asterisk database that stays is kept, so that
        no change is lost meanwhile, and nothing that waits to be written.
        """
        former = self._bindings.get(item, [])
        kept: list[_Binding] = []
        if anew is not None:
            kept += [one for one in former if isinstance(one, EntryWriter) and one.stays_in(anew)]
        if kept:
            self._bindings[item] = kept
        else:
            self._bindings.pop(item, None)
        for binding in [one for one in former if one not in kept]:
            try:
                binding.close()
            except Exception:
                logger.exception("%s could not be unbound", item)
        state_of(item).not_stale_when(self._is_lost)
        if state_of(item).clock is self._session.clock:  # a replay's clock stands still now
            state_of(item).clock = self._items.clock

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
            return EntryWriter(self._session, item, attribute)
        return _WatchedBinding(item, attribute, self._watching(attribute), self._session.clock)

    def _watching(self, attribute: BindingAttribute) -> _Watching:
        """Start to watch the value that an attribute names, and return the watch."""
        if attribute.kind == "ast_dev":
            return self._live.watch_device
        if attribute.kind == "ast_box":
            return self._live.watch_mailbox
        if attribute.kind == "ast_missed":
            if self._missed is None:
                raise ConfError(
                    f"ast_missed = {attribute.written} has no effect, since this PBX keeps no calls"
                )
            return self._missed
        return lambda _, changed: watch_value(self._live, self._session.clock, attribute, changed)

    def _is_meant(self, attribute: BindingAttribute) -> bool:
        return self.first if attribute.pbx is None else attribute.pbx == self.name

    def _is_lost(self) -> bool:
        return self._live.stale

    def _entries(self) -> list[EntryWriter]:
        return [
            binding
            for bindings in list(self._bindings.values())
            for binding in list(bindings)
            if isinstance(binding, EntryWriter)
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
        clock: SystemClock,
    ) -> None:
        self._item = item
        self._attribute = attribute
        self._clock = clock
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
            with AtTimeOf(working_at(self._clock)):  # whichever thread brings the change
                state_of(self._item).update(
                    self._item, value, "Asterisk", self._attribute.written, waits=False
                )
        except Exception as error:  # other items are told of the same change
            self._failed += 1
            self._last_error = one_line(error)
            logger.warning("%s was not told of a change: %s", self._item, self._last_error)
