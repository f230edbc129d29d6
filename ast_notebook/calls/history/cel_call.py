"""One call made of its channels."""

from __future__ import annotations

from typing import Any

from ast_notebook.calls.history.cel_channel import CelChannel, CelEvent
from ast_notebook.calls.history.cel_outcome import Outcome
from ast_notebook.calls.history.clock import age, born
from ast_notebook.calls.history.log_builder import device, peer
from ast_notebook.units import SECOND

_TRANSFERS = ("BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER")
_CONFERENCES = ("confbridge", "meetme")
#: Who is in a queue for less than that, and for whom nobody rings, may not have been let in.
_AT_ONCE = SECOND // 20
#: Columns that depend on the first party, and on whom it talked with first.
_OF_FIRST = (
    "answered",
    "answered_by",
    "answered_device",
    "billsec",
    "caller",
    "caller_device",
    "caller_name",
    "cause",
    "dialled",
    "hangup_by",
    "legs",
    "ring",
    "talk",
    "transfers",
)


class CelCall:
    """A call, as far as it is known.

    Attributes
    ----------
    ids : set of str
        The uniqueids and linkedids by which events belong to the call.
    channels : dict
        Its channels by their names.
    last : int
        The time of the last event about it.
    up : int
        How many of its channels have not ended.
    """

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.channels: dict[str, CelChannel] = {}
        self.last = 0
        self.up = 0
        self._linkedids: dict[str, None] = {}
        self._server: str | None = None
        self._transfers = 0
        self._queue: str | None = None
        self._queue_left = 0  # the place in the log where the caller left it
        self._came = 0  # the place where he came to it
        self._refused = False  # whether a queue may not have let him in
        self._forwards = 0
        self._waited: int | None = None
        self._mailbox = False
        self._conference: str | None = None

    def take(self, other: CelCall) -> None:
        """Merge another call into this one."""
        self.channels |= other.channels
        self.ids |= other.ids
        self.last = max(self.last, other.last)
        self.up += other.up
        self._linkedids |= other._linkedids
        self._transfers += other._transfers
        if other._queue is not None:
            self._queue, self._queue_left = other._queue, other._queue_left
        self._came = max(self._came, other._came)
        self._refused |= other._refused
        self._forwards += other._forwards
        if other._waited is not None:
            self._waited = (self._waited or 0) + other._waited
        self._mailbox |= other._mailbox
        self._conference = self._conference or other._conference

    def hear(self, row: CelEvent, channel: CelChannel, belongs: bool) -> None:
        """Take an event of one of its channels; `belongs` says whether its linkedid belongs too."""
        if belongs:
            self._linkedids[row.linkedid] = None
        if self._server is None and channel.order == row.order:
            self._server = row.text("server")
        self.last = max(self.last, row.moment)
        self._transfers += row.kind in _TRANSFERS
        app = row.app
        if app == "voicemail":
            self._mailbox = True
        elif app in _CONFERENCES:
            self._conference = self._conference or row.first_argument
        elif app == "queue":
            self._queue = row.first_argument or self._queue
            self._queue_left = row.order if row.kind in ("APP_END", "BRIDGE_EXIT") else 0
        if row.kind == "FORWARD":
            self._forwards += 1
        elif row.kind == "HANGUP" and self._forwards and channel.called and not channel.up:
            channel.forwarded = True
            self._forwards -= 1
        self._hear_waiting(row, channel)

    def _hear_waiting(self, row: CelEvent, channel: CelChannel) -> None:
        is_queue = row.app == "queue"
        if row.kind == "APP_START" and is_queue:
            channel.queued, self._came = row.moment, row.order
        elif channel.queued is not None and (
            row.kind in ("BRIDGE_ENTER", "BRIDGE_START", "HANGUP")
            or (row.kind == "APP_END" and is_queue)
        ):
            waited = row.moment - channel.queued
            newer = any(one.order > self._came for one in self.channels.values())
            if waited < _AT_ONCE and not newer:
                # It was full, or had no agents; or he came in, and it let him go at once.
                self._queue, self._refused = None, True
            else:
                self._waited = (self._waited or 0) + waited
            channel.queued = None

    def _was_queued(self) -> bool | None:
        """Tell whether the caller waited in a queue; None if that is unknown."""
        if self._queue is not None or self._waited is not None:
            return True
        if any(one.rung_by_queue for one in self.channels.values()):
            return True
        return None if self._refused else False

    def row(
        self, begun: int, bridges: bool
    ) -> tuple[dict[str, Any], str | None, str | None, list[str]] | None:
        """Return the call, and the names of its two channels and of others dialled in it.

        None if it has no channel.

        Parameters
        ----------
        begun : int
            When the log begins.
        bridges : bool
            Whether the log tells of bridges at all.
        """
        if not self.channels:
            return None
        everybody = sorted(self.channels.values(), key=lambda one: (age(one.uniqueid), one.order))
        parties = [one for one in everybody if not one.local]
        origin = _origin(everybody)
        over = all(one.end is not None for one in everybody)
        # For what began before the log, the duration is unknown.
        spans = [] if any(one.joined_unseen for one in parties) else _union(parties)
        callee = self._callee(origin, parties)
        whole = _whole(origin, begun)
        # A channel from before the log may have been the first party, so the first party is
        # unknown.
        oldest = everybody[: everybody.index(origin) + 1]
        heard = self._goes_back(oldest, begun)
        dialler = _dialler(origin, everybody)
        caller = self._caller(origin)
        outcome = Outcome(
            origin,
            everybody,
            queued=self._was_queued(),
            dialler=dialler,
            mailbox=self._mailbox,
            conference=self._conference is not None,
            bridges=bridges,
            whole=whole and heard,
        )
        callee = callee or outcome.answerer
        name = min(self._linkedids or self.ids, key=age)
        begins = [known for one in everybody if (known := _start(one)) is not None]
        begins += [made] if not heard and (made := born(name)) is not None else []
        call = {
            "call": name,
            "server": self._server,
            "start": min(begins, default=None),
            "answered": spans[0][0] if spans else outcome.answered if over else None,
            "end": max(one.end or 0 for one in everybody) if over else None,
            "ring": _ring(callee, [one for one in parties if one.called or one is not origin])
            if over or callee is not None
            else None,
            "wait": self._waited,
            "talk": sum(to - since for since, to in spans) if spans and over else None,
            "billsec": _billed(origin, whole),
            "caller": caller.number(
                _first_dial(caller, everybody), over=over or caller.end is not None
            ),
            "caller_name": caller.caller_name,
            "dialled": _dialled(dialler, everybody),
            "answered_by": _number(callee, origin),
            "disposition": outcome.disposition if over or spans else None,
            "cause": origin.cause,
            "hangup_by": outcome.hangup_by(callee) if over else None,
            "queue": self._last_queue(everybody),
            "transfers": self._transfers,
            "legs": len(parties),
            "conference": self._conference,
        }
        if not heard or (not over and _may_change(origin, oldest)):
            return call | dict.fromkeys(_OF_FIRST), None, None, []
        dialled = [one.name for one in parties if one.called and one is not origin]
        return call, origin.name, callee.name if callee else None, dialled

    def _goes_back(self, oldest: list[CelChannel], begun: int) -> bool:
        """Tell whether the log goes back to the beginning of the oldest channels."""
        name = min(self._linkedids or self.ids, key=age)
        made = born(name)
        there = made is None or made > begun or any(one.uniqueid == name for one in oldest)
        return there and all(_whole(one, begun) for one in oldest)

    def _caller(self, origin: CelChannel) -> CelChannel:
        """Return the channel with the caller's number; for a Local channel, the half that dials."""
        other = self.channels.get(f"{origin.name[:-1]}2") if origin.local else None
        return other or origin

    def _last_queue(self, everybody: list[CelChannel]) -> str | None:
        """Return the queue that was joined last; None if a later one has no name in the log."""
        later = any(one.rung_by_queue and one.order > self._queue_left for one in everybody)
        return None if self._queue_left and later else self._queue

    def _callee(self, origin: CelChannel, parties: list[CelChannel]) -> CelChannel | None:
        """Return who answered: a party of this call, or an agent who waited for it."""
        talked = [one for one in parties if one.first_with and not one.is_login]
        if not talked:
            return None
        first = min(talked, key=lambda one: (_since(one), one is not origin))
        there = [first, *reversed(first.first_with)]
        mine = [
            one
            for one in there
            if one is not origin and (one.is_login or self.channels.get(one.name) is one)
        ]
        return max(mine, key=lambda one: one.came, default=None)


def _origin(everybody: list[CelChannel]) -> CelChannel:
    """Return the call's first party, as docs/sources.md has it."""
    parties = [one for one in everybody if not one.local]
    choices = (
        [one for one in parties if not one.called or one.up],
        [one for one in everybody if one.local and one.up],
        parties,
        everybody,
    )
    return next(some[0] for some in choices if some)


def _may_change(origin: CelChannel, oldest: list[CelChannel]) -> bool:
    """Tell whether another channel may still become the first party of a call that is not over.

    A channel that was called and not reached is the first party only if no other party called or
    was reached, and no Local channel came up.
    """
    waiting = (one for one in oldest if one.may_be_called and not one.up and not one.local)
    return any(one is origin or one.end is None for one in waiting)


def _whole(one: CelChannel, begun: int) -> bool:
    """Tell whether the log goes back to the beginning of a channel."""
    return one.start is not None or (born(one.uniqueid) or 0) >= begun


def _first_dial(caller: CelChannel, everybody: list[CelChannel]) -> int | None:
    """Return the place in the log of the first channel that was called for the caller."""
    called = (one for one in everybody if one.may_be_called or one.local)
    return min((one.order for one in called if one.order > caller.order), default=None)


def _dialler(origin: CelChannel, everybody: list[CelChannel]) -> CelChannel | None:
    """Return the channel that dials for the first party; None if it is unknown.

    If a Local channel called the first party, the originated channel dials for it.
    """
    if not origin.called or origin.originated:
        return origin
    return next((one for one in everybody if one.originated), None)


def _dialled(dialler: CelChannel | None, everybody: list[CelChannel]) -> str | None:
    """Return what was dialled; for an originated channel, what it was connected to."""
    if dialler is None:
        return None
    if not dialler.originated:
        return dialler.dialled
    # When its next event comes, the channel may be at another extension. But the channel that was
    # called for it has the extension at which the first one was at that time.
    called = (one for one in everybody if one.called and not one.originated)
    if dialler.local:
        # The party behind it was called from the extension that is in its name.
        called = (one for one in called if one.dialled != dialler.first_exten)
    first = next(called, None)
    return (first.dialled if first is not None else None) or dialler.dialled


def _start(one: CelChannel) -> int | None:
    """Return when a channel was made; if its first event is missing, by its uniqueid."""
    if one.start is not None:
        return one.start
    made = born(one.uniqueid)
    return made if made is not None and made <= one.first else None


def _since(one: CelChannel) -> int:
    spans = [since for since, _ in one.spans[:1]]
    return spans[0] if spans else one.since or 0


def _union(parties: list[CelChannel]) -> list[tuple[int, int]]:
    """Return the spans in which any of them was connected with somebody, without overlaps."""
    spans: list[tuple[int, int]] = []
    own = [span for one in parties if not one.is_login for span in one.spans]
    own += [(one.since, one.since) for one in parties if one.since is not None and not one.is_login]
    for since, to in sorted(own):
        if spans and since <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(to, spans[-1][1]))
        else:
            spans.append((since, to))
    return spans


def _ring(callee: CelChannel | None, parties: list[CelChannel]) -> int | None:
    """Return how long the telephone that answered rang; without one, the longest ringing."""
    if callee is not None and callee.picked is not None:
        return callee.picked.rang_until(callee.picked_at)
    if callee is not None and callee.is_login:
        return None
    if callee is not None and callee.rang is not None:
        return callee.rang
    return max((rang for one in parties if (rang := one.rang) is not None), default=None)


def _billed(origin: CelChannel, whole: bool) -> int | None:
    if origin.end is None:
        return None
    if origin.answer is not None:
        # If it ended before it was answered, it is unknown which of the two is wrong.
        return origin.end - origin.answer if origin.answer <= origin.end else None
    return 0 if whole and not origin.up and not origin.joined_unseen else None


def _number(callee: CelChannel | None, origin: CelChannel) -> str | None:
    """Return the number of the telephone that answered, or its device."""
    if callee is None:
        return None
    own = callee.created
    return own if own is not None and own not in origin.numbers else peer(device(callee.name))
