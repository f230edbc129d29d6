"""How results look in a notebook: text and tables, with everything in them escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

# Lines of half-transparent grey can be seen on white and on black; all else is the page's own.
_LINE = "border-bottom: 1px solid rgba(128, 128, 128, 0.35)"
_CELL = f"padding: 2px 10px; text-align: left; vertical-align: top; {_LINE}"
_TITLE = "padding: 2px 10px; text-align: left; font-weight: bold"


class Text(str):
    """A text that is shown as it is: its lines as lines, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self)}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> str:
    """Return a table as HTML; all text in it is escaped, callers' names are not to be trusted."""
    parts = []
    if title:
        parts.append(f'<caption style="{_TITLE}">{html.escape(title)}</caption>')
    if head:
        parts.append(f"<thead><tr>{_cells('th', head)}</tr></thead>")
    parts += [f"<tr>{_cells('td', row)}</tr>" for row in rows]
    return f'<table style="border-collapse: collapse">{"".join(parts)}</table>'


def columns(rows: Iterable[Sequence[object]], indent: str = "") -> str:
    """Return rows as lines of text whose columns stand below each other."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in texts)


def _cells(tag: str, row: Sequence[object]) -> str:
    return "".join(f'<{tag} style="{_CELL}">{html.escape(str(cell))}</{tag}>' for cell in row)
