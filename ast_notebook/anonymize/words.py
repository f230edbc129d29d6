"""Splits lists of words that are written as one text."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()
