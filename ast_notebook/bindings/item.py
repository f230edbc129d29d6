"""Items: named values in a tree, read and set by calling them, as in SmartHome.py."""

from __future__ import annotations

import copy
import keyword
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar, overload

from ast_notebook.bindings.attributes import BindingAttribute
from ast_notebook.bindings.definition import Definition
from ast_notebook.bindings.standing import StandingCallback
from ast_notebook.bindings.state import Callback, Change, ItemState
from ast_notebook.bindings.values import shown
from ast_notebook.callbacks import Worker
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.durations import Duration, duration
from ast_notebook.show import NO_MATH, escape
from ast_notebook.units import SECOND

Function = TypeVar("Function", bound=Callable[..., object])


class ItemBinder(Protocol):
    """A binder: it binds items to one PBX."""

    def bind_item(self, item: Item) -> None:
        """Bind an item by its attributes."""

    def unbind_item(self, item: Item, anew: Definition | None = None) -> None:
        """Unbind an item; if it is to be defined anew, only from what that definition lacks."""


class Item:
    """A value with a name, a type, a history, and items below it as attributes.

    ``item()`` reads it; ``item(value)`` sets it, cast to the item's type. Any thread may do both.
    An item without a type only groups other items.
    """

    def __init__(self, parent: Item | None, name: str, clock: SystemClock = MACHINE) -> None:
        self._parent = parent
        self._path: str = name if parent is None else f"{parent._path}.{name}"
        self._children: dict[str, Item] = {}
        self._state = ItemState(self._path, clock)

    # --- the value -----------------------------------------------------------------------------

    def __call__(
        self, value: Any = None, caller: str = "Logic", source: Any = None, dest: Any = None
    ) -> Any:
        """Return the value, or set it if one is given.

        Lists and dicts are returned as copies; to change one, set the item.

        Parameters
        ----------
        value : object, optional
            The value to set; None reads.
        caller, source, dest : optional
            Who sets it, from where and for whom; `changed_by` and the callbacks pass this on.

        Raises
        ------
        BadValue
            If the value does not fit the item's type. The item keeps its value.
        AstError
            If the item has ``ast_db`` and Asterisk refused the write, or did not answer. The item
            has the new value, and is written when it is set again.
        """
        if value is not None:
            self._state.update(self, value, caller, source, dest)
            return None
        held = self._state.value
        return copy.deepcopy(held) if isinstance(held, list | dict) else held

    def prev_value(self) -> Any:
        """Return the value before the last change; None if there was none."""
        return self._state.previous

    def last_change(self) -> datetime:
        """Return when the value last changed, in local time; at first, when the item was made."""
        return self._state.changed

    def prev_change(self) -> datetime:
        """Return when the value changed before its last change, in local time."""
        return self._state.changed_before

    def age(self) -> float:
        """Return how long the item has had its value, in seconds."""
        return (self._state.clock.now() - self._state.changed).total_seconds()

    def prev_age(self) -> float:
        """Return how long the item had its previous value, in seconds."""
        state = self._state
        with state.lock:
            return (state.changed - state.changed_before).total_seconds()

    def changed_by(self) -> str:
        """Return who changed it and from where, as in ``Asterisk:2222`` or ``Logic:None``."""
        return self._state.changed_by

    @property
    def stale(self) -> bool:
        """Whether the value may be out of date because the connection to its PBX is lost."""
        return self._state.is_stale

    # --- the definition ------------------------------------------------------------------------

    def id(self) -> str:
        """Return the path, as in ``office.fon``."""
        return self._path

    def type(self) -> str | None:
        """Return the type: ``bool``, ``num``, ``str``, ``list``, ``dict``, ``foo``, or another.

        None means that the item holds no value. An item of another type holds any value.
        """
        return self._state.definition.type_name

    @property
    def conf(self) -> Mapping[str, Any]:
        """The attributes that it was defined with, including unknown ones."""
        return self._state.definition.conf

    def return_parent(self) -> Item | None:
        """Return the item above; None for an outermost one."""
        return self._parent

    def return_children(self) -> list[Item]:
        """Return the items right below."""
        return list(self._children.values())

    # --- callbacks -----------------------------------------------------------------------------

    @overload
    def on_change(self, function: Function, *, for_: Duration | None = None) -> Function: ...

    @overload
    def on_change(self, *, for_: Duration | None = None) -> Callable[[Function], Function]: ...

    def on_change(self, function: Any = None, *, for_: Duration | None = None) -> Any:
        """Call ``function(item)`` at each change; a decorator.

        The calls run in order, on a thread of their own, and print under the cell that bound the
        function. A function that is bound replaces an earlier one of the same name.

        Parameters
        ----------
        function : callable, optional
        for_ : str or number or timedelta, optional
            Call the function only after the item has kept the new value for so long: ``30``
            seconds, or ``5m``. If the value changes back earlier, the function is not called. Each
            further change begins that time anew.

        Raises
        ------
        ConfError
            If `for_` is no length of time.

        Examples
        --------
        >>> @sh.office.fon.on_change(for_="10m")
        ... def tell(item):
        ...     print("on the phone" if item() else "nobody on the phone")
        """
        if function is None:
            return lambda one: self.on_change(one, for_=for_)
        self._bind(function, lambda change: (change.item,), for_)
        return function

    def add_method_trigger(self, function: Function) -> Function:
        """Call ``function(item, caller, source, dest)`` at each change, as `on_change` does."""
        self._bind(
            function, lambda change: (change.item, change.caller, change.source, change.dest)
        )
        return function

    def remove_method_trigger(self, function: Callable[..., object]) -> None:
        """Undo `on_change` or `add_method_trigger` for a function.

        Raises
        ------
        LookupError
            If it is not bound to this item.
        """
        if not self._state.unbind(_key(function)):
            raise LookupError(f"{_name(function)} is not bound to {self._path}")

    def _bind(
        self,
        function: Callable[..., object],
        arguments: Callable[[Change], tuple[Any, ...]],
        for_: Duration | None = None,
    ) -> None:
        seconds = None if for_ is None else duration(for_, "for_") / SECOND
        callback = Callback(Worker(f"{self._path}:{_name(function)}", function), arguments)
        if seconds is not None:
            callback = StandingCallback(callback, self._state, seconds)
        self._state.bind(_key(function), callback)

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
        """Whether its value is true, as in SmartHome.py; an item without a type is true."""
        return self.type() is None or bool(self._state.value)

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        if self.type() is None:
            return f"<Item {self._path} of {len(self._children)}>"
        stale = " (stale)" if self.stale else ""
        return f"<Item {self._path} {self.type()} {shown(self._state.value)}{stale}>"

    def _repr_html_(self) -> str:
        rows = [] if self.type() is None else [self]
        rows += walk(self._children) if not rows else []
        return items_table(rows)


def state_of(item: Item) -> ItemState:
    """Return an item's state; it is no public attribute, as items below may have any name."""
    return item._state


def bindings_of(item: Item) -> tuple[BindingAttribute, ...]:
    """Return the attributes that bind an item to PBXs."""
    return item._state.definition.binding_attributes


def children_of(item: Item) -> dict[str, Item]:
    """Return the items right below, by name; it is the dict itself, which the tree may change."""
    return item._children


def _name(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _key(function: Callable[..., object]) -> object:
    """Return a key of a function that stays the same if its cell is run again."""
    code = getattr(function, "__code__", None)
    if code is None:
        return function
    owner = id(getattr(function, "__self__", None))
    if code.co_name == "<lambda>":
        return code.co_filename, code.co_firstlineno, owner
    return getattr(function, "__module__", None), function.__qualname__, owner


def items_table(items: Iterable[Item]) -> str:
    """Return items as a table; all text in it is escaped, since callers choose their names."""
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
    """Return the names that can follow a dot in Python; other items are reached by their paths."""
    return [name for name in names if name.isidentifier() and not keyword.iskeyword(name)]


def walk(children: Mapping[str, Item]) -> Iterator[Item]:
    """Yield items, each before those below it."""
    for item in list(children.values()):
        yield item
        yield from walk(item._children)
