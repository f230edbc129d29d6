"""The page of all messages: errors, warnings and reasons, found where the code raises them."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ast_notebook import errors
from tools.site.markdown import escaped, table

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ast_notebook"
#: What stands for a part of a message that differs each time.
GAP = "…"
#: Errors beside those of `errors.py` whose texts people see.
_OTHERS = {
    "ArgumentTypeError": "UsageError",
    "AttributeError": "AttributeError",
    "BadTime": "bad record",
    "HandshakeFailed": "ConnectionLost",
    "ImportError": "ImportError",
    "LookupError": "LookupError",
    "NotImplementedError": "NotImplementedError",
    "OpenQuote": "bad record",
    "TooLate": "TooLate",
    "TypeError": "TypeError",
    "UsageError": "UsageError",
}
#: Methods of definitions that put the place in a file before a text, which is their last argument.
_PLACED = ("error", "mistake", "note")
_ABOUT = {
    "AttributeError": "There is no such item, PBX or name, or it cannot be set.",
    "ImportError": "What ast_notebook is built on is missing, or another package is in its place.",
    "LookupError": "There is no such item or function.",
    "NotImplementedError": "This is done in another way here.",
    "TypeError": "A secret cannot be pickled.",
    "UsageError": "A line or a cell of `%ast` is not written as it has to be.",
    "TooLate": "A click in the panel came too late to be done.",
    "bad record": (
        "A line or a row of a log cannot be read. It is in `past.bad`, with its place; the other "
        "records are read."
    ),
    "warning": "Something is worth knowing; nothing has failed.",
}
_FRONT = """# Every message

This page lists all messages of errors and warnings, by the kind of the error, in the order of the
alphabet. `…` stands for what differs each time: a name, a number, a reason of the system. Search
it for a few words of what you have read; the page of symptoms,
[troubleshooting](../troubleshooting.md), begins with what was seen.

"""


class Message(NamedTuple):
    """A message: the kind of the error, its text with gaps, and the module that raises it."""

    kind: str
    text: str
    module: str


def page() -> str:
    """Return the page."""
    by_kind: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in messages():
        by_kind[one.kind][one.text].add(one.module)
    parts = [_FRONT]
    for kind in sorted(by_kind, key=lambda one: (one.islower(), one)):
        about = _ABOUT.get(kind) or inspect.getdoc(getattr(errors, kind)) or ""
        parts.append(f"## {kind[0].upper()}{kind[1:]}\n\n{about.partition(chr(10) * 2)[0]}\n\n")
        rows = (
            (escaped(text), ", ".join(f"`{module}`" for module in sorted(modules)))
            for text, modules in sorted(by_kind[kind].items(), key=lambda row: row[0].lower())
        )
        parts.append(table(("message", "from"), rows) + "\n")
    return "".join(parts)


@cache
def messages() -> tuple[Message, ...]:
    """Return each message that the code of the package can raise or warn of."""
    found = [one for path in sorted(PACKAGE.rglob("*.py")) for one in _of_module(path)]
    return tuple(dict.fromkeys(found))


def matching(said: str) -> list[Message]:
    """Return the messages that a text may be, those with the most words of their own first."""
    said = " ".join(said.split())
    return sorted(
        (one for one in messages() if re.fullmatch(_pattern(one.text), said)),
        key=lambda one: -len(one.text.replace(GAP, "")),
    )


def _pattern(text: str) -> str:
    return ".*".join(map(re.escape, text.split(GAP)))


def _of_module(path: Path) -> Iterator[Message]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    reader = _Reader(tree, path)
    for function, call in reader.calls():
        kind = kind_of(call, path)
        if kind is None:
            continue
        of_place = ast.unparse(call.func).rpartition(".")[2] in _PLACED
        for text in reader.texts(call.args[-1 if of_place else 0], function):
            if of_place:
                text = f"{GAP}, line {GAP}: {text}"
            if re.search(r"[^\W\d_]{2}", text.replace(GAP, "").replace("line", "")):
                yield Message(kind, text, name)


def kind_of(call: ast.Call, path: Path) -> str | None:
    """Return the kind of the message that a call makes; None if it makes none."""
    whole = ast.unparse(call.func)
    place, _, called = whole.rpartition(".")
    is_log = path.is_relative_to(PACKAGE / "calls" / "history")
    if not call.args:
        return None
    if called in errors.__all__:
        return called
    if called in _OTHERS:
        return _OTHERS[called]
    if called == "ValueError" and is_log:
        return "bad record"
    if whole == "warn" or (called == "append" and place.endswith("notes")):
        return "warning"
    if called in _PLACED and call.args[1:] and place != "logger":
        return "warning" if called == "note" else "ConfError"
    return None


class _Reader:
    """Finds what texts an expression of a module can be, without running it."""

    def __init__(self, tree: ast.Module, path: Path) -> None:
        self._tree = tree
        self._path = path
        self._functions = {
            one.name: one
            for one in ast.walk(tree)
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def calls(self) -> Iterator[tuple[ast.AST, ast.Call]]:
        """Return each call, with the function in which it is."""
        waiting: list[tuple[ast.AST, ast.AST]] = [(self._tree, self._tree)]
        while waiting:
            function, node = waiting.pop()
            if isinstance(node, ast.Call):
                yield function, node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = node
            waiting += [(function, child) for child in ast.iter_child_nodes(node)]

    def texts(self, node: ast.AST, function: ast.AST, depth: int = 0) -> list[str]:
        """Return the texts that an expression can be; `GAP` is what the code does not tell."""
        if depth > 6:
            return [GAP]
        match node:
            case ast.Constant(value=str(text)):
                return [" ".join(text.split(" "))]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, function, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], function, depth)
            case ast.IfExp(body=body, orelse=other):
                return [
                    *self.texts(body, function, depth + 1),
                    *self.texts(other, function, depth + 1),
                ]
            case ast.BoolOp(values=values):
                return [one for value in values for one in self.texts(value, function, depth + 1)]
            case ast.FormattedValue(value=value):
                return self._inside(value, function, depth)
            case ast.Name(id=name):
                return self._assigned(name, function, depth)
            case ast.Call(func=called, args=args):
                return self._returned(called, args, depth, function)
        return [GAP]

    def _joined(self, parts: list[ast.expr], function: ast.AST, depth: int) -> list[str]:
        found = [""]
        for part in parts:
            texts = self.texts(part, function, depth + 1)
            if len(found) * len(texts) > 8:
                texts = [GAP]
            found = [before + text for before in found for text in texts]
        return [re.sub(f"{GAP}+", GAP, one) for one in found]

    def _inside(self, value: ast.expr, function: ast.AST, depth: int) -> list[str]:
        """Return the texts of a value in braces: a constant or a choice; else a gap."""
        if isinstance(value, ast.Call) and ast.unparse(value.func).endswith(".get"):
            tables = {one.id for one in ast.walk(value.func) if isinstance(one, ast.Name)}
            other = self.texts(value.args[-1], function, depth + 1)
            return [*other, *self._values(tables)][:4]
        if isinstance(value, ast.Name | ast.IfExp):
            texts = self.texts(value, function, depth + 1)
            return texts if len(texts) <= 4 else [GAP]
        return [GAP]

    def _assigned(self, name: str, function: ast.AST, depth: int) -> list[str]:
        for scope in (function, self._tree):
            found = [
                text
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign)
                and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
                for text in self.texts(node.value, function, depth + 1)
            ]
            if found:
                return list(dict.fromkeys(found))
        return self._imported(name) or [GAP]

    def _imported(self, name: str) -> list[str]:
        """Return the text of a constant that another module of the package has."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom) and name in [one.name for one in node.names]:
                path = ROOT / Path(*str(node.module).split(".")).with_suffix(".py")
                if name.isupper() and path.exists():
                    other = _Reader(ast.parse(path.read_text(encoding="utf-8")), path)
                    return other._assigned(name, other._tree, 1)
        return []

    def _returned(
        self, called: ast.expr, args: list[ast.expr], depth: int, function: ast.AST
    ) -> list[str]:
        """Return what a function of this module returns, or what is given to another one."""
        name = ast.unparse(called).rpartition(".")[2]
        if name in self._functions:
            made = self._functions[name]
            found = [
                text
                for node in ast.walk(made)
                if isinstance(node, ast.Return) and node.value is not None
                for text in self.texts(node.value, made, depth + 1)
            ]
            return list(dict.fromkeys(found)) or [GAP]
        if name == "next" and args:  # one of the texts of a table
            tables = {one.id for one in ast.walk(args[0]) if isinstance(one, ast.Name)}
            return self._values(tables) or [GAP]
        if name in ("clean", "plain", "shortened") and args:
            return self.texts(args[0], function, depth + 1)
        return [GAP]

    def _values(self, names: set[str]) -> list[str]:
        """Return the texts of the dicts of this module that have one of these names."""
        return [
            value.value
            for node in self._tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
            if any(isinstance(one, ast.Name) and one.id in names for one in node.targets)
            for value in node.value.values
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        ]
