"""Templates of items, as SmartHomeNG has them: ``struct: name`` on an item."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ast_notebook.conf.definitions import DEEPEST, Definitions
from ast_notebook.conf.source import read
from ast_notebook.conf.words import FIRST_VALUES, names_of
from ast_notebook.errors import ConfError

MOST = 100_000  # attributes, sections and parts of lists that all templates of a file may add
_INSTANCE = "@instance"


def expand(definitions: Definitions, folder: Path) -> Definitions:
    """Return definitions whose items have the attributes of their templates.

    An item's own attributes win over those of its templates, and a later template wins over an
    earlier one; lists are joined. Templates are looked for in ``struct.yaml`` and
    ``struct_NAME.yaml``, in the file's own `folder`, in a folder ``etc`` within `folder`, and in a
    folder ``etc`` beside `folder`. They are also looked for in folders ``structs`` within and
    beside `folder`. A template that is in none of these, such as one of a plugin, is reported once.
    """
    if not _is_used(definitions.tree):
        return definitions
    structs = _Structs(definitions, folder)
    tree = {
        name: structs.expanded(section, (name,)) if isinstance(section, Mapping) else section
        for name, section in definitions.tree.items()
    }
    structs.tell()
    return dataclasses.replace(definitions, tree=tree)


class _TooManyTemplates(Exception):
    """The templates expand to more than anybody would write."""


class _Structs:
    """The templates near a file."""

    def __init__(self, definitions: Definitions, folder: Path) -> None:
        self._definitions = definitions
        self._known: dict[str, Mapping[str, Any]] = {}
        self._missing: dict[str, list[tuple[str, ...]]] = {}
        self._left = MOST
        self._endless: set[str] = set()
        for path, prefix in _files(folder):
            try:
                tree = read(path, path.name, definitions.findings).tree
            except ConfError as error:
                definitions.findings.mistake((), error)
                continue
            for name, section in tree.items():
                if isinstance(section, Mapping):
                    self._known.setdefault(f"{prefix}{name}", _named_in_full(section, prefix))

    def expanded(self, section: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """Return a section, and all sections in it, with the attributes of their templates."""
        whole = dict(section)
        if len(path) > DEEPEST:
            error = _TooManyTemplates(f"templates can be {DEEPEST} deep, and no deeper")
            with contextlib.suppress(ValueError):
                for name in names_of(section.get("struct")):
                    self._give_up(name.partition("@")[0], path, error)
        else:
            whole = self._with_templates(section, path, ())
        return {
            key: self.expanded(value, (*path, key)) if _is_section(key, value) else value
            for key, value in whole.items()
        }

    def _give_up(self, name: str, path: tuple[str, ...], error: _TooManyTemplates) -> None:
        """Stop using a template, and report it once, although it may fail at many places."""
        if name not in self._endless:
            self._endless.add(name)
            self._definitions.mistake((*path, "struct"), f"struct {name} was left out: {error}")

    def tell(self) -> None:
        """Report each missing template once."""
        for name, paths in self._missing.items():
            items = [".".join(path) for path in paths]
            more = f" and {len(items) - 1} more lack" if len(items) > 1 else " lacks"
            self._definitions.note(
                (*paths[0], "struct"),
                f"there is no struct {name} in a struct.yaml near this file: {items[0]}{more} "
                "what it gives",
            )

    def _with_templates(
        self, section: Mapping[str, Any], path: tuple[str, ...], within: tuple[str, ...]
    ) -> dict[str, Any]:
        try:
            names = names_of(section.get("struct"))
        except ValueError as error:
            self._definitions.mistake((*path, "struct"), f"struct: {error}")
            names = ()
        template: dict[str, Any] = {}
        for written in names:
            name, _, instance = written.partition("@")
            struct = self._find(name)
            if struct is None:
                self._missing.setdefault(name, []).append(path)
                continue
            if name in self._endless:
                continue
            try:
                if name in within:
                    raise _TooManyTemplates(f"the struct {name} is made of itself")
                copied = self._copy(struct, instance or section.get("instance"))
                whole = self._with_templates(copied, path, (*within, name))
            except _TooManyTemplates as error:
                if within:
                    raise
                self._give_up(name, path, error)
                continue
            whole.pop("struct", None)
            _merge(template, whole, join=True)
        return _merge(template, section)

    def _find(self, name: str) -> Mapping[str, Any] | None:
        """Return a template, or the part of one that ``NAME.PART`` means."""
        outer, inner = name, list[str]()
        while outer not in self._known:
            outer, _, part = outer.rpartition(".")
            inner.append(part)
            if not outer or len(inner) > DEEPEST:
                return None
        found: object = self._known[outer]
        for part in reversed(inner):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def _copy(self, struct: Mapping[str, Any], instance: object) -> dict[str, Any]:
        """Copy a template, where ``x@instance`` becomes x of the item's instance."""
        self._count(len(struct) + 1)
        copied = {}
        for key, value in struct.items():
            if key.endswith(_INSTANCE):
                key = key.removesuffix(_INSTANCE) + (f"@{instance}" if instance else "")
            if _is_section(key, value):
                copied[key] = self._copy(value, instance)
            else:
                self._count(_size(value))
                copied[key] = copy.deepcopy(value)
        return copied

    def _count(self, number: int) -> None:
        self._left -= min(self._left, number)
        if not self._left:
            raise _TooManyTemplates(f"templates give more than {MOST} attributes: write it out")


def _size(value: object) -> int:
    """Return how many parts a value has that is a list or a mapping."""
    if not isinstance(value, list | Mapping):
        return 0
    parts = value.values() if isinstance(value, Mapping) else value
    return len(value) + sum(map(_size, parts))


def _named_in_full(section: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Complete ``struct: .NAME``, which means a template of the same file."""
    full = {
        key: _named_in_full(value, prefix) if _is_section(key, value) else value
        for key, value in section.items()
    }
    with contextlib.suppress(ValueError):
        names = names_of(section.get("struct"))
        if names:
            full["struct"] = [
                f"{prefix}{name[1:]}" if name.startswith(".") else name for name in names
            ]
    return full


def _is_section(key: str, value: object) -> bool:
    return isinstance(value, Mapping) and key not in FIRST_VALUES


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that hold templates, and the prefix of the names in each."""
    for place in (folder, folder / "etc", folder.parent / "etc"):
        yield from ((path, "") for path in [place / "struct.yaml"] if path.is_file())
        for path in sorted(place.glob("struct_*.yaml")):
            yield path, f"my.{path.stem.removeprefix('struct_')}."
    for place in (folder / "structs", folder.parent / "structs"):
        for path in sorted(place.glob("*.yaml")):
            yield path, "" if path.stem == "global_structs" else f"my.{path.stem}."


def _is_used(tree: Mapping[str, Any]) -> bool:
    return any(
        (key == "struct" and value is not None) or (isinstance(value, Mapping) and _is_used(value))
        for key, value in tree.items()
    )


def _merge(base: dict[str, Any], more: Mapping[str, Any], *, join: bool = False) -> dict[str, Any]:
    """Add the content of a section to another; if both have a value, the added one counts."""
    for key, value in more.items():
        there = base.get(key)
        if isinstance(there, dict) and isinstance(value, Mapping):
            _merge(there, value, join=join)
        elif join and isinstance(there, list) and isinstance(value, list):
            there.extend(value)  # it is a copy: a template's own list stays as it is
        elif value is not None or key not in base:
            base[key] = dict(value) if isinstance(value, Mapping) else value
    return base
