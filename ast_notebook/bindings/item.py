"""Items: named values in a tree, read and set by calling them, as in SmartHome.py."""

from __future__ import annotations

import copy
import dataclasses
import fnmatch
import html
import keyword
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ast_notebook.bindings.attributes import FITTING, Tie, ties
from ast_notebook.bindings.conf import Definitions, split_instance, truth
from ast_notebook.bindings.values import DEFAULTS, cast, same, shown
from ast_notebook.bindings.worker import Row, Worker, stop_all
from ast_notebook.errors import AstError, ConfError

Function = TypeVar("Function", bound=Callable[..., object])
Finish = Callable[[], None]

ATTRIBUTES = ("type", "value", "name", "enforce_updates", *FITTING)


@dataclasses.dataclass(frozen=True)
class Change:
    """An item's new value, and who made it.

    `waits` says whether the one who made it can be kept waiting: the dispatcher's thread cannot.
    """

    item: Item
    value: Any
    caller: str
    source: Any
    dest: Any
    waits: bool


class Listener(Protocol):
    """What an item tells of each change.

    It is called under the item's lock, so that changes come in order, and must not wait. What is
    still to be done once the lock is free, it gives back as a function.
    """

    def __call__(self, change: Change) -> Finish | None:
        """Take note of a change."""


class Binder(Protocol):
    """What ties items to one PBX."""

    def bind_item(self, item: Item) -> None:
        """Tie an item by its attributes."""

    def unbind_item(self, item: Item) -> None:
        """Undo that."""


@dataclasses.dataclass(frozen=True)
class _Definition:
    """What an item is by its attributes; replaced as a whole."""

    type_name: str | None = None
    conf: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    initial: Any = None
    enforce: bool = False
    ties: tuple[Tie, ...] = ()


class Item:
    """A value with a name, a type, a history, and items below it as attributes.

    ``item()`` reads it; ``item(value)`` sets it, cast to the item's type. Any thread may do both.
    An item without a type only holds other items together.
    """

    def __init__(self, parent: Item | None, name: str) -> None:
        self._parent = parent
        self._path: str = name if parent is None else f"{parent._path}.{name}"
        self._children: dict[str, Item] = {}
        # Reentrant, as copying and comparing a user's own values is the user's code.
        self._lock = threading.RLock()
        self._definition = _Definition()
        self._value: Any = None
        self._previous: Any = None
        self._changed = self._changed_before = datetime.now().astimezone()
        self._changed_by = "Init:None"
        self._listeners: list[Listener] = []
        self._callbacks: dict[object, _Callback] = {}
        self._stale_when: list[Callable[[], bool]] = []

    # --- the value -----------------------------------------------------------------------------

    def __call__(
        self, value: Any = None, caller: str = "Logic", source: Any = None, dest: Any = None
    ) -> Any:
        """Return the value, or set it if one is given.

        Lists and dicts are given as copies: to change one, set it.

        Parameters
        ----------
        value : object, optional
            What to set; None reads.
        caller, source, dest : optional
            Who sets it, from where and for whom, as `changed_by` and the callbacks tell it.

        Raises
        ------
        BadValue
            If the item's type does not take the value. It keeps the one it has.
        AstError
            If the item has ``ast_db`` and Asterisk refused to write. The item holds the new value.
        """
        if value is not None:
            self._update(value, caller, source, dest)
            return None
        held = self._value
        return copy.deepcopy(held) if isinstance(held, list | dict) else held

    def _update(
        self, value: Any, caller: str, source: Any = None, dest: Any = None, *, waits: bool = True
    ) -> None:
        unfinished = []
        with self._lock:
            definition = self._definition
            value = cast(self._path, definition.type_name, value)
            if not definition.enforce and same(value, self._value):
                return
            self._previous, self._value = self._value, value
            self._changed_before, self._changed = self._changed, datetime.now().astimezone()
            self._changed_by = f"{caller}:{source}"
            change = Change(self, value, caller, source, dest, waits)
            for listener in self._listeners:
                finish = listener(change)
                if finish is not None:
                    unfinished.append(finish)
        errors = [error for finish in unfinished if (error := _error_of(finish)) is not None]
        if errors:
            raise errors[0].with_traceback(None)

    def prev_value(self) -> Any:
        """Return the value before the last change; None if there was none."""
        return self._previous

    def last_change(self) -> datetime:
        """Return when the value last changed, with its time zone; at first, when it was made."""
        return self._changed

    def prev_change(self) -> datetime:
        """Return when the value changed before that."""
        return self._changed_before

    def age(self) -> float:
        """Return how long the item has had its value, in seconds."""
        return (datetime.now().astimezone() - self._changed).total_seconds()

    def prev_age(self) -> float:
        """Return how long the item had its previous value, in seconds."""
        with self._lock:
            return (self._changed - self._changed_before).total_seconds()

    def changed_by(self) -> str:
        """Return who changed it and from where, as in ``Asterisk:2222`` or ``Logic:None``."""
        return self._changed_by

    @property
    def stale(self) -> bool:
        """Whether the value may be out of date, as the connection to its PBX is lost."""
        return any(lost() for lost in tuple(self._stale_when))

    # --- the definition ------------------------------------------------------------------------

    def id(self) -> str:
        """Return the path, as in ``office.fon``."""
        return self._path

    def type(self) -> str | None:
        """Return ``bool``, ``num``, ``str``, ``list``, ``dict`` or ``foo``; None holds no value."""
        return self._definition.type_name

    @property
    def conf(self) -> Mapping[str, Any]:
        """The attributes it was defined with, those unknown here included."""
        return self._definition.conf

    def return_parent(self) -> Item | None:
        """Return the item above; None for an outermost one."""
        return self._parent

    def return_children(self) -> list[Item]:
        """Return the items right below."""
        return list(self._children.values())

    # --- callbacks -----------------------------------------------------------------------------

    def on_change(self, function: Function) -> Function:
        """Call ``function(item)`` at each change; a decorator.

        It runs on a thread of its own, in order, and prints under the cell that bound it. A
        function of the same name, bound again, replaces the former.
        """
        self._bind(function, lambda change: (change.item,))
        return function

    def add_method_trigger(self, function: Function) -> Function:
        """Call ``function(item, caller, source, dest)`` at each change, as `on_change` does."""
        self._bind(
            function, lambda change: (change.item, change.caller, change.source, change.dest)
        )
        return function

    def remove_method_trigger(self, function: Callable[..., object]) -> None:
        """Take back a function of `on_change` or `add_method_trigger`.

        Raises
        ------
        LookupError
            If it is not bound to this item.
        """
        with self._lock:
            former = self._callbacks.pop(_key(function), None)
            if former is not None:
                self._listeners.remove(former)
        if former is None:
            raise LookupError(f"{_name(function)} is not bound to {self._path}")
        former.worker.stop(0)

    def _bind(
        self, function: Callable[..., object], arguments: Callable[[Change], tuple[Any, ...]]
    ) -> None:
        callback = _Callback(Worker(f"{self._path}:{_name(function)}", function), arguments)
        with self._lock:
            former = self._callbacks.get(_key(function))
            if former is not None:
                self._listeners.remove(former)
            self._callbacks[_key(function)] = callback
            self._listeners.append(callback)
        if former is not None:
            former.worker.stop(0)

    # --- how it looks --------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Item:
        if not name.startswith("_"):
            child = self._children.get(name)
            if child is not None:
                return child
        raise AttributeError(f"{self._path} has no item {name}", name=name, obj=self)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"to set an item, call it: {self._path}.{name}({value!r})")
        object.__setattr__(self, name, value)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._children]

    def __iter__(self) -> Iterator[Item]:
        return iter(self.return_children())

    def __bool__(self) -> bool:
        """Whether its value is true, as in SmartHome.py; an item without a type is."""
        return self.type() is None or bool(self._value)

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        if self.type() is None:
            return f"<Item {self._path} of {len(self._children)}>"
        stale = " (stale)" if self.stale else ""
        return f"<Item {self._path} {self.type()} {shown(self._value)}{stale}>"

    def _repr_html_(self) -> str:
        rows = [] if self.type() is None else [self]
        rows += _walk(self._children) if not rows else []
        return _table(rows)


class _Callback:
    """Tells a user's function of an item's changes."""

    def __init__(self, worker: Worker, arguments: Callable[[Change], tuple[Any, ...]]) -> None:
        self.worker = worker
        self._arguments = arguments

    def __call__(self, change: Change) -> None:
        self.worker.put(*self._arguments(change))


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
        return _table(item for item in _walk(self._top) if item.type() is not None)

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
        return list(_walk(self._top))

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
            for item in _walk(self._top)
            if expression.match(item.id())
            and (not attribute or any(_holds(one, wanted) for one in _given(item, attribute)))
        ]

    def find_items(self, attribute: str) -> list[Item]:
        """Return the items that have an attribute; ``ast_dev`` finds ``ast_dev@berlin`` too."""
        return [item for item in _walk(self._top) if _given(item, attribute)]

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
            for gone in (item, *_walk(item._children)):
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
            for item in _walk(self._top):
                binder.bind_item(item)

    def detach(self, binder: Binder) -> None:
        """Undo that; a binder that is not attached is no error."""
        with self._lock:
            if binder in self._binders:
                self._binders.remove(binder)
                for item in _walk(self._top):
                    binder.unbind_item(item)

    # --- how a definition is read --------------------------------------------------------------

    def _plan(
        self, definitions: Definitions, path: tuple[str, ...], section: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, ...], _Definition | None]]:
        name = unicodedata.normalize("NFKC", path[-1])  # as Python does with what is written in it
        where = (*path[:-1], name)
        self._check_name(definitions, path, name)
        try:
            definition = _define(".".join(where), section)
        except AstError as error:
            raise definitions.error(path, str(error)) from None
        yield where, definition
        for key, value in section.items():
            if _is_section(key, value):
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

    def _define(self, path: tuple[str, ...], definition: _Definition | None) -> Item:
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


def _define(path: str, section: Mapping[str, Any]) -> _Definition | None:
    """Read an item's own attributes; None if there are none."""
    conf = {
        key: value
        for key, value in section.items()
        if not _is_section(key, value) and value is not None
    }
    if not conf:
        return None
    type_name = conf.get("type")
    if type_name is not None and type_name not in DEFAULTS:
        raise ConfError(f"type = {type_name} is unknown: write one of {', '.join(DEFAULTS)}")
    try:
        enforce = truth(conf.get("enforce_updates", False))
    except ValueError as error:
        raise ConfError(f"enforce_updates = {error}") from None
    initial = None
    if type_name is not None:
        initial = conf.get("value", DEFAULTS[type_name])
        if type_name == "list" and isinstance(initial, str):
            initial = [initial] if initial else []
        initial = cast(path, type_name, initial)
    return _Definition(type_name, conf, initial, enforce, ties(path, type_name, conf))


def _is_section(key: str, value: object) -> bool:
    """Whether this is an item below, and no attribute; in YAML an item may be empty."""
    if key in ATTRIBUTES or "@" in key:
        return key == "name" and isinstance(value, Mapping)
    return value is None or isinstance(value, Mapping)


def _error_of(finish: Finish) -> AstError | None:
    try:
        finish()
    except AstError as error:
        return error
    return None


def _walk(children: Mapping[str, Item]) -> Iterator[Item]:
    for item in list(children.values()):
        yield item
        yield from _walk(item._children)


def _callbacks(item: Item) -> list[_Callback]:
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


def _name(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _key(function: Callable[..., object]) -> object:
    """Return what makes a function the same when its cell is run again."""
    code = getattr(function, "__code__", None)
    if code is None:
        return function
    owner = id(getattr(function, "__self__", None))
    if code.co_name == "<lambda>":
        return code.co_filename, code.co_firstlineno, owner
    return getattr(function, "__module__", None), function.__qualname__, owner


def _table(items: Iterable[Item]) -> str:
    """Return items as a table; all text in it is escaped, callers' names are not to be trusted."""
    heads = ("item", "type", "value", "changed", "by")
    rows = []
    for item in items:
        value = shown(item()) + (" (stale)" if item.stale else "")
        changed = f"{item.last_change():%Y-%m-%d %H:%M:%S}"
        cells = (item.id(), item.type() or "", value, changed, item.changed_by())
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
