"""Reads moments of a replay, such as ``yesterday 14:05``."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

import pandas as pd

from ast_notebook.clock import SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, moment
from ast_notebook.units import SECOND

_DAYS = {"today": 0, "yesterday": 1}
_OF_DAY = re.compile(r"(today|yesterday)(?:\s+(\d{1,2}:\d{2}(?::\d{2})?))?", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def read_moment(
    said: Moment, clock: SystemClock, tz: tzinfo | None = None, *, of_day: bool = False
) -> int:
    """Return a moment in microseconds since 1970 UTC.

    Parameters
    ----------
    said : datetime or str
        As for `moments.moment`, or ``yesterday 14:05``.
    clock : SystemClock
    tz : tzinfo, optional
        The zone of a moment that names none; by default, this machine's.
    of_day : bool
        Whether a time of the day means the day on which the clock stands. By default, it means the
        last such time before the clock's.

    Raises
    ------
    ConfError
        If it is no moment.
    """
    if isinstance(said, str):
        text = said.strip()
        day = _OF_DAY.fullmatch(text)
        if day is not None:
            said = _on(clock, tz, _DAYS[day[1].lower()], day[2] or "0:00")
        elif of_day and _CLOCK.fullmatch(text):
            said = _on(clock, tz, 0, text)
    found = moment(said, tz=tz, clock=clock)
    return round(found.to_pydatetime(warn=False).timestamp() * SECOND)


def _on(clock: SystemClock, tz: tzinfo | None, days_ago: int, time: str) -> str:
    now = pd.Timestamp(datetime.fromtimestamp(clock.time(), tz))
    return f"{now.date() - pd.Timedelta(days=days_ago):%Y-%m-%d} {time}"


class _Standing(SystemClock):
    """A clock that stands at a moment."""

    def __init__(self, at: int) -> None:
        self._at = at

    def time(self) -> float:
        return self._at / SECOND


def range_of(
    since: Moment | None, until: Moment | None, clock: SystemClock, tz: tzinfo | None
) -> tuple[int | None, int | None]:
    """Return a beginning and an end; an end without a date is on the day of the beginning.

    Raises
    ------
    ConfError
        If one is no moment, or the end is not after the beginning.
    """
    first = None if since is None else read_moment(since, clock, tz)
    last = None
    if until is not None:
        by, of_day = (clock, False) if first is None else (_Standing(first), True)
        is_clock = isinstance(until, str) and _CLOCK.fullmatch(until.strip()) is not None
        last = read_moment(until, by if is_clock else clock, tz, of_day=of_day and is_clock)
    if first is not None and last is not None and last <= first:
        raise ConfError(f"until {until} is not after since {since}: nothing to replay")
    return first, last
