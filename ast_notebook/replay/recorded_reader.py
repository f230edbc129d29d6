"""The reader of what was recorded, in place of a socket: that of a replay, and of a watched PBX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ast_notebook.ami.action import Field, encode
from ast_notebook.ami.answer import Pending
from ast_notebook.ami.message import Response
from ast_notebook.ami.reader import Reader
from ast_notebook.errors import AstError, ConnectionLost

Send = Callable[[Mapping[str, Field], Pending, str], None]


class RecordedReader(Reader):
    """A reader that has no socket: the actions that a session sends go to `send`.

    Parameters
    ----------
    *arguments
        As for `Reader`.
    title : str
        The title in place of that in a manager's greeting.
    closed : str
        The message of the error that an action raises once the session is closed.
    send : callable
        It is called with an action, its `Pending` and its ActionID, and finishes the `Pending` by
        an answer.
    """

    def __init__(self, *arguments: Any, title: str, closed: str, send: Send) -> None:
        super().__init__(*arguments)
        self.title, self.version = title, ""
        self._closed = closed
        self._send = send

    def hurry(self) -> None:
        """Do nothing: there is no connection to be made."""

    def send(
        self,
        action: Mapping[str, Field],
        *,
        then: Callable[[Pending], None] | None = None,
        timeout: float | None = None,
        ends: str = "",
        apart: bool = False,
        waits: bool = False,
    ) -> Pending:
        """Have an action answered, refused or held back; nothing is sent."""
        del waits
        name = str(action.get("Action", ""))
        key = str(action.get("ActionID") or self._actions.new_id())
        encode({"Action": name, "ActionID": key, **action})  # for the errors that a session raises
        if self.closing.is_set():
            raise self.no_connection()
        pending = Pending(name, timeout or self.settings.timeout, then, ends, apart)
        try:
            self._send(action, pending, key)
        except AstError as error:
            pending.respond(Response({"Response": "Error", "Message": str(error)}))
            pending.finish(error)
        if then is not None:
            self._dispatcher.put([pending])
        return pending

    def no_connection(self) -> ConnectionLost:
        """Return the error that says why there is no answer."""
        return ConnectionLost(self._closed)
