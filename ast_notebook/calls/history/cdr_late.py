"""Changes a call after a record of it came too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.cdr_record import CdrRecord

#: Columns that depend on the oldest record.
_OF_FIRST = (
    "caller",
    "caller_name",
    "caller_device",
    "cause",
    "conference",
    "did",
    "recording",
)
#: Columns that the first record with talk has decided.
_OF_TALK = ("disposition", "answered", "answered_by", "answered_device")
_ALWAYS = ("call", "server", "source", "start", "end")


def amended(call: Mapping[str, Any], line: CdrRecord) -> dict[str, Any]:
    """Return the columns of a call that change because a record of it came late.

    Only the beginning and the end of the call are certain then, since its records are not kept.
    All values that depend on the records together become missing, unless they were decided before.

    Parameters
    ----------
    call : mapping
        The columns of its row; times are in microseconds.
    line : CdrRecord
        The record that came too late.
    """
    start, end, answered = (call.get(name) for name in ("start", "end", "answered"))
    settled = [*_ALWAYS]
    if start is not None and line.start > start:
        settled += _OF_FIRST
        if call.get("direction") == "inbound":
            settled += ["direction", "trunk"]
    talked = call.get("disposition") == "ANSWERED"
    if talked and answered is not None and line.start > answered:
        settled += _OF_TALK
    changed: dict[str, Any] = {name: None for name in call if name not in settled}
    changed["start"] = line.start if start is None else min(start, line.start)
    changed["end"] = None if end is None or line.endless else max(end, line.end)
    return changed
