"""Asks PBXs for the SIP Call-IDs of their channels: once for each, and only a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from ast_notebook.ami import Pending
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import AstError, ConnectionLost, PermissionMissing

AT_ONCE = 10  # open questions to one PBX
LONGEST = 256  # letters of a Call-ID, which a caller chooses
VARIABLES = {"PJSIP": "CHANNEL(pjsip,call-id)", "SIP": "SIPCALLID"}


class CallIds:
    """The SIP Call-IDs of the channels of one PBX.

    Attributes
    ----------
    known : dict of str to str
        The Call-IDs by the Uniqueids of the channels; empty for a channel without one.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._waiting: set[str] = set()
        self._denied = False

    def ask(self, pbx: Asterisk, channels: Mapping[str, str]) -> None:
        """Ask for unknown Call-IDs, and forget those of channels that have ended.

        Parameters
        ----------
        pbx : Asterisk
        channels : mapping of str to str
            The names of all channels, by their Uniqueids.
        """
        for ended in [key for key in list(self.known) if key not in channels]:
            del self.known[ended]
        for key, channel in self._wanted(channels):
            if self._denied or len(self._waiting) >= AT_ONCE or not pbx.session.connected():
                return
            variable = VARIABLES[channel.partition("/")[0]]
            action = {"Action": "Getvar", "Channel": channel, "Variable": variable}
            self._waiting.add(key)
            try:
                pbx.session.ask(action, then=partial(self._hear, key))
            except AstError:  # the connection broke, or the channel's name cannot be sent
                self._waiting.discard(key)
                self.known[key] = ""

    def _wanted(self, channels: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        return (
            (key, channel)
            for key, channel in channels.items()
            if key not in self.known
            and key not in self._waiting
            and channel.partition("/")[0] in VARIABLES
        )

    def _hear(self, key: str, pending: Pending) -> None:
        """Take an answer; this runs on the dispatcher's thread."""
        value = ""
        self._waiting.discard(key)
        try:
            value = pending.wait(0).response.get_header("Value") or ""
        except ConnectionLost:  # the question is asked again when the connection is back
            return
        except PermissionMissing:
            self._denied = True
        except AstError:  # the channel ended meanwhile
            pass
        self.known[key] = value if len(value) <= LONGEST else ""
