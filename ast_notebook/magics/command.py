"""What a subcommand of `%ast` is: its words, the function it runs, its help and its mistakes."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError

from ast_notebook.show import Text

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics

Given = argparse.Namespace
Function = Callable[["AstMagics", Given], object]
#: What a word can be, for TAB; the words before it may narrow that.
Values = Callable[["AstMagics"], Iterable[str]]


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument: its flags, what argparse is to know of it, and what it can be."""

    flags: tuple[str, ...]
    options: dict[str, Any]
    values: Values | None = None

    @property
    def is_option(self) -> bool:
        """Whether it is given by its name."""
        return self.flags[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a word follows it."""
        return self.options.get("action") not in ("store_true", "store_false")


def argument(*flags: str, values: Values | None = None, **options: Any) -> Argument:
    """Return an argument; `options` are those of argparse, whose ``help`` may hold a ``%``."""
    if "help" in options:
        options["help"] = options["help"].replace("%", "%%")
    return Argument(flags, options, values)


@dataclasses.dataclass(frozen=True)
class Command:
    """A subcommand.

    Attributes
    ----------
    name : str
        One word or two: ``call``, ``db read``.
    arguments : tuple of Argument
    run : callable
        Given the magics and the arguments; with ``body``, a cell's text, where it takes a cell.
        Its docstring is the help.
    line, cell : bool
        Whether it can stand in a line, and whether it can head a cell.
    raw : bool
        Whether the rest of the line is one argument, as it stands.
    asks : bool
        Whether it waits for an answer of Asterisk, and says so when that takes long.
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
        """The magic as it is written."""
        return f"{'%ast' if self.line else '%%ast'} {self.name}"

    def help(self) -> Text:
        """Return what ``--help`` shows."""
        return Text(self._parser().format_help().rstrip())

    def parse(self, words: Sequence[str]) -> Given:
        """Read the words behind the name.

        Raises
        ------
        UsageError
            If they do not fit. Values that are out of place are not repeated: one may be a secret.
        """
        parser = self._parser()
        given, extra = parser.parse_known_args(list(words))
        unknown = next((word.partition("=")[0] for word in extra if word.startswith("-")), None)
        if unknown is not None:
            options = [flag for one in self.arguments if one.is_option for flag in one.flags]
            parser.error(f"there is no option {unknown}{did_you_mean(unknown, options)}")
        if extra:
            parser.error(f"{len(extra)} word(s) too many; what holds a space needs quotes")
        return given

    def _parser(self) -> _Parser:
        about, _, more = (inspect.getdoc(self.run) or "").partition("\n")
        parser = _Parser(
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
) -> Callable[[Function], Command]:
    """Make a function a subcommand."""

    def make(function: Function) -> Command:
        return Command(name, arguments, function, line=line, cell=cell, raw=raw, asks=asks)

    return make


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that is most like this one, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {close[0]}?" if close else ""


class _Parser(argparse.ArgumentParser):
    """Raises exactly `UsageError`, which IPython shows as one line."""

    def error(self, message: str) -> NoReturn:
        name = self.prog.partition(" ")[2]
        raise UsageError(f"{self.prog}: {message} (%ast help {name})")
