"""Draws results for a notebook: as text and tables, escaped, and left alone by MathJax."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

# Half-transparent grey lines can be seen on white and on black; all other colours are the page's.
_LINE = "border-bottom: 1px solid rgba(128, 128, 128, 0.35)"
_CELL = f"padding: 2px 10px; text-align: left; vertical-align: top; {_LINE}"
_MINUS = "\N{MINUS SIGN}"
_TITLE = "padding: 2px 10px; text-align: left; font-weight: bold"

#: The class of elements that MathJax, in JupyterLab and in nbconvert, leaves unchanged.
NO_MATH = "tex2jax_ignore mathjax_ignore"

# Characters that control a terminal, that XML forbids, that change the direction of text, or that
# end a line invisibly. Tabs and line feeds are not among them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)


def plain(text: str) -> str:
    """Return a text in which control characters are written out.

    SIP lets a caller choose any bytes for his name, and Asterisk passes them on.
    """
    return _HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def escape(text: object) -> str:
    """Return a text for HTML, SVG and XML, in elements and in attributes."""
    return html.escape(plain(str(text)))


class Text(str):
    """A text that a notebook shows without quotes and with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return plain(str(self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> str:
    """Return a table as HTML; all text in it is escaped, since callers choose their names."""
    parts = []
    if title:
        parts.append(f'<caption style="{_TITLE}">{escape(title)}</caption>')
    if head:
        parts.append(f"<thead><tr>{_cells('th', head)}</tr></thead>")
    parts += [f"<tr>{_cells('td', row)}</tr>" for row in rows]
    rows_of = "".join(parts)
    return f'<table class="{NO_MATH}" style="border-collapse: collapse">{rows_of}</table>'


def columns(rows: Iterable[Sequence[object]], indent: str = "") -> str:
    """Return rows as lines of text with aligned columns."""
    texts = [[plain(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in texts)


def span(seconds: float) -> str:
    """Return the text for a length of time: in tenths of a second; from a minute on, in seconds."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def signed(more: float, size: str) -> str:
    """Return the text of a difference, whose `size` is written already, with its sign."""
    if not any(digit in size for digit in "123456789"):
        return f"±{size}"
    return f"{'+' if more > 0 else _MINUS}{size}"


def _cells(tag: str, row: Sequence[object]) -> str:
    return "".join(f'<{tag} style="{_CELL}">{escape(cell)}</{tag}>' for cell in row)
