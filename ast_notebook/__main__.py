"""The command line: ``ast-notebook doctor``, or ``python -m ast_notebook doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from IPython.core.error import UsageError

import ast_notebook
from ast_notebook.doctor import examine
from ast_notebook.errors import AstError
from ast_notebook.magics.address import address
from ast_notebook.strip import strip


class Command(NamedTuple):
    """A subcommand: its help, its arguments, and the function that runs it."""

    about: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    more: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if nothing is wrong, 1 if something is, 2 for an error."""
    given = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except (AstError, UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", nargs="?", default="", metavar="USER@HOST:PORT")
    parser.add_argument("--fix-lines", action="store_true", help="the lines to paste")
    parser.add_argument("--tls", nargs="?", const=True, metavar="CA.PEM", help="encrypt")


def _doctor(given: argparse.Namespace) -> int:
    with ast_notebook.connect(**address(given.address), tls=given.tls or False) as sh:
        found = examine(sh.ast)
    sys.stdout.write(f"{found.fix_lines() if given.fix_lines else found!r}\n")
    return int(bool(found.findings))


def _strip_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK.ipynb")
    parser.add_argument(
        "--guess",
        action="store_true",
        help="keep outputs of cells that seem to have nothing to do with ast_notebook;"
        " numbers and names may be left, too",
    )


def _strip(given: argparse.Namespace) -> int:
    for path in given.notebooks:
        for one in strip(path, guess=given.guess):
            sys.stdout.write(f"{one}\n")
    return 0


_COMMANDS = {
    "doctor": Command(
        "examine how a PBX is set up, and change nothing",
        _doctor_arguments,
        _doctor,
        "The password is taken from AST_PASSWORD or the keyring, never from an argument.",
    ),
    "strip": Command(
        "take every output out of notebooks, and leave their sources as they are",
        _strip_arguments,
        _strip,
        "A version control system still has what was there before.",
    ),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ast-notebook")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        one = commands.add_parser(
            name, help=command.about, description=command.about, epilog=command.more
        )
        command.arguments(one)
        one.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
