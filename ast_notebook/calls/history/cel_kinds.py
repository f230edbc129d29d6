"""The kinds of channel events: their names, and the numbers that some tables have instead.

Asterisk 12 gave new numbers to most kinds, and new kinds to what happens in bridges: up to 11 two
channels are connected by one BRIDGE_START, from 12 on each has a BRIDGE_ENTER of its own. A table
that was kept over an upgrade has both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ast_notebook.calls.history.lines import text_of

USER_DEFINED = "USER_DEFINED"
#: Kinds that begin no call: announcers and recorders have such events, and so may old calls.
PASSIVE = frozenset(
    {USER_DEFINED, "LINKEDID_END", "STREAM_BEGIN", "STREAM_END", "DTMF", "HOOKFLASH"}
)
#: Kinds that tell that two channels are connected, or are not connected any more.
BRIDGES = frozenset(
    {
        "BRIDGE_ENTER",
        "BRIDGE_EXIT",
        "BRIDGE_START",
        "BRIDGE_UPDATE",
        "BRIDGE_END",
        "CONF_START",
        "CONF_ENTER",
        "HANGUP",
        "CHAN_END",
    }
)
_OF_BOTH = ["CHAN_START", "CHAN_END", "HANGUP", "ANSWER", "APP_START", "APP_END"]
_UP_TO_11 = [
    *_OF_BOTH,
    "BRIDGE_START",
    "BRIDGE_END",
    "CONF_START",
    "CONF_END",
    "PARK_START",
    "PARK_END",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "TRANSFER",
    "HOOKFLASH",
    "3WAY_START",
    "3WAY_END",
    "CONF_ENTER",
    "CONF_EXIT",
    USER_DEFINED,
    "LINKEDID_END",
    "BRIDGE_UPDATE",
    "PICKUP",
    "FORWARD",
]
_FROM_12 = [
    *_OF_BOTH,
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "PARK_START",
    "PARK_END",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    USER_DEFINED,
    "LINKEDID_END",
    "PICKUP",
    "FORWARD",
    "LOCAL_OPTIMIZE",
    "LOCAL_OPTIMIZE_BEGIN",
    "STREAM_BEGIN",
    "STREAM_END",
    "DTMF",
]
_OLD = {str(number): kind for number, kind in enumerate(_UP_TO_11, 1)}
_NEW = {str(number): kind for number, kind in enumerate(_FROM_12, 1)}
NAMES = frozenset({*_UP_TO_11, *_FROM_12})
NUMBERS = frozenset({*_OLD, *_NEW})
#: Numbers that stand for kinds which no Asterisk up to 11 ever wrote.
_NEVER_OLD = frozenset({"9", "10", "15", "16", "17", "18", "19", "20"})
_GENERATOR = "celgenuserevent"


def is_user_event(record: Mapping[str, Any]) -> bool:
    """Tell whether a line is of the dialplan's ``CELGenUserEvent``, which gives its own name."""
    kind = text_of(record, "eventtype")
    if kind == text_of(record, "userdeftype") or kind == USER_DEFINED:
        return kind is not None
    return kind not in NAMES and (text_of(record, "appname") or "").lower() == _GENERATOR


class Kinds:
    """Tells the kind of each line; the lines before it tell the meaning of its number."""

    def __init__(self) -> None:
        self._numbers: Mapping[str, str] | None = None
        self._entered: set[str] = set()

    def of(self, record: Mapping[str, Any]) -> str:
        """Return the kind of a line's event.

        Raises
        ------
        ValueError
            If there is no such kind, or if a number has two meanings and no line shows which.
        """
        word = text_of(record, "eventtype") or ""
        if word in NUMBERS:
            return self._numbered(word, record)
        if word in NAMES and not record.get("userdeftype"):
            return word
        if is_user_event(record):
            return USER_DEFINED
        if word not in NAMES:
            raise ValueError(f"its kind of event {word!r} is unknown")
        return word

    def _numbered(self, word: str, record: Mapping[str, Any]) -> str:
        if int(word) <= len(_OF_BOTH):
            kind = _NEW[word]
            if kind == "CHAN_END":
                self._entered.discard(text_of(record, "channame") or "")
            return kind
        if (known := self._generation(word, record)) is not None:
            self._numbers = known
        numbers = self._numbers
        if numbers is None or word not in numbers:
            raise ValueError(
                f"its eventtype {word} means {_OLD.get(word)} up to Asterisk 11 and "
                f"{_NEW.get(word)} from 12 on, and no earlier line shows which version wrote it"
            )
        if numbers[word] == "BRIDGE_ENTER":
            self._entered.add(text_of(record, "channame") or "")
        return numbers[word]

    def _generation(self, word: str, record: Mapping[str, Any]) -> Mapping[str, str] | None:
        """Return the numbers of the Asterisk that wrote a line; None if the line does not tell."""
        if word not in _NEW:
            return _OLD
        peer, extra = text_of(record, "peer"), text_of(record, "extra") or ""
        if extra.startswith("{") or word in _NEVER_OLD:
            return _NEW
        if word == "7":
            # From 12 on, the other channel entered earlier, by a line of its own.
            others = set((peer or "").split(","))
            return _NEW if peer is None or others & self._entered else _OLD
        named = text_of(record, "userdeftype") is not None or is_user_event(record)
        if word == "13":
            return _NEW if named else _OLD
        if word == "14":
            return _OLD if peer or extra else _NEW
        if word == "21":
            return _OLD if named else _NEW
        return _OLD if extra else None
