"""Finds the phases of each channel of a call: when it rang, waited, talked, or was on hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ast_notebook.calls.channels import OWN
from ast_notebook.units import SECOND

#: Asterisk takes channels out of a bridge and puts them into the next one within some milliseconds.
_MOMENT = SECOND // 10
#: A shorter talk is only such a moment.
_BRIEF = SECOND // 20
#: The ends of dials at which the telephone may not even have rung.
_AT_ONCE = ("BUSY", "CHANUNAVAIL", "CONGESTION")
#: A beginning and an end, which is None if it is not known.
Span = tuple[int, int | None]
_ENTERS = ("BridgeEnter", "ConfbridgeJoin")
_LEAVES = ("BridgeLeave", "ConfbridgeLeave")
_WAITS = {"QueueCallerJoin": "uniqueid", "ParkedCall": "parkeeuniqueid"}
_WAITED = {
    "QueueCallerLeave": "uniqueid",
    "QueueCallerAbandon": "uniqueid",
    "AgentConnect": "uniqueid",
    "UnParkedCall": "parkeeuniqueid",
}


@dataclass(frozen=True)
class LadderPhase:
    """A phase of a channel; times are microseconds since 1970 UTC.

    Attributes
    ----------
    lane : int
        The channel, counted from the left.
    kind : str
        ``rings``, ``waits``, ``talks`` or ``held``.
    word : str
        The kind as seen from the channel: in a hold, one channel ``holds``, the other ``is held``.
    begin, end : int
        The end is None if it is not known.
    """

    lane: int
    kind: str
    word: str
    begin: int
    end: int | None


@dataclass(frozen=True)
class Conversation:
    """The lanes that talked with each other for some time; `others` means that others did, too."""

    lanes: tuple[int, ...]
    others: bool
    begin: int
    end: int | None


@dataclass
class _Spans:
    """Spans of time by key, each open until it is closed."""

    over: list[tuple[Any, Span]] = field(default_factory=list)
    since: dict[Any, int] = field(default_factory=dict)

    def begin(self, key: Any, time: int) -> None:
        self.since.setdefault(key, time)

    def end(self, key: Any, time: int) -> None:
        if key in self.since:
            self.over.append((key, (self.since.pop(key), time)))

    def drop(self, key: Any) -> None:
        self.since.pop(key, None)

    def all(self) -> list[tuple[Any, Span]]:
        """Return all spans in order of time; spans with only a moment between them become one."""
        found: dict[Any, list[Span]] = defaultdict(list)
        still = [(key, (begin, None)) for key, begin in self.since.items()]
        for key, (begin, end) in sorted([*self.over, *still], key=_began):
            last = found[key][-1][1] if found[key] else None
            if last is not None and begin - last < _MOMENT:
                begin = found[key].pop()[0]
            found[key].append((begin, end))
        spans = [(key, span) for key, each in found.items() for span in each]
        return sorted(spans, key=_began)


def _began(one: tuple[Any, Span]) -> int:
    return one[1][0]


def phases(
    rows: Iterable[Mapping[str, Any]], lanes: Mapping[str, int]
) -> tuple[list[LadderPhase], list[Conversation]]:
    """Return the phases of a call's channels, and who talked with whom.

    Parameters
    ----------
    rows : iterable of mapping
        Events in order of time, by their headers, with those of other calls in a conference.
    lanes : mapping
        The lane of each channel of the call, by its uniqueid.
    """
    rings, waits, talks, held = _Spans(), _Spans(), _Spans(), _Spans()
    bridges = _Occupied()
    rang: set[str] = set()
    holders: set[str] = set()
    for row in rows:
        kind, time, channel = row["event"], int(row["time"]), row["uniqueid"]
        dest = row["destuniqueid"]
        if kind == "DialBegin" and dest in lanes:
            rings.begin(lanes[dest], time)
        elif kind == "Newstate" and row["channelstatedesc"] == "Ringing":
            rang.add(channel)
        elif kind == "Newstate" and row["channelstatedesc"] == "Up" and channel in lanes:
            rings.end(lanes[channel], time)
        elif kind == "DialEnd" and dest in lanes:
            if row["dialstatus"] in _AT_ONCE and dest not in rang:
                rings.drop(lanes[dest])
            rings.end(lanes[dest], time)
        if kind in _WAITS and row[_WAITS[kind]] in lanes:
            waits.begin(lanes[row[_WAITS[kind]]], time)
        elif kind in _WAITED and row[_WAITED[kind]] in lanes:
            waits.end(lanes[row[_WAITED[kind]]], time)
        if kind == "Hangup" and channel in lanes:
            rings.end(lanes[channel], time)
            waits.end(lanes[channel], time)
        if kind == "Hold":
            holders.add(channel)
        elif kind in ("Unhold", "Hangup", *_LEAVES):
            holders.discard(channel)
        bridges.take(row)
        _follow(talks, held, bridges, lanes, holders, time)
    spoken = _talks(talks.all())
    found = [LadderPhase(key, "rings", "rings", *span) for key, span in rings.all()]
    found += [LadderPhase(key, "waits", "waits", *span) for key, span in waits.all()]
    found += [LadderPhase(lane, "held", word, *span) for (lane, word), span in held.all()]
    of_lane: dict[int, list[Span]] = defaultdict(list)
    for talk in spoken:
        for lane in talk.lanes:
            of_lane[lane].append((talk.begin, talk.end))
    for lane, spans in of_lane.items():
        found += [LadderPhase(lane, "talks", "talks", *span) for span in _joined(spans)]
    return sorted(found, key=lambda one: (one.begin, one.lane)), spoken


def _follow(
    talks: _Spans,
    held: _Spans,
    bridges: _Occupied,
    lanes: Mapping[str, int],
    holders: set[str],
    time: int,
) -> None:
    """Open and close the spans of talk and of hold, as the bridges are now."""
    groups, on_hold = set(), set()
    for channels, parties in bridges.connected():
        mine = tuple(sorted(lanes[one] for one in parties if one in lanes))
        if len(parties) < 2 or not mine:
            continue
        groups.add((mine, len(mine) < len(parties)))
        for holder in holders & channels:
            words = {one: "holds" if one == holder else "is held" for one in channels}
            on_hold |= {(lanes[one], word) for one, word in words.items() if one in lanes}
    for spans, now in ((talks, groups), (held, on_hold)):
        for key in set(spans.since) - now:
            spans.end(key, time)
        for key in now:
            spans.begin(key, time)


def _talks(spans: list[tuple[Any, Span]]) -> list[Conversation]:
    """Return the talks, without those of a moment, which come with transfers."""
    lasting = [one for one in spans if one[1][1] is None or one[1][1] - one[1][0] >= _BRIEF]
    return [Conversation(lanes, others, *span) for (lanes, others), span in lasting or spans]


def _joined(spans: list[Span]) -> list[Span]:
    """Return a lane's talks; talks that follow each other become one."""
    found: list[Span] = []
    for begin, end in sorted(spans, key=lambda one: one[0]):
        last = found[-1][1] if found else None
        if found and (last is None or begin - last < _MOMENT):
            first = found.pop()[0]
            found.append((first, None if last is None or end is None else max(last, end)))
        else:
            found.append((begin, end))
    return found


class _Occupied:
    """Keeps track of which channels are in which bridge."""

    def __init__(self) -> None:
        self._inside: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, str] = {}

    def take(self, row: Mapping[str, Any]) -> None:
        """Follow an event: a channel is in one bridge at a time, until it leaves it or ends."""
        kind, channel, bridge = row["event"], row["uniqueid"], row["bridgeuniqueid"]
        if kind not in (*_ENTERS, *_LEAVES, "Hangup") or channel is None:
            return
        if row["channel"] is not None:
            self._names[channel] = row["channel"]
        for other, there in self._inside.items():
            if kind not in _LEAVES or other == bridge:
                there.discard(channel)
        if kind in _ENTERS and bridge is not None:
            self._inside[bridge].add(channel)

    def connected(self) -> list[tuple[set[str], set[str]]]:
        """Return the channels that are connected, and those of them with somebody at their ends.

        Two bridges that have one half of a Local channel each are connected.
        """
        rooms: list[tuple[set[str], set[str]]] = []  # channels, and names of Local channels
        for there in self._inside.values():
            channels = set(there)
            pairs = {self._pair(one) for one in there if self._name(one).startswith("Local/")}
            for room in [room for room in rooms if room[1] & pairs]:
                rooms.remove(room)
                channels |= room[0]
                pairs |= room[1]
            rooms.append((channels, pairs))
        return [(room, {one for one in room if self._is_party(one)}) for room, _ in rooms]

    def _name(self, channel: str) -> str:
        return self._names.get(channel, "")

    def _pair(self, channel: str) -> str:
        return self._name(channel).rpartition(";")[0]

    def _is_party(self, channel: str) -> bool:
        return not self._name(channel).startswith(("Local/", *OWN))
