"""Actions: their names, the permissions that they need, and how answers are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from ast_notebook.demo.configuration import Login
from ast_notebook.demo.pbx import Pbx

Headers = Mapping[str, str]


class Client(Protocol):
    """The client that asks: a connection to the manager interface."""

    login: Login | None
    challenge: str
    is_leaving: bool

    def log_in(self, login: Login, mask: str) -> None:
        """Let the client in, with the events that it wants."""

    def choose(self, mask: str) -> bool:
        """Choose the classes of events to send, and tell whether any are left."""

    def add_filter(self, text: str) -> bool:
        """Add a filter, and tell whether it is one."""


@dataclasses.dataclass(frozen=True)
class Request:
    """An action that a client asked for."""

    pbx: Pbx
    client: Client
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """Return the first header of a name, in any case."""
        lower = name.lower()
        return next((value for key, value in self.fields if key.lower() == lower), default)

    def all(self, name: str) -> list[str]:
        """Return every header of a name, in order."""
        lower = name.lower()
        return [value for key, value in self.fields if key.lower() == lower]

    def is_true(self, name: str) -> bool:
        """Tell whether a header says yes."""
        return self.get(name).lower() in ("yes", "true", "y", "t", "1", "on")


@dataclasses.dataclass(frozen=True)
class SingleResponse:
    """A response without a list."""

    message: str = ""
    headers: Headers = dataclasses.field(default_factory=dict)
    response: str = "Success"
    outputs: tuple[str, ...] = ()

    def text(self, action_id: str) -> str:
        """Return the message as it is sent."""
        first = {"Response": self.response}
        if action_id:
            first["ActionID"] = action_id
        if self.message:
            first["Message"] = self.message
        lines = [*{**first, **self.headers}.items(), *(("Output", line) for line in self.outputs)]
        return "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"


def refuse(message: str) -> SingleResponse:
    """Make the answer to an action that cannot be done."""
    return SingleResponse(message, response="Error")


@dataclasses.dataclass(frozen=True)
class Listing:
    """A response that a list follows.

    Parameters
    ----------
    message : str
        The message of the response.
    entries : iterable of (str, mapping)
        The events of the list: name and headers.
    complete : str
        The event that ends the list.
    id_last : bool
        Whether the entries have their ActionID behind the other headers, not before.
    more : mapping
        The headers of the last event besides the number of entries.
    """

    message: str
    entries: Iterable[tuple[str, Headers]]
    complete: str
    id_last: bool = False
    more: Callable[[int], Headers] = lambda count: {}

    def text(self, action_id: str) -> str:
        """Return the messages as they are sent."""
        identity = {"ActionID": action_id} if action_id else {}
        parts = [_lines({"Response": "Success", **identity, "EventList": "start"})]
        parts.append(f"Message: {self.message}\r\n\r\n")
        count = 0
        for name, headers in self.entries:
            count += 1
            ordered = {**headers, **identity} if self.id_last else {**identity, **headers}
            parts.append(_lines({"Event": name, **ordered}) + "\r\n")
        end = {"EventList": "Complete", "ListItems": str(count), **self.more(count)}
        return "".join([*parts, _lines({"Event": self.complete, **identity, **end}), "\r\n"])


def _lines(headers: Headers) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


Reply = SingleResponse | Listing
Handler = Callable[[Request], Reply | Awaitable[Reply]]


@dataclasses.dataclass(frozen=True)
class ManagerAction:
    """One action that the demo knows."""

    name: str
    permissions: str
    synopsis: str
    run: Handler

    @property
    def classes(self) -> frozenset[str]:
        """The classes of which a login needs one; an empty set means that it needs none."""
        return frozenset(filter(None, self.permissions.split(",")))

    @property
    def listed(self) -> str:
        """The text of ListCommands for it."""
        permissions = f"{self.permissions},all" if self.permissions else "<none>"
        return f"{self.synopsis}  (Priv: {permissions})"


#: Every action, by its name in lower case.
ACTIONS: dict[str, ManagerAction] = {}


def action(name: str, permissions: str, synopsis: str) -> Callable[[Handler], Handler]:
    """Make a function the handler of an action; the words are those of Asterisk's ListCommands."""

    def take(handler: Handler) -> Handler:
        ACTIONS[name.lower()] = ManagerAction(name, permissions, synopsis, handler)
        return handler

    return take
