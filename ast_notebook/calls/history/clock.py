"""Moments as PBXs write them, in microseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ast_notebook.errors import ConfError

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_NOTHING = ("", "0000-00-00 00:00:00", "0")
_NUMBER = re.compile(r"\d{9,10}(\.\d{1,9})?$")
_UNIQUE = re.compile(r"(?:^|-)(\d{9,10})\.\d+$")
#: Seconds by which a record's start may differ from the second in its uniqueid.
_EARLY, _LATE = -2, 5
_QUARTER = 900
_ENOUGH = 1000


class BadTime(ValueError):
    """A text that is no moment, or one that never was."""


def born(uniqueid: str | None) -> int | None:
    """Return when a channel was made, which its uniqueid begins with, in microseconds."""
    found = _UNIQUE.search(uniqueid or "")
    return int(found[1]) * SECOND if found else None


def age(uniqueid: str) -> tuple[int, int]:
    """Return what sorts uniqueids as they were given out: the second, and the number behind it."""
    _, _, serial = uniqueid.rpartition(".")
    return born(uniqueid) or 0, int(serial) if serial.isdecimal() else 0


class Clock:
    """Reads moments, and knows what it was not sure of.

    Parameters
    ----------
    zone : str or tzinfo, optional
        Of moments that tell none: ``UTC`` where ``usegmtime=yes``, else the PBX's own.

    Attributes
    ----------
    unsure : bool
        Whether a moment since the last `forget` was in the hour that a clock change repeats.
    naive : int
        How many moments told no zone.

    Raises
    ------
    ConfError
        If there is no such zone.
    """

    def __init__(self, zone: str | tzinfo | None = None) -> None:
        self.zone = _zone(zone)
        self.unsure = False
        self.naive = 0
        self._agreeing = 0
        self._offsets: dict[int, int] = {}
        self._known: dict[str, tuple[int, int, bool]] = {}

    def forget(self) -> None:
        """Begin another record."""
        self.unsure = False

    def read(self, value: Any, near: int | None = None) -> int | None:
        """Return a moment in microseconds since 1970 UTC; None where there is none.

        Parameters
        ----------
        value : str, number or datetime
            As a file or a database has it.
        near : int, optional
            Where it is about, to choose in the hour that a clock change repeats.

        Raises
        ------
        BadTime
            If it is no moment, or is in the hour that a clock change leaves out.
        """
        if value is None:
            return None
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float):
            return round(value * SECOND) if value else None
        else:
            text = str(value).strip()
            if text in _NOTHING or text.startswith("0000-"):
                return None
            if _NUMBER.match(text):
                whole, _, fraction = text.partition(".")
                return int(whole) * SECOND + int(fraction.ljust(6, "0")[:6])
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                raise BadTime(f"{text!r} is no time") from None
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
            return (moment - _EPOCH) // _MICROSECOND
        return self._local(moment, near)

    def _local(self, moment: datetime, near: int | None) -> int:
        self.naive += 1
        local = (moment - _EPOCH) // _MICROSECOND
        if self.zone is None or self.zone is UTC:
            return local
        # Clocks change at full ten minutes: between these, one answer holds.
        key = moment.isoformat()[:15]
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[key] = self._offset(moment)
        first, second, missing = known
        if missing:
            raise BadTime(f"{moment} never was: the clock was put forward over it")
        if first == second:
            return local - first
        self.unsure = True
        choices = (local - first, local - second)
        if near is None:
            return choices[0]
        return min(choices, key=lambda choice: abs(choice - near))

    def _offset(self, moment: datetime) -> tuple[int, int, bool]:
        both = [moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1)]
        first, second = (one.utcoffset() or timedelta() for one in both)
        back = both[0].astimezone(UTC).astimezone(self.zone).replace(tzinfo=None)
        missing = back != moment.replace(tzinfo=None)
        return first // _MICROSECOND, second // _MICROSECOND, missing

    # --- what uniqueids tell of the zone -------------------------------------------------------

    def witness(self, start: int, uniqueid: str | None) -> None:
        """Compare a start that told no zone with the second at which its channel was made.

        Raises
        ------
        ConfError
            When enough was seen to know that the times are not UTC.
        """
        made = born(uniqueid)
        if self.zone is not None or made is None:
            return
        apart = (start - made) // SECOND
        if _EARLY <= apart <= _LATE:
            self._agreeing += 1
            return
        quarters = round(apart / _QUARTER)
        if _EARLY <= apart - quarters * _QUARTER <= _LATE and abs(quarters) <= 56:
            self._offsets[quarters] = self._offsets.get(quarters, 0) + 1
            if sum(self._offsets.values()) > max(_ENOUGH, self._agreeing):
                self.settle("these records")

    def settle(self, name: str) -> None:
        """See that every moment had a zone.

        Raises
        ------
        ConfError
            If neither the records nor their uniqueids tell one.
        """
        other = sum(self._offsets.values())
        if self.zone is not None or not self.naive:
            return
        if self._agreeing and other * 20 <= self._agreeing:
            return
        hint = ""
        if self._offsets:
            minutes = max(self._offsets, key=self._offsets.__getitem__) * 15
            apart = f"{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
            hint = f" (by their uniqueids they are {apart} {_side(minutes)} UTC)"
        raise ConfError(
            f"the times of {name} tell no time zone{hint}: give tz='UTC' if cdr.conf says "
            "usegmtime=yes, else the PBX's own, such as tz='Europe/Berlin'"
        )


def _side(minutes: int) -> str:
    return "ahead of" if minutes > 0 else "behind"


def _zone(zone: str | tzinfo | None) -> tzinfo | None:
    if not isinstance(zone, str):
        return zone
    if zone.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfError(f"there is no time zone {zone!r}: give one as 'Europe/Berlin'") from None
