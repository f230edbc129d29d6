"""Reads moments as PBXs write them, and asks the user for their time zone if nothing tells it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from ast_notebook.calls.history import dates
from ast_notebook.digits import is_count
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND
from ast_notebook.zone import named_zone

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * SECOND
_NUMBER = re.compile(r"\d{9,10}(\.\d{1,9})?$")
#: Milliseconds and microseconds since 1970, as JavaScript and some databases write them.
_FINE = re.compile(r"\d{13}$|\d{16}$")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
#: The years in which a moment can be.
_YEARS = range(1969, 2201)
_LAST = 7_258_118_400 * SECOND  # the end of these years
_UNIQUE = re.compile(r"(?:^|-)(\d{9,10})\.\d+$")
#: Seconds by which a record's start may differ from the second in its uniqueid.
_EARLY, _LATE = -2, 5
_QUARTER = 900
#: If a moment can be read in two ways, an hour apart, this is added to the moment before it, and
#: the reading nearer to the sum is chosen. So no reading is chosen that is more than five seconds
#: earlier than the moment before it.
ONWARD = 1795 * SECOND
_ENOUGH = 1000


class BadTime(ValueError):
    """A text is not a moment, or a clock change left that moment out."""


def born(uniqueid: str | None) -> int | None:
    """Return when a channel was made, in microseconds: its uniqueid begins with the second."""
    found = _UNIQUE.search(uniqueid or "")
    return int(found[1]) * SECOND if found else None


def age(uniqueid: str) -> tuple[int, int]:
    """Return a sort key for uniqueids: the second, and the number after it."""
    _, _, serial = uniqueid.rpartition(".")
    return born(uniqueid) or 0, int(serial) if is_count(serial) else 0


class Clock:
    """Reads moments, and tells which of them are uncertain.

    Parameters
    ----------
    zone : str or tzinfo, optional
        The zone of moments without one: ``UTC`` with ``usegmtime=yes``, else the PBX's own.
    order : str, optional
        The order of day, month and year in dates such as 5/7/2024: ``dmy``, ``mdy`` or ``ymd``.

    Attributes
    ----------
    unsure : bool
        Whether a moment since the last `forget` was in the hour that a clock change repeats.
    naive : int
        How many moments had no zone.
    notes : list of str
        Remarks for the user on the records that were read.

    Raises
    ------
    ConfError
        If there is no such zone or order.
    """

    def __init__(self, zone: str | tzinfo | None = None, order: str | None = None) -> None:
        self.zone = zone_of(zone)
        if order not in (None, *dates.ORDERS):
            raise ConfError(f"dates={order!r} is not an order of dates: give 'dmy', 'mdy' or 'ymd'")
        self.order = order
        self.unsure = False
        self.naive = 0
        self.notes: list[str] = []
        self._had_zone = True  # whether the last moment told its zone
        self._agreeing = 0
        self._offsets: dict[int, int] = {}
        self._known: dict[str, tuple[int, int, bool]] = {}

    def forget(self) -> None:
        """Reset `unsure` before another record is read."""
        self.unsure = False

    def read(self, value: Any, near: int | None = None) -> int | None:
        """Return a moment in microseconds since 1970 UTC; None where there is none.

        Parameters
        ----------
        value : str, number or datetime
            As a file or a database has it.
        near : int, optional
            A moment near it. In the hour that a clock change repeats, the nearer reading is chosen.

        Raises
        ------
        BadTime
            If it is no moment, or is in the hour that a clock change leaves out.
        """
        self._had_zone = True
        found = self._micros(value, near)
        # A database, or a PBX whose clock was lost, writes this instead of a moment, in any zone.
        return None if found is None or abs(found) < _DAY else found

    def _micros(self, value: Any, near: int | None) -> int | None:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return _counted(value)
        if isinstance(value, datetime):
            return self._moment(value, near)
        text = str(value).strip()
        if not text or text.startswith("0000-") or not text.strip("0"):
            return None
        if _NUMBER.match(text):
            whole, _, fraction = text.partition(".")
            return int(whole) * SECOND + int(fraction.ljust(6, "0")[:6])
        if _FINE.match(text):
            return int(text.ljust(16, "0"))
        moment = _iso(text) or dates.moment_of(text, self.order)
        if moment is None:
            raise BadTime(f"{text[:40]!r} is not a time")
        return self._moment(moment, near)

    def _moment(self, moment: datetime, near: int | None) -> int:
        if moment.year not in _YEARS:
            raise BadTime(f"{moment} is not a time at which a PBX can have written")
        if moment.tzinfo is None:
            return self._local(moment, near)
        return (moment.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MICROSECOND

    def _local(self, moment: datetime, near: int | None) -> int:
        self.naive += 1
        self._had_zone = False
        local = (moment - _EPOCH) // _MICROSECOND
        if self.zone is None or self.zone is UTC:
            return local
        # Clocks change at full ten minutes, so all moments of ten minutes have one offset.
        key = moment.isoformat()[:15]
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[key] = self._offset(moment)
        first, second, missing = known
        if missing:
            raise BadTime(f"there was no {moment}: the clock was put forward over it")
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
        """Compare the start that was read last with the second at which its channel was made.

        Raises
        ------
        ConfError
            If enough moments show that the times are not in UTC, and no zone is given.
        """
        made = born(uniqueid)
        if self._had_zone or made is None:
            return
        apart = (start - made) // SECOND
        if _EARLY <= apart <= _LATE:
            self._agreeing += 1
            return
        quarters = round(apart / _QUARTER)
        if not _EARLY <= apart - quarters * _QUARTER <= _LATE:
            return
        quarters += self._ahead(start)
        if abs(quarters) <= 56:
            self._offsets[quarters] = self._offsets.get(quarters, 0) + 1
            if self.zone is None and sum(self._offsets.values()) > max(_ENOUGH, self._agreeing):
                self.settle("these records")

    def _ahead(self, start: int) -> int:
        """Return by how many quarters of an hour the zone is ahead of UTC at a moment."""
        if self.zone is None:
            return 0
        offset = datetime.fromtimestamp(start // SECOND, self.zone).utcoffset() or timedelta()
        return round(offset / timedelta(seconds=_QUARTER))

    def settle(self, name: str) -> None:
        """Check that every moment had a zone; add a note if the uniqueids show another zone.

        Raises
        ------
        ConfError
            If neither the records nor their uniqueids tell one.
        """
        other = sum(self._offsets.values())
        if not self.naive or (self._agreeing and other * 20 <= self._agreeing):
            return
        where = hint = ""
        if self._offsets:
            # Summer and winter have different offsets; the more frequent one is named.
            minutes = max(self._offsets, key=self._offsets.__getitem__) * 15
            apart = f"{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
            where = f"{apart} {_side(minutes)} UTC" if minutes else "UTC: give tz='UTC'"
            hint = f" (by their uniqueids they are {where})"
        if self.zone is None:
            raise ConfError(
                f"the times of {name} have no time zone{hint}: give tz='UTC' if cdr.conf has "
                "usegmtime=yes, else the PBX's zone, such as tz='Europe/Berlin' (in %ast: --tz "
                "Europe/Berlin)"
            )
        if other > self._agreeing // 4:
            count = f"{other:,} uniqueids" if self._agreeing else "every uniqueid"
            self.notes.append(
                f"tz={str(self.zone)!r} does not fit the times of {name}: "
                f"by {count} they are {where}"
            )


def _counted(value: float) -> int:
    """Return microseconds of a number: of seconds, milliseconds or microseconds since 1970."""
    if not math.isfinite(value):
        raise BadTime(f"{value} is not a time")
    size = abs(value)
    unit = SECOND if size < 1e11 else 1000 if size < 1e14 else 1
    if size * unit >= _DAY and not 0 < value * unit < _LAST:
        raise BadTime(f"{value} is not a time at which a PBX can have written")
    return round(value * unit)


def _iso(text: str) -> datetime | None:
    if not _ISO.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _side(minutes: int) -> str:
    return "ahead of" if minutes > 0 else "behind"


def zone_of(zone: str | tzinfo | None) -> tzinfo | None:
    """Return a zone by its name.

    Raises
    ------
    ConfError
        If there is no such zone.
    """
    return named_zone(zone) if isinstance(zone, str) else zone
