"""Reads the entries of a file of vCards, versions 2.1 to 4.0."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from typing import NamedTuple

from ast_notebook.ami.framer import decode
from ast_notebook.errors import ConfError

_LINE_END = re.compile(r"\r\n|\r|\n")
_ESCAPED = re.compile(r"(\\.|;)", re.DOTALL)
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
_NO_TELEPHONE = {"FAX", "PAGER", "TEXTPHONE"}
_WANTED = ("BEGIN", "END", "FN", "N", "ORG", "TEL")
_NAME = re.compile(r"(?:[\w-]+\.)?([\w-]+)[;:]", re.ASCII)
#: The most letters of a line, folded lines included, and of its part before the value.
_LONGEST, _LONGEST_HEAD = 10_000, 500


class _Property(NamedTuple):
    """A line of a vCard: its name, the words of its parameters, and its value, all as written."""

    name: str
    words: set[str]
    charset: str
    value: str


def entries(text: str, what: str) -> Iterator[tuple[str, str]]:
    """Yield the numbers and names of vCards; faxes are left out, and so are broken lines.

    Parameters
    ----------
    text : str
    what : str
        The name of the source, for errors.

    Raises
    ------
    ConfError
        If the text is no vCards.
    """
    count = 0
    cards: list[list[_Property]] = []  # those that are open: one may be inside of another
    for one in filter(None, map(_property, _lines(text))):
        if one.name in ("BEGIN", "END") and one.value.strip().upper() == "VCARD":
            if one.name == "BEGIN":
                cards.append([])
                count += 1
            elif cards:
                yield from _entries(cards.pop())
        elif cards:
            cards[-1].append(one)
    if cards:
        raise ConfError(f"{what} cannot be read as vCards: the last one has no END:VCARD")
    if not count:
        raise ConfError(f"{what} has no vCard: each begins with BEGIN:VCARD")


def _entries(card: list[_Property]) -> Iterator[tuple[str, str]]:
    name = _name(card)
    for one in card:
        if one.name == "TEL" and name and one.words.isdisjoint(_NO_TELEPHONE):
            number = _text(one).strip()
            if number.lower().startswith("tel:"):
                number = number[4:].partition(";")[0]
            if number:
                yield number, name


def _name(card: list[_Property]) -> str:
    """Return the formatted name, else the parts of the name, else the company."""
    for name in ("FN", "N", "ORG"):
        for one in card:
            found = ""
            if one.name == name == "FN":
                found = _text(one).strip()
            elif one.name == name == "N":
                family, given = [*_fields(one), ""][:2]
                found = f"{given.replace(',', ' ')} {family.replace(',', ' ')}".strip()
            elif one.name == name == "ORG":
                found = _fields(one)[0].strip()
            if found:
                return found
    return ""


def _lines(text: str) -> Iterator[str]:
    """Yield the lines, with folded ones joined again, and without those that are too long."""
    parts: list[str] = []
    length = 0
    soft = False  # whether the line so far ends with a soft line break of quoted-printable
    for line in _LINE_END.split(text):
        folded = line[:1] in (" ", "\t") and bool(parts)
        if not folded and not soft:
            if length <= _LONGEST:
                yield "".join(parts)
            parts, length = [], 0
        length += len(line)
        if length <= _LONGEST:
            parts.append(line[1:] if folded and not soft else line)
        soft = line.endswith("=") and length <= _LONGEST and _is_quoted(parts)
        if soft:
            parts[-1] = parts[-1][:-1]
    if length <= _LONGEST:
        yield "".join(parts)


def _is_quoted(parts: list[str]) -> bool:
    return _QUOTED_PRINTABLE in parts[0].partition(":")[0].upper()


def _property(line: str) -> _Property | None:
    """Read a line; return None if it is no line of a vCard, or if nobody asks for it."""
    found = _NAME.match(line)
    name = "" if found is None else found[1].upper()
    head, colon, _ = _parted(line[:_LONGEST_HEAD], ":")
    if name not in _WANTED or not colon:
        return None
    words: set[str] = set()
    _, _, rest = _parted(head, ";")
    charset = ""
    while rest:
        parameter, _, rest = _parted(rest, ";")
        key, is_pair, value = parameter.partition("=")
        if key.strip().upper() == "CHARSET":
            charset = value
        words.update(one.strip(' "').upper() for one in (value if is_pair else key).split(","))
    return _Property(name, words, charset, line[len(head) + 1 :])


def _parted(text: str, mark: str) -> tuple[str, str, str]:
    """Split a text at the first mark outside of quotes."""
    place = text.find(mark)
    while place >= 0 and text.count('"', 0, place) % 2:
        place = text.find(mark, place + 1)
    return (text, "", "") if place < 0 else (text[:place], mark, text[place + 1 :])


def _value(one: _Property) -> str:
    if _QUOTED_PRINTABLE not in one.words:
        return one.value
    octets = quopri.decodestring(one.value.encode())
    try:
        return octets.decode(one.charset or "utf-8")
    except (LookupError, ValueError):  # the file may name any character set, or none
        return decode(octets)


def _fields(one: _Property) -> list[str]:
    """Return the fields of a value, in which a backslash keeps a semicolon or comma."""
    fields = [""]
    for part in _ESCAPED.split(_value(one)):
        if part == ";":
            fields.append("")
        elif part[:1] == "\\" and len(part) > 1:
            fields[-1] += " " if part[1] in "nN" else part[1]
        else:
            fields[-1] += part
    return fields


def _text(one: _Property) -> str:
    return ";".join(_fields(one))
