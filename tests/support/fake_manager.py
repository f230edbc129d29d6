"""A manager interface that does what a real Asterisk cannot be made to do, as a test scripts it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

Headers = dict[str, str]
Script = Callable[["Client", Headers], None]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


class Client:
    """One connection: what was asked on it, and a way to send whatever one likes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, *lines: str, **headers: str) -> None:
        """Send a message of these lines and headers."""
        text = [*lines, *(f"{key}: {value}" for key, value in headers.items())]
        self.raw(("\r\n".join(text) + "\r\n\r\n").encode())

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def ok(self, action: Headers, *lines: str) -> None:
        """Answer an action with success."""
        self.send("Response: Success", f"ActionID: {action.get('ActionID', '')}", *lines)


def obliging(client: Client, action: Headers) -> None:
    """Say yes to everything."""
    client.ok(action)


class FakeManager:
    """Listens on a free loopback port, and answers each action by the script.

    Parameters
    ----------
    script : callable
    banner : bytes
    challenge : str or None
        What it gives to a login that asks for a challenge, which is not in `asked`; None leaves
        that question to the script.

    Attributes
    ----------
    asked : list of dict
        The headers of every action, of all connections, in order.
    """

    def __init__(
        self,
        script: Script = obliging,
        banner: bytes = BANNER,
        *,
        challenge: str | None = "1234",
    ) -> None:
        self.script = script
        self.banner = banner
        self.challenge = challenge
        self.asked: list[Headers] = []
        self.clients: list[Client] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._adding = threading.Lock()
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join(5)
        self.drop()
        for thread in self._threads:
            thread.join(5)

    def drop(self) -> None:
        """End every connection that there is now."""
        # A session may connect again meanwhile: that connection is neither ended nor forgotten.
        with self._adding:
            ended, self.clients = self.clients, []
        for client in ended:
            with contextlib.suppress(OSError):
                client.connection.shutdown(socket.SHUT_RDWR)
            client.connection.close()

    def names(self) -> list[str]:
        """Return the names of the actions asked, in order."""
        return [action.get("Action", "") for action in self.asked]

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                # No message waits until the one before it is acknowledged.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client = Client(connection)
                with self._adding:
                    self.clients.append(client)
                client.raw(self.banner)
                self._start(self._serve, client)

    def _serve(self, client: Client) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while block := client.connection.recv(65536):
                rest += block
                while b"\r\n\r\n" in rest:
                    text, _, rest = rest.partition(b"\r\n\r\n")
                    lines = text.decode().split("\r\n")
                    action = dict(line.split(": ", 1) for line in lines)
                    if self.challenge is not None and action.get("Action") == "Challenge":
                        client.ok(action, f"Challenge: {self.challenge}")
                        continue
                    self.asked.append(action)
                    self.script(client, action)
