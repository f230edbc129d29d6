"""The dialplan: contexts, extensions, and how variables and expressions are filled in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence

_EXTEN = re.compile(r"\s*([^,]+?)\s*,\s*([^,]+?)\s*,\s*(.*)", re.DOTALL)
_PRIORITY = re.compile(r"(n|\d+|hint)(?:\(([^)]*)\))?")
_APPLICATION = re.compile(r"(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_SETS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}

Look = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class DialplanStep:
    """One line of the dialplan: an application and its arguments with unfilled variables."""

    priority: int
    application: str
    data: str
    label: str = ""


@dataclasses.dataclass
class Extension:
    """An extension: a number or a pattern, and its steps."""

    pattern: str
    steps: dict[int, DialplanStep] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self._matches = _matcher(self.pattern)
        #: Narrower patterns are tried first.
        self.vagueness = _vagueness(self.pattern)

    def matches(self, number: str) -> bool:
        """Tell whether a dialled number matches."""
        return self._matches.fullmatch(number) is not None


@dataclasses.dataclass
class DialplanContext:
    """A context: its extensions, and the contexts that are searched if none of them fits."""

    extensions: dict[str, Extension] = dataclasses.field(default_factory=dict)
    includes: list[str] = dataclasses.field(default_factory=list)


class Dialplan:
    """The dialplan: all contexts, the global variables, and the hints of extensions.

    Parameters
    ----------
    **variables
        Global variables that override those of extensions.conf.
    """

    def __init__(self, **variables: str) -> None:
        self.contexts: dict[str, DialplanContext] = {}
        self.variables: dict[str, str] = variables
        #: Hints: context and extension, and the device whose state they show.
        self.hints: dict[tuple[str, str], str] = {}

    def add(self, name: str, lines: Sequence[tuple[str, str]]) -> None:
        """Add a section of extensions.conf."""
        if name == "globals":
            self.variables = {**dict(lines), **self.variables}
            return
        if name == "general":
            return
        context = self.contexts.setdefault(name, DialplanContext())
        exten, last = "", 0
        for key, value in lines:
            if key == "include":
                context.includes.append(value)
                continue
            text = value if key == "exten" else f"{exten},{value}"
            found = _EXTEN.fullmatch(text)
            priority = _PRIORITY.fullmatch(found[2]) if found else None
            if found is None or priority is None:
                continue
            exten = found[1]
            if priority[1] == "hint":
                self.hints[name, exten] = self.fill(found[3], self._global)
                continue
            last = last + 1 if priority[1] == "n" else int(priority[1])
            application = _APPLICATION.fullmatch(found[3])
            if application is not None:
                step = DialplanStep(last, application[1], application[2] or "", priority[2] or "")
                self._extension(name, exten).steps[last] = step

    def add_step(self, context: str, exten: str, application: str, data: str) -> None:
        """Add an extension of one step, as Asterisk itself does for parked calls."""
        self._extension(context, exten).steps[1] = DialplanStep(1, application, data)

    def find(self, context: str, exten: str, priority: int) -> DialplanStep | None:
        """Return the step that a number leads to, in this context or one that it includes."""
        for extension in self._candidates(context, exten, set()):
            if priority in extension.steps:
                return extension.steps[priority]
        return None

    def labelled(self, context: str, exten: str, label: str) -> int | None:
        """Return the priority that carries a label."""
        for extension in self._candidates(context, exten, set()):
            for step in extension.steps.values():
                if step.label == label:
                    return step.priority
        return None

    def _extension(self, context: str, pattern: str) -> Extension:
        extensions = self.contexts.setdefault(context, DialplanContext()).extensions
        return extensions.setdefault(pattern, Extension(pattern))

    def _candidates(self, name: str, exten: str, seen: set[str]) -> Iterator[Extension]:
        context = self.contexts.get(name)
        if context is None or name in seen:
            return
        seen.add(name)
        fitting = (one for one in context.extensions.values() if one.matches(exten))
        yield from sorted(fitting, key=lambda one: one.vagueness)
        for included in context.includes:
            yield from self._candidates(included, exten, seen)

    def _global(self, name: str) -> str:
        return self.variables.get(name, "")

    def fill(self, text: str, look: Look) -> str:
        """Fill in variables, functions and expressions; `look` returns the value of a name."""
        parts, position = [], 0
        while (dollar := text.find("$", position)) >= 0:
            opening = text[dollar + 1 : dollar + 2]
            if opening not in ("{", "["):
                parts.append(text[position : dollar + 1])
                position = dollar + 1
                continue
            end = _closing(text, dollar + 1)
            inner = self.fill(text[dollar + 2 : end], look)
            parts.append(text[position:dollar])
            parts.append(_sliced(inner, look) if opening == "{" else calculate(inner))
            position = end + 1
        return "".join([*parts, text[position:]])


def _closing(text: str, opening: int) -> int:
    """Find the bracket that closes the one at `opening`; return the end if there is none."""
    pair = {"{": "}", "[": "]"}[text[opening]]
    depth = 0
    for position in range(opening, len(text)):
        depth += (text[position] == text[opening]) - (text[position] == pair)
        if depth == 0:
            return position
    return len(text)


def _sliced(name: str, look: Look) -> str:
    """Return a variable, or the part of it that ``NAME:start:length`` names."""
    if "(" in name:
        return look(name)
    name, *numbers = name.split(":")
    value = look(name)
    try:
        start, length = ([int(number) for number in numbers] + [0, len(value)])[:2]
    except ValueError:
        return value
    if not numbers:
        return value
    value = value[start:]
    if len(numbers) < 2:
        return value
    return value[:length]


def _matcher(pattern: str) -> re.Pattern[str]:
    if not pattern.startswith("_"):
        return re.compile(re.escape(pattern))
    parts = []
    for part in re.findall(r"\[[^]]*\]|.", pattern[1:]):
        if part in _SETS:
            parts.append(f"[{_SETS[part]}]")
        elif part in (".", "!"):
            parts.append(".+" if part == "." else ".*")
        elif part.startswith("[") and len(part) > 2:
            parts.append(part)
        elif part != "-":
            parts.append(re.escape(part))
    return re.compile("".join(parts), re.DOTALL)


def _vagueness(pattern: str) -> list[int]:
    """Return the sort key of a pattern: how many characters each of its places matches."""
    if not pattern.startswith("_"):
        return []
    sizes = {**{name: len(members) for name, members in _SETS.items()}, ".": 300, "!": 301}
    return [
        sizes.get(part, 5 if part[0] == "[" else 1)
        for part in re.findall(r"\[[^]]*\]|.", pattern[1:])
    ]


_TOKEN = re.compile(r'\s*("(?:\\.|[^"\\])*"|[()!&|%*/+-]|[<>!]?=|[<>]|[^\s()"&|%*/+=<>!-]+)')
_LEVELS = (("|",), ("&",), ("=", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


def calculate(text: str) -> str:
    """Compute the inside of ``$[…]``: comparisons, and/or, and whole numbers.

    >>> calculate('"yes" = "yes"'), calculate("2 + 3 * 4"), calculate("5 < 10")
    ('1', '14', '1')
    """
    tokens = _TOKEN.findall(text)
    value = _level(tokens, 0)
    # If tokens are left over, the text was no expression; Asterisk returns an empty text then.
    return "" if tokens else value


def _level(tokens: list[str], level: int) -> str:
    if level == len(_LEVELS):
        return _operand(tokens)
    left = _level(tokens, level + 1)
    while tokens and tokens[0] in _LEVELS[level]:
        operator = tokens.pop(0)
        left = _apply(operator, left, _level(tokens, level + 1))
    return left


def _operand(tokens: list[str]) -> str:
    word = tokens.pop(0) if tokens else ""
    if word == "!":
        return str(int(_operand(tokens) in ("", "0")))
    if word == "-":
        return f"-{_operand(tokens)}"
    if word == "(":
        value = _level(tokens, 0)
        if tokens and tokens[0] == ")":
            tokens.pop(0)
        return value
    return word.strip('"')


def _apply(operator: str, left: str, right: str) -> str:
    true = [value not in ("", "0") for value in (left, right)]
    if operator == "|":
        return left if true[0] else right
    if operator == "&":
        return left if all(true) else "0"
    try:
        numbers = int(left), int(right)
    except ValueError:
        return str(int(_compare(operator, (left, right))))
    if operator in _LEVELS[2]:
        return str(int(_compare(operator, numbers)))
    one, two = numbers
    if operator in "/%" and two == 0:
        return "0"
    return str(
        {
            "+": one + two,
            "-": one - two,
            "*": one * two,
            "/": one // (two or 1),
            "%": one % (two or 1),
        }[operator]
    )


def _compare(operator: str, pair: tuple[int, int] | tuple[str, str]) -> bool:
    smaller, same = pair[0] < pair[1], pair[0] == pair[1]  # type: ignore[operator]
    return {
        "=": same,
        "!=": not same,
        "<": smaller,
        ">": not smaller and not same,
        "<=": smaller or same,
        ">=": not smaller,
    }.get(operator, False)


def arguments(text: str) -> list[str]:
    r"""Split the arguments of an application at commas, as Asterisk does.

    Quotes and brackets protect commas. Quotes are removed, and a backslash protects the next
    character.

    >>> arguments('Call,Source: 5551,Value: "Smith, John"')
    ['Call', 'Source: 5551', 'Value: Smith, John']
    """
    parts, quoted = [""], False
    depth = {"(": 0, "[": 0}
    opening = {")": "(", "]": "["}
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            parts[-1] += next(letters, "")
        elif letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted and not any(depth.values()):
            parts.append("")
        else:
            if letter in depth:
                depth[letter] += 1
            elif letter in opening:
                depth[opening[letter]] = max(0, depth[opening[letter]] - 1)
            parts[-1] += letter
    return parts
