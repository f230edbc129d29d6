"""Guesses the kind of a file by its first lines, or explains why that is impossible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from ast_notebook.calls.history.columns import KNOWN, Shape, lacking, plain
from ast_notebook.calls.history.dialect import FORMS, MOST_FIELDS, fields
from ast_notebook.calls.history.files import lines
from ast_notebook.calls.history.lines import Bad
from ast_notebook.calls.history.records import (
    GivenColumns,
    Line,
    Objects,
    QueueLogLines,
    Record,
    RecordParser,
    Separated,
    records,
)
from ast_notebook.errors import ConfError

#: How many lines are looked at, and how many if none of them is as RFC 4180 requires.
_LOOKED, _LOOSELY = 1000, 50
_DUMP = re.compile(
    r"--.*\bdump\b|/\*!\d{5}|(insert\s+into|create\s+table|drop\s+table|pragma\s+foreign_keys"
    r"|begin\s+transaction|copy\s+\S+\s+\(.*from\s+stdin)\b",
    re.IGNORECASE,
)
_STREAM = re.compile(r"(Asterisk Call Manager/[\d.]+|Event: \w+)\s*$")
_PREFIXED = re.compile(r"[^,;\t]{1,60}\bEvent: [A-Z]\w+\s*$")
_PAGE = re.compile(r"<(\?xml|!doctype|html|table)\b", re.IGNORECASE)


def guess(path: Path, kind: str | None, given: GivenColumns) -> RecordParser | None:
    """Return the parser for a file's lines; None for a stream of the manager's events.

    Raises
    ------
    ConfError
        If the kind is unknown, or the file has to be converted first.
    """
    bad = Bad()
    head = [line for line in islice(lines(path, bad), _LOOKED) if line[1].strip()]
    if not head and bad.count and kind is None:
        raise ConfError(f"no line of {path} can be read: {bad.frame()['reason'].iloc[0]}")
    if not head and kind not in (None, "events"):
        return QueueLogLines() if kind == "queue_log" else Separated(kind, FORMS[0], given)
    if not head:
        raise ConfError(f"{path} is empty, so its kind is unknown; give kind='cdr' or another")
    if kind == "events" or any(_STREAM.match(text[:200]) for _, text in head):
        return None
    _refuse(path, head)
    best: tuple[tuple[int, int], RecordParser] | None = None
    for parser, looked in _parsers(kind, given):
        fit = _fit(head[:looked], parser)
        if fit is not None and (best is None or fit < best[0]):
            best = fit, parser
            if fit == (head[0][0], 0):
                break
    if best is None:
        raise ConfError(_why(path, head, kind, given))
    found = best[1]
    # A new parser, which has learned nothing yet: the first lines are read again.
    return Separated(found.kind, found.form, given) if isinstance(found, Separated) else found


def _parsers(kind: str | None, given: GivenColumns) -> Iterator[tuple[RecordParser, int]]:
    """Yield the possible parsers, the likeliest first, and how many lines each one tries."""
    kinds = list(KNOWN) if kind is None else [kind]
    if "queue_log" in kinds and given is None:
        yield QueueLogLines(), _LOOKED
    for name in kinds:
        yield Objects(name, given), _LOOKED
    for loose, looked in ((False, _LOOKED), (True, _LOOSELY)):
        for form in FORMS:
            for name in kinds:
                yield Separated(name, form, given, loose=loose), looked


def _fit(head: Iterable[Line], parser: RecordParser) -> tuple[int, int] | None:
    """Return the number of the first record, and how many of the next lines are bad."""
    first: int | None = None
    bad = after = 0
    for number, _, record in records(head, parser):
        if first is None and _is_record(record, parser):
            first = number
        elif first is not None:
            after += 1
            bad += isinstance(record, ValueError)
            if after == _LOOSELY:
                break
    return None if first is None else (first, bad)


def _is_record(record: Record | ValueError | None, parser: RecordParser) -> bool:
    """Tell whether something is certainly a record, or a line of names before the records."""
    if isinstance(record, ValueError):
        return False
    if record is None:
        return isinstance(parser, Separated)
    there = [name for name, value in record.items() if value is not None]
    if lacking(parser.kind, there):
        return False
    return not isinstance(parser, QueueLogLines) or (
        str(record["time"]).replace(".", "", 1).isdecimal() and str(record["event"]).isupper()
    )


def _refuse(path: Path, head: Sequence[Line]) -> None:
    """Raise an error for a file that is not a log; it says what the file is, and what to do."""
    texts = [text[:200] for _, text in head[:50]]
    if any(map(_DUMP.match, texts)):
        raise ConfError(
            f"{path} is a dump of SQL: load it into a database (mysql, psql or sqlite3 does) and "
            "give the database's URL, or export the table as CSV"
        )
    if any(map(_PAGE.match, texts)):
        raise ConfError(f"{path} is a page of HTML or XML: export the calls as CSV")
    if any(map(_PREFIXED.match, texts)):
        raise ConfError(
            f"{path} has events of the manager interface, but with other text before them in each "
            "line: remove that text, so that each line is a header such as Event: Newchannel"
        )


def _why(path: Path, head: Sequence[Line], kind: str | None, given: GivenColumns) -> str:
    """Return the message for a file of unknown kind: why it is unknown, and what would help."""
    found = _columns(head)
    what = f"{path} is neither a CDR, a CEL nor a queue_log"
    if kind is not None:
        what = f"{path} is not a {kind} of a known form"
    if head[0][1].lstrip().startswith(("{", "[")):
        return (
            f"{what}: each record of JSON has to begin in a line of its own, as written by jq -c "
            "'.[]' FILE (or '.data[]', if the list is called data)"
        )
    if not found and any(map(_is_wide, head)):
        return (
            f"{what}: its lines have more than {MOST_FIELDS} fields, which no record of a call has"
        )
    if given is None and not found:
        return f"{what}: its lines are not records of calls as PBXs write them"
    if given is not None and not isinstance(given, Mapping) and len(given) != len(found):
        return f"columns= has {len(given)} names, and the lines of {path} have {len(found)} fields"
    if isinstance(given, Mapping):
        wrong = [name for name in given if plain(name) not in {*map(plain, found)}]
        if wrong:
            return f"{path} has no column {', '.join(wrong)}: it has {', '.join(found) or 'none'}"
    if given is None and any(letter.isdigit() for one in found for letter in one):
        return f"{what}: name its {len(found)} columns in order by columns=[…]"
    kinds = list(KNOWN) if kind is None else [kind]
    missing = [lacking(one, Shape(one, found, given).names) for one in kinds]
    needed = ", ".join(sorted(missing, key=len)[0]) or "who called whom"
    names = ", ".join(found[:20]) + (", …" if len(found) > 20 else "")
    return (
        f"{what}: it is unknown which of its columns {names} is {needed}: map them to Asterisk's "
        "names by columns={'NAME': 'start', …}"
    )


def _is_wide(line: Line) -> bool:
    return any(line[1].count(form.separator) >= MOST_FIELDS for form in FORMS)


def _columns(head: Sequence[Line]) -> list[str]:
    """Return the first of the lines that have the same number of fields; empty if few have."""
    best: list[str] = []
    for form in FORMS:
        parted = []
        for _, text in head[:100]:
            try:
                parted.append(fields(text, form))
            except ValueError:
                continue
        counts = [len(one) for one in parted]
        common = max(set(counts), key=counts.count, default=0)
        if common >= 3 and counts.count(common) * 2 > len(head[:100]) and common > len(best):
            best = next(one for one in parted if len(one) == common)
    return [field.strip() for field in best]
