"""Made-up days to be replayed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd

from ast_notebook.recording import Record

NOON = 1_795_780_800  # 2026-11-27 12:00 UTC, a Friday

assert datetime.fromtimestamp(NOON, UTC) == datetime(2026, 11, 27, 12, tzinfo=UTC)


def event(second: float, name: str, **headers: object) -> tuple[float, str]:
    """An event so many seconds after noon, with its Timestamp."""
    lines = [f"Event: {name}", "Privilege: call,all", f"Timestamp: {NOON + second:.6f}"]
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    return second, "\r\n".join(lines)


def channel(second: float, name: str, device: str, number: int = 1, **more: object):
    """An event of a channel of a device."""
    uniqueid = f"{NOON}.{number}"
    headers = {
        "Channel": f"{device}-{number:08x}",
        "ChannelState": 6,
        "ChannelStateDesc": "Up",
        "CallerIDNum": device.partition("/")[2],
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "phones",
        "Exten": 240,
        "Priority": 1,
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
    }
    return event(second, name, **headers | more)


def bell(second: float, value: object = 1, **more: object):
    """The UserEvent that rings the bell."""
    return event(second, "UserEvent", UserEvent="Bell", Source="door", Value=value, **more)


def frame(*events: tuple[float, str]) -> pd.DataFrame:
    """The frame of these events, as `sh.ast.events` has it."""
    record = Record()
    for second, text in events:
        record.add([text], round((NOON + second) * 1_000_000))
    found = record.frame()
    record.close()
    return found


def capture(*events: tuple[float, str]) -> str:
    """These events as they come from the manager interface."""
    return "".join(f"{text}\r\n\r\n" for _, text in events)


def record(folder, *events, marks=(), server="ast", anonymizer=None):
    """Record events to a folder; a mark is noted behind so many of them."""
    kept = Record(server)
    archive = kept.to(folder, anonymizer=anonymizer)
    for number, (second, text) in enumerate(events):
        kept.add([text], microseconds(second))
        for behind, name, state in marks:
            if behind == number:
                after = microseconds(second)
                archive.note(
                    f"Event: {name}\r\nAfter: {after}\r\nAt: {after + 1000}\r\n"
                    f"Snapshot: {json.dumps(state)}",
                    after + 1000,
                )
    assert archive.flush(10)
    kept.close()


def microseconds(second):
    """So many seconds after noon, in microseconds since 1970."""
    return round((NOON + second) * 1_000_000)


def whole(*channels, stale=False):
    """What a mark tells of these channels, each with its number."""
    rows = {
        f"{NOON}.{number}": [f"{device}-{number:08x}", f"{NOON}.{number}", device]
        for number, device in channels
    }
    tables = {"channels": {"fields": ["channel", "uniqueid", "device"], "rows": rows}}
    return {"tables": tables, "inner": {}, "silent": {}, "left_out": {}, "stale": stale}
