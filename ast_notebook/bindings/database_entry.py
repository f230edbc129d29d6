"""An item's entry in the Asterisk database: the item's changes are written to it, in order."""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable

from ast_notebook.ami import Pending, Session
from ast_notebook.ami.arguments import ordered
from ast_notebook.bindings.attributes import BindingAttribute
from ast_notebook.bindings.definition import Definition
from ast_notebook.bindings.item import Item, state_of
from ast_notebook.bindings.state import Change
from ast_notebook.callbacks import BindingRow, one_line
from ast_notebook.clock import AtTimeOf, working_at
from ast_notebook.errors import ActionRefused, AstError, ConnectionLost, PermissionMissing

logger = logging.getLogger(__name__)


class _Write:
    """A value on its way to the Asterisk database; None deletes the entry."""

    __slots__ = ("clock", "error", "pending", "text", "waits")

    def __init__(self, text: str | None, *, waits: bool) -> None:
        self.text = text
        self.waits = waits
        self.clock = working_at()
        self.pending: Pending | None = None
        self.error: AstError | None = None


class EntryWriter:
    """An item whose changes are written to the Asterisk database, in order.

    A change is queued under the item's lock and sent once the lock is free, so that nothing waits
    while holding it. Without a connection, the latest value is kept for `resume`. A value that
    failed is kept, too, but only written when the item is set again, because somebody else may have
    written the entry meanwhile.

    Attributes
    ----------
    attribute : BindingAttribute
        The attribute that names the entry.
    failed : int
        How many changes could not be written.
    """

    def __init__(self, session: Session, item: Item, attribute: BindingAttribute) -> None:
        self.attribute = attribute
        self.failed = 0
        self._session = session
        self._item = item
        self._type_name = item.type()
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
        """Queue a change, and return the function that sends it."""
        write = _Write(self.attribute.text_of(change.value), waits=change.waits)
        self._queue.append(write)
        return lambda: self._finish(write)

    @property
    def owes(self) -> bool:
        """Whether the last change is still to be written."""
        return self._kept is not None

    def stays_in(self, definition: Definition) -> bool:
        """Tell whether it also belongs to another definition of the item."""
        is_named = self.attribute in definition.binding_attributes
        return is_named and self._type_name == definition.type_name

    def close(self) -> None:
        """Write nothing any more."""
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
        """Return its status."""
        waiting = len(self._queue) + (self._kept is not None)
        name = f"{self._item.id()}: {self._family}/{self._key}"
        return BindingRow(
            name, "ast_db", waiting, self._done, self.failed, 0, None, self._last_error
        )

    def _finish(self, write: _Write) -> None:
        """Send a write, and wait for the answer if the thread that changed the item may wait."""
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
                    with AtTimeOf(write.clock):  # whichever thread sends it
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
            return ordered({"Action": "DBDel", **entry})
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
