"""One call made of its channel events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ast_notebook.calls.history.clock import age
from ast_notebook.calls.history.growing import device, is_local, peer
from ast_notebook.calls.history.lines import text_of

#: A row of ours: so many people of other calls are in a bridge.
COMPANY = "COMPANY"
_STATUS = {
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "CANCELLED",
    "CONGESTION": "FAILED",
    "CHANUNAVAIL": "FAILED",
}
_CAUSE = {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER", 21: "REJECTED"}


class Channel:
    """What is known of a channel; times are microseconds since 1970 UTC."""

    __slots__ = (
        "answer",
        "called",
        "cause",
        "dialstatus",
        "end",
        "exten",
        "name",
        "number",
        "source",
        "start",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.start: int | None = None
        self.answer: int | None = None
        self.end: int | None = None
        self.number: str | None = None
        self.exten: str | None = None
        self.cause: int | None = None
        self.source: str | None = None
        self.dialstatus: str | None = None
        self.called = False


class Talk:
    """Finds when two people are connected: in one bridge, pairs of Local channels seen through."""

    def __init__(self) -> None:
        self._in: dict[str, str] = {}
        self._others: dict[str, int] = {}
        self._since: int | None = None
        self.first: int | None = None
        self.with_whom: set[str] = set()
        self.total = 0

    def enter(self, moment: int, name: str, bridge: str) -> None:
        """Hear that a channel came into a bridge."""
        self._in[name] = bridge
        self._look(moment)

    def leave(self, moment: int, name: str) -> None:
        """Hear that a channel left its bridge."""
        if self._in.pop(name, None) is not None:
            self._look(moment)

    def company(self, moment: int, bridge: str, others: int) -> None:
        """Hear how many people of other calls are in a bridge."""
        self._others[bridge] = others
        self._look(moment)

    def _look(self, moment: int) -> None:
        together = self._together()
        if together and self._since is None:
            self._since = moment
            if self.first is None:
                self.first = moment
                self.with_whom = together
        elif not together and self._since is not None:
            self.total += max(0, moment - self._since)
            self._since = None

    def _together(self) -> set[str]:
        rooms = {bridge: bridge for bridge in self._in.values()}

        def room(bridge: str) -> str:
            while rooms[bridge] != bridge:
                bridge = rooms[bridge]
            return bridge

        for name, bridge in self._in.items():
            if name.endswith(";1") and (other := self._in.get(name[:-1] + "2")) is not None:
                rooms[room(bridge)] = room(other)
        people: dict[str, set[str]] = {}
        for name, bridge in self._in.items():
            if not is_local(name):
                people.setdefault(room(bridge), set()).add(name)
        others: dict[str, int] = {}
        for bridge in rooms:
            others[room(bridge)] = others.get(room(bridge), 0) + self._others.get(bridge, 0)
        return next((some for one, some in people.items() if len(some) + others[one] > 1), set())


class Group:
    """A call, as far as it is known."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.rows: list[tuple[int, str, Mapping[str, Any], dict[str, Any]]] = []
        self.shared: set[str] = set()
        self.last = 0
        self.up = 0


def calls_of(group: Group) -> Iterator[tuple[dict[str, Any], str | None, str | None]]:
    """Yield the call, and the names of its two channels; nothing if there was no channel."""
    channels: dict[str, Channel] = {}
    talk = Talk()
    linkedids: dict[str, None] = {}
    transfers = 0
    queue: str | None = None
    queued: int | None = None
    waited: int | None = None
    mailbox = False
    in_queue = False
    caller_name: str | None = None
    held: dict[str, int] = {}
    hold: int | None = None
    last_source = ""
    for moment, kind, record, extra in group.rows:
        if kind == COMPANY:
            talk.company(moment, extra["bridge_id"], extra["others"])
            continue
        name = text_of(record, "channame") or ""
        linkedids[str(text_of(record, "linkedid") or text_of(record, "uniqueid"))] = None
        one = channels.get(name)
        if one is None and kind not in ("LINKEDID_END", "USER_DEFINED"):
            one = channels[name] = Channel(name)
            one.start = moment
            one.number = text_of(record, "cid_num")
            one.exten = text_of(record, "exten")
            caller_name = caller_name if len(channels) > 1 else text_of(record, "cid_name")
        if one is None:
            continue
        one.called = one.called or text_of(record, "appdata") == "(Outgoing Line)"
        app = (text_of(record, "appname") or "").lower()
        if app == "voicemail":
            mailbox = True
        if app == "appqueue":
            in_queue = True
        if app == "queue" and kind != "APP_END":
            queue = queue or (text_of(record, "appdata") or "").partition(",")[0] or None
        if kind == "APP_START" and app == "queue":
            queued = moment
        if kind == "ANSWER":
            one.answer = moment if one.answer is None else one.answer
            one.number = text_of(record, "cid_num") or one.number
        elif kind == "BRIDGE_ENTER":
            talk.enter(moment, name, str(extra.get("bridge_id") or text_of(record, "peer") or name))
        elif kind in ("BRIDGE_EXIT", "HANGUP", "CHAN_END"):
            talk.leave(moment, name)
        elif kind in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            transfers += 1
        elif kind == "HOLD":
            held.setdefault(name, moment)
        elif kind == "UNHOLD" and name in held:
            hold = (hold or 0) + moment - held.pop(name)
        if queued is not None and (
            talk.first is not None
            or (kind in ("APP_END", "HANGUP") and (app == "queue" or kind == "HANGUP"))
        ):
            waited = (waited or 0) + moment - queued
            queued = None
        if kind == "HANGUP":
            cause = extra.get("hangupcause")
            one.cause = cause if isinstance(cause, int) else one.cause
            one.source = str(extra.get("hangupsource") or "") if extra else one.source
            last_source = one.source or last_source
            one.dialstatus = str(extra.get("dialstatus") or "") or one.dialstatus
            one.end = moment
        elif kind == "CHAN_END":
            one.end = moment if one.end is None else one.end
    if not channels:
        return
    real = [one for one in channels.values() if not is_local(one.name)] or list(channels.values())
    origin = real[0]
    over = all(one.end is not None for one in channels.values())
    callee = _callee(origin, real, talk)
    rings = [_rang(one) for one in real if one is not origin]
    talked = talk.first is not None
    ended = over and origin.end is not None
    disposition = None
    if over or talked:
        in_queue = in_queue or queue is not None
        disposition = _disposition(origin, real, talked, mailbox, in_queue)
    call = {
        "call": min(linkedids, key=age),
        "start": min(one.start for one in channels.values() if one.start is not None),
        "answered": talk.first,
        "end": max(one.end or 0 for one in channels.values()) if over else None,
        "ring": _rang(callee) if callee else max((r for r in rings if r is not None), default=None),
        "wait": waited,
        "talk": talk.total if talked and over else None,
        "hold": hold,
        "billsec": _billed(origin) if ended else None,
        "caller": origin.number,
        "caller_name": caller_name,
        "dialled": None if origin.exten in ("s", "h") else origin.exten,
        "answered_by": (callee.number or peer(device(callee.name))) if callee else None,
        "disposition": disposition,
        "cause": origin.cause,
        "hangup_by": _hung_up(origin, disposition, last_source) if over else None,
        "queue": queue,
        "transfers": transfers,
        "legs": sum(not is_local(one.name) for one in channels.values()),
    }
    yield call, origin.name, callee.name if callee else None


def _callee(origin: Channel, real: list[Channel], talk: Talk) -> Channel | None:
    others = [one for one in real if one is not origin and one.name in talk.with_whom]
    return others[0] if others else None


def _rang(one: Channel) -> int | None:
    until = one.end if one.answer is None else one.answer
    return None if until is None or one.start is None else until - one.start


def _billed(origin: Channel) -> int:
    if origin.answer is None or origin.end is None:
        return 0
    return origin.end - origin.answer


def _hung_up(origin: Channel, disposition: str | None, source: str) -> str | None:
    """Say who ended the call, by the last channel that is told to have hung up of itself."""
    if origin.source is None:
        return None  # this log has no such details
    if disposition in ("CANCELLED", "ABANDONED"):
        return "caller"
    if disposition == "ANSWERED" and source:
        return "caller" if source == origin.name else "callee"
    if disposition in ("IVR", "VOICEMAIL") and source == origin.name:
        return "caller"
    return "pbx"


def _disposition(
    origin: Channel, real: list[Channel], talked: bool, mailbox: bool, in_queue: bool
) -> str | None:
    if talked:
        return "ANSWERED"
    if mailbox:
        return "VOICEMAIL"
    own = origin.source is not None and origin.source == origin.name
    if in_queue:
        return "ABANDONED" if own else "NO ANSWER"
    others = [one for one in real if one is not origin]
    status = _STATUS.get(origin.dialstatus or "")
    if status in ("BUSY", "FAILED") and own and any(one.source == "" for one in others):
        return "CANCELLED"  # one was busy, but others rang still
    if status is not None:
        causes = {one.cause for one in others}
        return "REJECTED" if status != "CANCELLED" and causes == {21} else status
    if origin.answer is not None:
        return "IVR"
    if origin.cause is None:
        return None
    if origin.cause == 16:
        return "NO ANSWER" if origin.called else "CANCELLED"
    return _CAUSE.get(origin.cause, "FAILED")
