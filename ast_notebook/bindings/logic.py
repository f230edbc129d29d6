"""Logics: a user's code that runs at UserEvents and at changes of items."""

from __future__ import annotations

import importlib.util
import inspect
import linecache
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ast_notebook.ami import Event
from ast_notebook.bindings.script import compile_logic
from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.worker import BindingRow, Worker, refuse_what_never_runs, stop_all
from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.conf import names_of
from ast_notebook.errors import ConfError


class Trigger(dict[str, Any]):
    """The cause of a run of a logic; read it as ``trigger['value']`` or ``trigger.value``.

    ``by`` is 'Asterisk'; ``source``, ``value`` and ``dest`` are the UserEvent's Source, Value and
    Destination as text, or None; ``event`` is the whole event. If an item's change started it,
    ``by`` is 'Item', ``source`` the item's path and ``value`` its value.
    """

    def __init__(
        self, by: str, source: Any = None, value: Any = None, dest: Any = None, event: Any = None
    ) -> None:
        super().__init__(by=by, source=source, value=value, dest=dest, event=event)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a trigger has {', '.join(self)}, not {name}") from None


class Logic:
    """A piece of the user's code, with the events and items that start it.

    Code that is given as text or as a script runs in `namespace` as a cell does: the names that it
    assigns land there. `sh`, `logic`, `trigger`, `logger` and `event` have values of their own in
    each run; only the code and the functions in it see these values. A function is called with the
    trigger, or without arguments if it has no parameters. Runs are made in order, one at a time, on
    a thread of the logic's own. ``SystemExit`` ends a run, as ``exit()`` does in SmartHome.py.

    Parameters
    ----------
    name : str
    code : str, Path or callable
        Source (without magics: give it through IPython's ``transform_cell`` first), a script, or a
        function.
    sh : object
        The object that the code knows as `sh`.
    userevent : str or iterable of str
        The UserEvents that start it, in any case.
    dest : str or iterable of str, optional
        Run only for events with these Destinations, in any case. By default, it runs for every
        event, with a Destination or without.
    watch : str or iterable of str, optional
        The items whose changes start it, as paths or patterns such as ``*.fon``.
    watch_for : float
        The seconds for which an item must keep its new value before the logic starts.
    pbx : str, optional
        The name of the PBX whose events start it; by default, the first PBX.
    namespace : dict, optional
        The user's namespace; by default, the logic has one of its own.
    enabled : bool
        Whether events start it.
    conf : mapping, optional
        Its attributes in logic.conf.
    cell : Cell, optional
        The cell that gets its output; by default, the one that runs now.
    clock : SystemClock
        The clock of `sh`.

    Attributes
    ----------
    alive : bool
        False once the logic is stopped or replaced; a long run can check it.

    Raises
    ------
    ConfError
        If the script cannot be read, the function wants more than the trigger, or `userevent` or
        `dest` holds anything but names.
    SyntaxError
        If the source is not Python.
    """

    def __init__(
        self,
        name: str,
        code: str | Path | Callable[..., object],
        *,
        sh: Any,
        userevent: str | Iterable[str] = (),
        dest: str | Iterable[str] | None = None,
        watch: str | Iterable[str] | None = None,
        watch_for: float = 0.0,
        pbx: str | None = None,
        namespace: dict[str, Any] | None = None,
        enabled: bool = True,
        conf: Mapping[str, Any] | None = None,
        cell: Cell | None = None,
        clock: SystemClock = MACHINE,
    ) -> None:
        self.name = name
        self.userevent = userevent
        self.dest = dest
        self.watch = _names(name, "watch", watch)
        self.watch_for = watch_for
        self.pbx = pbx
        self.enabled = enabled
        self.conf: Mapping[str, Any] = dict(conf or {})
        self.alive = True
        self._sh = sh
        self._logger = logging.getLogger(f"ast_notebook.logic.{name}")
        self._run: Callable[[Trigger], object]
        if isinstance(code, str | Path):
            self._run = self._script(code, {} if namespace is None else namespace)
        else:
            self._run = _called_with_trigger(name, code)
        self.worker = Worker(name, self._guarded, cell=cell, clock=clock)

    def __repr__(self) -> str:
        events = ", ".join((*self.userevent, *self.watch)) or "nothing"
        state = "" if self.enabled else " disabled"
        return f"<Logic {self.name} at {events}{state}: {self.worker.done} runs>"

    @property
    def userevent(self) -> tuple[str, ...]:
        """The UserEvents that start it."""
        return self._userevent

    @userevent.setter
    def userevent(self, names: str | Iterable[str] | None) -> None:
        self._userevent = _names(self.name, "userevent", names or None)
        self._events = {one.casefold() for one in self._userevent}

    @property
    def dest(self) -> tuple[str, ...]:
        """The Destinations for which it runs; empty means all."""
        return self._dest

    @dest.setter
    def dest(self, names: str | Iterable[str] | None) -> None:
        self._dest = _names(self.name, "dest", names)
        self._destinations = {one.casefold() for one in self._dest}

    def trigger(
        self, by: str = "Logic", source: Any = None, value: Any = None, dest: Any = None
    ) -> None:
        """Run it once as if an event had started it, even if it is not enabled; do not wait."""
        self.start(Trigger(by, source, value, dest))

    def start(self, trigger: Trigger, clock: SystemClock | None = None) -> None:
        """Run it for a trigger, after the earlier runs; do not wait."""
        self.worker.put_many([(trigger,)], clock)

    def hears(self, userevent: str) -> bool:
        """Tell whether a UserEvent of that name may start it."""
        return self.enabled and userevent.casefold() in self._events

    def wants(self, userevent: str, dest: str | None) -> bool:
        """Tell whether a UserEvent of that name and Destination starts it."""
        return self.hears(userevent) and (
            not self._destinations or (dest or "").casefold() in self._destinations
        )

    def stop(self, timeout: float = 1.0) -> bool:
        """Drop the waiting runs, and end the thread after the current one.

        Returns
        -------
        bool
            Whether no run is being made any more.
        """
        self.alive = False
        return self.worker.stop(timeout)

    def _guarded(self, trigger: Trigger) -> object:
        try:
            return self._run(trigger)
        except SystemExit:
            self._logger.debug("ended early")
            return None

    def _script(self, code: str | Path, namespace: dict[str, Any]) -> Callable[[Trigger], object]:
        if isinstance(code, Path):
            filename = str(code)
            try:
                source = importlib.util.decode_source(code.read_bytes())
            except (OSError, UnicodeDecodeError, SyntaxError) as error:
                raise ConfError(f"the script {code} cannot be read: {error}") from None
        else:
            source, filename = code, f"<logic {self.name}>"
            # Without a time of modification, linecache keeps the lines for tracebacks.
            lines = source.splitlines(keepends=True)
            linecache.cache[filename] = (len(source), None, lines, filename)
        function = compile_logic(source, filename, namespace)
        return lambda trigger: function(self._sh, self, trigger, self._logger, trigger["event"])


class Logics:
    """The logics of `sh`, by name.

    A logic that is added replaces the one of the same name, whose waiting runs are dropped and
    counted in `dropped`.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._logics: dict[str, Logic] = {}
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Logic]:
        return iter(list(self._logics.values()))

    def __len__(self) -> int:
        return len(self._logics)

    def __repr__(self) -> str:
        return f"<Logics: {', '.join(self._logics) or 'none'}>"

    def __getitem__(self, name: str) -> Logic:
        """Return a logic by its name; a `KeyError` names the existing ones."""
        try:
            return self._logics[name]
        except KeyError:
            known = ", ".join(self._logics) or "none"
            raise KeyError(f"there is no logic {name}; there are: {known}") from None

    def add(self, logic: Logic) -> Logic:
        """Add a logic, so that events start it; it replaces one of the same name."""
        with self._lock:
            former = self._logics.get(logic.name)
            self._logics[logic.name] = logic
        self._end(former)
        return logic

    def remove(self, name: str) -> None:
        """Remove a logic, so that nothing starts it any more.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        with self._lock:
            former = self[name]
            del self._logics[name]
        self._end(former)

    def close(self, timeout: float = 1.0) -> None:
        """Remove all logics; their present runs have `timeout` seconds in all to end."""
        logics = list(self)
        for logic in logics:
            self.remove(logic.name)
        stop_all((logic.worker for logic in logics), timeout)

    def start(self, event: Event, pbx: str, *, first: bool, clock: SystemClock = MACHINE) -> None:
        """Start the logics that are bound to a UserEvent of a PBX; this never waits.

        An error in starting one is counted as its failure; the others start all the same.

        Parameters
        ----------
        event : Event
        pbx : str
            The name of the PBX that sent it.
        first : bool
            Whether that is the first PBX: the one that logics mean if they name none.
        clock : SystemClock
            That PBX's clock.
        """
        userevent = event.get_header("UserEvent") or ""
        for logic in self:
            try:
                if not logic.hears(userevent):  # most events of a flood start none of them
                    continue
                dest = event.get_header("Destination")
                if logic.wants(userevent, dest) and (
                    logic.pbx == pbx if logic.pbx is not None else first
                ):
                    source, value = event.get_header("Source"), event.get_header("Value")
                    logic.start(Trigger("Asterisk", source, value, dest, event.copy()), clock)
            except Exception as error:
                logic.worker.fail(error)

    def status(self) -> list[BindingRow]:
        """Return a row for each logic."""
        return [logic.worker.row("logic") for logic in self]

    def _end(self, former: Logic | None) -> None:
        if former is not None:
            before = former.worker.dropped
            former.stop(0)
            self.dropped += former.worker.dropped - before


def _names(name: str, what: str, given: object) -> tuple[str, ...]:
    try:
        return names_of(given)
    except ValueError as error:
        raise ConfError(f"the logic {name}: {what} = {error}") from None


def _called_with_trigger(name: str, function: Callable[..., object]) -> Callable[[Trigger], object]:
    refuse_what_never_runs(name, function)
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in functions do not tell their parameters
        return function
    for arguments in ((None,), ()):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return function if arguments else lambda trigger: function()
    raise ConfError(f"{name}: the function takes {signature}: write it with one parameter, trigger")
