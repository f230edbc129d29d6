"""The exchange: what is up, who is who, and the events that tell of every change."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import time
import uuid
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from ast_notebook.demo.channel import CAUSES, SIP_CODES, Channel, FarEnd, HungUp, Sent, State
from ast_notebook.demo.conference import Conferences
from ast_notebook.demo.configuration import Configuration, Device, Party
from ast_notebook.demo.devices import Devices
from ast_notebook.demo.local import call_local
from ast_notebook.demo.parking import ParkingLot
from ast_notebook.demo.profile import Profile
from ast_notebook.demo.queues import Queues
from ast_notebook.demo.records import Records
from ast_notebook.demo.telephone import Telephone
from ast_notebook.demo.voicemail import Mailboxes

logger = logging.getLogger(__name__)

#: Headers of an event, in order.
Headers = Mapping[str, str]


class Listener(Protocol):
    """Who is told of events: a client of the manager interface."""

    def hear(self, permission: str, text: str) -> None:
        """Take in an event, if that class is for this listener."""


class Pbx:
    """A small telephone exchange that calls are played on, all on one event loop.

    Parameters
    ----------
    configuration : Configuration
        Its telephones, mailboxes, queues and dialplan.
    profile : Profile
        The Asterisk that it plays.
    seed : int, optional
        What chance begins with; the same seed makes the same days.

    Attributes
    ----------
    channels : dict of str to Channel
        What is up, by name, the oldest first.
    telephones : dict of str to Telephone
        The telephones, by device: ``telephones["2222"]``.
    database : dict of str to str
        Asterisk's own database, by ``/family/key``.
    """

    def __init__(
        self, configuration: Configuration, profile: Profile, *, seed: int | None = None
    ) -> None:
        self.configuration = configuration
        self.profile = profile
        self.dialplan = configuration.dialplan
        self.random = random.Random(seed)  # noqa: S311 - who calls whom is no secret
        self.started = time.time()
        self.listeners: list[Listener] = []
        self.channels: dict[str, Channel] = {}
        self.variables: dict[str, str] = configuration.dialplan.variables
        self.calls_processed = 0
        self._numbers = itertools.count()
        self._serials = {"Local": itertools.count()}
        self._ages: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.records = Records(self)
        self.devices = Devices(self)
        self.telephones: dict[str, Telephone] = {}
        for device in configuration.devices.values():
            self.add_device(device)
        self.mailboxes = Mailboxes(self, configuration.mailboxes)
        self.queues = Queues(self, configuration.queues)
        self.conferences = Conferences(self)
        self.lot = ParkingLot(self, configuration.lot)
        self.database = {
            "/active/office": "0",
            "/dnd/office": "0",
            "/pbx/UUID": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
        }

    # --- telling -------------------------------------------------------------------------------

    def emit(self, permission: str, name: str, *parts: Headers) -> None:
        """Tell every listener of an event."""
        if not self.listeners:
            return
        lines = [
            f"Event: {name}\r\nPrivilege: {permission},all\r\nTimestamp: {time.time():.6f}\r\n"
        ]
        for part in parts:
            lines += [f"{header}: {value}\r\n" for header, value in part.items()]
        text = "".join([*lines, "\r\n"])
        for listener in self.listeners:
            listener.hear(permission, text)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something go on by itself."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """End all that goes on, without a word."""
        self.listeners.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the demo PBX goes on after an error", exc_info=error)

    # --- channels ------------------------------------------------------------------------------

    def add_device(self, device: Device) -> Telephone:
        """Connect one more telephone, which no file names."""
        telephone = self.telephones[device.name] = Telephone(self, device)
        self.devices.add(device.interface)
        return telephone

    def new_channel(
        self,
        device: str,
        far: FarEnd,
        *,
        caller: Party,
        context: str,
        exten: str,
        state: State = State.DOWN,
        parent: Channel | None = None,
        uniqueid: str = "",
        half: str = "",
        is_outbound: bool = False,
    ) -> Channel:
        """Make a channel, and tell of it.

        Parameters
        ----------
        device : str
            What its name begins with, such as ``PJSIP/2222``.
        far : FarEnd
            Who is at its other end.
        parent : Channel, optional
            The channel that called for it, whose Linkedid it takes.
        uniqueid : str
            Its Uniqueid, where who asked for it gave one.
        is_outbound : bool
            Whether the exchange calls, not the far end.
        half : str
            The half of a Local channel that it is: the serial is the other's.
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
            name, uniqueid, linkedid, technology, far, caller, context, exten, State(state)
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
        """Make the channel that calls an interface, or return None if there is none such.

        Parameters
        ----------
        interface : str
            ``PJSIP/2222``, or ``Local/2222@home/n``.
        parent : Channel, optional
            Who dials.
        uniqueids : tuple of str
            The Uniqueids of the channel and, for a Local channel, of its other half, where who
            asked for it gave them.
        """
        technology, _, name = interface.partition("/")
        if technology.upper() == "LOCAL":
            return call_local(self, name, parent, uniqueids)
        is_ours = technology.upper() == self.profile.technology
        telephone = self.telephones.get(name) if is_ours else None
        if telephone is None:
            return None
        device = telephone.device
        return self.new_channel(
            device.interface,
            telephone.line(),
            caller=device.caller,
            context=device.context,
            exten="s",
            parent=parent,
            uniqueid=uniqueids[0],
            is_outbound=True,
        )

    @property
    def current_calls(self) -> int:
        """The calls that go on: channels that walk the dialplan."""
        return sum(channel.is_walking for channel in self.channels.values())

    def age_of(self, linkedid: str) -> int:
        """Return a number that is the smaller the older a channel is or was."""
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

    def set_state(self, channel: Channel, state: State) -> None:
        """Change the state of a channel, tell of it, and let the far end know."""
        if channel.is_hung_up or channel.state == state:
            return
        channel.state = state
        if state == State.UP:
            channel.answered = time.time()
            self.records.answered(channel)
        self.emit("call", "Newstate", channel.snapshot())
        channel.far.progressed(channel)
        self.devices.check(channel.device)

    def answer(self, channel: Channel) -> None:
        """Answer a channel, from the exchange's side."""
        if channel.state not in (State.UP, State.BUSY):
            self.set_state(channel, State.UP)

    def connect_line(self, channel: Channel, party: Party) -> None:
        """Tell a channel whom it is connected with."""
        if party != channel.connected:
            channel.connected = party
            self.emit("call", "NewConnectedLine", channel.snapshot())
            channel.far.connected(channel)

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
        """Note, and tell, what application a channel comes to."""
        channel.application, channel.data = application, data
        self.records.runs(channel)
        self.tell_application(channel)

    def tell_application(self, channel: Channel) -> None:
        """Tell where in the dialplan a channel is."""
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
        """Put a channel that leaves a bridge where it is sent to, before it is there."""
        if isinstance(sent.go, tuple):
            channel.context, channel.exten, channel.priority = sent.go
            self.tell_application(channel)
            channel.is_announced = True

    # --- what the far end of a channel does ----------------------------------------------------

    def rings(self, channel: Channel) -> None:
        """Take in that the far end rings."""
        self.set_state(channel, State.RINGING)
        if channel.dialling is not None and not channel.is_hung_up:
            channel.dialling.ringing(channel)

    def picks_up(self, channel: Channel) -> None:
        """Take in that the far end has answered."""
        if channel.is_hung_up or channel.is_up:
            return
        self.set_state(channel, State.UP)
        if channel.dialling is not None:
            channel.dialling.answered(channel)

    def refuses(self, channel: Channel, cause: int) -> None:
        """Take in that the far end refuses a call, or gives up a call that was refused."""
        if self.profile.tells_sip_code:
            self.hangs_up(channel, cause)
        elif not channel.is_hung_up:
            # chan_sip hears a decline as a busy tone, and says nothing of a request.
            channel.cause = cause
            channel.interrupt(HungUp())
            if channel.dialling is not None:
                channel.dialling.failed(channel, 17 if cause == 21 else cause)

    def hangs_up(self, channel: Channel, cause: int | None = None) -> None:
        """Take in that the far end hung up, or refused, and the cause if it gave one."""
        if channel.is_hung_up:
            return
        told = {}
        if cause is not None:
            self._blame(channel, cause)
            told["Cause"] = str(cause)
        self.emit("call", "HangupRequest", channel.snapshot(), told, channel.sip())
        self._end(channel)

    # --- hanging up ----------------------------------------------------------------------------

    def request_hangup(self, channel: Channel, cause: int = 0) -> None:
        """Have a channel hung up, from the exchange's side."""
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
        """End a channel for good, and tell of it."""
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
        channel.far.ended(channel)
        self.devices.went(channel)
