"""Tells who is connected with whom: in one bridge, or in bridges that Local channels join."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ast_notebook.calls.history.cel_channel import CelBridge, CelChannel, CelEvent, is_own
from ast_notebook.calls.history.cel_extra import word
from ast_notebook.calls.history.log_builder import is_local

_KEPT = 8  # the most channels that are kept as `first_with`; a conference has many
#: The bridge in which each channel waits alone: parked callers, agents in `AgentLogin`.
_HOLDING = "holding_bridge"


class Bridges:
    """Follows the bridges of all calls, since channels in one bridge may have calls of their own.

    Attributes
    ----------
    seen : bool
        Whether the log has events of bridges; a log without them cannot tell who talked.
    """

    def __init__(self) -> None:
        self.seen = False
        self._bridges: dict[str, CelBridge] = {}
        self._halves: dict[str, CelChannel] = {}  # of Local channels, by their names
        #: Channels that take the place of another one in a bridge, by a transfer.
        self._successors: dict[CelChannel, CelChannel] = {}

    # --- what the log tells --------------------------------------------------------------------

    def hear(self, row: CelEvent, channel: CelChannel, others: list[CelChannel]) -> None:
        """Take an event; `others` are the channels that it names as being in the same bridge."""
        if row.kind == "BRIDGE_ENTER":
            self.seen = True
            if word(row.extra, "bridge_technology") != _HOLDING:
                self._enter(row.moment, channel, self._key(row, others))
                _joined_unseen(row, channel, others)
        elif row.kind == "BRIDGE_EXIT":
            self.seen = True
            self._exit(row, channel)
        elif row.kind in ("BRIDGE_START", "BRIDGE_UPDATE"):
            self.seen = True
            self._pair(row, channel, others)
        elif row.kind == "BRIDGE_END":
            self.seen = True
            self._part(row, channel, others)
        elif row.kind in ("CONF_START", "CONF_ENTER"):
            self.seen = True
        elif row.kind in ("HANGUP", "CHAN_END"):
            self._end(row.moment, channel)

    def replaces(self, successor: CelChannel, channel: CelChannel) -> None:
        """Note that `successor` takes the place of `channel` in its bridge when `channel` ends.

        This happens at an attended transfer into a conference, and no event tells that `successor`
        enters it.
        """
        if channel.bridge is not None:
            self._successors[channel] = successor

    def _key(self, row: CelEvent, others: list[CelChannel]) -> str:
        """Return the key of an event's bridge, by the data that the log has."""
        bridge_id = word(row.extra, "bridge_id")
        if bridge_id:
            return bridge_id
        bridge = next((other.bridge for other in others if other.bridge is not None), None)
        return bridge.key if bridge is not None else f"of {row.linkedid}"

    def _exit(self, row: CelEvent, channel: CelChannel) -> None:
        bridge_id = word(row.extra, "bridge_id")
        if channel.bridge is None:
            _left_unseen(row, channel)
        elif not bridge_id or bridge_id == channel.bridge.key:
            self._leave(row.moment, channel)

    def _pair(self, row: CelEvent, channel: CelChannel, others: list[CelChannel]) -> None:
        """Put two channels into a bridge of their own, as Asterisk up to 11 does."""
        if not others:
            return
        key = f"of {channel.name} and {others[0].name}"
        for one in (channel, others[0]):
            self._enter(row.moment, one, key)

    def _part(self, row: CelEvent, channel: CelChannel, others: list[CelChannel]) -> None:
        bridges = [one.bridge for one in (channel, *others) if one.bridge is not None]
        if not bridges:
            _left_unseen(row, channel)
        for one in bridges[0].channels if bridges else ():
            self._leave(row.moment, one)

    def _end(self, moment: int, channel: CelChannel) -> None:
        bridge = channel.bridge
        successor = self._successors.pop(channel, None)
        self._leave(moment, channel)
        if bridge is not None and successor is not None and successor.end is None:
            self._enter(moment, successor, bridge.key)

    # --- who is where --------------------------------------------------------------------------

    def _enter(self, moment: int, channel: CelChannel, key: str) -> None:
        if channel.end is not None:
            return
        if channel.bridge is not None:
            if channel.bridge.key == key:
                return
            self._leave(moment, channel)
        bridge = self._bridges.setdefault(key, CelBridge(key))
        bridge.put(channel)
        channel.bridge = bridge
        channel.entered += 1
        channel.came = moment
        if channel.local:
            self._halves[channel.name] = channel
        self._look(moment, bridge, channel)

    def _leave(self, moment: int, channel: CelChannel) -> None:
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.take(channel)
        channel.bridge = None
        _stop(moment, channel)
        if not bridge.people and not bridge.halves:
            self._bridges.pop(bridge.key, None)
        self._look(moment, bridge, channel)
        if channel.local:
            self._halves.pop(channel.name, None)
            other = self._halves.get(_other_half(channel.name))
            if other is not None and other.bridge is not None:
                self._look(moment, other.bridge, channel)

    def _look(self, moment: int, bridge: CelBridge, who: CelChannel) -> None:
        """Update who is connected, after a channel entered or left."""
        bridges = list(self._connected(bridge))
        count = sum(len(one.people) for one in bridges)
        if who.local or count <= 2:
            people = [one for each in bridges for one in each.people]
        else:
            # All others were connected before, and still are.
            people = [who] if who.bridge is bridge else []
        for one in people:
            if count > 1:
                _start(moment, one, bridges)
            else:
                _stop(moment, one)

    def _connected(self, bridge: CelBridge) -> Iterator[CelBridge]:
        """Yield this bridge, and the bridges that Local channels join with it."""
        known = {bridge.key}
        ahead = [bridge]
        while ahead:
            here = ahead.pop()
            yield here
            for half in here.halves:
                other = self._halves.get(_other_half(half.name))
                if other is not None and other.bridge is not None and other.bridge.key not in known:
                    known.add(other.bridge.key)
                    ahead.append(other.bridge)


def _left_unseen(row: CelEvent, channel: CelChannel) -> None:
    """Note that a channel leaves others with whom it was connected before the log begins."""
    if row.peers and not channel.entered:
        channel.joined_unseen = True
        channel.talked_unseen |= any(map(_is_telephone, row.peers))


def _joined_unseen(row: CelEvent, channel: CelChannel, others: list[CelChannel]) -> None:
    """Note that a channel comes to others who were there before the log begins."""
    seen = {one.name for one in others if one.entered or one.start is not None}
    if any(_is_telephone(name) and name not in seen for name in row.peers):
        channel.joined_unseen = channel.talked_unseen = True


def _is_telephone(name: str) -> bool:
    """Tell whether a channel has a telephone; a Local channel may lead to a mailbox."""
    return not is_local(name) and not is_own(name)


def _other_half(name: str) -> str:
    return name[:-1] + ("2" if name.endswith("1") else "1")


def _start(moment: int, channel: CelChannel, bridges: list[CelBridge]) -> None:
    if channel.since is not None:
        return
    channel.since = moment
    if not channel.spans:
        others = (
            one for bridge in bridges for one in reversed(bridge.people) if one is not channel
        )
        channel.first_with = list(islice(others, _KEPT))


def _stop(moment: int, channel: CelChannel) -> None:
    if channel.since is not None:
        channel.spans.append((channel.since, max(channel.since, moment)))
        channel.since = None
