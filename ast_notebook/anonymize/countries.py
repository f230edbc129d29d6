"""Country codes of numbers, by the assignment of ITU-T E.164."""

from __future__ import annotations

import re

from ast_notebook.anonymize.words import words

#: Codes of two digits; the codes 1 and 7 have one digit, and all others have three.
_OF_TWO = frozenset(
    words(
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 "
        "60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"
    )
)
_INTERNATIONAL = re.compile(r"(\+|00)([1-9]\d{6,14})")


def country(number: str) -> str:
    """Return the beginning of a number, up to its country code; empty if it has none.

    >>> country("+49301234567"), country("0044201234567"), country("0301234567")
    ('+49', '0044', '')
    """
    found = _INTERNATIONAL.fullmatch(number)
    if found is None:
        return ""
    digits = found[2]
    length = 1 if digits[0] in "17" else 2 if digits[:2] in _OF_TWO else 3
    return found[1] + digits[:length]
