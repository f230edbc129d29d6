"""Reads lengths of time as people write them: ``1d``, ``30min``, or a number of seconds."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

#: A length of time: ``1d``, ``30min``, a number of seconds, or a timedelta.
Duration = str | float | timedelta

#: A number with a unit, and the seconds that a unit has, by its first letter.
LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|days?|w|weeks?)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_LONGEST = 1e11  # seconds, three thousand years: no microsecond of it is too large to count


def duration(said: Duration, name: str) -> int:
    """Return a length of time in microseconds.

    Parameters
    ----------
    said : str or number or timedelta
        ``1d``, ``4h`` or ``30min``; a number means seconds.
    name : str
        The name of the parameter, for the error.

    Raises
    ------
    ConfError
        If it is no length of time, or not longer than 0.

    Examples
    --------
    >>> duration("1.5h", "within")
    5400000000
    """
    try:
        match = LENGTH.fullmatch(said.strip()) if isinstance(said, str) else None
        if match:
            seconds = float(match[1]) * SECONDS[match[2][0]]
        elif isinstance(said, timedelta):
            seconds = said.total_seconds()
        else:
            seconds = math.nan if isinstance(said, bool) else float(said)
        if 0 < seconds < _LONGEST:
            return round(seconds * SECOND)
    except (ValueError, TypeError, OverflowError):
        pass
    shown = repr(said)[:40]
    raise ConfError(f"{name} is a length of time such as 1d, 4h or 30min, and not {shown}")
