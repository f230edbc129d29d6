"""Reads the sample configuration in `conf/`: telephones, logins, mailboxes, queues, dialplan."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ast_notebook.demo.dialplan import Dialplan
from ast_notebook.errors import ConfError

SAMPLES = Path(__file__).parent / "conf"

_HEADER = re.compile(r"\[([^]]+)\](?:\(([^)]*)\))?")
_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*(?:<([^>]*)>)?\s*')


@dataclasses.dataclass
class Section:
    """A section of a configuration file: its lines in order, templates' lines first."""

    name: str
    lines: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    is_template: bool = False

    def get(self, name: str, default: str = "") -> str:
        """Return the last value that was given to a name."""
        return next((value for key, value in reversed(self.lines) if key == name), default)

    def number(self, name: str, default: float) -> float:
        """Return a number, such as a timeout in seconds."""
        text = self.get(name, str(default))
        try:
            return float(text)
        except ValueError:
            raise ConfError(f"[{self.name}] {name} = {text} is not a number") from None

    def classes(self, name: str) -> frozenset[str]:
        """Return a list of names that are separated by commas."""
        return frozenset(part.strip() for part in self.get(name).split(",") if part.strip())


def sections(path: Path) -> list[Section]:
    """Read a configuration file of Asterisk.

    Sections of one name stay apart (``pjsip.conf`` has an endpoint and an aor of the same name),
    a section takes over the lines of its templates, and ``;`` begins a comment.

    Raises
    ------
    ConfError
        If the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfError(f"{path} cannot be read: {error}") from None
    found: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        content = re.sub(r"(?<!\\);.*", "", line).replace("\\;", ";").strip()
        if not content:
            continue
        if header := _HEADER.match(content):
            found.append(_begin(header, found))
            continue
        name, equals, value = content.partition("=")
        if not equals or not found:
            raise ConfError(
                f"{path}, line {number}: {line.strip()!r} is neither a [section] nor NAME = VALUE"
            )
        found[-1].lines.append((name.strip(), value.removeprefix(">").strip()))
    return [section for section in found if not section.is_template]


def _begin(header: re.Match[str], before: list[Section]) -> Section:
    section = Section(header[1])
    for mark in filter(None, (part.strip() for part in (header[2] or "").split(","))):
        if mark == "!":
            section.is_template = True
        else:
            template = next((one for one in before if one.name == mark), Section(mark))
            section.lines += template.lines
    return section


def by_name(path: Path) -> dict[str, Section]:
    """Read a configuration file in which each section's name is used once."""
    return {section.name: section for section in sections(path)}


@dataclasses.dataclass(frozen=True)
class Party:
    """A name and a number, empty if unknown."""

    name: str = ""
    number: str = ""

    @classmethod
    def read(cls, text: str) -> Party:
        """Read a caller id: ``Door <100>``, ``"Smith, John" <5551>``."""
        found = _CALLER.fullmatch(text)
        name, number = (found[1], found[2]) if found else (text, None)
        if number is None and name.isdecimal():
            return cls(number=name)
        return cls(name=name, number=(number or "").strip())

    def __bool__(self) -> bool:
        return bool(self.name or self.number)

    def __str__(self) -> str:
        if self.name and self.number:
            return f'"{self.name}" <{self.number}>'
        return self.name or self.number or "<unknown>"


#: An unknown party.
NOBODY = Party()


@dataclasses.dataclass(frozen=True)
class Device:
    """A telephone in the configuration of its channel driver."""

    technology: str
    name: str
    caller: Party
    context: str

    @property
    def interface(self) -> str:
        """The interface of the dialplan and the queues, such as ``PJSIP/2222``."""
        return f"{self.technology}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Login:
    """A login of the manager interface, and its permissions."""

    name: str
    secret: str = dataclasses.field(repr=False)
    read: frozenset[str]
    write: frozenset[str]
    write_timeout: float

    def may_hear(self, permission: str) -> bool:
        """Tell whether this login may get events of a class."""
        return permission in self.read or "all" in self.read

    def may_do(self, permissions: frozenset[str]) -> bool:
        """Tell whether this login may use an action that needs one of these classes."""
        return not permissions or bool(permissions & self.write) or "all" in self.write


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of a queue in the configuration."""

    interface: str
    penalty: int
    name: str


@dataclasses.dataclass(frozen=True)
class QueueSettings:
    """A queue: its members, how long they ring, and how long it waits before it tries again."""

    name: str
    strategy: str
    timeout: float
    retry: float
    ring_in_use: bool
    members: tuple[Member, ...]


@dataclasses.dataclass(frozen=True)
class LotSettings:
    """A parking lot: its spaces, and how long a call may stay."""

    name: str
    extension: str
    first: int
    last: int
    context: str
    timeout: float


@dataclasses.dataclass(frozen=True)
class Configuration:
    """The settings that the demo takes from the sample files."""

    devices: Mapping[str, Device]
    logins: Mapping[str, Login]
    mailboxes: Mapping[str, str]
    shortest_message: float
    queues: Mapping[str, QueueSettings]
    lot: LotSettings
    record_mappings: Mapping[str, str]
    dialplan: Dialplan

    @classmethod
    def read(
        cls, technology: str, folder: Path = SAMPLES, secret: str | None = None
    ) -> Configuration:
        """Read the files, for telephones of one technology.

        The password of every login is `secret`, if that is given.

        Raises
        ------
        ConfError
            If a file is missing or makes no sense.
        """
        lot = _lot(by_name(folder / "res_parking.conf"))
        # This is the change that modules.conf advises for another technology.
        dialplan = Dialplan(TECH=technology)
        for section in sections(folder / "extensions.conf"):
            dialplan.add(section.name, section.lines)
        if lot.extension:
            dialplan.add_step(lot.context, lot.extension, "Park", "")
        for space in range(lot.first, lot.last + 1):
            dialplan.add_step(lot.context, str(space), "ParkedCall", f"{lot.name},{space}")
        return cls(
            devices={device.interface: device for device in _devices(technology, folder)},
            logins={login.name: login for login in _logins(folder, secret)},
            mailboxes=dict(_mailboxes(folder)),
            shortest_message=by_name(folder / "voicemail.conf")["general"].number("minsecs", 0),
            queues={queue.name: queue for queue in _queues(technology, folder)},
            lot=lot,
            record_mappings=dict(by_name(folder / "cdr_manager.conf")["mappings"].lines),
            dialplan=dialplan,
        )


def _devices(technology: str, folder: Path) -> Iterator[Device]:
    path, kind = ("pjsip.conf", "endpoint") if technology == "PJSIP" else ("sip.conf", "friend")
    for section in sections(folder / path):
        if section.get("type") == kind:
            caller = Party.read(section.get("callerid"))
            yield Device(technology, section.name, caller, section.get("context", "default"))


def _logins(folder: Path, secret: str | None) -> Iterator[Login]:
    for name, section in by_name(folder / "manager.conf").items():
        if name != "general":
            write_timeout = section.number("writetimeout", 100) / 1000
            read, write = section.classes("read"), section.classes("write")
            yield Login(name, secret or section.get("secret"), read, write, write_timeout)


def _mailboxes(folder: Path) -> Iterator[tuple[str, str]]:
    for context, section in by_name(folder / "voicemail.conf").items():
        if context != "general":
            for number, settings in section.lines:
                yield f"{number}@{context}", settings.partition(",")[2].split(",")[0].strip()


def _queues(technology: str, folder: Path) -> Iterator[QueueSettings]:
    for name, section in by_name(folder / "queues.conf").items():
        if name == "general":
            continue
        members = []
        for key, value in section.lines:
            if key == "member":
                interface, penalty, title, *_ = [*value.split(","), "", "", ""]
                interface = re.sub(r"^(PJ)?SIP/", f"{technology}/", interface)
                members.append(Member(interface, int(penalty or 0), title or interface))
        yield QueueSettings(
            name,
            section.get("strategy", "ringall"),
            section.number("timeout", 15),
            section.number("retry", 5),
            section.get("ringinuse", "yes") == "yes",
            tuple(members),
        )


def _lot(found: Mapping[str, Section]) -> LotSettings:
    section = found.get("default", Section("default"))
    first, _, last = section.get("parkpos", "701-750").partition("-")
    return LotSettings(
        "default",
        section.get("parkext"),
        int(first),
        int(last or first),
        section.get("context", "parkedcalls"),
        section.number("parkingtime", 45),
    )
