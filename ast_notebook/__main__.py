"""The command line: ``ast-notebook doctor``, or ``python -m ast_notebook doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from IPython.core.error import UsageError

import ast_notebook
from ast_notebook.doctor import examine
from ast_notebook.errors import AstError
from ast_notebook.home import SmartHome
from ast_notebook.magics.address import address


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 if nothing is wrong, 1 if something is, 2 for an error."""
    given = _parser().parse_args(arguments)
    try:
        with _connected(given) as sh:
            found = examine(sh.ast)
    except (AstError, UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{found.fix_lines() if given.fix_lines else found!r}\n")
    return int(bool(found.findings))


def _connected(given: argparse.Namespace) -> SmartHome:
    return ast_notebook.connect(**address(given.address), tls=given.tls or False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ast-notebook")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        help="examine how a PBX is set up, and change nothing",
        epilog="The password is taken from AST_PASSWORD or the keyring, never from an argument.",
    )
    doctor.add_argument("address", nargs="?", default="", metavar="USER@HOST:PORT")
    doctor.add_argument("--fix-lines", action="store_true", help="the lines to paste")
    doctor.add_argument("--tls", nargs="?", const=True, metavar="CA.PEM", help="encrypt")
    return parser


if __name__ == "__main__":
    sys.exit(main())
