"""A line of separated values: as RFC 4180 has it, and as those write it who have not read that."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import NamedTuple

_MOST_STEPS = 300  # that are taken to find out what the quotes of a line mean
_MOST_QUOTED = 4  # that follow each other: who quotes all fields doubles the quotes in them
_LONGEST = 16 * 1024  # letters of a line that is tried so
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "N": r"\N"}


class Form(NamedTuple):
    """What stands between fields and around them."""

    separator: str = ","
    quote: str = '"'


FORMS = tuple(Form(separator, quote) for quote in ('"', "'") for separator in ",;\t|")


#: As Asterisk writes them.
PLAIN = Form()


class OpenQuote(ValueError):
    """A quote is not closed in this line: the record may go on in the next one."""


def fields(line: str, form: Form = PLAIN) -> list[str]:
    """Return the fields of a record of separated values, as RFC 4180 and Python's csv have it.

    Raises
    ------
    OpenQuote
        If a quote is not closed.
    ValueError
        If something else stands where the separator is to stand, or a field is too long.
    """
    try:
        return next(csv.reader([line], delimiter=form.separator, quotechar=form.quote, strict=True))
    except csv.Error as error:
        if line.count(form.quote) % 2:
            raise OpenQuote("a quote is never closed") from None
        raise ValueError(str(error)) from None


def loosely(
    line: str, form: Form, fits: Callable[[list[str]], bool], count: int | None = None
) -> list[str] | None:
    """Return the fields of a line that is not as RFC 4180 has it; None if nothing fits.

    Databases put a backslash before a quote. Others put quotes around a field only if there is a
    separator in it, and double none that are in it: then it is tried which of them are which.

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
    r"""Part a line as MySQL, MariaDB and PostgreSQL write them: ``\N``, ``\t``, ``\"``, ``\\``.

    None if a quote is not closed, or something stands behind it.
    """
    found: list[str] = []
    field: list[str] = []
    state = "begin"  # or bare, quoted, closed
    letters = iter(line)
    for letter in letters:
        if letter == form.separator and state != "quoted":
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
    """Yield what the fields can be if quotes stand around those with a separator, undoubled."""
    closing = form.quote + form.separator
    steps = 0
    # Where the next field begins, and the fields before it; the likeliest is on top.
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
        # A field that has no separator was written as it is; quotes come in pairs.
        odd = line.count(form.quote, place, end) % 2
        stack += [*reversed(choices), bare] if not odd else [bare, *reversed(choices)]
