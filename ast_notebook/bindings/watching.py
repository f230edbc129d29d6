"""Starts logics at changes of items: `watch_item`, as in SmartHome.py."""

from __future__ import annotations

import threading

from ast_notebook.bindings.item import Item, state_of
from ast_notebook.bindings.logic import Logic, Logics, Trigger
from ast_notebook.bindings.standing import StandingCallback
from ast_notebook.bindings.state import Callback, Change
from ast_notebook.bindings.tree import Items


class LogicWatches:
    """Starts logics at the changes of the items that they watch.

    Parameters
    ----------
    items : Items
    logics : Logics
    """

    def __init__(self, items: Items, logics: Logics) -> None:
        self._items, self._logics = items, logics
        self._bound: dict[tuple[Logic, Item], Callback] = {}
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Watch exactly the items that logics name now.

        It is called after items or logics were defined, since either may come first.
        """
        with self._lock:
            wanted = {
                (logic, item): None
                for logic in self._logics
                for pattern in logic.watch
                for item in self._items.match_items(pattern)
                if item.type() is not None
            }
            for pair in [pair for pair in self._bound if pair not in wanted]:
                callback = self._bound.pop(pair)
                state_of(pair[1]).leave(callback)
                callback.close()
            for logic, item in wanted:
                if (logic, item) not in self._bound:
                    self._bound[logic, item] = callback = self._callback(logic, item)
                    state_of(item).listen(callback)

    def close(self) -> None:
        """Stop watching."""
        with self._lock:
            bound, self._bound = self._bound, {}
            for (_, item), callback in bound.items():
                state_of(item).leave(callback)
                callback.close()

    def _callback(self, logic: Logic, item: Item) -> Callback:
        callback = _LogicCallback(logic)
        if not logic.watch_for:
            return callback
        return StandingCallback(callback, state_of(item), logic.watch_for)


class _LogicCallback(Callback):
    """Starts a logic at each change of an item."""

    def __init__(self, logic: Logic) -> None:
        super().__init__(logic.worker, lambda change: (_trigger(change),))
        self._logic = logic

    def __call__(self, change: Change) -> None:
        if self._logic.alive and self._logic.enabled:
            super().__call__(change)

    def close(self) -> None:
        """End it; this does not stop the logic."""


def _trigger(change: Change) -> Trigger:
    return Trigger("Item", change.item.id(), change.value)
