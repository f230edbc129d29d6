"""The tree of items that `sh` gives access to: looked up, defined, tied to PBXs, removed."""

from __future__ import annotations

import fnmatch
import keyword
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ast_notebook.bindings.conf import Definitions, split_instance
from ast_notebook.bindings.item import (
    Binder,
    Callback,
    Definition,
    Item,
    define,
    is_section,
    items_table,
    walk,
)
from ast_notebook.bindings.worker import Row, stop_all
from ast_notebook.errors import AstError, ConfError

# What an item is called must not hide what an item does, nor what `sh` is.
RESERVED = frozenset({"ast", "type", "value"} | {name for name in dir(Item) if name[0] != "_"})


class Items:
    """The tree of items that `sh` gives access to.

    Parameters
    ----------
    reserved : iterable of str
        Names that no outermost item may have, beside those that no item may have.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = set(reserved)
        self._top: dict[str, Item] = {}
        self._binders: list[Binder] = []
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
        """Let no outermost item have that name from here on.

        Raises
        ------
        ConfError
            If there is one.
        """
        with self._lock:
            if name in self._top:
                raise ConfError(f"{name} is an item: take another name")
            self._reserved.add(name)

    def child(self, name: str) -> Item | None:
        """Return an outermost item; None if there is none of that name."""
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
            item = item._children.get(name)
        return item

    def return_items(self) -> list[Item]:
        """Return all items, each before those below it."""
        return list(walk(self._top))

    def match_items(self, pattern: str) -> list[Item]:
        """Return the items that a pattern matches.

        Parameters
        ----------
        pattern : str
            A path in which ``*`` stands for anything, dots included, and ``?`` for one letter.
            ``PATTERN:ATTRIBUTE`` asks for an attribute as well, ``PATTERN:ATTRIBUTE[VALUE]`` for
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
        """Define items, all of them or, if one cannot be, none.

        An item that was there is the same object afterwards: it has its new attributes and keeps
        its callbacks, and its value too if the type is the same. Items not mentioned stay, as does
        an item that is mentioned only for those below it.

        Parameters
        ----------
        definitions : Definitions or mapping
            What `read_items` read, or nested dicts: ``{"office": {"fon": {"type": "bool"}}}``.

        Returns
        -------
        list of Item
            The items that were defined, in order.

        Raises
        ------
        ConfError
            If a name is not to be had, or attributes do not fit: where, and what to write.
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
            return [self._define(path, definition) for path, definition in plan]

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
            siblings = self._top if parent is None else parent._children
            del siblings[path.rpartition(".")[2]]
            for gone in (item, *walk(item._children)):
                for binder in self._binders:
                    binder.unbind_item(gone)
                for callback in _callbacks(gone):
                    callback.worker.stop(0)

    def close(self, timeout: float = 1.0) -> None:
        """End the callbacks of all items; those under way have `timeout` seconds in all."""
        stop_all((one.worker for item in self.return_items() for one in _callbacks(item)), timeout)

    def status(self) -> list[Row]:
        """Return a row for each callback bound to an item."""
        return [
            callback.worker.row("item")
            for item in self.return_items()
            for callback in _callbacks(item)
        ]

    # --- PBXs ----------------------------------------------------------------------------------

    def attach(self, binder: Binder) -> None:
        """Have all items, and those defined from here on, tied to a PBX."""
        with self._lock:
            self._binders.append(binder)
            for item in walk(self._top):
                binder.bind_item(item)

    def detach(self, binder: Binder) -> None:
        """Undo that; a binder that is not attached is no error."""
        with self._lock:
            if binder in self._binders:
                self._binders.remove(binder)
                for item in walk(self._top):
                    binder.unbind_item(item)

    # --- how a definition is read --------------------------------------------------------------

    def _plan(
        self, definitions: Definitions, path: tuple[str, ...], section: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, ...], Definition | None]]:
        name = unicodedata.normalize("NFKC", path[-1])  # as Python does with what is written in it
        where = (*path[:-1], name)
        self._check_name(definitions, path, name)
        try:
            definition = define(".".join(where), section)
        except AstError as error:
            raise definitions.error(path, str(error)) from None
        yield where, definition
        for key, value in section.items():
            if is_section(key, value):
                below = {} if value is None else value
                for rest, found in self._plan(definitions, (*path, key), below):
                    yield (*where, *rest[len(where) :]), found

    def _check_name(self, definitions: Definitions, path: tuple[str, ...], name: str) -> None:
        what = ""
        if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name):
            what = "is no name that Python can say"
        elif name in RESERVED or (len(path) == 1 and name in self._reserved):
            what = "is the name of something else here"
        if what:
            better = re.sub(r"\W", "_", name).strip("_") or "item"
            better = f"i{better}" if better[0].isdigit() else f"{better}_"
            raise definitions.error(
                path, f"an item cannot be called {name}, which {what}: write {better}, for example"
            )

    def _define(self, path: tuple[str, ...], definition: Definition | None) -> Item:
        siblings, item = self._top, None
        for name in path:
            parent, item = item, siblings.get(name)
            if item is None:
                item = siblings[name] = Item(parent, name)
            siblings = item._children
        assert item is not None
        if definition is not None:
            for binder in self._binders:
                binder.unbind_item(item)
            with item._lock:
                if item._definition.type_name != definition.type_name:
                    item._value, item._previous = definition.initial, None
                item._definition = definition
            for binder in self._binders:
                binder.bind_item(item)
        return item


def _callbacks(item: Item) -> list[Callback]:
    return list(item._callbacks.values())


def _given(item: Item, attribute: str) -> list[Any]:
    """Return the values of an attribute, whatever PBX it names."""
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
