"""Subcommands of `%ast`: their arguments, their functions, their help and their errors."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from IPython.core.error import UsageError

from ast_notebook.magics.context import Context
from ast_notebook.magics.typed import SECRETS, STAYS
from ast_notebook.show import Text

Given = argparse.Namespace
Function = Callable[[Context, Given], object]
#: A function that returns the possible values of a word, for TAB; earlier words may narrow them.
Values = Callable[[Context], Iterable[str]]


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument: its flags, its options for argparse, its values, and whether it is a path."""

    flags: tuple[str, ...]
    options: dict[str, Any]
    values: Values | None = None
    path: bool = False

    @property
    def is_option(self) -> bool:
        """Whether it is an option, such as ``--tls``."""
        return self.flags[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether it takes a value."""
        return self.options.get("action") not in ("store_true", "store_false")


def number(text: str) -> float:
    """Read a number; argparse reports ``nan``, ``inf`` and texts that are no number as errors."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError
    return found


def argument(
    *flags: str, values: Values | None = None, path: bool = False, **options: Any
) -> Argument:
    """Return an argument; `options` are those of argparse, whose ``help`` may hold a ``%``."""
    if "help" in options:
        options["help"] = options["help"].replace("%", "%%")
    return Argument(flags, options, values, path)


@dataclasses.dataclass(frozen=True)
class Subcommand:
    """A subcommand.

    Attributes
    ----------
    name : str
        The name, of one or two words: ``call``, ``db read``.
    arguments : tuple of Argument
    run : callable
        It is called with the context and the arguments, and with the cell's text as ``body`` if it
        takes a cell. Its docstring is the help.
    line, cell : bool
        Whether it can be used in a line, and whether it can begin a cell.
    raw : bool
        Whether the rest of the line is one argument, unchanged.
    asks : bool
        Whether it waits for answers of Asterisk. If one takes long, a line below the cell says so.
    """

    name: str
    arguments: tuple[Argument, ...]
    run: Function
    line: bool = True
    cell: bool = False
    raw: bool = False
    asks: bool = False

    @property
    def summary(self) -> str:
        """The first line of its help."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def magic(self) -> str:
        """The subcommand as a user writes it."""
        return f"{'%ast' if self.line else '%%ast'} {self.name}"

    def help(self) -> Text:
        """Return the text of ``--help``."""
        return Text(self._parser().format_help().rstrip())

    def parse(self, words: Sequence[str]) -> Given:
        """Parse the words behind the name.

        Raises
        ------
        UsageError
            If they do not fit. The error does not repeat unexpected values, since one may be a
            secret.
        """
        parser = self._parser()
        several = any(one.options.get("nargs") in ("+", "*") for one in self.arguments)
        # Otherwise argparse takes several words only if no option is between them.
        read = parser.parse_known_intermixed_args if several else parser.parse_known_args
        given, extra = read(list(words))
        unknown = next((word.partition("=")[0] for word in extra if word.startswith("-")), None)
        if unknown is not None:
            if unknown.lstrip("-").lower() in SECRETS:
                raise UsageError(f"{self.magic} takes no password: {STAYS}")
            options = [flag for one in self.arguments if one.is_option for flag in one.flags]
            parser.error(f"there is no option {unknown}{did_you_mean(unknown, options)}")
        if extra:
            parser.error(f"{len(extra)} word(s) too many; a word with a space in it needs quotes")
        return given

    def _parser(self) -> _SubcommandParser:
        about, _, more = (inspect.getdoc(self.run) or "").partition("\n")
        parser = _SubcommandParser(
            prog=self.magic,
            description=about,
            epilog=more.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,  # argparse's own would end the kernel
        )
        parser.add_argument("-h", "--help", action="store_true", help="show this help")
        for one in self.arguments:
            parser.add_argument(*one.flags, **one.options)
        return parser


def command(
    name: str,
    *arguments: Argument,
    line: bool = True,
    cell: bool = False,
    raw: bool = False,
    asks: bool = False,
) -> Callable[[Function], Subcommand]:
    """Make a function a subcommand."""

    def make(function: Function) -> Subcommand:
        return Subcommand(name, arguments, function, line=line, cell=cell, raw=raw, asks=asks)

    return make


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that is most similar to this one, or an empty text."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {close[0]}?" if close else ""


class _SubcommandParser(argparse.ArgumentParser):
    """Raises exactly `UsageError`, which IPython shows as one line."""

    def error(self, message: str) -> NoReturn:
        name = self.prog.partition(" ")[2]
        raise UsageError(f"{self.prog}: {message} (%ast help {name})")
