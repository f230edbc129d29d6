"""Phone books, which name the owners of numbers: from a CSV, vCards or a frame."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from ast_notebook.errors import ConfError
from ast_notebook.numbering import csvbook, vcards
from ast_notebook.numbering.plan import NumberingPlan, TelephoneNumber

_NO_DIGIT = re.compile(r"[^0-9+*#]")
_LETTER = re.compile(r"[^\W\d_]")
#: A whole number as pandas and spreadsheets write it if a number of the column is missing.
_FLOAT = re.compile(r"([0-9]+)\.0")
#: The most letters of a name and bytes of a file, since a file may come from any program.
_LONGEST = 120
_LARGEST = 64_000_000
_VCARD = (".vcf", ".vcard")


class PhoneBook:
    """A phone book: the name that belongs to each number.

    With a country, numbers are compared as E.164, so that ``030 123`` and ``+49 30 123`` are the
    same number; without one, their digits are compared. A text with letters is no number. If a
    number occurs twice, its first name is used.

    Parameters
    ----------
    entries : iterable of (str, str), or mapping
        Numbers and names.
    country : str, optional
        The country of numbers without a country code, such as ``DE``.

    Attributes
    ----------
    left_out : int
        How many entries had no number, no name, or a number that an earlier entry had with another
        name.

    Examples
    --------
    >>> book = PhoneBook([("030 123", "Ann Able")])
    >>> book.name("030123")
    'Ann Able'
    """

    def __init__(
        self, entries: Iterable[tuple[str, str]] | Mapping[str, str], country: str | None = None
    ) -> None:
        pairs = entries.items() if isinstance(entries, Mapping) else entries
        self._plan = None if country is None else NumberingPlan(country)
        self._names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self.left_out = 0
        for number, name in pairs:
            key, shown = self._key(_written(number)), " ".join(str(name).split())[:_LONGEST]
            if not key or not shown or self._names.setdefault(key, shown) != shown:
                self.left_out += 1
        self._keys.clear()

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<PhoneBook of {len(self):,} numbers>"

    @classmethod
    def read(
        cls,
        source: str | os.PathLike[str] | pd.DataFrame | Mapping[str, str],
        *,
        country: str | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> PhoneBook:
        """Read a phone book.

        Parameters
        ----------
        source : path, DataFrame or mapping
            A CSV file with a heading, a file of vCards (``.vcf``), a frame, or a dict from numbers
            to names. Columns are found by the names that address books and spreadsheets give them:
            ``number``, ``Phone 1 - Value`` or ``Telefon``; ``name``, ``First Name`` and ``Last
            Name``, or ``company``.
        country : str, optional
            The country of numbers without a country code, such as ``DE``.
        columns : mapping, optional
            The columns of numbers and names, if their own names do not tell: ``{"Nummer":
            "number", "Kunde": "name"}``.

        Raises
        ------
        ConfError
            If it cannot be read, or if its columns of numbers and names are not found.
        """
        if isinstance(source, pd.DataFrame):
            heads = [str(name) for name in source.columns]
            rows = source.astype("str").where(source.notna(), "").itertuples(index=False, name=None)
            return cls(csvbook.entries(heads, rows, columns, "the frame"), country)
        if isinstance(source, Mapping):
            return cls(source, country)
        if not isinstance(source, str | os.PathLike):
            raise ConfError(
                "a phone book is a file, a frame, or a dict from numbers to names; this is a "
                f"{type(source).__name__}"
            )
        path = Path(source).expanduser()
        text = _text_of(path)
        if path.suffix.lower() in _VCARD or text.lstrip().upper().startswith("BEGIN:VCARD"):
            return cls(vcards.entries(text, path.name), country)
        return cls(csvbook.read(text, columns, path.name), country)

    def name(self, number: str) -> str | None:
        """Return the name of a number's owner; None if the number is not in the book."""
        if number not in self._keys:
            if len(self._keys) > 100_000:
                self._keys.clear()
            self._keys[number] = self._key(number)
        return self._names.get(self._keys[number])

    def name_of(self, text: str, number: TelephoneNumber | None) -> str | None:
        """Return the name for a text which was read as `number`, or is no number (None)."""
        if number is not None and self._plan is not None:
            return self._names.get(number.e164)
        return self._names.get(_digits(text))

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield each number (as E.164 or as its digits) with its name."""
        yield from self._names.items()

    def frame(self) -> pd.DataFrame:
        """Return ``number`` and ``name`` as text, in the order of the book."""
        return pd.DataFrame(list(self.items()), columns=["number", "name"], dtype="str")

    def _key(self, number: str) -> str:
        found = None if self._plan is None else self._plan.number(number)
        if found is not None:
            return found.e164
        return _digits(number)


def _written(number: object) -> str:
    text = str(number).strip()
    found = _FLOAT.fullmatch(text)
    return found[1] if found else text


def _digits(text: str) -> str:
    if _LETTER.search(text):  # a name, or a number in which a spreadsheet has left digits out
        return ""
    digits = _NO_DIGIT.sub("", text)
    return digits if any(map(str.isdigit, digits)) else ""


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise ConfError(f"{path} is larger than {_LARGEST // 1_000_000} MB, so it is no phone book")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
