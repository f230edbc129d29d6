"""The command line `ast-notebook`, which is also ``python -m ast_notebook``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from IPython.core.error import UsageError

import ast_notebook
from ast_notebook.console import record, report
from ast_notebook.doctor import examine
from ast_notebook.errors import AstError
from ast_notebook.magics.address import address
from ast_notebook.magics.typed import SECRETS
from ast_notebook.strip import strip


class Command(NamedTuple):
    """A subcommand: its help, its arguments, and the function that runs it."""

    about: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    more: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if nothing is wrong, 1 if something is, 2 for an error."""
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_refusal(unknown))
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except (AstError, UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _refusal(unknown: Sequence[str]) -> str:
    """Say which words are not known, without the values of options, of which one may be secret."""
    options = [word.partition("=")[0] for word in unknown if word.startswith("-")]
    if any(one.lstrip("-").lower() in SECRETS for one in options):
        return (
            "no password is an argument, since others see those: set AST_PASSWORD in the "
            "environment, or store it in the keyring"
        )
    return f"there is no option {options[0]}" if options else f"{len(unknown)} word(s) too many"


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


def _demo() -> Any:
    """Import the demo's own command line, which needs parts that Windows lacks."""
    return importlib.import_module("ast_notebook.demo.__main__")


_COMMANDS = {
    "record": Command(record.ABOUT, record.arguments, record.run, record.MORE),
    "report": Command(report.ABOUT, report.arguments, report.run, report.MORE),
    "demo": Command(
        "run a small PBX on this machine, with calls going on, and say how to connect to it",
        lambda parser: _demo().add_arguments(parser),
        lambda given: int(_demo().run(given)),
    ),
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
    parser = argparse.ArgumentParser(prog="ast-notebook", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        one = commands.add_parser(
            name,
            help=command.about,
            description=command.about,
            epilog=command.more,
            allow_abbrev=False,
        )
        command.arguments(one)
        one.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
