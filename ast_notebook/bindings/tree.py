"""The tree of the items of `sh`: finds, defines, binds and removes them."""

from __future__ import annotations

import fnmatch
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ast_notebook.bindings.attributes import FITTING, VALUES
from ast_notebook.bindings.definition import Definition, attributes, define, is_section
from ast_notebook.bindings.item import Item, ItemBinder, children_of, items_table, state_of, walk
from ast_notebook.bindings.values import FOREIGN, IDLE
from ast_notebook.callbacks.worker import BindingRow, stop_all
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.conf import DEEPEST, Definitions, split_instance
from ast_notebook.errors import ConfError

# The name of an item must not hide a method of items, an attribute of `sh`, or one of ours.
RESERVED = frozenset(
    {"ast", "type", "value", "enforce_updates", VALUES, *FITTING}
    | {name for name in dir(Item) if name[0] != "_"}
)

_NAMED = 5  # items that a note names


class Items:
    """The tree of the items of `sh`.

    Parameters
    ----------
    reserved : iterable of str
        Names that no outermost item may have, besides those that no item may have.
    clock : SystemClock
        The clock that tells when an item changes.
    """

    def __init__(self, reserved: Iterable[str] = (), clock: SystemClock = MACHINE) -> None:
        self.clock = clock
        self._reserved = set(reserved)
        self._top: dict[str, Item] = {}
        self._binders: list[ItemBinder] = []
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Item]:
        """Iterate over the outermost items."""
        return iter(list(self._top.values()))

    def __len__(self) -> int:
        return len(self.return_items())

    def __repr__(self) -> str:
        return f"<Items: {len(self)}>"

    def _repr_html_(self) -> str:
        return items_table(item for item in walk(self._top) if item.type() is not None)

    # --- looking up ----------------------------------------------------------------------------

    def reserve(self, name: str) -> None:
        """Reserve a name, so that no outermost item may have it from now on.

        Raises
        ------
        ConfError
            If there is an outermost item of that name already.
        """
        with self._lock:
            if name in self._top:
                raise ConfError(f"{name} is an item: take another name")
            self._reserved.add(name)

    def child(self, name: str) -> Item | None:
        """Return the outermost item of that name; None if there is none."""
        return self._top.get(name)

    def names(self) -> list[str]:
        """Return the names of the outermost items."""
        return list(self._top)

    def return_item(self, path: str) -> Item | None:
        """Return the item of that path, as in ``office.fon``; None if there is none."""
        first, *rest = path.split(".")
        item = self._top.get(first)
        for name in rest:
            if item is None:
                return None
            item = children_of(item).get(name)
        return item

    def return_items(self) -> list[Item]:
        """Return all items, each before those below it."""
        return list(walk(self._top))

    def match_items(self, pattern: str) -> list[Item]:
        """Return the items that a pattern matches.

        Parameters
        ----------
        pattern : str
            A path in which ``*`` stands for any text, dots included, and ``?`` for one letter.
            ``PATTERN:ATTRIBUTE`` also requires an attribute, and ``PATTERN:ATTRIBUTE[VALUE]`` also
            its value, as in ``*.fon:ast_dev[2222]``.
        """
        path, _, condition = pattern.partition(":")
        attribute, _, wanted = condition.removesuffix("]").partition("[")
        expression = re.compile(fnmatch.translate(path.replace("[", "[[]")))
        return [
            item
            for item in walk(self._top)
            if expression.match(item.id())
            and (not attribute or any(_holds(one, wanted) for one in _given(item, attribute)))
        ]

    def find_items(self, attribute: str) -> list[Item]:
        """Return the items that have an attribute; ``ast_dev`` finds ``ast_dev@berlin`` too."""
        return [item for item in walk(self._top) if _given(item, attribute)]

    # --- changing the tree ---------------------------------------------------------------------

    def load(self, definitions: Definitions | Mapping[str, Any]) -> list[Item]:
        """Define items.

        Definitions of a file that cannot be used are left out with a warning, and all others are
        defined. Definitions of a cell or of dicts are all defined or, if any of them is wrong,
        none.

        An existing item stays the same object. It keeps its callbacks, and also its value if the
        type is the same. Attributes from several files add up; if two files have the same
        attribute, the file that was loaded last counts. A file that is loaded again replaces its
        own former attributes. A cell or dicts replace all attributes of an item. Items that are not
        mentioned stay unchanged, and so does an item that is mentioned only because of items below
        it.

        Parameters
        ----------
        definitions : Definitions or mapping
            The result of `read_items`, or nested dicts: ``{"office": {"fon": {"type": "bool"}}}``.

        Returns
        -------
        list of Item
            The items that were defined, in order.

        Raises
        ------
        ConfError
            If a cell or dicts have a forbidden name or attributes that do not fit, or if no
            definition of a file can be used. The error says where, and what to write.
        """
        if not isinstance(definitions, Definitions):
            if not isinstance(definitions, Mapping):
                raise ConfError(f"{definitions!r} defines no items: give a file, or nested dicts")
            definitions = Definitions(definitions)
        with self._lock:
            plan = [
                planned
                for name, section in definitions.sections()
                for planned in self._plan(definitions, (name,), section)
            ]
            _note_foreign(definitions, plan)
            loaded = [self._define(planned) for planned in plan]
        definitions.findings.tell(loaded=bool(loaded))
        return loaded

    def remove(self, path: str) -> None:
        """Remove an item and all below it, their callbacks included.

        Raises
        ------
        LookupError
            If there is no such item.
        """
        with self._lock:
            item = self.return_item(path)
            if item is None:
                raise LookupError(f"there is no item {path}")
            parent = item.return_parent()
            siblings = self._top if parent is None else children_of(parent)
            del siblings[path.rpartition(".")[2]]
            for gone in (item, *walk(children_of(item))):
                for binder in self._binders:
                    binder.unbind_item(gone)
                for callback in state_of(gone).callbacks:
                    callback.close()

    def close(self, timeout: float = 1.0) -> None:
        """End the callbacks of all items; running ones have `timeout` seconds in all."""
        callbacks = [one for item in self.return_items() for one in state_of(item).callbacks]
        for one in callbacks:
            one.close()
        stop_all((one.worker for one in callbacks), timeout)

    def status(self) -> list[BindingRow]:
        """Return a row for each callback bound to an item."""
        return [
            worker.row("item") for item in self.return_items() for worker in state_of(item).workers
        ]

    # --- PBXs ----------------------------------------------------------------------------------

    def attach(self, binder: ItemBinder) -> None:
        """Attach a binder, which binds all present and later items to its PBX."""
        with self._lock:
            self._binders.append(binder)
            for item in walk(self._top):
                binder.bind_item(item)

    def detach(self, binder: ItemBinder) -> None:
        """Detach a binder; one that is not attached is no error."""
        with self._lock:
            if binder in self._binders:
                self._binders.remove(binder)
                for item in walk(self._top):
                    binder.unbind_item(item)

    # --- how a definition is read --------------------------------------------------------------

    def _plan(
        self, definitions: Definitions, path: tuple[str, ...], section: Mapping[str, Any]
    ) -> Iterator[_Planned]:
        what = self._what_is_wrong(path)
        if what:
            definitions.mistake(path, what)
            return
        for key in section:
            if not isinstance(key, str) and not isinstance(section[key], Mapping):
                definitions.mistake(path, f"no attribute can be called {key!r}, which is no text")
        where = tuple(map(_normal, path))
        layers, definition = {}, None
        own = attributes(section)
        if own:
            layers = self._layers(where, definitions.file, own)
            conf = {key: value for layer in layers.values() for key, value in layer.items()}
            definition = define(
                ".".join(where),
                conf,
                lambda attribute, what: definitions.mistake((*path, attribute), what),
                lambda attribute, what: definitions.note((*path, attribute), what),
            )
        yield _Planned(where, definition, layers, frozenset(split_instance(key)[0] for key in own))
        for key, value in section.items():
            if is_section(section, key):
                yield from self._plan(definitions, (*path, key), value)

    def _layers(
        self, where: tuple[str, ...], file: Path | None, own: Mapping[str, Any]
    ) -> dict[Path | None, Mapping[str, Any]]:
        """Return an item's attributes by the files that they come from, the latest last."""
        item = self.return_item(".".join(where))
        layers = {} if file is None or item is None else dict(state_of(item).layers)
        layers.pop(file, None)
        return {**layers, file: own}

    def _what_is_wrong(self, path: tuple[str, ...]) -> str:
        """Say why an item cannot have that name; SmartHome.py takes letters, digits and _."""
        if not isinstance(path[-1], str):
            return f"an item cannot be called {path[-1]!r}, which is no text"
        name = _normal(path[-1])
        if len(path) > DEEPEST:
            return f"items can be {DEEPEST} deep, and no deeper"
        if re.fullmatch(r"\w+", name) is None:
            why = "holds more than letters, digits and _"
        elif name in RESERVED:
            why = "has a meaning of its own for each item"
        elif len(path) == 1 and name in self._reserved:
            why = f"would hide sh.{name}, which is there already"
        else:
            return ""
        better = re.sub(r"\W", "_", name).strip("_") or "item"
        better = better if better != name else f"{name}_"
        return f"an item cannot be called {name}, which {why}: write {better}, for example"

    def _define(self, planned: _Planned) -> Item:
        siblings, item = self._top, None
        for name in planned.where:
            parent, item = item, siblings.get(name)
            if item is None:
                item = siblings[name] = Item(parent, name, self.clock)
            siblings = children_of(item)
        assert item is not None
        definition = planned.definition
        if definition is not None:
            for binder in self._binders:
                binder.unbind_item(item, definition)
            state_of(item).define(definition, planned.layers)
            for binder in self._binders:
                binder.bind_item(item)
        return item


class _Planned(NamedTuple):
    """An item that is to be defined; without a definition it only groups other items."""

    where: tuple[str, ...]
    definition: Definition | None
    layers: dict[Path | None, Mapping[str, Any]]
    written: frozenset[str]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name)  # as Python does with names in its source


def _note_foreign(definitions: Definitions, plan: Iterable[_Planned]) -> None:
    """Note, once for each, the types and attributes of SmartHome.py that do nothing here."""
    for type_name in FOREIGN:
        paths = [
            one.where for one in plan if one.definition and one.definition.type_name == type_name
        ]
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            definitions.note(
                (*paths[0], "type"),
                f"type = {type_name} has no effect here: {'.'.join(paths[0])}{more} only holds "
                "what it is set to",
            )
    for attribute, instead in IDLE.items():
        paths = [one.where for one in plan if attribute in one.written]
        if paths:
            names = ", ".join(".".join(path) for path in paths[:_NAMED])
            more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
            definitions.note(
                (*paths[0], attribute),
                f"{attribute} has no effect here: {instead}. It is set at {names}{more}",
            )


def _given(item: Item, attribute: str) -> list[Any]:
    """Return the values of an attribute, with and without the name of a PBX."""
    return [
        value
        for key, value in item.conf.items()
        if key == attribute or split_instance(key)[0] == attribute
    ]


def _holds(value: Any, wanted: str) -> bool:
    if not wanted:
        return True
    if isinstance(value, list | tuple | Mapping):
        return wanted in map(str, value)
    return str(value) == wanted
