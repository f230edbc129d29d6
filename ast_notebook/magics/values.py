"""Possible values of words in a `%ast` line, for TAB, from the PBX and from recent events."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Iterable
from pathlib import Path

from ast_notebook.asterisk import Asterisk
from ast_notebook.calls.linkedids import age
from ast_notebook.calls.trunks import GUESS
from ast_notebook.errors import AstError
from ast_notebook.magics.context import Context

RECENT = 5000  # events that are searched
MOST = 500  # files, or ids of calls, that are offered
TIMEOUT = 1.0  # seconds that a PBX may take to answer while somebody waits for TAB


def devices(context: Context) -> Iterable[str]:
    """Return the devices of the PBX, with their technologies and without."""
    with_technology = [
        device for pbx in _pbxs(context) for device in pbx.live.tables["devices"].rows()
    ]
    return [*with_technology, *(one.partition("/")[2] for one in with_technology)]


def trunks(context: Context) -> Iterable[str]:
    """Return the words that name trunks: devices, and ``guess`` for those that look like it."""
    return [GUESS, *devices(context)]


def extensions(context: Context) -> Iterable[str]:
    """Return the extensions in recent events."""
    return _heard(context, "exten")


def contexts(context: Context) -> Iterable[str]:
    """Return the contexts in recent events."""
    return _heard(context, "context")


def events(context: Context) -> Iterable[str]:
    """Return the names of recent events."""
    return _heard(context, "event")


def userevents(context: Context) -> Iterable[str]:
    """Return the names of recent UserEvents."""
    return _heard(context, "userevent")


def destinations(context: Context) -> Iterable[str]:
    """Return the Destinations of recent UserEvents."""
    return _heard(context, "destination")


def events_and_userevents(context: Context) -> Iterable[str]:
    """Return the names of events and of UserEvents."""
    return [*userevents(context), *events(context)]


def queues(context: Context) -> Iterable[str]:
    """Return the queues of the PBX."""
    return [name for pbx in _pbxs(context) for name in pbx.live.tables["queues"].rows()]


def agents(context: Context) -> Iterable[str]:
    """Return the agents of the queues."""
    members = [row for pbx in _pbxs(context) for row in pbx.live.tables["members"].rows().values()]
    return sorted({str(row["agent"]) for row in members})


def numbers(context: Context) -> Iterable[str]:
    """Return the numbers in recent events, and the devices."""
    return [*extensions(context), *_heard(context, "calleridnum"), *devices(context)]


def calls(context: Context) -> Iterable[str]:
    """Return the ids of recent calls, the newest first, and then numbers and devices."""
    ids = sorted(_heard(context, "linkedid"), key=age, reverse=True)
    return [*ids[:MOST], *numbers(context)]


def zones(context: Context) -> Iterable[str]:
    """Return the names of time zones."""
    return ["UTC", *sorted(zoneinfo.available_timezones())]


def files(fragment: str) -> list[str]:
    """Return the files and folders that begin with a path as it is written so far."""
    folder, _, begin = fragment.rpartition("/")
    above = f"{folder}/" if "/" in fragment else ""
    try:
        with os.scandir(Path(above or ".").expanduser()) as found:
            names = [f"{one.name}/" if one.is_dir() else one.name for one in found]
    except (OSError, RuntimeError):
        return []
    here = sorted(name for name in names if name.startswith(begin))
    # Hidden files are offered only if the dot is written.
    return [f"{above}{name}" for name in here if begin or not name.startswith(".")][:MOST]


def mailboxes(context: Context) -> Iterable[str]:
    """Return the mailboxes of the PBX."""
    return [box for pbx in _pbxs(context) for box in pbx.live.tables["mailboxes"].rows()]


def keys(context: Context) -> Iterable[str]:
    """Ask for the entries of the Asterisk database."""
    found: list[str] = []
    for pbx in _pbxs(context):
        try:
            found += pbx.db_show(timeout=TIMEOUT)["key"].tolist()
        except AstError:
            continue
    return found


def actions(context: Context) -> Iterable[str]:
    """Ask for the actions that the login may use."""
    found: list[str] = []
    for pbx in _pbxs(context):
        try:
            headers = pbx.action("ListCommands", TIMEOUT).response.headers
        except AstError:
            continue
        found += [name for name in headers if name not in ("Response", "ActionID", "Message")]
    return found


def items(context: Context) -> Iterable[str]:
    """Return the paths of the items."""
    return [item.id() for item in context.sh.return_items()]


def logics(context: Context) -> Iterable[str]:
    """Return the names of the logics."""
    return [logic.name for logic in context.sh.logics]


def bound(context: Context) -> Iterable[str]:
    """Return the names for `%ast off`: logics, and functions bound to events."""
    callbacks = [name for pbx in context.sh.pbxs.values() for name in pbx.callbacks]
    return [*logics(context), *callbacks]


def _pbxs(context: Context) -> Iterable[Asterisk]:
    return context.sh.pbxs.values()


def _heard(context: Context, column: str) -> list[str]:
    found: set[str] = set()
    for pbx in _pbxs(context):
        frame = pbx.record.frame(last=RECENT)
        if column in frame:
            found |= set(frame[column].dropna().astype(str))
    return sorted(found)
