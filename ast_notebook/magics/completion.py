"""TAB on a `%ast` line: subcommands, options, and values of this PBX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)
from IPython.core.error import UsageError

from ast_notebook.bindings.attributes import FITTING, VALUES
from ast_notebook.magics import values
from ast_notebook.magics.command import Argument, Subcommand
from ast_notebook.magics.context import Context
from ast_notebook.magics.line import written
from ast_notebook.magics.table import ALIASES, COMMANDS, find
from ast_notebook.magics.values import files

Matcher = Callable[[CompletionContext], SimpleMatcherResult]

ID = "ast_notebook.magics"

# It matches at the beginning of a line, or behind `x =`, also in a block.
_LINE = re.compile(r"^\s*(?:[\w.,\[\]'\" ]+=\s*)?%{1,2}ast\s+(?P<rest>.*)$")
# A line of items in a cell: a keyword, or a value behind it.
_ITEMS = re.compile(r"\s*%%ast\s+items\b")
_KEYWORD = re.compile(r"^\s*(?P<word>\w*)$")
_VALUE = re.compile(r"^\s*(?P<keyword>\w+)\s*[=:]\s*(?P<word>\S*)$")
KEYWORDS = ("type", "value", "name", *FITTING, VALUES)
OF_KEYWORDS: dict[str, Callable[[Context], Iterable[str]]] = {
    "type": lambda context: ("bool", "num", "str", "foo"),
    "ast_dev": values.devices,
    "ast_state": values.devices,
    "ast_trunk": values.devices,
    "ast_box": values.mailboxes,
    "ast_queue": values.queues,
}


def matcher(context: Context) -> Matcher:
    """Return the matcher that `shell.Completer.custom_matchers` takes."""

    def complete_ast(asked: CompletionContext) -> SimpleMatcherResult:
        match = _LINE.match(asked.line_with_cursor)
        if match is None:
            return _in_items(context, asked)
        *before, fragment = re.split(r"\s+", match["rest"])
        found = [
            word
            for word in candidates(context, before, fragment)
            if word.casefold().startswith((fragment.casefold(), *_quoted(fragment)))
        ]
        return {
            "completions": [SimpleCompletion(text=word, type="ast") for word in found],
            "matched_fragment": fragment,
            "suppress": True,
        }

    decorate: Callable[[Matcher], Matcher] = context_matcher(identifier=ID)
    return decorate(complete_ast)


def _in_items(context: Context, asked: CompletionContext) -> SimpleMatcherResult:
    """Complete a keyword of an item, or its value, in the cell that defines items."""
    line = asked.line_with_cursor
    if not asked.cursor_line or not _ITEMS.match(asked.full_text):
        return {"completions": [], "suppress": False}
    if match := _VALUE.match(line):
        words_of = OF_KEYWORDS.get(match["keyword"])
        words = () if words_of is None else words_of(context)
    elif match := _KEYWORD.match(line):
        words = KEYWORDS
    else:
        return {"completions": [], "suppress": False}
    fragment = match["word"]
    return {
        "completions": [
            SimpleCompletion(text=word, type="ast")
            for word in dict.fromkeys(words)
            if word.casefold().startswith(fragment.casefold())
        ],
        "matched_fragment": fragment,
        "suppress": True,
    }


def _quoted(fragment: str) -> list[str]:
    """Return the fragment after each kind of quote, since it may be typed without a quote."""
    return [f"{quote}{fragment.casefold()}" for quote in "\"'"] if fragment else []


def candidates(context: Context, before: Sequence[str], fragment: str = "") -> list[str]:
    """Return the possible next words of a line, in order and without duplicates.

    `fragment` is the part of the next word that is written already; files are found by it.
    """
    return list(dict.fromkeys(_candidates(context, list(before), fragment)))


def _candidates(context: Context, before: list[str], fragment: str) -> Iterable[str]:
    if before[:1] == ["--pbx"]:
        if len(before) == 1:
            return context.sh.pbxs
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
    return [*_next_of_names(before), *_next_of(context, one, before[count:], fragment)]


def _next_of_names(before: list[str]) -> list[str]:
    """Return the next words of the subcommands' names."""
    names = [name.split() for name in [*COMMANDS, *ALIASES]]
    here = len(before)
    return [name[here] for name in names if name[:here] == before and len(name) > here]


def _next_of(
    context: Context, one: Subcommand, given: Sequence[str], fragment: str
) -> Iterable[str]:
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
    found = [flag for option in options for flag in option.flags if flag not in given]
    if pending is not None and not (
        given and _takes_many(pending) and given[-1] not in pending.flags
    ):
        # Behind an option that may stand alone, further options may come.
        more = found if pending.options.get("nargs") == "?" else []
        return [*_values(context, pending, fragment), *more]
    here = pending or (positional[place] if place < len(positional) else None)
    if here is None and positional and _takes_many(positional[-1]):
        here = positional[-1]
    return [*(_values(context, here, fragment) if here else ()), *found]


def _values(context: Context, argument: Argument, fragment: str) -> Iterable[str]:
    if argument.path:
        return [word for word in map(written, files(fragment)) if word]
    if argument.values is not None:
        # Callers choose many of these values, so none may become code or another option.
        found = map(written, argument.values(context))
        return [word for word in found if word]
    return [str(choice) for choice in argument.options.get("choices", ())]


def _takes_many(argument: Argument) -> bool:
    return argument.options.get("nargs") in ("+", "*")
