"""Channel event logs into calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.clock import SECOND, Clock, age, born
from ast_notebook.calls.history.growing import Growing, device, is_local, peer
from ast_notebook.calls.history.lines import text_of

#: cel_custom's order, as its sample file and ours have it; ``userdeftype`` may be left out.
PLAIN = [
    "eventtype",
    "eventtime",
    "cid_name",
    "cid_num",
    "cid_ani",
    "cid_rdnis",
    "cid_dnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "extra",
]
#: Asterisk's kinds of events, by the numbers that some tables have.
KINDS = [
    "CHAN_START",
    "CHAN_END",
    "ANSWER",
    "HANGUP",
    "APP_START",
    "APP_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "PARK_START",
    "PARK_END",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "USER_DEFINED",
    "FORWARD",
    "PICKUP",
    "LINKEDID_END",
    "LOCAL_OPTIMIZE",
    "LOCAL_OPTIMIZE_BEGIN",
    "STREAM_BEGIN",
    "STREAM_END",
    "DTMF",
    "HOLD",
    "UNHOLD",
]
_NUMBERS = {
    str(number): kind
    for number, kind in enumerate(
        [
            "CHAN_START",
            "CHAN_END",
            "ANSWER",
            "HANGUP",
            "APP_START",
            "APP_END",
            "PARK_START",
            "PARK_END",
            "USER_DEFINED",
            "BRIDGE_ENTER",
            "BRIDGE_EXIT",
            "BLINDTRANSFER",
            "ATTENDEDTRANSFER",
            "PICKUP",
            "FORWARD",
            "LINKEDID_END",
            "LOCAL_OPTIMIZE",
            "LOCAL_OPTIMIZE_BEGIN",
            "STREAM_BEGIN",
            "STREAM_END",
            "DTMF",
        ],
        start=1,
    )
}
_ALSO = {
    "bridgepeer": "peer",
    "eventextra": "extra",
    "channel": "channame",
    "name": "cid_name",
    "num": "cid_num",
    "application": "appname",
    "server_name": "server",
}
#: A call whose channels have all ended may be taken up again this long: by a transfer.
_GRACE = 60 * SECOND
#: A row of ours: so many people of other calls are in a bridge.
_COMPANY = "COMPANY"
_STATUS = {
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "CANCELLED",
    "CONGESTION": "FAILED",
    "CHANUNAVAIL": "FAILED",
}
_CAUSE = {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER", 21: "REJECTED"}


def rename(columns: Sequence[str]) -> list[str]:
    """Return our names of a table's or a header line's columns."""
    return [_ALSO.get(column.strip().lower(), column.strip().lower()) for column in columns]


def is_header(record: Sequence[str]) -> bool:
    """Tell whether a line holds the names of columns."""
    return {"eventtype", "eventtime"} <= set(rename(record))


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields of a line are.

    Raises
    ------
    ValueError
        If it is no line of a channel event log.
    """
    if not 16 <= len(record) <= 21 or (record[0] not in KINDS and record[0] not in _NUMBERS):
        raise ValueError(f"{len(record)} fields that are no channel event")
    if len(record) == 19:
        return [*PLAIN[:18], "extra"]
    return [*PLAIN, "more"][: len(record)]


class _Channel:
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


class _Talk:
    """Finds when two people are connected: in one bridge, pairs of Local channels seen through."""

    def __init__(self) -> None:
        self._in: dict[str, str] = {}
        self._others: dict[str, int] = {}
        self._since: int | None = None
        self.first: int | None = None
        self.with_whom: set[str] = set()
        self.total = 0

    def enter(self, moment: int, name: str, bridge: str) -> None:
        self._in[name] = bridge
        self._look(moment)

    def leave(self, moment: int, name: str) -> None:
        if self._in.pop(name, None) is not None:
            self._look(moment)

    def company(self, moment: int, bridge: str, others: int) -> None:
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


class _Group:
    """A call, as far as it is known."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.rows: list[tuple[int, str, Mapping[str, Any], dict[str, Any]]] = []
        self.shared: set[str] = set()
        self.last = 0
        self.up = 0


class Cel:
    """Makes calls of channel events, in the order in which Asterisk wrote them.

    Parameters
    ----------
    clock : Clock
        What reads the times.
    calls : Growing
        Where the calls go.
    """

    def __init__(self, clock: Clock, calls: Growing) -> None:
        self._clock = clock
        self._calls = calls
        self._groups: dict[str, _Group] = {}  # by linkedid, and by uniqueid
        self._waiting: dict[int, _Group] = {}  # those whose channels have all ended
        self._where: dict[str, str] = {}  # in which bridge a channel is
        self._bridges: dict[str, dict[str, str]] = {}  # who is in a bridge, with the uniqueid
        self._count = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an event.

        Raises
        ------
        ValueError
            If it cannot be one.
        """
        kind = text_of(record, "eventtype") or ""
        kind = _NUMBERS.get(kind, kind)
        uniqueid = text_of(record, "uniqueid")
        linkedid = text_of(record, "linkedid") or uniqueid
        if kind not in KINDS and kind != "USER_DEFINED":
            raise ValueError(f"an unknown kind of event {kind!r}")
        if uniqueid is None or linkedid is None:
            raise ValueError("no uniqueid")
        made = born(uniqueid)
        moment = self._clock.read(record.get("eventtime"), made)
        if moment is None:
            raise ValueError("no time")
        if kind == "CHAN_START":
            self._clock.witness(moment, uniqueid)
        extra = _extra(record)
        ids = {uniqueid, linkedid}
        if kind == "ATTENDEDTRANSFER":
            other = str(extra.get("channel2_uniqueid") or "")
            ids |= {other} if born(other) is not None else set()
        group = self._group(ids)
        group.last = max(group.last, moment)
        group.rows.append((moment, kind, record, extra))
        self._mingle(moment, kind, text_of(record, "channame") or "", uniqueid, extra)
        if kind == "CHAN_START":
            group.up += 1
        elif kind == "CHAN_END":
            group.up -= 1
        if group.up <= 0:
            self._waiting[id(group)] = group
        else:
            self._waiting.pop(id(group), None)
        self._count += 1
        if self._count % 1000 == 0:
            self._give([one for one in self._waiting.values() if one.last < moment - _GRACE])

    def _mingle(
        self, moment: int, kind: str, name: str, uniqueid: str, extra: dict[str, Any]
    ) -> None:
        """Tell each call in a bridge how many people of other calls are there: a conference."""
        if is_local(name):
            return
        if kind == "BRIDGE_ENTER" and extra.get("bridge_id"):
            bridge = str(extra["bridge_id"])
            self._where[name] = bridge
            self._bridges.setdefault(bridge, {})[name] = uniqueid
        elif kind in ("BRIDGE_EXIT", "HANGUP", "CHAN_END") and name in self._where:
            bridge = self._where.pop(name)
            self._bridges[bridge].pop(name, None)
        else:
            return
        there = self._bridges[bridge]
        calls = [self._groups.get(one) for one in there.values()]
        for one in {id(call): call for call in calls if call is not None}.values():
            others = sum(call is not one for call in calls)
            if others or bridge in one.shared:
                one.shared.add(bridge)
                one.rows.append((moment, _COMPANY, {}, {"bridge_id": bridge, "others": others}))
        if not there:
            del self._bridges[bridge]

    def _group(self, ids: set[str]) -> _Group:
        """Return the call that these ids belong to; if to several, they become one."""
        found = {id(group): group for one in ids if (group := self._groups.get(one))}
        first, *others = found.values() or [_Group()]
        for other in others:
            first.rows = sorted(first.rows + other.rows, key=lambda row: row[0])
            first.ids |= other.ids
            first.shared |= other.shared
            first.up += other.up
            first.last = max(first.last, other.last)
            self._waiting.pop(id(other), None)
            for one in other.ids:
                self._groups[one] = first
        first.ids |= ids
        for one in ids:
            self._groups[one] = first
        return first

    def finish(self) -> None:
        """Take it that no further event comes."""
        self._give(list({id(group): group for group in self._groups.values()}.values()))

    def _give(self, groups: Sequence[_Group]) -> None:
        for group in groups:
            self._waiting.pop(id(group), None)
            for one in group.ids:
                self._groups.pop(one, None)
            for call in _calls(group):
                self._calls.add(*call)


def _extra(record: Mapping[str, Any]) -> dict[str, Any]:
    text = text_of(record, "extra")
    if text is None or not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # some tables cut long texts off
    return found if isinstance(found, dict) else {}


def _calls(group: _Group) -> Iterator[tuple[dict[str, Any], str | None, str | None]]:
    channels: dict[str, _Channel] = {}
    talk = _Talk()
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
        if kind == _COMPANY:
            talk.company(moment, extra["bridge_id"], extra["others"])
            continue
        name = text_of(record, "channame") or ""
        linkedids[str(text_of(record, "linkedid") or text_of(record, "uniqueid"))] = None
        one = channels.get(name)
        if one is None and kind not in ("LINKEDID_END", "USER_DEFINED"):
            one = channels[name] = _Channel(name)
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


def _callee(origin: _Channel, real: list[_Channel], talk: _Talk) -> _Channel | None:
    others = [one for one in real if one is not origin and one.name in talk.with_whom]
    return others[0] if others else None


def _rang(one: _Channel) -> int | None:
    until = one.end if one.answer is None else one.answer
    return None if until is None or one.start is None else until - one.start


def _billed(origin: _Channel) -> int:
    if origin.answer is None or origin.end is None:
        return 0
    return origin.end - origin.answer


def _hung_up(origin: _Channel, disposition: str | None, source: str) -> str | None:
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
    origin: _Channel, real: list[_Channel], talked: bool, mailbox: bool, in_queue: bool
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
