"""A TCP proxy between a session and its PBX that does to the bytes what a bad network does."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

BLOCK = 65536
TICK = 0.02  # seconds between looks whether a fault was switched

Change = Callable[[bytes], list[bytes]]


class Proxy:
    """Hands on what the PBX says and what the session asks, with faults switched while it runs.

    Parameters
    ----------
    port : int
        The manager's port on this machine; it can be changed for the next connections.

    Attributes
    ----------
    port : int
        Where to connect instead.
    target : int
        Where that leads.
    stalled : bool
        Nothing is handed on, either way, and nobody is told.
    barred : bool
        A new connection is closed before a byte of it was sent.
    piece : int or None
        Hand on so many bytes at once at most, each as a packet of its own.
    gather : int or None
        Hold back what the PBX says until it is so many bytes.
    speed : float or None
        Bytes a second that the PBX is let say.
    change : callable or None
        Given each whole message of the PBX, with its end; what it returns is handed on.
    said : int
        Bytes that the PBX has said, of all connections.
    connections : int
        How many connections there were.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.stalled = False
        self.barred = False
        self.piece: int | None = None
        self.gather: int | None = None
        self.speed: float | None = None
        self.change: Change | None = None
        self.said = 0
        self.connections = 0
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self._forgotten: list[_Link] = []
        self._closing = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def heal(self) -> None:
        """Do nothing any more but hand on."""
        self.stalled = self.barred = False
        self.piece = self.gather = self.speed = self.change = None

    @contextlib.contextmanager
    def fault(self, **faults: object) -> Iterator[None]:
        """Have these faults, by the names of the attributes, for as long as it lasts."""
        for name, value in faults.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)
        try:
            yield
        finally:
            self.heal()

    def cut(self, *, rudely: bool = False) -> None:
        """End every connection, both sides; rudely with a reset, as a restarted router does."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.end(rudely=rudely)

    def forget(self) -> None:
        """Cut the session off, and leave the PBX in the belief that it is still there."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.end_near()
        self._forgotten += links

    def let_go(self) -> None:
        """End what the PBX still believes to be there."""
        links, self._forgotten = self._forgotten, []
        for link in links:
            link.end()

    def close(self) -> None:
        """End it with all of its threads and sockets."""
        self._closing = True
        self.heal()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        self.let_go()
        for thread in self._threads:
            thread.join(10)

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing:
                near, _ = self._server.accept()
                self.connections += 1
                if self.barred:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
                except OSError:
                    near.close()
                    continue
                link = _Link(near, far)
                with self._lock:
                    self._links.append(link)
                self._start(self._down, link)
                self._start(self._up, link)

    def _up(self, link: _Link) -> None:
        """Hand on what the session asks."""
        with link.serving():
            while data := self._take(link, link.near):
                link.far.sendall(data)

    def _down(self, link: _Link) -> None:
        """Hand on what the PBX says."""
        held = b""
        with link.serving():
            while data := self._take(link, link.far):
                self.said += len(data)
                held += data
                ready, held = self._ready(held)
                self._say(link, ready)

    def _take(self, link: _Link, source: socket.socket) -> bytes:
        """Wait for bytes; none are taken while all is stalled, so that the sender notices it."""
        while not link.ended:
            if self.stalled:
                time.sleep(TICK)
            elif select.select([source], [], [], TICK)[0] and not self.stalled:
                return source.recv(4096 if self.speed else BLOCK)
        return b""

    def _ready(self, held: bytes) -> tuple[bytes, bytes]:
        """Part what may be handed on now from what is held back."""
        if self.gather is not None and len(held) < self.gather:
            return b"", held
        if self.change is None:
            return held, b""
        if held.startswith(b"Asterisk Call Manager/"):
            banner, _, held = held.partition(b"\r\n")  # it has no empty line behind it
            return banner + b"\r\n", held
        *whole, rest = held.split(b"\r\n\r\n")
        return b"".join(b"".join(self.change(one + b"\r\n\r\n")) for one in whole), rest

    def _say(self, link: _Link, data: bytes) -> None:
        while data and not link.ended:
            piece, speed = self.piece, self.speed
            some = data[: piece or len(data)]
            data = data[len(some) :]
            link.near.sendall(some)
            if speed:
                time.sleep(len(some) / speed)


class _Link:
    """One connection, with its two sides."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.ended = False
        self._serving = 2
        self._far_stays = False
        self._lock = threading.Lock()
        for side in (near, far):
            side.settimeout(None)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve one direction; whoever is the last closes."""
        try:
            with contextlib.suppress(OSError):
                yield
        finally:
            if not self.ended and not self._far_stays:
                self._shut(self.near, self.far)
            self.ended = True
            with self._lock:
                self._serving -= 1
                if not self._serving:
                    self.near.close()
                    if not self._far_stays:
                        self.far.close()

    def end(self, *, rudely: bool = False) -> None:
        """End both sides; what is still on its way is lost."""
        if rudely:
            with contextlib.suppress(OSError):
                self.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ended = True
        if not rudely:
            self._shut(self.near)
        self._shut(self.far)
        if self._far_stays:
            self.far.close()

    def end_near(self) -> None:
        """End the session's side alone."""
        self._far_stays = True
        self.ended = True
        self._shut(self.near)

    @staticmethod
    def _shut(*sides: socket.socket) -> None:
        for side in sides:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
