"""A channel: one leg of a call, as the exchange sees it, and how it is sent elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ast_notebook.demo.configuration import NOBODY, Party

#: Hangup causes (Q.850) that the demo knows, and their names.
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
}

#: The codes of SIP for causes by which calls are refused.
SIP_CODES = {3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 603, 34: 503}


class ChannelState(enum.IntEnum):
    """The state of a channel; the numbers and words are Asterisk's."""

    DOWN = 0
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7

    @property
    def word(self) -> str:
        """The word of ``ChannelStateDesc``."""
        return self.name.capitalize()


class RemoteEnd(Protocol):
    """The remote end of a channel: a telephone, or the other half of a Local channel."""

    def called(self, channel: Channel) -> None:
        """Note that the exchange calls out on the channel."""

    def progressed(self, channel: Channel) -> None:
        """Note that the exchange changed the state of the channel, as by an answer."""

    def hears_ringing(self, channel: Channel) -> None:
        """Note, at the end of a caller, that it rings at the other side."""

    def hears_sound(self, channel: Channel) -> None:
        """Note that the exchange plays a sound."""

    def connected(self, channel: Channel) -> None:
        """Note whom the channel is connected with now."""

    def ended(self, channel: Channel) -> None:
        """Note that the exchange has hung up."""


class HungUp(Exception):
    """The channel is being hung up, so its current application ends."""


class Sent(Exception):
    """The channel is sent elsewhere: to another step of the dialplan, or to another function."""

    def __init__(self, go: Callable[[Channel], Awaitable[None]] | tuple[str, str, int]) -> None:
        self.go = go


class Dialling(Protocol):
    """The dialler of an outbound channel, which gets to know how the call goes on."""

    def ringing(self, channel: Channel) -> None:
        """Note that the remote end rings."""

    def answered(self, channel: Channel) -> None:
        """Note that the remote end has answered."""

    def failed(self, channel: Channel, cause: int) -> None:
        """Note that the remote end refused, or that the channel was hung up before an answer."""


@dataclasses.dataclass(eq=False, slots=True)
class Channel:
    """One leg of a call.

    A channel that dials has a task of its own, which executes the dialplan. A dialled channel has
    no task; its dialler controls it. `interrupt` makes either of them end, or go elsewhere.
    """

    name: str
    uniqueid: str
    linkedid: str
    technology: str
    remote: RemoteEnd
    caller: Party
    context: str
    exten: str
    state: ChannelState = ChannelState.DOWN
    priority: int = 1
    connected: Party = NOBODY
    dialled: str = ""
    application: str = ""
    data: str = ""
    language: str = "en"
    account: str = ""
    bridge: Any = None
    held: bool = False
    recordings: int = 0
    cause: int = 0
    tech_cause: int = 0
    is_outbound: bool = False
    is_walking: bool = False
    is_announced: bool = False
    is_hung_up: bool = False
    dialling: Dialling | None = None
    sound: asyncio.Future[None] | None = None
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    since: float = dataclasses.field(default_factory=time.time)
    answered: float | None = None
    ends_at: float | None = None
    records: list[Any] = dataclasses.field(default_factory=list)
    keys: asyncio.Queue[str] = dataclasses.field(default_factory=asyncio.Queue)
    interruption: asyncio.Future[HungUp | Sent] = dataclasses.field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _noticed: asyncio.Future[None] = dataclasses.field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def device(self) -> str:
        """The device that the channel belongs to: its name without the number behind it."""
        return self.name.rpartition("-")[0]

    @property
    def is_up(self) -> bool:
        """Whether it was answered."""
        return self.state == ChannelState.UP

    def interrupt(self, why: HungUp | Sent) -> None:
        """Interrupt the channel's current application, for this reason; a hangup has priority."""
        if isinstance(self.why(), HungUp):
            return
        if self.interruption.done():
            self.interruption = asyncio.get_running_loop().create_future()
        self.interruption.set_result(why)

    def why(self) -> HungUp | Sent | None:
        """Return the reason of an interrupt; None while there is none."""
        return self.interruption.result() if self.interruption.done() else None

    def resume(self) -> None:
        """Clear the interrupt, after the channel was sent elsewhere."""
        if isinstance(self.why(), Sent):
            self.interruption = asyncio.get_running_loop().create_future()

    def look_again(self) -> None:
        """Wake the channel from `wait`, because the time at which it has to end has changed."""
        if not self._noticed.done():
            self._noticed.set_result(None)

    def check(self) -> None:
        """Raise the reason of an interrupt, if there is one.

        Raises
        ------
        HungUp, Sent
        """
        if (why := self.why()) is not None:
            raise why

    async def wait(self, seconds: float | None = None, *others: asyncio.Future[Any]) -> bool:
        """Wait for the first of some futures, and tell whether it came in time.

        Raises
        ------
        HungUp, Sent
            When the channel is interrupted.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self.check()
            if any(other.done() for other in others):
                return True
            now = time.monotonic()
            if self.ends_at is not None and now >= self.ends_at:
                raise HungUp
            if deadline is not None and now >= deadline:
                return False
            self._noticed = asyncio.get_running_loop().create_future()
            ends = [end - now for end in (deadline, self.ends_at) if end is not None]
            awaited: set[asyncio.Future[Any]] = {self.interruption, self._noticed, *others}
            await asyncio.wait(
                awaited,
                timeout=min(ends, default=None),
                return_when=asyncio.FIRST_COMPLETED,
            )

    def snapshot(self, prefix: str = "") -> dict[str, str]:
        """Return the headers that every event about a channel has."""
        caller, connected = self.caller, self.connected
        return {
            f"{prefix}Channel": self.name,
            f"{prefix}ChannelState": str(int(self.state)),
            f"{prefix}ChannelStateDesc": self.state.word,
            f"{prefix}CallerIDNum": caller.number or "<unknown>",
            f"{prefix}CallerIDName": caller.name or "<unknown>",
            f"{prefix}ConnectedLineNum": connected.number or "<unknown>",
            f"{prefix}ConnectedLineName": connected.name or "<unknown>",
            f"{prefix}Language": self.language,
            f"{prefix}AccountCode": self.account,
            f"{prefix}Context": self.context,
            f"{prefix}Exten": self.exten,
            f"{prefix}Priority": str(self.priority),
            f"{prefix}Uniqueid": self.uniqueid,
            f"{prefix}Linkedid": self.linkedid,
        }

    def sip(self) -> dict[str, str]:
        """Return the header with the SIP code, for a leg that was refused by one."""
        return {"TechCause": str(self.tech_cause)} if self.tech_cause else {}
