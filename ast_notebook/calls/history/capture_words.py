"""Translates the events of a capture of an Asterisk up to 11 into those of 12 and later."""

from __future__ import annotations

from ast_notebook.ami.before12 import UNKNOWN, Before12, is_before_12, what_is_unknown
from ast_notebook.calls.history.lines import Bad

GREETING = "Asterisk Call Manager/"
_HELD = 10_000  # the most events that wait until one of them shows the version
#: Events that only an Asterisk up to 11 sends, with a header that makes this certain.
_OLD = {"Dial": "SubEvent", "Bridge": "Bridgestate", "Unlink": "Uniqueid1"}
#: Events of every call in later versions, in case a client has left out the Linkedid.
_LATER = frozenset(("BridgeEnter", "BridgeLeave", "DialBegin", "DialEnd"))


class Words:
    """Translates the events of a capture into those of Asterisk 12 and later.

    The version is known from the greeting, or from the first event that shows whether Asterisk is
    of a version up to 11.

    Parameters
    ----------
    bad : Bad
        It collects events that cannot be translated.

    Attributes
    ----------
    notes : list of str
        What is unknown if the capture is of an Asterisk up to 11.
    """

    def __init__(self, bad: Bad) -> None:
        self.notes: list[str] = []
        self._bad = bad
        self._before12: Before12 | None = None
        self._decided = False
        self._has_channels = False
        self._held: list[tuple[int, str]] = []

    def greet(self, greeting: str) -> None:
        """Take the version of Asterisk from a greeting, for the events that follow."""
        version = greeting.removeprefix(GREETING).strip()
        self._decide(is_before_12(version), what_is_unknown(version))

    def put(self, number: int, text: str) -> list[str]:
        """Return the translated texts of an event, and of the events that were held before it."""
        self._held.append((number, text))
        if not self._decided:
            is_old = self._tells_age(text)
            if is_old is None and len(self._held) < _HELD:
                return []
            self._decide(self._has_channels if is_old is None else is_old)
        return self._released()

    def finish(self) -> list[str]:
        """Return the texts for the events that are still held."""
        if not self._decided:
            self._decide(self._has_channels)
        return self._released()

    def _decide(self, is_old: bool, unknown: str = UNKNOWN) -> None:
        self._decided = True
        if not is_old:
            self._before12 = None
            return
        # Channels that were up when the connection was lost stay the same after it.
        self._before12 = self._before12 or Before12()
        if unknown not in self.notes:
            self.notes.append(unknown)

    def _tells_age(self, text: str) -> bool | None:
        """Tell whether an event is of an Asterisk up to 11; None if that cannot be told."""
        headers = dict(line.partition(": ")[::2] for line in text.split("\r\n"))
        name = headers.get("Event", "")
        if "Linkedid" in headers or name in _LATER:
            return False
        self._has_channels = self._has_channels or name == "Newchannel"
        return True if _OLD.get(name) in headers else None

    def _released(self) -> list[str]:
        held, self._held = self._held, []
        if self._before12 is None:
            return [text for _, text in held]
        found: list[str] = []
        for number, text in held:
            try:
                found += self._before12.translate(text)
            except Exception as error:  # what comes from the wire is hostile
                self._bad.add(
                    number,
                    f"the event cannot be translated into one of Asterisk 12: {error!r}",
                    text,
                )
        return found
