"""Finds the value of a single header in the text of an event, without parsing the others."""

from __future__ import annotations

import functools
import re

from ast_notebook.ami.contents import BEFORE_THE_DIALPLAN

LONGEST = 64  # letters of a name that is looked for, so that memory is bounded

_USER_EVENT = "UserEvent\r\n"
_PLACE = len("Event: ")
# Each of these is the same in a message as in the text, unlike ``ChanVariable(CHANNEL)``.
_is_plain = re.compile(r"(?!event$|.*chanvariable$)[a-z0-9_-]+").fullmatch

# The text that was looked at last, and the same in lower case: mostly, it is looked at again.
_last = ("", "")


def value_of(text: str, header: str) -> str | None:
    """Return a header's value in the text of an event; None if no header has that name.

    It is the one that parsing the whole event would give, whatever else is in the event: at most
    one of its lines begins with that name, in upper or lower case.

    Raises
    ------
    LookupError
        If only parsing the whole event tells.
    """
    global _last
    begin, sent, is_asterisks = _beginning(header)
    known, lower = _last
    if known is not text:
        lower = text.lower()
        _last = text, lower
    # A header of the dialplan may have another name in the message.
    if begin and (is_asterisks or not text.startswith(_USER_EVENT, _PLACE)):
        place = lower.find(begin)  # also of a line without the blank, which a caller may write
        if place < 0:
            return None
        # A letter of some languages has two in lower case.
        if lower.startswith(sent, place) and len(lower) == len(text):
            place += len(sent)
            rest = lower[place:]  # to copy it is faster than to search from a place on
            if begin not in rest:
                length = rest.find("\r\n")
                return text[place:] if length < 0 else text[place : place + length]
    raise LookupError(header)


@functools.lru_cache(1000)
def _beginning(header: str) -> tuple[str, str, bool]:
    """Return how a header's line begins, without the blank behind its colon and with it.

    The last result is whether Asterisk itself puts the header into a UserEvent. The first one is
    empty if the header cannot be found by its name alone.
    """
    name = header.lower()
    is_plain = len(name) <= LONGEST and _is_plain(name) is not None
    begin = f"\r\n{name}:" if is_plain else ""
    return begin, f"{begin} ", name in BEFORE_THE_DIALPLAN
