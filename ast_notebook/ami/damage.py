"""Finds messages that a network or a proxy damaged: repeated ones, and ones without their end."""

from __future__ import annotations

import logging
import re
from collections import Counter
from operator import eq

logger = logging.getLogger(__name__)

# This matches Asterisk's own Timestamp alone: a dialplan may send the same one twice in a
# UserEvent.
_TIMED = re.compile(r"Event: [^\r]*\r\nPrivilege: [^\r]*\r\nTimestamp: \d+\.\d{6}\r\n")


class DamageFinder:
    """Counts damaged messages; the first of each kind on a connection is logged.

    Parameters
    ----------
    name, address : str
        The session's name and address, for the log.
    counts : Counter
        Where ``repeated`` and ``garbled`` are counted.
    """

    def __init__(self, name: str, address: str, counts: Counter[str]) -> None:
        self._name = name
        self._address = address
        self._counts = counts
        self._last = ""
        self._warned_of: set[str] = set()

    def fresh(self, texts: list[str]) -> list[str]:
        """Return the messages without those that repeat the message right before them.

        Asterisk's Timestamp counts microseconds, and Asterisk never sends one event twice within a
        microsecond. Without Timestamps it cannot be known whether an event was sent twice or
        happened twice.
        """
        before = [self._last, *texts]
        self._last = before[-1]
        if not any(map(eq, before, texts)):
            return texts
        repeated = [
            number
            for number, text in enumerate(texts)
            if text == before[number] and _TIMED.match(text)
        ]
        if not repeated:
            return texts
        self._tell("repeated", len(repeated), "an event came twice, and counts once")
        left_out = set(repeated)
        return [text for number, text in enumerate(texts) if number not in left_out]

    def skip(self) -> None:
        """Note that a message came that no other one repeats."""
        self._last = ""

    def garbled(self, messages: int) -> None:
        """Count messages that are not as Asterisk sends them."""
        self._tell(
            "garbled", messages, "a message is not as Asterisk sends it, and another may be lost"
        )

    def _tell(self, kind: str, count: int, what: str) -> None:
        self._counts[kind] += count
        if kind not in self._warned_of:
            self._warned_of.add(kind)
            logger.warning(
                "%s: %s: something between %s and this machine changes the data; %%ast status "
                "counts such messages",
                self._name,
                what,
                self._address,
            )
