"""`ast-notebook report`: the page of `%ast report`, made without a notebook."""

from __future__ import annotations

import argparse
import contextlib
import sys
from types import SimpleNamespace
from typing import Any

from ast_notebook.magics.astmagics import AstMagics
from ast_notebook.magics.context import Context
from ast_notebook.magics.past import PLACES, report

ABOUT = "make a page of the main measures of calls: of an archive, or of a PBX's own logs"
MORE = "`%ast report` makes the same page in a notebook, and its arguments are the same."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``%ast report``; a source and a page are needed here."""
    for one in report.arguments:
        needed: dict[str, Any] = {}
        if one is PLACES:
            needed = {"nargs": "+", "help": "of the sources that %%ast history reads"}
        elif "--html" in one.flags:
            needed = {"required": True, "help": "the file to write the page to"}
        parser.add_argument(*one.flags, **{**one.options, **needed})


def run(given: argparse.Namespace) -> int:
    """Write the page, and print the numbers on it."""
    with contextlib.redirect_stdout(sys.stderr):  # its progress is written there
        made = report.run(_context(), given)
    sys.stdout.write(f"{made!r}\n")
    return 0


def _context() -> Context:
    """Return the context of a line, with the settings that a notebook begins with."""
    defaults = {
        name: trait.default_value for name, trait in AstMagics.class_traits(config=True).items()
    }
    nothing = SimpleNamespace(user_ns={}, push=lambda *args, **kwargs: None)
    return Context(nothing, lambda: defaults)
