"""Calls that nobody made: a script of what Asterisk's manager would send of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

START = 1_700_000_000
#: Seconds between two events that follow each other at once.
STEP = 0.001


@dataclass(frozen=True)
class Channel:
    """A channel, with what its events say of it."""

    name: str
    uniqueid: str
    linkedid: str
    number: str | None = None

    def with_linkedid(self, linkedid: str | Channel) -> Channel:
        """The same with another linkedid, its own being that of a channel."""
        given = linkedid.linkedid if isinstance(linkedid, Channel) else linkedid
        return replace(self, linkedid=given)

    def shows(self, number: str | None) -> Channel:
        """The same with another number."""
        return replace(self, number=number)


class Script:
    """Writes events down, each a moment after the one before."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._now = 0.0
        self._channels = 0
        self._bridges: dict[str, str] = {}

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self._now += seconds

    def say(self, event: str, channel: Channel | None = None, **headers: Any) -> None:
        """Write an event down, with what it says of its channel."""
        said: dict[str, Any] = {"at": round(self._now, 6), "server": "ast", "event": event}
        if channel is not None:
            said |= {
                "channel": channel.name,
                "uniqueid": channel.uniqueid,
                "linkedid": channel.linkedid,
                "calleridnum": channel.number,
            }
        self.events.append(said | headers)
        self._now += STEP

    def new(
        self,
        name: str,
        number: str | None = None,
        *,
        exten: str | None = None,
        of: Channel | None = None,
    ) -> Channel:
        """A channel begins, of its own accord or because of another one."""
        self._channels += 1
        uniqueid = f"{START + int(self._now)}.{self._channels}"
        linkedid = uniqueid if of is None else of.linkedid
        made = Channel(f"{name}-{self._channels:08x}", uniqueid, linkedid, number)
        self.say("Newchannel", made, exten=exten or ("s" if of else None))
        return made

    def local(self, exten: str, *, of: Channel | None = None) -> tuple[Channel, Channel]:
        """Two halves of a Local channel begin."""
        first = self.new(f"Local/{exten}", exten=exten, of=of)
        first = self._renamed(first, f"{first.name};1")
        second = self.new(f"Local/{exten}", exten=exten, of=of or first)
        return first, self._renamed(second, f"{first.name[:-1]}2")

    def _renamed(self, channel: Channel, name: str) -> Channel:
        self.events[-1]["channel"] = name
        return replace(channel, name=name)

    def dials(self, one: Channel | None, other: Channel, exten: str | None = None) -> None:
        """A channel, or the manager, dials another one."""
        dest = {"destuniqueid": other.uniqueid, "destlinkedid": other.linkedid}
        self.say("DialBegin", one, exten=exten, **dest)

    def dialled(self, one: Channel | None, other: Channel, status: str) -> None:
        """So ended the dial."""
        dest = {"destuniqueid": other.uniqueid, "destlinkedid": other.linkedid}
        self.say("DialEnd", one, dialstatus=status, **dest)

    def rings(self, channel: Channel, seconds: float = 0.0) -> None:
        """A telephone rings."""
        self.say("Newstate", channel, channelstatedesc="Ringing")
        self.wait(seconds)

    def up(self, *channels: Channel) -> None:
        """Channels are answered."""
        for channel in channels:
            self.say("Newstate", channel, channelstatedesc="Up")

    def enter(self, bridge: str, *channels: Channel, **headers: Any) -> None:
        """Channels enter a bridge."""
        for channel in channels:
            self._bridges[channel.uniqueid] = bridge
            self.say("BridgeEnter", channel, bridgeuniqueid=bridge, **headers)

    def leave(self, *channels: Channel) -> None:
        """Channels leave the bridge that they are in."""
        for channel in channels:
            self.say("BridgeLeave", channel, bridgeuniqueid=self._bridges.pop(channel.uniqueid))

    def ask(self, channel: Channel, cause: int | None = 16, state: str | None = None) -> None:
        """The other end of a channel hangs up."""
        self.say("HangupRequest", channel, cause=cause, channelstatedesc=state)

    def end(self, *channels: Channel, cause: int = 16) -> None:
        """Channels leave their bridges, if they are in one, and end."""
        self.leave(*(one for one in channels if one.uniqueid in self._bridges))
        for channel in channels:
            self.say("Hangup", channel, cause=cause)

    def call(self, one: Channel, other: Channel, exten: str, bridge: str, ring: float = 1) -> None:
        """A telephone calls another one, which answers."""
        self.dials(one, other, exten)
        self.rings(other, ring)
        self.up(other)
        self.dialled(one, other, "ANSWER")
        self.up(one)
        self.enter(bridge, other, one)

    def frame(self) -> pd.DataFrame:
        """The events as ``sh.ast.events`` has them."""
        made = pd.DataFrame(self.events)
        moments = START * 10**6 + (made.pop("at") * 10**6).round().astype("int64")
        times = pd.to_datetime(moments, unit="us", utc=True).astype("datetime64[us, UTC]")
        made.insert(0, "time", times)
        return made.assign(received=times)


def only(found: pd.DataFrame) -> dict[str, Any]:
    """The one row of a frame; what is missing is None."""
    assert len(found) == 1
    row: dict[Any, Any] = found.astype(object).where(found.notna(), None).iloc[0].to_dict()
    return row
