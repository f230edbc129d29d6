"""One zone: moments that tell none, hours, days and headings are all in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ast_notebook.calls import charts
from ast_notebook.calls.history import History, history
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.moments import moment
from tests.support.measured import some_calls, some_visits
from tests.support.past import line, write

BERLIN = "Europe/Berlin"
NOBODY = some_visits([("desk", 1.0, "FULL")]).head(0)


def at(*hours: str) -> pd.DataFrame:
    """Calls of 10 s that begin at these moments in UTC."""
    calls = some_calls([(0, 10, None, None, "BUSY", "1") for _ in hours])
    starts = pd.to_datetime(pd.Series(hours), utc=True).astype("datetime64[us, UTC]")
    return calls.assign(start=starts, end=starts + pd.Timedelta("10s"))


def october(folder: Path, **told: str) -> History:
    """A call at 10:00 in Berlin on each day of October 2026."""
    text = ""
    for day in range(1, 32):
        date = f"2026-10-{day:02}"
        made = int(datetime(2026, 10, day, 10, tzinfo=ZoneInfo(BERLIN)).timestamp())
        text += line(
            f"{made}.{day}",
            "",
            start=f"{date} 10:00:00",
            answer=f"{date} 10:00:05",
            end=f"{date} 10:01:05",
        )
    return history(write(folder, text), **told)  # type: ignore[arg-type]


def test_a_report_of_a_history_is_in_the_zone_that_the_history_was_told(tmp_path):
    past = october(tmp_path, tz=BERLIN)
    assert str(past.tz) == BERLIN
    page = past.report()
    assert " from 2026-10-01 10:00 CEST to 2026-10-31 10:15 CET\n" in repr(page)
    assert page.heat_map[10].tolist() == past.report(tz=BERLIN).heat_map[10].tolist()
    assert page.heat_map[10].gt(0).all() and page.heat_map[8].eq(0).all()
    assert dict(page.numbers())["busy hour from 10:00"] == "0.02 E"  # 65 s of 3600
    assert " from 2026-10-01 08:00 to 2026-10-31 09:15 UTC\n" in repr(past.report(tz="UTC"))


def test_a_history_that_was_told_no_zone_has_none():
    assert history("tests/data/history/asterisk22-queue_log").tz is None
    assert history("tests/data/history/asterisk22-queue_log", tz="utc").tz is UTC


def test_an_archive_has_the_zone_that_it_was_told_and_no_zone_that_is_none(tmp_path):
    (tmp_path / "server=ast").mkdir()
    with pytest.raises(ConfError, match="no time zone 'Berlin'"):
        history(tmp_path, tz="Berlin")


def test_since_a_day_is_since_its_midnight_in_the_zone_of_the_report():
    # 2026-10-15 begins in Berlin at 22:00 UTC, in Kathmandu at 18:15 UTC.
    calls = at("2026-10-14 18:10", "2026-10-14 18:15", "2026-10-14 21:59", "2026-10-14 22:00")
    for zone, kept in ((BERLIN, 1), ("Asia/Kathmandu", 3), (ZoneInfo(BERLIN), 1), ("UTC", 0)):
        page = Report(calls, NOBODY, since="2026-10-15", tz=zone)
        assert page.summary["calls"][0] == kept, zone
    told = pd.Timestamp("2026-10-15")
    assert Report(calls, NOBODY, since=told, tz=BERLIN).summary["calls"][0] == 1
    aware = pd.Timestamp("2026-10-14 21:59", tz="UTC")
    assert Report(calls, NOBODY, since=aware, tz=BERLIN).summary["calls"][0] == 2
    with pytest.raises(ConfError, match="no zone Berlin"):
        Report(calls, NOBODY, since="2026-10-15", tz="Berlin")


def test_since_a_day_begins_at_its_midnight_for_the_zone_of_a_history(tmp_path):
    past = october(tmp_path, tz=BERLIN)
    assert past.report(since="2026-10-15").summary["calls"][0] == 17
    assert past.report(since="2026-10-15 10:00").summary["calls"][0] == 17
    assert past.report(since="2026-10-15 10:01").summary["calls"][0] == 16


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10m", "2026-10-25 00:55"),  # at 01:05 UTC it is 02:05 for the second time
        ("2h", "2026-10-24 23:05"),
        ("2:30", "2026-10-25 00:30"),  # the second 02:30 has not come yet
        ("2:00", "2026-10-25 01:00"),
        ("3:00", "2026-10-24 01:00"),
        ("2026-10-25", "2026-10-24 22:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),  # the first of the two
        ("2026-03-29 02:30", "2026-03-29 01:30"),  # it never was: an hour after 01:30
        ("2026-10-25T02:30Z", "2026-10-25 02:30"),
    ],
)
def test_a_moment_in_a_zone_is_exact_around_its_clock_changes(text, found):
    now = pd.Timestamp("2026-10-25 01:05", tz="UTC").tz_convert(BERLIN)
    assert moment(text, now, BERLIN) == pd.Timestamp(found, tz="UTC")


def test_an_age_is_counted_on_a_clock_that_is_never_changed():
    assert abs(pd.Timestamp.now("UTC") - moment("2d") - pd.Timedelta("48h")) < pd.Timedelta("1h")
    assert moment("2d", tz=BERLIN).tzname() in ("CET", "CEST")


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("2026-07-01 08:00", "2026-07-31 08:00", "2026-07-01 10:00 to 2026-07-31 10:15 CEST"),
        ("2026-10-01 08:00", "2026-10-31 09:00", "2026-10-01 10:00 CEST to 2026-10-31 10:15 CET"),
        ("2026-12-01 09:00", "2026-12-31 09:00", "2026-12-01 10:00 to 2026-12-31 10:15 CET"),
    ],
)
def test_a_heading_names_the_zone_of_its_beginning_and_of_its_end(begin, end, words):
    assert f" from {words}\n" in repr(Report(at(begin, end), NOBODY, tz=BERLIN))


def test_time_does_not_run_backwards_in_the_picture_of_a_repeated_hour():
    page = Report(at("2026-10-25 00:00", "2026-10-25 02:00"), NOBODY, tz=BERLIN)
    (axes,) = charts.concurrency(page.load, tz=BERLIN).axes
    (peak,) = axes.get_lines()
    places = peak.get_xdata(orig=False)
    assert (places[1:] > places[:-1]).all()  # type: ignore[index, operator, union-attr]
