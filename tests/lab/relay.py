"""A relay between two Asterisks that loses and delays voice, and counts what it really did.

It takes the place of the other side of a SIP trunk: it passes SIP on, and writes its own ports
into the SDP, so that RTP and RTCP come to it, too. RTP is lost and delayed by a seeded plan, RTCP
is only delayed. What it tells does not depend on how fast the machine is: what was lost is known
by sequence numbers, and a delay ends when a packet really goes on.
"""

from __future__ import annotations

import heapq
import itertools
import random
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
RATE = 8000  # of G.711


@dataclass(frozen=True)
class Harm:
    """What is done to RTP, in each direction.

    Attributes
    ----------
    loss : float
        The share of packets that are lost.
    delay : float
        Seconds by which RTP and RTCP are delayed.
    jitter : float
        Seconds by which RTP is delayed at most besides, at random. Below 20 ms, no packet overtakes
        another one.
    """

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0


@dataclass
class Stream:
    """The RTP of one direction: what came, what was lost, and when the rest went on."""

    lost: set[int] = field(default_factory=set)
    passed: dict[int, tuple[float, int]] = field(default_factory=dict)
    highest: int = -1
    held: list[float] = field(default_factory=list)

    def extended(self, number: int) -> int:
        """Return a sequence number with its cycles, as it is the next one after the highest."""
        if self.highest < 0:
            self.highest = number
            return number
        step = (number - self.highest + 0x8000) % 0x10000 - 0x8000
        return self.highest + step

    def lost_until(self, number: int) -> int:
        """Return how many packets were lost up to a sequence number, after the first that passed.

        A receiver does not know what was lost before the first packet that it has.
        """
        first = min(self.passed)
        return sum(first < one <= number for one in self.lost)

    def expected_until(self, number: int) -> int:
        """Return how many packets a receiver expects up to a sequence number."""
        return number - min(self.passed) + 1

    @property
    def jitter(self) -> float:
        """The mean of the interarrival jitter (RFC 3550, 6.4.1) of what went on, in seconds."""
        value, before, values = 0.0, None, []
        for at, stamp in (self.passed[number] for number in sorted(self.passed)):
            transit = at - stamp / RATE
            if before is not None:
                value += (abs(transit - before) - value) / 16
                values.append(value)
            before = transit
        return sum(values) / len(values)


class Relay:
    """A relay between two Asterisks; `join` tells it where they are.

    Attributes
    ----------
    near_one, near_other : int
        The ports at which each of them finds the other one.
    harm : Harm
        What is done to the voice of calls that begin from now on.
    calls : list of dict of str to Stream
        The voice of each call that went ``to one`` and ``to other`` of them.
    """

    def __init__(self) -> None:
        self.harm = Harm()
        self.calls: list[dict[str, Stream]] = []
        self._selector = selectors.DefaultSelector()
        self._one, self._other = _socket(), _socket()
        self.near_one = int(self._one.getsockname()[1])
        self.near_other = int(self._other.getsockname()[1])
        self._voices: dict[str, _Voice] = {}
        self._later: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        self._random = random.Random(14)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def join(self, one: int, other: int) -> None:
        """Begin to pass on what the two Asterisks with these SIP ports send to each other."""
        self.watch(self._one, lambda data: self._sip(data, "other", self._other, other))
        self.watch(self._other, lambda data: self._sip(data, "one", self._one, one))
        self._thread.start()

    def treat(self, harm: Harm) -> None:
        """Do this to the voice of all calls from now on, those that have begun included."""
        self.harm = harm
        for voice in list(self._voices.values()):
            voice.harm = harm

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            wait = 0.1
            if self._later:
                wait = min(wait, max(0.0, self._later[0][0] - time.monotonic()))
            for key, _ in self._selector.select(wait):
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                except OSError:
                    continue  # nobody is at the port that was sent to before
                key.data(data)
            while self._later and self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2](time.monotonic())

    def watch(self, one: socket.socket, heard: Callable[[bytes], None]) -> None:
        """Have what comes to a socket given to a function."""
        self._selector.register(one, selectors.EVENT_READ, heard)

    def after(self, seconds: float, work: Callable[[float], None]) -> None:
        """Do something after some seconds; it is given the time at which it really happens."""
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), work))

    def _sip(self, data: bytes, to: str, way: socket.socket, port: int) -> None:
        head, gap, body = data.partition(b"\r\n\r\n")
        audio = re.search(rb"m=audio (\d+) ", body)
        call = re.search(rb"(?im)^(?:call-id|i)\s*:\s*(\S+)", head)
        if audio and call:
            name = call[1].decode()
            if name not in self._voices:
                streams = {"to one": Stream(), "to other": Stream()}
                self._voices[name] = _Voice(self, self.harm, streams, self._random)
                self.calls.append(streams)
            # The sender wants to have the voice of the other side there.
            own = self._voices[name].place("one" if to == "other" else "other", int(audio[1]))
            body = body.replace(audio[0], b"m=audio %d " % own)
            head = re.sub(
                rb"(?im)^(content-length|l)\s*:.*$", b"Content-Length: %d" % len(body), head
            )
        way.sendto(head + gap + body, (HOST, port))


class _Voice:
    """The voice of one call: a pair of ports for each side, and where the side itself is."""

    def __init__(
        self, relay: Relay, harm: Harm, streams: dict[str, Stream], chance: random.Random
    ) -> None:
        self._relay = relay
        self.harm = harm
        self._streams = streams
        self._random = chance
        self._at: dict[str, int] = {}
        self._pairs = {side: _pair() for side in ("one", "other")}
        for side, (rtp, rtcp) in self._pairs.items():
            relay.watch(rtp, lambda data, to=side: self._rtp(data, to))  # type: ignore[misc]
            relay.watch(rtcp, lambda data, to=side: self._rtcp(data, to))  # type: ignore[misc]

    def place(self, side: str, port: int) -> int:
        """Note where a side has its voice, and return the port that stands for it."""
        self._at[side] = port
        return int(self._pairs[side][0].getsockname()[1])

    def _rtp(self, data: bytes, to: str) -> None:
        stream = self._streams[f"to {to}"]
        number = stream.extended(int.from_bytes(data[2:4], "big"))
        stamp = int.from_bytes(data[4:8], "big")
        stream.highest = max(stream.highest, number)
        if self._random.random() < self.harm.loss:
            stream.lost.add(number)
            return

        def pass_on(now: float) -> None:
            stream.passed[number] = now, stamp
            self._send(data, to, 0)

        self._relay.after(self.harm.delay + self._random.random() * self.harm.jitter, pass_on)

    def _rtcp(self, data: bytes, to: str) -> None:
        came = time.monotonic()

        def pass_on(now: float) -> None:
            self._streams[f"to {to}"].held.append(now - came)
            self._send(data, to, 1)

        self._relay.after(self.harm.delay, pass_on)

    def _send(self, data: bytes, to: str, what: int) -> None:
        # What comes from the other side has to come from where its voice is said to be.
        own = self._pairs["other" if to == "one" else "one"][what]
        if to in self._at:
            own.sendto(data, (HOST, self._at[to] + what))


def _socket(port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    try:
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return sockets of an even port, and of the next one."""
    while True:
        first = _socket()
        port = int(first.getsockname()[1])
        if port % 2 == 0:
            try:
                return first, _socket(port + 1)
            except OSError:
                pass
        first.close()
