"""The few commands of Asterisk's command line that the demo knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ast_notebook.demo.channel import Channel
from ast_notebook.demo.database import is_below
from ast_notebook.demo.pbx import Pbx

Command = Callable[[Pbx, Sequence[str]], list[str] | None]


def run_command(pbx: Pbx, line: str) -> list[str] | None:
    """Run a command, and return the lines that it prints; None if there is no such command."""
    words = line.split()
    for length in range(len(words), 0, -1):
        command = _COMMANDS.get(" ".join(words[:length]).lower())
        if command is not None:
            return command(pbx, words[length:])
    return None


def _version(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    return None if words else [f"Asterisk {pbx.profile.version} {pbx.profile.built}"]


def _uptime(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    seconds = int(time.time() - pbx.started)
    if list(words) == ["seconds"]:
        said = str(seconds)
    elif words:
        return None
    else:
        said = spoken(seconds)
    return [f"System uptime: {said}", f"Last reload: {said}"]


def spoken(seconds: int) -> str:
    """Write a number of seconds as Asterisk does.

    >>> spoken(3661)
    '1 hour, 1 minute, 1 second'
    """
    parts = []
    for name, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    if seconds or not parts:
        parts.append(f"{seconds} second{'s' if seconds != 1 else ''}")
    return ", ".join(parts)


def _counts(pbx: Pbx) -> list[str]:
    channels = len(pbx.channels)
    return [f"{channels} active channel{'s' if channels != 1 else ''}", *_call_counts(pbx)]


def _call_counts(pbx: Pbx) -> list[str]:
    calls, processed = pbx.current_calls, pbx.calls_processed
    return [
        f"{calls} active call{'s' if calls != 1 else ''}",
        f"{processed} call{'s' if processed != 1 else ''} processed",
    ]


def _calls(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    return None if words else _call_counts(pbx)


def _channels(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    if list(words) == ["concise"]:
        return [_concise(one) for one in pbx.channels.values()] or [""]
    if list(words) == ["count"]:
        return _counts(pbx)
    if words:
        return None
    wide, place = (64, 32) if pbx.profile.is_newer else (20, 20)
    header = f"{'Channel':{wide}} {'Location':{place}} {'State':7} {'Application(Data)':30}"
    lines = [
        f"{one.name:{wide}} {f'{one.exten}@{one.context}:{one.priority}':{place}} "
        f"{one.state.word:7} {f'{one.application}({one.data})':30}"
        for one in pbx.channels.values()
    ]
    return [header, *lines, *_counts(pbx)]


def _concise(channel: Channel) -> str:
    parts = (
        channel.name,
        channel.context,
        channel.exten,
        str(channel.priority),
        channel.state.word,
        channel.application,
        channel.data,
        channel.caller.number,
        channel.account,
        "",
        "3",
        str(int(time.time() - channel.since)),
        channel.bridge.uniqueid if channel.bridge else "",
        channel.uniqueid,
    )
    return "!".join(parts)


def _database_show(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    if len(words) > 2:
        return None
    prefix = "".join(f"/{word}" for word in words)
    found = [one for one in sorted(pbx.database.items()) if is_below(one[0], prefix)]
    return [*(f"{key:50}: {value:25}" for key, value in found), f"{len(found)} results found."]


def _database_get(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    if len(words) != 2:
        return None
    value = pbx.database.get("/" + "/".join(words))
    return ["Database entry not found." if value is None else f"Value: {value}"]


def _database_put(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    if len(words) != 3:
        return None
    pbx.database[f"/{words[0]}/{words[1]}"] = words[2]
    return ["Updated database successfully"]


def _database_del(pbx: Pbx, words: Sequence[str]) -> list[str] | None:
    if len(words) != 2:
        return None
    found = pbx.database.pop("/" + "/".join(words), None)
    return [f"Database entry {'could not be removed' if found is None else 'removed'}."]


_COMMANDS: dict[str, Command] = {
    "core show calls": _calls,
    "core show channels": _channels,
    "core show uptime": _uptime,
    "core show version": _version,
    "database del": _database_del,
    "database get": _database_get,
    "database put": _database_put,
    "database show": _database_show,
}
