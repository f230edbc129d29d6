"""Callbacks of values that have stood for a while: a change that is soon taken back is none."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.bindings.state import Callback, Change, ItemState
from ast_notebook.bindings.values import same


class StandingCallback(Callback):
    """Tells a function of a change once the new value has stood for some seconds.

    A value that changes back to the one told last, before that time is over, is not told at all.

    Parameters
    ----------
    callback : Callback
        It is told of the changes that stand.
    state : ItemState
        The state of the item.
    seconds : float
    """

    def __init__(self, callback: Callback, state: ItemState, seconds: float) -> None:
        super().__init__(callback.worker, callback.arguments)
        self._callback, self._state = callback, state
        self._seconds = seconds
        self._told = state.value
        self._cancel: Callable[[], None] | None = None
        self._change: Change | None = None

    def __call__(self, change: Change) -> None:
        """Wait whether the change stands; it is called under the item's lock."""
        self._forget()
        if same(change.value, self._told):
            return
        self._change = change
        self._cancel = change.clock.call(self._seconds, lambda: self._stood(change))

    def _stood(self, change: Change) -> None:
        with self._state.lock:
            if self._change is not change:  # another one came at the last moment
                return
            self._told, self._change = change.value, None
            try:
                self._callback(change)
            except Exception as error:
                self.fail(error)

    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel()
        self._cancel = self._change = None

    def close(self) -> None:
        """End it; a change that has not stood long enough is dropped."""
        with self._state.lock:
            self._forget()
        self._callback.close()
