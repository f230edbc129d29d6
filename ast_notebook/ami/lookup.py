"""Finds the value of a single header in the text of an event, without parsing the others."""

from __future__ import annotations

import functools
import re

from ast_notebook.ami.contents import BEFORE_THE_DIALPLAN

ABSENT, UNSURE = -1, -2  # no header has that name; only parsing the whole event tells
LONGEST = 64  # letters of a name that is looked for, so that memory is bounded

_USER_EVENT = "UserEvent\r\n"
_PLACE = len("Event: ")
# Each of these is the same in a message as in the text, unlike ``ChanVariable(CHANNEL)``.
_is_plain = re.compile(r"(?!event$|.*chanvariable$)[a-z0-9_-]+").fullmatch

# The text that was looked at last, and the same in lower case: mostly, it is looked at again.
_last = [("", "")]


def place_of(text: str, header: str) -> int:
    """Return where a header's value begins in the text of an event, or `ABSENT`, or `UNSURE`.

    A value that is found is the one that parsing the whole event would give, whatever else is in
    the event: exactly one of its lines begins with that name, in upper or lower case.
    """
    begin, is_asterisks = _beginning(header)
    known, lower = _last[0]
    if known is not text:
        lower = text.lower()
        _last[0] = text, lower
    if (
        not begin
        # A header of the dialplan may have another name in the message.
        or (not is_asterisks and text.startswith(_USER_EVENT, _PLACE))
        or len(lower) != len(text)  # a letter of some languages has two in lower case
    ):
        return UNSURE
    place = lower.find(begin)
    if place < 0:
        return ABSENT
    end = place + len(begin)
    return end + 1 if text.startswith(" ", end) and lower.find(begin, end) < 0 else UNSURE


@functools.lru_cache(1000)
def _beginning(header: str) -> tuple[str, bool]:
    """Return how a header's line begins, and whether Asterisk itself puts it into a UserEvent."""
    name = header.lower()
    is_plain = len(name) <= LONGEST and _is_plain(name) is not None
    return (f"\r\n{name}:" if is_plain else "", name in BEFORE_THE_DIALPLAN)
