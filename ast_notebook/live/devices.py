"""The devices and trunks: their states, whether they can be reached, and how fast they answer."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Sequence

from ast_notebook.ami import Event, Pending, is_one_argument
from ast_notebook.ami.action import is_sendable
from ast_notebook.errors import AstError, ConnectionLost, PermissionMissing
from ast_notebook.live.channels import device_of
from ast_notebook.live.table import LiveTable, Row
from ast_notebook.live.tracker import Ask, Tracker, moment, number, text

MOST_NAMES = 400  # names at most that are asked for at a connect; the same for reachability
AT_ONCE = 0.05  # seconds within which two states of a device may come in the wrong order
NAMES = {"PJSIP": "PJSIP_ENDPOINT({},callerid)", "SIP": "SIPPEER({},callerid_name)"}
NO_TELEPHONES = ("Local", "Queue", "Custom", "MWI", "Park", "confbridge", "Calendar", "Presence")
# The states that the number Status of an ExtensionStatus means.
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
Questions = Generator[str, str, None]
_MILLISECONDS = re.compile(r"\((\d{1,9}) ms\)")
_CALLERID = re.compile(r'"(.*)" <[^<>]*>')


class DeviceTracker(Tracker):
    """Tracks the devices, by the technology and name in Asterisk's device states."""

    reads = "call"
    questions = (
        {"Action": "DeviceStateList"},
        {"Action": "PJSIPShowEndpoints"},
        {"Action": "ExtensionStateList"},
        {"Action": "PJSIPShowContacts"},
        {"Action": "SIPpeers"},
    )
    compared = questions[:1]
    whole = False  # a device whose state never changed is not listed

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
        self.devices = LiveTable(fields, times=("since",))
        self.tables = {"devices": self.devices}
        self._unnamed: list[str] = []
        self._unreached: dict[str, None] = {}
        self._asked: set[str] = set()
        self._questions: Questions | None = None
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
        """Ask for all devices, and then for names and reachability, which no list has."""
        self._unnamed, self._unreached = [], {}
        questions = self._questions = self._names_and_reach()

        def primed() -> None:
            heard()
            self._ask_on(ask, questions, None)

        super().prime(ask, primed)

    def gone(self, rows: Sequence[Row]) -> None:
        """Forget that questions about devices were asked, so that they are asked again later."""
        self._asked.difference_update(row["device"] for row in rows)

    def _ask_on(self, ask: Ask, questions: Questions, value: str | None) -> None:
        """Ask one question after the other, since there may be a thousand devices."""

        def answered(pending: Pending) -> None:
            try:
                answer = pending.wait(0).response.get_header("Value") or ""
            except (PermissionMissing, ConnectionLost):
                return
            except AstError:  # this value is unknown; the next one may be known
                answer = ""
            self._ask_on(ask, questions, answer)

        if questions is self._questions:
            with contextlib.suppress(StopIteration):
                variable = next(questions) if value is None else questions.send(value)
                ask({"Action": "Getvar", "Variable": variable}, answered)

    def _names_and_reach(self) -> Questions:
        """Yield the variables to be asked for, and take their values."""
        for device in self._unnamed:
            technology, _, endpoint = device.partition("/")
            callerid = yield NAMES[technology].format(endpoint)
            if technology == "PJSIP" and not callerid and not self._tells_pjsip():
                return  # this Asterisk lacks the function, and logs an error at each question
            self._asked.add(device)
            found = _CALLERID.fullmatch(callerid)
            name = found[1] if found else callerid
            if name != "<unknown>" and any(letter.isalpha() for letter in name):
                self.devices.change(device, name=name)
        for device in list(self._unreached) if self._tells_pjsip() else ():
            # Asterisk lists contacts that registered, but not those of pjsip.conf.
            aors = yield f"PJSIP_ENDPOINT({device.partition('/')[2]},aors)"
            aor = aors.partition(",")[0]
            contacts = (yield f"PJSIP_AOR({aor},contact)") if aor else ""
            contact = contacts.partition(",")[0]
            if contact and is_one_argument(contact):
                reached = _reached((yield f"PJSIP_CONTACT({contact},status)"))
                usec = (yield f"PJSIP_CONTACT({contact},rtt)") if reached == "Reachable" else ""
                self._reach(device, reached, _number(usec) / 1000)

    def _tells_pjsip(self) -> bool:
        return any(device.startswith("PJSIP/") for device in self._asked)

    def _state(self, event: Event) -> None:
        device = text(event, "Device")
        technology, slash, name = device.partition("/")
        if not slash or not name or technology in NO_TELEPHONES or ":" in technology:
            return
        state = text(event, "State")
        known = self.devices.get(device)
        since = known["since"] if known and known["state"] == state else moment(event)
        if known is not None and known["state"] != state and known["since"]:
            # Asterisk was observed to send two such states in the wrong order. Its list then has
            # the other one.
            self.doubts |= abs(moment(event) - known["since"]) < AT_ONCE
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
        technology = device.partition("/")[0]
        if technology not in NAMES or not (is_one_argument(device) and is_sendable(device)):
            return
        if device not in self._asked and len(self._unnamed) < MOST_NAMES:
            self._unnamed.append(device)
        if technology == "PJSIP" and len(self._unreached) < MOST_NAMES:
            self._unreached[device] = None

    def _know(self, device: str, state: str) -> None:
        """Set a device's state if it is unknown: Asterisk lists no state that never changed."""
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
            (number(event, "RoundtripUsec") or 0) / 1000,
        )

    def _listed_contact(self, event: Event) -> None:
        device = f"PJSIP/{text(event, 'Endpoint')}"
        self._unreached.pop(device, None)
        usec = _number(text(event, "RoundtripUsec"))
        self._reach(device, _reached(text(event, "Status")), usec / 1000)

    def _peer(self, event: Event) -> None:
        milliseconds = float(number(event, "Time") or 0)
        self._reach(text(event, "Peer"), text(event, "PeerStatus"), milliseconds)

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
        """Set how a device is reached; 0 ms means unknown, and chan_sip's -1 ms, unreachable."""
        known = milliseconds if milliseconds > 0 else None
        self.devices.change(device, reachable=status, rtt_ms=known)

    def _caller(self, event: Event) -> None:
        """Set a device's name from its own caller id, but not that of a trunk."""
        device = "/".join(device_of(text(event, "Channel")) or ())
        known = self.devices.get(device)
        number, name = text(event, "CallerIDNum"), text(event, "CallerIDName")
        if known is None or known["name"] or not number or not name:
            return
        if number in (device.partition("/")[2], known["extension"]):
            self.devices.put(device, name=name)


def _reached(status: str) -> str:
    """Return the status of a contact in the words of ContactStatus; empty if it is not checked."""
    words = {"Unavail": "Unreachable", "Avail": "Reachable"}
    words |= dict.fromkeys(("NonQual", "NonQualified", "Unknown", "Created"), "")
    return words.get(status, status)


def _number(written: str) -> float:
    return float(written) if written.replace(".", "", 1).isdecimal() else 0.0


class RegistrationTracker(Tracker):
    """Tracks the trunks that this PBX registers with."""

    reads = "system"
    questions = (
        {"Action": "PJSIPShowRegistrationsOutbound"},
        {"Action": "SIPshowregistry"},
        {"Action": "IAXregistry"},
    )

    def __init__(self) -> None:
        super().__init__()
        fields = {"trunk": "", "server": "", "state": "", "since": None}
        self.registrations = LiveTable(fields, times=("since",))
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
