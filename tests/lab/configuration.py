"""The sample configuration of ``ast_notebook/demo/conf``, fitted to one instance of the lab.

Nothing is written twice: an instance gets the sample files themselves, and only its ports, the SIP
technology and the directories differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

SAMPLES = Path(__file__).parents[2] / "ast_notebook" / "demo" / "conf"

#: The telephones of the sample configuration.
DEVICES = ("2222", "200", "240", "30", "300")

#: Where a value stands: file, section, name.
Setting = tuple[str, str, str]


@dataclass(frozen=True)
class Directories:
    """Where one instance has its things. Only `tree` is shared, and nothing is written there."""

    tree: Path
    instance: Path
    run: Path

    @property
    def etc(self) -> Path:
        """The configuration."""
        return self.instance / "etc"

    @property
    def lib(self) -> Path:
        """The database (``astdb.sqlite3``) and keys."""
        return self.instance / "lib"

    @property
    def spool(self) -> Path:
        """Voicemail, recordings and call files."""
        return self.instance / "spool"

    @property
    def log(self) -> Path:
        """Logs, ``queue_log``, and the calls in ``cdr-csv`` and ``cel-custom``."""
        return self.instance / "log"

    def create(self) -> None:
        """Make the folders that Asterisk expects to find."""
        for folder in (
            self.etc,
            self.lib / "keys",
            self.log / "cdr-csv",
            self.log / "cdr-custom",
            self.log / "cel-custom",
            self.spool / "outgoing",
            self.spool / "monitor",
            self.spool / "tmp",
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def main_conf(self) -> str:
        """The ``asterisk.conf`` that says all this."""
        modules = next(self.tree.glob("usr/lib/**/asterisk/modules"))
        data = self.tree / "usr" / "share" / "asterisk"
        return f"""[directories]
astetcdir = {self.etc}
astmoddir = {modules}
astvarlibdir = {self.lib}
astdbdir = {self.lib}
astkeydir = {self.lib}
astcachedir = {self.spool / "tmp"}
astdatadir = {data}
astagidir = {data / "agi-bin"}
astspooldir = {self.spool}
astrundir = {self.run}
astlogdir = {self.log}
astsbindir = {self.tree / "usr" / "sbin"}

[options]
nocolor = yes
"""


@dataclass(frozen=True)
class Ports:
    """The ports of one instance, all on the loopback interface."""

    manager: int
    manager_tls: int | None
    sip: int
    telephones: Mapping[str, int]


def render(
    directories: Directories, *, tech: str, ports: Ports, settings: Mapping[Setting, str]
) -> Path | None:
    """Write an instance's configuration.

    Returns
    -------
    pathlib.Path or None
        The certificate of the authority that signed the manager's, when TLS was asked for.
    """
    directories.create()
    files = {path.name: path.read_text() for path in SAMPLES.glob("*.conf")}
    _choose_technology(files, tech)
    changes: dict[Setting, str] = {
        ("manager.conf", "general", "port"): str(ports.manager),
        ("extensions.conf", "globals", "TECH"): tech,
    }
    changes |= _sip_ports(tech, ports)
    authority = None
    if ports.manager_tls is not None:
        authority = _certify(directories.etc)
        changes |= {
            ("manager.conf", "general", "tlsenable"): "yes",
            ("manager.conf", "general", "tlsbindaddr"): f"127.0.0.1:{ports.manager_tls}",
            ("manager.conf", "general", "tlscertfile"): str(directories.etc / "manager.crt"),
            ("manager.conf", "general", "tlsprivatekey"): str(directories.etc / "manager.key"),
        }
    for (name, section, key), value in {**changes, **settings}.items():
        files[name] = with_value(files[name], section, key, value)
    files["asterisk.conf"] = directories.main_conf()
    for name, text in files.items():
        (directories.etc / name).write_text(text)
    return authority


def with_value(text: str, section: str, key: str, value: str) -> str:
    """A configuration file's text with one value replaced, or added to its section.

    Raises
    ------
    LookupError
        When there is no such section.
    """
    lines = text.splitlines(keepends=True)
    first: int | None = None
    inside = False
    for number, line in enumerate(lines):
        if header := re.match(r"\[([^]]+)\]", line):
            inside = header[1] == section
            if inside and first is None:
                first = number
        elif inside and (found := re.match(rf"{re.escape(key)}\s*=>?\s*", line)):
            lines[number] = f"{found[0]}{value}\n"
            return "".join(lines)
    if first is None:
        raise LookupError(f"There is no section [{section}].")
    lines.insert(first + 1, f"{key} = {value}\n")
    return "".join(lines)


def _choose_technology(files: dict[str, str], tech: str) -> None:
    """Do what modules.conf tells a reader to do who wants chan_sip; leave out what is not used."""
    if tech == "SIP":
        del files["pjsip.conf"]
        modules = files["modules.conf"]
        files["modules.conf"] = modules.replace("noload = chan_sip.so", "noload = chan_pjsip.so")
        files["queues.conf"] = files["queues.conf"].replace("PJSIP/", "SIP/")
    else:
        del files["sip.conf"]


def _sip_ports(tech: str, ports: Ports) -> dict[Setting, str]:
    address = f"127.0.0.1:{ports.sip}"
    if tech == "SIP":
        telephones = {
            ("sip.conf", device, "port"): str(port) for device, port in ports.telephones.items()
        }
        return {("sip.conf", "general", "udpbindaddr"): address, **telephones}
    contacts = {
        ("pjsip.conf", device, "contact"): f"sip:{device}@127.0.0.1:{port}"
        for device, port in ports.telephones.items()
    }
    return {("pjsip.conf", "udp", "bind"): address, **contacts}


def _certify(folder: Path) -> Path:
    """Make an authority and, signed by it, a certificate for the manager."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(folder / "manager.key")
    for position, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(folder / "manager.crt", append=position > 0)
    ca_file = folder / "ca.crt"
    authority.cert_pem.write_to_path(ca_file)
    return ca_file
