"""The moments of a history: local times, and the hours that clock changes repeat or leave out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ast_notebook.calls.frames import COLUMNS
from ast_notebook.calls.history import history
from ast_notebook.calls.history.clock import BadTime, Clock
from ast_notebook.errors import ConfError
from tests.support.past import line, moment, write


def test_local_times_need_a_zone_and_the_error_says_how(tmp_path: Path) -> None:
    path = write(tmp_path, line())
    with pytest.raises(ConfError, match=r"tz='UTC' if cdr\.conf has usegmtime=yes"):
        history(path)
    calls = history(path, tz="Europe/Berlin").calls
    assert calls["start"][0] == moment("2026-06-01 08:00:00")
    with pytest.raises(ConfError, match="no time zone 'Berlin'"):
        history(path, tz="Berlin")


def test_uniqueids_tell_that_times_are_utc_or_that_they_are_not(tmp_path: Path) -> None:
    made = int(datetime(2026, 6, 1, 10, tzinfo=UTC).timestamp())
    path = write(tmp_path, line(f"{made}.1", "") + line(f"host-{made}.2", ""))
    assert history(path).calls["start"][0] == moment("2026-06-01 10:00:00")
    path = write(tmp_path, line(f"{made - 7200}.1", ""))
    with pytest.raises(ConfError, match="2:00 ahead of UTC"):
        history(path)
    mixed = [line(f"{made}.{n}", "") for n in range(5)] + [line(f"{made - 3600}.{n}", "")
             for n in range(5)]  # fmt: skip
    with pytest.raises(ConfError, match="1:00 ahead"):
        history(write(tmp_path, "".join(mixed)))


def test_the_hour_that_a_clock_change_repeats_is_doubtful(tmp_path: Path) -> None:
    twice = {
        "start": "2026-10-25 02:30:00",
        "answer": "2026-10-25 02:30:05",
        "end": "2026-10-25 02:31:05",
    }
    second = int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp())
    text = line("1.1", "", **twice) + line(f"{second}.7", "", **twice) + line("1.3", "")
    past = history(write(tmp_path, text), tz="Europe/Berlin")
    assert past.doubtful == 2
    assert past.calls.attrs["history"]["doubtful"] == 2
    starts = past.calls.set_index("call")["start"]
    assert starts["1.1"] == moment("2026-10-25 00:30:00")
    assert starts[f"{second}.7"] == moment("2026-10-25 01:30:00")


def test_a_call_over_the_repeated_hour_is_as_long_as_it_was(tmp_path: Path) -> None:
    text = line(start="2026-10-25 02:50:00", answer="2026-10-25 02:50:05",
                end="2026-10-25 02:10:00", duration="1200", billsec="1195")  # fmt: skip
    past = history(write(tmp_path, text), tz="Europe/Berlin")
    call = past.calls.iloc[0]
    assert (call["end"] - call["start"]).total_seconds() == 1200
    assert past.doubtful == 1


def test_a_line_that_bills_more_than_the_call_lasted_is_bad(tmp_path: Path) -> None:
    past = history(write(tmp_path, line() + line(billsec="99999"), "Master.csv"), tz="UTC")
    assert past.bad["reason"].tolist() == ["its billsec is longer than its duration"]


def test_the_hour_that_a_clock_change_leaves_out_is_bad(tmp_path: Path) -> None:
    past = history(write(tmp_path, line(start="2026-03-29 02:30:00")), tz="Europe/Berlin")
    assert past.bad_count == 1
    assert "there was no" in past.bad["reason"][0]
    assert len(past.calls) == 0
    assert past.calls.columns.tolist() == list(COLUMNS)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))
def test_a_moment_read_back_from_local_time_is_itself_or_doubtful(when: datetime) -> None:
    from zoneinfo import ZoneInfo

    exact = when.replace(tzinfo=UTC)
    local = exact.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    clock = Clock("Europe/Berlin")
    micros = (when - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    found = clock.read(local.isoformat(" "), near=micros)
    assert found == micros
    assert clock.read(exact.isoformat()) == micros


@pytest.mark.parametrize("text", ["", None, "0000-00-00 00:00:00", 0])
def test_no_time_is_none(text: str | int | None) -> None:
    assert Clock("UTC").read(text) is None


@pytest.mark.parametrize("text", ["soon", "2026-13-01 00:00:00", "12"])
def test_what_is_no_time_is_bad(text: str) -> None:
    with pytest.raises(BadTime):
        Clock("UTC").read(text)
