"""The report of a month and of the next one: what is compared with what, and by what length."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls.report import Report
from tests.support.measured import some_calls, some_visits

BERLIN = "Europe/Berlin"
NOBODY = some_visits([("desk", 1.0, "FULL")]).head(0)


def calls_at(*moments: str) -> pd.DataFrame:
    """A call of ten seconds, in vain, at each of these moments of Berlin."""
    begin = pd.Timestamp("2026-01-01", tz="UTC")
    seconds = [(pd.Timestamp(one, tz=BERLIN) - begin).total_seconds() for one in moments]
    rows = [(one, one + 10, None, None, "BUSY", "0301") for one in seconds]
    return some_calls(rows, begin)


def days(first: str, last: str) -> list[str]:
    """Ten o'clock of each day."""
    return [f"{day:%Y-%m-%d} 10:00" for day in pd.date_range(first, last)]


def compared(calls: pd.DataFrame, month: str) -> Report:
    return Report(calls, NOBODY, month=month, against="last-month", tz=BERLIN)


def calls_before(page: Report) -> tuple[float, float]:
    found = {row[0]: (row[1], row[2]) for row in page.comparison.itertuples(index=False)}
    return found["calls"]


def test_a_month_that_is_over_is_compared_with_the_whole_month_before():
    # October's last call is at 10:00 of the 31st; September's 31st one is at 17:00 of the 30th.
    calls = calls_at(*days("2026-09-01", "2026-09-30"), "2026-09-30 17:00")
    calls = pd.concat([calls, calls_at(*days("2026-10-01", "2026-10-31"))], ignore_index=True)
    page = compared(calls, "2026-10")
    assert calls_before(page) == (31, 31)
    assert "Compared with 2026-09-01 00:00 to 2026-10-01 00:00 CEST" in page.html()


def test_a_month_and_the_next_one_tell_the_same_of_the_first_of_them():
    # February has 28 days, and its last call is at 10:00: January keeps its 31 calls.
    calls = calls_at(*days("2025-12-01", "2026-02-28"))
    assert calls_before(compared(calls, "2026-01")) == (31, 31)
    assert calls_before(compared(calls, "2026-02")) == (28, 31)


def test_a_month_that_is_not_over_is_compared_as_far_as_it_is_known():
    # The last call of this month to come ends at 10:00:10 of the 31st.
    calls = calls_at(*days("2099-11-01", "2099-12-31"), "2099-11-30 17:00")
    page = compared(calls, "2099-12")
    assert calls_before(page) == (31, 30)


def test_a_day_is_compared_as_far_as_it_is_known_also_when_it_is_over():
    # Half a day is missing if the log was copied at noon: too much to be called a whole one.
    calls = calls_at("2026-10-13 10:00", "2026-10-13 17:00", "2026-10-14 10:00")
    page = Report(calls, NOBODY, since="2026-10-14", until="2026-10-14", against="1d", tz=BERLIN)
    assert calls_before(page) == (1, 1)


@pytest.mark.parametrize("last", ["2026-10-31", "2026-11-02"])
def test_calls_per_day_are_those_of_days_of_the_calendar(last: str):
    # A call a day: 30 in September, and 31 in October, which has an hour more than 31 times 24.
    page = compared(calls_at(*days("2026-09-01", last)), "2026-10")
    assert page.office.comparison is not None
    row = page.office.comparison.set_index("measure").loc["calls"]
    # 31 now; 30 before are 30 * 31 / 30 = 31 in as many days.
    assert (row["now"], row["before"]) == (31, 30)
    assert row["difference"] == pytest.approx(0, abs=1e-9)
    assert row["ratio"] == pytest.approx(1, abs=1e-9)


def test_times_of_as_many_days_are_of_the_same_length_over_a_clock_change():
    # Friday and Saturday, and Sunday and Monday; summer time ends on the Sunday.
    calls = calls_at(*days("2026-10-23", "2026-10-26"), "2026-10-27 09:00")
    page = Report(calls, NOBODY, since="2026-10-25", until="2026-10-26", against="2d", tz=BERLIN)
    assert page.office.comparison is not None
    row = page.office.comparison.set_index("measure").loc["calls"]
    assert (row["now"], row["before"], row["difference"]) == (2, 2, 0)
    assert "compared per day" not in page.html()
