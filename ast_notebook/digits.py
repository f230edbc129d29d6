"""Tells whether a text from outside is a whole number."""

from __future__ import annotations

MOST = 18  # digits: as many as fit into 64 bits


def is_count(text: str) -> bool:
    """Tell whether a text has only digits, and `int` accepts it.

    >>> is_count("5000"), is_count("²"), is_count("-1"), is_count("9" * 5000)
    (True, False, False, False)
    """
    return text.isdecimal() and len(text) <= MOST
