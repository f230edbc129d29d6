"""The demo on a thread of the tests, and a client of either PBX."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

import pytest

from ast_notebook.demo.server import Plan, Server

Headers = list[tuple[str, str]]


class Wire:
    """A client of the manager interface that hides nothing."""

    opened: ClassVar[list[Wire]] = []

    def __init__(self, port: int, username: str = "panel", secret: str = "secret") -> None:
        Wire.opened.append(self)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.events: list[Headers] = []
        self.closed = False
        self._buffer = b""
        self._count = 0
        while b"\r\n" not in self._buffer:
            self._buffer += self.socket.recv(100)
        self.greeting, _, self._buffer = self._buffer.partition(b"\r\n")
        if username:
            self.login = self.ask(Action="Login", Username=username, Secret=secret)[0]

    def send(self, **fields: object) -> str:
        self._count += 1
        key = f"q{self._count}"
        lines = [
            f"{name}: {value}\r\n"
            for name, values in {**fields, "ActionID": key}.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        self.socket.sendall(("".join(lines) + "\r\n").encode())
        return key

    def ask(self, **fields: object) -> list[Headers]:
        """Send an action; give back its response, and the list that follows it."""
        key = self.send(**fields)
        answer: list[Headers] = []
        while not self.closed:
            message = self.read(10)
            if message is None:
                raise TimeoutError(fields)
            if dict(message).get("ActionID") != key or message[0][1] == "OriginateResponse":
                self.events.append(message)
                continue
            answer.append(message)
            told = dict(message)
            if answer[0] is message and told.get("EventList") != "start":
                break
            if told.get("EventList") == "Complete":
                break
        return answer

    def read(self, seconds: float) -> Headers | None:
        """Give back the next message; None if none comes."""
        deadline = time.monotonic() + seconds
        while b"\r\n\r\n" not in self._buffer:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            if not data:
                self.closed = True
                return None
            self._buffer += data
        block, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = block.decode("utf-8", "surrogateescape").strip("\r\n").split("\r\n")
        message = [
            (name, value.lstrip(" ")) for name, _, value in (x.partition(":") for x in lines)
        ]
        return message if block.strip() else self.read(max(0.0, deadline - time.monotonic()))

    def listen(self, seconds: float) -> None:
        """Take in events for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.closed:
            message = self.read(left)
            if message is not None:
                self.events.append(message)

    def wait(
        self, event: str, seconds: float = 10.0, count: int = 1, **told: str
    ) -> dict[str, str]:
        """Take in events until one of these came so many times, and give it back."""
        deadline = time.monotonic() + seconds
        position = 0
        while True:
            for message in self.events[position:]:
                headers = dict(message)
                if headers.get("Event") == event and told.items() <= headers.items():
                    count -= 1
                    if count == 0:
                        return headers
            position = len(self.events)
            message_or_none = self.read(deadline - time.monotonic())
            if message_or_none is None:
                raise TimeoutError(f"no {event} {told} came")
            self.events.append(message_or_none)

    def close(self) -> None:
        self.socket.close()


class Stage(Protocol):
    """A PBX that scenes are played on, real or not."""

    tech: str
    port: int

    def answers(self, device: str, after: float, seconds: float | None = None) -> None: ...
    def rings(self, device: str) -> None: ...
    def refuses(self, device: str, code: int) -> None: ...
    def calls(self, device: str, number: str, seconds: float | None = None) -> None: ...
    def clear(self) -> None: ...


class DemoStage:
    """The demo PBX on a thread of this process, so that its telephones can be played."""

    def __init__(self, plan: Plan) -> None:
        self.tech = plan.tech
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(plan,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        self.port = self.server.manager.port

    def _run(self, plan: Plan) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(plan))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, plan: Plan) -> None:
        self.server = Server(plan)
        await self.server.start()
        self._ready.set()
        await self._stop.wait()
        await self.server.close()

    def do(self, run: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return run()

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    def answers(self, device: str, after: float, seconds: float | None = None) -> None:
        self.do(lambda: self._telephone(device).answers(after, seconds))

    def rings(self, device: str) -> None:
        self.do(lambda: self._telephone(device).only_rings())

    def refuses(self, device: str, code: int) -> None:
        self.do(lambda: self._telephone(device).refuses(code))

    def calls(self, device: str, number: str, seconds: float | None = None) -> None:
        self.do(lambda: self._telephone(device).calls(number, seconds))

    def clear(self) -> None:
        def hang_up() -> None:
            for channel in list(self.server.pbx.channels.values()):
                self.server.pbx.request_hangup(channel)

        self.do(hang_up)

    def _telephone(self, device: str) -> Any:
        return self.server.pbx.telephones[device]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    """No client outlives its test."""
    yield
    while Wire.opened:
        Wire.opened.pop().close()


def originate(wire: Wire, **fields: object) -> None:
    wire.ask(Action="Originate", Async="true", **fields)


def hang_up(wire: Wire, stage: Stage, device: str) -> None:
    wire.ask(Action="Hangup", Channel=f"/^{stage.tech}.{device}-.*$/")
