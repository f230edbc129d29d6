"""The live state of one PBX: asked for at each connect, and kept up to date from its events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pandas as pd

from ast_notebook.ami import Event, Pending, Session, granted
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.errors import AstError, ConnectionLost
from ast_notebook.live.channels import STEP, ChannelTracker, device_of, is_of
from ast_notebook.live.conferences import ConferenceTracker
from ast_notebook.live.devices import DeviceTracker, RegistrationTracker
from ast_notebook.live.mailboxes import MailboxTracker
from ast_notebook.live.marks import Marks, Notes
from ast_notebook.live.parking import ParkingTracker
from ast_notebook.live.priming import Priming, PrimingPauses
from ast_notebook.live.queues import QueueTracker
from ast_notebook.live.reconcile import Reconciler
from ast_notebook.live.table import LEFT_OUT, MOST, Follower, LiveTable
from ast_notebook.live.tracker import Question, Tracker
from ast_notebook.live.watch import ValueWatches, Watch

logger = logging.getLogger(__name__)

NO_REPORTS = "add `reporting` to this login's `read =` in manager.conf"
NO_STEPS = (
    "the application and the extension of a call are those that it had at connect: add `dialplan` "
    "to this login's `read =` in manager.conf to hear of each step"
)


class _Frame:
    """An attribute that is the frame of one of the tables."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, live: Live | None, owner: type) -> Any:
        return self if live is None else live.tables[self._name].frame()


class Live:
    """The live state of one PBX; only the dispatcher's thread changes it, any thread may read it.

    It asks Asterisk for its lists whenever the session is ready, and again when events were lost.
    While the connection is lost, the last state is kept, and `stale` is true.

    Attributes
    ----------
    primed : threading.Event
        It is set once the state has been asked for and received.
    stale : bool
        Whether the connection is lost, or the state has not come yet.
    tables : dict of str to LiveTable
        The tables, by their names; each is also an attribute, as a frame.
    lists : Reconciler
        It compares the state with Asterisk's own lists about every ``lists.every`` seconds.
    values : ValueWatches
        Watches on values that are computed from the tables.

    Parameters
    ----------
    session : Session
    clock : SystemClock
        The clock by which calls at once are counted.
    archive : callable
        It returns the archive in which changes without an event are noted, for replays; or None.
    """

    channels = _Frame("The channels that are up. A Local channel has no ``device``.")
    devices = _Frame("The devices, with Asterisk's device state, and how fast they answer.")
    registrations = _Frame("The trunks that this PBX registers with.")
    mailboxes = _Frame("The mailboxes, with their new (urgent ones too) and old messages.")
    queues = _Frame("The queues, with what Asterisk counted since its start or last reset.")
    members = _Frame("The members of the queues: agents, by name and by interface.")
    absent = _Frame("The agents that left a queue since this session began, and may log in again.")
    callers = _Frame("Who waits in which queue, and since when.")
    conferences = _Frame("The conferences of ConfBridge.")
    participants = _Frame("Who takes part in which conference.")
    parked = _Frame("The parked calls, and the space where each can be picked up.")

    def __init__(
        self,
        session: Session,
        clock: SystemClock = MACHINE,
        archive: Callable[[], Notes | None] = lambda: None,
    ) -> None:
        self.primed = threading.Event()
        self.stale = True
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._device_watches: list[Watch] = []
        self._mailbox_watches: list[Watch] = []
        self._reads: frozenset[str] | None = None
        self._priming: Priming | None = None
        self._pauses, self._again = PrimingPauses(), False
        self._channels = ChannelTracker(self._channel_changed, clock)
        self._mailboxes = MailboxTracker(self._mailbox_changed, self._mailboxes_wanted)
        self._trackers: tuple[Tracker, ...] = (
            self._channels,
            DeviceTracker(),
            RegistrationTracker(),
            self._mailboxes,
            QueueTracker(),
            ConferenceTracker(),
            ParkingTracker(),
        )
        self._marks = Marks(session, self._trackers, lambda: self.stale, archive)
        self.lists = Reconciler(
            session, self._trackers, self._is_settled, self._marks.observed, self._tick
        )
        self.tables: dict[str, LiveTable] = {}
        self.values = ValueWatches(self.tables, self._is_settled)
        for tracker in self._trackers:
            self.tables |= tracker.tables | tracker.remembered
            for name, function in tracker.events.items():
                session.register_event(name, _registered(tracker, function, self.values.look))
        session.register_event("SessionReady", self._ready)
        session.register_event("SessionOverflow", self._overflow)
        session.register_event("SessionLost", self._lost)

    # --- reading -------------------------------------------------------------------------------

    @property
    def unheard(self) -> dict[str, str]:
        """The tables and rows that are unknown, and why, such as a permission that is missing."""
        silent = {name: table.silent for name, table in self.tables.items() if table.silent}
        if silent.get("channels") == NO_STEPS:
            silent["application and extension of channels"] = silent.pop("channels")
        silent |= {
            f"{name} beyond {MOST:,}": LEFT_OUT
            for name, table in self.tables.items()
            if table.left_out
        }
        if not self._reads_any("reporting"):
            silent["how calls sound"] = NO_REPORTS
        for tracker in self._trackers:
            silent |= tracker.unknown()
        return silent

    @property
    def corrections(self) -> dict[str, int]:
        """How many rows of each table had to be corrected by Asterisk's lists so far."""
        return dict(self.lists.corrections)

    def reconcile(self, timeout: float = 30.0) -> dict[str, int]:
        """Compare the state with Asterisk's own lists now, and correct it.

        This happens about once a minute anyway. Do not call it in a callback, since it waits for
        seconds.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the lists.

        Returns
        -------
        dict of str to int
            How many rows of each table had to be corrected; empty if none had to be.

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
        rows = self.tables["channels"].rows().values()
        return [row["channel"] for row in rows if is_of(row["channel"], device)]

    def concurrency(self) -> pd.Series:
        """Return how many calls there were at once over the last hour, the most of each 10 s."""
        points = dict(list(self._channels.concurrency))
        now = self._clock.time() // STEP * STEP
        first = max(min(points, default=now), now - 3600)
        calls, series = 0, {}
        for moment in sorted({*points, *range(int(first), int(now) + 1, STEP)}):
            calls = points.get(moment, calls)
            series[moment] = calls
        series[now] = max(self.calls, points.get(now, 0))
        index = pd.to_datetime(list(series), unit="s", utc=True)
        return pd.Series(list(series.values()), index, name="calls", dtype="int64")

    def follow(self) -> Follower:
        """Return a follower, which tells the rows that changed since it was last asked."""
        return Follower(self.tables)

    # --- watching ------------------------------------------------------------------------------

    def watch_device(self, device: str, changed: Callable[[bool], None]) -> Watch:
        """Call `changed` on the dispatcher's thread with whether the device has a channel."""
        watch = self._watch(self._device_watches, device, changed)
        # Its first value is looked up after all events that were read until now.
        self._ask({"Action": "Ping"}, lambda _: self._look(watch))
        return watch

    def watch_mailbox(self, mailbox: str, changed: Callable[[int], None]) -> Watch:
        """Call `changed` on the dispatcher's thread with how many new messages there are."""
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

    def _channel_changed(self, channel: str | None) -> None:
        device = None if channel is None else device_of(channel)
        if channel is not None and device is None:
            return
        names = None if device is None else (device[1], "/".join(device))
        with self._lock:
            watches = [one for one in self._device_watches if names is None or one.name in names]
        self._look(*watches)

    def _look(self, *watches: Watch) -> None:
        if not self.stale:
            for watch in watches:
                is_up = self._channels.is_up(watch.name)
                # A device without a channel in the table may have one that was left out.
                watch.is_unsure = self.tables["channels"].left_out > 0 and not is_up
                if not watch.is_unsure:
                    watch.see(is_up)

    # --- priming, on the dispatcher's thread ---------------------------------------------------

    def _ask(self, question: Question, then: Callable[[Pending], None]) -> None:
        """Ask, unless the connection is lost; everything is asked again when it is back.

        A question that cannot be sent counts as answered with the error, since everything else
        waits until all are answered. This can happen, since names from the wire go into questions.
        """
        if not self._session.connected():
            return
        try:
            self._session.ask(question, then=self._marks.observed(then))
        except ConnectionLost as error:
            logger.info("%s: %s", self._session.name, error)
        except AstError as error:
            logger.info("%s: %s", self._session.name, error)
            failed = Pending(str(question.get("Action")), 0.0)
            failed.finish(error)
            # It is queued after the earlier questions, as an answer is.
            self._ask({"Action": "Ping"}, lambda _: then(failed))

    def _ready(self, event: Event, session: Session) -> None:
        if self.stale and not self._priming:  # it is a new connection
            with self._marks.observing():
                self._channels.forget()
        self._prime_once_more()
        self.lists.start()

    def _overflow(self, event: Event, session: Session) -> None:
        with self._marks.observing():
            self._channels.forget()
        self._prime_once_more()

    def _prime_once_more(self) -> None:
        """Ask for all lists: after the questions that are under way, and not without a pause."""
        self._again = True
        if not self._priming and self._pauses.are_over:
            self._prime()

    def _prime(self) -> None:
        self._again = False
        self._pauses.begin()
        self._priming = priming = Priming(len(self._trackers))
        user = self._session.settings.username
        question = {"Action": "GetConfig", "Filename": "manager.conf", "Category": user}
        self._ask(question, self._permissions)
        for tracker in self._trackers:
            tracker.prime(self._ask, lambda: self._heard(priming))

    def _heard(self, priming: Priming) -> None:
        if not priming.is_last() or priming is not self._priming or not self._session.connected():
            return
        self._priming = None
        self._pauses.end()
        self._tell_silence()
        self.stale = False
        self._marks.note_all()
        with self._lock:
            watches = list(self._device_watches)
        self._look(*watches)
        self.values.look(every=True)
        self.primed.set()
        if self._again:
            self._prime_once_more()

    def _tick(self) -> None:
        """Note the whole state, or prime once more, if it is time; `lists` calls this."""
        if self._marks.is_due():
            self._ask({"Action": "Ping"}, lambda _: self._marks.note_all())
        if self._again and self._pauses.are_over:
            self._again = False
            self._ask({"Action": "Ping"}, lambda _: self._prime_once_more())

    def _is_settled(self) -> bool:
        return self._session.connected() and not self.stale and not self._priming

    def _lost(self, event: Event, session: Session) -> None:
        self.stale = True
        self.primed.clear()
        # Answers to earlier questions do not count, and a tracker that could not ask gets none.
        self._priming, self._again = None, False
        self._pauses.forget()

    def _permissions(self, pending: Pending) -> None:
        """Learn which events the login hears, if it may ask."""
        try:
            response = pending.wait(0).response
        except ConnectionLost:
            return
        except AstError:
            self._reads = None
            self._tell_silence()
            return
        lines = [value for key, value in response.headers.items() if key.startswith("Line-")]
        found = [line.partition("=")[2] for line in lines if line.lower().startswith("read=")]
        self._reads = granted(found) if lines else None
        self._tell_silence()

    def _tell_silence(self) -> None:
        for tracker in self._trackers:
            deaf = self._deaf(tracker.reads)
            tracker.deaf = bool(deaf)
            reason = tracker.denied or deaf
            if tracker is self._channels and not self._reads_any("dialplan"):
                reason = reason or NO_STEPS
            for table in tracker.tables.values():
                table.silent = reason

    def _deaf(self, permission: str) -> str:
        """Return why no events of a class are heard; empty if they are."""
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
    tracker: Tracker, function: Callable[[Event], None], after: Callable[[], None]
) -> Callable[[Event, Session], None]:
    def registered(event: Event, session: Session) -> None:
        if not tracker.heard and not event.answer and event.name not in tracker.of_others:
            said = event.get_header("Privilege", tracker.reads) or ""
            tracker.heard = tracker.reads in said.split(",")
        function(event)
        if event.repeats_an_id:
            tracker.doubts = True  # nobody can tell which channel it is about
            session.counts["garbled"] += isinstance(tracker, ChannelTracker)
        after()

    return registered
