"""Checks of what Asterisk writes and says: times, records, telephones, queues, its version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from ast_notebook.doctor.facts import Facts
from ast_notebook.doctor.finding import Finding, Level
from ast_notebook.doctor.versions import end_of_life, major

_YES = ("yes", "true", "y", "t", "1", "on")
_NO = ("no", "false", "n", "f", "0", "off")
#: Seconds that two clocks may differ before times of both are confused.
_APART = 2.0
#: What calls are made of in a CEL.
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
#: Telephones that are named one by one.
_NAMED = 5


def checks(facts: Facts) -> Iterator[Finding]:
    """Yield what is to be said of this Asterisk."""
    yield from _times(facts)
    yield from _clock(facts)
    yield from _cdr(facts)
    yield from _cel(facts)
    yield from _telephones(facts)
    yield from _queues(facts)
    yield from _version(facts)


def _times(facts: Facts) -> Iterator[Finding]:
    told = facts.setting("manager.conf", "general", "timestampevents")
    heard = facts.has_timestamps() if told is None else None
    if (told is not None and told not in _YES) or heard is False:
        yield Finding(
            Level.WRONG,
            "events do not say when they happened",
            "times are those of arrival: what comes in a burst, or while a notebook computes, "
            "looks later than it was",
            "manager.conf",
            "general",
            ("timestampevents = yes",),
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    clock = facts.clock
    if clock is None:
        return
    if abs(clock.ahead) > _APART:
        way = "ahead of" if clock.ahead > 0 else "behind"
        yield Finding(
            Level.WRONG,
            f"the PBX's clock is {abs(clock.ahead):.0f} seconds {way} this machine's",
            "times of its events and of ours are confused: let both follow NTP",
        )
    ours = time.strftime("%z")
    if clock.offset != ours:
        yield Finding(
            Level.NOTE,
            f"the PBX lives at {clock.offset}, this machine at {ours}",
            "its CDR and CEL have its own local times: read them with tz= of its zone",
        )


def _cdr(facts: Facts) -> Iterator[Finding]:
    read = facts.classes("read")
    enabled = facts.setting("cdr_manager.conf", "general", "enabled")
    if enabled is not None and enabled not in _YES and (read is None or {"cdr", "all"} & read):
        yield Finding(
            Level.MISSING,
            "call detail records are not sent as events",
            "calls that end in a mailbox are told apart from others by them",
            "cdr_manager.conf",
            "general",
            ("enabled = yes",),
        )
    if facts.has_module("cdr_csv.so") is False:
        return
    wanted = {"loguniqueid": _YES, "newcdrcolumns": _YES}
    known = {name: facts.setting("cdr.conf", "csv", name) for name in wanted}
    lacking = [name for name, text in known.items() if text is not None and text not in _YES]
    if lacking:
        yield Finding(
            Level.MISSING,
            f"Master.csv has no {' and no '.join(_columns(name) for name in lacking)}",
            "lines of one call can be joined only by guesses, and calls of one moment are confused",
            "cdr.conf",
            "csv",
            tuple(f"{name} = yes" for name in lacking),
        )
    if facts.setting("cdr.conf", "general", "unanswered") in ("", *_NO):
        yield Finding(
            Level.NOTE,
            "calls that reached nobody are partly not in the CDR (unanswered)",
            "a CDR counts fewer lost calls than events and CEL do",
            "cdr.conf",
            "general",
            ("unanswered = yes",),
        )


def _columns(name: str) -> str:
    return {"loguniqueid": "uniqueid", "newcdrcolumns": "linkedid"}[name]


def _cel(facts: Facts) -> Iterator[Finding]:
    enabled = facts.setting("cel.conf", "general", "enable")
    if enabled is None or enabled not in _YES:
        return  # who keeps no CEL need not be told
    text = facts.setting("cel.conf", "general", "events") or ""
    chosen = {word.strip().upper() for word in text.split(",") if word.strip()}
    lacking = [] if "ALL" in chosen else [one for one in _CEL if one not in chosen]
    if lacking:
        yield Finding(
            Level.MISSING,
            f"the CEL lacks {', '.join(lacking[:4])}{' and more' if len(lacking) > 4 else ''}",
            "who talked, for how long, or how a call ended cannot be known from it",
            "cel.conf",
            "general",
            (f"events = {','.join([*sorted(chosen - set(_CEL)), *_CEL])}",),
        )


def _telephones(facts: Facts) -> Iterator[Finding]:
    if facts.has_module("chan_sip.so") and facts.setting("sip.conf", "general", "callcounter") in (
        "",
        *_NO,
    ):
        yield Finding(
            Level.MISSING,
            "chan_sip does not count the calls of its telephones",
            "lamps stay dark: a telephone is never in use",
            "sip.conf",
            "general",
            ("callcounter = yes",),
        )
    nameless = facts.nameless()
    if nameless:
        some = ", ".join(nameless[:_NAMED])
        more = f" and {len(nameless) - _NAMED} more" if len(nameless) > _NAMED else ""
        device = nameless[0].partition("/")[2]
        pjsip = nameless[0].startswith("PJSIP")
        yield Finding(
            Level.NOTE,
            f"telephones without a number of their own (callerid): {some}{more}",
            "Asterisk then gives them the number that was dialled; who answered is told by device",
            "pjsip.conf" if pjsip else "sip.conf",
            device,
            (f'callerid = "Name" <{device}>',),
        )


def _queues(facts: Facts) -> Iterator[Finding]:
    if not facts.has_module("app_queue.so"):
        return
    if facts.setting("queues.conf", "general", "log_membername_as_agent") in ("", *_NO):
        yield Finding(
            Level.NOTE,
            "the queue_log has an agent's interface at his login, and his name in all else",
            "histories of it need members= to bring both together",
            "queues.conf",
            "general",
            ("log_membername_as_agent = yes",),
        )


def _version(facts: Facts) -> Iterator[Finding]:
    if not facts.version:
        return
    end = end_of_life(facts.version)
    today = datetime.now(UTC).date()
    if end is not None and end <= today:
        yield Finding(
            Level.UNSAFE,
            f"Asterisk {facts.version} has had no fixes since {end:%Y-%m-%d}",
            "its security holes stay open: 22 is maintained until 2029-10-16",
        )
    if (major(facts.version) or 99) < 12:
        yield Finding(
            Level.WRONG,
            f"Asterisk {facts.version} has no linkedid in its events",
            "calls are put together by guesses: see what is said at the connection",
        )
