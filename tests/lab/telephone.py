"""Telephones: each plays scenes (it answers, rings, refuses, calls) that sipp acts out."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Protocol, Self

from tests.lab.ports import free_port

SCENARIOS = Path(__file__).parent / "scenarios"

#: For whoever does nothing until the other side does something: a day.
_FOR_EVER = 86_400.0


class TelephoneError(RuntimeError):
    """A telephone did not do what it was to do; the message has what sipp said."""


class Exchange(Protocol):
    """What a telephone has to know of the PBX that it belongs to."""

    host: str
    sip_port: int

    def hang_up(self, device: str) -> None:
        """End the channels of a device."""


def is_installed() -> bool:
    """Whether sipp is there to play the telephones."""
    return shutil.which("sipp") is not None


class Telephone:
    """The telephone of one device of the sample configuration.

    Every method gives a `Scene`: the telephone does as it says inside a ``with``.

    Examples
    --------
    >>> with pbx.telephone("2222").answers(after=0.2):
    ...     with pbx.telephone("30").calls("2222") as call:
    ...         call.wait_answered()
    """

    def __init__(self, pbx: Exchange, device: str) -> None:
        self.device = device
        #: Where Asterisk reaches it, as the instance's configuration says.
        self.port = free_port(socket.SOCK_DGRAM)
        self._pbx = pbx
        self._scenes: set[Scene] = set()

    def __repr__(self) -> str:
        return f"<Telephone {self.device} on {self._pbx.host}:{self.port}>"

    def answers(self, *, after: float = 0.2, seconds: float | None = None) -> Scene:
        """It rings for `after` seconds, is answered, and hangs up after `seconds`, or never."""
        talk = _FOR_EVER if seconds is None else seconds
        return self._scene("answer", ring=_milliseconds(after), talk=_milliseconds(talk))

    def rings(self) -> Scene:
        """It rings until the caller gives up."""
        return self.answers(after=_FOR_EVER)

    def refuses(self, code: int = 486) -> Scene:
        """It refuses: 486 says busy, 603 declined, 480 nobody there."""
        return self._scene("refuse", code=str(code))

    def calls(self, number: str, *, seconds: float | None = None) -> Call:
        """It calls `number` and hangs up `seconds` after the answer, or when told to."""
        talk = _FOR_EVER if seconds is None else seconds
        values = {"device": self.device, "number": number, "talk": _milliseconds(talk)}
        return Call(self._pbx, self.device, free_port(socket.SOCK_DGRAM), values, self._scenes)

    def close(self) -> None:
        """End whatever it still plays."""
        for scene in list(self._scenes):
            scene.end()

    def _scene(self, scenario: str, **values: str) -> Scene:
        return Scene(self._pbx, self.device, self.port, scenario, values, self._scenes)


class Scene:
    """A telephone in action: a sipp process that runs inside the ``with``, and never after."""

    def __init__(
        self,
        pbx: Exchange,
        device: str,
        port: int,
        scenario: str,
        values: dict[str, str],
        running: set[Scene],
    ) -> None:
        self.device = device
        self.port = port
        self._pbx = pbx
        self._scenario = scenario
        self._values = values
        self._running = running
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def start(self) -> None:
        """Begin, and wait until the telephone is reachable."""
        folder = Path(tempfile.mkdtemp(prefix="telephone-"))
        self._folder = folder
        self._running.add(self)
        template = Template((SCENARIOS / f"{self._scenario}.xml").read_text())
        scenario = folder / "scenario.xml"
        # [$cseq] and its like are sipp's own variables, ours are those that we know.
        scenario.write_text(template.safe_substitute(self._values))
        with (folder / "sipp.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["sipp", *self._options(), "-sf", str(scenario)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._wait(lambda: _is_bound(self.port), 5.0, "is not reachable")

    def end(self) -> None:
        """Hang up, and end the process."""
        if self._process is not None:
            if self._process.poll() is None:
                self._say_goodbye(self._process)
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._running.discard(self)

    def _options(self) -> list[str]:
        host = self._pbx.host
        here = ["-i", host, "-p", str(self.port), "-ci", host, "-nostdin"]
        errors = ["-trace_err", "-error_file", "errors.log"]
        return [*here, *errors, f"{host}:{self._pbx.sip_port}"]

    def _say_goodbye(self, process: subprocess.Popen[bytes]) -> None:
        """Let calls end while there is still somebody to answer the BYE."""
        # Asterisk may be gone before its telephones; then there is no call to end.
        with contextlib.suppress(RuntimeError):
            self._pbx.hang_up(self.device)

    def _wait(self, reached: Callable[[], bool], seconds: float, failure: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while not reached():
            if self._process.poll() is not None or time.monotonic() > deadline:
                # What was to be reached may have come just before the end.
                if reached():
                    return
                said = self._read("errors.log") or self._read("sipp.log")
                self.end()
                raise TelephoneError(f"The telephone {self.device} {failure}:\n{said[-2000:]}")
            time.sleep(0.01)

    def _read(self, name: str) -> str:
        if self._folder is None or not (self._folder / name).exists():
            return ""
        return (self._folder / name).read_text(errors="replace")


class Call(Scene):
    """A call that a telephone makes."""

    def __init__(
        self,
        pbx: Exchange,
        device: str,
        port: int,
        values: dict[str, str],
        running: set[Scene],
    ) -> None:
        super().__init__(pbx, device, port, "call", values, running)
        self._call_id = f"call-{uuid.uuid4().hex}"

    @property
    def is_answered(self) -> bool:
        """Whether it was answered, be it over or not."""
        return "answered" in self._read("answers.log")

    @property
    def is_over(self) -> bool:
        """Whether it ended, in whatever way."""
        return self._process is None or self._process.poll() is not None

    def wait_answered(self, seconds: float = 10.0) -> None:
        """Wait for the answer.

        Raises
        ------
        TelephoneError
            When it is refused, or nobody answers in time.
        """
        self._wait(lambda: self.is_answered, seconds, "was not answered")

    def wait_over(self, seconds: float = 30.0) -> None:
        """Wait until it ended.

        Raises
        ------
        TelephoneError
            When it did not in time.
        """
        self._wait(lambda: self.is_over, seconds, "has not hung up")

    def hang_up(self) -> None:
        """Hang up, or give up when it still rings at the other end."""
        process = self._process
        if process is None or self.is_over:
            return
        # sipp cannot be told to hang up, but it takes any message with its call's id for one of
        # that call; the scenario waits for this one.
        cue = [
            "INFO sip:telephone SIP/2.0",
            "Via: SIP/2.0/UDP tests;branch=z9hG4bK-hang-up",
            "From: <sip:tests>;tag=tests",
            "To: <sip:telephone>;tag=telephone",
            f"Call-ID: {self._call_id}",
            "CSeq: 1 INFO",
            "Content-Length: 0",
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto("\r\n".join([*cue, "", ""]).encode(), (self._pbx.host, self.port))
        try:
            crossed = process.wait(1.0) != 0
        except subprocess.TimeoutExpired:
            crossed = True
        if crossed:  # its giving up, with the answer: sipp knows no way on from there
            super()._say_goodbye(process)

    def _options(self) -> list[str]:
        once = ["-m", "1", "-cid_str", self._call_id]
        return [*super()._options(), *once, "-trace_logs", "-log_file", "answers.log"]

    def _say_goodbye(self, process: subprocess.Popen[bytes]) -> None:
        self.hang_up()


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _is_bound(port: int) -> bool:
    """Whether somebody listens on a UDP port. To try it would be to take it away from sipp."""
    local = f":{port:04X} "
    return any(local in line[:30] for line in Path("/proc/net/udp").read_text().splitlines())
