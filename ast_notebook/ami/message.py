"""What Asterisk sends, cut from bytes into messages: the wire format read, and written safely."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping

from ast_notebook.ami.secret import Secret
from ast_notebook.ami.shapes import Shapes
from ast_notebook.errors import UnsafeText
from ast_notebook.show import plain

END_OF_MESSAGE = b"\r\n\r\n"
FOLLOWS = "Response: Follows"  # an old Asterisk's answer to Command: this line, and no other
END_OF_COMMAND = "--END COMMAND--"
LONGEST_MESSAGE = 32 * 1024 * 1024

# CoreShowChannelMap of 18.19 to 20.8 ends so, and what begins behind it is another message.
_ODD_END = re.compile(rb"\r\n\n+(\r\n|(?=Event: |Response: ))?")
_BEGINNINGS = (b"Event: ", b"Response: ")
# Agents has a bare line feed behind this header of an agent who is in a call.
_AGENT = re.compile(rb"(\r\nCallStarted: \d+)\n(?=[A-Z])")
_PRIVILEGE = ",all"  # how Asterisk ends that header, of events alone
_OF_CHANNEL = re.compile(r"(\w*chanvariable)\(.*\)", re.DOTALL)
_SHORT = 64  # letters of a header's name, so that what is remembered has an end
_shapes = Shapes()

Field = str | int | float | Secret | Iterable[str]


class Message:
    """One message of the manager interface, with the interface of pyst2's messages.

    Headers are looked up in any case. A header sent more than once (``Output``, ``Variable``,
    ``ChanVariable``) is kept whole: its values joined by line feeds as one header, and apart in
    order by `get_all`. ``ChanVariable(CHANNEL)`` is found as ``ChanVariable``. What a dialplan
    sends with a UserEvent under the name of a header of Asterisk's, such as ``Channel``, is
    ``header_Channel``; ``Channel`` itself is Asterisk's word.

    Attributes
    ----------
    headers : dict of str to str
        The headers, spelled as Asterisk spelled them.
    name : str
        The event's name; empty for a response.
    data : str
        The text of a response to ``Command``; empty for all others.
    received : int
        When it was read, in microseconds since 1970 UTC.
    """

    __slots__ = ("_lower", "_repeated", "data", "headers", "name", "received")

    def __init__(
        self,
        headers: dict[str, str],
        name: str = "",
        received: int = 0,
        data: str = "",
        repeated: dict[str, list[str]] | None = None,
    ) -> None:
        self.headers = headers
        self.name = name
        self.received = received
        self.data = data
        self._repeated = repeated
        self._lower: dict[str, str] | None = None

    @property
    def is_garbled(self) -> bool:
        """Whether another message is stuck to it, as what ends the first one was lost."""
        if self._repeated is not None and "Privilege" in self._repeated:
            return True
        return self.headers.get("header_Privilege", "").endswith(_PRIVILEGE)

    def get_header(self, hname: str, defval: str | None = None) -> str | None:
        """Return a header's value, in whatever case it was sent, or `defval`."""
        value = self.headers.get(hname)
        if value is not None:
            return value
        lower = self._lower
        if lower is None:
            # The first of two that differ in case is Asterisk's own.
            lower = self._lower = {plain_name(key): key for key in reversed(self.headers)}
        key = lower.get(hname.lower())
        return defval if key is None else self.headers[key]

    def get_all(self, hname: str) -> list[str]:
        """Return every value of a header in the order sent; empty if it was not."""
        wanted, repeated = hname.lower(), self._repeated or {}
        return [
            one
            for key, value in self.headers.items()
            if plain_name(key) == wanted
            for one in repeated.get(key, (value,))
        ]

    def has_header(self, hname: str) -> bool:
        """Tell whether the header was sent."""
        return self.get_header(hname) is not None

    __contains__ = has_header

    def __getitem__(self, hname: str) -> str:
        """Return a header's value; `KeyError` if it was not sent."""
        value = self.get_header(hname)
        if value is None:
            raise KeyError(hname)
        return value

    def __repr__(self) -> str:
        return plain(f"<{type(self).__name__} {self.name or self.headers.get('Response', '')}>")


class Event(Message):
    """Something that happened on the PBX, or one entry of a list that was asked for.

    Attributes
    ----------
    answer : bool
        True for an entry of a list answer, which this session asked for.
    """

    __slots__ = ("answer",)

    def __init__(
        self,
        headers: dict[str, str],
        name: str = "",
        received: int = 0,
        data: str = "",
        repeated: dict[str, list[str]] | None = None,
    ) -> None:
        # Written out, not by super(): this runs for every event of a flood.
        self.headers = headers
        self.name = name
        self.received = received
        self.data = data
        self._repeated = repeated
        self._lower = None
        self.answer = False

    def get_action_id(self) -> str | None:
        """Return the ActionID of the action that this event belongs to, if any."""
        return self.get_header("ActionID")


class Response(Message):
    """The answer to an action."""

    __slots__ = ()

    @property
    def is_garbled(self) -> bool:
        """Whether an event is stuck to it, as what ends an answer was lost."""
        return self.headers.get("Privilege", "").endswith(_PRIVILEGE)

    @property
    def ok(self) -> bool:
        """Whether Asterisk did as it was asked (an ``Error`` is the one answer that is not)."""
        return self.headers.get("Response", "").lower() != "error"

    @property
    def begins_list(self) -> bool:
        """Whether events that carry the same ActionID follow, up to one that completes them."""
        return (self.get_header("EventList") or "").lower() == "start"


class Framer:
    """Cuts the stream of bytes into the texts of whole messages."""

    def __init__(self) -> None:
        self._rest = b""
        self._follows: list[str] = []
        self._length = 0  # of what follows

    @property
    def torn(self) -> bool:
        """Whether a message has begun that has not ended yet."""
        return bool(self._rest or self._follows)

    @property
    def ends_oddly(self) -> bool:
        """Whether only what follows can tell if the message is over; `end` says that it is."""
        return self._rest.endswith(b"\r\n\n")

    def end(self) -> list[str]:
        """Return the message that `ends_oddly`, as nothing follows."""
        return self.feed(b"\r\n")

    def line(self, data: bytes) -> str | None:
        """Take bytes up to the first line's end, and return that line once it is whole."""
        line, end, rest = (self._rest + data).partition(b"\n")
        if not end:
            self._rest = self._bounded(line)
            return None
        self._rest = rest
        return decode(line).rstrip("\r")

    def feed(self, data: bytes) -> list[str]:
        """Take bytes in, and return the messages that they complete.

        Raises
        ------
        ValueError
            If a message grows beyond 32 MiB: this is no manager interface.
        """
        if self._rest:
            data = self._rest + data
        if b"\r\n\n" in data and not self._follows:
            data = _ODD_END.sub(_mended, data)
        if b"\r\nCallStarted: " in data:
            data = _AGENT.sub(rb"\1\r\n", data)
        end = data.rfind(END_OF_MESSAGE)
        if end < 0:
            self._rest = self._bounded(data)
            return []
        while end >= 2 and data.startswith(END_OF_MESSAGE, end - 2):
            end -= 2  # of several empty lines the first one is the end
        self._rest = self._bounded(data[end + 4 :])
        text = decode(data[:end])
        texts = text.split("\r\n\r\n")
        if self._follows or FOLLOWS in text:
            return list(self._whole(texts))
        return [text for text in map(_stripped, texts) if text]

    def _whole(self, texts: list[str]) -> Iterator[str]:
        """Join what an old Asterisk's command printed with empty lines in between."""
        for text in texts:
            if self._follows:
                self._follows.append(text)
                self._length += len(text)
                if END_OF_COMMAND in text:
                    yield "\r\n\r\n".join(self._follows)
                    self._follows = []
                elif self._length > LONGEST_MESSAGE:
                    self._bounded(b"", over=True)
                continue
            begun = text.lstrip("\r\n")
            if _is_command(begun) and END_OF_COMMAND not in begun:
                self._follows, self._length = [begun], len(begun)
            elif text := _stripped(text):
                yield text

    @staticmethod
    def _bounded(rest: bytes, *, over: bool = False) -> bytes:
        if over or len(rest) > LONGEST_MESSAGE:
            raise ValueError(
                f"a message of more than {LONGEST_MESSAGE} bytes: this does not speak AMI"
            )
        return rest


def _mended(found: re.Match[bytes]) -> bytes:
    """Tell whether odd line ends are the end of a message, or stand between two of its headers."""
    text, behind = found.string, found.string[found.end() : found.end() + 10]
    if found[1] is not None:
        return END_OF_MESSAGE
    if not behind and b"\r\nEventList: Complete" in text[text.rfind(END_OF_MESSAGE) :]:
        return END_OF_MESSAGE
    if any(begins.startswith(behind) for begins in _BEGINNINGS):
        return found[0]  # what comes next will tell
    return b"\r\n"


def _is_command(text: str) -> bool:
    """Tell whether a message is what an old Asterisk's command printed, empty lines and all."""
    return text.startswith(FOLLOWS) and text[len(FOLLOWS) : len(FOLLOWS) + 2] in ("", "\r\n")


def _stripped(text: str) -> str:
    """Take empty lines off a message: they stand between messages, and part them elsewhere."""
    return text.strip("\r\n")


def decode(data: bytes) -> str:
    """Turn bytes into text so that none is lost: UTF-8, and Latin-1 for the lines that are not."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\n".join(map(_decode_line, data.split(b"\n")))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def plain_name(header: str) -> str:
    """Return a header's name in lower case, without the channel that some name in it.

    >>> plain_name("ChanVariable(PJSIP/200-00000001)")
    'chanvariable'
    """
    return _short_name(header) if len(header) <= _SHORT else _plain_name(header)


def _plain_name(header: str) -> str:
    name = header.lower()
    found = _OF_CHANNEL.fullmatch(name) if name.endswith(")") else None
    return found[1] if found else name


_short_name = functools.lru_cache(4096)(_plain_name)


def parse(text: str, received: int = 0) -> Event | Response:
    """Turn the text of one message into an `Event` or a `Response`."""
    known = _shapes.apart(text)
    if known is not None:
        return Event(known, known["Event"], received)
    lines = text.split("\r\n")
    try:
        headers = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _parse_oddly(lines, received)
    name = headers.get("Event")
    if (
        name is not None
        and len(headers) == len(lines)
        and not _is_command(text)
        and (name != "UserEvent" or len({key.lower() for key in headers}) == len(lines))
    ):
        _shapes.learn(text, headers)
        return Event(headers, name, received)
    return _parse_oddly(lines, received)


def _parse_oddly(lines: list[str], received: int) -> Event | Response:
    """Parse a message with repeated headers, headers with no space, or lines that are data."""
    headers: dict[str, str] = {}
    spelled: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    data: list[str] = []
    while len(lines) > 1 and not lines[0]:
        del lines[0]
    follows = lines[0] == FOLLOWS
    by_asterisk: frozenset[str] | None = None  # the headers before those of a dialplan's own
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if follows and (not colon or key not in ("Response", "Privilege", "ActionID")):
            data = lines[number:]
            break
        if not colon:
            data.append(line)
            continue
        value = value.removeprefix(" ")
        if by_asterisk is not None and key.lower() in by_asterisk:
            key = f"header_{key}"
        elif key == "UserEvent" and headers.get("Event") == key and by_asterisk is None:
            by_asterisk = frozenset((*spelled, "userevent"))
        key = spelled.setdefault(key.lower(), key)
        if key in headers:
            repeated.setdefault(key, [headers[key]]).append(value)
        else:
            headers[key] = value
    for key, values in repeated.items():
        headers[key] = "\n".join(values)
    text = "\r\n".join(data).removesuffix(END_OF_COMMAND) if data else headers.get("Output", "")
    if "Event" in headers:
        # A dialplan's data may bring a header of that name, too: the first is what the event is.
        name = repeated["Event"][0] if "Event" in repeated else headers["Event"]
        return Event(headers, name, received, text, repeated or None)
    return Response(headers, "", received, text, repeated or None)


def encode(action: Mapping[str, Field]) -> bytes:
    """Write an action as bytes; a list is written as one header a value.

    Raises
    ------
    UnsafeText
        If a header or a value holds a carriage return, a line feed or a NUL, before a byte is sent.
    """
    # Written so that no variable holds a password while an error is raised: tracebacks show them.
    fields: list[tuple[str, str | int | float | Secret]] = []
    for key, value in action.items():
        if isinstance(value, bytes | bytearray):
            raise TypeError(f"{key} of the action {action.get('Action', '')} is bytes: decode it")
        several = [value] if isinstance(value, str | int | float | Secret) else value
        fields += [(key, one) for one in several]
    for key, one in fields:
        if problem := _problem(key) or _problem(one):
            raise UnsafeText(f"{key!r} of the action {action.get('Action', '')!r} holds {problem}")
    return ("\r\n".join([f"{key}: {_text(one)}" for key, one in fields]) + "\r\n\r\n").encode()


def _text(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _problem(value: object) -> str:
    """Say why a text cannot be sent; empty if it can."""
    if any(map(_text(value).__contains__, "\r\n\0")):
        return "a line break or a NUL, which Asterisk would read as further headers: take it out"
    if not _text(value).isascii() and any("\ud800" <= one <= "\udfff" for one in _text(value)):
        return "half a character: take it out"
    return ""
