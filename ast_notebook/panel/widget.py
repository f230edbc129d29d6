"""The panel's widget: its messages with the browser, and its static picture at the end."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython
from IPython.display import publish_display_data
from ipywidgets.comm import get_comm_manager

from ast_notebook.errors import AstError, ConfError, ConnectionLost
from ast_notebook.home import SmartHome
from ast_notebook.panel import actions, snapshot, voila
from ast_notebook.panel.feed import Feed, Message
from ast_notebook.panel.items import ShownItems, clean
from ast_notebook.panel.messages import PanelState, Picture
from ast_notebook.panel.publisher import Publisher
from ast_notebook.panel.views import EVERYONE, WHO_HAS_NONE, Busy, Views

IDLE = 1.0  # seconds between two checks of the PBX while no page is visible
HEARTBEAT = 4.0  # seconds; a browser that gets no message for long shows that
KEYFRAME = 3.0  # seconds between snapshots for pages that cannot ask, while a cell runs
READ_DATABASE = 30.0
ABSENCE = 1.5  # seconds that a PBX may be gone before another of its name
PICTURED = 200  # rows of a table in what a notebook saves
BUTTONS_AT_ONCE = 8
LONGEST = 2000  # letters of what a page is told of a button
LONGEST_NAME = 64  # letters of what a page calls itself, a button and a click

_publisher = Publisher()
_busy = Busy()
_open: weakref.WeakSet[Panel] = weakref.WeakSet()


class Panel(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """A PBX as it is now: calls, devices, mailboxes, items, queues, conferences, events.

    Put it last in a cell, or give it to `display`. A saved notebook shows the state at the moment
    of saving; after `freeze`, `close` or a disconnect, it shows the last state.

    Parameters
    ----------
    sh : SmartHome
    pbx : str
        The name of the PBX to show.
    readonly : bool, optional
        Whether to show no buttons. By default, there are none on a page of Voila, which anybody may
        open; elsewhere there are the buttons that the login may use.
    refresh_hz : float
        How often per second changes are sent to the browser.
    editable : iterable of str
        Patterns of items that may be set in the panel, such as ``office.*``. Items of type bool
        with ``ast_db`` can always be set.
    wall : bool
        Whether to show everything large, to be read from a distance.

    Raises
    ------
    ConnectionLost
        If `sh` has no PBX of that name.

    Examples
    --------
    >>> ast_notebook.Panel(sh, editable=["office.*"])
    """

    _ended = True  # until `__init__` is done
    _esm = Path(__file__).parent / "static" / "panel.js"  # built from js/ and css/ by npm run build
    _css = Path(__file__).parent / "static" / "panel.css"
    name = traitlets.Unicode(help="What a page knows the panel by.").tag(sync=True)
    picture = traitlets.Dict(help="The state when it was made, for a page without a kernel.").tag(
        sync=True
    )

    def __init__(
        self,
        sh: SmartHome,
        pbx: str = "ast",
        readonly: bool | None = None,
        refresh_hz: float = 5.0,
        editable: Iterable[str] = (),
        *,
        wall: bool = False,
    ) -> None:
        if pbx not in sh.pbxs:
            raise ConnectionLost(f"sh has no PBX named {pbx!r}: connect first")
        if not 0.1 <= refresh_hz <= 50:
            raise ConfError(f"refresh_hz = {refresh_hz} is no use: write 5, or 0.1 to 50")
        readonly = voila.may_be_public() if readonly is None else readonly
        editable = (editable,) if isinstance(editable, str) else tuple(editable)
        self._items = ShownItems(sh, pbx, editable)
        self._feed = Feed(sh, pbx, self._items)
        self._readonly = readonly
        self._pause = 1.0 / refresh_hz
        self._views = Views()
        self._wall = wall
        self._may: set[str] = set()
        self._asked_at: float | None = (
            None  # `connected_since` when the PBX was asked for its versions
        )
        self._read_at = float("-inf")
        self._sequence = itertools.count(1)
        self._number = 0
        self._over_since: float | None = None
        self._spoke = self._keyframe = self._sent = self._answered = float("-inf")
        self._results: deque[Message] = deque(maxlen=100)
        self._workers: set[threading.Thread] = set()
        self._displays: list[str] = []
        picture = self._whole(self._feed.state(PICTURED))
        super().__init__(name=uuid.uuid4().hex, picture=picture)
        self.layout.set_state = self.set_state  # it is a widget of its own
        self.on_msg(self._receive)
        for one in (self, self.layout):
            one.comm.on_close(partial(self._keep_open, one.comm))
        self._ended = False
        _begin(self)

    def __repr__(self) -> str:
        return f"<Panel of {self._feed.name}{', closed' if self._ended else ''}>"

    # --- showing and ending --------------------------------------------------------------------

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Display it in a way that a static picture can replace it later."""
        data, metadata = self._repr_mimebundle_(**kwargs)
        name = f"ast-panel-{self.model_id}-{len(self._displays)}"
        if not self._ended:
            self._displays.append(name)
            self._views.shown()
            _publisher.wake(self)
        _display(data, metadata, name)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        picture = snapshot.to_html(self._feed.state())
        if self._ended:
            return {"text/html": picture, "text/plain": repr(self)}, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/html": picture}, metadata

    def freeze(self) -> None:
        """Replace the panel by a static table of its last state, wherever it is shown."""
        if self._ended:
            return
        self._ended = True
        _publisher.remove(self)
        _open.discard(self)
        picture = {"text/html": snapshot.to_html(self._feed.state()), "text/plain": repr(self)}
        self._feed.close()
        with contextlib.suppress(Exception):  # an error of a closed page must not prevent the end
            self.send({"t": "closed"})
            for name in self._displays:
                _display(picture, {}, name, update=True)
        current = threading.current_thread()
        deadline = time.monotonic() + 1.0
        for worker in list(self._workers):
            if worker is not current:
                worker.join(max(0.0, deadline - time.monotonic()))
        if not len(_publisher):
            _busy.leave()

    def close(self) -> None:
        """Freeze it, and close the widget."""
        self.freeze()
        super().close()

    # --- from the browser, on the kernel's main thread ------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore the state that a page sends: a page says by messages what it wants.

        The state, which includes the script, is given to every page of the kernel, and is saved
        with the notebook.
        """

    def _keep_open(self, comm: Any, message: object) -> None:
        """Hear on: one page has closed what is the panel of all pages."""
        if not self._ended:
            comm._closed = False
            get_comm_manager().register_comm(comm)

    def _receive(self, widget: object, content: Any, buffers: object) -> None:
        """Handle a message; nothing here waits."""
        if self._ended or not isinstance(content, dict):
            return
        kind, view = content.get("t"), clean(str(content.get("view", ""))[:LONGEST_NAME])
        if kind == "hello":
            self._views.hello(view)
        elif kind == "visible":
            self._views.visible(view, bool(content.get("on")))
        elif kind == "do":
            self._click(content)
        _publisher.wake(self)

    def _click(self, content: Message) -> None:
        what, args = clean(str(content.get("what"))[:LONGEST_NAME]), content.get("args")
        number = content.get("id")
        try:
            if self._readonly:
                raise ConfError("this panel is read-only")
            actions.check_time(content.get("at"), self._feed.clock.time())
            if not isinstance(args, dict) or not _are_plain(args):
                raise ConfError(f"the button {what} came with wrong values")
            if len(self._workers) >= BUTTONS_AT_ONCE:
                raise AstError("too many buttons wait for the PBX: nothing was done")
        except AstError as error:
            self._tell(number, False, str(error))
            return
        self._start(lambda: self._do(number, what, args))

    def _start(self, function: Callable[[], None]) -> None:
        """Run a function that may wait for the PBX on a thread of its own."""

        def run() -> None:
            try:
                function()
            finally:
                self._workers.discard(threading.current_thread())

        worker = threading.Thread(target=run, name=f"ast-panel-{self._feed.name}", daemon=True)
        self._workers.add(worker)
        worker.start()

    def _do(self, number: Any, what: str, args: Message) -> None:
        pbx = self._feed.pbx
        try:
            if what == "item":
                told = self._items.set(pbx, str(args.get("path")), args.get("value"))
            elif pbx is None or what not in self._may:
                raise ConfError(f"this login may not {what}")
            else:
                told = actions.run(pbx, what, args)
            self._tell(number, True, told)
        except BaseException as error:  # the user's code may raise anything
            self._tell(number, False, str(error) or type(error).__name__)

    def _tell(self, number: Any, ok: bool, text: str) -> None:
        number = clean(number[:LONGEST_NAME]) if isinstance(number, str) else number
        number = number if isinstance(number, int | str) else None
        self._results.append({"t": "done", "id": number, "ok": ok, "text": clean(text[:LONGEST])})
        _publisher.wake(self)

    # --- to the browser, on the publisher's thread ----------------------------------------------

    def publish(self) -> float:
        """Send the changes; the publisher calls this."""
        if self._ended:
            return IDLE
        if self._is_over():
            self.freeze()
            return IDLE
        while self._results:
            self.send(self._results.popleft())
        if not self._views.any(deaf_until=_busy.until):
            self._feed.rest()
            return IDLE
        now = time.monotonic()
        rest = self._sent + self._pause - now
        if rest > 0 and not self._views.is_due(pages_from=self._answered + self._pause):
            return rest  # a page may send messages without end, and each of them wakes this
        self._sent = now
        self._look()
        waiting = self._views.take_waiting()
        if waiting - {EVERYONE}:
            self._answered = now
        if not self._feed.follows:
            self._feed.follow()
            waiting.add(EVERYONE)
        delta = self._feed.delta()
        now = time.monotonic()
        if delta or now - self._spoke > HEARTBEAT:
            self._number = next(self._sequence)
            self._spoke = now
            self.send({"t": "delta", "seq": self._number, "now": self._feed.clock.time(), **delta})
        if not waiting and self._is_deaf() and now - self._keyframe > KEYFRAME:
            waiting.add(WHO_HAS_NONE)
        if waiting:
            self._keyframe = now
            whole = self._whole(self._feed.snapshot())
            self.send({**whole, "to": sorted(waiting)})
        return self._pause

    def _is_over(self) -> bool:
        """Whether the PBX was closed for good, and not only replaced by a new connection."""
        if not self._feed.is_over:
            self._over_since = None
            return False
        self._over_since = self._over_since or time.monotonic()
        return time.monotonic() - self._over_since > ABSENCE

    def _is_deaf(self) -> bool:
        """Whether some pages may have been unable to ask for a snapshot; they get it unasked."""
        return _busy.running or not self._views.heard

    def _whole(self, state: PanelState) -> Picture:
        return {
            "t": "snapshot",
            "readonly": self._readonly,
            "wall": self._wall,
            "seq": self._number,
            "now": self._feed.clock.time(),
            "may": sorted(self._may),
            **state,
        }

    def _look(self) -> None:
        """Ask the PBX, after each connect and now and then, for what deltas do not tell."""
        self._feed.bind()
        pbx = self._feed.pbx
        if pbx is None or not pbx.session.connected() or pbx.live.stale:
            return
        now, since = time.monotonic(), pbx.session.connected_since
        if since != self._asked_at:
            self._asked_at = since
            self._read_at = now
            self._start(self._ask)
        elif now - self._read_at > READ_DATABASE:
            self._read_at = now
            self._start(lambda: self._items.read(pbx))

    def _ask(self) -> None:
        pbx = self._feed.pbx
        if pbx is None:
            return
        self._feed.ask()
        may = set() if self._readonly else actions.allowed(pbx)
        if may != self._may:
            self._may = may
            self._views.want(EVERYONE)
            _publisher.wake(self)
        self._items.read(pbx)


def _display(
    data: dict[str, Any], metadata: dict[str, Any], name: str, *, update: bool = False
) -> None:
    publish: Any = publish_display_data
    publish(data, metadata, transient={"display_id": name}, update=update)


def _are_plain(args: Message) -> bool:
    return all(
        value == clean(value) if isinstance(value, str) else isinstance(value, bool | int | float)
        for value in args.values()
    )


def _begin(panel: Panel) -> None:
    if not len(_publisher):
        _busy.follow(get_ipython())
    _open.add(panel)
    _publisher.add(panel)


def close_all() -> None:
    """Close every panel of this kernel; the publisher's thread ends with the last."""
    for panel in list(_open):
        panel.close()
