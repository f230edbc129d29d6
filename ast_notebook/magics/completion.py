"""TAB on a `%ast` line: subcommands, options, and what the words can be on this PBX now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)
from IPython.core.error import UsageError

from ast_notebook.magics.command import Argument, Command
from ast_notebook.magics.table import ALIASES, COMMANDS, find

if TYPE_CHECKING:
    from ast_notebook.magics.astmagics import AstMagics

Matcher = Callable[[CompletionContext], SimpleMatcherResult]

ID = "ast_notebook.magics"

# At the beginning of a line, or behind `x =`, and also in a block.
_LINE = re.compile(r"^\s*(?:[\w.,\[\]'\" ]+=\s*)?%{1,2}ast\s+(?P<rest>.*)$")


def matcher(magics: AstMagics) -> Matcher:
    """Return the matcher that `shell.Completer.custom_matchers` takes."""

    def complete_ast(context: CompletionContext) -> SimpleMatcherResult:
        match = _LINE.match(context.line_with_cursor)
        if match is None:
            return {"completions": [], "suppress": False}
        *before, fragment = re.split(r"\s+", match["rest"])
        found = [
            word
            for word in candidates(magics, before)
            if word.casefold().startswith(fragment.casefold())
        ]
        return {
            "completions": [SimpleCompletion(text=word, type="ast") for word in found],
            "matched_fragment": fragment,
            "suppress": True,
        }

    decorate: Callable[[Matcher], Matcher] = context_matcher(identifier=ID)
    return decorate(complete_ast)


def candidates(magics: AstMagics, before: Sequence[str]) -> list[str]:
    """Return what the next word of a line can be, in order and each once."""
    return list(dict.fromkeys(_candidates(magics, list(before))))


def _candidates(magics: AstMagics, before: list[str]) -> Iterable[str]:
    if before[:1] == ["--pbx"]:
        if len(before) == 1:
            return magics.sh.pbxs
        before = before[2:]
    if before[:1] == ["help"]:
        before = before[1:]
        return _next_of_names(before)
    if not before:
        return [*_next_of_names(before), "help", "--pbx"]
    try:
        one, count = find(before)
    except UsageError:
        return _next_of_names(before)
    return [*_next_of_names(before), *_next_of(magics, one, before[count:])]


def _next_of_names(before: list[str]) -> list[str]:
    """Return the next words of the subcommands' names."""
    names = [name.split() for name in [*COMMANDS, *ALIASES]]
    here = len(before)
    return [name[here] for name in names if name[:here] == before and len(name) > here]


def _next_of(magics: AstMagics, one: Command, given: Sequence[str]) -> Iterable[str]:
    """Return the options that are not given yet, and the values of the argument that is next."""
    positional = [argument for argument in one.arguments if not argument.is_option]
    options = [argument for argument in one.arguments if argument.is_option]
    pending: Argument | None = None
    place = 0
    for word in given:
        named = next((option for option in options if word in option.flags), None)
        if named is not None:
            pending = named if named.takes_value else None
        elif pending is not None:
            pending = pending if _takes_many(pending) else None
        else:
            place += 1
    if pending is not None and not (
        given and _takes_many(pending) and given[-1] not in pending.flags
    ):
        return _values(magics, pending)
    found = [flag for option in options for flag in option.flags if flag not in given]
    here = pending or (positional[place] if place < len(positional) else None)
    if here is None and positional and _takes_many(positional[-1]):
        here = positional[-1]
    return [*(_values(magics, here) if here else ()), *found]


def _values(magics: AstMagics, argument: Argument) -> Iterable[str]:
    if argument.values is not None:
        return argument.values(magics)
    return [str(choice) for choice in argument.options.get("choices", ())]


def _takes_many(argument: Argument) -> bool:
    return argument.options.get("nargs") in ("+", "*")
