"""Channels and bridges, and what is written whenever something happens to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.model.records import Record, Records
from tests.model.streams import Streams

#: The telephones: their numbers and names; those without are called by what was dialled.
TELEPHONES = {
    "2222": ("2222", "Office"),
    "200": ("200", "Door"),
    "240": ("240", "Hall"),
    "30": ("30", "Kitchen"),
    "300": ("300", "Garage"),
    "71": ("", ""),
    "72": ("", ""),
}
#: Seconds from one event to the next, where nothing is waited for.
_NEXT = 0.000_02


@dataclass(eq=False)
class Channel:
    """A channel as the events show it."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    caller_name: str
    exten: str
    context: str = "phones"
    state: str = "Down"
    application: str = ""
    data: str = ""
    ani: str = ""
    dnid: str = ""
    #: Who hung up, as the CEL has it, and how this channel's last dial ended.
    source: str = ""
    status: str = ""
    #: By what it was called, if nobody dialled for it: the application that it ends with.
    outgoing: str = ""
    #: Whom it was last connected to, or heard ring: number and name.
    connected: tuple[str, str] | None = None
    #: Who is behind it, if it is the first half of a Local channel that was called.
    behind: Behind | None = None
    #: Who talks in its stead since it took itself away.
    new_holder: Channel | None = None
    #: It was dialled, and whatever it does in the dialplan later is forgotten at its end.
    sent_on: bool = False
    bridge: Bridge | None = None
    records: list[Record] = field(default_factory=list)

    @property
    def device(self) -> str:
        """Its device, without the technology."""
        return self.name.rpartition("-")[0].partition("/")[2]

    def headers(self) -> dict[str, Any]:
        """Return what every event about it has."""
        return {
            "channel": self.name,
            "channelstatedesc": self.state,
            "calleridnum": self.number or None,
            "calleridname": self.caller_name or None,
            "context": self.context,
            "exten": self.exten or None,
            "uniqueid": self.uniqueid,
            "linkedid": self.linkedid,
        }


class Behind(Protocol):
    """Who is at the other end of a Local channel that walks the dialplan."""

    def hears(self, x: Exchange) -> None:
        """Hear that somebody rings."""

    def hangs_up(self, x: Exchange) -> None:
        """Hang up, and let the Local channel hear of it."""

    def is_connected(self, x: Exchange, left: Callable[[], None]) -> None:
        """Talk with whom the Local channel reached, perhaps without it; `left` is as it goes."""

    def is_left(self, x: Exchange, cause: int) -> None:
        """Go, as the Local channel is gone."""


@dataclass(eq=False)
class Bridge:
    """A bridge, and who is in it."""

    uniqueid: str
    technology: str = "simple_bridge"
    kind: str = "basic"
    channels: list[Channel] = field(default_factory=list)


class Exchange:
    """A switchboard that has one thing happen after the other.

    Parameters
    ----------
    version : int
        16 writes as chan_sip does, 22 as chan_pjsip does.
    now : float
        When it begins, in seconds since 1970 UTC.
    """

    def __init__(self, version: int, now: float = 1_790_000_000.0) -> None:
        self.version = version
        self.tech = "SIP" if version == 16 else "PJSIP"
        self.now = now
        self.streams = Streams()
        self.records = Records(self._recorded)
        self.channels: list[Channel] = []
        #: Whether the caller moves, not the telephone, when a Local channel takes itself away.
        self.moves_caller = False
        #: Whether caller and Local channel are in their bridge before those at its other end.
        self.outer_first = False
        #: Whether its second half ends before the first one, and asks for that.
        self.two_first = False
        #: Whether nothing says why a telephone hangs up whose call was answered.
        self.unsaid = False
        self._numbers = {"channel": 0, "name": 0, "local": 0, "bridge": 0}

    # --- time, and what is told ----------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def tell(self, kind: str, channel: Channel | None, **more: Any) -> None:
        """Tell the manager of something."""
        self.now += _NEXT
        self.streams.event(self.now, kind, channel, **more)

    def write(self, kind: str, channel: Channel, peer: str = "", **extra: Any) -> None:
        """Write it into the CEL."""
        self.streams.line(self.now, kind, channel, peer, **extra)

    def _recorded(self, channel: Channel, record: dict[str, Any]) -> None:
        self.streams.cdr.append(record)
        self.tell("Cdr", channel, lastapplication=record["lastapp"])

    def next(self, kind: str) -> int:
        """Return the next number of its kind."""
        self._numbers[kind] += 1
        return self._numbers[kind]

    # --- channels ------------------------------------------------------------------------------

    def new(
        self,
        name: str,
        exten: str,
        *,
        of: Channel | None = None,
        state: str = "Down",
        named: bool = True,
    ) -> Channel:
        """Make a channel; ``of`` is who wants it, if it does not dial by itself."""
        uniqueid = f"{int(self.now)}.{self.next('channel')}"
        device = name.partition("/")[2]
        number, caller_name = TELEPHONES.get(device, ("", ""))
        if of is None and not number and named:
            number = device  # a telephone says who it is when it dials
        channel = Channel(
            name=name if name.startswith("Local/") else f"{name}-{self.next('name'):08x}",
            uniqueid=uniqueid,
            linkedid=of.linkedid if of else uniqueid,
            number=number,
            caller_name=caller_name,
            exten=exten,
            state=state,
        )
        self.channels.append(channel)
        self.tell("Newchannel", channel)
        self.write("CHAN_START", channel)
        return channel

    def calls(self, device: str, exten: str) -> Channel:
        """Let a telephone dial."""
        at_once = "Ring" if self.version == 22 else "Down"
        channel = self.new(f"{self.tech}/{device}", exten, state=at_once)
        if channel.state != "Ring":
            self.becomes(channel, "Ring")
        channel.ani, channel.dnid = channel.number, exten
        self.records.begin(channel, self.now)
        return channel

    def becomes(self, channel: Channel, state: str) -> None:
        """Change the state of a channel."""
        channel.state = state
        self.tell("Newstate", channel)
        if state == "Up":
            self.write("ANSWER", channel)
            self.records.answers(channel, self.now)

    def identify(self, channel: Channel, number: str, name: str | None = None) -> None:
        """Give a channel another number."""
        channel.number = number
        channel.caller_name = channel.caller_name if name is None else name
        self.tell("NewCallerid", channel)

    def executes(self, channel: Channel, application: str, data: str = "") -> None:
        """Let the dialplan do something with a channel."""
        channel.application, channel.data = application, data
        self.tell("Newexten", channel, application=application, appdata=data)
        self.records.executes(channel, self.now)

    def asks(self, channel: Channel, cause: int | None = None) -> None:
        """Hear that the telephone of a channel hung up."""
        if cause == 16 and self.unsaid and not channel.name.startswith("Local/"):
            cause = None
        self.tell("HangupRequest", channel, **({} if cause is None else {"cause": cause}))

    def softly(self, channel: Channel) -> None:
        """Let Asterisk itself hang up whoever walks the dialplan."""
        self.tell("SoftHangupRequest", channel, cause=16)

    def ends(self, channel: Channel, cause: int, source: str = "") -> None:
        """End a channel."""
        self.channels.remove(channel)
        extra: dict[str, Any] = {
            "hangupcause": cause,
            "hangupsource": source or channel.source,
            "dialstatus": channel.status,
        }
        if channel.outgoing:
            channel.application, channel.data = channel.outgoing, "(Outgoing Line)"
        elif channel.sent_on:
            channel.application, channel.data = "AppDial", "(Outgoing Line)"
        elif channel.application not in ("AppDial", "AppQueue"):
            channel.application = channel.data = ""
        self.tell("Hangup", channel, cause=cause)
        self.write("HANGUP", channel, **extra)
        self.write("CHAN_END", channel)
        if all(other.linkedid != channel.linkedid for other in self.channels):
            self.write("LINKEDID_END", channel)
        self.records.ends(channel, self.now)
        if channel.behind is not None:
            channel.behind.is_left(self, cause)

    def hang_up(self, caller: Channel, cause: int | None = None) -> tuple[int, str]:
        """Hear that a caller hangs up; return the cause of his channel, and who ended it."""
        if caller.behind is not None:
            caller.behind.hangs_up(self)
            return 16, ""
        if caller.outgoing:
            cause = cause or 16
        self.asks(caller, cause)
        return cause or 0, caller.name

    # --- dialling ------------------------------------------------------------------------------

    def dials(
        self, caller: Channel, leg: Channel, application: str = "AppDial", exten: str | None = None
    ) -> None:
        """Let a channel dial another one, which was made for that."""
        leg.application, leg.data = application, "(Outgoing Line)"
        if not leg.name.startswith("Local/"):
            leg.exten = caller.exten if exten is None else exten
            leg.ani = leg.number
        if not leg.number and (application != "AppQueue" or self.version == 22):
            self.identify(leg, caller.exten)
        self.records.dials(caller, leg, self.now)
        self.tell("DialBegin", caller, **dest(leg))

    def dialled(self, caller: Channel, leg: Channel, status: str) -> None:
        """Tell how that ended."""
        self.tell("DialEnd", caller, **dest(leg), dialstatus=status)
        self.records.dialled(caller, leg, status, self.now)

    # --- bridges -------------------------------------------------------------------------------

    def bridge(self, technology: str = "simple_bridge", kind: str = "basic") -> Bridge:
        """Make a bridge."""
        bridge = Bridge(f"bridge-{self.next('bridge')}", technology, kind)
        self.tell("BridgeCreate", None, **bridged(bridge))
        return bridge

    def enters(self, bridge: Bridge, channel: Channel) -> None:
        """Let a channel enter a bridge; who talks with each other is of the oldest call of all."""
        peers = ",".join(other.name for other in bridge.channels)
        bridge.channels.append(channel)
        channel.bridge = bridge
        if channel.application == "AppDial":
            channel.exten = ""
        if bridge.kind == "basic":
            oldest = min((other.linkedid for other in bridge.channels), key=age)
            for other in bridge.channels:
                self.links(other, oldest)
        self.tell("BridgeEnter", channel, **bridged(bridge))
        self.write("BRIDGE_ENTER", channel, peers, **_extra(bridge))

    def links(self, channel: Channel, linkedid: str) -> None:
        """Let a channel be of another call from now on."""
        before, channel.linkedid = channel.linkedid, linkedid
        if all(other.linkedid != before for other in self.channels):
            channel.linkedid = before
            self.write("LINKEDID_END", channel)
            channel.linkedid = linkedid

    def leaves(self, channel: Channel) -> None:
        """Let a channel leave its bridge."""
        bridge = channel.bridge
        assert bridge is not None
        bridge.channels.remove(channel)
        channel.bridge = None
        peers = ",".join(other.name for other in bridge.channels)
        self.tell("BridgeLeave", channel, **bridged(bridge))
        self.write("BRIDGE_EXIT", channel, peers, **_extra(bridge))
        self.records.parts(channel, self.now)
        if not bridge.channels:
            self.tell("BridgeDestroy", None, **bridged(bridge))


def about(prefix: str, channel: Channel) -> dict[str, Any]:
    """Return the headers by which an event speaks of another channel."""
    return {f"{prefix}{name}": value for name, value in channel.headers().items() if value}


def dest(leg: Channel) -> dict[str, Any]:
    """Return what an event has of a channel that is called."""
    return about("dest", leg)


def bridged(bridge: Bridge) -> dict[str, Any]:
    """Return what an event has of a bridge."""
    return {
        "bridgeuniqueid": bridge.uniqueid,
        "bridgetype": bridge.kind,
        "bridgetechnology": bridge.technology,
    }


def _extra(bridge: Bridge) -> dict[str, str]:
    return {"bridge_id": bridge.uniqueid, "bridge_technology": bridge.technology}


def age(uniqueid: str) -> tuple[int, int]:
    """Return what orders channels by when they were made."""
    second, _, number = uniqueid.partition(".")
    return int(second), int(number)
