"""Checks of Asterisk: time stamps of events, its clock, CDR, CEL, telephones, queues, version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from ast_notebook.doctor.finding import Finding, Level
from ast_notebook.doctor.pbx_info import PbxInfo
from ast_notebook.doctor.versions import end_of_life, major

_YES = ("yes", "true", "y", "t", "1", "on")
_NO = ("no", "false", "n", "f", "0", "off")
#: Seconds by which two clocks may differ without confusion.
_APART = 2.0
#: The events of a CEL that calls are made of.
_CEL = (
    "CHAN_START",
    "CHAN_END",
    "ANSWER",
    "HANGUP",
    "APP_START",
    "APP_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "PICKUP",
    "PARK_START",
    "PARK_END",
    "LINKEDID_END",
)
#: The applications of which a CEL has to tell when a caller was in them.
_APPLICATIONS = ("queue", "voicemail")
#: Telephones that are named one by one, at most.
_NAMED = 5


def checks(info: PbxInfo) -> Iterator[Finding]:
    """Yield the findings about this Asterisk."""
    yield from _times(info)
    yield from _clock(info)
    yield from _cdr(info)
    yield from _cel(info)
    yield from _telephones(info)
    yield from _queues(info)
    yield from _version(info)


def _times(info: PbxInfo) -> Iterator[Finding]:
    setting = info.setting("manager.conf", "general", "timestampevents")
    heard = info.has_timestamps() if setting is None else None
    if (setting is not None and setting not in _YES) or heard is False:
        yield Finding(
            Level.WRONG,
            "events have no times (timestampevents)",
            "the time of arrival counts instead: events that come in a burst, or while a notebook "
            "computes, get times that are too late",
            "manager.conf",
            "general",
            ("timestampevents = yes",),
        )


def _clock(info: PbxInfo) -> Iterator[Finding]:
    clock = info.clock
    if clock is None:
        return
    if abs(clock.ahead) > _APART:
        way = "ahead of" if clock.ahead > 0 else "behind"
        yield Finding(
            Level.WRONG,
            f"the PBX's clock is {abs(clock.ahead):.0f} seconds {way} this machine's",
            "the times of its events do not fit those of this machine: let both machines use NTP",
        )
    ours = time.strftime("%z")
    if clock.offset != ours:
        yield Finding(
            Level.NOTE,
            f"the PBX's time zone is {clock.offset}, and this machine's is {ours}",
            "its CDR and CEL have local times of the PBX: read them with the PBX's zone as tz=",
        )


def _cdr(info: PbxInfo) -> Iterator[Finding]:
    if (info.setting("cdr.conf", "general", "enable") or "yes") not in _YES:
        yield Finding(
            Level.MISSING,
            "call detail records are switched off (enable)",
            "there are no events Cdr, and nothing new in Master.csv or in a table of the CDR",
            "cdr.conf",
            "general",
            ("enable = yes",),
        )
    read = info.classes("read")
    enabled = info.setting("cdr_manager.conf", "general", "enabled")
    if enabled is not None and enabled not in _YES and (read is None or {"cdr", "all"} & read):
        yield Finding(
            Level.MISSING,
            "call detail records are not sent as events",
            "without them, some calls that end in a mailbox look like other calls",
            "cdr_manager.conf",
            "general",
            ("enabled = yes",),
        )
    if info.has_module("cdr_csv.so") is False:
        return
    wanted = {"loguniqueid": _YES, "newcdrcolumns": _YES}
    known = {name: info.setting("cdr.conf", "csv", name) for name in wanted}
    lacking = [name for name, text in known.items() if text is not None and text not in _YES]
    if lacking:
        yield Finding(
            Level.MISSING,
            f"Master.csv has no {' and no '.join(_columns(name) for name in lacking)}",
            "the lines of a call are joined by guessing, so calls at the same time are mixed up",
            "cdr.conf",
            "csv",
            tuple(f"{name} = yes" for name in lacking),
        )
    if info.setting("cdr.conf", "general", "unanswered") in ("", *_NO):
        yield Finding(
            Level.NOTE,
            "some unanswered calls are not in the CDR (unanswered)",
            "the CDR has fewer lost calls than the events and the CEL",
            "cdr.conf",
            "general",
            ("unanswered = yes",),
        )


def _columns(name: str) -> str:
    return {"loguniqueid": "uniqueid", "newcdrcolumns": "linkedid"}[name]


def _cel(info: PbxInfo) -> Iterator[Finding]:
    enabled = info.setting("cel.conf", "general", "enable")
    if enabled is None or enabled not in _YES:
        return  # a PBX without a CEL needs no advice on it
    chosen = {word.upper() for word in _words(info, "events")}
    lacking = [] if "ALL" in chosen else [one for one in _CEL if one not in chosen]
    if lacking:
        yield Finding(
            Level.MISSING,
            f"the CEL lacks {', '.join(lacking[:4])}{' and more' if len(lacking) > 4 else ''}",
            "the CEL then cannot tell who talked, for how long, or how a call ended",
            "cel.conf",
            "general",
            (f"events = {','.join([*sorted(chosen - set(_CEL)), *_CEL])}",),
        )
    known = _words(info, "apps") - {"all"}  # `all` is no application, and names none
    missing = [one for one in _APPLICATIONS if one not in known]
    if missing:
        yield Finding(
            Level.MISSING,
            f"the CEL does not tell when a caller was in {' or '.join(missing)} (apps)",
            "who waits in a queue or speaks to a mailbox looks like a caller of a menu, and how "
            "long he waited is unknown",
            "cel.conf",
            "general",
            (f"apps = {','.join([*sorted(known - set(_APPLICATIONS)), *_APPLICATIONS])}",),
        )


def _words(info: PbxInfo, name: str) -> set[str]:
    """Return the words of a setting of cel.conf, all of whose lines count."""
    lines = info.values("cel.conf", "general", name) or ()
    return {word.strip().lower() for text in lines for word in text.split(",") if word.strip()}


def _telephones(info: PbxInfo) -> Iterator[Finding]:
    if info.has_module("chan_sip.so") and info.setting("sip.conf", "general", "callcounter") in (
        "",
        *_NO,
    ):
        yield Finding(
            Level.MISSING,
            "chan_sip does not count the calls of its telephones",
            "its telephones never count as in use, so their lamps stay dark",
            "sip.conf",
            "general",
            ("callcounter = yes",),
        )
    nameless = info.nameless()
    if nameless:
        some = ", ".join(nameless[:_NAMED])
        more = f" and {len(nameless) - _NAMED} more" if len(nameless) > _NAMED else ""
        device = nameless[0].partition("/")[2]
        pjsip = nameless[0].startswith("PJSIP")
        yield Finding(
            Level.NOTE,
            f"telephones without a number of their own (callerid): {some}{more}",
            "Asterisk reports the dialled number as theirs, so calls name the device that answered",
            "pjsip.conf" if pjsip else "sip.conf",
            device,
            (f'callerid = "Name" <{device}>',),
        )


def _queues(info: PbxInfo) -> Iterator[Finding]:
    if not info.has_module("app_queue.so"):
        return
    if info.setting("queues.conf", "general", "log_membername_as_agent") in ("", *_NO):
        yield Finding(
            Level.NOTE,
            "the queue_log has an agent's interface at his login, and his name everywhere else",
            "a history needs members= to know that both are one agent",
            "queues.conf",
            "general",
            ("log_membername_as_agent = yes",),
        )


def _version(info: PbxInfo) -> Iterator[Finding]:
    if not info.version:
        return
    end = end_of_life(info.version)
    today = datetime.now(UTC).date()
    if end is not None and end <= today:
        yield Finding(
            Level.UNSAFE,
            f"Asterisk {info.version} has had no fixes since {end:%Y-%m-%d}",
            "its security holes stay open: upgrade to 22, which is maintained until 2029-10-16",
        )
    if (major(info.version) or 99) < 12:
        yield Finding(
            Level.WRONG,
            f"Asterisk {info.version} has no linkedid in its events",
            "its channels are joined to calls by guessing: the warning at the connection says more",
        )
