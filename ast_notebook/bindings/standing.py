"""Callbacks that are made only after an item has kept its new value for some time."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.bindings.state import Callback, Change, ItemState
from ast_notebook.bindings.values import same


class StandingCallback(Callback):
    """Passes a change on once the item has kept the new value for some seconds.

    If the value changes back in that time to the one that was passed on last, nothing is passed on.

    Parameters
    ----------
    callback : Callback
        It gets the changes that are passed on.
    state : ItemState
        The state of the item.
    seconds : float
    """

    def __init__(self, callback: Callback, state: ItemState, seconds: float) -> None:
        super().__init__(callback.worker, callback.arguments)
        self._callback, self._state = callback, state
        self._seconds = seconds
        self._last_value = state.value
        self._cancel: Callable[[], None] | None = None
        self._change: Change | None = None

    def __call__(self, change: Change) -> None:
        """Begin to watch whether the item keeps its value; this is called under the item's lock."""
        self._forget()
        if same(change.value, self._last_value):
            return
        self._change = change
        self._cancel = change.clock.call(self._seconds, lambda: self._stood(change))

    def _stood(self, change: Change) -> None:
        with self._state.lock:
            if self._change is not change:  # another one came at the last moment
                return
            self._last_value, self._change = change.value, None
            try:
                self._callback(change)
            except Exception as error:
                self.fail(error)

    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel()
        self._cancel = self._change = None

    def close(self) -> None:
        """End it; a change whose time is not over is dropped."""
        with self._state.lock:
            self._forget()
        self._callback.close()
