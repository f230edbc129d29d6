"""Channel event logs into calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.clock import SECOND, Clock, born
from ast_notebook.calls.history.growing import Growing, is_local
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.steps import COMPANY, Group, calls_of

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
# As Asterisk's cel.h numbers them from 12 on.
_NUMBERS = {
    str(number): kind
    for number, kind in enumerate(
        [
            "CHAN_START",
            "CHAN_END",
            "HANGUP",
            "ANSWER",
            "APP_START",
            "APP_END",
            "BRIDGE_ENTER",
            "BRIDGE_EXIT",
            "PARK_START",
            "PARK_END",
            "BLINDTRANSFER",
            "ATTENDEDTRANSFER",
            "USER_DEFINED",
            "LINKEDID_END",
            "PICKUP",
            "FORWARD",
            "LOCAL_OPTIMIZE",
            "LOCAL_OPTIMIZE_BEGIN",
            "STREAM_BEGIN",
            "STREAM_END",
            "DTMF",
        ],
        start=1,
    )
}
#: A call whose channels have all ended may be taken up again this long: by a transfer.
_GRACE = 60 * SECOND


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
        self._groups: dict[str, Group] = {}  # by linkedid, and by uniqueid
        self._waiting: dict[int, Group] = {}  # those whose channels have all ended
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
                one.rows.append((moment, COMPANY, {}, {"bridge_id": bridge, "others": others}))
        if not there:
            del self._bridges[bridge]

    def _group(self, ids: set[str]) -> Group:
        """Return the call that these ids belong to; if to several, they become one."""
        found = {id(group): group for one in ids if (group := self._groups.get(one))}
        first, *others = found.values() or [Group()]
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

    def _give(self, groups: Sequence[Group]) -> None:
        for group in groups:
            self._waiting.pop(id(group), None)
            for one in group.ids:
                self._groups.pop(one, None)
            for call in calls_of(group):
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
