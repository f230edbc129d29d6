"""Takes the clicks on a panel's buttons: refuses those without permission, and carries out others.

`actions` says what each button does. Each click is carried out on a thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ast_notebook.clock import MACHINE
from ast_notebook.errors import AstError, ConfError
from ast_notebook.panel import actions, replaying
from ast_notebook.panel.feed import Feed, Message
from ast_notebook.panel.items import ShownItems, clean
from ast_notebook.panel.several import Feeds

AT_ONCE = 8  # clicks that are being carried out
LONGEST = 2000  # letters of a result
LONGEST_NAME = 64  # letters of the names that a page gives to itself, a button and a click
KEPT = 100  # results that were not sent to a page yet

# A button's action and its arguments; None is one that may be done again while it is being done.
Order = tuple[str, frozenset[tuple[str, Any]]] | None


class Clicks:
    """Carries out clicks.

    Parameters
    ----------
    feed : Feed or Feeds
    items : ShownItems
    readonly : bool
        Whether all clicks are refused.
    notify : callable
        It is called when there is a result to send.

    Attributes
    ----------
    may : dict of str to set of str
        The actions that the login of each PBX may use.
    """

    def __init__(
        self, feed: Feed | Feeds, items: ShownItems, readonly: bool, notify: Callable[[], None]
    ) -> None:
        self.may: dict[str, set[str]] = {}
        self._feed = feed
        self._items = items
        self._readonly = readonly
        self._notify = notify
        self._results: deque[Message] = deque(maxlen=KEPT)
        self._workers: set[threading.Thread] = set()
        self._doing: set[Order] = set()  # only the kernel's main thread adds
        self._starting = threading.Lock()  # while it is free, all threads in `_workers` have begun

    def take(self, content: Message) -> None:
        """Check a click that a page sent, and start to carry it out; this does not wait."""
        what, args = clean(str(content.get("what"))[:LONGEST_NAME]), content.get("args")
        number = content.get("id")
        try:
            if self._readonly:
                raise ConfError("this panel is read-only")
            actions.check_time(content.get("at"), MACHINE.time())
            if not isinstance(args, dict) or not _are_plain(args):
                raise ConfError(f"the button {what} came with wrong values")
            if len(self._workers) >= AT_ONCE:
                raise AstError("too many buttons wait for the PBX: nothing was done")
            self._begin(number, what, args)
        except AstError as error:
            self._tell(number, False, str(error))

    def _begin(self, number: Any, what: str, args: Message) -> None:
        """Start to carry out a click, unless the same order is being carried out already.

        While a cell runs, clicks wait, and whoever sees nothing happen clicks again.
        """
        order: Order = (what, frozenset(args.items())) if what in actions.ACTIONS else None
        if order is not None and order in self._doing:
            raise AstError(f"the same {what} is being done already: it is not done twice")

        def run() -> None:
            ok, text = self._do(what, args)
            self._doing.discard(order)
            self._tell(number, ok, text)

        self._doing.add(order)
        try:
            self.start(run)
        except AstError:
            self._doing.discard(order)
            raise

    def start(self, function: Callable[[], None]) -> None:
        """Run a function that may wait for the PBX on a thread of its own.

        Raises
        ------
        AstError
            If no further thread can start.
        """

        def run() -> None:
            try:
                function()
            finally:
                self._workers.discard(threading.current_thread())

        worker = threading.Thread(target=run, name=f"ast-panel-{self._feed.name}", daemon=True)
        with self._starting:
            self._workers.add(worker)
            try:
                worker.start()
            except RuntimeError as error:
                self._workers.discard(worker)
                raise AstError(f"nothing was done: {error}") from None

    def results(self) -> Iterator[Message]:
        """Yield the results of clicks that were not yielded yet."""
        while self._results:
            yield self._results.popleft()

    def join(self, timeout: float) -> None:
        """Wait until the clicks that were begun are carried out."""
        current, deadline = threading.current_thread(), time.monotonic() + timeout
        with self._starting:
            workers = list(self._workers)
        for worker in workers:
            if worker is not current:
                worker.join(max(0.0, deadline - time.monotonic()))

    def allowed(self) -> list[str]:
        """Return the allowed actions; in a panel of several PBXs, each follows its PBX's name."""
        if self._feed.several:
            there = self._feed.pbxs
            mine = ((name, may) for name, may in self.may.items() if name in there)
            return sorted(f"{name}/{what}" for name, may in mine for what in may)
        return sorted(what for may in self.may.values() for what in may)

    def _do(self, what: str, args: Message) -> tuple[bool, str]:
        """Carry out a click, and return whether that succeeded, and a line that says so."""
        try:
            if what == "item":
                return True, self._items.set(str(args.get("path")), args.get("value"))
            return True, self._act(what, args)
        except BaseException as error:  # the user's code may raise anything
            return False, str(error) or type(error).__name__

    def _act(self, what: str, args: Message) -> str:
        name = str(args.get("pbx")) if self._feed.several else self._feed.name
        pbx = self._feed.pbxs.get(name)
        if pbx is None and self._feed.several:
            raise ConfError(f"the button {what} belongs to no PBX in this panel: nothing was done")
        if what in replaying.ACTIONS:
            return replaying.run(pbx, what, args)
        if pbx is None or what not in self.may.get(name, ()):
            raise ConfError(f"this login may not {what}")
        text = actions.run(pbx, what, args)
        return f"{name}: {text}" if self._feed.several else text

    def _tell(self, number: Any, ok: bool, text: str) -> None:
        number = clean(number[:LONGEST_NAME]) if isinstance(number, str) else number
        number = number if isinstance(number, int | str) else None
        self._results.append({"t": "done", "id": number, "ok": ok, "text": clean(text[:LONGEST])})
        self._notify()


def _are_plain(args: Message) -> bool:
    return all(
        value == clean(value) if isinstance(value, str) else isinstance(value, bool | int | float)
        for value in args.values()
    )
