"""Asks a live PBX about itself; an answer is None if the login lacks the permission to ask.

An answer is also None if the PBX gives none. Nothing is changed on the PBX.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from ast_notebook.ami import granted, written
from ast_notebook.asterisk import Asterisk
from ast_notebook.digits import is_count
from ast_notebook.errors import ActionRefused, AstError, PermissionMissing

#: Seconds that an answer may take.
_TIMEOUT = 5.0
#: Telephones whose caller id is asked for, at most.
_MOST = 300
#: Settings of a configuration file that are secret.
_SECRET = ("secret", "password", "md5secret", "auth")
#: The last seconds of the record in which events are counted, and how many events at most.
_LATELY = 60.0
_EVENTS = 20_000

Config = dict[str, list[tuple[str, str]]]


class PbxClock(NamedTuple):
    """The PBX's clock: its zone's offset, such as ``+0100``, and how many seconds it is ahead."""

    offset: str
    ahead: float


class PbxInfo:
    """Information about one PBX; each question is asked once, when its answer is first needed.

    Parameters
    ----------
    pbx : Asterisk
        A connected PBX.
    """

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx
        self._configs: dict[str, Config | None] = {}

    # --- configuration -------------------------------------------------------------------------

    def config(self, file: str, section: str = "") -> Config | None:
        """Return the sections of a configuration file, or one of them, without secrets.

        An empty or missing file has no sections; None means that the login lacks
        the permission to ask, or that the PBX did not tell.
        """
        key = f"{file} {section}"
        if key not in self._configs:
            self._configs[key] = self._asked_config(file, section)
        return self._configs[key]

    def _asked_config(self, file: str, section: str) -> Config | None:
        more: dict[str, Any] = {"Category": section} if section else {}
        try:
            answer = self.pbx.action("GetConfig", _TIMEOUT, Filename=file, **more)
        except PermissionMissing:
            return None
        except ActionRefused as error:
            return {} if "not found" in error.reason.lower() else None
        except AstError:
            return None
        found: Config = {}
        names: dict[str, str] = {}
        for header, value in answer.response.headers.items():
            kind, _, number = header.partition("-")
            if kind == "Category":
                names[number] = value
                found.setdefault(value, [])
            elif kind == "Line" and number.partition("-")[0] in names:
                setting, _, text = value.partition("=")
                if setting.strip().lower() not in _SECRET:
                    found[names[number.partition("-")[0]]].append((setting.strip(), text.strip()))
        return found

    def setting(self, file: str, section: str, name: str) -> str | None:
        """Return a setting's last value in lower case; empty if it is not set, None if unknown."""
        values = self.values(file, section, name)
        return None if values is None else values[-1].lower() if values else ""

    def values(self, file: str, section: str, name: str) -> list[str] | None:
        """Return the values of all lines of a setting; None if they are unknown."""
        config = self.config(file, section)
        return None if config is None else _values(config.get(section, ()), name)

    def has_module(self, name: str) -> bool | None:
        """Tell whether a module is loaded; None without the permission to ask, or an answer."""
        try:
            self.pbx.action("ModuleCheck", _TIMEOUT, Module=name)
        except PermissionMissing:
            return None
        except ActionRefused:
            return False
        except AstError:
            return None
        return True

    def variable(self, expression: str) -> str | None:
        """Return a global variable, or the value of a dialplan function."""
        try:
            answer = self.pbx.action("Getvar", _TIMEOUT, Variable=expression)
        except AstError:
            return None
        return answer.response.get_header("Value") or ""

    # --- the login -----------------------------------------------------------------------------

    @property
    def username(self) -> str:
        """The username of the login."""
        return self.pbx.session.settings.username

    @cached_property
    def login(self) -> list[tuple[str, str]] | None:
        """The login's own settings in manager.conf; None if they are missing or unknown."""
        config = self.config("manager.conf", self.username)
        return None if config is None else config.get(self.username)

    def classes(self, what: str) -> frozenset[str] | None:
        """Return the classes of ``read`` or of ``write``; None if they are not known."""
        return None if self.login is None else granted(_values(self.login, what))

    def written(self, what: str) -> list[str]:
        """Return the words of ``read`` or of ``write`` as they are written; Asterisk may differ."""
        return written(_values(self.login or (), what))

    @cached_property
    def actions(self) -> dict[str, frozenset[str]] | None:
        """The actions that this login may use, with their classes; None if unknown."""
        try:
            headers = self.pbx.action("ListCommands", _TIMEOUT).response.headers
        except AstError:
            return None
        found = {}
        for name, text in headers.items():
            _, mark, classes = text.rpartition("(Priv: ")
            if mark:
                found[name.lower()] = frozenset(classes.rstrip(") ").split(","))
        return found

    def may(self, action: str) -> bool | None:
        """Tell whether this login may use an action."""
        return None if self.actions is None else action.lower() in self.actions

    # --- the machine ---------------------------------------------------------------------------

    @cached_property
    def version(self) -> str:
        """Asterisk's version; empty if it is not known."""
        try:
            response = self.pbx.action("CoreSettings", _TIMEOUT).response
        except AstError:
            return ""
        return response.get_header("AsteriskVersion") or ""

    @cached_property
    def clock(self) -> PbxClock | None:
        """The PBX's clock, compared with ours halfway between question and answer."""
        asked = time.time()
        text = self.variable("STRFTIME(,,%s %z)")
        middle = (asked + time.time()) / 2
        seconds, _, offset = (text or "").partition(" ")
        if not is_count(seconds) or not offset:
            return None
        # Asterisk tells whole seconds: on average, half a second is cut off.
        return PbxClock(offset, int(seconds) + 0.5 - middle)

    @cached_property
    def is_freepbx(self) -> bool:
        """Whether FreePBX, or a system that is built on it, writes the configuration."""
        return bool(self.variable("AMPMGRUSER") or self.variable("AMPUSER"))

    @property
    def is_encrypted(self) -> bool:
        """Whether this session is encrypted."""
        return self.pbx.session.settings.tls is not False

    @cached_property
    def own_address(self) -> str:
        """The address by which this machine reaches the PBX; empty if that is not known."""
        settings = self.pbx.session.settings
        try:
            with socket.socket(_family(settings.host), socket.SOCK_DGRAM) as probe:
                probe.connect((settings.host, settings.port))  # sends nothing
                return str(probe.getsockname()[0])
        except OSError:
            return ""

    @property
    def is_on_loopback(self) -> bool:
        """Whether the PBX is on this machine, or reached by a tunnel that begins here."""
        try:
            return ipaddress.ip_address(self.own_address).is_loopback
        except ValueError:
            return False

    # --- telephones and events -----------------------------------------------------------------

    def nameless(self) -> list[str]:
        """Return telephones that have no caller id of their own; trunks are left out."""
        found = []
        for number, (device, function) in enumerate(self._telephones()):
            if number >= _MOST:
                break
            name = self.variable(function)
            if name is not None and name.strip() in ("", "<unknown>", '"" <>'):
                found.append(device)
        return found

    def _telephones(self) -> Iterator[tuple[str, str]]:
        for row in self.pbx.live.tables["devices"].rows().values():
            technology, _, name = str(row["device"]).partition("/")
            if not is_count(name):
                continue  # a caller id of a trunk would hide who calls
            if technology == "PJSIP":
                yield row["device"], f"PJSIP_ENDPOINT({name},callerid)"
            elif technology == "SIP":
                yield row["device"], f"SIPPEER({name},callerid_num)"

    def rates(self) -> dict[str, float]:
        """Return the recent events per second, by their classes."""
        events = self.pbx.record.frame(last=_EVENTS)
        if events.empty or "privilege" not in events:
            return {}
        now = pd.Timestamp.now(tz="UTC")
        events = events[events["received"] > now - pd.Timedelta(seconds=_LATELY)]
        length = _LATELY
        if len(events) == _EVENTS:
            length = max(1.0, (now - events["received"].iloc[0]).total_seconds())
        counts: Counter[str] = Counter()
        for classes, count in events["privilege"].value_counts().items():
            counts[str(classes).partition(",")[0]] += int(count)
        return {name: count / length for name, count in counts.items() if count}

    def has_timestamps(self) -> bool | None:
        """Tell whether events say when they happened; None if no event was heard yet."""
        events = self.pbx.record.frame(last=_EVENTS)
        if "privilege" not in events:
            return None
        # Asterisk greets without the time, whatever its settings are.
        heard = events[events["privilege"].notna() & (events["event"] != "FullyBooted")]
        return None if heard.empty else bool((heard["time"] != heard["received"]).any())


def _values(settings: Iterable[tuple[str, str]], name: str) -> list[str]:
    return [text for setting, text in settings if setting.lower() == name]


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
