"""A connection to a manager interface: bytes over TCP, IPv4 or IPv6, plain or TLS."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from ast_notebook.ami.elapsed import elapsed
from ast_notebook.ami.lookout import Lookout

BLOCK = 256 * 1024
LOOK = 1.0  # seconds between two checks of a silent connection, which show until when it was up
ASLEEP = 3.0  # seconds between two checks that mean that the machine or the process has slept
SLICE = 0.2  # seconds after which a wait that nothing can wake checks whether to go on


class HandshakeFailed(OSError):
    """The other side accepted the connection, but did not do a TLS handshake."""


class Connection:
    """One connection, read by one thread and written by any.

    The socket does not block: OpenSSL allows one call at a time on a connection, so a TLS reader
    waits outside of the lock that the writers need.

    Whoever holds `turn` may read. The thread that made the connection holds it, except while it
    waits for bytes: then another thread can have a short turn, see `Shortcut`.

    Parameters
    ----------
    host : str
        A name, an IPv4 or an IPv6 address.
    port : int
    timeout : float
        Seconds that connecting may take, and that sending may take.
    tls : ssl.SSLContext, optional
        How to verify and encrypt; without it, the connection is plain text.
    wanted : callable
        It is called now and then while connecting; if it returns False, connecting is given up.

    Attributes
    ----------
    current : float
        A moment on the clock of `elapsed`: everything that had come until then has been read.
    turn : threading.Lock
    unfinished : callable or None
        What has to be done first in the next turn, since the last one may have been interrupted.
    lent : threading.Lock
        A thread holds it for which the reader does not watch the socket.
    lookout : Lookout

    Raises
    ------
    OSError
        If no connection can be made; the subclass `HandshakeFailed` or `ssl.SSLError`, if TLS
        failed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        tls: ssl.SSLContext | None,
        wanted: Callable[[], bool],
    ) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self.turn = threading.Lock()
        self.unfinished: Callable[[], None] | None = None
        self.lent = threading.Lock()
        self._wanted = wanted
        deadline = time.monotonic() + timeout
        self._socket = self._dial(host, port, deadline)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                try:
                    self._shake_hands(tls, host, deadline)
                except TimeoutError:
                    raise HandshakeFailed("did not answer") from None
                except ConnectionError:
                    raise HandshakeFailed("broke off") from None
            self.current = self._read = elapsed()
            self._slept = False
            self.lookout = Lookout(self._socket)
        except BaseException:
            self._socket.close()
            raise
        self.turn.acquire()

    def _dial(self, host: str, port: int, deadline: float) -> socket.socket:
        """Try each address of the name in turn, sharing out the time between them."""
        error: OSError | None = None
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for number, (family, kind, protocol, _, address) in enumerate(found):
            share = (deadline - time.monotonic()) / (len(found) - number)
            dialled = socket.socket(family, kind, protocol)
            dialled.setblocking(False)
            try:
                with contextlib.suppress(BlockingIOError):
                    dialled.connect(address)
                self._wait(dialled, selectors.EVENT_WRITE, time.monotonic() + share)
                code = dialled.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, os.strerror(code))
                return dialled
            except OSError as failed:
                dialled.close()
                error = failed
        raise error or OSError(f"the name {host} has no address")

    def _shake_hands(self, tls: ssl.SSLContext, host: str, deadline: float) -> None:
        encrypted = tls.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False
        )
        self._socket = encrypted
        while True:
            try:
                encrypted.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._wait(encrypted, selectors.EVENT_READ, deadline)
            except ssl.SSLWantWriteError:
                self._wait(encrypted, selectors.EVENT_WRITE, deadline)

    def _wait(self, one: socket.socket, what: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(one, what)
            while not selector.select(max(0.0, min(SLICE, deadline - time.monotonic()))):
                if not self._wanted():
                    raise ConnectionAbortedError("closed while it was being made")
                if time.monotonic() >= deadline:
                    raise TimeoutError("no answer in the time allowed")

    def receive(self, timeout: float) -> bytes:
        """Return the bytes that have come, up to a large block; empty at the end of the connection.

        Raises
        ------
        TimeoutError
            If nothing came for `timeout` seconds.
        OSError
            If the connection broke.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                with self._lock:
                    data = self._received()
                self._note(is_empty=False)
                return data
            except (BlockingIOError, ssl.SSLWantReadError):
                self._note(is_empty=True)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"nothing came for {timeout:g} s") from None
                self._await(min(left, LOOK))
            except ssl.SSLWantWriteError:
                self._wait(self._socket, selectors.EVENT_WRITE, time.monotonic() + timeout)

    def _await(self, seconds: float) -> None:
        """Wait for bytes, and let other threads have a turn meanwhile."""
        self.turn.release()
        try:
            came = self.lookout.wait(seconds)
        finally:
            self.turn.acquire()
        self.finish()
        if not came and not self.lent.locked():
            self.lookout.look()  # a thread may have been interrupted before it did this

    def finish(self) -> None:
        """Do what the last turn left undone; only for whoever has the turn."""
        if self.unfinished is not None:
            self.unfinished()

    @property
    def can_be_looked_at(self) -> bool:
        """Whether the bytes can be looked at before they are read; those of TLS cannot."""
        return Lookout.can_look_away and not isinstance(self._socket, ssl.SSLSocket)

    def fileno(self) -> int:
        """Return the file descriptor of the socket."""
        return self._socket.fileno()

    def look_at(self, size: int) -> bytes:
        """Return the bytes that have come, up to so many, and leave them in the socket."""
        return self._socket.recv(size, socket.MSG_PEEK)

    def take(self, size: int, taken: list[bytes]) -> None:
        """Read so many bytes of those that were looked at, and append them to a list.

        Python runs no handler of a signal between the two, since both are one call into C: an
        interruption leaves the bytes in the socket or in the list.
        """
        taken.extend(map(self._socket.recv, (size,)))

    def _note(self, *, is_empty: bool) -> None:
        """Note the moment of a read; `is_empty` means that it found neither bytes nor the end.

        After the machine or the process has slept, the bytes that are read first may have come at
        any time during the sleep. They do not show that the connection is up now. Only a read that
        finds neither bytes nor the end shows it.
        """
        now = elapsed()
        self._slept = not is_empty and (self._slept or now - self._read > ASLEEP)
        self._read = now
        if not self._slept:
            self.current = now

    def _received(self) -> bytes:
        """Return the waiting bytes; with TLS, those of all records, since each event is one."""
        data = self._socket.recv(BLOCK)
        if not isinstance(self._socket, ssl.SSLSocket):
            return data
        parts, size = [data], len(data)
        while data and size < BLOCK:
            try:
                data = self._socket.recv(BLOCK)
            except OSError:  # nothing more for now, or an error that the next call will raise, too
                break
            parts.append(data)
            size += len(data)
        return b"".join(parts)

    def send(self, data: bytes | memoryview) -> None:
        """Send all bytes, or shut the connection and raise; messages of several threads never mix.

        Any exception halfway shuts the connection, a KeyboardInterrupt too, since nothing may
        follow half a message.
        """
        with self._sending:
            try:
                self._send(memoryview(data))
            except BaseException:
                self.shut()
                raise

    def _send(self, view: memoryview) -> None:
        deadline = time.monotonic() + self._timeout
        while view:
            try:
                with self._lock:
                    sent = self._socket.send(view)
                view = view[sent:]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self.lookout.look()  # Asterisk may read again once it has sent what it has to send
                self._wait(self._socket, selectors.EVENT_WRITE, deadline)
            except ssl.SSLWantReadError:
                self._wait(self._socket, selectors.EVENT_READ, deadline)

    def shut(self) -> None:
        """End the connection, from any thread: the reader wakes and sees the end."""
        with contextlib.suppress(OSError):
            # The TLS socket's own method would remove the encryption while the reader still uses
            # it.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; only for the reader's thread, once it has stopped reading."""
        self.lookout.close()
        self._socket.close()
        self.turn.release()  # a thread may be waiting for it
