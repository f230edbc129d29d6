"""The manager interface (AMI): clients, logins, and the events that each client gets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import time
from collections.abc import Awaitable

from ast_notebook.demo.actions import ACTIONS
from ast_notebook.demo.actions.registry import Listing, Reply, Request, SingleResponse, refuse
from ast_notebook.demo.configuration import Login
from ast_notebook.demo.framing import ActionFramer, Unreadable
from ast_notebook.demo.pbx import Pbx

logger = logging.getLogger(__name__)

#: Bytes that may wait for a client; a client with more waiting is disconnected at once.
LARGEST_BACKLOG = 32 << 20
#: Clients that may be connected without having logged in, and for how many seconds.
AUTH_LIMIT = 50
AUTH_TIMEOUT = 30.0
#: Seconds before a refused login is answered, so that guessing is slow.
REFUSAL_SECONDS = 1.0

_BEFORE_LOGIN = ("login", "challenge", "logoff")
_ON = ("on", "yes", "true", "y", "t", "1", "all")
_OFF = ("off", "no", "false", "n", "f", "0")
_CLASSES = frozenset(
    (
        *("system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf"),
        *("reporting", "cdr", "dialplan", "originate", "agi", "cc", "aoc", "test", "security"),
        "message",
    )
)


class ManagerClient:
    """One connection to the manager interface."""

    def __init__(
        self, pbx: Pbx, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.login: Login | None = None
        self.challenge = ""
        self.is_leaving = False
        self._pbx = pbx
        self._reader = reader
        self._transport = writer.transport
        self._framer = ActionFramer()
        self._mask: frozenset[str] | None = None
        self._wanted: list[re.Pattern[str]] = []
        self._unwanted: list[re.Pattern[str]] = []
        self._held: list[str] | None = None
        self._out: list[bytes] = []
        self._written = 0
        self._write_timer: asyncio.TimerHandle | None = None

    # --- what actions do with it ---------------------------------------------------------------

    def log_in(self, login: Login, mask: str) -> None:
        """Let the client in, with the events that it wants."""
        self.login = login
        self.choose(mask or "on")
        self._pbx.listeners.append(self)

    def choose(self, mask: str) -> bool:
        """Choose the classes of events to send, and tell whether any are left."""
        lower = mask.lower()
        if lower in _ON:
            self._mask = None
        elif lower in _OFF:
            self._mask = frozenset()
        else:
            self._mask = frozenset(part.strip() for part in lower.split(",")) & _CLASSES
        return self._mask is None or bool(self._mask)

    def add_filter(self, text: str) -> bool:
        """Add a filter, and tell whether it is one."""
        try:
            pattern = re.compile(text.removeprefix("!"))
        except re.error:
            return False
        (self._unwanted if text.startswith("!") else self._wanted).append(pattern)
        return True

    def hear(self, permission: str, text: str) -> None:
        """Send an event, if this login has permission for it and wants it."""
        if self._hears(permission) and self._passes(text):
            # The events that an action causes are sent after its answer.
            if self._held is None:
                self._send(text)
            else:
                self._held.append(text)

    def _hears(self, permission: str) -> bool:
        if self.login is None or not self.login.may_hear(permission):
            return False
        return self._mask is None or permission in self._mask

    def _passes(self, text: str) -> bool:
        if self._wanted and not any(one.search(text) for one in self._wanted):
            return False
        return not any(one.search(text) for one in self._unwanted)

    # --- serving -------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Greet, and answer one action after the other until the client is gone."""
        self._send(f"Asterisk Call Manager/{self._pbx.profile.ami}\r\n")
        login_timer = asyncio.get_running_loop().call_later(AUTH_TIMEOUT, self._turn_away)
        try:
            while not self.is_leaving and (data := await self._reader.read(65536)):
                for message in self._framer.feed(data):
                    if isinstance(message, Unreadable):
                        self._send(refuse(str(message)).text(message.action_id))
                        continue
                    await self._answer(tuple(message))
                    if self.is_leaving:
                        break
        finally:
            login_timer.cancel()
            if self in self._pbx.listeners:
                self._pbx.listeners.remove(self)
            if self._write_timer is not None:
                self._write_timer.cancel()
            self._flush()

    async def _answer(self, fields: tuple[tuple[str, str], ...]) -> None:
        request = Request(self._pbx, self, fields)
        was_in = self.login is not None
        held: list[str] = []
        self._held = held
        try:
            made = self._reply(request)
        finally:
            self._held = None
        reply = made if isinstance(made, SingleResponse | Listing) else await made
        action = request.get("Action").lower()
        if action == "login" and self.login is None:
            # As in Asterisk, a client that guesses passwords has to wait, and to connect again.
            await asyncio.sleep(REFUSAL_SECONDS)
            self.is_leaving = True
        self._send(reply.text(request.get("ActionID")))
        for text in held:
            self._send(text)
        if action == "login" and not was_in and self._hears("system"):
            uptime = int(time.time() - self._pbx.started)
            self._send(
                "Event: FullyBooted\r\nPrivilege: system,all\r\n"
                f"Uptime: {uptime}\r\nLastReload: {uptime}\r\nStatus: Fully Booted\r\n\r\n"
            )

    def _reply(self, request: Request) -> Reply | Awaitable[Reply]:
        name = request.get("Action")
        if not name:
            return refuse("Missing action in request")
        if self.login is None and name.lower() not in _BEFORE_LOGIN:
            return refuse("Permission denied")
        action = ACTIONS.get(name.lower())
        if action is None:
            return refuse(
                f"Invalid/unknown command: {name}. Use Action: ListCommands to show available "
                "commands."
            )
        if self.login is not None and not self.login.may_do(action.classes):
            return refuse("Permission denied")
        return action.run(request)

    def _turn_away(self) -> None:
        if self.login is None:
            self._transport.abort()

    # --- sending -------------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        # Many small messages of one moment are written together.
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(text.encode("utf-8", "surrogateescape"))

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if not data or self._transport.is_closing():
            return
        self._transport.write(data)
        self._written += len(data)
        backlog = self._transport.get_write_buffer_size()
        if backlog > LARGEST_BACKLOG:
            self._cut_off()
        elif backlog and self._write_timer is None:
            self._await_writes(backlog)

    def _await_writes(self, backlog: int) -> None:
        seconds = self.login.write_timeout if self.login else 0.1
        sent = self._written - backlog
        self._write_timer = asyncio.get_running_loop().call_later(seconds, self._look_again, sent)

    def _look_again(self, sent_before: int) -> None:
        self._write_timer = None
        backlog = self._transport.get_write_buffer_size()
        if backlog and self._written - backlog <= sent_before:
            self._cut_off()
        elif backlog:
            self._await_writes(backlog)

    def _cut_off(self) -> None:
        logger.info("a client of the demo PBX reads too slowly: its connection was closed")
        self._transport.abort()


class Manager:
    """The port that clients connect to."""

    def __init__(self, pbx: Pbx) -> None:
        self.host = ""
        self.port = 0
        self._pbx = pbx
        self._server: asyncio.Server | None = None
        self._clients: dict[ManagerClient, asyncio.StreamWriter] = {}

    async def listen(self, host: str, port: int) -> None:
        """Open the port; 0 takes a free one.

        Raises
        ------
        OSError
            If it cannot be opened.
        """
        self._server = await asyncio.start_server(self._connected, host, port, backlog=1024)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for writer in self._clients.values():
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = sum(client.login is None for client in self._clients)
        if waiting >= AUTH_LIMIT:
            writer.transport.abort()
            return
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = ManagerClient(self._pbx, reader, writer)
        self._clients[client] = writer
        try:
            await client.serve()
        except (OSError, asyncio.CancelledError):
            pass
        except Exception:
            logger.exception("the demo PBX closed the connection of a client because of an error")
        finally:
            del self._clients[client]
            with contextlib.suppress(OSError):
                writer.close()
