"""What a report says of its numbers: nobody has to look elsewhere for what they mean."""

from __future__ import annotations

import pandas as pd
import pytest

from ast_notebook.calls import charts, measures
from ast_notebook.calls.office import Office
from ast_notebook.calls.report import Report
from tests.support.measured import MONDAY, office_calls, some_calls, some_visits

DAY = 86400.0
NOBODY = some_visits([("desk", 1.0, "FULL")])


def of_cdr(rows: list[tuple[float, str, str]]) -> pd.DataFrame:
    """Return calls of a CDR of (start, disposition, caller), each billed for a minute or not."""
    calls = some_calls(
        [(start, start + 70, None, None, became, caller) for start, became, caller in rows]
    )
    billed = calls["disposition"].eq("ANSWERED") * 60.0
    return calls.assign(source="cdr", billsec=billed)


def test_who_called_most_is_billed_where_no_talk_is_known():
    calls = of_cdr([(0, "ANSWERED", "0301"), (100, "ANSWERED", "0301"), (200, "BUSY", "0302")])
    assert measures.top(calls)["billsec"].tolist() == [120.0, 0.0]
    most = Report(calls, NOBODY, tz="UTC").html().partition("Who called most")[2]
    assert "billed time" in most and "<td>2:00</td>" in most
    assert ">talk<" not in most
    talked = some_calls([(0, 70, 5, 60.0, "ANSWERED", "0301")])
    assert ">talk<" in Report(talked, NOBODY, tz="UTC").html()


def test_a_share_that_a_cdr_cannot_know_says_why_it_is_missing():
    page = Report(of_cdr([(0, "NO ANSWER", "0301")]), NOBODY, tz="UTC").html()
    assert "Not known, since the log does not tell which calls failed." in page
    page = Report(some_calls([(0, 9, None, None, "BUSY", "0301")]), NOBODY, tz="UTC").html()
    assert "Not known" not in page


def test_the_missed_calls_say_how_many_of_all_they_are():
    calls = of_cdr([(100.0 * n, "NO ANSWER", f"03{n % 12:02}") for n in range(24)])
    page = Report(calls, NOBODY, tz="UTC").html()
    assert "Who called in vain most often: 20 of the 24 missed calls, and whether" in page
    page = Report(calls.head(10), NOBODY, tz="UTC").html()
    assert "Whose calls nobody answered, and whether" in page


def test_the_picture_of_waits_says_who_gave_up_and_how_many_waited_longer():
    waited = [("desk", 3.0, "ANSWERED")] * 300
    waited += [("desk", 4.0, "ABANDONED"), ("desk", 303.0, "ANSWERED")]
    figure = charts.waits(measures.waits(some_visits(waited)))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["answered", "gave up"]
    assert figure.axes[0].get_xlabel() == "seconds; 1 waited longer than 70"
    figure = charts.waits(measures.waits(some_visits(waited[:301])))
    assert figure.axes[0].get_xlabel() == "seconds"


def test_the_page_says_that_differences_are_computed_before_rounding():
    calls = of_cdr([(n * DAY, "BUSY", "0301") for n in range(14)])
    since = MONDAY.normalize() + pd.Timedelta("7D")
    page = Report(calls, NOBODY, since=since, against="last-week", tz="UTC").html()
    assert "Differences are computed before the numbers are rounded." in page
    assert "rounded" not in Report(calls, NOBODY, tz="UTC").html()


@pytest.fixture
def office() -> Office:
    hours = [n * 3600.0 for n in range(31)]
    rows = [
        *((hour, "inbound", f"03{hour:.0f}", "100", "ANSWERED", "200") for hour in hours),
        (40 * 3600.0, "inbound", "0399", "100", "BUSY", None),
    ]
    now, before = office_calls(rows), office_calls(rows[:20])
    office = Office(now, tz="UTC")
    office.compare(now, before, (30 * DAY, 31 * DAY))
    return office


def drawn(caption, head, rows):
    return "\n".join([caption, " | ".join(head), *(" | ".join(map(str, row)) for row in rows)])


def test_a_difference_between_times_of_other_lengths_can_be_computed_by_hand(office):
    told = office.compared(drawn)
    # 20 calls in 31 days are 19.4 in 30, and 32 are 12.6 more.
    assert "20 before are as many as 19 now" in told
    assert "calls | 32 | 20 | +13 |" in told
    assert "p is the probability that chance alone makes such a difference" in told
    assert "| \N{MINUS SIGN}3.1 points |" in told, "31 of 32 are answered, and 20 of 20 were"


def test_a_table_of_who_waits_has_no_column_that_is_empty_and_names_what_is_missing(office):
    assert "caller | tries | first | last | called back in vain" in next(iter(office.tables(drawn)))
    rows = [(n * DAY, "inbound", f"03{n}", "100", "ANSWERED", "200") for n in range(4)]
    calls = office_calls(rows).assign(queue=pd.Series([None] * 4, dtype="str"))
    by_queue, _ = Office(calls, tz="UTC").tables(drawn)
    assert "in no queue | 2 | 0 | 100.0%" in by_queue


def test_each_number_of_the_office_says_what_it_means():
    rows = [
        (0.0, "inbound", "0301", "100", "BUSY", None),
        (0.0, "inbound", "anonymous", "100", "BUSY", None),
        (60.0, "inbound", "0302", "100", "ANSWERED", "200"),
        (2 * DAY, "inbound", "0303", "100", "ANSWERED", "200"),
        (5 * DAY, "inbound", "0304", "100", "ANSWERED", "200"),
    ]
    report = Report(office_calls(rows), NOBODY, tz="UTC")
    assert len(report.office.numbers()) == 4
    section = report.html().partition("Who waits, and who called again")[2].partition("<table>")[0]
    assert section.count("<dt") == section.count("ast-meaning") == 4
