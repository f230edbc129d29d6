"""Channel event logs into calls."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.cel_bridges import Bridges
from ast_notebook.calls.history.cel_call import Call
from ast_notebook.calls.history.cel_channel import Channel, Row, is_own
from ast_notebook.calls.history.cel_extra import word
from ast_notebook.calls.history.cel_kinds import (
    BRIDGES,
    NAMES,
    NUMBERS,
    PASSIVE,
    USER_DEFINED,
    Kinds,
    is_user_event,
)
from ast_notebook.calls.history.clock import ONWARD, SECOND, Clock, born
from ast_notebook.calls.history.growing import Growing
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.repeats import Repeats

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
#: A call whose channels have all ended may be taken up again this long: by a transfer.
_GRACE = 60 * SECOND
#: Events that are held back, so that they can be put in order.
_AHEAD = 256


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields of a line are.

    Raises
    ------
    ValueError
        If it is no line of a channel event log.
    """
    if 16 <= len(record) <= 21:
        names = [*PLAIN[:18], "extra"] if len(record) == 19 else [*PLAIN, "more"][: len(record)]
        kind = record[0]
        if kind in NAMES or kind in NUMBERS or is_user_event(dict(zip(names, record, strict=True))):
            return names
    raise ValueError(f"{len(record)} fields that are no channel event")


class Cel:
    """Makes calls of channel events, in the order of their times.

    Asterisk writes some a little out of order.

    Parameters
    ----------
    clock : Clock
        What reads the times.
    calls : Growing
        Where the calls go.
    """

    def __init__(self, clock: Clock, calls: Growing) -> None:
        self._clock = clock
        self._frame = calls
        self._kinds = Kinds()
        self._bridges = Bridges()
        self._repeats = Repeats()
        self._ahead: list[tuple[int, int, Row]] = []  # a heap of those that were read last
        self._count = 0
        #: In the hour that a clock change repeats, when each call was heard of last.
        self._unsure: dict[str, int] = {}
        self._begun: int | None = None
        self._starts = False  # whether the log tells of beginnings at all
        self._calls: dict[str, Call] = {}  # by linkedid, and by uniqueid
        self._ended: dict[int, Call] = {}  # those whose channels have all ended
        self._channels: dict[str, Channel] = {}  # those that are up, by their names
        self._places: set[str] = set()  # linkedids of agents who wait for calls

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an event.

        Raises
        ------
        ValueError
            If it cannot be one.
        """
        kind = self._kinds.of(record)
        uniqueid = text_of(record, "uniqueid")
        linkedid = text_of(record, "linkedid") or uniqueid
        if uniqueid is None or linkedid is None:
            raise ValueError("no uniqueid")
        near = born(uniqueid)
        if kind != "CHAN_START" and linkedid in self._unsure:
            near = self._unsure[linkedid] + ONWARD
        moment = self._clock.read(record.get("eventtime"), near)
        if moment is None:
            raise ValueError("no time")
        if self._clock.unsure:
            self._unsure[linkedid] = moment
        else:
            self._unsure.clear()
        if self._repeats.has(record, moment):
            return
        if kind == "CHAN_START":
            self._clock.witness(moment, uniqueid)
        self._count += 1
        row = Row(record, kind, (uniqueid, linkedid), moment, self._count)
        heapq.heappush(self._ahead, (moment, self._count, row))
        if len(self._ahead) > _AHEAD:
            self._take(heapq.heappop(self._ahead)[2])

    def finish(self) -> None:
        """Take it that no further event comes."""
        while self._ahead:
            self._take(heapq.heappop(self._ahead)[2])
        self._give(list({id(call): call for call in self._calls.values()}.values()))
        self._clock.notes += self._repeats.notes()

    # --- one event after the other -------------------------------------------------------------

    def _take(self, row: Row) -> None:
        if self._begun is None:
            self._begun = row.moment
        self._starts = self._starts or row.kind == "CHAN_START"
        known = row.kind not in PASSIVE or row.uniqueid in self._calls
        if known and row.kind != USER_DEFINED and not is_own(row.name):
            self._hear(row)
        if row.order % 1000 == 0:
            before = row.moment - _GRACE
            self._give([call for call in self._ended.values() if call.last < before])

    def _hear(self, row: Row) -> None:
        # The calls that an agent takes on his place have the place's linkedid from then on.
        belongs = row.linkedid not in self._places or row.uniqueid == row.linkedid
        call = self._calls.get(row.uniqueid)
        if call is None or (belongs and call is not self._calls.get(row.linkedid)):
            call = self._call({row.uniqueid, row.linkedid} if belongs else {row.uniqueid})
        channel = call.channels.get(row.name)
        if channel is None:
            if row.kind in PASSIVE:
                return
            channel = call.channels[row.name] = self._channels[row.name] = Channel(row)
            call.up += 1
        up = channel.end is None
        channel.hear(row)
        call.hear(row, channel, belongs)
        if channel.place:
            self._places.add(row.linkedid)
        if row.kind in BRIDGES:
            self._bridges.hear(row, channel, self._named(row.peers))
        elif row.kind in ("ATTENDEDTRANSFER", "PICKUP"):
            call = self._join(row, channel, call)
        if up and channel.end is not None:
            call.up -= 1
            if self._channels.get(row.name) is channel:
                del self._channels[row.name]
        if call.up <= 0:
            self._ended[id(call)] = call
        else:
            self._ended.pop(id(call), None)

    def _named(self, names: Iterable[str]) -> list[Channel]:
        return [found for name in names if (found := self._channels.get(name)) is not None]

    def _join(self, row: Row, channel: Channel, call: Call) -> Call:
        """Return the call, as one with the other that a transfer or a pickup names."""
        if row.kind == "ATTENDEDTRANSFER":
            other = word(row.extra, "channel2_uniqueid")
            successor = self._channels.get(word(row.extra, "transferee_channel_name"))
            target = self._channels.get(word(row.extra, "channel2_name"))
            if successor is not None and target is not None and not word(row.extra, "bridge2_id"):
                self._bridges.replaces(successor, target)
        else:
            name = word(row.extra, "pickup_channel") or next(iter(row.peers), "")
            picker = self._channels.get(name)
            if picker is None or picker is channel:
                return call
            picker.picked, picker.picked_at = channel, row.moment
            other = picker.uniqueid
        return self._call({row.uniqueid, other}) if born(other) is not None else call

    def _call(self, ids: set[str]) -> Call:
        """Return the call that these ids belong to; if to several, they become one."""
        found = {id(call): call for one in ids if (call := self._calls.get(one)) is not None}
        first, *others = sorted(found.values(), key=lambda call: -len(call.ids)) or [Call()]
        for other in others:
            first.take(other)
            self._ended.pop(id(other), None)
            for one in other.ids:
                self._calls[one] = first
        first.ids |= ids
        for one in ids:
            self._calls[one] = first
        return first

    def _give(self, calls: Sequence[Call]) -> None:
        # Who began in the second in which the log begins may have begun before it.
        begun = (self._begun or 0) + (SECOND if self._starts else 0)
        for call in calls:
            self._ended.pop(id(call), None)
            for one in call.ids:
                self._calls.pop(one, None)
                self._places.discard(one)
            made = call.row(begun, self._bridges.seen, self._starts)
            if made is not None:
                self._frame.add(*made)
