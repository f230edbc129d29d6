"""Finds calls of several PBXs that a trunk joins to one call.

A wrong join is worse than none, so only two kinds of evidence count:

- *surely*: a channel of each PBX has the same SIP Call-ID, so the channels are the two ends of one
  SIP dialog. No other channel of either PBX may have this Call-ID.
- *probably*: one PBX calls out on a trunk, and within a few seconds another PBX gets a call on a
  trunk. Both calls have the same caller and the same called number, or one called number is the end
  of the other. No other call may fit either of them, and their Call-IDs may not both be known. The
  user says which devices are trunks.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

Row = Mapping[str, Any]
Place = tuple[str, str]  # a PBX, and a Uniqueid or Linkedid on it
Sureness = Literal["surely", "probably"]

WITHIN = 3.0  # seconds between both ends of a call on a trunk
SHORTEST_END = 3  # a called number with fewer digits does not count as the end of another one


@dataclasses.dataclass
class _End:
    """A channel with the first values of its numbers, since a dialplan may change them later."""

    place: Place
    call: Place
    device: str
    out: bool
    since: float | None
    caller: str = ""
    called: str = ""
    callid: str = ""


class Joins:
    """Tells which calls of several PBXs are one call.

    Parameters
    ----------
    trunks : iterable of str
        Patterns of the devices that are trunks, such as ``PJSIP/berlin``.
    """

    def __init__(self, trunks: Iterable[str] = ()) -> None:
        self._trunks = tuple(trunks)
        self._legs: dict[Place, _End] = {}
        self._unclear: set[Place] = set()

    def of(
        self, rows: Mapping[str, Mapping[str, Row]], callids: Mapping[Place, str]
    ) -> dict[Place, tuple[str, Sureness]]:
        """Return the name of the whole call, and how sure the join is, for each joined call.

        Parameters
        ----------
        rows : mapping
            For each PBX, by its name: the rows of its channels by their Uniqueids.
        callids : mapping
            The known Call-IDs, by PBX and Uniqueid.
        """
        self._keep(rows, callids)
        joined: dict[Place, tuple[str, Sureness]] = {}
        pairs = [*self._sure(), *self._probable()]
        for group in _groups((one.call, other.call) for one, other, _ in pairs):
            doubts = [sure for one, _, sure in pairs if one.call in group and sure == "probably"]
            sureness: Sureness = "probably" if doubts else "surely"
            name = " ".join(min(group))
            joined |= dict.fromkeys(group, (name, sureness))
        return joined

    def _keep(self, rows: Mapping[str, Mapping[str, Row]], callids: Mapping[Place, str]) -> None:
        there = {(pbx, key) for pbx, channels in rows.items() for key in channels}
        self._legs = {place: leg for place, leg in self._legs.items() if place in there}
        self._unclear &= there
        for pbx, channels in rows.items():
            for key, row in channels.items():
                place, call = (pbx, key), (pbx, row.get("linkedid") or key)
                leg = self._legs.get(place)
                if leg is None:
                    out = row.get("uniqueid") != row.get("linkedid")
                    device, since = row.get("device") or "", row.get("since")
                    leg = self._legs[place] = _End(place, call, device, out, since)
                numbers = ("connected", "caller") if leg.out else ("caller", "exten")
                leg.call = call
                leg.caller = leg.caller or row.get(numbers[0]) or ""
                leg.called = leg.called or row.get(numbers[1]) or ""
                leg.callid = callids.get(place, "")

    def _sure(self) -> Iterator[tuple[_End, _End, Sureness]]:
        """Yield pairs of legs that share a Call-ID, if each is on a PBX of its own."""
        same = defaultdict(list)
        for leg in self._legs.values():
            if leg.callid:
                same[leg.callid].append(leg)
        for legs in same.values():
            if 1 < len(legs) == len({leg.place[0] for leg in legs}):
                yield from ((legs[0], leg, "surely") for leg in legs[1:])

    def _probable(self) -> Iterator[tuple[_End, _End, Sureness]]:
        """Yield pairs of legs on trunks that fit each other, and no other leg."""
        on_trunk = [leg for leg in self._legs.values() if self._is_trunk(leg.device)]
        fitting = defaultdict(list)
        for one in on_trunk:
            for other in on_trunk if one.out else ():
                if _fit(one, other):
                    fitting[one.place].append(other)
                    fitting[other.place].append(one)
        # A leg that once fitted two others stays unclear: when one of these ends, it may have been
        # the right one.
        self._unclear |= {place for place, others in fitting.items() if len(others) > 1}
        for place, others in fitting.items():
            one, other = self._legs[place], others[0]
            is_clear = self._unclear.isdisjoint((one.place, other.place))
            if one.out and is_clear and not (one.callid and other.callid):
                yield one, other, "probably"

    def _is_trunk(self, device: str) -> bool:
        return any(fnmatch.fnmatchcase(device, pattern) for pattern in self._trunks)


def _fit(one: _End, other: _End) -> bool:
    if other.out or one.place[0] == other.place[0] or one.since is None or other.since is None:
        return False
    if not one.caller or one.caller != other.caller or abs(one.since - other.since) > WITHIN:
        return False
    dialled, reached = sorted((one.called, other.called), key=len, reverse=True)
    return bool(reached) and (
        dialled == reached or (len(reached) >= SHORTEST_END and dialled.endswith(reached))
    )


def _groups(pairs: Iterable[tuple[Place, Place]]) -> list[set[Place]]:
    """Return the sets of calls that pairs connect."""
    groups: list[set[Place]] = []
    for pair in pairs:
        touched = [group for group in groups if not group.isdisjoint(pair)]
        groups = [group for group in groups if group not in touched]
        groups.append(set(pair).union(*touched))
    return groups
