"""Finds the value of a single header in the text of a message, without parsing the others."""

from __future__ import annotations

import functools
import re

from ast_notebook.ami.contents import BEFORE_THE_DIALPLAN

LONGEST = 64  # the greatest length of a name that is searched for, so that memory is bounded

_USER_EVENT = "UserEvent\r\n"
_PLACE = len("Event: ")
# A header of such a name has the same name in the text and in the parsed message. A header such as
# ``ChanVariable(CHANNEL)`` has another one; ``Event`` or ``Response`` is the first, behind no line.
_is_plain = re.compile(r"(?!event$|response$|.*chanvariable$)[a-z0-9_-]+").fullmatch

# The last text, and the same text in lower case. In most cases, the next search is in this text.
_last = ("", "")


def value_of(text: str, header: str) -> str | None:
    """Return a header's value in the text of an event; None if no header has that name.

    The value is the same as the one from parsing the whole event, whatever else is in the event,
    because at most one line begins with that name, in upper or lower case.

    Raises
    ------
    LookupError
        If the value can be known only by parsing the whole event.
    """
    global _last
    begin, sent, is_asterisks = _beginning(header)
    known, lower = _last
    if known is not text:
        lower = text.lower()
        _last = text, lower
    # A header that the dialplan sent may have another name in the parsed message.
    if begin and (is_asterisks or not text.startswith(_USER_EVENT, _PLACE)):
        place = lower.find(begin)  # a caller may write a line without the blank
        if place < 0:
            return None
        # In some languages, one letter becomes two in lower case.
        if lower.startswith(sent, place) and len(lower) == len(text):
            place += len(sent)
            rest = lower[place:]  # copying is faster than searching from an offset
            if begin not in rest:
                length = rest.find("\r\n")
                return text[place:] if length < 0 else text[place : place + length]
    raise LookupError(header)


@functools.lru_cache(1000)
def _beginning(header: str) -> tuple[str, str, bool]:
    """Return the beginning of a header's line, without and with the blank after its colon.

    The first result is empty if the header cannot be found by its name alone. The third result says
    whether Asterisk itself puts the header into a UserEvent.
    """
    name = header.lower()
    is_plain = len(name) <= LONGEST and _is_plain(name) is not None
    begin = f"\r\n{name}:" if is_plain else ""
    return begin, f"{begin} ", name in BEFORE_THE_DIALPLAN
