"""Writes Markdown: texts whose letters mean nothing but themselves, tables, and blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\*_\[\]<>{}$|#~])")
_LITERAL = re.compile(r"(``?[^`]+``?)")


def escaped(text: str) -> str:
    """Return a text in which only backticks keep a meaning."""
    parts = _LITERAL.split(text)
    parts[::2] = [_SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "".join(parts)


def literal(text: str) -> str:
    """Return a text as code within a line, whatever letters it has."""
    marks = "`" * (1 + max((len(one) for one in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{space}{text}{space}{marks}".replace("|", "\\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(' '.join(one.split()) for one in line)} |\n" for line in lines)


def code(text: str, language: str = "text") -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"
