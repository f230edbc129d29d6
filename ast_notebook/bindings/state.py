"""The state of an item: its value, its definition, and the listeners to its changes."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ast_notebook.bindings.definition import Definition
from ast_notebook.bindings.values import cast, same
from ast_notebook.callbacks import Worker
from ast_notebook.clock import MACHINE, SystemClock, working_at
from ast_notebook.errors import AstError

Finish = Callable[[], None]
NOBODY = "Init:None"  # `changed_by` of an item that was not set yet


@dataclasses.dataclass(frozen=True)
class Change:
    """An item's new value, and who set it.

    `waits` says whether the thread that set it may wait: the dispatcher's thread may not. `clock`
    tells when the item changed.
    """

    item: Any
    value: Any
    caller: str
    source: Any
    dest: Any
    waits: bool
    clock: SystemClock


class ChangeListener(Protocol):
    """A listener that is called with each change of an item.

    It is called under the item's lock, so that changes come in order; so it must not wait. It
    returns a function that does the rest of the work once the lock is free.

    Attributes
    ----------
    owes : bool
        Whether the last change is still to be delivered. Then the listener is also called when the
        item is set to the same value again.
    """

    @property
    def owes(self) -> bool:
        """Whether the last change is still to be delivered."""

    def __call__(self, change: Change) -> Finish | None:
        """Take note of a change."""

    def fail(self, error: BaseException) -> None:
        """Count an error that this listener raised at a change."""


class Callback:
    """Calls a user's function at an item's changes."""

    owes = False

    def __init__(self, worker: Worker, arguments: Callable[[Change], tuple[Any, ...]]) -> None:
        self.worker = worker
        self.arguments = arguments

    def __call__(self, change: Change) -> None:
        """Put the change on the worker's queue."""
        self.worker.put_many([self.arguments(change)], change.clock)

    def fail(self, error: BaseException) -> None:
        """Count an error because of which the worker did not get a change."""
        self.worker.fail(error)

    def close(self) -> None:
        """End it; the present call continues."""
        self.worker.stop(0)


class ItemState:
    """The state of one item, for the tree of items and for the binders.

    Attributes
    ----------
    path : str
        As in ``office.fon``.
    lock : threading.RLock
        Held while the value or the definition changes.
    definition : Definition
    layers : dict
        The attributes that it was defined with, by their files.
    clock : SystemClock
        The clock of the PBX that it is bound to, or else that of `sh`.
    value, previous : object
    changed, changed_before : datetime
        When the value changed last, and before that.
    changed_by : str
    """

    def __init__(self, path: str, clock: SystemClock = MACHINE) -> None:
        self.path = path
        self.clock = clock
        # The lock is reentrant, since copying and comparing a user's values runs the user's code.
        self.lock = threading.RLock()
        self.definition = Definition()
        self.layers: dict[Path | None, Mapping[str, Any]] = {}
        self.value: Any = None
        self.previous: Any = None
        self.changed = self.changed_before = clock.now()
        self.changed_by = NOBODY
        self._listeners: list[ChangeListener] = []
        self._callbacks: dict[object, Callback] = {}
        self._stale_when: list[Callable[[], bool]] = []

    def update(
        self,
        item: Any,
        value: Any,
        caller: str,
        source: Any = None,
        dest: Any = None,
        *,
        waits: bool = True,
    ) -> None:
        """Set the value, and tell the listeners if it changed; see `Item.__call__`.

        Parameters
        ----------
        item : Item
            The item whose state this is.
        waits : bool
            Whether the calling thread may wait.
        """
        unfinished: list[tuple[ChangeListener, Finish]] = []
        with self.lock:
            definition = self.definition
            value = cast(self.path, definition.type_name, value)
            changes = definition.enforce or not same(value, self.value)
            if changes:
                self.previous, self.value = self.value, value
                self.changed_before, self.changed = self.changed, self.clock.now()
                self.changed_by = f"{caller}:{source}"
            listeners = tuple(self._listeners)
            if not listeners:
                return
            change = Change(item, value, caller, source, dest, waits, working_at(self.clock))
            for listener in listeners:
                try:
                    finish = listener(change) if changes or listener.owes else None
                except Exception as error:  # the other listeners are called all the same
                    listener.fail(error)
                    continue
                if finish is not None:
                    unfinished.append((listener, finish))
        errors = [raised for one in unfinished if (raised := _error_of(*one)) is not None]
        if errors:
            raise errors[0].with_traceback(None)

    def define(self, definition: Definition, layers: dict[Path | None, Mapping[str, Any]]) -> None:
        """Set the definition; the value stays if the type stays."""
        with self.lock:
            is_new = self.changed_by == NOBODY
            if is_new or self.definition.type_name != definition.type_name:
                self.value, self.previous = definition.initial, None
            self.definition, self.layers = definition, layers

    # --- listeners -------------------------------------------------------------------------------

    def listen(self, listener: ChangeListener) -> None:
        """Add a listener, which is called at each change from now on."""
        with self.lock:
            self._listeners.append(listener)

    def leave(self, listener: ChangeListener) -> None:
        """Remove a listener; one that was not added is no error."""
        with self.lock, contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    @property
    def workers(self) -> list[Worker]:
        """The workers of the functions that are bound."""
        return [one.worker for one in self.callbacks]

    @property
    def callbacks(self) -> list[Callback]:
        """The functions that are bound."""
        return list(self._callbacks.values())

    def bind(self, key: object, callback: Callback) -> None:
        """Bind a function; it replaces one of the same key."""
        with self.lock:
            former = self._callbacks.get(key)
            if former is not None:
                self._listeners.remove(former)
            self._callbacks[key] = callback
            self._listeners.append(callback)
        if former is not None:
            former.close()

    def unbind(self, key: object) -> bool:
        """Unbind the function of a key, and tell whether there was one."""
        with self.lock:
            former = self._callbacks.pop(key, None)
            if former is None:
                return False
            self._listeners.remove(former)
        former.close()
        return True

    # --- whether it is out of date -------------------------------------------------------------

    @property
    def is_stale(self) -> bool:
        """Whether the value may be out of date."""
        return any(lost() for lost in tuple(self._stale_when))

    def stale_when(self, lost: Callable[[], bool]) -> None:
        """Add a check; while it returns true, the value counts as out of date."""
        self._stale_when.append(lost)

    def not_stale_when(self, lost: Callable[[], bool]) -> None:
        """Remove a check of `stale_when`; one that was not added is no error."""
        with contextlib.suppress(ValueError):
            self._stale_when.remove(lost)


def _error_of(listener: ChangeListener, finish: Finish) -> AstError | None:
    try:
        finish()
    except AstError as error:
        return error
    except Exception as error:
        listener.fail(error)
    return None
