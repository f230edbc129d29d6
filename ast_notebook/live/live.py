"""The state of one PBX, kept from its events, asked for at each connect, and watched."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.errors import AstError, ConnectionLost
from ast_notebook.live.channels import STEP, Channels, is_of
from ast_notebook.live.conferences import Conferences
from ast_notebook.live.devices import Devices, Registrations
from ast_notebook.live.keeper import Keeper, Question
from ast_notebook.live.mailboxes import Mailboxes
from ast_notebook.live.parking import Parking
from ast_notebook.live.queues import Queues
from ast_notebook.live.reconcile import Reconciler
from ast_notebook.live.table import Follower, Table

logger = logging.getLogger(__name__)

NO_STEPS = (
    "the application and the extension of a call are those that it had at connect: add `dialplan` "
    "to this login's `read =` in manager.conf to hear of each step"
)


class Watch:
    """Someone who wants to be told of one device or one mailbox, until `close`.

    Attributes
    ----------
    value : bool or int or None
        What it is now; None while nobody knows yet.
    """

    def __init__(self, name: str, changed: Callable[[Any], None], forget: Callable[[Watch], None]):
        self.name = name
        self.value: Any = None
        self._closed = False
        self._changed = changed
        self._forget = forget

    def see(self, value: bool | int) -> None:
        """Take a value in, and tell of it if it is new; for the dispatcher's thread."""
        if value == self.value or self._closed:
            return
        self.value = value
        try:
            self._changed(value)
        except BaseException:  # the next one is to be told all the same
            logger.exception("who watches %s raised", self.name)

    def close(self) -> None:
        """Be told no more."""
        self._closed = True
        self._forget(self)


class _Frame:
    """An attribute that is the frame of one of the tables."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, live: Live | None, owner: type) -> Any:
        return self if live is None else live.parts[self._name].frame()


class Live:
    """The state of one PBX, changed on the dispatcher's thread, read from any.

    It asks Asterisk how things stand whenever the session is ready, and again when events were
    lost. While the connection is lost the last state is kept, and `stale` says so.

    Attributes
    ----------
    primed : threading.Event
        Set once the state has been asked for and heard.
    stale : bool
        Whether the connection is lost, or the state not heard yet.
    parts : dict of str to Table
        The tables, by their names; each is also an attribute, as a frame.
    lists : Reconciler
        What compares this with Asterisk's own lists now and then: ``lists.every`` are the seconds
        between, about.
    """

    channels = _Frame("The channels that are up. A Local channel has no ``device``.")
    devices = _Frame("The devices, with Asterisk's device state, and how fast they answer.")
    registrations = _Frame("The trunks that this PBX registers with.")
    mailboxes = _Frame("The mailboxes, with their new (urgent ones too) and old messages.")
    queues = _Frame("The queues, with what Asterisk counted since its start or last reset.")
    members = _Frame("The members of the queues: agents, by name and by interface.")
    absent = _Frame("The agents that left a queue since we look, and may log in again.")
    callers = _Frame("Who waits in which queue, and since when.")
    conferences = _Frame("The conferences of ConfBridge.")
    participants = _Frame("Who takes part in which conference.")
    parked = _Frame("The parked calls, and the space where each can be picked up.")

    def __init__(self, session: Session) -> None:
        self.primed = threading.Event()
        self.stale = True
        self._session = session
        self._lock = threading.Lock()
        self._device_watches: list[Watch] = []
        self._mailbox_watches: list[Watch] = []
        self._reads: frozenset[str] | None = None
        self._priming = 0
        self._again = False
        self._channels = Channels(self._channel_changed)
        self._mailboxes = Mailboxes(self._mailbox_changed, self._mailboxes_wanted)
        self._keepers: tuple[Keeper, ...] = (
            self._channels,
            Devices(),
            Registrations(),
            self._mailboxes,
            Queues(),
            Conferences(),
            Parking(),
        )
        self.lists = Reconciler(session, self._keepers, self._is_settled)
        self.parts: dict[str, Table] = {}
        for keeper in self._keepers:
            self.parts |= keeper.tables | keeper.remembered
            for name, function in keeper.events.items():
                session.register_event(name, _registered(keeper, function))
        session.register_event("SessionReady", self._ready)
        session.register_event("SessionOverflow", self._overflow)
        session.register_event("SessionLost", self._lost)

    # --- reading -------------------------------------------------------------------------------

    @property
    def unheard(self) -> dict[str, str]:
        """What cannot be known, and why: the permissions that the login lacks."""
        silent = {name: table.silent for name, table in self.parts.items() if table.silent}
        if silent.get("channels") == NO_STEPS:
            silent["application and extension of channels"] = silent.pop("channels")
        return silent | {f"mailbox {box}": why for box, why in self._mailboxes.refused.items()}

    @property
    def corrections(self) -> dict[str, int]:
        """How many rows of each table had to be corrected by Asterisk's lists so far."""
        return dict(self.lists.corrections)

    def reconcile(self, timeout: float = 30.0) -> dict[str, int]:
        """Compare this with Asterisk's own lists now, and take in what they say otherwise.

        That is done about once a minute anyway. It is not for callbacks: it waits for seconds.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the lists.

        Returns
        -------
        dict of str to int
            How many rows of each table had to be corrected; empty if all was right.

        Raises
        ------
        ConnectionLost
            If there is no connection.
        AnswerTimeout
            If Asterisk does not answer in time.
        """
        return dict(self.lists.now(timeout))

    @property
    def calls(self) -> int:
        """How many calls there are now: channels that share a Linkedid are one."""
        return self._channels.calls

    def channels_of(self, device: str) -> list[str]:
        """Return the channels of a device, given as ``2222`` or as ``PJSIP/2222``."""
        rows = self.parts["channels"].rows().values()
        return [row["channel"] for row in rows if is_of(row["channel"], device)]

    def concurrency(self) -> pd.Series:
        """Return how many calls there were at once over the last hour, the most of each 10 s."""
        points = dict(list(self._channels.concurrency))
        now = time.time() // STEP * STEP
        first = max(min(points, default=now), now - 3600)
        calls, series = 0, {}
        for moment in sorted({*points, *range(int(first), int(now) + 1, STEP)}):
            calls = points.get(moment, calls)
            series[moment] = calls
        series[now] = max(self.calls, points.get(now, 0))
        index = pd.to_datetime(list(series), unit="s", utc=True)
        return pd.Series(list(series.values()), index, name="calls", dtype="int64")

    def follow(self) -> Follower:
        """Return a follower, who can ask which rows changed since he last asked."""
        return Follower(self.parts)

    # --- watching ------------------------------------------------------------------------------

    def watch_device(self, device: str, changed: Callable[[bool], None]) -> Watch:
        """Have `changed` told, on the dispatcher's thread, whether the device has a channel."""
        watch = self._watch(self._device_watches, device, changed)
        # Its first value is looked up behind all that was heard until now.
        self._ask({"Action": "Ping"}, lambda _: self._look(watch))
        return watch

    def watch_mailbox(self, mailbox: str, changed: Callable[[int], None]) -> Watch:
        """Have `changed` told, on the dispatcher's thread, how many new messages there are."""
        watch = self._watch(self._mailbox_watches, mailbox, changed)
        self._mailboxes.count(mailbox, self._ask)
        return watch

    def _watch(self, watches: list[Watch], name: str, changed: Callable[[Any], None]) -> Watch:
        def forget(watch: Watch) -> None:
            with self._lock:
                if watch in watches:
                    watches.remove(watch)

        watch = Watch(name, changed, forget)
        with self._lock:
            watches.append(watch)
        return watch

    def _mailboxes_wanted(self) -> set[str]:
        with self._lock:
            return {watch.name for watch in self._mailbox_watches}

    def _mailbox_changed(self, mailbox: str, new: int) -> None:
        with self._lock:
            watches = [watch for watch in self._mailbox_watches if watch.name == mailbox]
        for watch in watches:
            watch.see(new)

    def _channel_changed(self, channel: str) -> None:
        with self._lock:
            watches = [watch for watch in self._device_watches if is_of(channel, watch.name)]
        self._look(*watches)

    def _look(self, *watches: Watch) -> None:
        if not self.stale:
            for watch in watches:
                watch.see(bool(self.channels_of(watch.name)))

    # --- priming, on the dispatcher's thread ---------------------------------------------------

    def _ask(self, question: Question, then: Callable[[Pending], None]) -> None:
        """Ask, unless the connection is lost: then all is asked anew when it is back."""
        if self._session.connected():
            try:
                self._session.ask(question, then=then)
            except AstError as error:
                logger.info("%s: %s", self._session.name, error)

    def _ready(self, event: Event, session: Session) -> None:
        user = session.settings.username
        question = {"Action": "GetConfig", "Filename": "manager.conf", "Category": user}
        self._ask(question, self._permissions)
        if self.stale and not self._priming:  # it is a new connection
            self._channels.forget()
        self._prime_once_more()
        self.lists.start()

    def _overflow(self, event: Event, session: Session) -> None:
        self._channels.forget()
        self._prime_once_more()

    def _prime_once_more(self) -> None:
        """Ask how things stand, after what is being asked already."""
        if self._priming:
            self._again = True
        else:
            self._prime()

    def _prime(self) -> None:
        self._again = False
        self._priming = len(self._keepers)
        for keeper in self._keepers:
            keeper.prime(self._ask, self._heard)

    def _heard(self) -> None:
        self._priming -= 1
        if self._priming or not self._session.connected():
            return
        self._tell_silence()
        self.stale = False
        with self._lock:
            watches = list(self._device_watches)
        self._look(*watches)
        self.primed.set()
        if self._again:
            self._prime()

    def _is_settled(self) -> bool:
        return self._session.connected() and not self.stale and not self._priming

    def _lost(self, event: Event, session: Session) -> None:
        self.stale = True
        self.primed.clear()
        # What was asked has failed by now, and who could not ask will not be heard.
        self._priming, self._again = 0, False

    def _permissions(self, pending: Pending) -> None:
        """Learn which events the login hears, where it may ask: otherwise silence is silence."""
        try:
            response = pending.wait(0).response
        except ConnectionLost:
            return
        except AstError:
            self._reads = None
            self._tell_silence()
            return
        lines = [value for key, value in response.headers.items() if key.startswith("Line-")]
        found = [line.partition("=")[2] for line in lines if line.startswith("read=")]
        classes = {word.strip() for line in found for word in line.split(",")}
        self._reads = frozenset(classes) if found else None
        self._tell_silence()

    def _tell_silence(self) -> None:
        for keeper in self._keepers:
            deaf = self._deaf(keeper.reads)
            keeper.deaf = bool(deaf)
            reason = keeper.denied or deaf
            if keeper is self._channels and not self._reads_any("dialplan"):
                reason = reason or NO_STEPS
            for table in keeper.tables.values():
                table.silent = reason

    def _deaf(self, permission: str) -> str:
        """Say why no events of a class are heard; nothing, if they are."""
        if not self._session.settings.hears(permission):
            return (
                f"this connection asked for no news of this: connect with `{permission}` in events"
            )
        if not self._reads_any(permission):
            return (
                f"this login hears no news of this: add `{permission}` to its `read =` in "
                "manager.conf"
            )
        return ""

    def _reads_any(self, permission: str) -> bool:
        return self._reads is None or not self._reads.isdisjoint((permission, "all"))


def _registered(
    keeper: Keeper, function: Callable[[Event], None]
) -> Callable[[Event, Session], None]:
    def registered(event: Event, session: Session) -> None:
        if not keeper.heard and not event.answer:
            keeper.heard = keeper.reads in event.headers.get("Privilege", keeper.reads).split(",")
        function(event)

    return registered
