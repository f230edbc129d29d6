"""Dates as people and spreadsheets write them, and what tells the day from the month."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from ast_notebook.errors import ConfError

#: The orders of day, month and year.
ORDERS = ("dmy", "mdy", "ymd")

_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_TIME = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?"
    r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?"
)
_NUMBERS = re.compile(
    rf"(?P<a>\d{{1,4}})(?P<by>[/.-])(?P<b>\d{{1,2}})(?P=by)(?P<c>\d{{1,4}}),?(?:T|\s+){_TIME}$",
    re.IGNORECASE,
)
_DAY = r"(?:[a-z]{2,9}\.?,?\s+)?"
_WORDS = (
    re.compile(  # Tue, 7 May 2024 09:00:00; 07-May-2024 09:00
        rf"{_DAY}(?P<a>\d{{1,2}})[\s-](?P<b>[a-z]{{3,9}})\.?[\s-](?P<c>\d{{4}}),?\s+{_TIME}$",
        re.IGNORECASE,
    ),
    re.compile(  # May 7, 2024 9:00:00 AM
        rf"{_DAY}(?P<b>[a-z]{{3,9}})\.?\s+(?P<a>\d{{1,2}}),?\s+(?P<c>\d{{4}}),?\s+{_TIME}$",
        re.IGNORECASE,
    ),
    re.compile(  # Tue May  7 09:00:00 2024
        rf"{_DAY}(?P<b>[a-z]{{3,9}})\s+(?P<a>\d{{1,2}})\s+{_TIME}\s+(?P<c>\d{{4}})$",
        re.IGNORECASE,
    ),
)
_LONGEST = 60  # letters
#: How far local time can be from UTC, and a little more.
_NEAR = timedelta(hours=36)


class OrderUnknown(Exception):
    """A date can be read in two ways, and the order of day and month is not given."""


def moment_of(text: str, order: str | None) -> datetime | None:
    """Return the moment that a text names; None if the text has no known form.

    Raises
    ------
    OrderUnknown
        If the moment depends on the order of day and month, and that is None.
    """
    if len(text) > _LONGEST:
        return None
    if found := _NUMBERS.match(text):
        a, b, c = (int(found[name]) for name in "abc")
        if len(found["a"]) == 4:
            year, month, day = a, b, c
        elif order == "ymd" or a > 31:
            year, month, day = _full(a), b, c
        elif order == "mdy":
            day, month, year = b, a, _full(c)
        elif order == "dmy" or found["by"] == ".":
            day, month, year = a, b, _full(c)
        else:
            raise OrderUnknown(text)
        return _made(found, year, month, day)
    for form in _WORDS:
        if found := form.match(text):
            place = _MONTHS.find(found["b"][:3].lower())
            if place >= 0 and place % 3 == 0:
                return _made(found, int(found["c"]), place // 3 + 1, int(found["a"]))
    return None


def _full(year: int) -> int:
    return year if year > 99 else year + (2000 if year < 70 else 1900)


def _made(found: re.Match[str], year: int, month: int, day: int) -> datetime | None:
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    micros = int((found["fraction"] or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(
            year, month, day, hour, int(found["minute"]), int(found["second"] or 0), micros
        )
        zone = found["zone"]
        return moment if zone is None else moment.replace(tzinfo=_offset(zone))
    except ValueError:
        return None


def _offset(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


class Evidence:
    """Finds the order of day and month from the dates of a file or table."""

    def __init__(self) -> None:
        self._days = {"dmy": 0, "mdy": 0}  # dates that are dates in this order only
        self._made = {"dmy": 0, "mdy": 0}  # those that fit their uniqueids in this order only
        self._either = False

    def take(self, text: str, made: int | None = None) -> None:
        """Take a date, and, where known, when its channel was made, in seconds since 1970 UTC."""
        try:
            moment_of(text, None)
            return
        except OrderUnknown:
            pass
        known = {order: moment_of(text, order) for order in ("dmy", "mdy")}
        there = [order for order, moment in known.items() if moment is not None]
        if len(there) == 1:
            self._days[there[0]] += 1
        if len(there) < 2 or known["dmy"] == known["mdy"]:
            return
        self._either = True
        if made is not None:
            about = datetime.fromtimestamp(made, UTC).replace(tzinfo=None)
            near = [
                order
                for order, moment in known.items()
                if moment is not None and abs(moment.replace(tzinfo=None) - about) < _NEAR
            ]
            if len(near) == 1:
                self._made[near[0]] += 1

    def order(self, name: str) -> str:
        """Return the order.

        Raises
        ------
        ConfError
            If the dates do not tell it.
        """
        for votes in (self._days, self._made):
            least, most = sorted(votes, key=lambda order: votes[order])
            if votes[least] * 20 < votes[most]:
                return most
            if votes[least]:
                break
        else:
            if not self._either:
                return "dmy"  # they are the same either way
        raise ConfError(
            f"the dates of {name} do not tell whether day or month comes first: "
            "give dates='dmy' or dates='mdy'"
        )
