"""The smart home, `sh`: its items as attributes, its logics, and one or several PBXs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ast_notebook import conf
from ast_notebook.ami import Settings
from ast_notebook.asterisk import Asterisk
from ast_notebook.bindings.binder import Binder
from ast_notebook.bindings.item import Item, sayable
from ast_notebook.bindings.logic import Logic, Logics
from ast_notebook.bindings.tree import Items
from ast_notebook.bindings.watching import LogicWatches
from ast_notebook.callbacks import BindingRow, one_line
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.durations import Duration, duration
from ast_notebook.errors import ConfError
from ast_notebook.recording.record import BUDGET
from ast_notebook.units import SECOND
from ast_notebook.warned import warn


class SmartHome:
    """Items as attributes, logics, and the PBXs that they are bound to.

    ``sh.office.fon`` is an item, ``sh.ast`` a PBX. `close` ends everything; ``with`` does so too.
    The events of a PBX stay readable, as ``sh.ast.events``, until its name is connected again.

    Parameters
    ----------
    clock : SystemClock
        The clock that tells when items change; a replay has one of its own.
    """

    def __init__(self, clock: SystemClock = MACHINE) -> None:
        self._clock = clock
        self._logics = Logics()
        self._pbxs: dict[str, Asterisk] = {}
        self._closed: dict[str, Asterisk] = {}
        self._binders: dict[str, Binder] = {}
        self._process = os.getpid()
        names = (name for name in dir(type(self)) if name[0] != "_")
        self._items = Items(reserved=names, clock=clock)
        self._watches = LogicWatches(self._items, self._logics)

    def __enter__(self) -> SmartHome:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        """Return the PBX or the outermost item of that name."""
        if name.startswith("_"):
            raise AttributeError(name)
        found: Asterisk | Item | None = self._pbxs.get(name) or self._closed.get(name)
        if found is None:
            found = self._items.child(name)
        if found is None:
            there = ", ".join([*self._pbxs, *self._items.names()]) or "nothing yet"
            hint = ": connect first" if name == "ast" else f"; there is {there}"
            raise AttributeError(f"sh has neither an item nor a PBX named {name!r}{hint}")
        return found

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name in self._pbxs:
            raise AttributeError(f"sh.{name} is a PBX: disconnect({name!r}) takes it away")
        elif self._items.child(name) is not None:
            raise AttributeError(f"to set an item, call it: sh.{name}({value!r})")
        else:
            raise AttributeError(
                f"sh.{name} cannot be set: sh has PBXs, and the items of %%ast items or "
                "sh.load_items"
            )

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._pbxs, *sayable(self._items.names())]

    def __repr__(self) -> str:
        pbxs = ", ".join(map(repr, self._pbxs.values())) or "no PBX"
        return f"<SmartHome: {pbxs}; {len(self._items)} items, {len(self._logics)} logics>"

    @property
    def clock(self) -> SystemClock:
        """The clock: ``sh.clock.now()``, and ``sh.clock.sleep(30)`` in a logic that waits.

        In a replay, it has the time of the replay, and a sleeping logic wakes by that time.
        """
        return self._clock

    # --- PBXs ----------------------------------------------------------------------------------

    @property
    def pbxs(self) -> Mapping[str, Asterisk]:
        """The PBXs by their names; items without a PBX's name mean `first_pbx`."""
        return dict(self._pbxs)

    @property
    def first_pbx(self) -> str:
        """The name of the PBX that items and logics mean if they name none; empty without one.

        It is the PBX that was connected first; a replay counts only as long as there is none.
        """
        return next((name for name, one in list(self._binders.items()) if one.first), "")

    @property
    def closed_pbxs(self) -> Mapping[str, Asterisk]:
        """The closed PBXs by their names; their events are kept."""
        return dict(self._closed)

    def connect(self, settings: Settings, *, name: str = "ast", budget: float = BUDGET) -> Asterisk:
        """Connect one more PBX as the attribute `name`; a former PBX of that name is closed.

        Raises
        ------
        ConnectionLost, LoginRefused
            As in `Session.connect`; nothing is changed then.
        ConfError
            If the name is an item's, or one of `sh`'s own.
        """
        self._reserve(name)
        if not settings.hears("call"):
            warn(
                f"events = {settings.events} leaves out the class call: items of devices, "
                "Call.wait, calls and the panel will not know of any channel"
            )
        if settings.is_exposed:
            warn(
                f"the connection to {settings.address} is not encrypted: who calls whom, and what "
                "is sent there, can be read and changed on the way. Write --tls, which is tls=True "
                "in Python, and tlsenable = yes in the PBX's manager.conf"
            )
        pbx = Asterisk(settings, name=name, budget=budget)
        with self._closed_if_it_fails(pbx, name):
            pbx.connect()
            if pbx.session.unknown:
                warn(f"{name}: {pbx.session.unknown}")
            if name in self._pbxs:
                pbx.go_on_recording(self._pbxs[name])
            self._take(pbx, name)
        return pbx

    def add(self, pbx: Asterisk, name: str) -> Asterisk:
        """Take a PBX that is not connected yet, such as a replayed one, as the attribute `name`.

        Raises
        ------
        ConfError
            If the name is an item's, or one of `sh`'s own.
        """
        self._reserve(name)
        with self._closed_if_it_fails(pbx, name):
            pbx.connect()
            self._take(pbx, name)
        return pbx

    def _reserve(self, name: str) -> None:
        if not name.isidentifier() or name in dir(type(self)):
            raise ConfError(f"a PBX cannot be named {name!r}: take a name that is free")
        self._items.reserve(name)

    @contextlib.contextmanager
    def _closed_if_it_fails(self, pbx: Asterisk, name: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if self._pbxs.get(name) is pbx:
                self.disconnect(name)
            pbx.close()
            raise

    def _take(self, pbx: Asterisk, name: str) -> None:
        """Bind items and logics to a PBX that is connected, in place of one of the same name."""
        self.disconnect(name)
        self._closed.pop(name, None)
        former = self.first_pbx
        if former and self._pbxs[former].session.held_back and not pbx.session.held_back:
            self._binders.pop(former).close()  # a replay makes room for a PBX
        self._pbxs[name] = pbx
        for one in (name, former):
            if one and one not in self._binders:
                self._bind(one, self._pbxs[one])
        self._binders[name].settle()

    def _bind(self, name: str, pbx: Asterisk) -> None:
        self._binders[name] = Binder(
            pbx.session,
            pbx.live,
            self._items,
            self._logics,
            name=name,
            first=not self.first_pbx,
            missed=pbx.waiting.watch,
        )

    def disconnect(self, name: str = "ast") -> Asterisk | None:
        """Close a PBX and return it; None if there is none.

        It stays an attribute, so that its record can be read.
        """
        pbx = self._pbxs.pop(name, None)
        bound = self._binders.pop(name, None)
        if bound is not None:
            bound.close()
        if pbx is not None:
            self._closed[name] = pbx  # also if somebody interrupts the rest
            pbx.close()
        return pbx

    def close(self) -> None:
        """Close every PBX and end every logic and callback, within two seconds for each PBX."""
        if os.getpid() != self._process:  # a process that was forked has none of the threads
            return
        with contextlib.ExitStack() as closing:  # all are closed, even after an error of one
            closing.callback(self._items.close)
            closing.callback(self._logics.close)
            closing.callback(self._watches.close)
            for name in reversed(list(self._pbxs)):
                closing.callback(self.disconnect, name)

    # --- items ---------------------------------------------------------------------------------

    @property
    def items(self) -> Items:
        """The tree of items; shown as a table in a notebook."""
        return self._items

    def load_items(self, source: str | Path | Mapping[str, Any] | conf.Definitions) -> list[Item]:
        """Define items from a file (``items.conf``, ``items.yaml``), or from nested dicts.

        When it returns, items of devices and mailboxes have their values from the PBX. The entry of
        an ``ast_db`` item is written at each change, and never read.

        Definitions of a file that cannot be used are left out, with a warning that names the line,
        and all others are loaded. `Items.load` says how attributes from several files add up.

        Raises
        ------
        ConfError
            If no definition of a file can be used, or if any definition in dicts cannot be used.
            The error says where, what is wrong, and what to write.
        """
        if isinstance(source, str | Path):
            source = conf.read_items(Path(source))
        loaded = self._items.load(source)
        self._watches.renew()
        for binder in list(self._binders.values()):
            binder.settle()
        return loaded

    def return_item(self, path: str) -> Item | None:
        """Return the item of a path such as ``office.fon``; None if there is none."""
        return self._items.return_item(path)

    def return_items(self) -> list[Item]:
        """Return all items, each before those below it."""
        return self._items.return_items()

    def match_items(self, pattern: str) -> list[Item]:
        """Return the items that match a pattern such as ``*.fon`` or ``*:ast_dev``."""
        return self._items.match_items(pattern)

    def find_items(self, attribute: str) -> list[Item]:
        """Return the items that have an attribute such as ``ast_dev``."""
        return self._items.find_items(attribute)

    # --- logics --------------------------------------------------------------------------------

    @property
    def logics(self) -> Logics:
        """The logics by their names."""
        return self._logics

    def logic(
        self,
        name: str,
        *,
        userevent: str | Iterable[str] = (),
        dest: str | Iterable[str] | None = None,
        watch: str | Iterable[str] | None = None,
        for_: Duration | None = None,
    ) -> Callable[[Callable[..., object]], Logic]:
        """Make a function a logic, which is called with the trigger at each UserEvent or change.

        Parameters
        ----------
        name : str
        userevent : str or iterable of str
            The UserEvents that start it.
        dest : str or iterable of str, optional
            Run only for events with these Destinations; by default, it runs for every event.
        watch : str or iterable of str, optional
            The items whose changes start it, too, as paths or patterns such as ``*.fon``.
        for_ : str or number or timedelta, optional
            Start only after an item has kept its new value for so long: ``30`` seconds, or ``5m``.

        Examples
        --------
        >>> @sh.logic("logic1", userevent="Call")
        ... def tell(trigger):
        ...     print(trigger["source"], trigger["value"], trigger["dest"])
        """

        def bind(function: Callable[..., object]) -> Logic:
            return self.add_logic(
                name, function, userevent=userevent, dest=dest, watch=watch, for_=for_
            )

        return bind

    def add_logic(
        self,
        name: str,
        code: str | Path | Callable[..., object],
        *,
        userevent: str | Iterable[str] = (),
        dest: str | Iterable[str] | None = None,
        namespace: dict[str, Any] | None = None,
        for_: Duration | None = None,
        **more: Any,
    ) -> Logic:
        """Add a logic, which replaces one of the same name; see `logic` and `Logic`."""
        if for_ is not None:
            more["watch_for"] = _seconds(for_)
        added = Logic(
            name,
            code,
            sh=self,
            userevent=userevent,
            dest=dest,
            namespace=namespace,
            clock=self._clock,
            **more,
        )
        self._logics.add(added)
        self._watches.renew()
        return added

    def load_logics(self, path: str | Path, namespace: dict[str, Any] | None = None) -> list[Logic]:
        """Add the logics of a file, ``logic.conf`` or ``logic.yaml``.

        A logic that cannot be read or compiled is left out with a warning; the others are added.

        Raises
        ------
        ConfError
            If the file cannot be read, or no logic in it.
        """
        findings = conf.Findings()
        added = []
        for one in conf.read_logics(Path(path), findings=findings):
            try:
                logic = Logic(
                    one.name,
                    one.filename,
                    sh=self,
                    userevent=one.userevent,
                    dest=one.dest or None,
                    watch=one.watch or None,
                    watch_for=_seconds(one.watch_for),
                    pbx=one.pbx,
                    namespace=namespace,
                    enabled=one.enabled,
                    conf=one.conf,
                    clock=self._clock,
                )
            except Exception as error:  # compiling may raise more than SyntaxError
                what = f"{one.place}: the logic {one.name} is left out: {one_line(error)}"
                findings.mistake((one.name,), ConfError(what))
            else:
                added.append(self._logics.add(logic))
        self._watches.renew()
        findings.tell(loaded=bool(added))
        return added

    # --- status ----------------------------------------------------------------------------------

    def bindings(self) -> pd.DataFrame:
        """Return a row for each binding: how many calls wait, failed, and were dropped."""
        rows: list[BindingRow] = [*self._items.status(), *self._logics.status()]
        for binder in list(self._binders.values()):
            rows += binder.status()
        for pbx in list(self._pbxs.values()):
            rows += [worker.row("event") for worker in list(pbx.callbacks.values())]
        names = [field.name for field in dataclasses.fields(BindingRow)]
        return pd.DataFrame([dataclasses.asdict(row) for row in rows], columns=names)


def _seconds(for_: Duration | None) -> float:
    return 0.0 if for_ is None else duration(for_, "for_") / SECOND
