"""The fields of a log's records, and the bad records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

LONGEST = 1 << 20  # the most bytes of a line that a PBX writes
KEPT = 10_000  # the most bad lines that are kept; further ones are only counted
SHOWN = 2_000  # the most letters that are kept of each bad line
#: How reports write seconds: ``01:02:03``, ``02:03``, ``1 day, 1:02:03``, ``1,234``,
#: ``125s (2m 5s)``.
_CLOCK = re.compile(r"(?:(?:(\d+) days?, )?(\d+):)?([0-5]?\d):([0-5]\d)(?:[.,]\d+)?$")
_WORDS = re.compile(r"(\d+)\s*s(?:ec|econds)?\b\s*(?:\([\dhms ]*\))?$", re.IGNORECASE)
_MOST = 10**9  # of seconds and times
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+$")


class Bad:
    """Bad records: they are counted, and kept with the reason.

    Attributes
    ----------
    count : int
        How many there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[tuple[int, str, str]] = []

    def add(self, number: int, reason: object, text: object) -> None:
        """Add a bad record; `number` is its line's number, from 1."""
        self.count += 1
        if len(self._rows) < KEPT:
            self._rows.append((number, str(reason), str(text)[:SHOWN]))

    def frame(self) -> pd.DataFrame:
        """Return the bad records: ``line``, ``reason`` and ``text``."""
        frame = pd.DataFrame(self._rows, columns=["line", "reason", "text"])
        return frame.astype({"line": "int64", "reason": "str", "text": "str"})


def text_of(record: Mapping[str, Any], name: str) -> str | None:
    """Return a field as text; None if it is empty or not there."""
    value = record.get(name)
    text = "" if value is None else str(value)
    return None if text in ("", "<unknown>") else text


def whole_of(record: Mapping[str, Any], name: str) -> int | None:
    """Return a field as a whole number, of seconds or of times; None if it is empty or missing.

    Raises
    ------
    ValueError
        If the field is not such a number.
    """
    text = text_of(record, name)
    if text is None:
        return None
    try:
        value = _seconds(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"its {name} is {text!r}, which is not a number") from None
    if value < 0:
        raise ValueError(f"its {name} is {text!r}, which is negative")
    if value > _MOST:
        raise ValueError(f"its {name} is {text!r}, which is too large")
    return value


def _seconds(text: str) -> int:
    if found := _CLOCK.match(text):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if found := _WORDS.match(text):
        return int(found[1])
    if _GROUPED.match(text):
        return int(text.replace(",", ""))
    return int(float(text.replace(",", ".")))
