"""Zones in which a day has no midnight or two, or in which other rules held before."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ast_notebook import calls
from ast_notebook.calls import measures
from ast_notebook.calls.report import Report
from ast_notebook.moments import end, moment
from ast_notebook.zone import people_zone

#: A zone, and a day on which a clock change leaves out its midnight or repeats it.
DAYS = [
    ("America/Santiago", "2026-09-06"),
    ("Africa/Cairo", "2026-04-24"),
    ("Asia/Beirut", "2026-03-29"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
]


@pytest.fixture
def machine_in(monkeypatch):
    """Have this machine's own zone be another one, and none be chosen."""

    def change(zone: str) -> None:
        changed.setenv("TZ", zone)
        time.tzset()

    with monkeypatch.context() as changed:
        changed.delenv("AST_TZ", raising=False)
        yield change
    time.tzset()


def hourly(day: str) -> pd.DataFrame:
    """Return the events of a call an hour, from before a day until after it, whatever the zone."""
    rows = []
    for hours in range(-12, 37):
        at = pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=hours, minutes=10)
        call = dict.fromkeys(("uniqueid", "linkedid"), f"{int(at.timestamp())}.1")
        call |= {"server": "ast", "channel": "PJSIP/200-00000001", "calleridnum": "200"}
        rows.append({**call, "event": "Newchannel", "time": at, "exten": "300"})
        rows.append({**call, "event": "Hangup", "time": at + pd.Timedelta("90s"), "cause": "16"})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_calls_are_counted_by_day_where_the_clock_changes_at_midnight(zone, day):
    made = calls.calls(hourly(day))
    found = measures.summary(made, by=("day",), tz=zone)
    there = made["start"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
    assert dict(zip(found["day"].dt.strftime("%Y-%m-%d"), found["calls"], strict=True)) == Counter(
        there
    )


@pytest.mark.parametrize(("zone", "day"), DAYS)
@pytest.mark.parametrize("before", [0, 3])
def test_a_report_ends_on_a_day_whose_midnight_the_clock_leaves_out(zone, day, before):
    events = hourly(day)
    first = f"{pd.Timestamp(day) - pd.Timedelta(days=before):%Y-%m-%d}"
    report = Report(
        calls.calls(events), calls.visits(events), since=first, until=day, tz=zone, against="7d"
    )
    days = report.days.set_index("day")["calls"]
    assert days[pd.Timestamp(day)] in (23, 25)
    assert report.summary["calls"][0] == days.sum()
    assert day in report.html()


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_such_a_day_begins_at_the_same_moment_in_the_zone_of_the_machine(machine_in, zone, day):
    machine_in(zone)
    for read in (moment, end):
        assert read(day, tz=people_zone()).timestamp() == read(day, tz=zone).timestamp()
    events = hourly(day)
    report = Report(calls.calls(events), calls.visits(events), since=day, until=day)
    assert report.days["day"].tolist() == [pd.Timestamp(day)]


@pytest.mark.parametrize("zone", ["Europe/Istanbul", "Asia/Amman", "America/Santiago"])
def test_former_rules_of_the_machines_zone_hold_for_former_times(machine_in, zone):
    """Turkey has had no winter time since 2016, and Jordan none since 2022."""
    machine_in(zone)
    made = calls.calls(pd.concat([hourly("2015-01-15"), hourly("2015-07-15")]))
    here, there = people_zone(), ZoneInfo(zone)
    by = ("day", "hour")
    in_its_zone = measures.summary(made, by=by, tz=zone)
    pd.testing.assert_frame_equal(measures.summary(made, by=by, tz=here), in_its_zone)
    for at in (datetime(2015, 1, 15, 12, 0, 0, 999_999), datetime(2015, 7, 15, 12)):
        assert at.replace(tzinfo=here).timestamp() == at.replace(tzinfo=there).timestamp()
        assert at.replace(tzinfo=here).tzname() == at.replace(tzinfo=there).tzname()
        assert at.replace(tzinfo=UTC).astimezone(here).isoformat() == (
            at.replace(tzinfo=UTC).astimezone(there).isoformat()
        )
        moment_of_pandas = pd.Timestamp(at, tz="UTC")
        assert str(moment_of_pandas.tz_convert(here)) == str(moment_of_pandas.tz_convert(there))
    assert pickle.loads(pickle.dumps(here)) == here
