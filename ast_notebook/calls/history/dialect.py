"""Lines of separated values, by RFC 4180 and in the ways that deviate from it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

#: The most fields of a record. A line with more is refused before its fields are looked at.
MOST_FIELDS = 256
_MOST_STEPS = 300  # the most steps to find out what the quotes of a line mean
_MOST_QUOTED = 4  # in a row: a program that quotes all fields also doubles quotes
_LONGEST = 16 * 1024  # the most letters of a line that is tried in this way
_BEHIND = re.compile(r"\\.", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "N": r"\N"}


class Form(NamedTuple):
    """The characters between and around fields."""

    separator: str = ","
    quote: str = '"'


FORMS = tuple(Form(separator, quote) for quote in ('"', "'") for separator in ",;\t|")


#: As Asterisk writes them.
PLAIN = Form()


class OpenQuote(ValueError):
    """A quote is not closed in its line, so that the record may go on in the next one."""


class TooManyFields(ValueError):
    """A line has more fields than any record of a call."""

    def __init__(self) -> None:
        super().__init__(f"it has more than {MOST_FIELDS} fields, which no record of a call has")


class Quotes:
    """Follows the quotes that a record's first line leaves open, until they are closed.

    A quote inside a field may be doubled, or stand behind a backslash. Both ways are tried, and the
    record may end once in each of them.

    Parameters
    ----------
    first : str
        The first line.
    quote : str
        What is around fields.
    """

    def __init__(self, first: str, quote: str) -> None:
        self._quote = quote
        self._open = [is_odd for is_odd in (_is_odd, _is_escaped_odd) if is_odd(first, quote)]

    def close(self, line: str) -> bool:
        """Tell whether this line is the first that closes the quotes in one of the two ways."""
        closed = [is_odd for is_odd in self._open if is_odd(line, self._quote)]
        for one in closed:
            self._open.remove(one)
        return bool(closed)


def is_open(text: str, quote: str) -> bool:
    """Tell whether a quote is left open if quotes behind a backslash count as letters."""
    return "\\" in text and _is_escaped_odd(text, quote)


def _is_odd(text: str, quote: str) -> bool:
    return text.count(quote) % 2 == 1


def _is_escaped_odd(text: str, quote: str) -> bool:
    return _is_odd(_BEHIND.sub("", text), quote)


def fields(line: str, form: Form = PLAIN) -> list[str]:
    """Return the fields of a record of separated values, as RFC 4180 and Python's csv have it.

    Raises
    ------
    OpenQuote
        If a quote is not closed.
    ValueError
        If something else is in the place of a separator, a field is too long, or there are too
        many fields.
    """
    try:
        found = next(
            csv.reader([line], delimiter=form.separator, quotechar=form.quote, strict=True)
        )
    except csv.Error as error:
        if line.count(form.quote) % 2:
            raise OpenQuote("a quote is never closed") from None
        raise ValueError(str(error)) from None
    if len(found) > MOST_FIELDS:
        raise TooManyFields
    return found


def loosely(
    line: str, form: Form, fits: Callable[[list[str]], bool], count: int | None = None
) -> list[str] | None:
    """Return the fields of a line that does not follow RFC 4180; None if nothing fits.

    Databases write a backslash before a quote. Other programs quote a field only if it has a
    separator, and do not double the quotes in it; then all meanings of the quotes are tried.

    Parameters
    ----------
    line : str
        The line.
    form : Form
        What is between fields and around them.
    fits : callable
        Tells whether fields can be a record.
    count : int, optional
        How many fields a record has.
    """
    if "\\" in line:
        found = unescaped(line, form)
        if found is not None and fits(found):
            return found
    between = form.quote + form.separator + form.quote
    if "\n" in line or len(line) > _LONGEST or line.count(between) > _MOST_QUOTED:
        return None
    return next((found for found in _splits(line, form, count) if fits(found)), None)


def unescaped(line: str, form: Form) -> list[str] | None:
    r"""Split a line as MySQL, MariaDB and PostgreSQL write them: ``\N``, ``\t``, ``\"``, ``\\``.

    Return None if a quote is not closed, something follows it, or there are too many fields.
    """
    found: list[str] = []
    field: list[str] = []
    state = "begin"  # or bare, quoted, closed
    letters = iter(line)
    for letter in letters:
        if letter == form.separator and state != "quoted":
            if len(found) == MOST_FIELDS - 1:
                return None
            found.append("".join(field))
            field, state = [], "begin"
        elif state == "closed":
            return None
        elif letter == form.quote and state in ("begin", "quoted"):
            state = "quoted" if state == "begin" else "closed"
        else:
            if letter == "\\":
                following = next(letters, "")
                letter = _ESCAPED.get(following, following)
            field.append(letter)
            state = "bare" if state == "begin" else state
    found.append("".join(field))
    return None if state == "quoted" else found


def _splits(line: str, form: Form, count: int | None) -> Iterator[list[str]]:
    """Yield possible fields of a line with undoubled quotes around fields with a separator."""
    closing = form.quote + form.separator
    steps = 0
    # The place where the next field begins, and the fields before it; the likeliest is on top.
    stack: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    while stack and steps < _MOST_STEPS:
        steps += 1
        place, before = stack.pop()
        if place > len(line):
            if count is None or len(before) >= count:
                yield list(before)
            continue
        end = line.find(form.separator, place)
        end = len(line) if end < 0 else end
        bare = (end + 1, (*before, line[place:end]))
        if line[place : place + 1] != form.quote:
            stack.append(bare)
            continue
        choices: list[tuple[int, tuple[str, ...]]] = []
        at = place
        while (at := line.find(closing, at + 1)) >= 0 and len(choices) < 16:
            if form.separator in line[place:at]:
                choices.append((at + 2, (*before, line[place + 1 : at])))
        if line.endswith(form.quote) and form.separator in line[place:] and len(line) - place > 1:
            choices.append((len(line) + 1, (*before, line[place + 1 : -1])))
        # A field without a separator is not quoted, so the quotes in it are its own, in pairs.
        odd = line.count(form.quote, place, end) % 2
        stack += [*reversed(choices), bare] if not odd else [bare, *reversed(choices)]
