"""Reads the moments of a replay, and its beginning and end."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple

import pandas as pd

from ast_notebook.clock import SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.moments import Moment, end, is_of_day, moment, on_day_of
from ast_notebook.units import SECOND
from ast_notebook.zone import default_zone

DAY = 86_400 * SECOND  # a replay covers that much before and after `at`


class Range(NamedTuple):
    """The beginning and the end of a replay, and where it stands at first, in microseconds."""

    first: int | None
    last: int | None
    standing: int | None


def read_moment(
    said: Moment, clock: SystemClock, tz: tzinfo | None = None, *, of_day: bool = False
) -> int:
    """Return a moment in microseconds since 1970 UTC.

    Parameters
    ----------
    said : datetime or str
        As for `moments.moment`.
    clock : SystemClock
    tz : tzinfo, optional
        The zone of a moment that names none; by default, that of people.
    of_day : bool
        Whether a time of the day means the day on which the clock stands. By default, it means the
        last such time before the clock's.

    Raises
    ------
    ConfError
        If it is no moment.
    """
    if of_day and is_of_day(said):
        zone = tz or default_zone()
        today = pd.Timestamp(datetime.fromtimestamp(clock.time(), zone))
        return _microseconds(on_day_of(today, str(said), zone))
    return _microseconds(moment(said, tz=tz, clock=clock))


def read_end(
    said: Moment, clock: SystemClock, tz: tzinfo | None, begin: int, *, of_day: bool = False
) -> int:
    """Return an end in microseconds since 1970 UTC.

    A replay that begins before the given day, week, month or year ends where that begins. A replay
    that begins within it ends where it ends.

    Parameters
    ----------
    said, clock, tz, of_day
        As for `read_moment`.
    begin : int
        The beginning, in microseconds since 1970 UTC.

    Raises
    ------
    ConfError
        If it is no moment.
    """
    found = read_moment(said, clock, tz, of_day=of_day)
    if found > begin or is_of_day(said):
        return found
    return _microseconds(end(said, tz=tz, clock=clock))


def _microseconds(found: pd.Timestamp) -> int:
    return round(found.to_pydatetime(warn=False).timestamp() * SECOND)


class _Standing(SystemClock):
    """A clock that stands at a moment."""

    def __init__(self, at: int) -> None:
        self._at = at

    def time(self) -> float:
        return self._at / SECOND


def range_of(
    since: Moment | None,
    until: Moment | None,
    at: Moment | None,
    clock: SystemClock,
    tz: tzinfo | None,
) -> Range:
    """Return where a replay begins, ends and stands at first; see `read_end` for its end.

    An end without a date is on the day of the beginning.

    Raises
    ------
    ConfError
        If one is no moment, the end is not after the beginning, or `at` is not between them.
    """
    first = None if since is None else read_moment(since, clock, tz)
    standing = None if at is None else read_moment(at, clock, tz)
    begin = first if standing is None else standing
    if until is None:
        last = None
    elif begin is None:
        last = read_moment(until, clock, tz)
    else:
        by = _Standing(begin) if is_of_day(until) else clock
        last = read_end(until, by, tz, begin, of_day=True)
    if first is not None and last is not None and last <= first:
        raise ConfError(f"until {until} is not after since {since}: nothing to replay")
    if standing is None:
        return Range(first, last, None)
    first = standing - DAY if first is None else first
    last = standing + DAY if last is None else last
    if not first <= standing < last:
        given = {"since": since, "until": until}
        period = " and ".join(f"{name} {said}" for name, said in given.items() if said is not None)
        raise ConfError(f"at {at} is not within {period}")
    return Range(first, last, standing)
