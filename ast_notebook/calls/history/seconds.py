"""Seconds of spreadsheets: whether a comma or a point separates thousands or decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ast_notebook.calls.history.columns import NUMBERS
from ast_notebook.calls.history.repeated_hour import Found

_SIGNED = re.compile(r"\d+(?:[.,]\d+)+$")
#: A number in which the sign may separate thousands or decimals.
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}$")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+$|\d{1,3}(?:\.\d{3})+$")
_OTHER = {",": ".", ".": ","}
#: The decimal sign if no number shows it, by the separator of fields and by the sign in the number.
#: Programs with a decimal comma separate fields by semicolons; a point may then mean either.
_USUAL = {
    (",", "."): ".",
    (",", ","): ".",
    (";", ","): ",",
    ("", "."): ".",
}


class SignUnknown(Exception):
    """The decimal sign is unknown until all numbers have been looked at."""


class Signs:
    """Finds out which sign is the decimal one in seconds, and writes them with a point.

    ``25,456`` is 25 seconds and a half in one file, and 7 hours in another.

    Parameters
    ----------
    separator : str
        The separator of the file's fields; empty for JSON and tables.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._shown: set[str] | None = None

    def learn(self, found: Iterable[Found]) -> None:
        """Look at the numbers of all records."""
        self._shown = {
            sign
            for _, _, record in found
            if isinstance(record, Mapping)
            for text in _signed(record).values()
            if (sign := _shown_by(text)) is not None
        }

    def plain(self, found: Iterable[Found]) -> Iterator[Found]:
        """Yield records with a point as the decimal sign of their seconds, and no other sign.

        Raises
        ------
        SignUnknown
            If a number can be read in two ways, and `learn` was not called yet.
        """
        for number, text, record in found:
            signed = _signed(record) if isinstance(record, Mapping) else {}
            if not signed or not isinstance(record, Mapping):
                yield number, text, record
                continue
            try:
                plain = {name: self._plain(name, texts) for name, texts in signed.items()}
            except ValueError as error:
                yield number, text, error
            else:
                yield number, text, {**record, **plain}

    def _plain(self, name: str, text: str) -> str:
        sign = _shown_by(text)
        if sign is None and _EITHER.match(text):
            sign = self._sign(name, text)
        if sign is None:
            return text
        return text.replace(_OTHER[sign], "").replace(sign, ".")

    def _sign(self, name: str, text: str) -> str:
        """Return the decimal sign of a number that does not show it."""
        if self._shown is None:
            raise SignUnknown
        there = "," if "," in text else "."
        usual = _USUAL.get((self._separator, there))
        signs: list[str | None] = [*self._shown] or [usual]
        sign = signs[0] if len(signs) == 1 else None
        if sign is None:
            whole = int(re.sub("[.,]", "", text))
            raise ValueError(
                f"its {name} is {text!r}: nothing in the file shows whether that is {whole} "
                f"seconds or {whole / 1000}"
            )
        return sign


def _signed(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the seconds of a record that have a comma or a point in them."""
    values = {name: record.get(name) for name in NUMBERS["cdr"]}
    return {
        name: value.strip()
        for name, value in values.items()
        if isinstance(value, str) and _SIGNED.match(value.strip())
    }


def _shown_by(text: str) -> str | None:
    """Return the decimal sign; None if the number does not show which it is."""
    signs = [letter for letter in text if letter in _OTHER]
    before = text[: text.rindex(signs[-1])]
    if signs.count(signs[-1]) == 1:
        if len(signs) == 1:
            return None if _EITHER.match(text) else signs[0]
        return signs[-1] if _THOUSANDS.match(before) else None
    return _OTHER[signs[0]] if _THOUSANDS.match(text) else None
