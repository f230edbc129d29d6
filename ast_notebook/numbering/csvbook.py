"""Reads a phone book that is a table: finds the columns of numbers and of names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ast_notebook.errors import ConfError

_NUMBER = re.compile(r"phone|number|nummer|telefon|telef|mobil|cell|^tel\b|^nr\b|numero|número")
#: Words in the names of columns that hold no telephone numbers: a kind, a fax, a pager.
_NO_NUMBER = re.compile(r"type|label|fax|pager|country|typ$|kind|e-?mail|account|customer|kunden")
_FULL = (
    *("name", "full name", "display name", "fullname", "displayname", "cidname", "contact"),
    *("formatted name", "anzeigename", "kontakt", "nombre", "nom"),
)
_FIRST = ("first name", "given name", "vorname", "firstname", "prénom", "prenom")
_LAST = ("last name", "family name", "nachname", "lastname", "surname")
_COMPANY = ("company", "organization", "organisation", "organization name", "firma", "empresa")
_MOST_COLUMNS = 1000


def read(text: str, columns: Mapping[str, str] | None, what: str) -> Iterator[tuple[str, str]]:
    """Return the numbers and names of a CSV with any separator of columns."""
    first = text.partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        heads = next(lines, [])
        return entries(heads, list(lines), columns, what)
    except csv.Error as error:
        raise ConfError(f"{what} cannot be read as CSV: {error}") from None


def entries(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    columns: Mapping[str, str] | None,
    what: str,
) -> Iterator[tuple[str, str]]:
    """Return the numbers and names of rows, by the names of their columns.

    Parameters
    ----------
    heads : sequence of str
        The names of the columns.
    rows : iterable of sequence of str
    columns : mapping or None
        The columns that are ``number`` and ``name``, if their own names do not tell.
    what : str
        The name of the source, for errors.

    Raises
    ------
    ConfError
        If there is no column of numbers, or none of names.
    """
    numbers, names = _chosen(heads, columns, what)
    return _entries(rows, numbers, names)


def _entries(
    rows: Iterable[Sequence[str]], numbers: list[int], names: list[list[int]]
) -> Iterator[tuple[str, str]]:
    for row in rows:
        of_row = (" ".join(filter(None, (_cell(row, one) for one in group))) for group in names)
        name = next(filter(None, of_row), "")
        for place in numbers:
            # One cell of an exported address book may hold several numbers.
            for number in _cell(row, place).split(":::"):
                if number.strip():
                    yield number.strip(), name


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _chosen(
    heads: Sequence[str], columns: Mapping[str, str] | None, what: str
) -> tuple[list[int], list[list[int]]]:
    """Return the columns of numbers, and the groups of columns that make a name, by place.

    The first group that is not empty in a row gives the name.
    """
    if len(heads) > _MOST_COLUMNS:
        raise ConfError(f"{what} has {len(heads):,} columns: this is no phone book")
    plain = [head.strip().strip('"').lower() for head in heads]
    if columns is not None:
        wanted = {theirs.strip().lower(): ours for theirs, ours in columns.items()}
        lacking = [theirs for theirs in wanted if theirs not in plain]
        if lacking or set(wanted.values()) != {"number", "name"}:
            raise ConfError(
                "columns= names the columns of numbers and of names, as in {'Nummer': 'number', "
                f"'Kunde': 'name'}}; {what} has {_listed(heads)}"
            )
        numbers = [place for place, head in enumerate(plain) if wanted.get(head) == "number"]
        names = [[place for place, head in enumerate(plain) if wanted.get(head) == "name"]]
        return numbers, names
    numbers = [
        place
        for place, head in enumerate(plain)
        if _NUMBER.search(head) and not _NO_NUMBER.search(head)
    ]
    people = [plain.index(head) for known in (_FIRST, _LAST) for head in _there(plain, known)[:1]]
    groups = [[plain.index(head)] for head in _there(plain, _FULL)[:1]]
    groups += [people] if people else []
    groups += [[plain.index(head)] for head in _there(plain, _COMPANY)[:1]]
    groups = [[place for place in group if place not in numbers] for group in groups]
    if not numbers or not any(groups):
        raise ConfError(
            f"the columns of numbers and of names in {what} are not known: name them, as in "
            f"columns={{'Nummer': 'number', 'Kunde': 'name'}}; it has {_listed(heads)}"
        )
    return numbers, groups


def _there(plain: Sequence[str], known: Sequence[str]) -> list[str]:
    return [head for head in known if head in plain]


def _listed(heads: Sequence[str]) -> str:
    shown = ", ".join(repr(head[:30]) for head in heads[:8])
    return (shown or "no columns") + (" and more" if len(heads) > 8 else "")
