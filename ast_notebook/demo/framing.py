"""Cuts the messages of clients out of bytes."""

from __future__ import annotations

from collections.abc import Iterator

#: Bytes of a line, and lines of a message, that Asterisk accepts.
LONGEST_LINE = 1023
MOST_LINES = 128

Fields = list[tuple[str, str]]


class Unreadable(Exception):
    """A message that Asterisk refuses; its text is the answer.

    Parameters
    ----------
    message : str
    action_id : str
        The ActionID, if it was read.
    """

    def __init__(self, message: str, action_id: str) -> None:
        super().__init__(message)
        self.action_id = action_id


class ActionFramer:
    """Makes messages of bytes, however they are split, with bounded memory.

    A message is lines of ``Name: value`` up to an empty line; an empty line alone is a message
    without an action. Lines without a colon are no headers.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._fields: Fields = []
        self._count = 0
        self._is_skipping = False
        self._error = ""

    def feed(self, data: bytes) -> Iterator[Fields | Unreadable]:
        """Take bytes, and return the messages that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self._is_skipping:
                self._is_skipping = False
            elif len(line) > LONGEST_LINE:
                self._error = "Failed to parse message: line too long"
            elif line in (b"", b"\r"):
                yield self._end()
            else:
                self._take(line)
        if len(self._rest) > LONGEST_LINE:
            # The rest of a line that is too long is dropped as it comes.
            self._rest = b""
            self._is_skipping = True
            self._error = "Failed to parse message: line too long"

    def _take(self, line: bytes) -> None:
        self._count += 1
        if self._count > MOST_LINES:
            self._error = "Too many lines in message or allocation failure"
        else:
            text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
            name, colon, value = text.partition(":")
            if colon:
                self._fields.append((name, value.lstrip()))

    def _end(self) -> Fields | Unreadable:
        fields, self._fields = self._fields, []
        error, self._error, self._count = self._error, "", 0
        if not error:
            return fields
        known = {name.lower(): value for name, value in fields}
        return Unreadable(error, known.get("actionid", ""))
