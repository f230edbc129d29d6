"""The panel's widget: its messages with the browser, and its static picture at the end."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
import uuid
import weakref
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython
from ipywidgets.comm import get_comm_manager

from ast_notebook.asterisk import Asterisk
from ast_notebook.callbacks.cell import Cell
from ast_notebook.clock import MACHINE
from ast_notebook.errors import ConfError, ConnectionLost
from ast_notebook.home import SmartHome
from ast_notebook.panel import actions, snapshot, terminal, voila
from ast_notebook.panel.clicks import LONGEST_NAME, Clicks
from ast_notebook.panel.displays import Displays
from ast_notebook.panel.feed import Feed
from ast_notebook.panel.items import ShownItems, clean
from ast_notebook.panel.messages import PanelState, Picture
from ast_notebook.panel.publisher import Publisher
from ast_notebook.panel.several import Feeds
from ast_notebook.panel.views import EVERYONE, WHO_HAS_NONE, Busy, Views

IDLE = 1.0  # seconds between two checks of the PBX while no page is visible
HEARTBEAT = 4.0  # seconds between messages at most; a browser shows if none come
KEYFRAME = 3.0  # seconds between snapshots for pages that cannot ask, while a cell runs
READ_DATABASE = 30.0
ABSENCE = 1.5  # seconds between a PBX's end and the connection of another one of its name
PICTURED = 200  # rows of a table in a notebook's picture
RENEW_PICTURE = 30.0  # seconds between two pictures while the panel is shown
LEAST_PICTURE = 1.0  # seconds between two pictures at the ends of cells
FIRST_LOOK = 1.0  # seconds that the first picture may wait for the table `unreturned`
ALL = "all"

_publisher = Publisher()
_busy = Busy()
_open: weakref.WeakSet[Panel] = weakref.WeakSet()


class Panel(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """A PBX as it is now: calls, devices, mailboxes, items, queues, conferences, events.

    The panel of a replay shows the PBX as it was, and has a time bar to move the replay.

    Put it last in a cell, or give it to `display`. A saved notebook has a picture of the state,
    which is less than a minute old, or from the end of the last cell; after `freeze`, `close` or a
    disconnect, it is the last state. In a terminal, `display` prints the tables.

    Parameters
    ----------
    sh : SmartHome
    pbx : str or iterable of str
        The name of the PBX to show. Several names, or ``all``, make one panel of several PBXs,
        which shows those of them that are connected at any time.
    readonly : bool, optional
        Whether to show no buttons. By default, the panel has the buttons that the login may use;
        on a page of Voila, which anybody may open, it has none.
    refresh_hz : float
        How often per second changes are sent to the browser.
    editable : iterable of str
        Patterns of items that may be set in the panel, such as ``office.*``. Items of type bool
        with ``ast_db`` can always be set.
    wall : bool
        Whether to show everything large, so that it can be read from a distance.
    trunks : iterable of str
        In a panel of several PBXs, patterns of the devices that are trunks between them, such as
        ``PJSIP/berlin``. Calls over such trunks are joined as "probably" one call if they fit each
        other and no other call, even if their SIP Call-IDs are not known.

    Raises
    ------
    ConnectionLost
        If `sh` has no PBX of that name.

    Examples
    --------
    >>> ast_notebook.Panel(sh, editable=["office.*"])
    >>> ast_notebook.Panel(sh, "all", trunks=["PJSIP/berlin", "PJSIP/hamburg"])
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
        pbx: str | Iterable[str] = "ast",
        readonly: bool | None = None,
        refresh_hz: float = 5.0,
        editable: Iterable[str] = (),
        *,
        wall: bool = False,
        trunks: Iterable[str] = (),
    ) -> None:
        names = _names(sh, pbx)
        if not 0.1 <= refresh_hz <= 50:
            raise ConfError(
                f"refresh_hz = {refresh_hz} is not possible: write 0.1 to 50, such as 5"
            )
        readonly = voila.may_be_public() if readonly is None else readonly
        editable = (editable,) if isinstance(editable, str) else tuple(editable)
        self._items = ShownItems(sh, names, editable)
        self._feed: Feed | Feeds
        if isinstance(names, str):
            self._feed = Feed(sh, names, self._items)
        else:
            trunks = (trunks,) if isinstance(trunks, str) else tuple(trunks)
            self._feed = Feeds(sh, names, self._items, trunks)
        self._readonly = readonly
        self._pause = 1.0 / refresh_hz
        self._views = Views()
        self._wall = wall
        self._clicks = Clicks(self._feed, self._items, readonly, partial(_publisher.wake, self))
        # For each PBX: its `connected_since` when it was asked for its version, and the moment at
        # which its database was read.
        self._asked_at: dict[str, float | None] = {}
        self._read_at: dict[str, float] = {}
        self._sequence = itertools.count(1)
        self._number = 0
        self._over_since: float | None = None
        self._spoke = self._keyframe = self._sent = self._answered = float("-inf")
        self._pictured = float("-inf")
        name = uuid.uuid4().hex
        self._displays = Displays(name)
        picture = self._whole(self._feed.state(PICTURED))
        super().__init__(name=name, picture=picture)
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
        """Display the widget and a static picture, or print the tables in a terminal."""
        self._feed.settle(FIRST_LOOK)
        state = self._feed.state()
        if terminal.is_one():
            sys.stdout.write(f"{snapshot.to_text(state)}\n")
            return
        data, metadata = self._repr_mimebundle_(**kwargs)
        picture = snapshot.html_head(state), snapshot.html_tables(state)
        if self._ended:
            self._displays.show_ended(repr(self), *picture)
            return
        self._displays.show(data, metadata, *picture)
        self._pictured = time.monotonic()
        self._views.shown()
        _publisher.wake(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._ended:
            picture = snapshot.to_html(self._feed.state())
            return {"text/html": picture, "text/plain": repr(self)}, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def watch(self) -> None:
        """Show the tables in a terminal, and renew them until ^C or q.

        Raises
        ------
        ConfError
            If this is no terminal.
        """
        terminal.watch(lambda: snapshot.to_text(self._feed.state()), self._pause)

    def freeze(self) -> None:
        """Replace the panel by a static table of its last state, wherever it is shown."""
        if self._ended:
            return
        self._ended = True
        _publisher.remove(self)
        _open.discard(self)
        state = self._feed.state()
        self._feed.close()
        with contextlib.suppress(Exception):  # an error of a closed page must not prevent the end
            picture = snapshot.html_head(state), snapshot.html_tables(state)
            self.send({"t": "still", "html": self._displays.still(*picture)})
            self.send({"t": "closed"})
            self._displays.freeze(repr(self), *picture)
        self._clicks.join(1.0)
        if not len(_publisher):
            _busy.leave()

    def renew_picture(self, every: float) -> None:
        """Renew the pictures in the notebook if they are older than so many seconds."""
        now = time.monotonic()
        if self._ended or not len(self._displays) or now - self._pictured < every:
            return
        self._pictured = now
        state = self._feed.state()
        picture = snapshot.html_head(state), snapshot.html_tables(state)
        if self._displays.renew(*picture):
            # After it was loaded anew, a page no longer knows which output the picture is.
            self.send({"t": "still", "html": self._displays.still(*picture)})

    def close(self) -> None:
        """Freeze the panel, and close the widget."""
        self.freeze()
        super().close()

    # --- from the browser, on the kernel's main thread ------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore the state that a page sends, since pages make requests by messages.

        The state, which includes the script, is given to every page of the kernel, and is saved
        with the notebook.
        """

    def _keep_open(self, comm: Any, message: object) -> None:
        """Keep the connection open if one page closes it, since it belongs to all pages."""
        if not self._ended:
            comm._closed = False
            get_comm_manager().register_comm(comm)

    def _receive(self, widget: object, content: Any, buffers: object) -> None:
        """Handle a message of a page; this does not wait."""
        if self._ended or not isinstance(content, dict):
            return
        kind, view = content.get("t"), clean(str(content.get("view", ""))[:LONGEST_NAME])
        if kind == "hello":
            self._views.hello(view)
        elif kind == "visible":
            self._views.visible(view, bool(content.get("on")))
        elif kind == "do":
            self._clicks.take(content)
        _publisher.wake(self)

    # --- to the browser, on the publisher's thread ----------------------------------------------

    def publish(self) -> float:
        """Send the changes; the publisher calls this."""
        if self._ended:
            return IDLE
        if self._is_over():
            self.freeze()
            return IDLE
        for result in self._clicks.results():
            self.send(result)
        self.renew_picture(RENEW_PICTURE)
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
            self.send({"t": "delta", "seq": self._number, "now": MACHINE.time(), **delta})
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
        """Whether pages may be unable to ask for a snapshot, so that they get one unasked."""
        return _busy.running or not self._views.heard

    def _whole(self, state: PanelState) -> Picture:
        return {
            "t": "snapshot",
            "readonly": self._readonly,
            "wall": self._wall,
            "several": self._feed.several,
            "seq": self._number,
            "now": MACHINE.time(),
            "may": self._clicks.allowed(),
            **state,
        }

    def _look(self) -> None:
        """Ask each PBX for what no event tells: after each connect, and now and then."""
        self._feed.bind()
        now = time.monotonic()
        for name, pbx in self._feed.pbxs.items():
            if not pbx.session.connected() or pbx.live.stale:
                continue
            if pbx.session.connected_since != self._asked_at.get(name):
                since = pbx.session.connected_since
                self._clicks.start(partial(self._ask, name, pbx))
                self._asked_at[name], self._read_at[name] = since, now
            elif now - self._read_at[name] > READ_DATABASE:
                self._read_at[name] = now
                self._clicks.start(partial(self._items.read, pbx))

    def _ask(self, name: str, pbx: Asterisk) -> None:
        self._feed.ask(name)
        may = set() if self._readonly else actions.allowed(pbx)
        if may != self._clicks.may.get(name, set()):
            self._clicks.may[name] = may
            self._views.want(EVERYONE)
            _publisher.wake(self)
        self._items.read(pbx)


def _names(sh: SmartHome, pbx: str | Iterable[str]) -> str | tuple[str, ...]:
    """Return the name of the one PBX, or the names for a panel of several PBXs; empty means all.

    Raises
    ------
    ConnectionLost
        If `sh` has no such PBX.
    """
    names = (pbx,) if isinstance(pbx, str) else tuple(pbx)
    is_all = ALL in names and ALL not in sh.pbxs
    missing = [] if is_all else [name for name in names if name not in sh.pbxs]
    if missing or not sh.pbxs:
        raise ConnectionLost(f"sh has no PBX named {(missing or names)[0]!r}: connect first")
    if is_all:
        return ()
    return names[0] if isinstance(pbx, str) else names


def _begin(panel: Panel) -> None:
    if not len(_publisher):
        _busy.follow(get_ipython(), _renew_pictures)
    _open.add(panel)
    _publisher.add(panel)


def close_all() -> None:
    """Close every panel of this kernel; the publisher's thread ends with the last."""
    for panel in list(_open):
        panel.close()


def _renew_pictures() -> None:
    """Renew the pictures at the end of a cell, so that a saved notebook has the state then."""
    cell, run = Cell.current().run
    for panel in list(_open):
        if cell:
            panel._displays.forget(cell, run)
        panel.renew_picture(LEAST_PICTURE)
