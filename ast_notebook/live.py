"""What is up right now: channels, the devices they belong to, and mailboxes, kept from events."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from ast_notebook.ami import Event, Pending, Session
from ast_notebook.errors import AstError

logger = logging.getLogger(__name__)

REMEMBERED = 1000


def device_of(channel: str) -> tuple[str, str] | None:
    """Return the technology and the device that a channel belongs to.

    The name of a channel is ``TECHNOLOGY/DEVICE-SERIAL``; Local channels, and what Asterisk leaves
    behind of a channel that it moved, belong to no device.

    >>> device_of("PJSIP/2222-0000002a")
    ('PJSIP', '2222')
    >>> device_of("Local/2222@door-00000001;1") is None
    True
    """
    technology, slash, rest = channel.partition("/")
    device, dash, _ = rest.rpartition("-")
    if not slash or not dash or technology == "Local" or channel.endswith("<ZOMBIE>"):
        return None
    return technology, device


def is_of(channel: str, device: str) -> bool:
    """Tell whether a channel belongs to a device, given as ``2222`` or as ``PJSIP/2222``."""
    found = device_of(channel)
    return found is not None and device in (found[1], f"{found[0]}/{found[1]}")


@dataclasses.dataclass(slots=True)
class Channel:
    """One channel that is up; the words are Asterisk's, times are UTC."""

    channel: str
    uniqueid: str
    linkedid: str = ""
    state: str = ""
    caller: str = ""
    caller_name: str = ""
    connected: str = ""
    connected_name: str = ""
    context: str = ""
    exten: str = ""
    application: str = ""
    bridge: str = ""
    since: pd.Timestamp = dataclasses.field(default_factory=lambda: pd.Timestamp.now("UTC"))


# Where the fields of a channel stand in the events that carry a channel's whole state.
SNAPSHOT = {
    "Channel": "channel",
    "Linkedid": "linkedid",
    "ChannelStateDesc": "state",
    "CallerIDNum": "caller",
    "CallerIDName": "caller_name",
    "ConnectedLineNum": "connected",
    "ConnectedLineName": "connected_name",
    "Context": "context",
    "Exten": "exten",
    "Application": "application",
}


def channel_of(event: Event) -> Channel:
    """Return the channel that a Newchannel tells of, or an entry of CoreShowChannels."""
    channel = Channel(
        channel=event.get_header("Channel") or "",
        uniqueid=event.get_header("Uniqueid") or "",
        bridge=event.get_header("BridgeId") or "",
        since=_since(event),
    )
    _take(channel, event)
    return channel


def _take(channel: Channel, event: Event) -> None:
    for header, field in SNAPSHOT.items():
        value = event.headers.get(header)
        if value is not None:
            setattr(channel, field, "" if value == "<unknown>" else value)


def channels_frame(channels: Iterable[Channel]) -> pd.DataFrame:
    """Return channels as a frame, the oldest first.

    ``channel``, ``uniqueid``, ``linkedid``, ``device`` (missing for a Local channel), ``state``,
    ``caller``, ``caller_name``, ``connected``, ``connected_name``, ``context``, ``exten``,
    ``application``, ``bridge`` (text), ``since`` (UTC).
    """
    names = [field.name for field in dataclasses.fields(Channel)]
    frame = pd.DataFrame([dataclasses.asdict(one) for one in channels], columns=names)
    devices = [device_of(name) for name in frame["channel"]]
    known = [None if one is None else "/".join(one) for one in devices]
    frame.insert(3, "device", pd.Series(known, dtype="str"))
    frame["since"] = pd.to_datetime(frame["since"], utc=True).dt.as_unit("us")
    texts = [name for name in frame.columns if name != "since"]
    frame[texts] = frame[texts].astype("str").replace("", None)
    return frame.sort_values("since", ignore_index=True)


class Watch:
    """Someone who wants to be told of one device or one mailbox, until `close`.

    Attributes
    ----------
    value : bool or int or None
        What it is now; None while nobody knows yet.
    """

    def __init__(self, name: str, changed: Callable[[Any], None], forget: Callable[[], None]):
        self.name = name
        self.value: Any = None
        self._changed = changed
        self._forget = forget

    def see(self, value: bool | int) -> None:
        """Take a value in, and tell of it if it is new; for the dispatcher's thread."""
        if value != self.value:
            self.value = value
            self._changed(value)

    def close(self) -> None:
        """Be told no more."""
        self._forget()


class Live:
    """The state of one PBX, kept from its events on the dispatcher's thread, read from any.

    It asks Asterisk how things stand whenever the session is ready, and again when events were
    lost. While the connection is lost the last state is kept, and `stale` says so.

    Attributes
    ----------
    primed : threading.Event
        Set once the state has been asked for and heard.
    stale : bool
        Whether the connection is lost, or the state not heard yet.
    unheard : dict of str to str
        What cannot be known, and why: a permission that the login lacks.
    """

    def __init__(self, session: Session) -> None:
        self.primed = threading.Event()
        self.stale = True
        self.unheard: dict[str, str] = {}
        self._session = session
        self._lock = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._gone: dict[str, None] = {}
        self._mailboxes: dict[str, tuple[int, int | None, pd.Timestamp]] = {}
        self._device_watches: list[Watch] = []
        self._mailbox_watches: list[Watch] = []
        self._listed: set[str] | None = None
        self._again = False
        for name, function in {
            "SessionReady": self._prime,
            "SessionOverflow": self._prime,
            "SessionLost": self._lost,
            "Newchannel": self._new,
            "CoreShowChannel": self._new,
            "Newstate": self._update,
            "NewCallerid": self._update,
            "NewConnectedLine": self._update,
            "Newexten": self._update,
            "Rename": self._rename,
            "BridgeEnter": self._update,
            "BridgeLeave": self._update,
            "Hangup": self._hangup,
            "MessageWaiting": self._message_waiting,
        }.items():
            session.register_event(name, function)

    # --- reading -------------------------------------------------------------------------------

    @property
    def channels(self) -> pd.DataFrame:
        """The channels that are up, one a row, as `channels_frame` has them."""
        with self._lock:
            channels = [dataclasses.replace(one) for one in self._channels.values()]
        return channels_frame(channels)

    @property
    def mailboxes(self) -> pd.DataFrame:
        """The mailboxes heard of: ``mailbox``, ``new`` (urgent too), ``old``, ``time`` (UTC)."""
        with self._lock:
            rows = [(name, *counts) for name, counts in sorted(self._mailboxes.items())]
        frame = pd.DataFrame(rows, columns=["mailbox", "new", "old", "time"])
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame.astype({"mailbox": "str", "new": "Int64", "old": "Int64"})

    def channels_of(self, device: str) -> list[Channel]:
        """Return the channels of a device, given as ``2222`` or as ``PJSIP/2222``."""
        with self._lock:
            return [one for one in self._channels.values() if is_of(one.channel, device)]

    # --- watching ------------------------------------------------------------------------------

    def watch_device(self, device: str, changed: Callable[[bool], None]) -> Watch:
        """Have `changed` told, on the dispatcher's thread, whether the device has a channel."""
        watch = self._watch(self._device_watches, device, changed)
        self._on_dispatcher(lambda _: self._look(watch))
        return watch

    def watch_mailbox(self, mailbox: str, changed: Callable[[int], None]) -> Watch:
        """Have `changed` told, on the dispatcher's thread, how many new messages there are."""
        watch = self._watch(self._mailbox_watches, mailbox, changed)
        self._ask_mailbox(mailbox)
        return watch

    def _watch(self, watches: list[Watch], name: str, changed: Callable[[Any], None]) -> Watch:
        def forget() -> None:
            with self._lock:
                if watch in watches:
                    watches.remove(watch)

        watch = Watch(name, changed, forget)
        with self._lock:
            watches.append(watch)
        return watch

    def _on_dispatcher(self, run: Callable[[Pending], None]) -> None:
        """Run something on the dispatcher's thread, behind all that was heard until now."""
        if self._session.connected():
            self._session.ask({"Action": "Ping"}, then=run)

    def _look(self, *watches: Watch) -> None:
        if self.stale:
            return
        for watch in watches:
            watch.see(bool(self.channels_of(watch.name)))

    # --- keeping, on the dispatcher's thread ---------------------------------------------------

    def _prime(self, event: Event, session: Session) -> None:
        """Ask how things stand; the entries of the answer come by as events, in their place."""
        if self._listed is not None and event.name == "SessionOverflow":
            self._again = True
            return
        self._listed = set()
        try:
            session.ask({"Action": "CoreShowChannels"}, then=self._heard)
            for mailbox in {watch.name for watch in self._mailbox_watches}:
                self._ask_mailbox(mailbox)
        except AstError as error:
            logger.info("%s: asked again at the next connection: %s", session.name, error)

    def _heard(self, pending: Pending) -> None:
        listed, self._listed = self._listed or set(), None
        try:
            pending.wait(0)
        except AstError as error:
            self.unheard["channels"] = str(error)
        else:
            self.unheard.pop("channels", None)
            self._remove(*(key for key in list(self._channels) if key not in listed))
        self.stale = not self._session.connected()
        self._look(*self._device_watches)
        if not self.stale:
            self.primed.set()
        if self._again:
            self._again = False
            self._prime(Event({}), self._session)

    def _lost(self, event: Event, session: Session) -> None:
        self.stale = True
        self._listed = None
        self.primed.clear()

    def _new(self, event: Event, session: Session) -> None:
        channel = channel_of(event)
        uniqueid = channel.uniqueid
        if not uniqueid or uniqueid in self._gone:
            return
        with self._lock:
            known = self._channels.setdefault(uniqueid, channel)
            if known is not channel:
                _take(known, event)
                known.bridge = channel.bridge
        if self._listed is not None:
            self._listed.add(uniqueid)
        self._tell(channel.channel)

    def _update(self, event: Event, session: Session) -> None:
        channel = self._channels.get(event.get_header("Uniqueid") or "")
        if channel is None:
            return
        with self._lock:
            _take(channel, event)
            if event.name == "BridgeEnter":
                channel.bridge = event.get_header("BridgeUniqueid") or ""
            elif event.name == "BridgeLeave":
                channel.bridge = ""

    def _rename(self, event: Event, session: Session) -> None:
        channel = self._channels.get(event.get_header("Uniqueid") or "")
        if channel is not None:
            former, channel.channel = channel.channel, event.get_header("Newname") or ""
            self._tell(former, channel.channel)

    def _hangup(self, event: Event, session: Session) -> None:
        uniqueid = event.get_header("Uniqueid") or ""
        self._gone[uniqueid] = None
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
        self._remove(uniqueid)

    def _remove(self, *uniqueids: str) -> None:
        with self._lock:
            removed = [self._channels.pop(key) for key in uniqueids if key in self._channels]
        self._tell(*(one.channel for one in removed))

    def _tell(self, *channels: str) -> None:
        self._look(*(w for w in self._device_watches if any(is_of(c, w.name) for c in channels)))

    def _ask_mailbox(self, mailbox: str) -> None:
        if self._session.connected():
            self._session.ask(
                {"Action": "MailboxCount", "Mailbox": mailbox},
                then=lambda pending: self._mailbox_counted(mailbox, pending),
            )

    def _mailbox_counted(self, mailbox: str, pending: Pending) -> None:
        try:
            response = pending.wait(0).response
        except AstError as error:
            self.unheard[f"mailbox {mailbox}"] = str(error)
            return
        self.unheard.pop(f"mailbox {mailbox}", None)
        self._count(mailbox, new_messages(response.get_header), _number(response, "OldMessages"))

    def _message_waiting(self, event: Event, session: Session) -> None:
        mailbox = event.get_header("Mailbox")
        if not mailbox:
            return
        if event.has_header("New"):
            self._count(mailbox, _number(event, "New") or 0, _number(event, "Old"))
        elif any(watch.name == mailbox for watch in self._mailbox_watches):
            self._ask_mailbox(mailbox)

    def _count(self, mailbox: str, new: int, old: int | None) -> None:
        with self._lock:
            if mailbox in self._mailboxes or len(self._mailboxes) < 10 * REMEMBERED:
                self._mailboxes[mailbox] = (new, old, pd.Timestamp.now("UTC"))
            watches = [watch for watch in self._mailbox_watches if watch.name == mailbox]
        for watch in watches:
            watch.see(new)


def new_messages(header: Callable[[str], str | None]) -> int:
    """Add up what MailboxCount calls new and what it calls urgent, which is new as well."""
    return sum(int(header(name) or 0) for name in ("NewMessages", "UrgMessages"))


def _number(message: Event | Any, header: str) -> int | None:
    text = message.get_header(header)
    return int(text) if text and text.isdigit() else None


def _since(event: Event) -> pd.Timestamp:
    """When the channel came up: now, less what CoreShowChannels says that it has lasted."""
    moment = pd.Timestamp(event.received, unit="us", tz="UTC")
    hours, _, rest = (event.get_header("Duration") or "0:0:0").partition(":")
    try:
        minutes, _, seconds = rest.partition(":")
        return moment - pd.Timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    except ValueError:
        return moment
