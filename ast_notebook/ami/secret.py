"""A password, kept from every place that shows things."""

from __future__ import annotations

import hashlib


class Secret:
    """A password that no repr, log or traceback shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str | bytes | bytearray | Secret) -> None:
        if isinstance(text, bytes | bytearray):
            text = text.decode()
        self._text: str = text._text if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return self._text

    def answer(self, challenge: str) -> str:
        """Return the answer to a manager's challenge, which proves the text without telling it."""
        return hashlib.md5((challenge + self._text).encode(), usedforsecurity=False).hexdigest()

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere: pickle the settings without it")
