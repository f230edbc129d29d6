"""Frames in a terminal: control characters in callers' names are written out, not obeyed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ast_notebook.show import plain

_KINDS = (pd.DataFrame, pd.Series)


def guard(shell: Any) -> None:
    """Make IPython write out control characters in frames; other formatters of frames stay."""
    formatter = _formatter(shell)
    for kind in _KINDS:
        if kind not in formatter.type_printers:
            formatter.for_type(kind, _show)


def unguard(shell: Any) -> None:
    """Undo `guard`."""
    formatter = _formatter(shell)
    for kind in _KINDS:
        if formatter.type_printers.get(kind) is _show:
            formatter.pop(kind)


def _formatter(shell: Any) -> Any:
    return shell.display_formatter.formatters["text/plain"]


def _show(frame: object, printer: Any, cycle: bool) -> None:
    printer.text(plain(repr(frame)))
