"""Calls the user's functions with events, each function on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from ast_notebook.ami import Event, Session
from ast_notebook.callbacks.cell import Cell
from ast_notebook.callbacks.worker import Worker
from ast_notebook.errors import ConfError

Function = TypeVar("Function", bound=Callable[[Event], object])


class Callbacks:
    """The methods of `Asterisk` that bind functions to its events."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.callbacks: dict[str, Worker] = {}
        self._registered: dict[str, list[tuple[str, Any]]] = {}

    def on(
        self, *names: str | Collection[str], userevents: Collection[str] = ()
    ) -> Callable[[Function], Function]:
        """Call a function with each event of these names, or ``*``, on a thread of its own.

        With `userevents`, it is also called with each UserEvent of those names, in any case.

        Each function gets copies of the events, and may change them.

        The calls of one function are made in order. A function that is slow or raises an error
        delays no other, and `%ast status` shows it. The entries of lists that answer an action are
        no events here. A function that is bound replaces an earlier one of the same name.

        Raises
        ------
        ConfError
            If a name is no text, or what is to be called is no function.

        Examples
        --------
        >>> @sh.ast.on("Hangup")
        ... def tell(event):
        ...     print(event["Channel"], event["Cause-txt"])
        """
        events = _names(*names)
        wanted = {name.casefold() for name in _names(userevents)}

        def bind(function: Function) -> Function:
            if not callable(function):
                raise ConfError(
                    f"a function is called at an event, and {type(function).__name__} is none: "
                    "write @sh.ast.on('Hangup') before def tell(event): …"
                )
            key = _key(function)
            worker = Worker(key, function, cell=Cell.current(), clock=self.session.clock)
            self.off(key)

            heard: list[Event] = []

            def put(event: Event, session: Session) -> None:
                if not heard:
                    session.after_batch(put_all)
                heard.append(event)

            def put_all() -> None:
                worker.put_many(heard, arguments=_copied)
                heard.clear()

            def put_event(event: Event, session: Session) -> None:
                if not event.answer:
                    put(event, session)

            def put_userevent(event: Event, session: Session) -> None:
                if (event.get_header("UserEvent") or "").casefold() in wanted:
                    put(event, session)

            self.callbacks[key] = worker
            followed = events or (() if wanted else ("*",))
            self._registered[key] = [(event, put_event) for event in followed]
            if wanted and not {"UserEvent", "*"} & set(events):
                self._registered[key].append(("UserEvent", put_userevent))
            for event, registered in self._registered[key]:
                self.session.register_event(event, registered)
            return function

        return bind

    def off(self, function: str | Callable[..., object]) -> None:
        """Undo `on` for a function or a name; it is no error if none is bound."""
        key = function if isinstance(function, str) else _key(function)
        for event, registered in self._registered.pop(key, ()):
            self.session.unregister_event(event, registered)
        worker = self.callbacks.pop(key, None)
        if worker is not None:
            worker.stop(0)


def _names(*given: str | Collection[str]) -> tuple[str, ...]:
    """Return the names in texts and in lists of texts."""
    names: list[object] = []
    for one in given:
        names += [one] if isinstance(one, str) or not isinstance(one, Collection) else one
    wrong = [one for one in names if not isinstance(one, str) or not one]
    if wrong:
        raise ConfError(f"events are named by texts, such as 'Hangup', and not by {wrong[0]!r}")
    return tuple(str(one) for one in names)


def _copied(event: Event) -> tuple[Event]:
    """Return a function's own copy of an event, as its arguments."""
    return (event.copy(),)


def _key(function: Callable[..., object]) -> str:
    """Return a function's key: its name, or a unique text if it is defined within another one."""
    name = getattr(function, "__qualname__", repr(function))
    return name if name.isidentifier() else f"{name} {id(function):x}"
