"""The lines of a log, however long it is, and those of them that are of no use."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd

from ast_notebook.ami.message import decode

LONGEST = 1 << 20  # bytes; a longer line is none of a PBX's
KEPT = 10_000  # bad lines that are kept as they are; further ones are counted


class Bad:
    """Records that could not be read: counted, and kept aside with the reason.

    Attributes
    ----------
    count : int
        How many there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[tuple[int, str, str]] = []

    def add(self, number: int, reason: object, text: object) -> None:
        """Put a record aside; `number` is its line's, from 1."""
        self.count += 1
        if len(self._rows) < KEPT:
            self._rows.append((number, str(reason), str(text)[:LONGEST]))

    def frame(self) -> pd.DataFrame:
        """Return what was put aside: ``line``, ``reason`` and ``text``."""
        frame = pd.DataFrame(self._rows, columns=["line", "reason", "text"])
        return frame.astype({"line": "int64", "reason": "str", "text": "str"})


def lines(path: Path, bad: Bad) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file, packed by gzip or not, with their numbers.

    A line is UTF-8, or Latin-1 where it is not; empty ones are passed over.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        number = 0
        try:
            while line := file.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and not line.endswith(b"\n"):
                    bad.add(number, f"longer than {LONGEST} bytes", decode(line[:200]))
                    while len(line) == LONGEST and not line.endswith(b"\n"):
                        line = file.readline(LONGEST)
                    continue
                text = decode(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                text = text.rstrip("\r\n")
                if text.strip():
                    yield number, text
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            bad.add(number + 1, f"the file ends badly: {error}", "")


def fields(line: str) -> list[str]:
    """Return the fields of a line of comma-separated values, quoted in whatever way.

    Raises
    ------
    ValueError
        If a quote is never closed.
    """
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        if line.count('"') % 2:
            raise ValueError(f"quotes do not match: {error}") from None
    return next(csv.reader([line], quoting=csv.QUOTE_NONE))


def text_of(record: Mapping[str, Any], name: str) -> str | None:
    """Return a field as text; None if it is empty or not there."""
    value = record.get(name)
    text = "" if value is None else str(value)
    return None if text in ("", "<unknown>") else text


def whole_of(record: Mapping[str, Any], name: str) -> int | None:
    """Return a field as a whole number of seconds or times; None if it is not there.

    Raises
    ------
    ValueError
        If it is something else.
    """
    text = text_of(record, name)
    if text is None:
        return None
    try:
        value = int(float(text))
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is {text!r}, no number") from None
    if value < 0:
        raise ValueError(f"{name} is {text!r}, less than nothing")
    return value
