"""Who is connected with whom: in one bridge, pairs of Local channels seen through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ast_notebook.calls.history.cel_channel import Channel, Row
from ast_notebook.calls.history.cel_extra import word

_KEPT = 8  # of those who were connected first; a conference has many
#: Where each waits for himself: callers who are parked, agents who are logged in.
_HOLDING = "holding_bridge"


class Room:
    """A bridge, and the channels in it in the order in which they came."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.people: dict[Channel, None] = {}
        self.halves: dict[Channel, None] = {}

    def put(self, channel: Channel) -> None:
        """Put a channel in."""
        (self.halves if channel.local else self.people)[channel] = None

    def take(self, channel: Channel) -> None:
        """Take a channel out."""
        (self.halves if channel.local else self.people).pop(channel, None)

    @property
    def channels(self) -> list[Channel]:
        """Everybody in it."""
        return [*self.people, *self.halves]


class Bridges:
    """Follows the bridges of all calls, for those who meet in one may have calls of their own.

    Attributes
    ----------
    seen : bool
        Whether the log has told of any bridge: one that never does cannot tell who talked.
    """

    def __init__(self) -> None:
        self.seen = False
        self._rooms: dict[str, Room] = {}
        self._halves: dict[str, Channel] = {}  # of Local channels in bridges, by their names
        #: Whose place somebody takes who is transferred to where a channel already is.
        self._successors: dict[Channel, Channel] = {}

    # --- what the log tells --------------------------------------------------------------------

    def hear(self, row: Row, channel: Channel, others: list[Channel]) -> None:
        """Take an event; `others` are the channels that it names as being in the same bridge."""
        if row.kind == "BRIDGE_ENTER":
            self.seen = True
            if word(row.extra, "bridge_technology") != _HOLDING:
                self._enter(row.moment, channel, self._key(row, others))
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

    def replaces(self, successor: Channel, channel: Channel) -> None:
        """Take it that somebody comes where a channel is, once that one ends.

        An attended transfer into a conference does so, and no event tells that he enters.
        """
        if channel.room is not None:
            self._successors[channel] = successor

    def _key(self, row: Row, others: list[Channel]) -> str:
        """Return which bridge an event is about, by whatever the log has."""
        bridge = word(row.extra, "bridge_id")
        if bridge:
            return bridge
        room = next((other.room for other in others if other.room is not None), None)
        return room.key if room is not None else f"of {row.linkedid}"

    def _exit(self, row: Row, channel: Channel) -> None:
        bridge = word(row.extra, "bridge_id")
        if channel.room is None:
            if row.peers and not channel.entered:
                channel.joined_unseen = True
        elif not bridge or bridge == channel.room.key:
            self._leave(row.moment, channel)

    def _pair(self, row: Row, channel: Channel, others: list[Channel]) -> None:
        """Connect two, as Asterisk up to 11 does."""
        if not others:
            return
        key = f"of {channel.name} and {others[0].name}"
        for one in (channel, others[0]):
            self._enter(row.moment, one, key)

    def _part(self, row: Row, channel: Channel, others: list[Channel]) -> None:
        rooms = [one.room for one in (channel, *others) if one.room is not None]
        if not rooms and row.peers and not channel.entered:
            channel.joined_unseen = True
        for one in rooms[0].channels if rooms else ():
            self._leave(row.moment, one)

    def _end(self, moment: int, channel: Channel) -> None:
        room = channel.room
        successor = self._successors.pop(channel, None)
        self._leave(moment, channel)
        if room is not None and successor is not None and successor.end is None:
            self._enter(moment, successor, room.key)

    # --- who is where --------------------------------------------------------------------------

    def _enter(self, moment: int, channel: Channel, key: str) -> None:
        if channel.end is not None:
            return
        if channel.room is not None:
            if channel.room.key == key:
                return
            self._leave(moment, channel)
        room = self._rooms.setdefault(key, Room(key))
        room.put(channel)
        channel.room = room
        channel.entered += 1
        channel.came = moment
        if channel.local:
            self._halves[channel.name] = channel
        self._look(moment, room, channel)

    def _leave(self, moment: int, channel: Channel) -> None:
        room = channel.room
        if room is None:
            return
        room.take(channel)
        channel.room = None
        _stop(moment, channel)
        if not room.people and not room.halves:
            self._rooms.pop(room.key, None)
        self._look(moment, room, channel)
        if channel.local:
            self._halves.pop(channel.name, None)
            other = self._halves.get(_other_half(channel.name))
            if other is not None and other.room is not None:
                self._look(moment, other.room, channel)

    def _look(self, moment: int, room: Room, who: Channel) -> None:
        """See who is connected, now that somebody came or left."""
        rooms = list(self._connected(room))
        count = sum(len(one.people) for one in rooms)
        if who.local or count <= 2:
            people = [one for each in rooms for one in each.people]
        else:
            # So many others were connected before, and still are.
            people = [who] if who.room is room else []
        for one in people:
            if count > 1:
                _start(moment, one, rooms)
            else:
                _stop(moment, one)

    def _connected(self, room: Room) -> Iterator[Room]:
        """Yield the bridges that Local channels make one, this one first."""
        known = {room.key}
        ahead = [room]
        while ahead:
            here = ahead.pop()
            yield here
            for half in here.halves:
                other = self._halves.get(_other_half(half.name))
                if other is not None and other.room is not None and other.room.key not in known:
                    known.add(other.room.key)
                    ahead.append(other.room)


def _other_half(name: str) -> str:
    return name[:-1] + ("2" if name.endswith("1") else "1")


def _start(moment: int, channel: Channel, rooms: list[Room]) -> None:
    if channel.since is not None:
        return
    channel.since = moment
    if not channel.spans:
        others = (one for room in rooms for one in reversed(room.people) if one is not channel)
        channel.first_with = list(islice(others, _KEPT))


def _stop(moment: int, channel: Channel) -> None:
    if channel.since is not None:
        channel.spans.append((channel.since, max(channel.since, moment)))
        channel.since = None
