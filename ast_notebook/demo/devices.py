"""Device states: those of telephones, and of other things that have a state in Asterisk."""

from __future__ import annotations

from collections.abc import Callable

from ast_notebook.demo.channel import Channel, ChannelState
from ast_notebook.demo.configuration import Device
from ast_notebook.demo.dialplan import Dialplan
from ast_notebook.demo.event_sender import EventSender

#: The numbers and words of the extension that shows a device's state.
EXTENSION_STATUS = {
    "NOT_INUSE": ("0", "Idle"),
    "INUSE": ("1", "InUse"),
    "BUSY": ("2", "Busy"),
    "UNAVAILABLE": ("4", "Unavailable"),
    "RINGING": ("8", "Ringing"),
    "RINGINUSE": ("9", "InUse&Ringing"),
    "ONHOLD": ("16", "Hold"),
}


class DeviceStates:
    """Keeps the channels of each device, and sends an event when the device's state changes.

    Attributes
    ----------
    states : dict of str to str
        The state of each device, and of other things that have one.
    known : dict of str to Device
        The telephones by their names.
    watchers : list of callable
        Each is called with a device whose state has changed, after the event was sent.
    """

    def __init__(self, sender: EventSender, dialplan: Dialplan, *, rings_at_once: bool) -> None:
        self.states: dict[str, str] = {}
        self.known: dict[str, Device] = {}
        self.watchers: list[Callable[[str], None]] = []
        self._silent: set[str] = set()
        self._sender = sender
        self._dialplan = dialplan
        self._rings_at_once = rings_at_once
        self._channels: dict[str, list[Channel]] = {}
        self._hints: dict[str, list[tuple[str, str]]] = {}
        for place, device in dialplan.hints.items():
            self._hints.setdefault(device, []).append(place)

    def add(self, device: Device) -> None:
        """Keep a state for a telephone."""
        self.known[device.name] = device
        self.states[device.interface] = "NOT_INUSE"
        if self._rings_at_once:
            self._silent.add(device.interface)

    def listed(self) -> dict[str, str]:
        """Return the states that Asterisk lists: chan_sip's are listed only after a change."""
        return {
            device: state for device, state in self.states.items() if device not in self._silent
        }

    def came(self, channel: Channel) -> None:
        """Note a new channel."""
        self._channels.setdefault(channel.device, []).append(channel)
        if self._rings_at_once:
            self.check(channel.device)

    def went(self, channel: Channel) -> None:
        """Note that a channel is gone."""
        channels = self._channels[channel.device]
        channels.remove(channel)
        if not channels:
            del self._channels[channel.device]
        self.check(channel.device)

    def channels_of(self, device: str) -> list[Channel]:
        """Return the channels of a device."""
        return self._channels.get(device, [])

    def check(self, device: str) -> None:
        """Compute the state of a device, and send an event if it is new."""
        if device.startswith("Local/"):
            # Asterisk keeps no state of these, and therefore sends it each time.
            _, _, place = device.partition("/")
            self._tell(device, self._local(device, *place.split("@")))
        elif device in self.states:
            self.set(device, self._state(device))

    def set(self, device: str, state: str, *, quietly: bool = False) -> None:
        """Set a state, and send an event if it is new."""
        if self.states.get(device) == state:
            return
        self.states[device] = state
        self._silent.discard(device)
        if quietly:
            return
        self._tell(device, state)
        for context, exten in self._hints.get(device, ()):
            self._sender.emit("call", "ExtensionStatus", self.extension(context, exten))
        for watch in self.watchers:
            watch(device)

    def forget(self, device: str) -> None:
        """Remove a state that is not needed any more."""
        self.states.pop(device, None)

    def extension(self, context: str, exten: str) -> dict[str, str]:
        """Return the headers that tell the state of an extension."""
        device = self._dialplan.hints.get((context, exten), "")
        status, word = EXTENSION_STATUS.get(self.states.get(device, ""), ("-1", "Unknown"))
        return {
            "Exten": exten,
            "Context": context,
            "Hint": device,
            "Status": status,
            "StatusText": word,
        }

    def _tell(self, device: str, state: str) -> None:
        self._sender.emit("call", "DeviceStateChange", {"Device": device, "State": state})

    def _state(self, device: str) -> str:
        channels = self.channels_of(device)
        at_once = self._rings_at_once
        if any(one.state == ChannelState.BUSY for one in channels):
            return "BUSY"
        ringing = any(
            one.state == ChannelState.RINGING or (at_once and one.is_outbound and not one.is_up)
            for one in channels
        )
        talking = any(
            one.state in (ChannelState.UP, ChannelState.RING) or (at_once and not one.is_outbound)
            for one in channels
        )
        if ringing:
            return "RINGINUSE" if talking else "RINGING"
        if talking and all(one.held for one in channels):
            return "ONHOLD"
        return "INUSE" if talking else "NOT_INUSE"

    def _local(self, device: str, exten: str, context: str = "default") -> str:
        if self._dialplan.find(context, exten, 1) is None:
            return "INVALID"
        return "INUSE" if self.channels_of(device) else "NOT_INUSE"
