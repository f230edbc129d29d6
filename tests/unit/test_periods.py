"""Words for periods, the ends of days and months, and the one zone of people."""

import time

import pandas as pd
import pytest

from ast_notebook import use_zone
from ast_notebook.calls.frames import begun, lasting
from ast_notebook.clock import SystemClock
from ast_notebook.errors import ConfError
from ast_notebook.moments import end, microseconds, moment, span

#: A Wednesday.
NOW = pd.Timestamp("2026-11-25 12:00")


class StandingClock(SystemClock):
    """A clock that stands at a moment in UTC."""

    def __init__(self, at: str) -> None:
        self._at = pd.Timestamp(at, tz="UTC").timestamp()

    def time(self) -> float:
        return self._at


@pytest.fixture
def in_berlin():
    use_zone("Europe/Berlin")
    yield
    use_zone(None)


@pytest.fixture
def machine_in_berlin(monkeypatch):
    """Have this machine's own zone be Berlin's, and none be chosen."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("today", "2026-11-25", "2026-11-26"),
        ("Yesterday", "2026-11-24", "2026-11-25"),
        ("this-week", "2026-11-23", "2026-11-30"),
        ("last-week", "2026-11-16", "2026-11-23"),
        ("this-month", "2026-11-01", "2026-12-01"),
        ("last-month", "2026-10-01", "2026-11-01"),
        ("this-year", "2026-01-01", "2027-01-01"),
        ("last-year", "2025-01-01", "2026-01-01"),
        ("2026-02-28", "2026-02-28", "2026-03-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2024", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_period_begins_and_ends_at_midnight(text, begins, ends):
    assert moment(text, NOW) == pd.Timestamp(begins)
    assert end(text, NOW) == pd.Timestamp(ends)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yesterday 14:05", "2026-11-24 14:05"),
        ("Yesterday  8:00:30", "2026-11-24 08:00:30"),
        ("today 8:00", "2026-11-25 08:00"),
        ("today 18:00", "2026-11-25 18:00"),
    ],
)
def test_a_day_may_have_a_time(text, found):
    assert moment(text, NOW) == end(text, NOW) == pd.Timestamp(found)


def test_an_end_without_a_date_is_on_the_day_of_the_beginning_if_it_would_be_before_it():
    clock = StandingClock("2026-11-25 12:00")
    day = pd.Timestamp("2026-11-25", tz="UTC")
    hours = [pd.Timedelta(hours=hour) for hour in (8, 18)]
    assert span("8:00", "18:00", tz="UTC", clock=clock) == (day + hours[0], day + hours[1])
    before = pd.Timestamp("2026-11-23 08:00", tz="UTC")
    last = (before, day - pd.Timedelta(hours=6))
    assert span("2026-11-23 08:00", "18:00", tz="UTC", clock=clock) == last
    with pytest.raises(ConfError, match="8:00 is not after 10:00: nothing is in that time"):
        span("10:00", "8:00", tz="UTC", clock=clock)


@pytest.mark.parametrize("text", ["10m", "10:00", "2026-11-20 08:00", "2026-11-20T08:00"])
def test_what_is_no_period_ends_where_it_is(text):
    assert end(text, NOW) == moment(text, NOW)


def test_a_day_is_as_long_as_its_clock_says():
    """On the last Sunday of October clocks are put back, so that the day has 25 hours."""
    day = pd.Timestamp("2026-10-25 18:00", tz="Europe/Berlin")
    length = end("today", day, "Europe/Berlin") - moment("today", day, "Europe/Berlin")
    assert length == pd.Timedelta(hours=25)


def test_a_span_is_from_the_first_moment_to_the_end_of_the_last():
    assert span("2026-10-01", "2026-10-31") == span(month="2026-10")
    assert span(month="2026-10") == (pd.Timestamp("2026-10-01"), pd.Timestamp("2026-11-01"))
    assert span() == (None, None)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"month": "2026-10", "since": "1w"}, "leave out since and until"),
        ({"month": "2026-10-01"}, "is no month: write 2026-10"),
        ({"month": "yesterday"}, "is no month"),
        ({"since": "2026-10-02", "until": "2026-10-01"}, "nothing is in that time"),
        ({"since": "1h", "until": "2h"}, "nothing is in that time"),
        ({"until": "soon"}, "'soon' is no moment"),
    ],
)
def test_a_span_that_is_none_is_refused(given, why):
    with pytest.raises(ConfError, match=why):
        span(**given)


def test_people_have_one_zone(in_berlin):
    noon = pd.Timestamp("2026-11-23 11:00", tz="UTC")
    assert microseconds("2026-11-23 12:00") == noon.value // 1000
    assert moment("2026-11-23").utcoffset() == pd.Timedelta(hours=1)
    assert moment("2026-11-23", tz="Asia/Tokyo").utcoffset() == pd.Timedelta(hours=9)


def test_a_zone_that_is_none_is_refused():
    with pytest.raises(ConfError, match="there is no time zone 'Mars/Olympus'"):
        use_zone("Mars/Olympus")


def test_rows_are_chosen_up_to_the_end_of_a_day(in_berlin):
    starts = pd.to_datetime(["2026-11-22 22:59", "2026-11-22 23:00", "2026-11-23 23:00"], utc=True)
    frame = pd.DataFrame({"start": starts, "n": [1, 2, 3]})
    assert begun(frame, "2026-11-23", "2026-11-23")["n"].tolist() == [2]
    assert begun(frame, None, "2026-11-23")["n"].tolist() == [1, 2]


def test_what_lasts_is_cut_off_at_both_ends(in_berlin):
    """A session from 22 to 2 o'clock has two hours of the day on which it begins."""
    begin = pd.to_datetime(["2026-11-23 21:00"], utc=True)
    over = pd.to_datetime(["2026-11-24 01:00"], utc=True)
    frame = pd.DataFrame({"login": begin, "logout": over, "seconds": [4 * 3600.0]})
    kept = lasting(frame, "2026-11-23", ("login", "logout"), "2026-11-23")
    assert kept["seconds"].tolist() == [2 * 3600.0]
    assert lasting(frame, None, ("login", "logout"), "2026-11-22").empty


@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
@pytest.mark.parametrize(
    ("said", "now", "found"),
    [
        ("2:05", "2026-10-25 00:30", "2026-10-25 00:05"),
        ("2:05", "2026-10-25 01:10", "2026-10-25 01:05"),
        ("2:20", "2026-10-25 01:10", "2026-10-25 00:20"),
        ("2:45", "2026-10-25 11:00", "2026-10-25 01:45"),
        ("3:05", "2026-10-25 01:10", "2026-10-24 01:05"),
        ("1:59", "2026-10-25 01:10", "2026-10-24 23:59"),
        ("2:45", "2026-03-29 00:50", "2026-03-28 01:45"),
        ("2:45", "2026-03-29 12:00", "2026-03-29 01:45"),
    ],
)
def test_the_last_such_time_is_found_on_days_of_clock_changes(
    machine_in_berlin, tz, said, now, found
):
    """In the hour that is repeated it is the last one that was, whoever names the zone."""
    last = moment(said, tz=tz, clock=StandingClock(now))
    assert (last.tzinfo is None) == (tz is None)
    assert microseconds(last) == pd.Timestamp(found, tz="UTC").value // 1000


def test_an_end_is_on_the_local_day_of_a_beginning_that_is_an_age(machine_in_berlin):
    clock = StandingClock("2026-11-25 08:00")  # 9:00 in Berlin
    _, over = span("510m", "18:00", clock=clock)
    assert over is not None
    assert microseconds(over) == pd.Timestamp("2026-11-25 17:00", tz="UTC").value // 1000
