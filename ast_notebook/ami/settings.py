"""The settings of a session: Asterisk's address, the login, and the timeouts."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import ssl
from pathlib import Path
from typing import cast

from ast_notebook.ami.classes import CLASSES
from ast_notebook.ami.secret import Secret, with_hidden_password
from ast_notebook.ami.timeouts import seconds
from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError

MOST_GATHERING = 0.01  # seconds
#: The ports of Asterisk's manager by its own default: for plain text, and for TLS.
PORT, TLS_PORT = 5038, 5039


@with_hidden_password
@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Where and how to log in.

    Parameters
    ----------
    host : str
        A name, an IPv4 or an IPv6 address.
    port : int
        By default that of Asterisk: 5038, or 5039 with `tls`.
    username : str
        A section of ``manager.conf``.
    password : str or Secret
        The ``secret`` of that section; it is never shown.
    tls : bool, str, Path or ssl.SSLContext
        False for plain text; True to encrypt and verify by the system's authorities; a path to
        verify by that file of certificates; a context for anything else.
    auth : {"auto", "secret", "md5"}
        How the password is proven. ``md5`` answers a challenge, and never sends the password;
        ``secret`` sends it. ``auto`` sends it if TLS has verified the PBX, and otherwise answers a
        challenge. If the PBX is on this machine, the first connection also sends the password to a
        manager that knows no challenge; later connections do not.
    events : str
        The mask of events wanted: ``on``, ``off``, or classes such as ``system,call``. Without
        ``call``, channels are unknown; items of devices, `Call.wait`, calls and the panel need
        them.
    greeting : str
        How the manager's first line begins. The password is not sent if the first line begins
        otherwise.
    filters : tuple of str
        Asterisk's event filters, such as ``Event: Newchannel`` or ``!Channel: Local/``. They need
        ``write = system``.
    timeout : float
        Seconds that an answer, or a connection, may take.
    keepalive : float
        Seconds of silence after which Asterisk is asked for a sign of life.
    gathering : float
        Seconds, up to 0.01, from one read to the next while nobody waits for an answer: many events
        at once cost less than one by one. No event is delayed by more than that; 0 means no delay.
    """

    host: str = "127.0.0.1"
    port: int = cast("int", None)  # until `tls` is known
    username: str = "admin"
    password: Secret = dataclasses.field(default_factory=lambda: Secret(""))
    tls: bool | str | Path | ssl.SSLContext = False
    auth: str = "auto"
    events: str = "on"
    greeting: str = "Asterisk Call Manager"
    filters: tuple[str, ...] = ()
    timeout: float = 10.0
    keepalive: float = 15.0
    gathering: float = 0.005

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, before a connection is tried."""
        if self.port is None:
            object.__setattr__(self, "port", TLS_PORT if self.tls else PORT)
        if isinstance(self.port, str) and is_count(self.port.strip()):
            object.__setattr__(self, "port", int(self.port))
        if type(self.port) is not int or not 0 < self.port < 65536:
            raise ConfError(f"port = {self.port} is not a port: Asterisk's manager listens on 5038")
        if not isinstance(self.host, str) or not _is_host(self.host):
            # Before an @ there may be a password.
            *before, shown = str(self.host).split("@")
            raise ConfError(
                f"host = {'…@' if before else ''}{shown!r} is neither a name nor an address: the "
                "port and the username are settings of their own"
            )
        if not isinstance(self.username, str) or not isinstance(self.password, Secret):
            raise ConfError("username and password have to be text")
        if not isinstance(self.greeting, str):
            raise ConfError(
                f"greeting = {self.greeting} is not text: write how the greeting begins"
            )
        self._check_events()
        if self.auth not in ("auto", "secret", "md5"):
            raise ConfError(f"auth = {self.auth} is unknown: write auto, secret or md5")
        seconds(self.timeout)
        seconds(self.keepalive, "keepalive")
        if seconds(self.gathering, "gathering", least=0) > MOST_GATHERING:
            raise ConfError(
                f"gathering = {self.gathering:g} is too long: write {MOST_GATHERING:g} seconds or "
                "less"
            )

    def _check_events(self) -> None:
        if not isinstance(self.events, str):
            raise ConfError(f"events = {self.events} is not text: write on, off, or system,call")
        classes = [word.strip().lower() for word in self.events.split(",")]
        unknown = [word for word in classes if word not in CLASSES]
        if unknown and classes not in (["on"], ["off"]):
            raise ConfError(
                f"events = {self.events}: Asterisk has no class {unknown[0]!r}; write on, off, or "
                f"some of {','.join(CLASSES)}"
            )
        # Asterisk knows no class with a blank or a capital.
        object.__setattr__(self, "events", ",".join(classes))

    def hears(self, permission: str) -> bool:
        """Tell whether the mask lets events of a class through."""
        return not {"on", "all", permission}.isdisjoint(self.events.split(","))

    @property
    def is_exposed(self) -> bool:
        """Whether others could listen on the way, as with plain text that leaves this machine."""
        return not self.tls and not _is_this_machine(self.host)

    @property
    def sends_password(self) -> bool:
        """Whether the password itself is sent, rather than the answer to a challenge."""
        return self.auth == "secret" or (self.auth == "auto" and self._is_verified)

    @property
    def may_send_password(self) -> bool:
        """Whether a first connection may send the password where no challenge is known."""
        return self.auth == "auto" and _is_this_machine(self.host)

    @property
    def _is_verified(self) -> bool:
        if isinstance(self.tls, ssl.SSLContext):
            return self.tls.check_hostname  # this requires that the certificate is verified
        return bool(self.tls)

    @property
    def address(self) -> str:
        """Host and port as a person writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context to encrypt with; None for plain text."""
        if isinstance(self.tls, ssl.SSLContext):
            return self.tls
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=None if self.tls is True else str(self.tls))
        except OSError as error:
            raise ConfError(
                f"tls = {self.tls} is not a readable file of certificates: "
                f"{error.strerror or error}"
            ) from None


def _is_this_machine(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _is_host(text: str) -> bool:
    if ":" in text:
        try:
            ipaddress.IPv6Address(text.partition("%")[0])
        except ValueError:
            return False
    return re.fullmatch(r"[\w.:%-]+", text) is not None
