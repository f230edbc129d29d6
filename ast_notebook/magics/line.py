"""The words of a `%ast` line: quotes, a comment at the end, and variables of the notebook."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from IPython.core.error import UsageError

# A quote opens at the beginning of a word or after its =; elsewhere it is a letter, as in O'Brien.
_QUOTED = re.compile(r"""([^\s"'=]+=)?(?:"([^"]*)"|'([^']*)')(?=\s|$)""")
_OPENS_QUOTE = re.compile(r"""([^\s"'=]+=)?["']""")
_COMMENT = re.compile(r"#(\s|$)")
_BEFORE_END = re.compile(r";(?=\s*(?:$|#(?:\s|$)))")
_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"\$(\w+)")
_PLAIN = re.compile(r"[\w/.@:+*,=&|<>-]+")  # a word that needs no quotes, and is no code
_OPENING, _CLOSING = "{[(", "}])"


def words(line: str) -> list[str]:
    r"""Split a line into words.

    ``"…"`` and ``'…'`` hold a word together, and so do the braces of ``{an expression}``; a
    backslash is a letter like any other. A lone ``#`` begins a comment.

    Raises
    ------
    UsageError
        If a quote is not closed.

    Examples
    --------
    >>> words('call PJSIP/200 240 door --callerid "Door <100>"  # the door')
    ['call', 'PJSIP/200', '240', 'door', '--callerid', 'Door <100>']
    """
    return _scan(line)[0]


def written(text: str) -> str | None:
    """Return a word that stands for exactly this text in a line; None if there is none.

    The word is never an expression, an option or a comment, so the text may come from anybody.

    Examples
    --------
    >>> written("PJSIP/200"), written("240{1 + 1}"), written("--wait")
    ('PJSIP/200', '"240{{1 + 1}}"', None)
    """
    if text.startswith("-") or not text.isprintable():
        return None
    if _PLAIN.fullmatch(text):
        return text
    quote = next((one for one in "\"'" if one not in text), None)
    if quote is None:
        return None
    for letter in "{}$":
        text = text.replace(letter, 2 * letter)
    return f"{quote}{text}{quote}"


def without_semicolon(line: str) -> tuple[str, bool]:
    """Remove a semicolon at the end of a line, and tell whether there was one.

    A semicolon before a comment counts; one inside of quotes or of a comment does not.

    Examples
    --------
    >>> without_semicolon("db read house/mode;  # by day")
    ('db read house/mode', True)
    """
    try:
        text = line[: _scan(line)[1]].rstrip()
    except UsageError:  # the semicolon is directly behind a quote
        for found in _BEFORE_END.finditer(line):
            text = line[: found.start()]
            with contextlib.suppress(UsageError):
                if _scan(text)[1] == len(text):
                    return text.rstrip(), True
        return line, False
    return (text[:-1].rstrip(), True) if text.endswith(";") else (line, False)


def _scan(line: str) -> tuple[list[str], int]:
    """Return the words and where they end, which is before a comment or at the line's end."""
    found: list[str] = []
    position = _after_space(line, 0)
    while position < len(line) and not _COMMENT.match(line, position):
        if quoted := _QUOTED.match(line, position):
            head, double, single = quoted.groups(default="")
            found.append(head + (double or single))
            end = quoted.end()
        elif _OPENS_QUOTE.match(line, position):
            raise UsageError(f"a quote is not closed, from {line[position : position + 20]} on")
        else:
            end = _end_of_word(line, position)
            found.append(line[position:end])
        position = _after_space(line, end)
    return found, position


def _after_space(line: str, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match else position


def _end_of_word(line: str, position: int) -> int:
    while position < len(line) and not line[position].isspace():
        braces = line[position] == "{" or line[position : position + 2] in ("${", "$[")
        end = _closing(line, position + (line[position] == "$")) if braces else None
        position = end or position + 1
    return position


def expand(text: str, names: Mapping[str, Any]) -> str:
    """Put the notebook's variables into a word: ``{expression}`` and ``$name``.

    Asterisk's own ``${CALLERID(num)}`` and ``$[1 + 2]`` stay. ``{{`` is a brace and ``$$`` a
    dollar. True and False become 1 and 0, as Asterisk writes them.

    Raises
    ------
    UsageError
        If there is no such variable, it is None, or the expression fails.

    Examples
    --------
    >>> expand("PJSIP/{number + 1} ${EXTEN}", {"number": 199})
    'PJSIP/200 ${EXTEN}'
    """
    parts: list[str] = []
    position = 0
    while position < len(text):
        two = text[position : position + 2]
        if two in ("{{", "}}", "$$"):
            parts.append(two[0])
            position += 2
        elif two in ("${", "$["):
            end = _closing(text, position + 1) or _never_closed(text, position)
            parts.append(text[position:end])
            position = end
        elif text[position] == "{":
            end = _closing(text, position) or _never_closed(text, position)
            parts.append(_value(text[position + 1 : end - 1], names))
            position = end
        elif match := _NAME.match(text, position):
            parts.append(_variable(match[1], names))
            position = match.end()
        else:
            parts.append(text[position])
            position += 1
    return "".join(parts)


def _closing(text: str, start: int) -> int | None:
    """Return the place after the bracket that closes the one at `start`; None if there is none."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] in _OPENING:
            depth += 1
        elif text[position] in _CLOSING:
            depth -= 1
            if not depth:
                return position + 1
    return None


def _never_closed(text: str, start: int) -> NoReturn:
    raise UsageError(
        f"a bracket is not closed, from {text[start : start + 20]} on; {{{{ means a brace"
    )


def _variable(name: str, names: Mapping[str, Any]) -> str:
    if name not in names:
        raise UsageError(f"there is no variable {name}: assign it before, or write $$ for a dollar")
    return _text(name, names[name])


def _value(expression: str, names: Mapping[str, Any]) -> str:
    try:
        value = eval(expression, dict(names))  # noqa: S307 (the user's own, as in a cell)
    except Exception as error:
        raise UsageError(
            f"{{{expression}}} has no value ({type(error).__name__}: {error}); {{{{ means a brace"
        ) from None
    return _text(expression, value)


def _text(name: str, value: object) -> str:
    if value is None:
        raise UsageError(f"{name} is None, which is no text: give it a value before")
    return str(int(value)) if isinstance(value, bool) else str(value)
