"""The part of a report on who waits for a call, who called again, and what differs from before."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl

from ast_notebook import PhoneBook
from ast_notebook.anonymize import Anonymizer
from ast_notebook.calls import numbered
from ast_notebook.calls.anonymized import anonymized_report
from ast_notebook.calls.office import Office
from ast_notebook.calls.report import Report
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


def test_a_name_that_is_only_the_number_is_not_shown_again():
    # Providers send the number as the name, too, where they know no name.
    known = SOME.assign(caller_name=SOME["caller"])
    waiting = next(iter(Office(known, tz="UTC").tables(drawn)))
    assert waiting.count(ANN) == 1
    named = SOME.assign(caller_name=pd.Series(["Ann"] * len(SOME), dtype="str"))
    assert "Ann" in next(iter(Office(named, tz="UTC").tables(drawn)))


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
    missed = page[page.index("Whose calls nobody answered") :]
    assert f"Ann &lt;b&gt; ({ANN})" in missed[: missed.index("</table>")]
    hidden = anonymized_report(report, Anonymizer("a key of sixteen letters")).html()
    assert "Ann" not in hidden and "Dora" not in hidden


def test_calls_without_directions_have_no_such_part():
    report = Report(SOME.assign(direction=pd.Series([None] * len(SOME), dtype="str")), NOBODY)
    assert not report.office.known and report.office.numbers() == []
    assert list(report.office.tables(drawn)) == []
    assert not Report(SOME.head(0), NOBODY.head(0)).office.known


def test_this_week_is_compared_with_the_last_one():
    report = Report(TWO_WEEKS, NOBODY, since=MONDAY, against="last-week", tz="UTC")
    office = report.office
    assert office.comparison is not None
    answered = office.comparison.set_index("measure").loc["answered"]
    # The period ends with its last call, at hour 116: 30 of 40, and 10 of 39 before.
    assert (answered["now"], answered["before"]) == (30 / 40, 10 / 39)
    assert bool(answered["significant"])
    page = office.compared(drawn)
    assert "+49.4 points" in page and "(median)" in page  # 75 % and 25.6 %
    assert "yes" in page


def test_a_period_that_is_known_in_part_is_not_compared():
    late = TWO_WEEKS[TWO_WEEKS["start"] >= MONDAY - pd.Timedelta(days=5)]
    report = Report(late, NOBODY, since=MONDAY, against="7d", tz="UTC")
    assert report.office.comparison is None
    assert "calls are known only from 2026-11-18" in report.html()


def test_the_same_comes_from_duckdb():
    micro = TWO_WEEKS.copy()
    for name in ("start", "end"):
        micro[name] = micro[name].astype("int64")
    there = duckdb.from_arrow(pl.from_pandas(micro).to_arrow())
    pages = [
        Report(calls, NOBODY, since=MONDAY, against="last-week", tz="UTC").office
        for calls in (there, TWO_WEEKS)
    ]
    one, other = pages
    assert one.comparison is not None and other.comparison is not None
    pd.testing.assert_frame_equal(one.comparison, other.comparison)
    pd.testing.assert_frame_equal(one.unreturned, other.unreturned)
