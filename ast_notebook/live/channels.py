"""The channels that are up, the devices they belong to, and how many calls there were."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ast_notebook.ami import Event
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.digits import is_count
from ast_notebook.live.sounding import REPORTS, Sounding
from ast_notebook.live.table import LiveTable, Row
from ast_notebook.live.tracker import Tracker, moment, text

REMEMBERED = 1000
NOTED = 20  # ended channels that a mark in an archive has
STEP = 10  # seconds that one point of the concurrency covers
POINTS = 360


@lru_cache(maxsize=20_000)
def device_of(channel: str) -> tuple[str, str] | None:
    """Return the technology and the device that a channel belongs to.

    The name of a channel is ``TECHNOLOGY/DEVICE-SERIAL``; Local channels, and the remains of a
    channel that Asterisk moved, belong to no device.

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


# The headers of a row's fields, in events that carry a channel's whole state.
SNAPSHOT = {
    "channel": "Channel",
    "uniqueid": "Uniqueid",
    "linkedid": "Linkedid",
    "state": "ChannelStateDesc",
    "caller": "CallerIDNum",
    "caller_name": "CallerIDName",
    "connected": "ConnectedLineNum",
    "connected_name": "ConnectedLineName",
    "context": "Context",
    "exten": "Exten",
    "application": "Application",
}
FIELDS = {
    "channel": "",
    "uniqueid": "",
    "linkedid": "",
    "device": "",
    **dict.fromkeys(list(SNAPSHOT)[3:], ""),
    "bridge": "",
    "since": None,
    "held": False,
    "recorded": False,
    "bad": "",  # what is bad about how it sounds now
}


def table() -> LiveTable:
    """Return an empty table of channels."""
    return LiveTable(FIELDS, times=("since",))


def row_of(event: Event) -> Row:
    """Return the fields of an event's channel."""
    headers = event.headers
    row = {
        field: "" if value == "<unknown>" else value
        for field, header in SNAPSHOT.items()
        if (value := headers.get(header)) is not None
    }
    if "channel" in row:
        row["device"] = "/".join(device_of(row["channel"]) or ())
    return row


def new_row_of(event: Event) -> Row:
    """Return the fields of the channel of a Newchannel, or of an entry of CoreShowChannels."""
    return {**row_of(event), "bridge": text(event, "BridgeId"), "since": _since(event)}


class ChannelTracker(Tracker):
    """Tracks the channels; `changed` is called with the name of each that came, went or moved.

    It is called with None when any channel may have come, gone or moved.
    """

    reads = "call"
    untold = frozenset(("application", "context", "exten"))
    questions = compared = ({"Action": "CoreShowChannels"},)

    def __init__(self, changed: Callable[[str | None], None], clock: SystemClock = MACHINE) -> None:
        super().__init__()
        self._clock = clock
        self.channels = table()
        self.tables = {"channels": self.channels}
        self.concurrency: deque[tuple[float, int]] = deque(maxlen=POINTS)
        self._changed = changed
        self._gone: dict[str, None] = {}
        self._calls: dict[str, int] = {}
        self._bridged: dict[str, set[str]] = {}
        self._recordings: dict[str, int] = {}
        self._sounding = Sounding()
        self._devices: Counter[str] = Counter()  # channels by device, with its technology or not
        snapshots = ("Newstate", "NewCallerid", "NewConnectedLine", "Newexten", "NewAccountCode")
        self.events = {
            "Newchannel": self._new,
            "CoreShowChannel": self._new,
            "Rename": self._rename,
            "BridgeEnter": self._enter,
            "BridgeLeave": self._leave,
            "ConfbridgeJoin": self._joined,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "MixMonitorStart": self._recorded,
            "MixMonitorStop": self._unrecorded,
            "OriginateResponse": self._originated,
            "Hangup": self._hangup,
            **dict.fromkeys(snapshots, self._update),
            **dict.fromkeys(REPORTS, self._reported),
        }

    def inner(self) -> dict[str, Any]:
        """Return how many recordings each channel has, which sound bad, and which ended last."""
        there = {
            "recordings": dict(self._recordings),
            "gone": list(self._gone)[-NOTED:],
            "sounding": {one: dict(reasons) for one, reasons in self._sounding.reasons.items()},
        }
        return {name: value for name, value in there.items() if value}

    def set_inner(self, inner: dict[str, Any]) -> None:
        """Replace what it knows besides its tables by what `inner` returned."""
        self._recordings = dict(inner.get("recordings", {}))
        self._gone = dict.fromkeys(inner.get("gone", ()))
        self._sounding = Sounding()
        self._sounding.reasons = {
            one: dict(reasons) for one, reasons in inner.get("sounding", {}).items()
        }

    def rows_were_put(self) -> None:
        """Count calls and channels in bridges anew, and check the watched devices."""
        self._bridged, self._calls = {}, {}
        self._devices.clear()
        for uniqueid, row in self.channels.rows().items():
            self._belongs(row["device"], 1)
            self._rebridge(uniqueid, "", row["bridge"])
            linked = row["linkedid"] or uniqueid
            self._calls[linked] = self._calls.get(linked, 0) + 1
        self._count()
        self._changed(None)

    def blank(self) -> ChannelTracker:
        """Return a new tracker without channels."""
        return ChannelTracker(lambda channel: None)

    def filled(self) -> None:
        """Check the watched devices again, since channels of theirs may have been left out."""
        self._changed(None)

    def gone(self, rows: Sequence[Row]) -> None:
        """Report channels that ended while events were missed."""
        for row in rows:
            self._end(row)

    def forget(self) -> None:
        """Forget the state that is in no list, since events were missed."""
        self._recordings.clear()
        self._sounding = Sounding()
        for uniqueid, row in self.channels.rows().items():
            if row["held"] or row["recorded"] or row["bad"]:
                self.channels.put(uniqueid, held=False, recorded=False, bad="")

    def _new(self, event: Event) -> None:
        row = new_row_of(event)
        uniqueid = row.get("uniqueid", "")
        if not uniqueid or uniqueid in self._gone:
            return
        known = self.channels.get(uniqueid)
        if known is not None:  # it was up before: fields that events would have changed are set
            self._put(known, {**row, "since": known["since"]})
            return
        known = self.channels.put(uniqueid, **row)
        if uniqueid in self.channels:
            self._belongs(known["device"], 1)
            self._rebridge(uniqueid, "", known["bridge"])
            self._relink(None, known["linkedid"] or uniqueid)
        self._changed(known["channel"])

    def _update(self, event: Event, **more: Any) -> None:
        known = self.channels.get(event.get_header("Uniqueid") or "")
        if known is not None:
            self._put(known, {**row_of(event), **more})

    def _put(self, known: Row, row: Row) -> None:
        """Change a row, and the state that depends on it."""
        uniqueid, former, linked = known["uniqueid"], known["channel"], known["linkedid"]
        bridge, device = known["bridge"], known["device"]
        self.channels.put(uniqueid, **row)
        if device != known["device"]:
            self._belongs(device, -1)
            self._belongs(known["device"], 1)
        self._rebridge(uniqueid, bridge, known["bridge"])
        if linked != known["linkedid"]:
            self._relink(linked or uniqueid, known["linkedid"] or uniqueid)
        if former != known["channel"]:
            self._changed(former)
            self._changed(known["channel"])

    def _rename(self, event: Event) -> None:
        name = text(event, "Newname")
        known = self.channels.get(text(event, "Uniqueid"))
        if known is not None and name:
            former = known["channel"]
            device = "/".join(device_of(name) or ())
            self._belongs(known["device"], -1)
            self._belongs(device, 1)
            self.channels.put(known["uniqueid"], channel=name, device=device)
            self._changed(former)
            self._changed(name)

    def _enter(self, event: Event) -> None:
        bridge = text(event, "BridgeUniqueid")
        self._update(event, bridge=bridge)
        # Both channels in a bridge get the older one's linkedid. The event of the channel that
        # enters has it, and no event tells it of the other.
        inside = list(self._bridged.get(bridge, ()))
        linkedid = text(event, "Linkedid") if inside else ""
        if linkedid and text(event, "BridgeType") == "basic":
            for uniqueid in inside:
                other = self.channels.get(uniqueid)
                if other is not None and other["linkedid"] != linkedid:
                    self._put(other, {"linkedid": linkedid})

    def _leave(self, event: Event) -> None:
        """Note that a channel left a bridge, unless it is in another one already."""
        known = self.channels.get(text(event, "Uniqueid"))
        left = text(event, "BridgeUniqueid")
        is_elsewhere = known is not None and known["bridge"] not in ("", left)
        self._update(event, **({} if left and is_elsewhere else {"bridge": ""}))

    def _joined(self, event: Event) -> None:
        """Note the bridge of a conference: who takes another one's place there does not enter."""
        if bridge := text(event, "BridgeUniqueid"):
            self._update(event, bridge=bridge)

    def _hold(self, event: Event) -> None:
        self._update(event, held=True)

    def _unhold(self, event: Event) -> None:
        self._update(event, held=False)

    def _recorded(self, event: Event) -> None:
        self._count_recordings(event, 1)

    def _unrecorded(self, event: Event) -> None:
        self._count_recordings(event, -1)

    def _count_recordings(self, event: Event, more: int) -> None:
        uniqueid = text(event, "Uniqueid")
        if uniqueid in self.channels:
            there = self._recordings[uniqueid] = max(0, self._recordings.get(uniqueid, 0) + more)
            self._update(event, recorded=there > 0)

    def _reported(self, event: Event) -> None:
        """Note whether the channel sounds bad now; most reports change nothing."""
        known = self.channels.get(text(event, "Uniqueid"))
        if known is not None and known["bad"] != (bad := self._sounding.heard(event)):
            self.channels.put(known["uniqueid"], bad=bad)

    def _originated(self, event: Event) -> None:
        """Note the application that an originated channel runs, of which no Newexten tells."""
        if application := text(event, "Application"):
            self.channels.change(text(event, "Uniqueid"), application=application)

    def _hangup(self, event: Event) -> None:
        event.get_header("Channel")  # so that a further one in the event is seen
        uniqueid = event.get_header("Uniqueid") or ""
        # A list that Asterisk began before may still name it as if it were up.
        self._gone[uniqueid] = None
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
        row = self.channels.drop(uniqueid)
        if row is not None:
            self._end(row)

    def _end(self, row: Row) -> None:
        self._recordings.pop(row["uniqueid"], None)
        self._sounding.ended(row["uniqueid"])
        self._belongs(row["device"], -1)
        self._rebridge(row["uniqueid"], row["bridge"], "")
        self._relink(row["linkedid"] or row["uniqueid"], None)
        self._changed(row["channel"])

    def _belongs(self, device: str, channels: int) -> None:
        """Add to the number of a device's channels."""
        if device and isinstance(device, str):  # a list that is compared may not tell it
            for name in (device, device.partition("/")[2]):
                self._devices[name] += channels
                if self._devices[name] <= 0:
                    del self._devices[name]

    def is_up(self, device: str) -> bool:
        """Tell whether a device, with its technology or without, has a channel."""
        return self._devices[device] > 0

    def _rebridge(self, uniqueid: str, former: str, now: str) -> None:
        """Note which channels are in which bridge."""
        if former == now:
            return
        if former:
            inside = self._bridged.get(former, set())
            inside.discard(uniqueid)
            if not inside:
                self._bridged.pop(former, None)
        if now:
            self._bridged.setdefault(now, set()).add(uniqueid)

    def _relink(self, former: str | None, now: str | None) -> None:
        """Note that a channel changed its call, came, or ended."""
        if former:
            left = self._calls.get(former, 0) - 1
            if left > 0:
                self._calls[former] = left
            else:
                self._calls.pop(former, None)
        if now:
            self._calls[now] = self._calls.get(now, 0) + 1
        self._count()

    def _count(self) -> None:
        """Keep the highest number of calls at once for each step of time."""
        step, calls = self._clock.time() // STEP * STEP, len(self._calls)
        if self.concurrency and self.concurrency[-1][0] == step:
            calls = max(calls, self.concurrency.pop()[1])
        self.concurrency.append((step, calls))

    @property
    def calls(self) -> int:
        """How many calls there are now: channels that share a Linkedid are one."""
        return len(self._calls)


def _since(event: Event) -> float | None:
    """Return when the channel was made: now, minus its duration in CoreShowChannels."""
    parts = (event.get_header("Duration") or "0:0:0").split(":")
    if len(parts) != 3 or not all(map(is_count, parts)):
        return None
    hours, minutes, seconds = map(int, parts)
    since = moment(event) - hours * 3600 - minutes * 60 - seconds
    return since if since > 0 else None
