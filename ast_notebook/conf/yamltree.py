"""Reads SmartHomeNG's YAML files into the same trees that conf files make.

YAML nodes are read, not values: a device 0049 keeps its zeros, no objects are constructed, and the
line numbers are known. If a file as a whole is not valid YAML, it is read piece by piece, so that
only the lines with a mistake are left out.
"""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ast_notebook.conf.definitions import DEEPEST, Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.words import FIRST_VALUES
from ast_notebook.errors import ConfError

MOST_COPIES = 50_000  # nodes that & and * may stand for, besides those that are written out
MOST_READ_AGAIN = 50_000  # characters read piece by piece at most, plus four times the length
COST_OF_A_PIECE = 200  # in characters

MOST_BRACKETS = 250  # that are open at once

TOO_MUCH = "& and * stand for too much: write it out"

_NAME_ALONE = re.compile(r"""\s*([^\s:#'"\[\]{}&*!|>%@,-][^:#]*):\s*(?:#.*)?""")
_TAG = "tag:yaml.org,2002:"


def read_yaml(text: str, origin: str, findings: Findings, *, secret: bool = False) -> Definitions:
    """Read a tree from the text of a YAML file.

    Parameters
    ----------
    text : str
    origin : str
        Its name in messages.
    findings : Findings
        Mistakes are added to them.
    secret : bool
        Whether a value may be a password; then no message repeats a line.

    Raises
    ------
    ConfError
        If it is not a tree of names.
    """
    tree = _Tree(origin, findings)
    try:
        root = _compose(text, secret)
    except _NotYaml as error:
        failure = ConfError(f"{origin}, line {error.line}: {error}")
        if findings.strict:
            raise failure from None
        _Pieces(tree, len(text), secret).read(text.split("\n"), 0, ())
        return tree.found
    if isinstance(root, MappingNode):
        tree.take(root, (), 0)
    elif root is not None and not (isinstance(root, ScalarNode) and _text(root) is None):
        raise ConfError(f"{origin}: this is not a tree of names: write NAME: and indent below it")
    return tree.found


class _NotYaml(Exception):
    """A text is not valid YAML; the error has the line."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


class _TooManyAliases(Exception):
    """The aliases & and * expand to more than anybody would write."""


def _compose(text: str, secret: bool) -> Node | None:
    _check_brackets(text)
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "a password with special letters needs quotes" if secret else error.problem
        raise _NotYaml(f"this is not YAML: {what}", mark.line + 1 if mark else 1) from None
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise _NotYaml("this is not YAML: it holds letters that cannot be", line) from None
    except (RecursionError, ValueError):  # errors of ruamel for a %YAML directive without a version
        raise _NotYaml("this is not YAML, or nested too deeply to be meant", 1) from None
    return root


def _check_brackets(text: str) -> None:
    """Refuse at once a text that ruamel would refuse only after a long time."""
    depth = 0
    for bracket in re.finditer(r"[\[{\]}]", text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > MOST_BRACKETS:
            line = text.count("\n", 0, bracket.start()) + 1
            raise _NotYaml("this is nested too deeply to be meant", line)


class _Tree:
    """Turns nodes into a tree of texts, with their line numbers."""

    def __init__(self, origin: str, findings: Findings) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        self._tree: dict[str, Any] = {}
        self.found = Definitions(self._tree, origin, self._lines, findings=findings)
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._copies = 0

    def take(self, node: MappingNode, path: tuple[str, ...], above: int) -> None:
        """Add a mapping at a path; `above` says how many lines of the file come before its text."""
        section = self._tree
        for name in path:
            inner = section.setdefault(name, {})
            if not isinstance(inner, dict):
                inner = section[name] = {}
            section = inner
        try:
            self._merge(section, self._mapping(node, path, above, is_copy=False))
        except _TooManyAliases as error:
            self.mistake(path, above + 1, str(error))

    def mistake(self, path: tuple[str, ...], line: int, what: str) -> None:
        """Add a mistake: something that cannot be read."""
        self.found.findings.mistake(path, ConfError(f"{self.found.origin}, line {line}: {what}"))

    def at(self, path: tuple[str, ...], line: int) -> None:
        """Note the line of a section's name."""
        self._lines.setdefault(path, line)

    def _mapping(
        self, node: MappingNode, path: tuple[str, ...], above: int, *, is_copy: bool
    ) -> dict[str, Any]:
        section: dict[str, Any] = {}
        own = [(key, value) for key, value in node.value if not _is_merge(key)]
        names = {key.value for key, _ in own if isinstance(key, ScalarNode)}
        merged = [pair for name, pair in self._merged(node).items() if name not in names]
        for number, (key, value) in enumerate((*merged, *own)):
            line = key.start_mark.line + 1 + above
            if not isinstance(key, ScalarNode):
                self.mistake(path, line, "a name must be a word")
                continue
            name = str(key.value)
            here = (*path, name)
            if len(here) > DEEPEST:
                self.mistake(path, line, f"sections can be {DEEPEST} deep, and no deeper")
                continue
            if name in section:
                what = f"{name} was given before: of two attributes the later one counts"
                self.found.findings.note(f"{self.found.origin}, line {line}: {what}")
            self._lines[here] = line
            try:
                copied = is_copy or number < len(merged)
                self._merge(section, {name: self._value(value, here, above, is_copy=copied)})
            except _TooManyAliases as error:
                if is_copy:
                    raise
                self.mistake(here, line, str(error))
        return section

    def _merged(self, node: MappingNode, depth: int = 0) -> dict[str, tuple[Node, Node]]:
        """Return the pairs that ``<<`` merges into a mapping, by their names."""
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if not _is_merge(key):
                continue
            for one in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(one, MappingNode):
                    continue
                self._copies += len(one.value) + 1
                if self._copies > MOST_COPIES or depth > DEEPEST:
                    raise _TooManyAliases(TOO_MUCH)
                more = {
                    str(name.value): (name, inner)
                    for name, inner in one.value
                    if isinstance(name, ScalarNode) and not _is_merge(name)
                }
                found = {**self._merged(one, depth + 1), **more, **found}
        return found

    def _value(
        self, node: Node, path: tuple[str, ...], above: int, *, is_copy: bool, depth: int = 0
    ) -> Any:
        is_literal = len(path) > 1 and path[-1] in FIRST_VALUES
        if isinstance(node, ScalarNode):
            self._copies += is_copy
            return _typed(node) if is_literal and depth else _text(node)
        is_copy = is_copy or id(node) in self._seen
        self._seen.add(id(node))
        self._copies += is_copy
        if is_copy and self._copies > MOST_COPIES:
            raise _TooManyAliases(TOO_MUCH)
        if id(node) in self._open:
            raise _TooManyAliases("* stands for something that it is part of: write it out")
        if depth > DEEPEST:
            raise _TooManyAliases(f"lists can be {DEEPEST} deep, and no deeper")
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [
                    self._value(one, path, above, is_copy=is_copy, depth=depth + 1)
                    for one in node.value
                ]
            assert isinstance(node, MappingNode)
            if not is_literal and not depth:
                return self._mapping(node, path, above, is_copy=is_copy)
            return {
                _typed(key): self._value(value, path, above, is_copy=is_copy, depth=depth + 1)
                for key, value in node.value
                if isinstance(key, ScalarNode)
            }
        finally:
            self._open.discard(id(node))

    def _merge(self, section: dict[str, Any], more: dict[str, Any]) -> None:
        """Add attributes and sections; if a name is there already, the last one counts."""
        for name, value in more.items():
            there = section.get(name)
            if isinstance(there, dict) and isinstance(value, dict) and name not in FIRST_VALUES:
                self._merge(there, value)
            elif value is not None or name not in section:
                section[name] = value


class _Pieces:
    """Reads a file piece by piece if it is not valid YAML as a whole."""

    def __init__(self, tree: _Tree, length: int, secret: bool) -> None:
        self._tree = tree
        self._left = 4 * length + MOST_READ_AGAIN
        self._secret = secret

    def read(self, lines: list[str], above: int, path: tuple[str, ...]) -> None:
        """Read the pieces that are indented as most are; others are reported and left out."""
        pieces = []
        for start, end, fits in _pieces(lines):
            if fits:
                pieces.append((above + start, lines[start:end]))
            else:
                self._tree.mistake(path, above + start + 1, "this is indented like no line above")
        self._halves(pieces, path)

    def _halves(self, pieces: list[tuple[int, list[str]]], path: tuple[str, ...]) -> None:
        """Halve the pieces that failed together, and read each half; look inside a single piece."""
        half = len(pieces) // 2
        if not half:
            for above, lines in pieces:
                self._inside(lines, above, path)
            return
        for some in (pieces[:half], pieces[half:]):
            try:
                self._take([line for _, lines in some for line in lines], some[0][0], path)
            except _NotYaml:
                self._halves(some, path)

    def _inside(self, lines: list[str], above: int, path: tuple[str, ...]) -> None:
        """Read a piece that fails: the lines below its name, or only its first line."""
        name = _NAME_ALONE.fullmatch(lines[0])
        if name and len(lines) > 1 and len(path) < DEEPEST:
            inner = (*path, name[1].rstrip())
            self._tree.at(inner, above + 1)
            self.read(lines[1:], above + 1, inner)
            return
        here = (*path, *_named(lines[0]))
        try:
            self._take(lines[:1], above, path)
            if len(lines) > 1:
                self._tree.mistake(here, above + 2, "this is not YAML below the lines above it")
        except _NotYaml as error:
            self._tree.mistake(here, above + error.line, str(error))

    def _take(self, lines: list[str], above: int, path: tuple[str, ...]) -> None:
        text = "\n".join(lines)
        self._left -= len(text) + COST_OF_A_PIECE
        if self._left < 0:
            self._tree.mistake(
                path,
                above + 1,
                "too many lines above are not YAML: the rest of this part was left out",
            )
            return
        root = _compose(text, self._secret)
        if isinstance(root, MappingNode):
            self._tree.take(root, path, above)
        elif root is not None:
            self._tree.mistake(path, above + 1, "this is not NAME: VALUE, and was left out")


def _pieces(lines: list[str]) -> Iterator[tuple[int, int, bool]]:
    """Yield the first line of each piece, the line after its last, and whether its indent fits.

    A line that is indented by a tab belongs to the line above it.
    """
    beginnings: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if not text.strip() or text[0] == "#" or (beginnings and text[0] == "\t"):
            continue
        if not beginnings or indent <= beginnings[0][1]:
            beginnings.append((number, indent))
    if not beginnings:
        return
    usual = collections.Counter(indent for _, indent in beginnings).most_common(1)[0][0]
    ends = [number for number, _ in beginnings[1:]] + [len(lines)]
    for (start, indent), end in zip(beginnings, ends, strict=True):
        yield start, end, indent == usual


def _named(line: str) -> tuple[str, ...]:
    name = line.partition(":")[0].strip()
    return (name,) if name else ()


def _text(node: ScalarNode) -> str | None:
    is_null = node.tag == f"{_TAG}null" and node.value in ("", "~", "null")
    return None if is_null else str(node.value).replace("\n", "")  # as SmartHomeNG does


def _typed(node: ScalarNode) -> Any:
    """Return a word as YAML means it: a number, true, false, null, or text."""
    text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
    with contextlib.suppress(ValueError):
        if kind == "int":
            return int(text, 0 if text.lstrip("+-")[1:2].isalpha() else 10)
        if kind == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if kind == "bool":
        return text.lower() == "true"
    return None if kind == "null" else text


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == "<<"
