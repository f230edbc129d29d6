"""The stream of bytes from Asterisk, cut into the texts of whole messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

import numpy as np

END_OF_MESSAGE = b"\r\n\r\n"
FOLLOWS = "Response: Follows"  # an old Asterisk's answer to Command is this line alone
END_OF_COMMAND = "--END COMMAND--"
RETURN, LINE_FEED = b"\r\n"
SHORT = 4096  # bytes; to search so few is faster than to make an array of them
LONGEST_MESSAGE = 32 * 1024 * 1024

# CoreShowChannelMap of 18.19 to 20.8 ends like this, and another message begins behind it.
_ODD_END = re.compile(rb"\r\n\n+(\r\n|(?=Event: |Response: ))?")
_BEGINNINGS = (b"Event: ", b"Response: ")
# The action Agents sends a bare line feed behind this header of an agent who is in a call.
_AGENT = re.compile(rb"(\r\nCallStarted: \d+)\n(?=[A-Z])")


class Framer:
    """Cuts the stream of bytes into the texts of whole messages.

    Attributes
    ----------
    privileges : int
        How often ``Privilege:``, in upper or lower case, stands in the messages that were returned
        last; -1 if that is not known.
    """

    def __init__(self) -> None:
        self.privileges = 0
        self._rest = b""
        self._follows: list[str] = []
        self._length = 0  # of the texts in `_follows`

    @property
    def in_command(self) -> bool:
        """Whether the output of an old Asterisk's command has begun and not ended yet."""
        return bool(self._follows)

    @property
    def torn(self) -> bool:
        """Whether a message has begun and not ended yet."""
        return bool(self._rest or self._follows)

    @property
    def ends_oddly(self) -> bool:
        """Whether only further bytes can tell if the message is over; `end` takes it as whole."""
        return self._rest.endswith(b"\r\n\n")

    def end(self) -> list[str]:
        """Return the message that `ends_oddly`, since nothing follows."""
        return self.feed(b"\r\n")

    def part(self) -> list[str]:
        """Return as messages what the framer has held back as the output of a command.

        This is for an output whose end never comes.
        """
        self.privileges = -1
        texts, self._follows = self._follows, []
        return [text for text in map(_stripped, texts) if text]

    def line(self, data: bytes) -> str | None:
        """Take bytes up to the end of the first line, and return that line once it is complete."""
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
            If a message grows beyond 32 MiB; then this is no manager interface.
        """
        if self._rest:
            data = self._rest + data
        if _may_have_bare_line_feeds(data):
            if b"\r\n\n" in data and not self._follows:
                data = _ODD_END.sub(_mended, data)
            if b"\r\nCallStarted: " in data:
                data = _AGENT.sub(rb"\1\r\n", data)
        end = data.rfind(END_OF_MESSAGE)
        if end < 0:
            self._rest = self._bounded(data)
            return []
        while end >= 2 and data.startswith(END_OF_MESSAGE, end - 2):
            end -= 2  # the first of several empty lines is the end
        self._rest = self._bounded(data[end + 4 :])
        whole = data[:end]
        self.privileges = _lower(whole).count(b"privilege:")
        text = decode(whole)
        texts = text.split("\r\n\r\n")
        if self._follows or FOLLOWS in text:
            self.privileges = -1
            return list(self._whole(texts))
        return [text for text in map(str.strip, texts, repeat("\r\n")) if text]

    def _whole(self, texts: list[str]) -> Iterator[str]:
        """Join the output of an old Asterisk's command, which was split at its empty lines."""
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
            if is_command(begun) and END_OF_COMMAND not in begun:
                self._follows, self._length = [begun], len(begun)
            elif text := _stripped(text):
                yield text

    @staticmethod
    def _bounded(rest: bytes, *, over: bool = False) -> bytes:
        if over or len(rest) > LONGEST_MESSAGE:
            raise ValueError(
                f"a message has more than {LONGEST_MESSAGE} bytes: the other side does not speak "
                "AMI"
            )
        return rest


def _may_have_bare_line_feeds(data: bytes) -> bool:
    """Tell whether a line may end without a carriage return; for short data, always say yes."""
    if len(data) < SHORT:
        return True
    octets = np.frombuffer(data, np.uint8)
    return bool(((octets[1:] == LINE_FEED) & (octets[:-1] != RETURN)).any())


def _lower(data: bytes) -> bytes:
    """Return bytes in lower case; some bytes that are no letters may change, too."""
    if len(data) < SHORT:
        return data.lower()
    return (np.frombuffer(data, np.uint8) | 0x20).tobytes()


def _mended(found: re.Match[bytes]) -> bytes:
    """Replace odd line ends by their meaning: a message's end, or a line end between headers."""
    text, behind = found.string, found.string[found.end() : found.end() + 10]
    if found[1] is not None:
        return END_OF_MESSAGE
    if not behind and b"\r\nEventList: Complete" in text[text.rfind(END_OF_MESSAGE) :]:
        return END_OF_MESSAGE
    if any(begins.startswith(behind) for begins in _BEGINNINGS):
        return found[0]  # the next bytes will tell
    return b"\r\n"


def is_command(text: str) -> bool:
    """Tell whether a message is an old Asterisk's command output, which may have empty lines."""
    return text.startswith(FOLLOWS) and text[len(FOLLOWS) : len(FOLLOWS) + 2] in ("", "\r\n")


def _stripped(text: str) -> str:
    """Remove empty lines around a message: they separate messages."""
    return text.strip("\r\n")


def decode(data: bytes) -> str:
    """Decode bytes without loss: as UTF-8, and lines that are not UTF-8 as Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\n".join(map(_decode_line, data.split(b"\n")))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
