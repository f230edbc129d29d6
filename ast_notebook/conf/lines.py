"""Reads the format of SmartHome.py's conf files, line by line.

A line is a section ``[NAME]``, a section ``[[NAME]]`` within the one above it, or an attribute
``NAME = VALUE`` of the section above it. Sections with the same name are merged: of two attributes
with the same name, the last one counts. Each line is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ast_notebook.conf.definitions import DEEPEST, Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.words import FIRST_VALUES
from ast_notebook.errors import ConfError

_ATTRIBUTE = re.compile(r"[\w@*.:-]+")
_HEADING = re.compile(r"(\[+)[\w'\" ]+(\]+)")
_QUOTES = ("'", '"')


def read_lines(text: str, origin: str, findings: Findings, *, secret: bool = False) -> Definitions:
    """Read a tree from the text of a conf file.

    Parameters
    ----------
    text : str
        Lines that end with a line feed.
    origin : str
        Its name in messages.
    findings : Findings
        Mistakes are added to them.
    secret : bool
        Whether a value may be a password; then no message repeats a line, and ``|`` makes no list.
    """
    return _SectionReader(origin, findings, secret).read(text)


class _SectionReader:
    """The sections that are open at a line, and the tree that is read so far."""

    def __init__(self, origin: str, findings: Findings, secret: bool) -> None:
        self._tree: dict[str, Any] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        self._found = Definitions(self._tree, origin, self._numbers, findings=findings)
        self._secret = secret
        self._open = [self._tree]
        self._path: tuple[str, ...] = ()
        self._lost = 0  # depth of an unreadable section; all below it is left out

    def read(self, text: str) -> Definitions:
        for number, line, is_joined in _logical_lines(text.split("\n")):
            if line.startswith("["):
                self._heading(number, line)
            elif not self._lost:
                self._attribute(number, line, is_joined)
        return self._found

    def _heading(self, number: int, line: str) -> None:
        line = line.partition("#")[0].rstrip()
        level = len(line) - len(line.lstrip("["))
        if self._lost and level > self._lost:
            return
        self._lost = 0
        closing = len(line) - len(line.rstrip("]"))
        name = _unquoted(line[level : len(line) - closing].strip())
        what = ""
        if level != closing or not name or "[" in name or "]" in name:
            what = "the brackets do not fit: write [NAME], or [[NAME]] below it"
        elif level > DEEPEST:
            what = f"sections can be {DEEPEST} deep, and no deeper"
        elif level > len(self._open):
            what = "the brackets do not fit: [[NAME]] goes below [NAME], with one pair more"
        elif isinstance(self._open[level - 1].get(name), str | list):
            what = "the section above has an attribute of that name: rename one of the two"
        parent = self._path[: level - 1]
        if what:
            self._lost = level
            self._mistake((*parent, name) if name else parent, number, what)
            return
        section = self._open[level - 1].setdefault(name, {})
        self._open[level:] = [section]
        self._path = (*parent, name)
        self._numbers.setdefault(self._path, number)

    def _attribute(self, number: int, line: str, is_joined: bool) -> None:
        name, value, is_cut = _split(line)
        path = (*self._path, name)
        if not name or value is None:
            what = "this is neither [NAME] nor NAME = VALUE, and is left out"
            self._mistake(self._path, number, what)
            return
        section = self._open[-1]
        if not _ATTRIBUTE.fullmatch(name):
            what = "the name of an attribute is made of letters, digits, _ and @"
            self._mistake(self._path, number, what)
        elif isinstance(section.get(name), dict):
            what = "there is a section of that name: rename one of the two"
            self._mistake(path, number, what)
        elif value or name not in section:
            if self._secret and name == "password":
                self._check_password(path, number, is_cut, is_joined)
            self._numbers[path] = number
            section[name] = self._value(name, value)

    def _value(self, name: str, text: str) -> str | list[str]:
        is_literal = name in FIRST_VALUES and text[:1] in ("[", "{")  # a value in Python's syntax
        if "|" in text and not (self._secret or is_literal or _is_quoted(text)):
            return [_unquoted(part.strip()) for part in text.split("|")]
        return _unquoted(text)

    def _check_password(
        self, path: tuple[str, ...], number: int, is_cut: bool, is_joined: bool
    ) -> None:
        if is_cut:
            what = "a # begins a comment, and would cut the password short"
        elif is_joined:
            what = "a backslash at the end joins two lines, and would change the password"
        else:
            return
        self._mistake(path, number, f"{what}. Put the password in quotes")

    def _mistake(self, path: tuple[str, ...], number: int, what: str) -> None:
        error = ConfError(f"{self._found.origin}, line {number}: {what}")
        self._found.findings.mistake(path, error)


def _logical_lines(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """Yield the number and the text of each line that is not empty, with its continuation."""
    number = 0
    while number < len(lines):
        first, line = number + 1, lines[number].strip()
        number += 1
        if not line or line[0] in "#;":
            continue
        parts: list[str] = []
        is_attribute = line[0] != "["
        while is_attribute and line.endswith("\\") and "#" not in line:
            following = lines[number].strip() if number < len(lines) else ""
            heading = _HEADING.fullmatch(following)
            if heading and len(heading[1]) == len(heading[2]):  # the value ends with \, such as C:\
                break
            parts.append(line.rstrip("\\"))
            line = following
            number += 1
        yield first, "".join([*parts, line]).strip(), bool(parts)


def _split(line: str) -> tuple[str, str | None, bool]:
    """Return name, value without comment, and whether the comment's # touches a word."""
    name, equals, value = line.partition("=")
    if not equals or "#" in name:
        return name.strip(), None, False
    value = value.strip()
    if value[:1] in _QUOTES:
        end = value.find(value[0], 1) + 1
        if end and value[end:].lstrip()[:1] in ("", "#"):
            return name.strip(), value[:end], False
    before, mark, after = value.partition("#")
    beside = before[-1:] if before else after[:1]
    return name.strip(), before.rstrip(), bool(mark and beside.strip())


def _is_quoted(text: str) -> bool:
    """Whether a text has exactly two quotes of a kind, and they enclose it."""
    return text[:1] in _QUOTES and text.find(text[0], 1) == len(text) - 1


def _unquoted(text: str) -> str:
    return text[1:-1] if text and _is_quoted(text) else text
