"""Tells whether a semicolon suppresses a magic's output, and whether its value is used."""

from __future__ import annotations

import ast
import io
import linecache
import sys
import tokenize
from typing import Any


def is_assigned(shell: Any) -> bool:
    """Tell whether the current line of the user's code uses a magic's value.

    IPython calls a magic in the same way whether its value is assigned or shown; the cell's code
    tells which.
    """
    frame = sys._getframe(1)
    while frame.f_globals is not shell.user_global_ns:
        if frame.f_back is None:
            return False
        frame = frame.f_back
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    line = frame.f_lineno
    here = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
    ]
    innermost = max(here, key=lambda node: (node.lineno, node.col_offset), default=None)
    return innermost is not None and not isinstance(innermost, ast.Expr)


def ends_in_semicolon(cell: str) -> bool:
    """Tell whether the last token of a cell is a semicolon."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(cell).readline))
    except (tokenize.TokenError, SyntaxError):  # not Python, or incomplete
        return cell.rstrip().endswith(";")
    blank = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.DEDENT)
    last = next((token for token in reversed(tokens) if token.type not in blank), None)
    return last is not None and last.string == ";"
