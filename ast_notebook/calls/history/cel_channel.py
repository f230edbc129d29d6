"""One channel, as the channel event log (CEL) tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.channels import OWN
from ast_notebook.calls.history.cel_extra import cause_of, read_extra, word
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.log_builder import is_local
from ast_notebook.calls.history.options import goes_on

#: The suffix of a channel's name after Asterisk up to 11 has put another one into its place.
_REPLACED = ("<ZOMBIE>", "<MASQ>")
#: Channels that Asterisk makes for itself; versions up to 11 also make some to move others.
_NOBODY = (*OWN, "AsyncGoto/", "Transfered/", "Parked/")
_NOWHERE = (None, "s", "h")
_OUTGOING = "(Outgoing Line)"
_CHANGES = 16  # the most numbers or extensions that are kept; a loop in a dialplan has many


class CelEvent:
    """An event of a channel.

    Attributes
    ----------
    moment : int
        Its time, in microseconds since 1970 UTC.
    order : int
        Its place in the log.
    kind : str
        One of `ast_notebook.calls.history.cel_kinds.NAMES`.
    name, uniqueid, linkedid : str
        Those of the channel; its name is its uniqueid if the log has no names.
    app : str
        The application, in small letters.
    extra : mapping
        As `ast_notebook.calls.history.cel_extra.read_extra` reads it.
    """

    __slots__ = (
        "_record",
        "app",
        "extra",
        "kind",
        "linkedid",
        "moment",
        "name",
        "order",
        "uniqueid",
    )

    def __init__(
        self, record: Mapping[str, Any], kind: str, ids: tuple[str, str], moment: int, order: int
    ) -> None:
        self._record = record
        self.kind = kind
        self.uniqueid, self.linkedid = ids
        self.moment = moment
        self.order = order
        self.name = text_of(record, "channame") or self.uniqueid
        for mark in _REPLACED:
            self.name = self.name.removesuffix(mark)
        self.app = (text_of(record, "appname") or "").lower()
        self.extra = read_extra(kind, record)

    def text(self, name: str) -> str | None:
        """Return a field; None if it is empty or not there."""
        return text_of(self._record, name)

    @property
    def peers(self) -> list[str]:
        """The names of the other channels in the bridge."""
        return [name for name in (self.text("peer") or "").split(",") if name]

    @property
    def first_argument(self) -> str | None:
        """The first of the application's arguments."""
        return (self.text("appdata") or "").partition(",")[0] or None


def is_own(name: str) -> bool:
    """Tell whether Asterisk made a channel for itself; a half of a Local channel does not count."""
    return name.startswith(_NOBODY)


class CelChannel:
    """A channel, as far as its events are known; times are microseconds since 1970 UTC.

    Attributes
    ----------
    order : int
        Where its first event is in the log.
    local : bool
        Whether it is half of a Local channel, with nobody at its end.
    last_app : str or None
        The application that it began last, if the log has applications.
    is_login : bool
        Whether an agent waits on it for calls (``AgentLogin``).
    created : str or None
        The number that it was created with.
    forwarded : bool
        Whether it forwarded its call to somebody else.
    rung_by_queue : bool
        Whether a queue called it. The caller was at the extension `rung_at` then.
    queued_at, unqueued_at : str or None
        The extensions at which it came to a queue and left it last, if the log has applications.
    unqueued : int or None
        The moment at which it left that queue.
    bridge : CelBridge or None
        The bridge that it is in.
    entered : int
        How often it entered a bridge.
    came : int
        When it entered its last bridge.
    left : int or None
        When it left its last bridge.
    went_on : bool or None
        Whether its dialplan went on after it left; None if unknown.
    since : int or None
        The moment since which somebody else is connected with it.
    spans : list
        The earlier spans in which somebody was connected with it.
    first_with : list of CelChannel
        The channels that were first connected with it; a few of them if they are many.
    joined_unseen : bool
        Whether it was connected with others before the log begins, or came to others who were in a
        bridge before the log begins.
    talked_unseen : bool
        Whether one of these others had a telephone or a trunk.
    picked : CelChannel or None
        The channel that rang, if this one picked up its call.
    """

    def __init__(self, row: CelEvent) -> None:
        self.name = row.name
        self.uniqueid = row.uniqueid
        self.order = row.order
        self.first = row.moment
        self.local = is_local(self.name)
        self.is_login = False
        self.start: int | None = None
        self.answer: int | None = None
        self.answer_app = ""
        self.end: int | None = None
        self.end_order = 0
        self.created: str | None = None
        self.caller_name: str | None = None
        self.cause: int | None = None
        #: Who hung up; None if the log does not have such data.
        self.source: str | None = None
        self.dialstatus = ""
        self.originated = False
        self.forwarded = False
        self.last_app: str | None = None
        self.rung_by_queue = False
        self.rung_at: str | None = None
        self.queued: int | None = None
        self.queued_at: str | None = None
        self.unqueued: int | None = None
        self.unqueued_at: str | None = None
        self.picked: CelChannel | None = None
        self.picked_at: int | None = None
        self.bridge: CelBridge | None = None
        self.entered = 0
        self.came = 0
        self.left: int | None = None
        self.went_on: bool | None = None
        self._left_at: str | None = None
        self.since: int | None = None
        self.spans: list[tuple[int, int]] = []
        self.first_with: list[CelChannel] = []
        self.joined_unseen = False
        self.talked_unseen = False
        #: Each number that it had, with the places in the log of the first and last event with it.
        self._numbers: list[tuple[int, int, str | None]] = []
        self._extens: list[tuple[int, str]] = []
        self._outgoing = False
        self._first_app_outgoing: bool | None = None

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def hear(self, row: CelEvent) -> None:
        """Take an event of this channel."""
        if self.left is not None and self._is_further(row):
            self.went_on = True
        self._hear_who(row)
        self._hear_application(row)
        if row.kind == "CHAN_START":
            self.start = row.moment if self.start is None else self.start
            self.created = row.text("cid_num") if self.created is None else self.created
        elif row.kind == "ANSWER":
            if self.answer is None:
                self.answer, self.answer_app = row.moment, row.app
        elif row.kind == "BRIDGE_EXIT":
            self.left, self._left_at = row.moment, row.text("exten")
            never = goes_on(row.app, row.text("appdata")) is False
            self.went_on = False if never else None
        elif row.kind == "HANGUP":
            self.end, self.end_order = row.moment, row.order
            self.cause = cause_of(row.extra)
            if "hangupsource" in row.extra:
                self.source = word(row.extra, "hangupsource")
            self.dialstatus = word(row.extra, "dialstatus")
        elif row.kind == "CHAN_END" and self.end is None:
            self.end, self.end_order = row.moment, row.order

    def _is_further(self, row: CelEvent) -> bool:
        """Tell whether it is in the dialplan, at another place than where it left its bridge."""
        if row.kind == "APP_START" and row.app != "hangup":
            return True
        # From a macro, a channel returns to where it was before, even when it ends.
        return self._left_at not in _NOWHERE and row.text("exten") not in (
            *_NOWHERE,
            self._left_at,
        )

    def _hear_who(self, row: CelEvent) -> None:
        number, exten = row.text("cid_num"), row.text("exten")
        begun = row.order
        if self._numbers and (self._numbers[-1][2] == number or len(self._numbers) > _CHANGES):
            begun = self._numbers.pop()[0]
        self._numbers.append((begun, row.order, number))
        if exten not in _NOWHERE and (not self._extens or self._extens[-1][1] != exten):
            del self._extens[_CHANGES:]
            self._extens.append((row.order, str(exten)))
        self.caller_name = self.caller_name or row.text("cid_name")

    def _hear_application(self, row: CelEvent) -> None:
        app = row.app
        if not app:
            return
        outgoing = row.text("appdata") == _OUTGOING
        self._outgoing |= outgoing
        if self._first_app_outgoing is None:
            self._first_app_outgoing = outgoing
        if row.kind == "APP_START":
            self.last_app = app
        if app == "queue" and row.kind == "APP_START":
            self.queued_at, self.unqueued, self.unqueued_at = row.text("exten"), None, None
        elif app == "queue" and row.kind == "APP_END":
            self.unqueued, self.unqueued_at = row.moment, row.text("exten")
        self.originated |= app == "appdial2"
        self.is_login |= app == "agentlogin"
        if app == "appqueue":
            self.rung_by_queue = True
            self.rung_at = row.text("exten") if self.rung_at is None else self.rung_at

    @property
    def called(self) -> bool:
        """Whether it was dialled by another one, or originated."""
        by_itself = self.picked is not None or (
            self.began_at is not None and not self._first_app_outgoing
        )
        return self._outgoing and not by_itself

    @property
    def may_be_called(self) -> bool:
        """Whether it was called, or the log does not tell."""
        return self.called or self._first_app_outgoing is None

    @property
    def began_at(self) -> str | None:
        """The extension at which it began; None if it was called."""
        begun = self._extens[0] if self._extens else None
        return begun[1] if begun is not None and begun[0] == self.order else None

    @property
    def up(self) -> bool:
        """Whether it is known to have been answered."""
        return self.answer is not None or bool(self.spans) or self.entered > 0

    @property
    def asked(self) -> bool:
        """Whether its own end asked for its hangup."""
        return self.source == self.name

    @property
    def dialled(self) -> str | None:
        """What it dialled first; for an originated channel, what it was connected to."""
        extens = [exten for _, exten in self._extens]
        if self.local:
            # It began at the extension that is in its name.
            return next((exten for exten in extens if exten != extens[0]), None)
        return extens[0] if extens else None

    @property
    def first_exten(self) -> str | None:
        """The extension of its first event that had one."""
        return self._extens[0][1] if self._extens else None

    @property
    def last_exten(self) -> str | None:
        """The extension at which it was in the end."""
        return self._extens[-1][1] if self._extens else None

    @property
    def numbers(self) -> set[str | None]:
        """All caller numbers that its events have."""
        return {number for _, _, number in self._numbers}

    def number(self, since: int | None, *, over: bool) -> str | None:
        """Return the number in its first event at or after the place `since` in the log.

        If there is no such event, return its last number if the call is over, and None otherwise.
        """
        if since is not None:
            for _, last, number in self._numbers:
                if last >= since:
                    return number
        return self._numbers[-1][2] if self._numbers and over else None

    @property
    def rang(self) -> int | None:
        """How long it rang, if it was called."""
        return self.rang_until(self.end if self.answer is None else self.answer)

    def rang_until(self, moment: int | None) -> int | None:
        """Return how long it had rung at a moment, if it was called."""
        if moment is None or self.start is None or not self.may_be_called:
            return None
        return max(0, moment - self.start)


class CelBridge:
    """A bridge, and the channels in it in the order in which they came."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.people: dict[CelChannel, None] = {}
        self.halves: dict[CelChannel, None] = {}

    def put(self, channel: CelChannel) -> None:
        """Put a channel in."""
        (self.halves if channel.local else self.people)[channel] = None

    def take(self, channel: CelChannel) -> None:
        """Take a channel out."""
        (self.halves if channel.local else self.people).pop(channel, None)

    @property
    def channels(self) -> list[CelChannel]:
        """The channels in the bridge."""
        return [*self.people, *self.halves]
