"""The exchange: the channels that are up, and the events of every change."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ast_notebook.demo.channel import (
    CAUSES,
    SIP_CODES,
    Channel,
    ChannelState,
    HungUp,
    RemoteEnd,
    Sent,
)
from ast_notebook.demo.configuration import Configuration, Party
from ast_notebook.demo.devices import DeviceStates
from ast_notebook.demo.event_sender import EventSender
from ast_notebook.demo.profile import Profile
from ast_notebook.demo.records import CallDetailRecords

logger = logging.getLogger(__name__)

#: The next position of a channel in the dialplan; None for the next step.
Place = tuple[str, str, int] | None
#: An application: it is called with a channel and the data of the step.
Application = Callable[[Channel, str], Awaitable[Place]]
#: Makes the channel that calls a device, given the device's name, the dialler, and two Uniqueids.
Technology = Callable[[str, Channel | None, tuple[str, str]], Channel | None]


class Exchange(EventSender):
    """The base of the demo PBX: its channels, and what happens to them.

    Other modules register applications of the dialplan, and technologies that can be called.

    Parameters
    ----------
    configuration : Configuration
        Its telephones, mailboxes, queues and dialplan.
    profile : Profile
        The Asterisk that it plays.
    seed : int, optional
        The seed of the random numbers; the same seed makes the same days.

    Attributes
    ----------
    channels : dict of str to Channel
        The channels that are up, by name, the oldest first.
    applications : dict of str to callable
        The applications of the dialplan, by Asterisk's names.
    technologies : dict of str to callable
        The functions that make channels, by the technology in capitals.
    database : dict of str to str
        Asterisk's own database, by ``/family/key``.
    """

    def __init__(
        self, configuration: Configuration, profile: Profile, *, seed: int | None = None
    ) -> None:
        super().__init__()
        self.configuration = configuration
        self.profile = profile
        self.dialplan = configuration.dialplan
        self.random = random.Random(seed)  # noqa: S311 - who calls whom is no secret
        self.started = time.time()
        self.channels: dict[str, Channel] = {}
        self.variables: dict[str, str] = configuration.dialplan.variables
        self.calls_processed = 0
        self._numbers = itertools.count()
        self._serials = {"Local": itertools.count()}
        self._ages: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.applications: dict[str, Application] = {}
        self.technologies: dict[str, Technology] = {}
        self.records = CallDetailRecords(self, configuration.record_mappings)
        self.devices = DeviceStates(
            self, configuration.dialplan, rings_at_once=profile.rings_at_once
        )
        self.database = {
            "/active/office": "0",
            "/dnd/office": "0",
            "/pbx/UUID": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
        }

    # --- what goes on by itself ------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """End everything that runs in the background, without events."""
        self.listeners.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the demo PBX goes on after an error", exc_info=error)

    # --- channels ------------------------------------------------------------------------------

    def new_channel(
        self,
        device: str,
        remote: RemoteEnd,
        *,
        caller: Party,
        context: str,
        exten: str,
        state: ChannelState = ChannelState.DOWN,
        parent: Channel | None = None,
        uniqueid: str = "",
        half: str = "",
        is_outbound: bool = False,
    ) -> Channel:
        """Make a channel, and send its event.

        Parameters
        ----------
        device : str
            The beginning of its name, such as ``PJSIP/2222``.
        remote : RemoteEnd
            The remote end.
        parent : Channel, optional
            The channel that dials it, whose Linkedid it takes.
        uniqueid : str
            Its Uniqueid, if an Originate gave one.
        is_outbound : bool
            Whether the exchange calls, and not the remote end.
        half : str
            Which half of a Local channel it is; both halves have the same serial.
        """
        technology = device.partition("/")[0]
        if half != ";2":
            self._serials.setdefault(technology, itertools.count())
            serial = next(self._serials[technology])
            name = f"{device}-{serial:08x}{half}"
        else:
            assert parent is not None
            name = parent.name[:-2] + half
        number = next(self._numbers)
        uniqueid = uniqueid or f"{int(time.time())}.{number}"
        linkedid = parent.linkedid if parent else uniqueid
        self._ages[uniqueid] = number
        channel = Channel(
            name,
            uniqueid,
            linkedid,
            technology,
            remote,
            caller,
            context,
            exten,
            ChannelState(state),
        )
        channel.is_outbound = is_outbound
        self.channels[name] = channel
        self.records.begin(channel)
        self.calls_processed += parent is None
        self.devices.came(channel)
        self.emit("call", "Newchannel", channel.snapshot())
        return channel

    def call_out(
        self,
        interface: str,
        *,
        parent: Channel | None = None,
        uniqueids: tuple[str, str] = ("", ""),
    ) -> Channel | None:
        """Make the channel that calls an interface; None if there is no such interface.

        Parameters
        ----------
        interface : str
            ``PJSIP/2222``, or ``Local/2222@home/n``.
        parent : Channel, optional
            The dialling channel.
        uniqueids : tuple of str
            The Uniqueids of the channel and, for a Local channel, of its other half, if an
            Originate gave them.
        """
        technology, _, name = interface.partition("/")
        call = self.technologies.get(technology.upper())
        return None if call is None else call(name, parent, uniqueids)

    @property
    def current_calls(self) -> int:
        """The active calls: channels that execute the dialplan."""
        return sum(channel.is_walking for channel in self.channels.values())

    def age_of(self, linkedid: str) -> int:
        """Return a number that orders channels by age, the oldest first."""
        return self._ages.get(linkedid, 0)

    def find(self, name: str) -> Channel | None:
        """Return a channel by its name or its Uniqueid."""
        found = self.channels.get(name)
        if found is not None:
            return found
        lower = name.lower()
        for channel in self.channels.values():
            if name == channel.uniqueid or lower == channel.name.lower():
                return channel
        return None

    def set_state(self, channel: Channel, state: ChannelState) -> None:
        """Change the state of a channel, send the event, and tell the remote end."""
        if channel.is_hung_up or channel.state == state:
            return
        channel.state = state
        if state == ChannelState.UP:
            channel.answered = time.time()
            self.records.answered(channel)
        self.emit("call", "Newstate", channel.snapshot())
        channel.remote.progressed(channel)
        self.devices.check(channel.device)

    def answer(self, channel: Channel) -> None:
        """Answer a channel, from the exchange's side."""
        if channel.state not in (ChannelState.UP, ChannelState.BUSY):
            self.set_state(channel, ChannelState.UP)

    def connect_line(self, channel: Channel, party: Party) -> None:
        """Tell a channel whom it is connected with."""
        if party != channel.connected:
            channel.connected = party
            self.emit("call", "NewConnectedLine", channel.snapshot())
            channel.remote.connected(channel)

    def identify(self, channel: Channel, party: Party) -> None:
        """Change the caller's id of a channel."""
        if party != channel.caller:
            channel.caller = party
            self.emit(
                "call",
                "NewCallerid",
                channel.snapshot(),
                {"CID-CallingPres": "0 (Presentation Allowed, Not Screened)"},
            )

    def set_variable(
        self, channel: Channel | None, name: str, value: str, *, only_if_set: bool = False
    ) -> None:
        """Set a variable of a channel, or a global one."""
        where = self.variables if channel is None else channel.variables
        if only_if_set and not where.get(name):
            return
        where[name] = value
        about = {"Channel": "none", "Uniqueid": "none"} if channel is None else channel.snapshot()
        self.emit("dialplan", "VarSet", about, {"Variable": name, "Value": value})

    def enter_application(self, channel: Channel, application: str, data: str) -> None:
        """Note the application that a channel executes, and send its event."""
        channel.application, channel.data = application, data
        self.records.runs(channel)
        self.tell_application(channel)

    def tell_application(self, channel: Channel) -> None:
        """Send the event that tells where in the dialplan a channel is."""
        self.emit(
            "dialplan",
            "Newexten",
            channel.snapshot(),
            {
                "Extension": channel.exten,
                "Application": channel.application,
                "AppData": channel.data,
            },
        )

    def arrive(self, channel: Channel, sent: Sent) -> None:
        """Set the position of a channel that leaves a bridge to where it is sent."""
        if isinstance(sent.go, tuple):
            channel.context, channel.exten, channel.priority = sent.go
            self.tell_application(channel)
            channel.is_announced = True

    # --- what the remote end of a channel does ----------------------------------------------------

    def rings(self, channel: Channel) -> None:
        """Note that the remote end rings."""
        self.set_state(channel, ChannelState.RINGING)
        if channel.dialling is not None and not channel.is_hung_up:
            channel.dialling.ringing(channel)

    def picks_up(self, channel: Channel) -> None:
        """Note that the remote end has answered."""
        if channel.is_hung_up or channel.is_up:
            return
        self.set_state(channel, ChannelState.UP)
        if channel.dialling is not None:
            channel.dialling.answered(channel)

    def refuses(self, channel: Channel, cause: int) -> None:
        """Note that the remote end refuses a call, or gives up a call that was refused."""
        if self.profile.tells_sip_code:
            self.hangs_up(channel, cause)
        elif not channel.is_hung_up:
            # chan_sip treats a decline as a busy tone, and sends no event of a request.
            channel.cause = cause
            channel.interrupt(HungUp())
            if channel.dialling is not None:
                channel.dialling.failed(channel, 17 if cause == 21 else cause)

    def hangs_up(self, channel: Channel, cause: int | None = None) -> None:
        """Note that the remote end hung up or refused, and the cause if it gave one."""
        if channel.is_hung_up:
            return
        cause_header = {}
        if cause is not None:
            self._blame(channel, cause)
            cause_header["Cause"] = str(cause)
        self.emit("call", "HangupRequest", channel.snapshot(), cause_header, channel.sip())
        self._end(channel)

    # --- hanging up ----------------------------------------------------------------------------

    def request_hangup(self, channel: Channel, cause: int = 0) -> None:
        """Hang up a channel, from the exchange's side."""
        if not channel.is_hung_up:
            self._blame(channel, cause)
            self._end(channel)

    def _blame(self, channel: Channel, cause: int) -> None:
        channel.cause = cause or channel.cause
        is_telephone = channel.technology == self.profile.technology
        if self.profile.tells_sip_code and is_telephone and not channel.is_up:
            channel.tech_cause = SIP_CODES.get(channel.cause, 0)

    def _end(self, channel: Channel) -> None:
        channel.interrupt(HungUp())
        if channel.dialling is not None and not channel.is_up:
            channel.dialling.failed(channel, channel.cause)

    def hangup(self, channel: Channel) -> None:
        """End a channel for good, and send its events."""
        if channel.is_hung_up:
            return
        channel.interrupt(HungUp())
        channel.is_hung_up = True
        del self.channels[channel.name]
        self._ages.pop(channel.uniqueid, None)
        if self.profile.record_first:
            self.records.tell(channel)
        cause = {"Cause": str(channel.cause), "Cause-txt": CAUSES.get(channel.cause, "Unknown")}
        self.emit("call", "Hangup", channel.snapshot(), cause, channel.sip())
        if not self.profile.record_first:
            self.records.tell(channel)
        channel.remote.ended(channel)
        self.devices.went(channel)
