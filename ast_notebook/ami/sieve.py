"""Finds what a network or proxy made of messages: some twice, others without their end."""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger(__name__)


class Sieve:
    """Counts what is not as Asterisk sent it; the first of each kind on a connection is logged.

    Parameters
    ----------
    name, address : str
        Of the session, for the log.
    counts : Counter
        Where ``repeated`` and ``garbled`` are counted.
    """

    def __init__(self, name: str, address: str, counts: Counter[str]) -> None:
        self._name = name
        self._address = address
        self._counts = counts
        self._last = ""
        self._told: set[str] = set()

    def fresh(self, texts: list[str]) -> list[str]:
        """Return the messages but for those that came a second time right behind the first.

        Asterisk's Timestamp counts microseconds, and it says nothing twice within one. Without
        Timestamps nobody can tell whether something was sent twice or happened twice.
        """
        repeated = [
            number
            for number, (before, text) in enumerate(zip([self._last, *texts], texts, strict=False))
            if text == before and "\r\nTimestamp: " in text
        ]
        if texts:
            self._last = texts[-1]
        if not repeated:
            return texts
        self._tell("repeated", len(repeated), "an event came twice, and counts once")
        left_out = set(repeated)
        return [text for number, text in enumerate(texts) if number not in left_out]

    def garbled(self, messages: int) -> None:
        """Count messages that another one is stuck to."""
        self._tell("garbled", messages, "a message came without its end, and another is lost")

    def _tell(self, kind: str, count: int, what: str) -> None:
        self._counts[kind] += count
        if kind not in self._told:
            self._told.add(kind)
            logger.warning(
                "%s: %s: something between %s and this machine changes what is sent; %%ast status "
                "counts it",
                self._name,
                what,
                self._address,
            )
