"""Makes calls of channel event logs (CEL)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ast_notebook.calls.history.cel_bridges import Bridges
from ast_notebook.calls.history.cel_call import CelCall
from ast_notebook.calls.history.cel_channel import CelChannel, CelEvent, is_own
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
from ast_notebook.calls.history.clock import ONWARD, Clock, born
from ast_notebook.calls.history.lines import text_of
from ast_notebook.calls.history.log_builder import LogBuilder
from ast_notebook.calls.history.repeats import Repeats
from ast_notebook.calls.history.spoiled import is_spoiled, lacks_fraction
from ast_notebook.counted import counted
from ast_notebook.units import SECOND

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
#: After all channels of a call have ended, a transfer may continue it for this long.
_GRACE = 60 * SECOND
#: How many events are held back, so that they can be put in order.
_AHEAD = 256


def layout(record: Sequence[str]) -> list[str]:
    """Tell what the fields of a line are.

    Raises
    ------
    ValueError
        If this is not a line of a channel event log.
    """
    if 16 <= len(record) <= 21:
        names = [*PLAIN[:18], "extra"] if len(record) == 19 else [*PLAIN, "more"][: len(record)]
        kind = record[0]
        if kind in NAMES or kind in NUMBERS or is_user_event(dict(zip(names, record, strict=True))):
            return names
    raise ValueError(f"its {len(record)} fields are not those of a channel event")


class Cel:
    """Makes calls of channel events, in the order of their times.

    Asterisk writes some a little out of order.

    Parameters
    ----------
    clock : Clock
        It reads the times.
    calls : LogBuilder
        It takes the calls.
    """

    def __init__(self, clock: Clock, calls: LogBuilder) -> None:
        self._clock = clock
        self._frame = calls
        self._kinds = Kinds()
        self._bridges = Bridges()
        self._repeats = Repeats()
        self._ahead: list[tuple[int, int, CelEvent]] = []  # a heap of the newest events
        self._count = 0
        self._spoiled = 0
        #: When each call had its last event, in the hour that a clock change repeats.
        self._unsure: dict[str, int] = {}
        self._begun: int | None = None
        self._starts = False  # whether the log has beginnings of channels
        self._calls: dict[str, CelCall] = {}  # calls by their linkedids and uniqueids
        self._ended: dict[int, CelCall] = {}  # calls whose channels have all ended
        self._channels: dict[str, CelChannel] = {}  # channels that are up, by their names
        self._places: set[str] = set()  # linkedids of agents who wait for calls

    def add(self, record: Mapping[str, Any]) -> None:
        """Take an event.

        Raises
        ------
        ValueError
            If this is not a valid event.
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
            raise ValueError("it has no time")
        if self._clock.unsure:
            self._unsure[linkedid] = moment
        else:
            self._unsure.clear()
        ids = {uniqueid, linkedid}
        if any(is_spoiled(one) or lacks_fraction(one, moment) for one in ids):
            self._spoiled += 1
            raise ValueError(
                "Asterisk writes no such uniqueid or linkedid: a spreadsheet may have changed it"
            )
        if self._repeats.has(record, moment):
            return
        if kind == "CHAN_START":
            self._clock.witness(moment, uniqueid)
        self._count += 1
        row = CelEvent(record, kind, (uniqueid, linkedid), moment, self._count)
        heapq.heappush(self._ahead, (moment, self._count, row))
        if len(self._ahead) > _AHEAD:
            self._take(heapq.heappop(self._ahead)[2])

    @property
    def disordered(self) -> bool:
        """Whether an older part of the log came after newer ones."""
        return self._repeats.disordered

    def finish(self) -> None:
        """Make the calls that are not made yet, and add the notes; no further events come."""
        while self._ahead:
            self._take(heapq.heappop(self._ahead)[2])
        self._give(list({id(call): call for call in self._calls.values()}.values()))
        self._clock.notes += self._repeats.notes()
        if self._spoiled:
            self._clock.notes.append(
                f"{counted(self._spoiled, 'event has', 'events have')} a uniqueid or linkedid that "
                "Asterisk does not write: a spreadsheet may have changed it. What names no call is "
                "among the bad records; export the columns as text"
            )

    # --- one event after the other -------------------------------------------------------------

    def _take(self, row: CelEvent) -> None:
        if self._begun is None:
            self._begun = row.moment
        self._starts = self._starts or row.kind == "CHAN_START"
        known = row.kind not in PASSIVE or row.uniqueid in self._calls
        if known and row.kind != USER_DEFINED and not is_own(row.name):
            self._hear(row)
        if row.order % 1000 == 0:
            before = row.moment - _GRACE
            self._give([call for call in self._ended.values() if call.last < before])

    def _hear(self, row: CelEvent) -> None:
        # The calls that a waiting agent takes get the linkedid of his channel.
        belongs = row.linkedid not in self._places or row.uniqueid == row.linkedid
        call = self._calls.get(row.uniqueid)
        if call is None or (belongs and call is not self._calls.get(row.linkedid)):
            call = self._call({row.uniqueid, row.linkedid} if belongs else {row.uniqueid})
        channel = call.channels.get(row.name)
        if channel is None:
            if row.kind in PASSIVE:
                return
            channel = call.channels[row.name] = self._channels[row.name] = CelChannel(row)
            call.up += 1
        up = channel.end is None
        channel.hear(row)
        call.hear(row, channel, belongs)
        if channel.is_login:
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

    def _named(self, names: Iterable[str]) -> list[CelChannel]:
        return [found for name in names if (found := self._channels.get(name)) is not None]

    def _join(self, row: CelEvent, channel: CelChannel, call: CelCall) -> CelCall:
        """Return the call, joined with the other one that a transfer or a pickup names."""
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

    def _call(self, ids: set[str]) -> CelCall:
        """Return the call to which these ids belong; several such calls become one."""
        found = {id(call): call for one in ids if (call := self._calls.get(one)) is not None}
        first, *others = sorted(found.values(), key=lambda call: -len(call.ids)) or [CelCall()]
        for other in others:
            first.take(other)
            self._ended.pop(id(other), None)
            for one in other.ids:
                self._calls[one] = first
        first.ids |= ids
        for one in ids:
            self._calls[one] = first
        return first

    def _give(self, calls: Sequence[CelCall]) -> None:
        # A channel that was made in the second in which the log begins may be older than the log.
        # If the log has beginnings of channels, its own one is there or missing. If the log has
        # none, the channel counts as whole.
        begun = (self._begun or 0) // SECOND * SECOND
        begun = (self._begun or 0) + SECOND if self._starts else begun
        for call in calls:
            self._ended.pop(id(call), None)
            for one in call.ids:
                self._calls.pop(one, None)
                self._places.discard(one)
            made = call.row(begun, self._bridges.seen)
            if made is not None:
                self._frame.add(*made, ids=call.ids)
