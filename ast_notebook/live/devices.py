"""The devices and trunks: their lamps, whether they can be reached, and how fast they answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence

from ast_notebook.ami import Event, Pending, is_one_argument
from ast_notebook.errors import AstError, ConnectionLost, PermissionMissing
from ast_notebook.live.channels import device_of
from ast_notebook.live.keeper import Ask, Keeper, moment, number, text
from ast_notebook.live.table import Row, Table

MOST_NAMES = 400  # that are asked for at one connect
NAMES = {"PJSIP": "PJSIP_ENDPOINT({},callerid)", "SIP": "SIPPEER({},callerid_name)"}
NO_TELEPHONES = ("Local", "Queue", "Custom", "MWI", "Park", "confbridge", "Calendar", "Presence")
# What the number that ExtensionStatus calls Status says.
EXTENSION_STATES = {
    "0": "NOT_INUSE",
    "1": "INUSE",
    "2": "BUSY",
    "4": "UNAVAILABLE",
    "8": "RINGING",
    "9": "RINGINUSE",
    "16": "ONHOLD",
    "17": "ONHOLD",
}
_MILLISECONDS = re.compile(r"\((\d+) ms\)")
_CALLERID = re.compile(r'"(.*)" <[^>]*>')


class Devices(Keeper):
    """Keeps the devices, by the technology and name that Asterisk's device states give them."""

    reads = "call"
    questions = (
        {"Action": "DeviceStateList"},
        {"Action": "PJSIPShowEndpoints"},
        {"Action": "ExtensionStateList"},
        {"Action": "PJSIPShowContacts"},
        {"Action": "SIPpeers"},
    )

    def __init__(self) -> None:
        super().__init__()
        fields = {
            "device": "",
            "state": "UNKNOWN",
            "name": "",
            "extension": "",
            "context": "",
            "reachable": "",
            "rtt_ms": None,
            "since": None,
        }
        self.devices = Table(fields, times=("since",))
        self.tables = {"devices": self.devices}
        self._unnamed: deque[str] = deque()
        self._asked: set[str] = set()
        self.events = {
            "DeviceStateChange": self._state,
            "EndpointList": self._endpoint,
            "ExtensionStatus": self._extension,
            "ContactStatus": self._contact,
            "ContactList": self._listed_contact,
            "PeerStatus": self._peer,
            "PeerEntry": self._listed_peer,
            "Newchannel": self._caller,
        }

    def prime(self, ask: Ask, heard: Callable[[], None]) -> None:
        """Ask for all that is there, and then for names, which no list tells."""
        unnamed = self._unnamed = deque()

        def primed() -> None:
            heard()
            self._ask_name(ask, unnamed)

        super().prime(ask, primed)

    def gone(self, rows: Sequence[Row]) -> None:
        """Forget that they were asked about: who comes back is to have a name again."""
        self._asked.difference_update(row["device"] for row in rows)

    def _ask_name(self, ask: Ask, unnamed: deque[str]) -> None:
        """Ask for one name, and for the next once it is told: a PBX may have a thousand devices."""
        if unnamed and unnamed is self._unnamed:
            device = unnamed.popleft()
            technology, _, name = device.partition("/")
            ask(
                {"Action": "Getvar", "Variable": NAMES[technology].format(name)},
                lambda pending: self._named(ask, unnamed, device, pending),
            )

    def _named(self, ask: Ask, unnamed: deque[str], device: str, pending: Pending) -> None:
        try:
            callerid = pending.wait(0).response.get_header("Value") or ""
        except (PermissionMissing, ConnectionLost):
            return
        except AstError:  # this one has no name; the next may have one
            callerid = ""
        pjsip = device.startswith("PJSIP/")
        if pjsip and not callerid and not any(one.startswith("PJSIP/") for one in self._asked):
            return  # this Asterisk lacks the function, and logs an error whenever it is asked
        self._asked.add(device)
        found = _CALLERID.fullmatch(callerid)
        name = found[1] if found else callerid
        if name != "<unknown>" and any(letter.isalpha() for letter in name):
            self.devices.change(device, name=name)
        self._ask_name(ask, unnamed)

    def _state(self, event: Event) -> None:
        device = text(event, "Device")
        technology, slash, name = device.partition("/")
        if not slash or not name or technology in NO_TELEPHONES or ":" in technology:
            return
        state = text(event, "State")
        known = self.devices.get(device)
        since = known["since"] if known and known["state"] == state else moment(event)
        self.devices.put(device, device=device, state=state, since=since)

    def _endpoint(self, event: Event) -> None:
        state = text(event, "DeviceState").replace(" ", "_").upper()
        known = {"NOT_IN_USE": "NOT_INUSE", "IN_USE": "INUSE", "ON_HOLD": "ONHOLD"}
        self._list(f"PJSIP/{text(event, 'ObjectName')}", known.get(state, state))

    def _extension(self, event: Event) -> None:
        # A hint may name several devices; the first is the telephone.
        device = text(event, "Hint").partition("&")[0].partition(",")[0]
        if "/" in device and device.partition("/")[0] not in NO_TELEPHONES:
            self._know(device, EXTENSION_STATES.get(text(event, "Status"), "UNKNOWN"))
            self.devices.put(device, extension=text(event, "Exten"), context=text(event, "Context"))

    def _list(self, device: str, state: str) -> None:
        self._know(device, state)
        new = device.partition("/")[0] in NAMES and device not in self._asked
        if new and is_one_argument(device) and len(self._unnamed) < MOST_NAMES:
            self._unnamed.append(device)

    def _know(self, device: str, state: str) -> None:
        """Take a state that is no news: Asterisk lists no device whose state never changed."""
        known = self.devices.get(device)
        if known is None or known["state"] == "UNKNOWN":
            self.devices.put(device, device=device, state=state)
        else:
            self.devices.put(device)

    def _contact(self, event: Event) -> None:
        status = text(event, "ContactStatus")
        if status in ("Created", "Removed", "Updated"):
            status = {"Removed": "Unreachable"}.get(status, "")
        self._reach(
            f"PJSIP/{text(event, 'EndpointName') or text(event, 'AOR')}",
            status,
            number(event, "RoundtripUsec") / 1000,
        )

    def _listed_contact(self, event: Event) -> None:
        words = {"NonQual": "", "NonQualified": "", "Unavail": "Unreachable", "Avail": "Reachable"}
        status = text(event, "Status")
        usec = text(event, "RoundtripUsec")
        self._reach(
            f"PJSIP/{text(event, 'Endpoint')}",
            words.get(status, status),
            float(usec) / 1000 if usec.replace(".", "", 1).isdigit() else 0.0,
        )

    def _peer(self, event: Event) -> None:
        self._reach(text(event, "Peer"), text(event, "PeerStatus"), float(number(event, "Time")))

    def _listed_peer(self, event: Event) -> None:
        status = text(event, "Status")
        found = _MILLISECONDS.search(status)
        word = status.partition(" ")[0].capitalize()
        words = {"Ok": "Reachable", "Unmonitored": "", "Unknown": ""}
        technology = text(event, "Channeltype") or "SIP"
        device = f"{technology}/{text(event, 'ObjectName')}"
        self._list(device, "UNKNOWN")
        self._reach(
            device,
            words.get(word, word),
            float(found[1]) if found else 0.0,
        )

    def _reach(self, device: str, status: str, milliseconds: float) -> None:
        """Take in how a device is reached; of one that is not, chan_sip says -1 ms."""
        known = milliseconds if milliseconds > 0 else None
        self.devices.change(device, reachable=status, rtt_ms=known)

    def _caller(self, event: Event) -> None:
        """Learn a device's name from its own caller id; a trunk's callers have names of theirs."""
        device = "/".join(device_of(text(event, "Channel")) or ())
        known = self.devices.get(device)
        number, name = text(event, "CallerIDNum"), text(event, "CallerIDName")
        if known is None or known["name"] or not number or not name:
            return
        if number in (device.partition("/")[2], known["extension"]):
            self.devices.put(device, name=name)


class Registrations(Keeper):
    """Keeps the trunks that this PBX registers with."""

    reads = "system"
    questions = (
        {"Action": "PJSIPShowRegistrationsOutbound"},
        {"Action": "SIPshowregistry"},
        {"Action": "IAXregistry"},
    )

    def __init__(self) -> None:
        super().__init__()
        fields = {"trunk": "", "server": "", "state": "", "since": None}
        self.registrations = Table(fields, times=("since",))
        self.tables = {"registrations": self.registrations}
        self.events = {
            "OutboundRegistrationDetail": self._pjsip,
            "RegistryEntry": self._entry,
            "Registry": self._changed,
        }

    def _pjsip(self, event: Event) -> None:
        key, server = text(event, "ClientUri"), text(event, "ServerUri")
        self._put(event, key, server, text(event, "Status"))

    def _entry(self, event: Event) -> None:
        self._put(event, text(event, "Username"), text(event, "Host"), text(event, "State"))

    def _changed(self, event: Event) -> None:
        self._put(event, text(event, "Username"), text(event, "Domain"), text(event, "Status"))

    def _put(self, event: Event, trunk: str, server: str, state: str) -> None:
        known = self.registrations.get(trunk)
        since = known["since"] if known and known["state"] == state else moment(event)
        self.registrations.put(trunk, trunk=trunk, server=server, state=state, since=since)
