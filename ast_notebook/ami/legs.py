"""Telephones of an Asterisk up to 11, and the channel that each of them uses now."""

from __future__ import annotations

import dataclasses
import re

MOST = 20_000  # channels that are kept in mind; names come from the wire

_NUMBERED = re.compile(r"(?<!\d)(\d{1,18})\.(\d{1,18})$")
_KEPT = ("Channel", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "Exten", "Context")

Headers = dict[str, str]


@dataclasses.dataclass(eq=False)
class Group:
    """Telephones that belong to one call, and the oldest Uniqueid that it had."""

    linkedid: str
    legs: set[Leg]


@dataclasses.dataclass(eq=False)
class Leg:
    """A telephone's part in a call, whichever of Asterisk's channels it uses now."""

    uniqueid: str
    headers: Headers
    group: Group
    bridge: str = ""
    dials: dict[Leg, str] = dataclasses.field(default_factory=dict)  # causes of ends
    dialler: Leg | None = None

    def snapshot(self, prefix: str = "") -> Headers:
        """Return its headers, as Asterisk 12 sends them for each channel."""
        found = self.headers | {"Uniqueid": self.uniqueid, "Linkedid": self.group.linkedid}
        return {f"{prefix}{name}": value for name, value in found.items() if value}


class Legs:
    """The telephones that are up, by the Uniqueid or the name of the channel that each uses."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._channels: dict[str, str] = {}  # Uniqueids by names
        self._names: dict[str, str] = {}
        self._moved: list[Leg] = []

    def get(self, uniqueid: str) -> Leg | None:
        """Return the telephone that uses a channel."""
        return self._legs.get(uniqueid)

    def named(self, name: str) -> Leg | None:
        """Return the telephone that uses the channel of that name."""
        return self._legs.get(self._channels.get(name, ""))

    def add(self, event: Headers) -> Leg | None:
        """Add a channel, and return its telephone; None if the event names no channel."""
        uniqueid, name = event.get("Uniqueid", ""), event.get("Channel", "")
        if not uniqueid or not name or uniqueid in self._legs:
            return self._legs.get(uniqueid)
        if len(self._legs) >= MOST:
            self.forget(next(iter(self._legs)))
        headers = {key: event[key] for key in _KEPT if event.get(key)}
        leg = self._legs[uniqueid] = Leg(uniqueid, headers, Group(uniqueid, set()))
        leg.group.legs.add(leg)
        self._channels[name], self._names[uniqueid] = uniqueid, name
        if name.startswith("Local/") and name[-2:] in (";1", ";2"):
            other = self.named(name[:-1] + ("2" if name.endswith("1") else "1"))
            if other is not None:
                self.join(leg, other)
        return leg

    def forget(self, uniqueid: str) -> None:
        """Remove a channel that ended."""
        leg = self._legs.pop(uniqueid, None)
        if leg is not None:
            leg.group.legs.discard(leg)
        self._channels.pop(self._names.pop(uniqueid, ""), None)

    def rename(self, former: str, name: str) -> Leg | None:
        """Rename a channel, and return the telephone that uses it."""
        uniqueid = self._channels.pop(former, None)
        if uniqueid is None:
            return None
        self._channels[name], self._names[uniqueid] = uniqueid, name
        return self._legs.get(uniqueid)

    def swap(self, one: str, other: str) -> None:
        """Exchange the telephones of two channels, given by name."""
        first, second = self._channels[one], self._channels[other]
        self._legs[first], self._legs[second] = self._legs[second], self._legs[first]

    def join(self, one: Leg, other: Leg) -> None:
        """Make two telephones belong to the same call from now on."""
        if one.group is not other.group:
            first, second = sorted((one.group, other.group), key=lambda two: age(two.linkedid))
            first.legs |= second.legs
            for leg in second.legs:
                leg.group = first
            self._moved += sorted(second.legs, key=lambda leg: age(leg.uniqueid))

    def take_moved(self) -> list[Leg]:
        """Return the telephones whose call changed since the last look."""
        moved, self._moved = self._moved, []
        return moved


def age(uniqueid: str) -> tuple[int, int, str]:
    """Return a key that sorts Uniqueids by the age of their channels."""
    found = _NUMBERED.search(uniqueid)
    return (int(found[1]), int(found[2]), uniqueid) if found else (0, 0, uniqueid)
