"""Guesses which cells of a notebook have nothing to do with ast_notebook."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import symtable
import unicodedata
import warnings
from collections.abc import Iterator
from typing import NamedTuple

#: Names of ast_notebook, and names that lead to the variables of all cells.
_OURS = frozenset(("ast", "ast_notebook", "sh", "sys", "gc", "inspect", "traceback", "IPython"))
#: Functions that show variables without naming them, or read a file.
_PRYING = frozenset(
    (
        *("globals", "locals", "vars", "dir", "eval", "exec", "compile", "open", "help", "input"),
        *("breakpoint", "get_ipython"),
    )
)
_BUILTINS = frozenset(one for one in dir(builtins) if one[0] != "_") - _PRYING | {"display"}
_WORD = re.compile(r"[^\W\d]\w*")
_CALL = re.compile(r"\b((?:def|class)\s+)?(\w+)\(")


class _CellNames(NamedTuple):
    """The words of a cell of plain Python, the names that it needs, and those that it makes."""

    words: frozenset[str]
    needs: frozenset[str]
    makes: frozenset[str]


def unrelated_cells(sources: list[str]) -> list[bool]:
    """Tell which cells are plain Python and share no word with other cells.

    A word is a name, an attribute, or part of a text, such as a file's name. A cell that needs a
    name which none of these cells makes is left out, too: it is not known what made the name.
    """
    with warnings.catch_warnings():  # warnings about the user's syntax
        warnings.simplefilter("ignore")
        cells = [_plain(source) for source in sources]
        words = [_words(source) for source in sources]
    while True:
        foreign = _OURS.union(*(words[n] for n, cell in enumerate(cells) if cell is None))
        known = _BUILTINS.union(*(cell.makes for cell in cells if cell is not None))
        left = [
            None if cell is None or cell.words & foreign or cell.needs - known else cell
            for cell in cells
        ]
        if left == cells:
            return [cell is not None for cell in cells]
        cells = left


def _plain(source: str) -> _CellNames | None:
    """Return the names of a plain Python cell; None if it has magics, shell lines, or `_PRYING`."""
    try:
        words = frozenset(_WORD.findall(ast.unparse(ast.parse(source))))
        top = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if words & _PRYING or any(word[0] == "_" for word in words):
        return None
    needs: set[str] = set()
    makes: set[str] = set()
    for table in _tables(top):
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if (symbol.is_global() or table is top) and name[0] != "_":
                is_made = symbol.is_assigned() or symbol.is_imported()
                (makes if is_made else needs).add(name)
    return _CellNames(words - set(keyword.kwlist), frozenset(needs - makes), frozenset(makes))


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _words(source: str) -> set[str]:
    """Return the words of a cell, without builtins that it only calls: those hold no results."""
    try:
        text = ast.unparse(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = unicodedata.normalize("NFKC", source)
    return set(_WORD.findall(_CALL.sub(_without_builtin, text))) - set(keyword.kwlist)


def _without_builtin(found: re.Match[str]) -> str:
    return "(" if found[2] in _BUILTINS and not found[1] else found[0]
