"""Items: named values in a tree, read and set by calling them, as in SmartHome.py."""

from __future__ import annotations

import copy
import dataclasses
import keyword
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ast_notebook.bindings.attributes import Tie
from ast_notebook.bindings.definition import Definition
from ast_notebook.bindings.values import cast, same, shown
from ast_notebook.bindings.worker import Worker
from ast_notebook.errors import AstError
from ast_notebook.show import NO_MATH, escape

Function = TypeVar("Function", bound=Callable[..., object])
Finish = Callable[[], None]


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

    Attributes
    ----------
    owes : bool
        Whether the last change has not got to where it was to go: when the item is set to the same
        once more, it is told of that, too.
    """

    @property
    def owes(self) -> bool:
        """Whether the last change has not got to where it was to go."""

    def __call__(self, change: Change) -> Finish | None:
        """Take note of a change."""

    def fail(self, error: BaseException) -> None:
        """Count what came of a change that could not be taken note of."""


class Binder(Protocol):
    """What ties items to one PBX."""

    def bind_item(self, item: Item) -> None:
        """Tie an item by its attributes."""

    def unbind_item(self, item: Item) -> None:
        """Undo that."""


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
        self._definition = Definition()
        self._layers: dict[Path | None, Mapping[str, Any]] = {}  # attributes, by their files
        self._value: Any = None
        self._previous: Any = None
        self._changed = self._changed_before = datetime.now().astimezone()
        self._changed_by = "Init:None"
        self._listeners: list[Listener] = []
        self._callbacks: dict[object, Callback] = {}
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
            If the item has ``ast_db`` and Asterisk refused to write, or did not answer. The item
            holds the new value, and is written when it is set again.
        """
        if value is not None:
            self._update(value, caller, source, dest)
            return None
        held = self._value
        return copy.deepcopy(held) if isinstance(held, list | dict) else held

    def _update(
        self, value: Any, caller: str, source: Any = None, dest: Any = None, *, waits: bool = True
    ) -> None:
        unfinished: list[tuple[Listener, Finish]] = []
        with self._lock:
            definition = self._definition
            value = cast(self._path, definition.type_name, value)
            changes = definition.enforce or not same(value, self._value)
            if changes:
                self._previous, self._value = self._value, value
                self._changed_before, self._changed = self._changed, datetime.now().astimezone()
                self._changed_by = f"{caller}:{source}"
            change = Change(self, value, caller, source, dest, waits)
            for listener in tuple(self._listeners):
                try:
                    finish = listener(change) if changes or listener.owes else None
                except Exception as error:  # what one listener raises is its own
                    listener.fail(error)
                    continue
                if finish is not None:
                    unfinished.append((listener, finish))
        errors = [raised for one in unfinished if (raised := _error_of(*one)) is not None]
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
        """Return ``bool``, ``num``, ``str``, ``list``, ``dict``, ``foo``, or one not of ours.

        None holds no value; an item whose type is not one of ours holds whatever it is given.
        """
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
        callback = Callback(Worker(f"{self._path}:{_name(function)}", function), arguments)
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
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        if name in self._children:
            raise AttributeError(f"to set an item, call it: {self._path}.{name}({value!r})")
        raise AttributeError(f"{self._path} has no item {name}", name=name, obj=self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *sayable(self._children)]

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
        rows += walk(self._children) if not rows else []
        return items_table(rows)


class Callback:
    """Tells a user's function of an item's changes."""

    owes = False

    def __init__(self, worker: Worker, arguments: Callable[[Change], tuple[Any, ...]]) -> None:
        self.worker = worker
        self._arguments = arguments

    def __call__(self, change: Change) -> None:
        """Put the change on the worker's queue."""
        self.worker.put(*self._arguments(change))

    def fail(self, error: BaseException) -> None:
        """Count an error that kept a change from the worker."""
        self.worker.fail(error)


def ties_of(item: Item) -> tuple[Tie, ...]:
    """Return what ties an item to PBXs; no attribute of it, where an item below might have it."""
    return item._definition.ties


def _error_of(listener: Listener, finish: Finish) -> AstError | None:
    try:
        finish()
    except AstError as error:
        return error
    except Exception as error:
        listener.fail(error)
    return None


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


def items_table(items: Iterable[Item]) -> str:
    """Return items as a table; all text in it is escaped, callers' names are not to be trusted."""
    heads = ("item", "type", "value", "changed", "by")
    rows = []
    for item in items:
        value = shown(item()) + (" (stale)" if item.stale else "")
        changed = f"{item.last_change():%Y-%m-%d %H:%M:%S}"
        cells = (item.id(), item.type() or "", value, changed, item.changed_by())
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table class="{NO_MATH}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def sayable(names: Iterable[str]) -> list[str]:
    """Return the names that Python can say after a dot; others are had by their path."""
    return [name for name in names if name.isidentifier() and not keyword.iskeyword(name)]


def walk(children: Mapping[str, Item]) -> Iterator[Item]:
    """Yield items, each before those below it."""
    for item in list(children.values()):
        yield item
        yield from walk(item._children)
