"""The time zone of people: of the times that are shown, and of those that they write."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.tz import tzlocal

from ast_notebook.errors import ConfError

#: The variable of the environment that names the zone.
VARIABLE = "AST_TZ"

_chosen: list[tzinfo | None] = []


class MachineZone(tzlocal):  # type: ignore[misc, unused-ignore]
    """The zone of this machine, with the rules that held at each time.

    dateutil knows only the present offsets of it, and takes a time that a clock change leaves out
    for an hour earlier than the zones of Python do. pandas knows that dateutil's zone has rules
    that only the system tells.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return how far a local time is ahead of UTC."""
        if dt is None:
            return None
        local = _whole(dt)
        return local - datetime.fromtimestamp(local.timestamp(), UTC).replace(tzinfo=None)

    def tzname(self, dt: datetime | None) -> str | None:
        """Return the abbreviation that the zone has at a local time."""
        if dt is None:
            return None
        return time.localtime(_whole(dt).timestamp()).tm_zone

    def fromutc(self, dt: datetime) -> datetime:
        """Return the local time of a time in UTC."""
        moment = _whole(dt).replace(tzinfo=UTC).timestamp()
        return datetime.fromtimestamp(moment).replace(microsecond=dt.microsecond, tzinfo=self)


def _whole(dt: datetime) -> datetime:
    """Return a time in whole seconds and without a zone, and never one of pandas.

    Those of pandas are in UTC if they have no zone.
    """
    return datetime(dt.year, dt.month, dt.day, dt.hour, dt.minute, dt.second, fold=dt.fold)


def use_zone(zone: str | tzinfo | None) -> None:
    """Choose the zone in which times are shown and read; None is that of this machine.

    Without it, the zone is that of the variable ``AST_TZ`` of the environment, or else this
    machine's. What names a zone of its own (a moment, a report, a history) keeps that.

    Raises
    ------
    ConfError
        If there is no such zone.

    Examples
    --------
    >>> ast_notebook.use_zone("Europe/Berlin")
    >>> sh.ast.calls(since="8:00")
    """
    _chosen[:] = [named_zone(zone) if isinstance(zone, str) else zone]


def default_zone() -> tzinfo | None:
    """Return the zone that was chosen; None if it is this machine's."""
    if not _chosen:
        use_zone(os.environ.get(VARIABLE) or None)
    return _chosen[0]


def people_zone() -> tzinfo:
    """Return the zone in which times are shown."""
    return default_zone() or MachineZone()


def named_zone(name: str) -> tzinfo:
    """Return a zone by its name.

    Raises
    ------
    ConfError
        If there is no such zone.
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfError(f"there is no time zone {name!r}: give one as 'Europe/Berlin'") from None
