"""A telephone that a script holds in its hand: it rings, answers, holds, transfers when told to.

sipp plays a part that was written beforehand; a transfer needs one telephone in two calls, whose
second call names the first. This one speaks just as much SIP as that takes, over UDP, silently.
"""

from __future__ import annotations

import queue
import re
import socket
import struct
import threading
import time
import uuid
from urllib.parse import quote

_SDP = (
    "v=0\r\no=phone 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
)
#: How long the other side may take for anything; on a loaded machine it may take long.
PATIENCE = 10.0
#: Seconds after which what was not answered is sent again.
_AGAIN = 0.5
#: Seconds of voice in a packet, and how many calls of a telephone have any.
_FRAME = 0.02
_VOICES = 4


class SoftphoneError(RuntimeError):
    """Something that the script waits for did not happen."""


class Message:
    """A SIP message: its first line, and its headers by their lower-cased names."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode(errors="replace").partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), []).append(value.strip())

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    @property
    def status(self) -> int:
        """The code of a response, 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """What is asked for, or what was answered."""
        return self["cseq"].split()[-1]


class Leg:
    """A telephone's end of one call.

    Attributes
    ----------
    state : str
        ``calling``, ``ringing``, ``up`` or ``over``.
    code : int
        The last SIP response to the INVITE.
    """

    def __init__(self, phone: Softphone, call_id: str, number: str) -> None:
        self.phone = phone
        self.call_id = call_id
        self.number = number
        self.state = "calling"
        self.code = 0
        #: When it came into each state, by `time.monotonic`.
        self.since = {"calling": time.monotonic()}
        #: The PBX's port for voice.
        self.voice = 0
        self.tag = uuid.uuid4().hex[:10]
        self.local = self.remote = self.target = ""
        self.invite: Message | None = None  # theirs, for the one who is called
        #: What was sent and not answered yet, by its method: UDP may lose it.
        self.unanswered: dict[str, bytes] = {}
        self._branch = _branch()
        self._cseq = 0
        self._version = 0
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        return f"<Leg of {self.phone.device} with {self.number}: {self.state}>"

    # --- what the script does ------------------------------------------------------------------

    def answer(self) -> None:
        """Lift the receiver."""
        self.respond(200, "OK", direction="sendrecv")
        self.become("up")

    def refuse(self, code: int = 486) -> None:
        """Refuse: 486 is busy, 603 declined, 480 nobody there."""
        self.respond(code, "Refused")
        self.become("over")

    def forward(self, number: str) -> None:
        """Tell the caller to call somebody else."""
        contact = f"Contact: <sip:{number}@127.0.0.1:{self.phone.sip_port}>"
        self.respond(302, "Moved Temporarily", contact)
        self.become("over")

    def hang_up(self) -> None:
        """Put the receiver down; give up, if the other side has not answered yet."""
        if self.state == "up":
            self.request("BYE")
        elif self.state != "over":
            self._cancel()
        self.become("over")

    def hold(self) -> None:
        """Let the other side wait."""
        self.request("INVITE", direction="sendonly")

    def resume(self) -> None:
        """Talk again."""
        self.request("INVITE", direction="sendrecv")

    def refer(self, number: str) -> None:
        """Transfer the other side blindly."""
        self._refer(f"sip:{number}@127.0.0.1:{self.phone.sip_port}")

    def refer_to(self, other: Leg) -> None:
        """Transfer the other side to the other side of `other`, which this telephone is in, too."""
        theirs = re.search(r"tag=([^;>\s]+)", other.remote)
        replaces = f"{other.call_id};to-tag={theirs[1] if theirs else '0'};from-tag={other.tag}"
        number = f"sip:{other.number}@127.0.0.1:{self.phone.sip_port}"
        self._refer(f"{number}?Replaces={quote(replaces, safe='')}")

    def wait(self, *states: str, seconds: float = PATIENCE) -> None:
        """Wait until it is in one of these states.

        Raises
        ------
        SoftphoneError
            When it is not in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.state in states, seconds):
                raise SoftphoneError(f"{self!r} is not {' or '.join(states)} (code {self.code})")

    # --- what goes over the wire ---------------------------------------------------------------

    def become(self, state: str) -> None:
        """Change its state; over is over."""
        with self._changed:
            if self.state not in ("over", state):
                self.state = state
                self.since[state] = time.monotonic()
                self._changed.notify_all()

    def hear(self, message: Message) -> None:
        """Note where the PBX wants to have the voice."""
        if audio := re.search(r"m=audio (\d+)", message.body):
            self.voice = int(audio[1])

    def call(self) -> None:
        """Send the INVITE."""
        here = f"127.0.0.1:{self.phone.port}"
        there = f"127.0.0.1:{self.phone.sip_port}"
        self.target = f"sip:{self.number}@{there}"
        self.local = f"<sip:{self.phone.user}@{here}>;tag={self.tag}"
        self.remote = f"<{self.target}>"
        self.request("INVITE", direction="sendrecv", branch=self._branch)

    def request(
        self, method: str, *more: str, direction: str = "", branch: str = "", cseq: int = 0
    ) -> None:
        """Send a request inside this call."""
        if not cseq:
            self._cseq += 1
        if method == "INVITE":
            self._branch = branch = branch or _branch()
        message = text_of(
            f"{method} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.phone.port};branch={branch or _branch()}",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq or self._cseq} {method}",
            f"Contact: <sip:{self.phone.device}@127.0.0.1:{self.phone.port}>",
            "Max-Forwards: 70",
            f"User-Agent: {self.phone.device}",
            *more,
            body=self._sdp(direction),
        )
        if method != "ACK":
            # Before it is sent: the answer may be there sooner than this thread goes on.
            self.unanswered[method] = message
        self.phone.send(message)

    def respond(self, code: int, reason: str, *more: str, direction: str = "") -> None:
        """Answer the INVITE that began this call."""
        assert self.invite is not None
        self.code = code
        message = self.phone.answer(
            self.invite, code, reason, *more, tag=self.tag, body=self._sdp(direction)
        )
        if code >= 200:
            self.unanswered["ACK"] = message
        self.phone.send(message)

    def acknowledge(self, response: Message) -> None:
        """Send the ACK that a final response to our INVITE wants."""
        # That of a refusal is part of the INVITE's transaction, that of an answer its own.
        branch = self._branch if response.status >= 300 else ""
        cseq = int(response["cseq"].split()[0])
        self.remote = response["to"]
        self.request("ACK", branch=branch, cseq=cseq)

    def _cancel(self) -> None:
        self.request("CANCEL", branch=self._branch, cseq=self._cseq)

    def _refer(self, target: str) -> None:
        self.request("REFER", f"Refer-To: <{target}>", f"Referred-By: <sip:{self.phone.device}>")

    def _sdp(self, direction: str) -> str:
        if not direction:
            return ""
        self._version += 1
        return _SDP.format(version=self._version, direction=direction)


class Softphone:
    """The telephone of one device, on the port that the PBX knows it by.

    Parameters
    ----------
    device : str
        Its number, or the name of its peer.
    port, sip_port : int
        Its own port and the PBX's, on the loopback interface.
    """

    def __init__(self, device: str, port: int, sip_port: int) -> None:
        self.device = device
        self.port = port
        self.sip_port = sip_port
        #: Who it says that it is, when it calls.
        self.user = device
        #: Whether it answers everything by itself, at once.
        self.answers_at_once = False
        #: The code by which it refuses everything without ringing; 0 for none.
        self.refuses_at_once = 0
        self.incoming: queue.Queue[Leg] = queue.Queue()
        self._legs: dict[str, Leg] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise OSError(error.errno, f"{error.strerror}: port {port} of {device}") from None
        self._socket.settimeout(_AGAIN)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"phone-{device}", daemon=True)
            for work in (self._listen, self._speak)
        ]
        for thread in self._threads:
            thread.start()

    def calls(self, number: str) -> Leg:
        """Dial a number."""
        leg = Leg(self, f"{uuid.uuid4().hex}@phone", number)
        self._legs[leg.call_id] = leg
        leg.call()
        return leg

    def rings(self, seconds: float = PATIENCE) -> Leg:
        """Wait until it rings.

        Raises
        ------
        SoftphoneError
            When nobody calls.
        """
        try:
            return self.incoming.get(timeout=seconds)
        except queue.Empty:
            raise SoftphoneError(f"{self.device} does not ring") from None

    def close(self) -> None:
        """Pull the plug."""
        for leg in self._legs.values():
            if leg.state in ("calling", "up"):
                leg.hang_up()
        time.sleep(0.05)
        self._closing.set()
        self._socket.close()
        for thread in self._threads:
            thread.join(1.0)

    def send(self, message: bytes) -> None:
        """Send a message to the PBX."""
        self._socket.sendto(message, ("127.0.0.1", self.sip_port))

    def reply(
        self, request: Message, code: int, reason: str, *more: str, tag: str, body: str = ""
    ) -> None:
        """Answer a request."""
        self.send(self.answer(request, code, reason, *more, tag=tag, body=body))

    def answer(
        self, request: Message, code: int, reason: str, *more: str, tag: str, body: str = ""
    ) -> bytes:
        """Return the answer to a request."""
        to = request["to"]
        return text_of(
            f"SIP/2.0 {code} {reason}",
            *(f"Via: {via}" for via in request.headers["via"]),
            f"From: {request['from']}",
            f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}",
            f"Call-ID: {request['call-id']}",
            f"CSeq: {request['cseq']}",
            *(more or (f"Contact: <sip:{self.device}@127.0.0.1:{self.port}>",)),
            body=body,
        )

    def _listen(self) -> None:
        again = time.monotonic() + _AGAIN
        while True:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                data = b""
            except OSError:
                return
            if time.monotonic() > again:
                self._send_again()
                again = time.monotonic() + _AGAIN
            if not data.strip():
                continue
            message = Message(data)
            leg = self._legs.get(message["call-id"])
            if message.status:
                if leg is not None:
                    self._answered(leg, message)
            else:
                self._asked(leg, message)

    def _speak(self) -> None:
        """Send silence to whoever listens: some of Asterisk waits until it hears something."""
        number = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            while not self._closing.wait(_FRAME):
                number += 1
                header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, 1)
                up = [leg for leg in list(self._legs.values()) if leg.state == "up" and leg.voice]
                for leg in up[:_VOICES]:
                    mouth.sendto(header + b"\xff" * 160, ("127.0.0.1", leg.voice))

    def _send_again(self) -> None:
        for leg in list(self._legs.values()):
            for message in list(leg.unanswered.values()):
                self.send(message)

    def _answered(self, leg: Leg, response: Message) -> None:
        leg.unanswered.pop(response.method, None)
        if response.method != "INVITE":
            return
        leg.code = response.status
        if response.status < 200:
            if response.status >= 180 and leg.state != "up":  # UDP may bring it too late
                leg.become("ringing")
                leg.remote = response["to"]
            return
        leg.hear(response)
        # A Contact is where the call's further requests go.
        contact = re.search(r"<(sip:[^>]+)>", response["contact"])
        if contact and response.status < 300:
            leg.target = contact[1]
        leg.acknowledge(response)
        if response.status < 300:
            leg.become("up")
        elif leg.state != "up":  # up: they did not like to be held
            leg.become("over")

    def _asked(self, leg: Leg | None, request: Message) -> None:
        method = request.method
        tag = leg.tag if leg else "none"
        if method == "ACK":
            if leg is not None:
                leg.unanswered.pop("ACK", None)
            return
        if method == "INVITE" and leg is None:
            self._invited(request)
        elif method == "INVITE" and "tag=" in request["to"]:
            assert leg is not None
            sdp = _SDP.format(version=100 + int(request["cseq"].split()[0]), direction="sendrecv")
            self.reply(request, 200, "OK", tag=tag, body=sdp)
        elif method == "INVITE":
            self.reply(request, 180, "Ringing", tag=tag)
        elif method == "CANCEL" and leg is not None:
            self.reply(request, 200, "OK", tag=tag)
            leg.respond(487, "Request Terminated")
            leg.become("over")
        else:
            self.reply(request, 200, "OK", tag=tag)
            if method == "BYE" and leg is not None:
                leg.become("over")

    def _invited(self, request: Message) -> None:
        number = re.search(r"sip:([^@;>]*)@", request["from"])
        leg = Leg(self, request["call-id"], number[1] if number else "")
        self._legs[leg.call_id] = leg
        leg.invite = request
        leg.local = f"{request['to']};tag={leg.tag}"
        leg.remote = request["from"]
        contact = re.search(r"<(sip:[^>]+)>", request["contact"])
        leg.target = contact[1] if contact else f"sip:127.0.0.1:{self.sip_port}"
        leg.hear(request)
        if self.refuses_at_once:
            leg.refuse(self.refuses_at_once)
            return
        leg.become("ringing")
        leg.respond(180, "Ringing")
        if self.answers_at_once:
            leg.answer()
        self.incoming.put(leg)


def text_of(*lines: str, body: str = "") -> bytes:
    """Return a message as it goes over the wire."""
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body]).encode()


def _branch() -> str:
    return f"z9hG4bK{uuid.uuid4().hex[:16]}"
