"""Parses lines into records: each kind of file has a parser, and a record may span lines."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ast_notebook.calls.history import cdr, cel, dates, queue_entries
from ast_notebook.calls.history.columns import (
    NUMBERS,
    TIMES,
    Shape,
    kind_of,
    lacking,
    plain,
    value_of,
)
from ast_notebook.calls.history.dialect import (
    MOST_FIELDS,
    Form,
    OpenQuote,
    Quotes,
    TooManyFields,
    fields,
    is_open,
    loosely,
    unescaped,
)

Record = Mapping[str, Any]
GivenColumns = Mapping[str, str] | Sequence[str] | None
Line = tuple[int, str]
#: The most lines and letters of a record; Asterisk's own fields have 256 letters.
MOST_LINES, MOST_LETTERS = 300, 64 * 1024

#: What Excel has in the first line of some files.
_SEPARATOR = re.compile(r'"?sep=."?$', re.IGNORECASE)
#: Digits that a line of names does not have, and a record has.
_YEAR = re.compile(r"\d{4}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d|\d{9,16}(\.\d+)?$|0000-")
#: What phpMyAdmin writes around the rows of a table.
_FRAME = re.compile(r'\{"type":"(header|database)",[^{}]*\},?$|\{"type":"table",.*"data":$')
_QUOTES = ('"', "'")
_LAYOUTS = {"cdr": cdr.layout, "cel": cel.layout, "queue_log": queue_entries.layout}


class RecordParser(Protocol):
    """Makes records of lines."""

    kind: str

    def __call__(self, text: str) -> Record | None:
        """Return the record; None for a line of names.

        Raises
        ------
        OpenQuote
            If the record may go on in the next line.
        ValueError
            If the line is not a record.
        """

    def alone(self, text: str) -> Record | None:
        """Return the record of a line that does not go on in the next one.

        The errors are those of a call of the parser.
        """

    def ending(self, first: str) -> Callable[[str], bool]:
        """Return a function that tells whether the record can end in a further line."""

    def begins_record(self, text: str) -> bool:
        """Tell whether a line begins a record, so that no record before it goes on in this line."""


def records(
    lines: Iterable[Line], parser: RecordParser
) -> Iterator[tuple[int, str, Record | ValueError | None]]:
    """Yield each record: the number of its first line, its text, and the record or an error.

    If a quote is never closed, only its line is bad. Further lines count as part of its record only
    if the whole is then a good record, and none of the lines is a record by itself.
    """
    source = iter(lines)
    ahead: deque[Line] = deque()
    while True:
        line = ahead.popleft() if ahead else next(source, None)
        if line is None:
            return
        number, text = line
        if not text.strip() or (number == 1 and _SEPARATOR.match(text)):
            continue
        try:
            yield number, text, parser(text)
        except OpenQuote as error:
            joined = _joined(text, ahead, source, parser)
            if joined is not None:
                yield number, *joined
                continue
            try:
                yield number, text, parser.alone(text)
            except OpenQuote:
                yield number, text, error
            except ValueError as other:
                yield number, text, other
        except ValueError as error:
            yield number, text, error


def _joined(
    text: str, ahead: deque[Line], source: Iterator[Line], parser: RecordParser
) -> tuple[str, Record | None] | None:
    ends = parser.ending(text)
    for count in range(MOST_LINES):
        if count == len(ahead):
            more = next(source, None)
            if more is None:
                return None
            ahead.append(more)
        following = ahead[count][1]
        text += f"\n{following}"
        if len(text) > MOST_LETTERS or parser.begins_record(following):
            return None
        if not ends(following):
            continue
        try:
            record = parser(text)
        except OpenQuote:
            continue
        except ValueError:
            return None
        for _ in range(count + 1):
            ahead.popleft()
        return text, record
    return None


class QueueLogLines:
    """Makes records of the lines of Asterisk's own queue_log, whose fields ``|`` separates."""

    kind = "queue_log"

    def __call__(self, text: str) -> Record:
        """Return the entry; raise `ValueError` if the line is none."""
        return {name: value_of(value) for name, value in queue_entries.record_of(text).items()}

    alone = __call__

    def ending(self, _: str) -> Callable[[str], bool]:
        """Return a function that is always False, since no entry goes on in a further line."""
        return lambda _: False

    def begins_record(self, text: str) -> bool:
        """Return True, since each line is an entry of its own."""
        return True


class Objects:
    """Makes records of JSON: each is an object, as Asterisk 22 and others write them."""

    def __init__(self, kind: str, given: GivenColumns = None) -> None:
        self.kind = kind
        self._given = given if isinstance(given, Mapping) else None
        self._names: tuple[str, ...] = ()
        self._shape = Shape(kind, (), None)

    def __call__(self, text: str) -> Record | None:
        """Return the record; None for the brackets of a list. Errors are as in `RecordParser`."""
        if text.strip() in ("[", "]", ",", "}") or _FRAME.match(text):
            return None
        found = parsed(text)
        if len(found) > MOST_FIELDS:
            raise TooManyFields
        names = tuple(found)
        if names != self._names:
            self._names, self._shape = names, Shape(self.kind, names, self._given)
        return self._shape.record([_flat(value) for value in found.values()])

    def alone(self, text: str) -> Record | None:
        """Return the record; errors are as in `RecordParser`."""
        return self(text)

    def ending(self, _: str) -> Callable[[str], bool]:
        """Return a function that tells whether the object can end in a further line."""
        return lambda line: "}" in line

    def begins_record(self, text: str) -> bool:
        """Tell whether an object begins in this line."""
        return text.startswith(("{", "[{"))


def parsed(text: str) -> dict[str, Any]:
    """Return the object in a line, which may be one of a list.

    Raises
    ------
    OpenQuote
        If the object begins in the line and does not end in it.
    ValueError
        If there is no object.
    """
    bare = text.strip().removeprefix("[").lstrip(",").removesuffix("]").rstrip(", ")
    if not bare.startswith("{"):
        raise ValueError("it is not an object of JSON")
    try:
        found = json.loads(bare, strict=False)
    except RecursionError:
        raise ValueError("its objects are nested too deeply to be read") from None
    except ValueError as error:
        raise OpenQuote(f"it is not an object of JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("it is not an object of JSON")
    return found


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


class Separated:
    """Makes records of lines of separated values, whose first line or layout tells the columns.

    Parameters
    ----------
    kind : str
        ``cdr``, ``cel`` or ``queue_log``.
    form : Form
        What is between fields and around them.
    given : sequence or mapping of str, optional
        The columns as the user names them: our names in order, or a mapping of their names to ours.
    loose : bool
        Whether lines that deviate from RFC 4180 are read, too.
    """

    def __init__(
        self, kind: str, form: Form, given: GivenColumns = None, *, loose: bool = True
    ) -> None:
        self.kind = kind
        self.form = form
        self._given = given
        self._loose = loose
        ordered = given is not None and not isinstance(given, Mapping)
        self._shape = Shape(kind, list(given or ()), given) if ordered else None
        self._layouts: dict[tuple[str, ...], Shape] = {}
        self._ordered = ordered
        self._marks = {plain(name) for name in given} if isinstance(given, Mapping) else set()

    def __call__(self, text: str) -> Record | None:
        """Return the record, or None for a line of names; errors are as in `RecordParser`."""
        try:
            found = fields(text, self.form)
        except OpenQuote as error:
            if "\\" not in text:
                raise
            return self._escaped(text, error)
        except ValueError as error:
            return self._loosely(text, error)
        if (self._marks or not _YEAR.search(text)) and self._is_names(found):
            self._learn(found)
            return None
        if "\\" in text and self.form.separator == "\t":
            found = unescaped(text, self.form) or found
        try:
            return self._record(found)
        except ValueError as error:
            if text.endswith("\\") and self.form.separator == "\t":
                raise OpenQuote(str(error)) from None  # MySQL's way to write a line feed
            return self._loosely(text, error)

    def alone(self, text: str) -> Record:
        """Return the record of a line that is whole by itself; errors are as in `RecordParser`."""
        return self._loosely(text, ValueError("a quote is never closed"))

    def ending(self, first: str) -> Callable[[str], bool]:
        """Return a function that tells whether the open quote can be closed in a further line."""
        if self.form.separator == "\t":
            return lambda _: True
        return Quotes(first, self.form.quote).close

    def begins_record(self, text: str) -> bool:
        """Tell whether a line is a good record by itself."""
        if text.count(self.form.quote) % 2:
            found = unescaped(text, self.form) if self._loose and "\\" in text else None
            return found is not None and self._fits(found)
        try:
            found = fields(text, self.form)
        except ValueError:
            return False
        return self._is_names(found) or self._fits(found)

    # --- what the fields are -------------------------------------------------------------------

    def _is_names(self, found: Sequence[str]) -> bool:
        if any(field[:1] in _QUOTES for field in found if field):
            return False  # the fields have quotes of another kind
        names = {plain(field) for field in found}
        if self._marks:
            return self._marks <= names and not lacking(
                self.kind, Shape(self.kind, found, self._given).names
            )
        if not self._ordered:
            return kind_of(found) == self.kind
        # The user named the columns. In a line of names, moments and numbers have no digit.
        assert self._shape is not None
        if len(_trimmed(found, len(self._shape.names))) != len(self._shape.names):
            return False
        values = dict(zip(self._shape.names, found, strict=False))
        typed = [
            values[name] for name in (*TIMES[self.kind], *NUMBERS[self.kind]) if values.get(name)
        ]
        return bool(typed) and not any(letter.isdigit() for one in typed for letter in one)

    def _learn(self, found: Sequence[str]) -> None:
        if not self._ordered:
            self._shape = Shape(self.kind, found, self._given)

    def _record(self, found: list[str]) -> Record:
        shape = self._shape
        if shape is None:
            if self._marks:
                raise ValueError("it comes before the line with the names of the columns")
            names = tuple(_LAYOUTS[self.kind](found))
            if names not in self._layouts:
                self._layouts[names] = Shape.laid_out(self.kind, names)
            return self._layouts[names].record(found)
        count = len(shape.names)
        values = _trimmed(found, count)
        if len(values) != count:
            raise ValueError(f"it has {len(found)} fields, but there are {count} columns")
        return shape.record(values)

    def _loosely(self, text: str, error: ValueError) -> Record:
        count = None if self._shape is None else len(self._shape.names)
        found = loosely(text, self.form, self._fits, count) if self._loose else None
        if found is None and "\n" not in text:
            found = self._merged(text)
        if found is None and self._loose and is_open(text, self.form.quote):
            raise OpenQuote(str(error)) from None
        if found is None:
            raise error
        return self._record(found)

    def _escaped(self, text: str, error: OpenQuote) -> Record:
        """Return the record of a line in which a backslash makes quotes a part of the text."""
        there = self._loose and not is_open(text, self.form.quote)
        found = unescaped(text, self.form) if there else None
        if found is None or not self._fits(found):
            raise error
        return self._record(found)

    def _merged(self, text: str) -> list[str] | None:
        """Return the fields of a line with too many separators: one field has them as text."""
        shape = self._shape
        if shape is None or not self._loose:
            return None
        there = [name for name in ("lastdata", "appdata") if name in shape.names]
        found = text.split(self.form.separator)
        more = len(found) - len(shape.names)
        if not there or more < 1:
            return None
        place = shape.names.index(there[0])
        whole = self.form.separator.join(found[place : place + more + 1])
        found[place : place + more + 1] = [whole]
        return found if self._fits(found) else None

    def _fits(self, found: list[str]) -> bool:
        """Tell whether fields can be a record: moments and numbers are where they should be."""
        try:
            record = self._record(found)
        except ValueError:
            return False
        moments = [str(record[name]) for name in TIMES[self.kind] if record.get(name) is not None]
        numbers = [str(record[name]) for name in NUMBERS[self.kind] if record.get(name) is not None]
        return (
            bool(moments)
            and all(map(_is_moment, moments))
            and all(number[:1].isdigit() for number in numbers)
        )


def _trimmed(found: Sequence[str], count: int) -> Sequence[str]:
    """Remove empty fields at the end until there are `count` fields."""
    last = len(found)
    while last > count and not found[last - 1].strip():
        last -= 1
    return found[:last]


def _is_moment(text: str) -> bool:
    if _MOMENT.match(text):
        return True
    try:
        return dates.moment_of(text, None) is not None
    except dates.OrderUnknown:
        return True
