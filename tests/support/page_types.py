"""Writes the types of the messages down for the page's code, as TypeScript has them.

``python -m tests.support.page_types`` writes ``ast_notebook/panel/js/messages.d.ts`` anew.
"""

from __future__ import annotations

import inspect
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired, Union

from ast_notebook.panel import messages

FILE = Path(messages.__file__).parent / "js" / "messages.d.ts"
HEAD = """/**
 * The messages between the kernel and the page, and the rows in them.
 * Made of panel/messages.py by `python -m tests.support.page_types`: change them there.
 */
"""
PLAIN = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
UNIONS = ("Scalar", "Fields", "FromKernel", "FromPage")


def written() -> str:
    """Return the file as it should be."""
    shapes = [
        one
        for one in vars(messages).values()
        if typing.is_typeddict(one) and one.__module__ == messages.__name__
    ]
    texts = [HEAD]
    texts += [f"export type {name} = {_type(getattr(messages, name))};" for name in UNIONS]
    texts += ["", *(_interface(shape) for shape in shapes)]
    return "\n".join(texts)


def fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field of a TypedDict, and whether it has to be there."""
    found = {}
    for name, hint in typing.get_type_hints(shape, include_extras=True).items():
        optional = typing.get_origin(hint) is NotRequired
        found[name] = (typing.get_args(hint)[0] if optional else hint, not optional)
    return found


def _interface(shape: Any) -> str:
    lines = [
        f"  {name}{'' if needed else '?'}: {_type(hint)};"
        for name, (hint, needed) in fields(shape).items()
    ]
    head = f"/** {inspect.getdoc(shape)} */\nexport interface {shape.__name__} {{"
    return "\n".join((head, *lines, "}\n"))


def _type(hint: Any) -> str:
    if hint in PLAIN:
        return PLAIN[hint]
    if typing.is_typeddict(hint):
        return str(hint.__name__)
    kind, inner = typing.get_origin(hint), typing.get_args(hint)
    if kind in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(_type, inner)))
    if kind is Literal:
        return " | ".join(f'"{one}"' for one in inner)
    if kind is list:
        return f"{_type(inner[0])}[]"
    if kind is dict:
        return f"Record<string, {_type(inner[1])}>"
    if kind is tuple:
        return f"[{', '.join(map(_type, inner))}]"
    raise TypeError(f"{hint!r} has no shape that the page knows")


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
