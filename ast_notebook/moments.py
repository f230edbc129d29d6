"""Reads moments as people write them: an age, a time of the day, a date, or a word for a period."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

import pandas as pd

from ast_notebook.clock import MACHINE, SystemClock
from ast_notebook.durations import LENGTH, SECONDS
from ast_notebook.errors import ConfError
from ast_notebook.units import SECOND
from ast_notebook.zone import MachineZone, default_zone, named_zone

#: A moment, which is in local time if it names no zone. A text may be ``10m``, ``8:00``,
#: ``yesterday 8:00``, ``2026-11-23``, ``2026-11`` or one of `PERIODS`.
Moment = datetime | pd.Timestamp | str

#: The words for periods, each with its unit and how many units ago it began; weeks begin on Monday.
PERIODS = {
    "today": ("D", 0),
    "yesterday": ("D", 1),
    "this-week": ("W", 0),
    "last-week": ("W", 1),
    "this-month": ("M", 0),
    "last-month": ("M", 1),
    "this-year": ("Y", 0),
    "last-year": ("Y", 1),
}
#: The words for how long ago a time to compare with was, by the calendar.
AGO = {
    "yesterday": pd.DateOffset(days=1),
    "last-week": pd.DateOffset(weeks=1),
    "last-month": pd.DateOffset(months=1),
    "last-year": pd.DateOffset(years=1),
}
_OFFSETS = {
    "D": pd.DateOffset(days=1),
    "W": pd.DateOffset(weeks=1),
    "M": pd.DateOffset(months=1),
    "Y": pd.DateOffset(years=1),
}
#: Dates that name a day, a month or a year.
_DATES = (
    (re.compile(r"\d{4}-\d{1,2}-\d{1,2}"), "D"),
    (re.compile(r"\d{4}-\d{1,2}"), "M"),
    (re.compile(r"\d{4}"), "Y"),
)
_SHOWN = 40  # letters of a wrong text that an error shows
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_CLOCK = re.compile(_TIME)
_OF_DAY = re.compile(rf"(today|yesterday)\s+({_TIME})", re.IGNORECASE)


def moment(
    said: Moment,
    now: pd.Timestamp | None = None,
    tz: str | tzinfo | None = None,
    clock: SystemClock = MACHINE,
) -> pd.Timestamp:
    """Read a moment: a datetime, an age, the last such time of the day, or a period's beginning.

    Parameters
    ----------
    said : datetime or str
    now : pandas.Timestamp, optional
        The moment from which ages count; by default, what the clock says.
    tz : str or tzinfo, optional
        The zone of a moment that names none, and of its result; by default, that of `use_zone`. If
        neither names a zone, the result is in local time and has no zone; only the result for an
        age is in UTC. If a clock change repeats the hour, the first of the two moments is meant;
        for a time of the day, the last.
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
    zone = named_zone(tz) if isinstance(tz, str) else tz or default_zone()
    if not isinstance(said, str):
        return _placed(_checked(said, said), zone)
    text = said.strip()
    here = now if now is not None else _now(clock, zone)
    if (period := _period(text, here, zone)) is not None:
        return _placed(period[0], zone)
    if match := _OF_DAY.fullmatch(text):
        return on_day_of(moment(match[1], here, zone), match[2], zone)
    if match := LENGTH.fullmatch(text):
        # In local time, an age over a clock change would be an hour off.
        now = _now(clock, zone or UTC) if now is None else now
        try:
            ago = pd.Timedelta(seconds=float(match[1]) * SECONDS[match[2][0]])
            return _checked(now - ago, said)
        except (ValueError, OverflowError):
            raise _none(said) from None
    if not _CLOCK.fullmatch(text):
        return _placed(_checked(text, said), zone)
    return _last(text, here, zone)


def _last(time: str, now: pd.Timestamp, zone: tzinfo | None) -> pd.Timestamp:
    """Return the last such time of the day that was."""
    until = now if now.tzinfo is not None else _instant(now, zone, now.fold)
    day = until.to_pydatetime(warn=False).astimezone(zone)
    today = _checked(f"{day:%Y-%m-%d} {time}", time)
    both = [_instant(today, zone, fold) for fold in (0, 1)]
    # In an hour that a clock change leaves out, the second one is earlier, and is another time.
    was = [one for one in (max(both), both[0]) if one <= until]
    found = was[0] if was else _instant(today - pd.Timedelta(days=1), zone, 0)
    if zone is not None:
        return found.tz_convert(zone)
    return pd.Timestamp(datetime.fromtimestamp(found.timestamp()))  # it keeps its fold


def end(
    said: Moment,
    now: pd.Timestamp | None = None,
    tz: str | tzinfo | None = None,
    clock: SystemClock = MACHINE,
) -> pd.Timestamp:
    """Read a moment as an end: the end of a named day, week, month or year is meant.

    So ``2026-11-23`` is the midnight after that day, and ``last-week`` the one after its Sunday.
    Everything else is read as by `moment`.

    Raises
    ------
    ConfError
        If it is no moment.

    Examples
    --------
    >>> end("2026-11")
    Timestamp('2026-12-01 00:00:00')
    """
    zone = named_zone(tz) if isinstance(tz, str) else tz or default_zone()
    here = now if now is not None else _now(clock, zone)
    period = _period(said.strip(), here, zone) if isinstance(said, str) else None
    return moment(said, now, tz, clock) if period is None else _placed(period[1], zone)


def span(
    since: Moment | None = None,
    until: Moment | None = None,
    month: str | None = None,
    tz: str | tzinfo | None = None,
    clock: SystemClock = MACHINE,
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Read a period, which is from `since` to before the end of `until`, or a whole month.

    If `until` is a time of the day, and the last such time is not after `since`, it means that time
    on the day of `since`.

    Raises
    ------
    ConfError
        If one of them is no moment, if the period ends before it begins, or if a month is given
        together with `since` or `until`.

    Examples
    --------
    >>> span(month="2026-11")
    (Timestamp('2026-11-01 00:00:00'), Timestamp('2026-12-01 00:00:00'))
    """
    if month is not None:
        if since is not None or until is not None:
            raise ConfError("a month is a whole period: leave out since and until, or the month")
        if not re.fullmatch(r"\d{4}-\d{1,2}|(this|last)-month", month.strip()):
            raise ConfError(f"{_cut(month)!r} is no month: write 2026-10 or last-month")
        since = until = month
    begin, over = _both(since, until, tz, clock)
    if begin is not None and over is not None and microseconds(begin) >= microseconds(over):
        raise ConfError(f"{_cut(until)} is not after {_cut(since)}: nothing is in that time")
    return begin, over


def bounds(
    since: Moment | None, until: Moment | None, clock: SystemClock = MACHINE
) -> tuple[int | None, int | None]:
    """Read a period as `span` does, in microseconds since 1970 UTC; it may be empty.

    Raises
    ------
    ConfError
        If one of them is no moment.
    """
    begin, over = _both(since, until, None, clock)
    return (
        None if begin is None else microseconds(begin),
        None if over is None else microseconds(over),
    )


def _both(
    since: Moment | None, until: Moment | None, tz: str | tzinfo | None, clock: SystemClock
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    zone = (named_zone(tz) if isinstance(tz, str) else tz) or default_zone()
    now = _now(clock, zone)
    begin = None if since is None else moment(since, None if _is_age(since) else now, tz, clock)
    over = None if until is None else end(until, None if _is_age(until) else now, tz, clock)
    if begin is None or over is None or not is_of_day(until):
        return begin, over
    is_before = microseconds(over) <= microseconds(begin)
    return begin, on_day_of(begin, str(until), zone) if is_before else over


def is_of_day(said: Moment | None) -> bool:
    """Tell whether a moment is a time of the day, such as ``18:00``."""
    return isinstance(said, str) and _CLOCK.fullmatch(said.strip()) is not None


def on_day_of(day: pd.Timestamp, time: str, zone: tzinfo | None) -> pd.Timestamp:
    """Return a time of the day, on the day of a moment."""
    local = day if day.tzinfo is None else day.tz_convert(zone or MachineZone())
    return _placed(_checked(f"{local:%Y-%m-%d} {time.strip()}", time), zone)


def _is_age(said: Moment) -> bool:
    return isinstance(said, str) and LENGTH.fullmatch(said.strip()) is not None


def _period(
    text: str, now: pd.Timestamp, zone: tzinfo | None
) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the beginning and the end of a named day, week, month or year, in local time."""
    unit = next((unit for form, unit in _DATES if form.fullmatch(text)), None)
    if unit is not None:
        begin = _checked(text, text)
    elif text.lower() in PERIODS:
        unit, ago = PERIODS[text.lower()]
        today = now.tz_localize(None).normalize()
        begin = {
            "D": today,
            "W": today - pd.Timedelta(days=today.weekday()),
            "M": today.replace(day=1),
            "Y": today.replace(month=1, day=1),
        }[unit]
        for _ in range(ago):
            begin -= _OFFSETS[unit]
    else:
        return None
    try:
        return begin, begin + _OFFSETS[unit]
    except (ValueError, OverflowError):
        raise _none(text) from None


def earlier(time: pd.Timestamp, ago: str) -> pd.Timestamp:
    """Return the moment that is a length of time before another one.

    Whole days and weeks, months and years are those of the calendar, so that 8:00 stays 8:00 over a
    clock change. Hours are hours: 24 of them are not always a day.

    Parameters
    ----------
    time : pandas.Timestamp
        A moment, in the zone whose calendar counts.
    ago : str
        A length of time, such as ``7d`` or ``12h``, or one of `AGO`, such as ``last-week``. A month
        before 31 October is 30 September.

    Raises
    ------
    ConfError
        If it is neither.

    Examples
    --------
    >>> earlier(pd.Timestamp("2026-10-26 08:00", tz="Europe/Berlin"), "1d")
    Timestamp('2026-10-25 08:00:00+0100', tz='Europe/Berlin')
    """
    back = _back(ago)
    try:
        if isinstance(back, pd.Timedelta):
            return _checked(time - back, ago)
        return _placed(_checked(time.tz_localize(None) - back, ago), time.tzinfo)
    except (ValueError, OverflowError):
        raise _none(ago) from None


def _back(ago: str) -> pd.DateOffset | pd.Timedelta:
    """Return how long ago something was: whole days as an offset of the calendar."""
    word = ago.strip().lower()
    if word in AGO:
        return AGO[word]
    match = LENGTH.fullmatch(word)
    if match is None or not float(match[1]):
        raise ConfError(
            f"{_cut(ago)!r} is no earlier time to compare with: write {', '.join(AGO)}, or how "
            "long ago it was, such as 7d or 12h"
        )
    seconds = float(match[1]) * SECONDS[match[2][0]]
    days = seconds / SECONDS["d"]
    try:
        if match[2][0] in "dw" and days.is_integer():
            return pd.DateOffset(days=int(days))
        return pd.Timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        raise _none(ago) from None


def _now(clock: SystemClock, zone: tzinfo | None) -> pd.Timestamp:
    return pd.Timestamp(datetime.fromtimestamp(clock.time(), zone))


def _placed(found: pd.Timestamp, zone: tzinfo | None) -> pd.Timestamp:
    """Return a moment in a zone; a moment that has a zone stays as it is."""
    if zone is None or found.tzinfo is not None:
        return found
    return _instant(found, zone, 0).tz_convert(zone)


def _instant(local: pd.Timestamp, zone: tzinfo | None, fold: int) -> pd.Timestamp:
    """Return a local time of a zone, or of this machine's, in UTC."""
    there = local.to_pydatetime(warn=False).replace(tzinfo=zone, fold=fold)
    if zone is None:  # Pythons differ in what `astimezone` makes of an hour that is left out
        return pd.Timestamp(datetime.fromtimestamp(there.timestamp(), UTC))
    return pd.Timestamp(there.astimezone(UTC))


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
    return ConfError(
        f"{_cut(said)!r} is no moment: write 10m, 2h, 1w, 10:00, yesterday, yesterday 10:00, "
        "last-week, 2026-10 or 2026-11-23"
    )


def _cut(said: object) -> str:
    text = str(said)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def microseconds(said: Moment, clock: SystemClock = MACHINE) -> int:
    """Return a moment, or the beginning of a period, in microseconds since 1970 UTC.

    Raises
    ------
    ConfError
        If it is no moment.
    """
    return round(moment(said, clock=clock).to_pydatetime(warn=False).timestamp() * SECOND)
