"""The part of a report on who waits for a call, who called again, and what differs from before."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pytest

from ast_notebook import PhoneBook
from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls import numbered
from ast_notebook.calls.anonymized import anonymized_report
from ast_notebook.calls.office import Office
from ast_notebook.calls.report import Report
from ast_notebook.errors import ConfError
from ast_notebook.show import table
from tests.support.measured import MONDAY, office_calls, some_visits

HOUR = 3600
DAY = 24 * HOUR
ANN, BEN, HOSTILE = "03011111", "03022222", "0303<b>"


def drawn(caption, head, rows):
    return table(head, rows, title=caption)


def a_week(begin: pd.Timestamp = MONDAY, answered: int = 30, missed: int = 10) -> pd.DataFrame:
    rows = [
        (4.0 * HOUR * n, "inbound", f"04{n}", "100", "ANSWERED", "200") for n in range(answered)
    ]
    rows += [(HOUR + 4.0 * HOUR * n, "inbound", f"05{n}", "1", "BUSY", "") for n in range(missed)]
    return office_calls(rows, begin)


TWO_WEEKS = pd.concat([a_week(MONDAY - pd.Timedelta(days=7), 10, 30), a_week()], ignore_index=True)
SOME = office_calls(
    [
        (0, "inbound", ANN, "100", "NO ANSWER", None),
        (HOUR, "inbound", ANN, "100", "NO ANSWER", None),
        (2 * HOUR, "outbound", "200", ANN, "BUSY", None),
        (0, "inbound", HOSTILE, "100", "BUSY", None),
        (0, "inbound", BEN, "100", "BUSY", None),
        (3 * HOUR, "outbound", "200", BEN, "ANSWERED", BEN),
        (0, "inbound", "anonymous", "100", "BUSY", None),
        (0, "inbound", "06", "100", "ANSWERED", "200"),
        (DAY, "inbound", "07", "100", "ANSWERED", "200"),
        (DAY + HOUR, "inbound", "07", "100", "ANSWERED", "201"),
        (DAY + 2 * HOUR, "inbound", "08", "100", "ANSWERED", "200"),
        (2 * DAY + 3 * HOUR, "internal", "200", "201", "ANSWERED", "201"),
    ]
)
NOBODY = some_visits([("desk", 1.0, "FULL")])


def test_the_numbers_say_who_waits_and_whom_the_first_call_helped():
    office = Office(SOME, tz="UTC")
    assert dict(office.numbers()) == {
        "wait for a call": "2",
        "settled within a day": "33.3%",  # of Ann, Ben and the hostile one
        "missed without a number": "1",
        "solved by the first call": "50.0%",  # of 07 and 08
    }
    waiting, by_queue, by_agent = office.tables(drawn)
    assert "Who waits for a call" in waiting and ANN in waiting and BEN not in waiting
    assert "0303&lt;b&gt;" in waiting and "<b>" not in waiting
    assert "2026-11-23 09:00" in waiting and "2026-11-23 10:00" in waiting
    assert "desk" in by_queue and "200" in by_agent


def test_what_is_not_known_is_no_number():
    hidden = SOME.copy()
    hidden.loc[2, "disposition"] = None  # the call back to Ann may have been answered
    assert dict(Office(hidden, tz="UTC").numbers())["wait for a call"] == "1 to 2"
    today = SOME[SOME["start"] < MONDAY + pd.Timedelta(hours=6)]
    assert "settled within a day" not in dict(Office(today, tz="UTC").numbers())


def test_a_report_has_them_and_a_report_with_pseudonyms_tells_no_number():
    report = Report(SOME, NOBODY, tz="UTC")
    assert dict(report.numbers())["wait for a call"] == "2"
    assert ANN in report.html()
    hidden = anonymized_report(report, Anonymizer("a key of sixteen letters")).html()
    assert "Who waits for a call" in hidden and ANN not in hidden


def test_a_report_names_callers_by_the_phone_book():
    book = PhoneBook({ANN: "Ann <b>", "08": "Dora"})
    report = Report(numbered(SOME, book=book), NOBODY, tz="UTC")
    page = report.html()
    assert "Ann &lt;b&gt;" in page and f"Ann &lt;b&gt; ({ANN})" in page and "Dora (08)" in page
    hidden = anonymized_report(report, Anonymizer("a key of sixteen letters")).html()
    assert "Ann" not in hidden and "Dora" not in hidden


def test_calls_without_directions_have_no_such_part():
    report = Report(SOME.assign(direction=pd.Series([None] * len(SOME), dtype="str")), NOBODY)
    assert not report.office.known and report.office.numbers() == []
    assert list(report.office.tables(drawn)) == []
    assert not Report(SOME.head(0), NOBODY.head(0)).office.known


def test_this_week_is_compared_with_the_last_one():
    office = Office(TWO_WEEKS, since=MONDAY, against="last-week", tz="UTC")
    assert office.comparison is not None and office.compared is not None
    assert office.compared[0] == MONDAY - pd.Timedelta(days=7)
    answered = office.comparison.set_index("measure").loc["answered"]
    # The period ends with its last call, at hour 116: 30 of 40, and 10 of 39 before.
    assert (answered["now"], answered["before"]) == (30 / 40, 10 / 39)
    assert bool(answered["significant"])
    page = list(office.tables(drawn))[-1]
    assert "Compared with 2026-11-16 09:00 to 2026-11-21 05:00" in page
    assert "+49.4 points" in page and "(median)" in page  # 75 % and 25.6 %
    assert "yes" in page and "no call is known before" not in page


def test_a_period_that_is_known_in_part_is_said_to_be():
    late = TWO_WEEKS[TWO_WEEKS["start"] >= MONDAY - pd.Timedelta(days=5)]
    office = Office(late, since=MONDAY, against="7d", tz="UTC")
    assert "no call is known before 2026-11-18" in list(office.tables(drawn))[-1]


def test_a_day_of_a_clock_change_is_compared_by_the_clock():
    tz = "Europe/Berlin"
    noon = pd.Timestamp("2026-10-26 12:00", tz=tz)  # the day after the change
    calls = office_calls([(60, "inbound", ANN, "1", "BUSY", None)], noon.tz_convert("UTC"))
    compared = Office(calls, since=noon, against="yesterday", tz=tz).compared
    assert compared is not None
    assert compared[0] == pd.Timestamp("2026-10-25 12:00", tz=tz)
    compared = Office(calls, since=noon, against="24h", tz=tz).compared
    assert compared is not None and compared[0] == pd.Timestamp("2026-10-25 12:00", tz=tz)


def test_the_same_comes_from_duckdb():
    micro = TWO_WEEKS.copy()
    for name in ("start", "end"):
        micro[name] = micro[name].astype("int64")
    there = duckdb.from_arrow(pl.from_pandas(micro).to_arrow())
    one = Office(there, since=MONDAY, against="last-week", tz="UTC")
    other = Office(TWO_WEEKS, since=MONDAY, against="last-week", tz="UTC")
    assert one.comparison is not None and other.comparison is not None
    pd.testing.assert_frame_equal(one.comparison, other.comparison)
    pd.testing.assert_frame_equal(one.unreturned, other.unreturned)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfError, match="since"):
        Office(TWO_WEEKS, against="last-week", tz="UTC")
    with pytest.raises(ConfError, match="last-week"):
        Office(TWO_WEEKS, since=MONDAY, against="some day", tz="UTC")
    with pytest.raises(ConfError, match="longer than"):
        Office(TWO_WEEKS, since=MONDAY, against="yesterday", tz="UTC")
