"""Reads moments as people write them: an age, a time of the day, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND

#: A time; one without a zone is in local time. A text may be ``10m``, ``8:00`` or ``2026-11-23``.
Moment = datetime | pd.Timestamp | str

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|days?)")
_SHOWN = 40  # letters of a wrong text that an error shows
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def moment(
    said: Moment,
    now: pd.Timestamp | None = None,
    tz: str | tzinfo | None = None,
    clock: SystemClock = MACHINE,
) -> pd.Timestamp:
    """Read a moment: a datetime, an age, the last such time of the day, or a date.

    Parameters
    ----------
    said : datetime or str
    now : pandas.Timestamp, optional
        The moment from which ages count; by default, what the clock says.
    tz : str or tzinfo, optional
        The zone of a moment that tells none, and of the result then. Without it, such a moment is
        in local time and has no zone, and an age is in UTC. Of the two moments of an hour that a
        clock change repeats, the first is meant, or as a time of the day the last.
    clock : SystemClock
        This machine's clock, or that of a replay.

    Raises
    ------
    ConfError
        If it is no moment.

    Examples
    --------
    >>> moment("10m", pd.Timestamp("2026-11-23 12:00"))
    Timestamp('2026-11-23 11:50:00')
    """
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    if not isinstance(said, str):
        return _placed(_checked(said, said), zone)
    text = said.strip()
    if match := _SPAN.fullmatch(text):
        # In local time, an age over a clock change would be an hour off.
        now = _now(clock, zone or UTC) if now is None else now
        try:
            ago = pd.Timedelta(seconds=float(match[1]) * _SECONDS[match[2][0]])
            return _checked(now - ago, said)
        except (ValueError, OverflowError):
            raise _none(said) from None
    if not _CLOCK.fullmatch(text):
        return _placed(_checked(text, said), zone)
    now = _now(clock, zone) if now is None else now
    today = _checked(f"{now:%Y-%m-%d} {text}", said)
    found = _placed(today, zone, fold=1)
    if found > now:
        found = _placed(today, zone)
    return found if found <= now else _placed(today - pd.Timedelta(days=1), zone)


def _now(clock: SystemClock, zone: tzinfo | None) -> pd.Timestamp:
    return pd.Timestamp(datetime.fromtimestamp(clock.time(), zone))


def _placed(found: pd.Timestamp, zone: tzinfo | None, fold: int = 0) -> pd.Timestamp:
    """Return a moment in a zone; one that tells its own zone stays as it is."""
    if zone is None or found.tzinfo is not None:
        return found
    there = found.to_pydatetime(warn=False).replace(tzinfo=zone, fold=fold)
    return pd.Timestamp(there.astimezone(UTC)).tz_convert(zone)


def _checked(time: Any, said: object) -> pd.Timestamp:
    """Return a time, after a check that it can be converted to every zone."""
    if isinstance(time, bool | int | float):
        raise _none(said)
    try:
        found = pd.Timestamp(time)
        if not pd.isna(found):
            datetime.fromtimestamp(found.to_pydatetime(warn=False).timestamp(), UTC)
            return found
    except (ValueError, TypeError, OverflowError, OSError):
        pass
    raise _none(said)


def _none(said: object) -> ConfError:
    text = said if isinstance(said, str) else str(said)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return ConfError(f"{shown!r} is no moment: write 10m, 2h, 10:00 or 2026-11-23")


def microseconds(said: Moment, clock: SystemClock = MACHINE) -> int:
    """Return a moment in microseconds since 1970 UTC.

    Raises
    ------
    ConfError
        If it is no moment.
    """
    return round(moment(said, clock=clock).to_pydatetime(warn=False).timestamp() * SECOND)
