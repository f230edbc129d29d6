"""The page of the magics and of the command line, made of their own help."""

from __future__ import annotations

import argparse
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ast_notebook.__main__ as console
from ast_notebook.magics.astmagics import AstMagics
from ast_notebook.magics.command import Argument, Subcommand
from ast_notebook.magics.table import ALIASES, COMMANDS
from tools.site.markdown import code, escaped, literal, table

_FRONT = """# The magics

`%ast help` shows all of them, `%ast help call` (or `%ast call --help`) one, and TAB completes
their words. This page is made of that help.

`%ast SUBCOMMAND …` is a line, and `%%ast SUBCOMMAND …` begins a cell. `%ast --pbx NAME SUBCOMMAND
…` says which PBX is meant, if there are several. `{expression}` and `$name` put the notebook's
variables into a line; Asterisk's own `${CALLERID(num)}` and `$[1 + 2]` stay as they are, and `{{`
and `$$` mean the character itself. With a `;` at the end, nothing is shown.

"""
_SETTINGS = """## The settings

`%config AstMagics` shows them, and `%config AstMagics.tz = "Europe/Berlin"` sets one. They apply
to new connections; those of the site (`country`, `outside`, `phone_book`, `trunks`) and `tz`
apply at once.

"""
_CONSOLE = """# The command line

`ast-notebook COMMAND --help` shows what stands here; `python -m ast_notebook` is the same
program. It ends with 0 if nothing is wrong, with 1 if something is, and with 2 for an error.

"""


def page() -> str:
    """Return the page of the magics."""
    parts = [_FRONT, table(("magic", "what it does"), (_row(one) for one in COMMANDS.values()))]
    parts += ["\n", _SETTINGS, _settings()]
    parts += [_subcommand(one) for one in COMMANDS.values()]
    return "".join(parts)


def console_page() -> str:
    """Return the page of the command line."""
    parts = [_CONSOLE]
    with _width(90):
        for name, command in console._COMMANDS.items():
            parser = argparse.ArgumentParser(f"ast-notebook {name}", epilog=command.more or None)
            command.arguments(parser)
            parser.description = command.about
            parser.epilog = command.more
            parts += [f"## ast-notebook {name}\n\n", code(parser.format_help()), "\n"]
    return "".join(parts)


def anchor(one: Subcommand) -> str:
    """Return the anchor of a subcommand's section."""
    return f"ast-{one.name.replace(' ', '-')}"


def _row(one: Subcommand) -> tuple[str, str]:
    return f"[{literal(one.magic)}](#{anchor(one)})", escaped(one.summary)


def _settings() -> str:
    traits = AstMagics.class_traits(config=True)
    rows = (
        (literal(name), literal(repr(one.default_value)), escaped(one.help))
        for name, one in sorted(traits.items())
        if one.this_class is AstMagics
    )
    return table(("setting", "default", "what it is"), rows) + "\n"


def _subcommand(one: Subcommand) -> str:
    about, _, more = (inspect.getdoc(one.run) or "").partition("\n")
    parts = [f"({anchor(one)})=\n## {literal(one.magic)}\n\n{escaped(about)}\n\n"]
    with _width(90):
        usage = one._parser().format_usage().removeprefix("usage: ")
    parts.append(code(inspect.cleandoc(usage)) + "\n")
    others = [literal(f"%ast {name}") for name, meant in ALIASES.items() if meant == one.name]
    if others:
        parts.append(f"{' and '.join(others)} are the same.\n\n" if others[1:] else "")
        parts.append(f"{others[0]} is the same.\n\n" if not others[1:] else "")
    if one.arguments:
        rows = ((_words(arg), escaped(_about(arg))) for arg in one.arguments)
        parts.append(table(("word", "what it is"), rows) + "\n")
    for paragraph in inspect.cleandoc(more).split("\n\n"):
        is_example = paragraph.startswith("In [")
        parts.append(code(paragraph) if is_example else escaped(paragraph))
        parts.append("\n\n")
    return "".join(parts)


def _about(one: Argument) -> str:
    said = str(one.options.get("help", "")).replace("%%", "%")
    if choices := one.options.get("choices"):
        said += f" ({', '.join(map(str, choices))})"
    return said.strip()


def _words(one: Argument) -> str:
    value = one.options.get("metavar") or (one.flags[0] if not one.is_option else "")
    if isinstance(value, tuple):
        value = value[0]
    if not one.is_option:
        return literal(str(value).upper())
    value = value or one.flags[0].lstrip("-").upper()
    many = " …" if one.options.get("nargs") in ("+", "*") else ""
    shown = f" {value}{many}" if one.takes_value else ""
    return literal(f"{', '.join(one.flags)}{shown}")


@contextmanager
def _width(columns: int) -> Iterator[None]:
    """Have argparse write lines of so many letters, whatever terminal this is."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
