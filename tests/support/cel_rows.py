"""Lines of a channel event log that somebody made up, and the calls made of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ast_notebook.calls.history import History, history

BEGIN = 1_780_308_000
OUTGOING = "(Outgoing Line)"
Line = list[str]


@dataclass(frozen=True)
class Who:
    """A channel: its name, its uniqueid, its number and the linkedid that it has at first."""

    name: str
    uniqueid: str
    number: str = ""
    linkedid: str = ""


def who(device: str, serial: int, at: int = 0, linked: Who | None = None, **more: str) -> Who:
    """Return a channel of a telephone that is named by its number."""
    name = f"PJSIP/{device}-{serial:08x}" if "/" not in device else device
    known = {"number": device.rpartition("/")[2]} | more
    uniqueid = f"{BEGIN + at}.{serial}"
    return Who(name, uniqueid, linkedid=linked.linkedid if linked else uniqueid, **known)


def halves(extension: str, serial: int, at: int, linked: Who) -> tuple[Who, Who]:
    """Return both halves of a Local channel."""
    name = f"Local/{extension}@phones-{serial:08x}"
    one, two = (who(f"{name};{half}", serial + half - 1, at, linked, number="") for half in (1, 2))
    return one, two


def line(kind: str, at: float, one: Who, extra: object = None, **more: str) -> Line:
    """Return a line as ``cel_custom.conf.sample`` has it; an outgoing channel's app is enough."""
    known = dict.fromkeys(("name", "exten", "app", "data", "peer", "user"), "")
    known |= {"num": one.number}
    known |= {"linkedid": one.linkedid} | more
    if known["app"].startswith("App"):
        known["data"] = known["data"] or OUTGOING
    told = extra if isinstance(extra, str) else "" if extra is None else json.dumps(extra)
    return [
        kind,
        f"{BEGIN + at:.6f}",
        known["name"],
        known["num"],
        known["num"],
        "",
        "",
        known["exten"],
        "phones",
        one.name,
        known["app"],
        known["data"],
        "3",
        "",
        one.uniqueid,
        known["linkedid"],
        known["peer"],
        "",
        known["user"],
        told,
    ]


def bridge(name: str, technology: str = "simple_bridge") -> Mapping[str, str]:
    """Return what `extra` tells of a bridge."""
    return {"bridge_id": name, "bridge_technology": technology}


def gone(cause: int, source: Who | str = "", status: str = "") -> Mapping[str, Any]:
    """Return what `extra` tells of a hangup."""
    name = source if isinstance(source, str) else source.name
    return {"hangupcause": cause, "hangupsource": name, "dialstatus": status}


def ends(at: float, one: Who, extra: object = None, **more: str) -> list[Line]:
    """Return the two lines of a channel's end."""
    return [line("HANGUP", at, one, extra, **more), line("CHAN_END", at, one, **more)]


A, B = who("6101", 1), who("6102", 2, linked=who("6101", 1))


def dialled(exten: str = "6102", at: float = 0) -> list[Line]:
    """6101 dials 6102."""
    return [
        line("CHAN_START", at, A, exten=exten),
        line("CHAN_START", at + 1, B, exten="s"),
    ]


def answered(exten: str = "6102", at: float = 4) -> list[Line]:
    """6102 answers, and they are connected."""
    return [
        line("ANSWER", at, B, app="AppDial", exten=exten),
        line("ANSWER", at, A, app="Dial", exten=exten),
        line("BRIDGE_ENTER", at, B, bridge("b"), app="AppDial"),
        line("BRIDGE_ENTER", at, A, bridge("b"), app="Dial", exten=exten, peer=B.name),
    ]


def over(at: float = 9, by: Who | str = A, exten: str = "6102") -> list[Line]:
    """Who hangs up ends the call."""
    return [
        line("BRIDGE_EXIT", at, A, bridge("b"), app="Dial", exten=exten, peer=B.name),
        line("BRIDGE_EXIT", at, B, bridge("b"), app="AppDial"),
        *ends(at, B, gone(16, by), app="AppDial"),
        *ends(at, A, gone(16, by, "ANSWER"), exten=exten),
        line("LINKEDID_END", at, A, exten=exten),
    ]


def refused(cause: int, status: str, source: Who | str = "", at: float = 4) -> list[Line]:
    """6102 does not answer, and the dialplan ends the call."""
    return [
        *dialled(),
        *ends(at, B, gone(cause, source), app="AppDial", exten="6102"),
        *ends(at, A, gone(17, "dialplan/builtin", status), exten="6102"),
    ]


def text(lines: Iterable[Line]) -> str:
    """Return the lines as a file has them."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    return file.getvalue()


def read(folder: Path, lines: Iterable[Line]) -> History:
    """Read the lines from a file."""
    path = folder / "Master.csv"
    path.write_text(text(lines))
    return history(path, kind="cel", tz="UTC")


def calls(folder: Path, lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the calls, the oldest first; None is missing. No line is bad."""
    past = read(folder, lines)
    assert past.bad_count == 0, past.bad
    plain = past.calls.astype(object).where(past.calls.notna(), None)
    found: list[dict[Any, Any]] = plain.to_dict("records")
    return found


def call(folder: Path, lines: Iterable[Line]) -> dict[str, Any]:
    """Return the only call."""
    (found,) = calls(folder, lines)
    return found
