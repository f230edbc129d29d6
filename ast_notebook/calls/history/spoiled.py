"""Recognises uniqueids that no PBX wrote, such as a spreadsheet's ``1,71507E+09``."""

from __future__ import annotations

import re

from ast_notebook.units import SECOND

#: Texts into which a spreadsheet turns long numbers, or missing ones.
_NUMBER = re.compile(r"\d+([.,]\d+)?[eE][+-]?\d+$|[0.,]+$")
#: The second alone: a spreadsheet that shows no fractions leaves it.
_SECOND = re.compile(r"\d{9,10}[.,]?$")
#: A channel may be up for days. A number of another kind is hardly so near to the event by chance.
_NEAR = 7 * 86_400 * SECOND


def is_spoiled(known: str) -> bool:
    """Tell whether an id is one that no PBX made."""
    return _NUMBER.match(known) is not None


def lacks_fraction(known: str, moment: int) -> bool:
    """Tell whether the id of an event is only the second in which a channel was made.

    Parameters
    ----------
    known : str
        The id.
    moment : int
        When the event was, in microseconds since 1970 UTC.
    """
    if _SECOND.match(known) is None:
        return False
    return abs(int(known.rstrip(".,")) * SECOND - moment) <= _NEAR
