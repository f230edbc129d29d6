"""Device states: the lamps of telephones, and whatever else Asterisk keeps a lamp for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ast_notebook.demo.channel import Channel, State

if TYPE_CHECKING:
    from ast_notebook.demo.pbx import Pbx

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


class Devices:
    """Knows which channels each device has, and tells when its state changes."""

    def __init__(self, pbx: Pbx) -> None:
        self.states: dict[str, str] = {}
        self._silent: set[str] = set()
        self._pbx = pbx
        self._channels: dict[str, list[Channel]] = {}
        self._hints: dict[str, list[tuple[str, str]]] = {}
        for place, device in pbx.dialplan.hints.items():
            self._hints.setdefault(device, []).append(place)

    def add(self, device: str) -> None:
        """Keep a lamp for a telephone."""
        self.states[device] = "NOT_INUSE"
        if self._pbx.profile.rings_at_once:
            self._silent.add(device)

    def listed(self) -> dict[str, str]:
        """Return the states that Asterisk lists: chan_sip's only once they have changed."""
        return {
            device: state for device, state in self.states.items() if device not in self._silent
        }

    def came(self, channel: Channel) -> None:
        """Note a new channel."""
        self._channels.setdefault(channel.device, []).append(channel)
        if self._pbx.profile.rings_at_once:
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
        """Look how a device is, and tell if that is new."""
        if device.startswith("Local/"):
            # Asterisk keeps no state of these, and therefore tells it each time.
            _, _, place = device.partition("/")
            self._tell(device, self._local(device, *place.split("@")))
        elif device in self.states:
            self.set(device, self._state(device))

    def set(self, device: str, state: str, *, quietly: bool = False) -> None:
        """Set a state, and tell of it if it is new."""
        if self.states.get(device) == state:
            return
        self.states[device] = state
        self._silent.discard(device)
        if quietly:
            return
        self._tell(device, state)
        for context, exten in self._hints.get(device, ()):
            self._pbx.emit("call", "ExtensionStatus", self.extension(context, exten))
        self._pbx.queues.device_changed(device)

    def forget(self, device: str) -> None:
        """Let go of a lamp that nobody needs any more."""
        self.states.pop(device, None)

    def extension(self, context: str, exten: str) -> dict[str, str]:
        """Return the headers that tell the state of an extension."""
        device = self._pbx.dialplan.hints.get((context, exten), "")
        status, word = EXTENSION_STATUS.get(self.states.get(device, ""), ("-1", "Unknown"))
        return {
            "Exten": exten,
            "Context": context,
            "Hint": device,
            "Status": status,
            "StatusText": word,
        }

    def _tell(self, device: str, state: str) -> None:
        self._pbx.emit("call", "DeviceStateChange", {"Device": device, "State": state})

    def _state(self, device: str) -> str:
        channels = self.channels_of(device)
        at_once = self._pbx.profile.rings_at_once
        if any(one.state == State.BUSY for one in channels):
            return "BUSY"
        ringing = any(
            one.state == State.RINGING or (at_once and one.is_outbound and not one.is_up)
            for one in channels
        )
        talking = any(
            one.state in (State.UP, State.RING) or (at_once and not one.is_outbound)
            for one in channels
        )
        if ringing:
            return "RINGINUSE" if talking else "RINGING"
        if talking and all(one.held for one in channels):
            return "ONHOLD"
        return "INUSE" if talking else "NOT_INUSE"

    def _local(self, device: str, exten: str, context: str = "default") -> str:
        if self._pbx.dialplan.find(context, exten, 1) is None:
            return "INVALID"
        return "INUSE" if self.channels_of(device) else "NOT_INUSE"
