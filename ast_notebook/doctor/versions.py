"""The end of maintenance of each Asterisk version, from the project's page of versions."""

from __future__ import annotations

import re
from datetime import date

#: The end of bug fixes and the end of life, by the major version.
_ENDS = {
    13: (date(2020, 10, 24), date(2021, 10, 24)),
    14: (date(2017, 9, 26), date(2018, 9, 26)),
    15: (date(2018, 10, 3), date(2019, 10, 3)),
    16: (date(2022, 10, 9), date(2023, 10, 9)),
    17: (date(2020, 10, 28), date(2021, 10, 28)),
    18: (date(2024, 10, 20), date(2025, 10, 20)),
    19: (date(2022, 11, 2), date(2023, 11, 2)),
    20: (date(2026, 10, 19), date(2027, 10, 19)),
    21: (date(2024, 10, 18), date(2025, 10, 18)),
    22: (date(2028, 10, 16), date(2029, 10, 16)),
    23: (date(2026, 10, 15), date(2027, 10, 15)),
}
_FIRST = min(_ENDS)


def major(version: str) -> int | None:
    """Return the major version of ``22.10.1+dfsg`` or ``certified/20.7-cert1``; None if unknown."""
    found = re.match(r"(?:certified[/-])?(\d{1,9})\.", version)
    return int(found[1]) if found else None


def end_of_life(version: str) -> date | None:
    """Return the day from which this version gets no fixes any more, not even for security.

    The result is None if the day is unknown: for versions later than this table, and for certified
    versions, which are maintained for longer.
    """
    known = major(version)
    if known is None or version.startswith("certified"):
        return None
    if known < _FIRST:
        return date(2019, 10, 24)
    return _ENDS[known][1] if known in _ENDS else None
