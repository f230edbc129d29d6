"""The field ``extra`` of a channel event: JSON, perhaps cut off; up to Asterisk 11 plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.clock import born
from ast_notebook.calls.history.lines import text_of

#: The most letters of a field that is read; Asterisk writes a few hundred.
_LONGEST = 8192
#: A name and its plain value, up to a comma or brace: a value that was cut off does not match.
_PAIR = re.compile(
    r'[\s{,]*"([^"\\]{1,64})"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d{1,18}|true|false|null)(?=\s*[,}])'
    r"|"
    r'[\s{,]*"([^"\\]{1,64})"\s*:\s*("(?:[^"\\]|\\.)*")(?=\s*$)'
)
_CAUSES = range(256)


def read_extra(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the field tells, by Asterisk's names since 12."""
    text = text_of(record, "extra")
    if text is None:
        return {}
    if text.startswith("{"):
        return _json(text[:_LONGEST])
    if kind == "HANGUP":
        return _hangup(text[:_LONGEST])
    if kind == "ATTENDEDTRANSFER" and born(text) is not None:
        return {"channel2_uniqueid": text}
    return {}


def word(extra: Mapping[str, Any], name: str) -> str:
    """Return a text of the field; empty if there is none."""
    value = extra.get(name)
    return value if isinstance(value, str) else ""


def cause_of(extra: Mapping[str, Any]) -> int | None:
    """Return the cause of a hangup; None if there is none that can be one."""
    value = extra.get("hangupcause")
    known = isinstance(value, int) and not isinstance(value, bool) and value in _CAUSES
    return value if known else None


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return dict(_pairs(text))
    return found if isinstance(found, dict) else {}


def _pairs(text: str) -> list[tuple[str, Any]]:
    """Return the pairs of a text that was JSON and was cut off, up to the cut."""
    pairs = []
    place = 0
    while (found := _PAIR.match(text, place)) is not None:
        try:
            pairs.append((found[1] or found[3], json.loads(found[2] or found[4])))
        except ValueError:
            break
        place = found.end()
    return pairs


def _hangup(text: str) -> dict[str, Any]:
    """Return cause, source and status, which Asterisk up to 11 writes with commas between them."""
    cause, *others = re.split(r"[,|]", text, maxsplit=2)
    if not (cause.isascii() and cause.isdecimal() and len(cause) < 4) or not others:
        return {}
    source, status = [*others, ""][:2]
    return {"hangupcause": int(cause), "hangupsource": source, "dialstatus": status}
