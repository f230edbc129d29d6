"""Writes a table as lines of text that fit a terminal; a long cell is continued in a new line."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from ast_notebook.show import plain

GAP = "  "
NARROWEST = 6  # letters that a column keeps at least
_FALLBACK = (80, 24)


def width() -> int:
    """Return how many letters a line may have; a notebook counts as a terminal of 80 columns."""
    return max(40, shutil.get_terminal_size(_FALLBACK).columns)


def lines(columns: Mapping[str, Sequence[str]], most: int) -> str:
    """Return columns, by their headings, as lines of at most `most` letters; nothing is left out.

    Examples
    --------
    >>> print(lines({"from": ["200 Door"], "talk": ["0:07"]}, 80))
    from      talk
    200 Door  0:07
    """
    cells = [[plain(heading), *map(plain, texts)] for heading, texts in columns.items()]
    words = [
        max(_wide(word) for cell in column for word in [*cell.split(), ""]) for column in cells
    ]
    widths = _fitted([max(map(_wide, column)) for column in cells], words, most)
    wrapped = [
        [_wrapped(cell, width) for cell in column]
        for column, width in zip(cells, widths, strict=True)
    ]
    rows = []
    for row in zip(*wrapped, strict=True):
        for parts in zip_longest(*row, fillvalue=""):
            padded = map(_padded, parts, widths)
            rows.append(GAP.join(padded).rstrip())
    return "\n".join(rows)


def _fitted(widths: list[int], words: list[int], most: int) -> list[int]:
    """Return widths that fit: the widest columns get narrower, and words are cut only at last."""
    room = most - len(GAP) * (len(widths) - 1)
    for least in ([max(word, NARROWEST) for word in words], [NARROWEST] * len(widths)):
        while sum(widths) > room:
            spare = [width - one for width, one in zip(widths, least, strict=True)]
            if max(spare) <= 0:
                break
            widest = max(
                (place for place, more in enumerate(spare) if more > 0), key=widths.__getitem__
            )
            widths[widest] -= 1
    return widths


def _wrapped(cell: str, width: int) -> list[str]:
    if _wide(cell) <= width:
        return [cell]
    narrow = width if _wide(cell) <= len(cell) else max(1, width // 2)
    return textwrap.wrap(cell, narrow, break_on_hyphens=False) or [""]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _wide(text))


def _wide(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    kinds = map(unicodedata.east_asian_width, text)
    narrow = sum(unicodedata.combining(letter) > 0 for letter in text)
    return len(text) + sum(kind in "WF" for kind in kinds) - narrow


def folded(line: str, most: int) -> list[str]:
    """Return a line of text as lines of at most `most` letters."""
    return textwrap.wrap(plain(line), most, break_long_words=False)
